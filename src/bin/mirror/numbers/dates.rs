//! Calendar dates, as far as rows need them.

use crate::numbers::rng::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: u16,
    pub month: u16,
    pub day: u16,
}

impl Date {
    /// Any day from 1 September of the year before `year` to 31 August of `year`, as school
    /// years are counted.
    pub fn in_school_year_ending(year: u16, rng: &mut Rng) -> Self {
        let month = rng.between_u16(1, 12);
        let year = if month >= 9 { year - 1 } else { year };
        Self::in_month(year, month, rng)
    }

    pub fn in_year(year: u16, rng: &mut Rng) -> Self {
        let month = rng.between_u16(1, 12);
        Self::in_month(year, month, rng)
    }

    fn in_month(year: u16, month: u16, rng: &mut Rng) -> Self {
        let day = rng.between_u16(1, days_in_month(year, month));
        Self { year, month, day }
    }

    /// Eight digits, as in an ID number.
    pub fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

fn days_in_month(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn february_knows_leap_years() {
        assert_eq!(days_in_month(2008, 2), 29);
        assert_eq!(days_in_month(2009, 2), 28);
        assert_eq!(days_in_month(2000, 2), 29);
    }

    #[test]
    fn a_school_year_runs_from_september_to_august() {
        let mut rng = Rng::stream(1, "dates", 0);
        for _ in 0..500 {
            let date = Date::in_school_year_ending(2009, &mut rng);
            let key = u32::from(date.year) * 100 + u32::from(date.month);
            assert!((200_809..=200_908).contains(&key));
        }
    }
}
