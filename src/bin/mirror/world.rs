//! Everyone and everything of one invented city, drawn before any file is written.

use crate::city::{self, School};
use crate::filings::{self, Filings, Slips};
use crate::files::Form;
use crate::graduates::{self, Graduate};
use crate::people::Registry;
use crate::plan::{self, SchoolPlan};
use crate::planted::{Fault, MAJOR_DECK};
use crate::register;
use crate::rng::Rng;
use crate::rows::{self, Roster};
use crate::sheet::Sheet;
use crate::staff::{self, Employee};
use crate::students::{self, Register};
use crate::totals::YEARS;
use crate::truth::Truth;
use crate::values::{self, Tally};

/// The datasets delivered school by school, in many shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    Students,
    Graduates,
    Staff,
    Majors,
}

impl Dataset {
    pub const ALL: [Self; 4] = [Self::Students, Self::Graduates, Self::Staff, Self::Majors];

    pub fn name(self) -> &'static str {
        match self {
            Self::Students => "students",
            Self::Graduates => "graduates",
            Self::Staff => "staff",
            Self::Majors => "majors",
        }
    }

    /// What people call it in file names and titles.
    pub fn topic(self) -> &'static str {
        match self {
            Self::Students => "学生信息",
            Self::Graduates => "毕业生信息",
            Self::Staff => "教职工信息",
            Self::Majors => "专业设置",
        }
    }

    fn titles(self, year: usize) -> [String; 2] {
        let system = match self {
            Self::Students | Self::Graduates => "全国中等职业学校学生管理信息系统",
            Self::Staff | Self::Majors => "中等职业学校管理信息系统",
        };
        [
            format!("{system} {}导出", self.topic()),
            format!("导出时间：{}-09-05", YEARS[year]),
        ]
    }
}

pub struct World {
    pub seed: u64,
    pub schools: Vec<School>,
    pub plans: Vec<SchoolPlan>,
    pub register: Register,
    pub graduates: Vec<[Roster<Graduate>; 2]>,
    pub staff: Vec<[Roster<Employee>; 2]>,
    /// By year, then by school.
    major_faults: [Vec<Vec<Fault>>; 2],
    filings: Filings,
    slips: Slips,
}

impl World {
    pub fn new(seed: u64, scale: usize) -> Self {
        let schools = city::schools(scale);
        let plans = plan::plan(seed);
        let mut registry = Registry::default();
        let register = students::register(&schools, &plans, seed, &mut registry);
        let graduating = &register.graduating;
        let graduates = graduates::rosters(&schools, &plans, graduating, seed, &mut registry);
        let staff = staff::rosters(&schools, &plans, seed, &mut registry);
        let major_faults = YEARS.map(|year| {
            let mut rng = Rng::stream(seed, "major faults", usize::from(year));
            rows::deal(&schools, MAJOR_DECK, &mut rng, |_| None)
        });
        let filings = Filings::new(&plans, seed);
        let slips = filings::deal_slips(&schools, seed);
        Self {
            seed,
            schools,
            plans,
            register,
            graduates,
            staff,
            major_faults,
            filings,
            slips,
        }
    }

    /// One school's sheet of a dataset, in the form it is delivered in.
    pub fn sheet(&self, dataset: Dataset, year: usize, form: &Form) -> Sheet {
        let school = &self.schools[form.school];
        let rare_names = form.shape.takes_rare_names();
        let mut rng = self.stream(dataset, year, form.school);
        let (header, lines) = match dataset {
            Dataset::Students => {
                let roster = &self.register.rosters[form.school][year];
                let provincial = form.is_provincial();
                let lines = students::lines(school, year, roster, provincial, rare_names, &mut rng);
                (students::header(provincial), lines)
            }
            Dataset::Graduates => {
                let roster = &self.graduates[form.school][year];
                let lines = graduates::lines(school, year, roster, rare_names, &mut rng);
                (graduates::COLUMNS.to_vec(), lines)
            }
            Dataset::Staff => {
                staff::lines(school, &self.staff[form.school][year], rare_names, &mut rng)
            }
            Dataset::Majors => {
                let plan = &self.plans[school.base];
                let faults = &self.major_faults[year][form.school];
                let lines = register::major_lines(school, plan, year, faults, &mut rng);
                (register::MAJOR_COLUMNS.to_vec(), lines)
            }
        };
        Sheet::framed(&header, lines, form.frame, &dataset.titles(year), &mut rng)
    }

    fn stream(&self, dataset: Dataset, year: usize, school: usize) -> Rng {
        let purpose = format!("{} {}", dataset.name(), YEARS[year]);
        match dataset {
            Dataset::Students => {
                students::stream(&self.schools[school], self.seed, &purpose, school)
            }
            _ => Rng::stream(self.seed, &purpose, school),
        }
    }

    pub fn statistics(&self, year: usize, school: usize) -> Sheet {
        graduates::statistics(&self.schools[school], year, &self.graduates[school][year])
    }

    pub fn school_register(&self, year: usize) -> Sheet {
        let mut rng = Rng::stream(self.seed, "schools", usize::from(YEARS[year]));
        register::schools(&self.schools, &self.plans, year, &mut rng)
    }

    pub fn filing(&self, year: usize, school: usize) -> [Sheet; 2] {
        let purpose = format!("filing {}", YEARS[year]);
        let mut rng = Rng::stream(self.seed, &purpose, school);
        let slip = self.slips.get(&school).copied();
        filings::sheets(&self.schools[school], &self.filings, year, slip, &mut rng)
    }

    /// The true values of one year.
    pub fn values(&self, year: usize) -> Vec<Truth> {
        let tallies: Vec<Tally> = (0..self.schools.len()).map(|i| self.tally(year, i)).collect();
        let filings: Vec<_> = (0..city::SCHOOLS).map(|base| self.filings.of(base, year)).collect();
        values::values(YEARS[year], &self.schools, &tallies, &filings)
    }

    /// What the systems' rows of one school add up to.
    pub fn tally(&self, year: usize, index: usize) -> Tally {
        let school = &self.schools[index];
        let plan = &self.plans[school.base];
        let mut tally = Tally::new(school);
        tally.students(school, &self.register.rosters[index][year]);
        tally.graduates(school, &self.graduates[index][year]);
        tally.staff(&self.staff[index][year]);
        tally.set("staff_establishment", plan.years[year].establishment);
        tally.set("majors", register::offered(plan, year).count());
        tally
    }
}
