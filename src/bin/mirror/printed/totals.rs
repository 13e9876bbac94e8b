//! What the city's 2024 report prints, with this generator's own choice where it prints nothing.
//!
//! *System* totals are those of the national systems' rows, *filed* totals those the schools
//! filled in on their own copies of the six tables. Money and rates are kept in hundredths.

use crate::printed::years::ByYear;

/// Part of graduates in each 专业大类 of 2024, by 2021 class code.
type ByClass = &'static [(&'static str, usize)];

pub struct Totals {
    pub students_technical: usize,
    pub students_vocational: usize,
    /// Students of 电子与信息大类; `None` where nothing was printed.
    pub students_electronics: Option<usize>,
    pub graduates: usize,
    /// Empty where nothing was printed.
    pub graduates_by_class: ByClass,
    pub destinations: Destinations,
    pub staff: StaffCounts,
    pub establishment: usize,
    pub majors: usize,
    pub filed: FiledTotals,
}

#[derive(Debug, Clone)]
pub struct Destinations {
    pub further_study: usize,
    pub bachelor: usize,
    pub contract: usize,
    pub flexible: usize,
    pub startup: usize,
    pub enlisted: usize,
    pub matched: usize,
    pub unemployed: usize,
    /// 第一, 第二, 第三产业; they partition direct employment. The report prints filed counts
    /// only, so these are chosen near them.
    pub industries: [usize; 3],
}

impl Destinations {
    pub fn direct(&self) -> usize {
        self.contract + self.flexible + self.startup + self.enlisted
    }

    pub fn placed(&self) -> usize {
        self.further_study + self.direct()
    }
}

#[derive(Debug, Clone)]
pub struct StaffCounts {
    pub total: usize,
    pub teachers: usize,
    pub dual: usize,
    pub dual_senior: usize,
    pub senior_title: usize,
    pub politics: usize,
    pub sports: usize,
    pub arts: usize,
    pub class_teachers: usize,
}

/// Where the filed figure of 表1, 表3 or 表6 differs from the system's, or only schools know it.
pub struct FiledTotals {
    pub placed: usize,
    pub industries: [usize; 3],
    pub in_province_rate: usize,
    pub monthly_income: usize,
    pub promotion_rate: usize,
    pub students: usize,
    pub equipment_per_student: usize,
    /// `None` in years in which the row was not asked.
    pub funding_per_student: Option<usize>,
    pub special_funds: Option<usize>,
    pub fitness_tested: usize,
    pub fitness_pass_rate: usize,
    pub certificates: usize,
    pub enterprise_equipment: usize,
    pub integration_centres: usize,
    pub mentors: usize,
    pub mentors_craftsmen: usize,
    pub mentor_hours: usize,
    pub mentor_pay: usize,
    pub internship_funds: usize,
    pub internship_insurance: usize,
}

const fn hundredths(whole: usize, rest: usize) -> usize {
    whole * 100 + rest
}

/// 互联网出口带宽 in Mbps: the fastest of any school, printed for both years.
pub const INTERNET_BANDWIDTH: usize = 1_000;

/// 校园网主干最大带宽, likewise.
pub const BACKBONE_BANDWIDTH: usize = 3_200;

pub static TOTALS: ByYear<Totals> = ByYear([
    Totals {
        students_technical: 4_097,
        students_vocational: 23_443,
        students_electronics: None,
        graduates: 7_800,
        graduates_by_class: &[],
        destinations: Destinations {
            further_study: 6_397,
            bachelor: 503,
            contract: 168,
            flexible: 1_036,
            startup: 6,
            enlisted: 20,
            matched: 131,
            unemployed: 173,
            industries: [96, 270, 864],
        },
        staff: StaffCounts {
            total: 3_420,
            teachers: 2_844,
            dual: 765,
            dual_senior: 298,
            senior_title: 480,
            politics: 182,
            sports: 202,
            arts: 338,
            class_teachers: 659,
        },
        establishment: 3_320,
        majors: 258,
        filed: FiledTotals {
            placed: 7_649,
            industries: [94, 266, 855],
            in_province_rate: hundredths(83, 0),
            monthly_income: hundredths(3_487, 0),
            promotion_rate: hundredths(8, 89),
            students: 27_863,
            equipment_per_student: hundredths(8_764, 0),
            funding_per_student: None,
            special_funds: None,
            fitness_tested: 25_975,
            fitness_pass_rate: hundredths(92, 36),
            certificates: 8_320,
            enterprise_equipment: hundredths(4_702, 0),
            integration_centres: 13,
            mentors: 48,
            mentors_craftsmen: 15,
            mentor_hours: 15_674,
            mentor_pay: hundredths(73, 0),
            internship_funds: hundredths(78, 0),
            internship_insurance: hundredths(24, 0),
        },
    },
    Totals {
        students_technical: 3_994,
        students_vocational: 23_540,
        students_electronics: Some(4_317),
        graduates: 9_397,
        graduates_by_class: &[
            ("71", 3_115),
            ("75", 2_809),
            ("66", 1_082),
            ("79", 522),
            ("73", 368),
            ("78", 283),
            ("77", 252),
            ("70", 228),
            ("76", 225),
            ("74", 197),
            ("61", 137),
            ("64", 93),
            ("72", 79),
            ("67", 7),
        ],
        destinations: Destinations {
            further_study: 7_017,
            bachelor: 518,
            contract: 252,
            flexible: 1_847,
            startup: 58,
            enlisted: 24,
            matched: 225,
            unemployed: 199,
            industries: [116, 527, 1_538],
        },
        staff: StaffCounts {
            total: 3_589,
            teachers: 2_869,
            dual: 1_308,
            dual_senior: 531,
            senior_title: 508,
            politics: 230,
            sports: 224,
            arts: 355,
            class_teachers: 744,
        },
        establishment: 3_420,
        majors: 290,
        filed: FiledTotals {
            placed: 9_331,
            industries: [113, 518, 1_503],
            in_province_rate: hundredths(88, 1),
            monthly_income: hundredths(3_167, 0),
            promotion_rate: hundredths(10, 98),
            students: 27_534,
            equipment_per_student: hundredths(11_157, 41),
            funding_per_student: Some(hundredths(11_741, 23)),
            special_funds: Some(hundredths(17_667, 46)),
            fitness_tested: 26_674,
            fitness_pass_rate: hundredths(95, 78),
            certificates: 7_728,
            enterprise_equipment: hundredths(2_620, 30),
            integration_centres: 17,
            mentors: 69,
            mentors_craftsmen: 7,
            mentor_hours: 20_568,
            mentor_pay: hundredths(110, 7),
            internship_funds: hundredths(76, 80),
            internship_insurance: hundredths(32, 88),
        },
    },
]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printed::years::LATEST_YEAR;

    #[test]
    fn the_printed_totals_fit_together() {
        for totals in &TOTALS.0 {
            let destinations = &totals.destinations;
            let parts = destinations.placed() + destinations.unemployed;
            assert_eq!(parts, totals.graduates);
            assert_eq!(destinations.industries.iter().sum::<usize>(), destinations.direct());
        }
        let by_class: usize = TOTALS[LATEST_YEAR].graduates_by_class.iter().map(|(_, n)| n).sum();
        assert_eq!(by_class, TOTALS[LATEST_YEAR].graduates);
    }
}
