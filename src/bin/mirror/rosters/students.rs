//! Who is on each school's roster of students.

use crate::city::majors::Major;
use crate::city::people::{Person, Registry};
use crate::city::schools::School;
use crate::faults::{BIFF8_DECK, Fault, STUDENT_DECK};
use crate::numbers::apportion::float;
use crate::numbers::dates::Date;
use crate::numbers::rng::Rng;
use crate::plan::cohorts::{FIRST_FIVE_YEAR_INTAKE, GRADUATING_INTAKE};
use crate::plan::graduates::ELECTRONICS;
use crate::plan::offers::{Offer, is_five_year};
use crate::plan::school::SchoolPlan;
use crate::printed::years::{ByYear, LATEST_YEAR, YEARS};
use crate::rosters::roster::{Entry, Roster, deal};

/// The people of the committed BIFF8 file come from a seed of their own.
pub const BIFF8_SEED: u64 = 20_240_901;

#[derive(Debug, Clone)]
pub struct Student {
    pub intake: u16,
    pub major: &'static Major,
    pub five_year: bool,
    /// Entered from another school, whose row stands there as `TransferredAway`.
    pub by_transfer: bool,
}

impl Student {
    /// Class code of the catalogue in force at entry.
    pub fn class(&self) -> &'static str {
        self.major.for_intake(self.intake).class
    }
}

/// One student with the last roster on which they stand.
struct Member {
    person: Person,
    student: Student,
    last_roster: u16,
}

impl Member {
    fn is_on_roster(&self, year: u16) -> bool {
        (self.student.intake..=self.last_roster).contains(&year)
    }
}

pub struct StudentRosters {
    /// By school, then by year.
    pub rosters: Vec<ByYear<Roster<Student>>>,
    /// By school: those who graduate in the latest year.
    pub graduating: Vec<Vec<(Person, &'static Major)>>,
}

/// Draws everyone. The BIFF8 school comes first, so that no other person's number is taken yet
/// and its roster cannot depend on the seed.
pub fn student_rosters(
    schools: &[School],
    plans: &[SchoolPlan],
    seed: u64,
    registry: &mut Registry,
) -> StudentRosters {
    let mut order: Vec<usize> = (0..schools.len()).collect();
    order.sort_by_key(|&index| !schools[index].is_biff8());
    let mut rosters = vec![ByYear::<Roster<Student>>::default(); schools.len()];
    let mut graduating = vec![Vec::new(); schools.len()];
    let faults = ByYear::of(|year| deal_faults(schools, seed, year));
    for index in order {
        let school = &schools[index];
        let mut rng = student_stream(school, seed, "students", index);
        let members = members(school, &plans[school.base], &mut rng, registry);
        graduating[index] = graduates(&members);
        for year in YEARS {
            let faults = &faults[year][index];
            rosters[index][year] = roster(school, year, &members, faults, &mut rng, registry);
        }
    }
    for year in YEARS {
        let mut rng = Rng::stream(seed, "transfers", usize::from(year));
        plant_transfers(schools, &mut rosters, year, &faults[year], &mut rng);
    }
    StudentRosters { rosters, graduating }
}

/// The BIFF8 school has streams of its own, equal for every seed.
pub fn student_stream(school: &School, seed: u64, purpose: &str, index: usize) -> Rng {
    let seed = if school.is_biff8() { BIFF8_SEED } else { seed };
    Rng::stream(seed, purpose, index)
}

fn deal_faults(schools: &[School], seed: u64, year: u16) -> Vec<Vec<Fault>> {
    let mut rng = Rng::stream(seed, "student faults", usize::from(year));
    deal(schools, STUDENT_DECK, &mut rng, |school| school.is_biff8().then_some(BIFF8_DECK))
}

fn members(school: &School, plan: &SchoolPlan, rng: &mut Rng, registry: &mut Registry) -> Vec<Member> {
    let cohorts = &plan.cohorts;
    let mut drawing = Drawing {
        school,
        offers: &plan.offers,
        graduating: &cohorts.graduating,
        rng,
        registry,
        members: Vec::new(),
    };
    for (class, count) in &cohorts.graduating {
        let intake = Intake::new(GRADUATING_INTAKE, LATEST_YEAR - 1);
        drawing.draw(*count, intake, |offer| offer.major.class() == *class && offer.is_open(intake.year));
    }
    for (index, intake) in (GRADUATING_INTAKE + 1..LATEST_YEAR).enumerate() {
        let electronics = cohorts.electronics[index];
        let stayers = Intake::new(intake, LATEST_YEAR);
        drawing.draw_mixed(cohorts.stayers[index], electronics, stayers);
        let leavers = Intake::new(intake, LATEST_YEAR - 1);
        drawing.draw_mixed(cohorts.leavers[index], 0, leavers);
    }
    let entrants = Intake::new(LATEST_YEAR, LATEST_YEAR);
    drawing.draw_mixed(cohorts.entrants, cohorts.electronics[2], entrants);
    for (intake, count) in (FIRST_FIVE_YEAR_INTAKE..).zip(cohorts.five_year) {
        let intake = Intake { five_year: true, ..Intake::new(intake, intake + 4) };
        drawing.draw(count, intake, is_five_year);
    }
    drawing.members
}

/// Those who are on the last roster before they graduate.
fn graduates(members: &[Member]) -> Vec<(Person, &'static Major)> {
    members
        .iter()
        .filter(|member| member.student.intake == GRADUATING_INTAKE && !member.student.five_year)
        .map(|member| (member.person.clone(), member.student.major))
        .collect()
}

/// Those drawn together: when they entered and on which roster they stand last.
#[derive(Clone, Copy)]
struct Intake {
    year: u16,
    last_roster: u16,
    five_year: bool,
}

impl Intake {
    fn new(year: u16, last_roster: u16) -> Self {
        Self { year, last_roster, five_year: false }
    }
}

struct Drawing<'a> {
    school: &'a School,
    offers: &'a [Offer],
    graduating: &'a [(&'static str, usize)],
    rng: &'a mut Rng,
    registry: &'a mut Registry,
    members: Vec<Member>,
}

impl Drawing<'_> {
    /// `electronics` of the class counted apart, the rest of any other.
    fn draw_mixed(&mut self, count: usize, electronics: usize, intake: Intake) {
        let open = |offer: &Offer| offer.is_open(intake.year);
        self.draw(electronics, intake, |offer| open(offer) && offer.major.class() == ELECTRONICS);
        self.draw(count - electronics, intake, |offer| open(offer) && offer.major.class() != ELECTRONICS);
    }

    fn draw(&mut self, count: usize, intake: Intake, taught: impl Fn(&Offer) -> bool) {
        let offers: Vec<&Offer> = self.offers.iter().filter(|offer| taught(offer)).collect();
        let weights: Vec<f64> =
            offers.iter().map(|offer| self.popularity(offer) * self.rng.within(0.5, 1.5)).collect();
        for _ in 0..count {
            let major = offers[self.rng.weighted(&weights)].major;
            let person = self.person(intake.year);
            let student =
                Student { intake: intake.year, major, five_year: intake.five_year, by_transfer: false };
            self.members.push(Member { person, student, last_roster: intake.last_roster });
        }
    }

    /// Classes keep about the size they had among those who graduate.
    fn popularity(&self, offer: &Offer) -> f64 {
        let class = offer.major.class();
        let graduating = self.graduating.iter().find(|(code, _)| *code == class);
        let same_class = |other: &&Offer| other.major.class() == class;
        let sharing = self.offers.iter().filter(same_class).count();
        float(graduating.map_or(0, |(_, count)| *count) + 3) / float(sharing)
    }

    fn person(&mut self, intake: u16) -> Person {
        let birth = birth(intake, self.rng);
        let mut person = self.registry.person(self.rng, self.school.home(), birth);
        if self.rng.chance(0.0015) {
            let school = &self.school.code;
            self.registry.give_rare_document(self.rng, &mut person, school);
        }
        person
    }
}

/// Most enter in the school year in which they turn fifteen.
pub fn birth(intake: u16, rng: &mut Rng) -> Date {
    let age = if rng.chance(0.8) { 15 } else { 16 };
    Date::in_school_year_ending(intake - age, rng)
}

fn roster(
    school: &School,
    year: u16,
    members: &[Member],
    faults: &[Fault],
    rng: &mut Rng,
    registry: &mut Registry,
) -> Roster<Student> {
    let on_roster = members.iter().filter(|member| member.is_on_roster(year));
    let mut entries: Vec<Entry<Student>> =
        on_roster.map(|member| Entry::new(member.person.clone(), member.student.clone())).collect();
    rng.shuffle(&mut entries);
    entries.sort_by_key(|entry| entry.record.intake);
    // A transfer needs the other schools' rosters, see `plant_transfers`.
    let faults = faults.iter().filter(|fault| **fault != Fault::TransferredAway);
    Roster::with_faults(entries, faults, rng, |student, rng| {
        let birth = birth(student.intake, rng);
        registry.person(rng, school.home(), birth)
    })
}

/// Whoever changed school stands in both rosters; only the school entered counts them.
fn plant_transfers(
    schools: &[School],
    rosters: &mut [ByYear<Roster<Student>>],
    year: u16,
    faults: &[Vec<Fault>],
    rng: &mut Rng,
) {
    let receivers: Vec<usize> = (0..schools.len()).filter(|&i| !schools[i].is_biff8()).collect();
    for (origin, faults) in faults.iter().enumerate() {
        for _ in faults.iter().filter(|fault| **fault == Fault::TransferredAway) {
            let others: Vec<usize> = receivers.iter().copied().filter(|&i| i != origin).collect();
            let entered = rng.pick(&others);
            let Some((person, student)) = receive_transfer(&mut rosters[entered][year], rng) else {
                continue;
            };
            let entries = &mut rosters[origin][year].entries;
            let mut entry = Entry::new(person, student);
            entry.fault = Some(Fault::TransferredAway);
            entries.insert(rng.below(entries.len() + 1), entry);
        }
    }
}

fn receive_transfer(roster: &mut Roster<Student>, rng: &mut Rng) -> Option<(Person, Student)> {
    let movable = |entry: &&mut Entry<Student>| {
        entry.is_ordinary() && !entry.record.five_year && !entry.record.by_transfer
    };
    let mut candidates: Vec<&mut Entry<Student>> = roster.entries.iter_mut().filter(movable).collect();
    if candidates.is_empty() {
        return None;
    }
    let entry = candidates.swap_remove(rng.below(candidates.len()));
    let left = (entry.person.clone(), entry.record.clone());
    entry.record.by_transfer = true;
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::schools::schools;
    use crate::plan::school::plan;
    use std::collections::{BTreeMap, BTreeSet};

    fn drawn() -> StudentRosters {
        let schools = schools(1);
        let mut registry = Registry::default();
        student_rosters(&schools, &plan(1), 1, &mut registry)
    }

    fn counted(students: &StudentRosters, year: u16) -> BTreeSet<&str> {
        let rosters = students.rosters.iter();
        let counted = rosters.flat_map(|years| years[year].counted());
        counted.map(|entry| entry.person.document.number()).collect()
    }

    #[test]
    fn nobody_counts_twice_and_most_stay() {
        let students = drawn();
        let [first, second] = [LATEST_YEAR - 1, LATEST_YEAR].map(|year| counted(&students, year));
        assert_eq!(first.len(), 27_540);
        assert_eq!(second.len(), 27_534);
        assert!(first.intersection(&second).count() > 17_000);
    }

    #[test]
    fn whoever_changed_school_counts_where_they_entered() {
        let students = drawn();
        let mut entered = BTreeMap::new();
        for (school, years) in students.rosters.iter().enumerate() {
            for entry in years[LATEST_YEAR].counted().filter(|entry| entry.record.by_transfer) {
                entered.insert(entry.person.document.number(), school);
            }
        }
        let mut left = 0;
        for (school, years) in students.rosters.iter().enumerate() {
            let away = |entry: &&Entry<Student>| entry.fault == Some(Fault::TransferredAway);
            for entry in years[LATEST_YEAR].entries.iter().filter(away) {
                assert_ne!(entered[entry.person.document.number()], school);
                left += 1;
            }
        }
        assert_eq!(left, entered.len());
        assert!(left > 0);
    }
}
