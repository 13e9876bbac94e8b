//! What the rows of the national systems add up to.

use std::collections::BTreeMap;

use crate::city::schools::School;
use crate::printed::layout::INDUSTRIES;
use crate::rosters::graduates::{Destination, Graduate};
use crate::rosters::roster::{Entry, Roster};
use crate::rosters::staff::{ARTS, Employee, POLITICS, SENIOR, SPORTS};
use crate::rosters::students::Student;

/// Id, breakdown and its code.
type Key = (&'static str, &'static str, &'static str);

/// Counts from the rows of the systems.
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<Key, usize>);

/// Counts that are known even where they are zero.
const COUNTS: [&str; 27] = [
    "students",
    "graduates",
    "graduates_placed",
    "graduates_further_study",
    "graduates_further_study_bachelor",
    "graduates_employed_direct",
    "graduates_contract",
    "graduates_flexible",
    "graduates_startup",
    "graduates_enlisted",
    "graduates_matched",
    "graduates_unemployed",
    "graduates_primary_industry",
    "graduates_secondary_industry",
    "graduates_tertiary_industry",
    "graduates_three_industries",
    "staff_establishment",
    "staff",
    "teachers_full_time",
    "teachers_dual",
    "teachers_dual_senior",
    "teachers_senior_title",
    "teachers_politics",
    "teachers_pe",
    "teachers_arts",
    "class_teachers",
    "majors",
];

impl Tally {
    /// The tally of a school before any of its rows are counted.
    pub fn new(school: &School) -> Self {
        let mut tally = Self::default();
        for id in COUNTS {
            tally.0.insert((id, "", ""), 0);
        }
        tally.add(("schools", "", ""), 1);
        tally.add(("schools", "school_type", school.kind.code()), 1);
        tally
    }

    /// The tally of a school of which nothing is known but what the register says.
    pub fn from_register(school: &School, establishment: usize) -> Self {
        let mut tally = Self::default();
        tally.add(("schools", "", ""), 1);
        tally.add(("schools", "school_type", school.kind.code()), 1);
        tally.set("staff_establishment", establishment);
        tally
    }

    pub fn has(&self, id: &'static str) -> bool {
        self.0.contains_key(&(id, "", ""))
    }

    fn add(&mut self, key: Key, count: usize) {
        *self.0.entry(key).or_default() += count;
    }

    /// Every count, in the order of the ids.
    pub fn counts(&self) -> impl Iterator<Item = (Key, usize)> {
        self.0.iter().map(|(key, count)| (*key, *count))
    }

    pub fn get(&self, id: &'static str) -> usize {
        self.0.get(&(id, "", "")).copied().unwrap_or_default()
    }

    pub fn set(&mut self, id: &'static str, count: usize) {
        self.0.insert((id, "", ""), count);
    }

    fn count_if(&mut self, id: &'static str, holds: bool) {
        self.add((id, "", ""), usize::from(holds));
    }

    fn count_by_class(&mut self, id: &'static str, school: &School, class: &'static str) {
        self.add((id, "", ""), 1);
        self.add((id, "school_type", school.kind.code()), 1);
        self.add((id, "major_class", class), 1);
    }

    pub fn students(&mut self, school: &School, roster: &Roster<Student>) {
        for Entry { record, .. } in roster.counted() {
            self.count_by_class("students", school, record.class());
        }
    }

    pub fn graduates(&mut self, school: &School, roster: &Roster<Graduate>) {
        for Entry { record, .. } in roster.counted() {
            let direct = record.is_direct();
            let went = |destination| record.destination == destination;
            self.count_by_class("graduates", school, record.class());
            self.count_if("graduates_placed", !record.is_unemployed());
            self.count_if("graduates_further_study", record.is_further_study());
            self.count_if("graduates_further_study_bachelor", went(Destination::Bachelor));
            self.count_if("graduates_employed_direct", direct);
            self.count_if("graduates_contract", went(Destination::Contract));
            self.count_if("graduates_flexible", went(Destination::Flexible));
            self.count_if("graduates_startup", went(Destination::Startup));
            self.count_if("graduates_enlisted", went(Destination::Enlisted));
            self.count_if("graduates_matched", record.matched);
            self.count_if("graduates_unemployed", record.is_unemployed());
            self.count_if("graduates_three_industries", direct);
            self.count_if(INDUSTRIES[record.industry], direct);
        }
    }

    pub fn staff(&mut self, roster: &Roster<Employee>) {
        for Entry { record, .. } in roster.counted() {
            let post = &record.post;
            let teaches = |subject| post.teacher && post.subject == subject;
            self.count_if("staff", true);
            self.count_if("teachers_full_time", post.teacher);
            self.count_if("teachers_dual", post.teacher && post.dual);
            self.count_if("teachers_dual_senior", post.teacher && post.dual_level == SENIOR);
            self.count_if("teachers_senior_title", post.teacher && post.has_senior_title());
            self.count_if("teachers_politics", teaches(POLITICS));
            self.count_if("teachers_pe", teaches(SPORTS));
            self.count_if("teachers_arts", teaches(ARTS));
            self.count_if("class_teachers", post.teacher && post.class_teacher);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (key, count) in &other.0 {
            self.add(*key, *count);
        }
    }
}
