//! Numbers drawn, divided, and written; and dates.

pub mod rng;

pub mod apportion;

pub mod decimal;

pub mod dates;
