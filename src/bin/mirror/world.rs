//! Everyone and everything of one invented city, drawn before any file is written.

use std::error::Error;

use crate::city::people::Registry;
use crate::city::schools::{self, COUNTIES, RESIDUAL, SCHOOLS, School};
use crate::exports::export::{Export, Scope};
use crate::exports::facts::Facts;
use crate::exports::files::{ExportFile, SchoolRows, export_file, gathered_by};
use crate::exports::manner::Manner;
use crate::exports::programmes::Programmes;
use crate::exports::rows::export_rows;
use crate::exports::units::Units;
use crate::exports::writer::{Rows, Source};
use crate::faults::{Fault, MAJOR_DECK};
use crate::filings::history::Filings;
use crate::filings::slips::{Slips, deal_slips};
use crate::filings::workbook::filing_sheets;
use crate::national;
use crate::national::dataset::Dataset;
use crate::national::deliveries::Form;
use crate::national::graduate_statistics::statistics_sheet;
use crate::national::majors::{MAJOR_COLUMNS, major_lines};
use crate::national::schools::school_register;
use crate::numbers::rng::Rng;
use crate::plan::school::{SchoolPlan, plan};
use crate::printed::years::{ByYear, FIRST_YEAR, YEAR_BEFORE};
use crate::rosters::graduates::{Graduate, graduate_rosters};
use crate::rosters::roster::{Roster, deal};
use crate::rosters::staff::{Employee, staff_rosters};
use crate::rosters::students::{StudentRosters, student_rosters, student_stream};
use crate::sheets::sheet::Sheet;
use crate::truth::records::Truth;
use crate::truth::tally::Tally;
use crate::truth::values;

pub struct World {
    pub seed: u64,
    pub schools: Vec<School>,
    pub plans: Vec<SchoolPlan>,
    pub students: StudentRosters,
    pub graduates: Vec<ByYear<Roster<Graduate>>>,
    pub staff: Vec<ByYear<Roster<Employee>>>,
    /// By school.
    major_faults: ByYear<Vec<Vec<Fault>>>,
    filings: Filings,
    slips: Slips,
    programmes: Programmes,
}

/// A part of an export, which is one file.
pub struct Part {
    pub number: usize,
    /// Of the school or the county; empty for the city.
    pub name: String,
    pub schools: Vec<usize>,
}

impl World {
    pub fn new(seed: u64, scale: usize) -> Self {
        let schools = schools::schools(scale);
        let plans = plan(seed);
        let mut registry = Registry::default();
        let students = student_rosters(&schools, &plans, seed, &mut registry);
        let graduating = &students.graduating;
        let graduates = graduate_rosters(&schools, &plans, graduating, seed, &mut registry);
        let staff = staff_rosters(&schools, &plans, seed, &mut registry);
        let major_faults = ByYear::of(|year| {
            let mut rng = Rng::stream(seed, "major faults", usize::from(year));
            deal(&schools, MAJOR_DECK, &mut rng, |_| None)
        });
        let filings = Filings::new(&plans, seed);
        let slips = deal_slips(&schools, seed);
        let programmes = Programmes::new(&filings, seed);
        Self { seed, schools, plans, students, graduates, staff, major_faults, filings, slips, programmes }
    }

    /// One school's sheet of a dataset, in the form it is delivered in.
    pub fn sheet(&self, dataset: Dataset, year: u16, form: &Form) -> Sheet {
        let school = &self.schools[form.school];
        let rare_names = form.shape.takes_rare_names();
        let mut rng = self.stream(dataset, year, form.school);
        let (header, lines) = match dataset {
            Dataset::Students => {
                let roster = &self.students.rosters[form.school][year];
                let provincial = form.is_provincial();
                let lines = national::students::lines(school, year, roster, provincial, rare_names, &mut rng);
                (national::students::header(provincial), lines)
            }
            Dataset::Graduates => {
                let roster = &self.graduates[form.school][year];
                let lines = national::graduates::lines(school, year, roster, rare_names, &mut rng);
                (national::graduates::COLUMNS.to_vec(), lines)
            }
            Dataset::Staff => {
                national::staff::lines(school, &self.staff[form.school][year], rare_names, &mut rng)
            }
            Dataset::Majors => {
                let plan = &self.plans[school.base];
                let faults = &self.major_faults[year][form.school];
                let lines = major_lines(school, plan, year, faults, &mut rng);
                (MAJOR_COLUMNS.to_vec(), lines)
            }
        };
        Sheet::framed(&header, lines, form.frame, &dataset.titles(year), &mut rng)
    }

    fn stream(&self, dataset: Dataset, year: u16, school: usize) -> Rng {
        let purpose = format!("{} {}", dataset.name(), year);
        match dataset {
            Dataset::Students => student_stream(&self.schools[school], self.seed, &purpose, school),
            _ => Rng::stream(self.seed, &purpose, school),
        }
    }

    pub fn statistics(&self, year: u16, school: usize) -> Sheet {
        statistics_sheet(&self.schools[school], year, &self.graduates[school][year])
    }

    pub fn school_register(&self, year: u16) -> Sheet {
        let mut rng = Rng::stream(self.seed, "schools", usize::from(year));
        school_register(&self.schools, &self.plans, year.max(FIRST_YEAR), &mut rng)
    }

    /// The parts in which an export is delivered.
    pub fn parts(&self, export: Export) -> Vec<Part> {
        let all = 0..self.schools.len();
        match export.scope() {
            Scope::City => vec![Part { number: 0, name: String::new(), schools: all.collect() }],
            Scope::School => {
                let part = |number: usize| Part {
                    number,
                    name: self.schools[number].name.clone(),
                    schools: vec![number],
                };
                all.map(part).collect()
            }
            Scope::County => {
                let regions = COUNTIES.iter().map(|(code, _)| *code).chain([RESIDUAL]);
                let part = |(number, region): (usize, &str)| {
                    let own = all.clone().filter(|&index| self.schools[index].region() == region);
                    Part { number, name: gathered_by(region).to_owned(), schools: own.collect() }
                };
                regions.enumerate().map(part).collect()
            }
        }
    }

    /// One part of an export as a file.
    pub fn export(&self, export: Export, year: u16, part: &Part) -> Result<ExportFile, Box<dyn Error>> {
        let manner = Manner::draw(export, year, part.number, self.seed);
        let rows = part.schools.iter().map(|&index| -> SchoolRows {
            let school = &self.schools[index];
            let rows = self.rows(export, year, index, manner.units);
            SchoolRows { code: &school.code, name: &school.name, rows }
        });
        export_file((export, year), &part.name, rows.collect(), manner, self.seed)
    }

    fn rows(&self, export: Export, year: u16, index: usize, units: Units) -> Rows {
        let school = &self.schools[index];
        // The year before the first is drawn like the first.
        let filed_year = year.max(FIRST_YEAR);
        let source = Source {
            school,
            year,
            filing: self.filings.filing(school.base, filed_year),
            students: self.plans[school.base].years[filed_year].students,
            programmes: &self.programmes,
            seed: self.seed,
        };
        export_rows(export, &source, units)
    }

    /// What the rows of some exports say of each school.
    fn facts(&self, exports: &[Export], year: u16) -> Vec<Facts> {
        // Units are how rows are written, not what they say.
        let units = Units { yuan: false, bps: false, mu: false, text: false };
        let school_facts = |index: usize| {
            let mut facts = Facts::default();
            for &export in exports {
                facts.merge(&self.rows(export, year, index, units).facts);
            }
            facts
        };
        (0..self.schools.len()).map(school_facts).collect()
    }

    /// The true values of the year before the first.
    pub fn values_before(&self) -> Vec<Truth> {
        let tally = |school: &School| {
            Tally::from_register(school, self.plans[school.base].years[FIRST_YEAR].establishment)
        };
        let tallies: Vec<Tally> = self.schools.iter().map(tally).collect();
        let facts = self.facts(&[Export::Certificates1X], YEAR_BEFORE);
        values::values(YEAR_BEFORE, &self.schools, &tallies, &[], &facts)
    }

    pub fn filing(&self, year: u16, school: usize) -> [Sheet; 6] {
        let purpose = format!("filing {year}");
        let mut rng = Rng::stream(self.seed, &purpose, school);
        let slip = self.slips.get(&school).copied();
        filing_sheets(&self.schools[school], &self.filings, year, slip, &mut rng)
    }

    /// The true values of one year.
    pub fn values(&self, year: u16) -> Vec<Truth> {
        let tallies: Vec<Tally> = (0..self.schools.len()).map(|i| self.tally(year, i)).collect();
        let filings: Vec<_> = (0..SCHOOLS).map(|base| self.filings.filing(base, year)).collect();
        let facts = self.facts(&Export::ALL, year);
        values::values(year, &self.schools, &tallies, &filings, &facts)
    }

    #[cfg(test)]
    fn tallied_students(&self, year: u16) -> usize {
        (0..self.schools.len()).map(|index| self.tally(year, index).get("students")).sum()
    }

    /// What the systems' rows of one school add up to.
    pub fn tally(&self, year: u16, index: usize) -> Tally {
        let school = &self.schools[index];
        let plan = &self.plans[school.base];
        let mut tally = Tally::new(school);
        tally.students(school, &self.students.rosters[index][year]);
        tally.graduates(school, &self.graduates[index][year]);
        tally.staff(&self.staff[index][year]);
        tally.set("staff_establishment", plan.years[year].establishment);
        tally.set("majors", plan.offered(year).count());
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::apportion::float;
    use crate::printed::totals::{BACKBONE_BANDWIDTH, INTERNET_BANDWIDTH, TOTALS, Totals};
    use crate::printed::years::YEARS;
    use std::collections::BTreeMap;

    /// The city's values by basis, id, breakdown and its code.
    type City = BTreeMap<(String, String, String), String>;

    fn city(world: &World, year: u16) -> City {
        let values = world.values(year).into_iter();
        let city = values.filter_map(|truth| match truth {
            Truth::Value(value) if value.level == "city" => Some((
                (value.basis.to_owned(), value.indicator_id.to_owned(), value.breakdown_code),
                value.text,
            )),
            _ => None,
        });
        city.collect()
    }

    fn check(city: &City, basis: &str, expected: &[(&str, usize)]) {
        for (id, count) in expected {
            let key = (basis.to_owned(), (*id).to_owned(), String::new());
            assert_eq!(city[&key], count.to_string(), "{basis} {id}");
        }
    }

    fn by_code(city: &City, id: &str, code: &str) -> String {
        city[&("system".to_owned(), id.to_owned(), code.to_owned())].clone()
    }

    fn check_system(city: &City, totals: &Totals) {
        let gone = &totals.destinations;
        let staff = &totals.staff;
        let expected = [
            ("students", totals.students_technical + totals.students_vocational),
            ("graduates", totals.graduates),
            ("graduates_further_study", gone.further_study),
            ("graduates_further_study_bachelor", gone.bachelor),
            ("graduates_employed_direct", gone.direct()),
            ("graduates_contract", gone.contract),
            ("graduates_flexible", gone.flexible),
            ("graduates_startup", gone.startup),
            ("graduates_enlisted", gone.enlisted),
            ("graduates_matched", gone.matched),
            ("graduates_unemployed", gone.unemployed),
            ("graduates_primary_industry", gone.industries[0]),
            ("graduates_secondary_industry", gone.industries[1]),
            ("graduates_tertiary_industry", gone.industries[2]),
            ("staff_establishment", totals.establishment),
            ("staff", staff.total),
            ("teachers_full_time", staff.teachers),
            ("teachers_dual", staff.dual),
            ("teachers_dual_senior", staff.dual_senior),
            ("teachers_senior_title", staff.senior_title),
            ("teachers_politics", staff.politics),
            ("teachers_pe", staff.sports),
            ("teachers_arts", staff.arts),
            ("class_teachers", staff.class_teachers),
            ("majors", totals.majors),
        ];
        check(city, "system", &expected);
        assert_eq!(by_code(city, "students", "362"), totals.students_technical.to_string());
        assert_eq!(by_code(city, "students", "365"), totals.students_vocational.to_string());
        for (class, count) in totals.graduates_by_class {
            assert_eq!(by_code(city, "graduates", class), count.to_string());
        }
        if let Some(count) = totals.students_electronics {
            assert_eq!(by_code(city, "students", "71"), count.to_string());
        }
    }

    fn check_filed(city: &City, totals: &Totals) {
        let filed = &totals.filed;
        let counts = [
            ("graduates", totals.graduates),
            ("graduates_placed", filed.placed),
            ("graduates_further_study", totals.destinations.further_study),
            ("graduates_further_study_bachelor", totals.destinations.bachelor),
            ("graduates_primary_industry", filed.industries[0]),
            ("graduates_secondary_industry", filed.industries[1]),
            ("graduates_tertiary_industry", filed.industries[2]),
            ("graduates_three_industries", filed.industries.iter().sum()),
            ("students", filed.students),
            ("internet_bandwidth", INTERNET_BANDWIDTH),
            ("campus_backbone_bandwidth", BACKBONE_BANDWIDTH),
            ("staff_establishment", totals.establishment),
            ("staff", totals.staff.total),
            ("teachers_full_time", totals.staff.teachers),
            ("class_teachers", totals.staff.class_teachers),
            ("fitness_tested", filed.fitness_tested),
            ("certificates", filed.certificates),
            ("integration_centres", filed.integration_centres),
            ("mentors", filed.mentors),
            ("mentors_craftsmen", filed.mentors_craftsmen),
            ("mentor_hours", filed.mentor_hours),
        ];
        check(city, "filed", &counts);
        let hundredths = [
            ("in_province_placement_rate", Some(filed.in_province_rate)),
            ("monthly_income", Some(filed.monthly_income)),
            ("promotion_rate_3y", Some(filed.promotion_rate)),
            ("equipment_value_per_student", Some(filed.equipment_per_student)),
            ("funding_per_student", filed.funding_per_student),
            ("special_funds", filed.special_funds),
            ("fitness_pass_rate", Some(filed.fitness_pass_rate)),
            ("enterprise_equipment_value", Some(filed.enterprise_equipment)),
            ("mentor_pay", Some(filed.mentor_pay)),
            ("internship_funds", Some(filed.internship_funds)),
            ("internship_insurance", Some(filed.internship_insurance)),
        ];
        for (id, expected) in hundredths {
            let text = &city[&("filed".to_owned(), id.to_owned(), String::new())];
            let printed = (!text.is_empty()).then(|| (text.parse::<f64>().unwrap() * 100.0).round());
            assert_eq!(printed, expected.map(float), "{id}");
        }
    }

    #[test]
    fn the_published_totals_hold_for_every_seed() {
        for seed in 1..=5 {
            let world = World::new(seed, 1);
            for year in YEARS {
                let totals = &TOTALS[year];
                let city = city(&world, year);
                check_system(&city, totals);
                check_filed(&city, totals);
            }
        }
    }

    /// What a few schools have and did not file in 2024.
    const NOT_FILED: [(&str, usize); 4] =
        [("courses", 2), ("course_hours", 72), ("certificates", 8), ("integration_centres", 1)];

    fn number(city: &City, basis: &str, id: &str) -> Option<f64> {
        city.get(&(basis.to_owned(), id.to_owned(), String::new())).and_then(|text| text.parse().ok())
    }

    /// Whether a figure of a system is what was filed, or as near as whole numbers come to a rate.
    fn is_near(id: &str, system: f64, filed: f64, year: u16) -> bool {
        let more = NOT_FILED.iter().find(|(unfiled, _)| *unfiled == id && year == 2024);
        let filed = filed + more.map_or(0.0, |(_, more)| float(*more));
        let is_rate = id.ends_with("_rate") || id.ends_with("_per_student") || id.ends_with("_mean_students");
        (system - filed).abs() <= if is_rate { filed * 0.01 + 0.01 } else { 0.000_000_1 }
    }

    #[test]
    fn the_exports_say_what_was_filed_but_for_what_was_forgotten() {
        for seed in 1..=3 {
            let world = World::new(seed, 1);
            for year in YEARS {
                let city = city(&world, year);
                let mut all = Facts::default();
                for facts in &world.facts(&Export::ALL, year) {
                    all.merge(facts);
                }
                let mut compared = 0;
                for fact in all.values(world.tallied_students(year)) {
                    let Some(filed) = number(&city, "filed", fact.id) else { continue };
                    // The report of 2023 prints more of them than it prints textbooks of new form.
                    let of_new_form = number(&city, "filed", "textbooks_new_form");
                    if fact.id == "textbooks_new_form_platform" && of_new_form.is_some_and(|all| filed > all)
                    {
                        continue;
                    }
                    let text = fact.text.unwrap_or_default();
                    let own: f64 = text.parse().unwrap_or_default();
                    assert!(is_near(fact.id, own, filed, year), "{} {own} {filed}", fact.id);
                    compared += 1;
                }
                assert!(compared > 80, "{compared}");
            }
        }
    }

    #[test]
    fn what_only_exports_have_is_what_the_report_prints() {
        let world = World::new(6, 1);
        let cities = ByYear::of(|year| city(&world, year));
        for (id, expected) in [
            ("certificates_1x", ["4777", "4305"]),
            ("certificates_1x_awaiting_site", ["114", "414"]),
            ("contest_prizes", ["239", "337"]),
            ("contest_prizes_third", ["126", "204"]),
            ("aid_tuition", ["6692.16", "6886.59"]),
            ("aid_grants", ["794.03", "818.17"]),
        ] {
            assert_eq!(ByYear::of(|year| by_code(&cities[year], id, "")).0, expected, "{id}");
        }
        let before = world.values_before().into_iter().filter_map(|truth| match truth {
            Truth::Value(value) if value.level == "city" && value.breakdown.is_empty() => {
                Some((value.indicator_id, value.text))
            }
            _ => None,
        });
        let before: BTreeMap<&str, String> = before.collect();
        assert_eq!((before["certificates_1x"].as_str(), before["schools"].as_str()), ("2187", "45"));
        assert!(!before.contains_key("students"));
    }

    #[test]
    fn a_scaled_city_has_as_many_times_the_totals() {
        let city = city(&World::new(4, 2), 2024);
        check(&city, "system", &[("students", 55_068), ("graduates", 18_794), ("schools", 90)]);
        check(
            &city,
            "filed",
            &[("certificates", 15_456), ("mentors", 138), ("internet_bandwidth", INTERNET_BANDWIDTH)],
        );
    }

    #[test]
    fn a_county_is_as_fast_as_its_fastest_school() {
        let mut schools: BTreeMap<String, usize> = BTreeMap::new();
        let mut counties: BTreeMap<String, usize> = BTreeMap::new();
        for truth in World::new(2, 1).values(2023) {
            match truth {
                Truth::Value(value) if value.indicator_id == "internet_bandwidth" => {
                    let bandwidth: usize = value.text.parse().unwrap();
                    match value.level {
                        "school" => {
                            let fastest = schools.entry(value.region_code).or_default();
                            *fastest = bandwidth.max(*fastest);
                        }
                        "county" => {
                            counties.insert(value.region_code, bandwidth);
                        }
                        _ => assert_eq!(bandwidth, INTERNET_BANDWIDTH),
                    }
                }
                _ => {}
            }
        }
        assert_eq!(counties.len(), 18);
        assert_eq!(schools, counties);
    }

    #[test]
    fn no_school_carries_the_city() {
        for seed in 1..=5 {
            let world = World::new(seed, 1);
            for year in YEARS {
                let totals = &TOTALS[year];
                let all = totals.students_technical + totals.students_vocational;
                let sizes = (0..world.schools.len()).map(|i| world.tally(year, i).get("students"));
                let sizes: Vec<usize> = sizes.collect();
                assert!(sizes.iter().all(|&size| size > 80 && size * 10 < all), "{sizes:?}");
            }
        }
    }
}
