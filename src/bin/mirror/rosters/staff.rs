//! Who is on the staff of each school, and in which post.

use std::cmp::Reverse;

use crate::city::people::Registry;
use crate::city::schools::School;
use crate::faults::STAFF_DECK;
use crate::numbers::dates::Date;
use crate::numbers::rng::Rng;
use crate::plan::school::SchoolPlan;
use crate::printed::totals::StaffCounts;
use crate::printed::years::{ByYear, FIRST_YEAR, LATEST_YEAR, YEAR_BEFORE, YEARS};
use crate::rosters::roster::{Entry, Roster, deal};

/// A person on the staff, with the draws that order them among colleagues. The draws stay, so
/// that who is a teacher, of what, and of which rank hardly changes from year to year.
#[derive(Debug, Clone)]
pub struct Employee {
    pub number: String,
    pub joined: (u16, u16),
    stay: Stay,
    teaching: u64,
    subject: u64,
    seniority: u64,
    class: u64,
    pub post: Post,
}

/// What the register says of someone in one year.
#[derive(Debug, Clone, Default)]
pub struct Post {
    pub teacher: bool,
    /// 任教课程类别; empty for those who do not teach.
    pub subject: &'static str,
    pub dual: bool,
    /// 双师型教师等级.
    pub dual_level: &'static str,
    /// 专业技术职务级别.
    pub title: &'static str,
    pub class_teacher: bool,
    pub category: (&'static str, &'static str),
}

impl Post {
    pub fn has_senior_title(&self) -> bool {
        matches!(self.title, "正高级" | "副高级")
    }
}

pub const POLITICS: &str = "思想政治";
pub const SPORTS: &str = "体育与健康";
pub const ARTS: &str = "美育（艺术）";
pub const SENIOR: &str = "高级";

pub fn staff_rosters(
    schools: &[School],
    plans: &[SchoolPlan],
    seed: u64,
    registry: &mut Registry,
) -> Vec<ByYear<Roster<Employee>>> {
    let faults = ByYear::of(|year| {
        let mut rng = Rng::stream(seed, "staff faults", usize::from(year));
        deal(schools, STAFF_DECK, &mut rng, |_| None)
    });
    let mut rosters = Vec::with_capacity(schools.len());
    for (index, school) in schools.iter().enumerate() {
        let mut rng = Rng::stream(seed, "staff", index);
        let years = &plans[school.base].years;
        let people = people(school, &ByYear::of(|year| years[year].staff.total), &mut rng, registry);
        rosters.push(ByYear::of(|year| {
            let entries = in_year(&people, year, &years[year].staff);
            let faults = faults[year][index].iter();
            Roster::with_faults(entries, faults, &mut rng, |_, rng| {
                let birth = birth(rng);
                registry.person(rng, school.home(), birth)
            })
        }));
    }
    rosters
}

/// The first and the last roster on which somebody stands.
type Stay = (u16, u16);

/// How many stay from when to when: every year one in twenty-five leaves, others take their place.
/// Those who stay longest come first.
fn stays(counts: &ByYear<usize>) -> Vec<(Stay, usize)> {
    let mut stays = Vec::new();
    let mut present = vec![(FIRST_YEAR, counts[FIRST_YEAR])];
    for year in YEARS.into_iter().skip(1) {
        let (before, now) = (counts[year - 1], counts[year]);
        let leavers = (before / 25).max(before.saturating_sub(now));
        let mut leaving = leavers;
        for (first, count) in &mut present {
            let gone = leaving.min(*count);
            *count -= gone;
            leaving -= gone;
            stays.push(((*first, year - 1), gone));
        }
        present.push((year, now - (before - leavers)));
    }
    stays.extend(present.into_iter().map(|(first, count)| ((first, LATEST_YEAR), count)));
    stays.sort_by_key(|((first, last), _)| (*first, Reverse(*last)));
    stays
}

/// Everyone who was there in any year.
fn people(
    school: &School,
    counts: &ByYear<usize>,
    rng: &mut Rng,
    registry: &mut Registry,
) -> Vec<Entry<Employee>> {
    let mut people = Vec::new();
    for (stay, count) in stays(counts) {
        for _ in 0..count {
            let birth = birth(rng);
            let person = registry.person(rng, school.home(), birth);
            let number = format!("{}{:04}", &school.code[6..], people.len() + 1);
            people.push(Entry::new(person, Employee::new(number, stay, birth, rng)));
        }
    }
    rng.shuffle(&mut people);
    people
}

fn birth(rng: &mut Rng) -> Date {
    let year = rng.between_u16(1964, 2000);
    Date::in_year(year, rng)
}

impl Employee {
    fn new(number: String, stay: Stay, birth: Date, rng: &mut Rng) -> Self {
        let year = match stay {
            (FIRST_YEAR, _) => (birth.year + rng.between_u16(22, 27)).min(YEAR_BEFORE),
            (hired, _) => hired,
        };
        Self {
            number,
            joined: (year, rng.pick(&[3, 7, 8])),
            stay,
            teaching: rng.next_u64(),
            subject: rng.next_u64(),
            seniority: rng.next_u64(),
            class: rng.next_u64(),
            post: Post::default(),
        }
    }

    fn is_on_roster(&self, year: u16) -> bool {
        let (first, last) = self.stay;
        (first..=last).contains(&year)
    }
}

/// The staff of one year in their posts, in exactly the planned numbers.
fn in_year(people: &[Entry<Employee>], year: u16, plan: &StaffCounts) -> Vec<Entry<Employee>> {
    let mut staff: Vec<Entry<Employee>> =
        people.iter().filter(|entry| entry.record.is_on_roster(year)).cloned().collect();
    staff.sort_by_key(|entry| entry.record.teaching);
    let (teachers, others) = staff.split_at_mut(plan.teachers);
    assign_subjects(teachers, plan);
    teachers.sort_by_key(|entry| entry.record.class);
    for entry in teachers.iter_mut().take(plan.class_teachers) {
        entry.record.post.class_teacher = true;
    }
    assign_titles(teachers, plan.senior_title);
    assign_titles(others, 0);
    assign_categories(others);
    staff.sort_by(|a, b| a.record.number.cmp(&b.record.number));
    staff
}

/// The first teach politics, sports and arts; the last are 双师, of the trade they teach.
fn assign_subjects(teachers: &mut [Entry<Employee>], plan: &StaffCounts) {
    teachers.sort_by_key(|entry| entry.record.subject);
    let count = teachers.len();
    let named = [(POLITICS, plan.politics), (SPORTS, plan.sports), (ARTS, plan.arts)];
    let mut named = named.iter().flat_map(|&(name, n)| std::iter::repeat_n(name, n));
    for (index, entry) in teachers.iter_mut().enumerate() {
        let from_end = count - index;
        let post = &mut entry.record.post;
        post.teacher = true;
        post.category = ("11", "专任教师");
        post.dual = from_end <= plan.dual;
        post.dual_level = match (post.dual, from_end <= plan.dual_senior) {
            (false, _) => "",
            (true, true) => SENIOR,
            (true, false) if index % 2 == 0 => "中级",
            (true, false) => "初级",
        };
        post.subject = named.next().unwrap_or(match (post.dual, index % 4) {
            (true, 0) => "实习指导",
            (true, _) | (false, 1) => "专业课",
            (false, _) => "公共基础课",
        });
    }
}

fn assign_titles(staff: &mut [Entry<Employee>], senior: usize) {
    staff.sort_by_key(|entry| entry.record.seniority);
    for (index, entry) in staff.iter_mut().enumerate() {
        entry.record.post.title = match (index < senior, index % 10) {
            (true, 9) => "正高级",
            (true, _) => "副高级",
            (false, 0..5) => "中级",
            (false, 5..9) => "员级/助理级(初级)",
            (false, _) => "未定职级",
        };
    }
}

fn assign_categories(others: &mut [Entry<Employee>]) {
    const CATEGORIES: [(&str, &str); 3] = [("12", "教辅人员"), ("13", "行政人员"), ("14", "工勤人员")];
    for entry in others {
        let index = (entry.record.subject % 3) as usize;
        entry.record.post.category = CATEGORIES[index];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_year_has_its_number_of_staff() {
        let counts = ByYear::of(|year| 400 + usize::from(year % 2) * 30);
        let stays = stays(&counts);
        for year in YEARS {
            let there = stays.iter().filter(|((first, last), _)| (*first..=*last).contains(&year));
            assert_eq!(there.map(|(_, count)| count).sum::<usize>(), counts[year], "{year}");
        }
        assert_eq!(stays[0].0, (FIRST_YEAR, LATEST_YEAR));
    }
}
