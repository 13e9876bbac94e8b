//! Graduates, and what became of them.

use crate::city::majors::Major;
use crate::city::people::{Person, Registry};
use crate::city::schools::School;
use crate::faults::{Fault, GRADUATE_DECK};
use crate::numbers::rng::Rng;
use crate::plan::offers::Offer;
use crate::plan::school::{SchoolPlan, YearPlan};
use crate::printed::years::{ByYear, LATEST_YEAR};
use crate::rosters::roster::{Entry, Roster, deal};
use crate::rosters::students::birth;

/// Every graduate of these years took the course of three years.
const COURSE_YEARS: u16 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Bachelor,
    College,
    Contract,
    Flexible,
    Startup,
    Enlisted,
    /// 待就业.
    Seeking,
    /// 其他.
    Other,
}

#[derive(Debug, Clone)]
pub struct Graduate {
    pub intake: u16,
    pub major: &'static Major,
    pub destination: Destination,
    pub matched: bool,
    /// 0 to 2 for 第一 to 第三产业; means something in direct employment only.
    pub industry: usize,
    /// What else the statistics count, each by its own column in the order of the export.
    pub employer: usize,
    pub place: usize,
    pub channel: usize,
    pub term: usize,
    pub pay: usize,
    pub route: usize,
    pub reason: usize,
}

impl Graduate {
    fn new(intake: u16, major: &'static Major, rng: &mut Rng) -> Self {
        Self {
            intake,
            major,
            destination: Destination::College,
            matched: false,
            industry: 2,
            employer: rng.weighted(&[1.0, 3.0, 8.0, 60.0, 28.0]),
            place: rng.weighted(&[86.0, 13.5, 0.5]),
            channel: rng.weighted(&[55.0, 10.0, 35.0]),
            term: rng.weighted(&[40.0, 35.0, 20.0, 5.0]),
            pay: rng.weighted(&[8.0, 42.0, 38.0, 12.0]),
            route: rng.weighted(&[5.0, 80.0, 0.3, 10.0, 4.7]),
            reason: 0,
        }
    }

    pub fn is_direct(&self) -> bool {
        use Destination::{Contract, Enlisted, Flexible, Startup};
        matches!(self.destination, Contract | Flexible | Startup | Enlisted)
    }

    pub fn is_further_study(&self) -> bool {
        matches!(self.destination, Destination::Bachelor | Destination::College)
    }

    pub fn is_unemployed(&self) -> bool {
        matches!(self.destination, Destination::Seeking | Destination::Other)
    }

    pub fn class(&self) -> &'static str {
        self.major.for_intake(self.intake).class
    }
}

/// The graduates of every school in every year; those of the latest are on the roster before it.
pub fn graduate_rosters(
    schools: &[School],
    plans: &[SchoolPlan],
    graduating: &[Vec<(Person, &'static Major)>],
    seed: u64,
    registry: &mut Registry,
) -> Vec<ByYear<Roster<Graduate>>> {
    let faults = ByYear::of(|year| {
        let mut rng = Rng::stream(seed, "graduate faults", usize::from(year));
        deal(schools, GRADUATE_DECK, &mut rng, |_| None)
    });
    let mut rosters = Vec::with_capacity(schools.len());
    for (index, school) in schools.iter().enumerate() {
        let mut rng = Rng::stream(seed, "graduates", index);
        let plan = &plans[school.base];
        rosters.push(ByYear::of(|year| {
            let people = if year == LATEST_YEAR {
                graduating[index].clone()
            } else {
                earlier(school, plan, year, &mut rng, registry)
            };
            let faults = &faults[year][index];
            roster(school, year, &plan.years[year], people, faults, &mut rng, registry)
        }));
    }
    rosters
}

/// The graduates of a year before the latest, who entered under the 2010 catalogue.
fn earlier(
    school: &School,
    plan: &SchoolPlan,
    year: u16,
    rng: &mut Rng,
    registry: &mut Registry,
) -> Vec<(Person, &'static Major)> {
    let intake = year - COURSE_YEARS;
    let mut people = Vec::new();
    for (class, count) in &plan.years[year].graduates {
        let known =
            |offer: &&Offer| offer.major.class() == *class && offer.major.has_2010() && offer.is_open(intake);
        let offers: Vec<&Offer> = plan.offers.iter().filter(known).collect();
        for _ in 0..*count {
            let birth = birth(intake, rng);
            let person = registry.person(rng, school.home(), birth);
            people.push((person, rng.pick(&offers).major));
        }
    }
    people
}

fn roster(
    school: &School,
    year: u16,
    plan: &YearPlan,
    people: Vec<(Person, &'static Major)>,
    faults: &[Fault],
    rng: &mut Rng,
    registry: &mut Registry,
) -> Roster<Graduate> {
    let intake = year - COURSE_YEARS;
    let mut entries: Vec<Entry<Graduate>> = people
        .into_iter()
        .map(|(person, major)| Entry::new(person, Graduate::new(intake, major, rng)))
        .collect();
    assign(plan, &mut entries, rng);
    Roster::with_faults(entries, faults.iter(), rng, |_, rng| {
        let birth = birth(intake, rng);
        registry.person(rng, school.home(), birth)
    })
}

/// Sends exactly the planned numbers each way, and leaves the entries shuffled.
fn assign(plan: &YearPlan, entries: &mut [Entry<Graduate>], rng: &mut Rng) {
    let planned = &plan.destinations;
    rng.shuffle(entries);
    let ways = [
        (Destination::Contract, planned.contract),
        (Destination::Flexible, planned.flexible),
        (Destination::Startup, planned.startup),
        (Destination::Enlisted, planned.enlisted),
        (Destination::Bachelor, planned.bachelor),
        (Destination::College, planned.further_study - planned.bachelor),
        (Destination::Seeking, planned.unemployed),
    ];
    let ways = ways.iter().flat_map(|&(way, count)| std::iter::repeat_n(way, count));
    for (entry, way) in entries.iter_mut().zip(ways) {
        entry.record.destination = way;
        if way == Destination::Seeking {
            entry.record.reason = rng.weighted(&[70.0, 15.0, 15.0]);
        }
        if entry.record.reason > 0 {
            entry.record.destination = Destination::Other;
        }
    }
    let direct = &mut entries[..planned.direct()];
    rng.shuffle(direct);
    for entry in direct.iter_mut().take(planned.matched) {
        entry.record.matched = true;
    }
    rng.shuffle(direct);
    let [first, second, _] = planned.industries;
    for (index, entry) in direct.iter_mut().enumerate() {
        entry.record.industry = usize::from(index >= first) + usize::from(index >= first + second);
    }
    rng.shuffle(entries);
}
