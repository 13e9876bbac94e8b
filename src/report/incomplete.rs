//! What a printed table lacks, said under it: figures that are not of all schools, and a column of an earlier
//! year of which nothing was delivered.

use std::collections::{BTreeMap, BTreeSet};

use crate::figure::{Basis, State};
use crate::period::ReportYear;

/// A printed figure, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// `教学计划内课程总数（学时）`.
    pub name: String,
    pub year: ReportYear,
    pub basis: Basis,
    pub state: State,
    /// Schools whose part should be in it but is not.
    pub schools: i32,
}

impl Printed {
    /// Whether it is printed, and is not of all schools.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.state != State::Missing && self.schools > 0
    }
}

/// An earlier year of which nothing was delivered for a table: on one basis, or on any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undelivered {
    pub year: ReportYear,
    /// `None` for all.
    pub basis: Option<Basis>,
}

impl Undelivered {
    #[must_use]
    pub fn has(self, year: ReportYear, basis: Basis) -> bool {
        self.year == year && self.basis.is_none_or(|own| own == basis)
    }
}

/// Missing figures of one basis that are worth one note instead of a mark each.
const WORTH_A_NOTE: usize = 3;

/// The earlier years of which nothing was delivered: all their figures are missing, or all of one basis.
#[must_use]
pub fn undelivered(printed: &[Printed], this_year: ReportYear) -> BTreeSet<Undelivered> {
    let asked = printed.iter().filter(|figure| figure.year < this_year && figure.state != State::Blank);
    let mut years: BTreeMap<ReportYear, BTreeMap<Basis, Vec<bool>>> = BTreeMap::new();
    for figure in asked {
        let of_basis = years.entry(figure.year).or_default().entry(figure.basis).or_default();
        of_basis.push(figure.state == State::Missing);
    }
    let mut found = BTreeSet::new();
    for (year, bases) in years {
        if bases.values().flatten().all(|is_missing| *is_missing) {
            found.insert(Undelivered { year, basis: None });
            continue;
        }
        let whole = bases.into_iter().filter(|(_, missing)| {
            missing.len() >= WORTH_A_NOTE && missing.iter().all(|is_missing| *is_missing)
        });
        found.extend(whole.map(|(basis, _)| Undelivered { year, basis: Some(basis) }));
    }
    found
}

/// The notes under a table; none where it is complete.
#[must_use]
pub fn notes(printed: &[Printed], undelivered: &BTreeSet<Undelivered>) -> Vec<String> {
    let mut notes: Vec<String> = undelivered.iter().map(|without| of_undelivered(*without)).collect();
    let is_left_out = |figure: &Printed| undelivered.iter().any(|all| all.has(figure.year, figure.basis));
    if printed.iter().any(|figure| figure.state == State::Missing && !is_left_out(figure)) {
        notes.push("注：“缺报”指应当报送而没有报送，不是零。".to_owned());
    }
    let years: BTreeSet<ReportYear> = printed.iter().map(|figure| figure.year).collect();
    let partial: Vec<String> = years
        .into_iter()
        .rev()
        .filter_map(|year| {
            let of_year: Vec<&Printed> = printed.iter().filter(|figure| figure.year == year).collect();
            of_schools(&of_year, year)
        })
        .collect();
    if !partial.is_empty() {
        notes.push(format!("注：有学校缺报，下列数不是全部学校的数。{}", partial.join("")));
    }
    notes
}

fn of_undelivered(without: Undelivered) -> String {
    let year = without.year;
    match without.basis {
        None => format!("注：{year}年没有报送本表的数据，{year}年一栏留空。"),
        Some(basis) => {
            let what = match basis {
                Basis::Filed | Basis::Adjusted(_) => "学校填报",
                Basis::System => "全国系统",
                Basis::Survey => "问卷调查",
            };
            format!("注：{year}年没有报送{what}的数据，{year}年一栏中取自{what}的各行留空。")
        }
    }
}

/// Rows that are left out of a group are named instead of those in it up to this number.
const LEFT_OUT_MOST: usize = 6;

/// `2024年各行均缺 2 校。`
fn of_schools(of_year: &[&Printed], year: ReportYear) -> Option<String> {
    let mut by_count: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for figure in of_year.iter().filter(|figure| figure.is_partial()) {
        by_count.entry(figure.schools).or_default().push(&figure.name);
    }
    let group = |(count, names): (i32, Vec<&str>)| {
        let is_in = |figure: &&&Printed| figure.is_partial() && figure.schools == count;
        let others: Vec<&str> =
            of_year.iter().filter(|figure| !is_in(figure)).map(|figure| figure.name.as_str()).collect();
        match others.len() {
            0 if names.len() > 1 => format!("各行均缺 {count} 校"),
            left if left <= LEFT_OUT_MOST && left < names.len() => {
                format!("除{}外，各行均缺 {count} 校", others.join("、"))
            }
            _ => format!("缺 {count} 校的：{}", names.join("、")),
        }
    };
    let groups: Vec<String> = by_count.into_iter().rev().map(group).collect();
    (!groups.is_empty()).then(|| format!("{year}年{}。", groups.join("；")))
}

/// The note under a list that some schools did not file.
#[must_use]
pub fn of_list(schools: i32) -> Option<String> {
    (schools > 0).then(|| format!("注：有 {schools} 校没有填报，本表不是全部学校的。"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(name: &str, year: ReportYear, state: State, schools: i32) -> Printed {
        Printed { name: name.to_owned(), year, basis: Basis::Filed, state, schools }
    }

    #[test]
    fn a_complete_table_has_no_notes() {
        let all = [printed("毕业生人数", 2023, State::Value, 0), printed("毕业生人数", 2024, State::Dash, 0)];
        let none = undelivered(&all, 2024);
        assert_eq!((none.len(), notes(&all, &none)), (0, Vec::new()));
    }

    #[test]
    fn rows_that_lack_schools_are_named_with_their_number() {
        let all = [
            printed("甲", 2024, State::Value, 2),
            printed("乙", 2024, State::Value, 0),
            printed("丙", 2024, State::Value, 2),
            printed("丁", 2024, State::Missing, 45),
            printed("戊", 2024, State::Dash, 1),
            printed("己", 2024, State::Value, 0),
        ];
        assert_eq!(
            notes(&all, &BTreeSet::new()),
            [
                "注：“缺报”指应当报送而没有报送，不是零。",
                "注：有学校缺报，下列数不是全部学校的数。2024年缺 2 校的：甲、丙；缺 1 校的：戊。"
            ]
        );
        let mut all = vec![printed("甲", 2024, State::Value, 2), printed("乙", 2024, State::Value, 2)];
        assert_eq!(
            notes(&all, &BTreeSet::new()),
            ["注：有学校缺报，下列数不是全部学校的数。2024年各行均缺 2 校。"]
        );
        all.push(printed("丙", 2024, State::Value, 0));
        assert_eq!(
            notes(&all, &BTreeSet::new()),
            ["注：有学校缺报，下列数不是全部学校的数。2024年除丙外，各行均缺 2 校。"]
        );
    }

    #[test]
    fn a_year_that_was_not_delivered_is_said_once() {
        let all: Vec<Printed> = ["甲", "乙", "丙", "丁"]
            .into_iter()
            .flat_map(|name| [printed(name, 2023, State::Missing, 0), printed(name, 2024, State::Value, 0)])
            .chain([printed("不要求", 2023, State::Blank, 0)])
            .collect();
        let found = undelivered(&all, 2024);
        assert_eq!(found.iter().copied().collect::<Vec<_>>(), [Undelivered { year: 2023, basis: None }]);
        assert_eq!(notes(&all, &found), ["注：2023年没有报送本表的数据，2023年一栏留空。"]);
        // One basis alone: the rows of the other were delivered.
        let mut mixed = all.clone();
        mixed.push(Printed { basis: Basis::System, ..printed("戊", 2023, State::Value, 0) });
        let found = undelivered(&mixed, 2024);
        assert_eq!(
            notes(&mixed, &found),
            ["注：2023年没有报送学校填报的数据，2023年一栏中取自学校填报的各行留空。"]
        );
        // A single row that is missing, and this year's, are marked where they are.
        assert!(undelivered(&mixed[6..], 2024).is_empty());
        assert!(undelivered(&[printed("甲", 2024, State::Missing, 0)], 2024).is_empty());
    }
}
