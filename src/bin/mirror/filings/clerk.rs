//! Fills in one year's filing of every school, row by row.

use std::cmp::Reverse;

use crate::city::schools::SCHOOLS;
use crate::filings::filing::Filing;
use crate::filings::rates::rates;
use crate::numbers::apportion::{float, spread};
use crate::numbers::rng::Rng;
use crate::plan::school::{SchoolPlan, YearPlan};
use crate::plan::shares::{PerSchool, to_array};
use crate::printed::figures::{Division, FIGURES, Figure};
use crate::printed::layout::{INDUSTRIES, is_asked};
use crate::printed::major_groups::groups;
use crate::printed::surveys::{Responses, SURVEYS};
use crate::printed::totals::{FiledTotals, TOTALS};
use crate::printed::value::Value;

/// What has been filled in so far.
struct Clerk<'a> {
    plans: &'a [SchoolPlan],
    year: u16,
    totals: &'a FiledTotals,
    rng: &'a mut Rng,
    filings: Vec<Filing>,
}

pub fn file_year(plans: &[SchoolPlan], year: u16, rng: &mut Rng) -> Vec<Filing> {
    let mut clerk =
        Clerk { plans, year, totals: &TOTALS[year].filed, rng, filings: vec![Filing::default(); SCHOOLS] };
    clerk.graduates();
    clerk.employment();
    clerk.students();
    clerk.resources();
    clerk.staff();
    clerk.practice();
    clerk.ratios();
    clerk.surveys();
    for figure in &FIGURES {
        clerk.figure(figure);
    }
    clerk.filings
}

impl Clerk<'_> {
    fn plan(&self, school: usize) -> &YearPlan {
        &self.plans[school].years[self.year]
    }

    fn system(&self, count: impl Fn(&YearPlan) -> usize) -> PerSchool {
        std::array::from_fn(|school| count(self.plan(school)))
    }

    fn counts(&mut self, id: &'static str, counts: &PerSchool) {
        for (filing, &count) in self.filings.iter_mut().zip(counts) {
            filing.set(id, Value::Count(count));
        }
    }

    fn money(&mut self, id: &'static str, hundredths: &PerSchool) {
        for (filing, &value) in self.filings.iter_mut().zip(hundredths) {
            filing.set(id, Value::Hundredths(value as u64));
        }
    }

    fn filed(&self, id: &str) -> PerSchool {
        std::array::from_fn(|school| self.filings[school].count(id))
    }

    /// Rates whose mean prints as `target`; a school without base has none.
    fn rates(&mut self, id: &'static str, target: usize, spread: usize, weight: &str) {
        let weights = self.filed(weight);
        let rates = rates(target, spread, &weights, self.rng);
        for (filing, rate) in self.filings.iter_mut().zip(rates) {
            filing.set(id, rate.map_or(Value::Dash, Value::Hundredths));
        }
    }

    /// Rates that persons make: in each school the rounded share of so many in a row of persons, which
    /// together make the share of the city.
    #[allow(clippy::cast_possible_truncation)]
    fn shares(&mut self, id: &'static str, target: usize, spread: usize, whole: &str) {
        let rounded = |part: usize, whole: usize| (2 * part + whole) / (2 * whole);
        let whole = self.filed(whole);
        let drawn = rates(target, spread, &whole, self.rng);
        let persons = |(&whole, rate): (&usize, Option<u64>)| {
            rounded(rate.unwrap_or_default() as usize * whole, 10_000).min(whole)
        };
        let mut parts: Vec<usize> = whole.iter().zip(drawn).map(persons).collect();
        let wanted = rounded(target * whole.iter().sum::<usize>(), 10_000);
        let mut order: Vec<usize> = (0..SCHOOLS).filter(|&school| whole[school] > 0).collect();
        order.sort_by_key(|&school| Reverse(whole[school]));
        // Rounding made less than one too many or too few in each school.
        for school in order {
            let sum: usize = parts.iter().sum();
            if sum < wanted && parts[school] < whole[school] {
                parts[school] += 1;
            } else if sum > wanted && parts[school] > 0 {
                parts[school] -= 1;
            }
        }
        for ((filing, part), whole) in self.filings.iter_mut().zip(parts).zip(whole) {
            let share = if whole == 0 {
                Value::Dash
            } else {
                Value::Hundredths(rounded(part * 10_000, whole) as u64)
            };
            filing.set(id, share);
        }
    }

    /// A part of `whole` in every school, with some noise.
    fn part(&mut self, total: usize, whole: &PerSchool, noise: f64) -> PerSchool {
        let weights = whole.map(|count| float(count) * self.rng.within(1.0 - noise, 1.0 + noise));
        to_array(&spread(total, &weights, whole))
    }

    /// Something only some schools have, the larger ones rather more of it.
    fn some_have(&mut self, total: usize, chance: f64) -> PerSchool {
        let always = self.rng.below(SCHOOLS);
        let sizes = self.filed("students");
        let mut weights = sizes.map(|size| {
            let has = if self.rng.chance(chance) { 1.0 } else { 0.0 };
            has * float(size).sqrt() * self.rng.within(0.4, 1.6)
        });
        weights[always] = float(sizes[always]).sqrt();
        let caps = weights.map(|weight| if weight > 0.0 { total } else { 0 });
        to_array(&spread(total, &weights, &caps))
    }

    /// Several schools count some as placed whom the system has as unemployed.
    fn graduates(&mut self) {
        let counts = self.system(|year| year.graduates.iter().map(|(_, n)| n).sum());
        self.counts("graduates", &counts);
        let system_placed = self.system(|year| year.destinations.placed());
        let unemployed = self.system(|year| year.destinations.unemployed);
        let more = self.totals.placed - system_placed.iter().sum::<usize>();
        let more = self.part(more, &unemployed, 0.7);
        let placed = std::array::from_fn(|school| system_placed[school] + more[school]);
        self.counts("graduates_placed", &placed);
        let further_study = self.system(|year| year.destinations.further_study);
        self.counts("graduates_further_study", &further_study);
        let bachelor = self.system(|year| year.destinations.bachelor);
        self.counts("graduates_further_study_bachelor", &bachelor);
        let target = self.totals.in_province_rate;
        self.rates("in_province_placement_rate", target, 600, "graduates_placed");
        let target = self.totals.monthly_income;
        self.rates("monthly_income", target, 62_000, "graduates_placed");
        let target = self.totals.promotion_rate;
        self.rates("promotion_rate_3y", target, 500, "graduates");
    }

    /// Several schools file fewer than the system has of each industry.
    fn employment(&mut self) {
        let mut all = [0; SCHOOLS];
        for (industry, id) in INDUSTRIES.into_iter().enumerate() {
            let system = self.system(|year| year.destinations.industries[industry]);
            let fewer = system.iter().sum::<usize>() - self.totals.industries[industry];
            let fewer = self.part(fewer, &system, 0.9);
            let filed: PerSchool = std::array::from_fn(|school| system[school] - fewer[school]);
            self.counts(id, &filed);
            all = std::array::from_fn(|school| all[school] + filed[school]);
        }
        self.counts("graduates_three_industries", &all);
        for (school, filing) in self.filings.iter_mut().enumerate() {
            let destinations = &self.plans[school].years[self.year].destinations;
            let rate = match destinations.direct() as u64 {
                0 => Value::Dash,
                direct => {
                    let startup = destinations.startup as u64;
                    Value::Hundredths((startup * 10_000 * 2 + direct) / (direct * 2))
                }
            };
            filing.set("startup_rate", rate);
        }
    }

    fn students(&mut self) {
        let system = self.system(|year| year.students);
        let more = self.totals.students - system.iter().sum::<usize>();
        let weights = system.map(|_| if self.rng.chance(0.4) { self.rng.unit() } else { 0.0 });
        let more = spread(more, &weights, &system.map(|count| count / 5));
        let students = std::array::from_fn(|school| system[school] + more[school]);
        self.counts("students", &students);
        if let Some(target) = self.totals.funding_per_student {
            self.rates("funding_per_student", target, 420_000, "students");
        }
        if let Some(total) = self.totals.special_funds {
            let caps = students.map(|count| count * total);
            let weights = students.map(|count| float(count) * self.rng.within(0.4, 1.6));
            self.money("special_funds", &to_array(&spread(total, &weights, &caps)));
        }
        let tested = self.part(self.totals.fitness_tested, &students, 0.03);
        self.counts("fitness_tested", &tested);
        let target = self.totals.fitness_pass_rate;
        self.shares("fitness_pass_rate", target, 300, "fitness_tested");
        let certificates = self.part(self.totals.certificates, &students, 0.6);
        self.counts("certificates", &certificates);
    }

    fn resources(&mut self) {
        let offered: Vec<usize> = self.plans.iter().map(|plan| plan.offered(self.year).count()).collect();
        self.counts("majors", &to_array(&offered));
        let groups: PerSchool = std::array::from_fn(|school| groups(school, self.year).count());
        self.counts("major_groups", &groups);
        let target = self.totals.equipment_per_student;
        self.rates("equipment_value_per_student", target, 420_000, "students");
    }

    fn staff(&mut self) {
        type Column = (&'static str, fn(&YearPlan) -> usize);
        let columns: [Column; 7] = [
            ("staff_establishment", |year| year.establishment),
            ("staff", |year| year.staff.total),
            ("teachers_full_time", |year| year.staff.teachers),
            ("teachers_politics", |year| year.staff.politics),
            ("teachers_pe", |year| year.staff.sports),
            ("teachers_arts", |year| year.staff.arts),
            ("class_teachers", |year| year.staff.class_teachers),
        ];
        for (id, count) in columns {
            let counts = self.system(count);
            self.counts(id, &counts);
        }
    }

    fn practice(&mut self) {
        let totals = self.totals;
        let equipment = self.some_have(totals.enterprise_equipment, 0.6);
        self.money("enterprise_equipment_value", &equipment);
        let centres = self.some_have(totals.integration_centres, 0.6);
        self.counts("integration_centres", &centres);
        let mentors = self.some_have(totals.mentors, 0.6);
        self.counts("mentors", &mentors);
        let craftsmen = self.part(totals.mentors_craftsmen, &mentors, 0.6);
        self.counts("mentors_craftsmen", &craftsmen);
        // Some mentor gives 1 to 700 lessons a year, for at most 3.5 ten thousand yuan.
        let hours = self.part(totals.mentor_hours, &mentors.map(|count| count * 700), 0.3);
        self.counts("mentor_hours", &hours);
        let pay = self.part(totals.mentor_pay, &mentors.map(|count| count * 350), 0.3);
        self.money("mentor_pay", &pay);
        let funds = self.some_have(totals.internship_funds, 0.7);
        self.money("internship_funds", &funds);
        let insurance = self.part(totals.internship_insurance, &funds, 0.3);
        self.money("internship_insurance", &insurance);
    }

    /// Ratios of what the systems have, as a clerk works them out.
    fn ratios(&mut self) {
        type Part = (&'static str, usize, fn(&YearPlan) -> usize);
        let parts: [Part; 4] = [
            ("student_teacher_ratio", 1, |year| year.students),
            ("dual_share", 100, |year| year.staff.dual),
            ("dual_senior_share", 100, |year| year.staff.dual_senior),
            ("senior_title_share", 100, |year| year.staff.senior_title),
        ];
        for (id, factor, part) in parts.into_iter().filter(|(id, ..)| is_asked(id, self.year)) {
            for (school, filing) in self.filings.iter_mut().enumerate() {
                let plan = &self.plans[school].years[self.year];
                let (part, whole) = (part(plan) * factor * 100, plan.staff.teachers);
                let rate = (2 * part + whole).checked_div(2 * whole);
                let value = rate.map_or(Value::Dash, |rate| Value::Hundredths(rate as u64));
                filing.set(id, value);
            }
        }
    }

    /// Each row of 表2 with how many answered; the staff of no school were asked.
    fn surveys(&mut self) {
        for survey in &SURVEYS {
            let answered = match &survey.responses {
                Responses::PartOf(whole, totals) => {
                    let whole = self.filed(whole).map(|count| count * 3);
                    self.part(totals[self.year], &whole, 0.4)
                }
                Responses::SameAs(other) => self.filed(other),
                Responses::Sum(parts) => {
                    let parts = parts.map(|part| self.filed(part));
                    std::array::from_fn(|school| parts[0][school] + parts[1][school])
                }
                Responses::Nobody => {
                    for filing in &mut self.filings {
                        filing.set(survey.respondents, Value::Dash);
                        filing.set(survey.id, Value::Dash);
                    }
                    continue;
                }
            };
            self.counts(survey.respondents, &answered);
            let target = survey.printed[self.year];
            self.rates(survey.id, target, ((10_000 - target) / 2).min(300), survey.respondents);
        }
    }

    /// One city figure of 表3 to 表5, divided over the schools.
    #[allow(clippy::cast_possible_truncation)]
    fn figure(&mut self, figure: &Figure) {
        let (total, is_money) = match figure.printed[self.year] {
            Value::Count(count) => (count, false),
            Value::Hundredths(amount) => (usize::try_from(amount).unwrap_or_default(), true),
            Value::Dash => {
                for filing in &mut self.filings {
                    filing.set(figure.id, Value::Dash);
                }
                return;
            }
            Value::Blank => return,
        };
        let parts = match figure.division {
            Division::BySize => {
                let sizes = self.filed("students").map(|size| size * 4);
                self.part(total, &sizes, 0.4)
            }
            Division::SomeSchools(percent) => self.some_have(total, float(percent) / 100.0),
            Division::PartOf(whole) => {
                let whole = self.filed(whole);
                self.part(total, &whole, 0.6)
            }
            Division::AtMost(row, most) => {
                let whole = self.filed(row).map(|count| count * most);
                self.part(total, &whole, 0.5)
            }
            Division::HoursOf(kind, all) => {
                let (courses, all) = (self.filed(kind), self.filed(all));
                let most = std::array::from_fn(|school| (courses[school] * 600).min(all[school]));
                self.part(total, &most, 0.3)
            }
            Division::WhereAny(other) => {
                let has = |filing: &Filing| filing.get(other).amount().is_some_and(|amount| amount > 0);
                let room: Vec<usize> = self.filings.iter().map(|f| if has(f) { total } else { 0 }).collect();
                self.part(total, &to_array(&room), 0.6)
            }
            Division::SumOf(ids) => {
                let parts: Vec<PerSchool> = ids.iter().map(|id| self.filed(id)).collect();
                std::array::from_fn(|school| parts.iter().map(|part| part[school]).sum())
            }
            Division::MeanBy(weight, spread) => {
                self.rates(figure.id, total, spread, weight);
                return;
            }
        };
        if is_money {
            self.money(figure.id, &parts);
        } else {
            self.counts(figure.id, &parts);
        }
    }
}
