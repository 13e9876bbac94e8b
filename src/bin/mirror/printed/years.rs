//! The report years of which figures are known, and lists by year.

use std::ops::{Index, IndexMut};

/// One after another, without a gap.
pub const YEARS: [u16; 2] = [2023, 2024];

pub const FIRST_YEAR: u16 = YEARS[0];
pub const LATEST_YEAR: u16 = YEARS[YEARS.len() - 1];

/// Of this year only the register and the 1+X certificates are delivered.
pub const YEAR_BEFORE: u16 = FIRST_YEAR - 1;

/// Something for every year, in the order of `YEARS`; its index is the year.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByYear<T>(pub [T; YEARS.len()]);

impl<T> ByYear<T> {
    /// One after another, the first year first.
    pub fn of(make: impl FnMut(u16) -> T) -> Self {
        Self(YEARS.map(make))
    }
}

impl<T> Index<u16> for ByYear<T> {
    type Output = T;

    fn index(&self, year: u16) -> &T {
        &self.0[usize::from(year - FIRST_YEAR)]
    }
}

impl<T> IndexMut<u16> for ByYear<T> {
    fn index_mut(&mut self, year: u16) -> &mut T {
        &mut self.0[usize::from(year - FIRST_YEAR)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_year_has_its_own() {
        let mut doubled = ByYear::of(|year| year * 2);
        doubled[LATEST_YEAR] += 1;
        assert_eq!(doubled[FIRST_YEAR], FIRST_YEAR * 2);
        assert_eq!(doubled[LATEST_YEAR], LATEST_YEAR * 2 + 1);
        assert!(YEARS.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
}
