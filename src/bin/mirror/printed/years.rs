//! The report years of which figures are known.

/// In the order of every list by year.
pub const YEARS: [u16; 2] = [2023, 2024];
