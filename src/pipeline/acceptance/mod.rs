//! The choice of the deliveries that count: those that would do harm are set aside, and a school's last delivery
//! stays until a sound one replaces it.
//!
//! A delivery is set aside when its own rows say so (a total that disagrees, a file cut short),
//! when it has far fewer rows than count now, when its rows are another year's, or when it contradicts
//! another. A named person can accept it by an override, which holds for these bytes alone. Deliveries
//! that count are written into the manifest as accepted; they stay accepted when their files are gone.

mod candidates;

mod kept;

mod repeated;

pub(super) mod record;

mod years;

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use super::noted::Noted;
use super::received::DecodedDelivery;
use crate::decisions::Override;
use crate::definitions::contract::{Dataset, Role};
use crate::delivery::Delivery;
use crate::figures::compute::School;
use crate::finding::{self, Finding, Rule, Severity};
use crate::ingest::Fragment;
use crate::period::ReportYear;
use crate::position::Place;
use crate::warehouse::publish::CountedDelivery;

use candidates::Candidate;
use kept::SetAsideUnits;

pub(super) use record::YearDeliveries;
pub(super) use years::{AcceptedYear, KnownYear, accept, accept_dataset};

/// A delivery that counts.
#[derive(Debug)]
pub(super) struct AcceptedDelivery {
    pub label: String,
    /// SHA-256 of the file as dropped, under which landing keeps it: of the bundle, for a member.
    pub landing: String,
    pub sha256: String,
    pub fragment: Fragment,
    /// The units whose rows count; the rest are another delivery's, or set aside.
    pub units: BTreeSet<String>,
    /// The units whose rows another delivery has as well.
    pub repeated: BTreeSet<String>,
    /// From an earlier run: nothing delivered since for these units can be used.
    pub kept: bool,
    /// Ids of the decisions without which it would not count, and the deliveries that counted before them.
    pub under: Vec<u32>,
    pub former: Vec<CountedDelivery>,
}

impl AcceptedDelivery {
    /// The schools whose rows count.
    pub fn schools(&self) -> impl Iterator<Item = &String> {
        let whole = self.units.contains(WHOLE);
        self.fragment.schools.keys().filter(move |school| whole || self.units.contains(*school))
    }
}

/// A delivery with rows that wait for a named person.
#[derive(Debug)]
pub(super) struct AsideDelivery {
    pub label: String,
    pub sha256: String,
    /// The schools whose rows wait, with their number.
    pub schools: BTreeMap<String, u64>,
}

/// The unit of a delivery of the whole city: the register of schools, and exports in which a school
/// without rows has nothing to report.
const WHOLE: &str = "";

/// Rows that are accepted or set aside together: a school's rows; all of an export of the whole city.
pub(super) fn units(dataset: &Dataset, fragment: &Fragment) -> BTreeMap<String, u64> {
    if dataset.role == Some(Role::Register) || dataset.whole_city {
        return BTreeMap::from([(WHOLE.to_owned(), fragment.schools.values().sum())]);
    }
    fragment.schools.clone()
}

/// The facts by which the deliveries of one dataset and year are accepted.
pub(super) struct Acceptance<'a> {
    pub year: ReportYear,
    pub dataset: &'a Dataset,
    /// The deliveries that count in the current release.
    pub current: Vec<CountedDelivery>,
    /// Decisions of named persons that apply.
    pub applying: &'a [Override],
    /// All decisions, including those that no longer apply.
    pub recorded: &'a [Override],
    /// Digests of the rows that count in the years before and after.
    pub neighbours: Vec<(ReportYear, BTreeSet<String>)>,
    /// The year's register; empty while the register itself is being decided on.
    pub schools: &'a BTreeMap<String, School>,
    /// Files of which nothing could be read.
    pub rejected: BTreeSet<String>,
}

/// The outcome for the deliveries of one dataset and year.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub used: Vec<AcceptedDelivery>,
    /// Files of which no rows count.
    pub set_aside: BTreeSet<String>,
    /// Of these, the number of rows that another file has as well.
    pub repeated: BTreeMap<String, u64>,
    /// Deliveries with rows that are set aside, of all their schools or of some.
    pub aside: Vec<AsideDelivery>,
    /// Deliveries of earlier runs that go on counting.
    pub kept: Vec<Delivery>,
    /// Deliveries that counted for schools that the register does not have now.
    pub dormant: Vec<CountedDelivery>,
    /// Hashes of deliveries that are set aside for their own content.
    harmful: BTreeSet<String>,
}

/// Reads a delivery again that counts already: `None` when its bytes are gone or no longer give rows.
pub(super) type ReadAgain<'r> = &'r dyn Fn(&CountedDelivery) -> Result<Option<Fragment>, RunError>;

impl<'a> Acceptance<'a> {
    /// # Errors
    /// Those of `read_again`.
    pub fn decide(
        &self,
        present: Vec<DecodedDelivery>,
        read_again: ReadAgain<'_>,
    ) -> Result<Noted<Selection>, RunError> {
        let mut noted = Noted::default();
        let candidate = |present: DecodedDelivery| Candidate {
            units: units(self.dataset, &present.fragment),
            present,
            aside: BTreeSet::new(),
            repeated: BTreeSet::new(),
            harmful: false,
            under: Vec::new(),
        };
        let mut candidates: Vec<Candidate> = present.into_iter().map(candidate).collect();
        for candidate in &mut candidates {
            self.check_itself(candidate, &mut noted);
        }
        self.find_repeated(&mut candidates, &mut noted);
        if self.dataset.one_delivery {
            self.compare_with_each_other(&mut candidates, &mut noted);
        }
        self.compare_with_current(&mut candidates, &mut noted);
        let aside: Vec<SetAsideUnits> = candidates
            .iter()
            .map(|candidate| SetAsideUnits {
                label: candidate.present.label.clone(),
                sha256: candidate.present.sha256.clone(),
                units: candidate.aside.clone(),
                repeated: candidate.repeated.clone(),
            })
            .collect();
        noted.value.aside = candidates.iter().filter_map(Candidate::aside).collect();
        let mut used = self.settle(candidates, &mut noted);
        let kept = self.keep(&used, &aside, read_again, &mut noted)?;
        used.extend(kept);
        used.sort_by(|a, b| (a.units.first(), &a.sha256).cmp(&(b.units.first(), &b.sha256)));
        noted.value.used = used;
        Ok(noted)
    }

    fn finding(&self, rule: &'static Rule, detail: &str) -> Finding {
        Finding::new(rule, self.year, &self.dataset.dataset, detail)
    }

    /// The decision of the person who accepted these bytes in spite of a rule.
    fn accepted_by(&self, rule: &str, sha256: &str, noted: &mut Noted<Selection>) -> Option<&'a Override> {
        let folder = format!("{}/{}/", self.year, self.dataset.dataset);
        let mut decisions = self.applying.iter().rev();
        let decision = decisions.find(|decision| {
            decision.correction.is_none()
                && decision.rule == rule
                && decision.value == sha256
                && decision.key.starts_with(&folder)
        })?;
        noted.add_decision(decision);
        Some(decision)
    }

    /// Notes a finding about a delivery, and returns whether it sets the delivery aside: where a named person
    /// accepted it, the decision is added to `under` instead.
    fn ask(
        &self,
        mut finding: Finding,
        sha256: &str,
        under: &mut Vec<u32>,
        noted: &mut Noted<Selection>,
    ) -> bool {
        let decision = self.accepted_by(&finding.rule, sha256, noted);
        if let Some(decision) = decision {
            answer(&mut finding, decision);
            under.push(decision.id);
        }
        noted.findings.push(finding);
        decision.is_none()
    }

    /// Notes a decision again: every release states the decisions that its figures depend on.
    fn repeat(&self, id: u32, label: &str, noted: &mut Noted<Selection>) {
        let Some(decision) = self.recorded.iter().find(|decision| decision.id == id) else { return };
        if let Some(rule) = finding::rule(&decision.rule) {
            let place = Place { file: label.to_owned(), ..Place::default() };
            let mut finding = self.finding(rule, "").at(place);
            answer(&mut finding, decision);
            noted.findings.push(finding);
        }
        noted.add_decision(decision);
    }
}

/// The name of a delivery in messages about decisions.
fn delivery_name(sha256: &str) -> String {
    format!("文件标识 {}", &sha256[..12])
}

/// Marks a finding as answered by a named person.
fn answer(finding: &mut Finding, decision: &Override) {
    finding.severity = Severity::S3;
    finding.message += &format!("（{}已批准采用：{}）", decision.who, decision.reason);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{self, Definitions};

    impl AcceptedDelivery {
        /// A delivery with so many rows for each school, all of which count.
        pub fn of_schools<const N: usize>(name: &str, rows: [(&str, u64); N]) -> Self {
            let fragment = Fragment::of_schools(rows);
            AcceptedDelivery {
                label: name.to_owned(),
                landing: name.to_owned(),
                sha256: name.to_owned(),
                units: fragment.schools.keys().cloned().collect(),
                fragment,
                repeated: BTreeSet::new(),
                kept: false,
                under: Vec::new(),
                former: Vec::new(),
            }
        }
    }

    const YEAR: ReportYear = 2024;
    const A: &str = "1114000001";
    const B: &str = "1114000002";

    fn definitions() -> Definitions {
        definitions::load(&definitions::embedded()).unwrap()
    }

    fn hash(letter: char) -> String {
        letter.to_string().repeat(64)
    }

    /// A delivery whose hash is a repeated letter.
    fn delivered<const N: usize>(letter: char, rows: [(&str, u64); N]) -> DecodedDelivery {
        DecodedDelivery {
            label: format!("{YEAR}/x/{letter}.csv"),
            landing: hash(letter),
            sha256: hash(letter),
            fragment: Fragment::of_schools(rows),
        }
    }

    fn current<const N: usize>(letter: char, rows: [(&str, u64); N]) -> CountedDelivery {
        CountedDelivery {
            report_year: YEAR,
            dataset: "students".to_owned(),
            file: format!("{YEAR}/x/{letter}.csv"),
            landing: hash(letter),
            sha256: hash(letter),
            fragment: String::new(),
            rows_digest: String::new(),
            units: rows.map(|(school, rows)| (school.to_owned(), rows)).into(),
            under: Vec::new(),
            former: Vec::new(),
        }
    }

    fn decision(id: u32, dataset: &str, rule: &Rule, letter: char) -> Override {
        serde_json::from_value(serde_json::json!({
            "format": 1, "id": id, "report_year": YEAR, "rule": rule.id,
            "key": format!("{YEAR}/{dataset}/{letter}.csv"), "value": hash(letter),
            "who": "王科长", "when": "2024-10-08T02:00:00+08:00", "reason": "属实", "withdraws": null
        }))
        .unwrap()
    }

    /// The state before anything is decided.
    struct KnownState {
        definitions: Definitions,
        dataset: &'static str,
        current: Vec<CountedDelivery>,
        decisions: Vec<Override>,
        neighbours: Vec<(ReportYear, BTreeSet<String>)>,
        schools: BTreeMap<String, School>,
        rejected: BTreeSet<String>,
        /// Whether landing has the current deliveries.
        landed: bool,
    }

    impl KnownState {
        fn nothing(dataset: &'static str) -> Self {
            KnownState {
                definitions: definitions(),
                dataset,
                current: Vec::new(),
                decisions: Vec::new(),
                neighbours: Vec::new(),
                schools: [A, B].map(|code| (code.to_owned(), School::default())).into(),
                rejected: BTreeSet::new(),
                landed: true,
            }
        }

        fn decide(&self, present: Vec<DecodedDelivery>) -> Noted<Selection> {
            let acceptance = Acceptance {
                year: YEAR,
                dataset: self.definitions.dataset(self.dataset).unwrap(),
                current: self.current.clone(),
                applying: &self.decisions,
                recorded: &self.decisions,
                neighbours: self.neighbours.clone(),
                schools: &self.schools,
                rejected: self.rejected.clone(),
            };
            let read_again = |accepted: &CountedDelivery| {
                let mut fragment = Fragment::of_schools([]);
                fragment.schools.clone_from(&accepted.units);
                Ok(self.landed.then_some(fragment))
            };
            acceptance.decide(present, &read_again).unwrap()
        }
    }

    /// The deliveries that count, one line each: letter, its schools' last digits, `kept`, decisions.
    fn counts(noted: &Noted<Selection>) -> Vec<String> {
        let line = |used: &AcceptedDelivery| {
            let units: String = used.units.iter().filter_map(|unit| unit.chars().last()).collect();
            let kept = if used.kept { " kept" } else { "" };
            let under: String = used.under.iter().map(|id| format!(" #{id}")).collect();
            format!("{} {units}{kept}{under}", &used.sha256[..1])
        };
        noted.value.used.iter().map(line).collect()
    }

    /// The findings, one line each: rule, school, severity.
    fn found(noted: &Noted<Selection>) -> Vec<String> {
        let line = |finding: &Finding| {
            let school = finding.school_code.chars().last().map(String::from).unwrap_or_default();
            format!("{} {school} {:?}", finding.rule, finding.severity)
        };
        noted.findings.iter().map(line).collect()
    }

    #[test]
    fn a_delivery_counts_where_nothing_is_wrong_with_it() {
        let noted =
            KnownState::nothing("students").decide(vec![delivered('b', [(B, 3)]), delivered('a', [(A, 3)])]);
        assert_eq!(counts(&noted), ["a 1", "b 2"]);
        assert!(noted.findings.is_empty() && noted.value.set_aside.is_empty());
    }

    #[test]
    fn much_less_than_what_counts_is_set_aside_until_a_person_accepts_it() {
        let mut known = KnownState::nothing("students");
        known.current = vec![current('a', [(A, 100)])];
        // 71 of 100 rows are enough, 70 are not.
        assert_eq!(counts(&known.decide(vec![delivered('b', [(A, 71)])])), ["b 1"]);
        let noted = known.decide(vec![delivered('b', [(A, 70)])]);
        assert_eq!(counts(&noted), ["a 1 kept"]);
        assert_eq!(found(&noted), ["E-VOLUME 1 S1", "Q-KEPT 1 S2"]);
        assert_eq!(noted.value.set_aside.len(), 1);
        known.decisions = vec![decision(7, "students", finding::DELIVERY_SHORT, 'b')];
        let noted = known.decide(vec![delivered('b', [(A, 70)])]);
        assert_eq!(counts(&noted), ["b 1 #7"]);
        assert_eq!(found(&noted), ["E-VOLUME 1 S3"]);
        assert_eq!(noted.decisions.iter().map(|decision| decision.id).collect::<Vec<_>>(), [7]);
        assert_eq!(noted.value.used[0].former, known.current);
        // It has no effect on another dataset.
        known.decisions = vec![decision(7, "graduates", finding::DELIVERY_SHORT, 'b')];
        assert_eq!(counts(&known.decide(vec![delivered('b', [(A, 70)])])), ["a 1 kept"]);
    }

    #[test]
    fn a_school_with_few_rows_is_not_asked_about_in_a_file_of_many() {
        let mut known = KnownState::nothing("students");
        known.current = vec![current('a', [(A, 9), (B, 100)])];
        let noted = known.decide(vec![delivered('b', [(A, 1), (B, 100)])]);
        assert_eq!((counts(&noted), found(&noted)), (vec!["b 12".to_owned()], Vec::new()));
        known.current = vec![current('a', [(A, 10), (B, 100)])];
        let noted = known.decide(vec![delivered('b', [(A, 1), (B, 100)])]);
        assert_eq!(counts(&noted), ["a 1 kept", "b 2"]);
        assert_eq!(found(&noted), ["E-VOLUME 1 S1", "Q-KEPT 1 S2"]);
        assert!(noted.value.set_aside.is_empty(), "the other school's rows count");
    }

    #[test]
    fn the_rows_of_another_year_count_in_that_year_only() {
        let mut known = KnownState::nothing("students");
        known.neighbours = vec![(YEAR - 1, BTreeSet::from(["rows".to_owned()]))];
        let repeated = || {
            let mut present = delivered('a', [(A, 3)]);
            "rows".clone_into(&mut present.fragment.rows_digest);
            present
        };
        let noted = known.decide(vec![repeated()]);
        assert_eq!((counts(&noted).len(), found(&noted)), (0, vec!["E-REPEATS-YEAR  S1".to_owned()]));
        // A delivery that counted already stays.
        known.current = vec![current('a', [(A, 3)])];
        known.current[0].rows_digest = "rows".to_owned();
        assert_eq!(counts(&known.decide(vec![repeated()])), ["a 1"], "it was there first");
        known.dataset = "conditions";
        known.current = Vec::new();
        assert_eq!(counts(&known.decide(vec![repeated()])), ["a 1"], "buildings stay as they are");
    }

    #[test]
    fn between_two_files_of_one_school_the_one_that_counts_or_that_a_person_names_is_used() {
        let mut known = KnownState::nothing("finance");
        let both = || vec![delivered('a', [(A, 1)]), delivered('b', [(A, 1)])];
        let noted = known.decide(both());
        assert_eq!((counts(&noted).len(), found(&noted)), (0, vec!["E-TWO-FILES 1 S1".to_owned(); 2]));
        assert_eq!(noted.findings[0].other_files.len(), 2);
        known.current = vec![current('a', [(A, 1)])];
        let noted = known.decide(both());
        assert_eq!(
            (counts(&noted), found(&noted)),
            (vec!["a 1".to_owned()], vec!["E-TWO-FILES 1 S1".to_owned()])
        );
        let rule = finding::TWO_DELIVERIES;
        known.decisions = vec![decision(3, "finance", rule, 'a'), decision(4, "finance", rule, 'b')];
        let noted = known.decide(both());
        assert_eq!(counts(&noted), ["b 1 #4"], "the newest decision holds");
        assert_eq!(found(&noted), ["E-TWO-FILES 1 S2"]);
    }

    /// A delivery that says of each school what its letter stands for.
    fn saying<const N: usize>(letter: char, rows: [(&str, u64); N], said: [&str; N]) -> DecodedDelivery {
        let mut present = delivered(letter, rows);
        let said = rows.into_iter().zip(said);
        present.fragment.contents =
            said.map(|((school, _), said)| (school.to_owned(), said.to_owned())).collect();
        present
    }

    #[test]
    fn files_that_say_the_same_are_one_delivery_and_others_contradict_each_other() {
        let mut known = KnownState::nothing("finance");
        let both = || vec![saying('b', [(A, 5)], ["x"]), saying('a', [(A, 5)], ["x"])];
        let noted = known.decide(both());
        assert_eq!(
            (counts(&noted), found(&noted)),
            (vec!["a 1".to_owned()], vec!["W-SAME-ROWS 1 S3".to_owned()])
        );
        assert_eq!(noted.value.repeated, BTreeMap::from([(format!("{YEAR}/x/b.csv"), 5)]));
        // The one that counts already stays, whatever its bytes.
        known.current = vec![current('b', [(A, 5)])];
        assert_eq!(counts(&known.decide(both())), ["b 1"]);
        // Both counted once, when an older program merged them.
        known.current = vec![current('a', [(A, 5)]), current('b', [(A, 5)])];
        assert_eq!(counts(&known.decide(both())), ["a 1"]);
        known.current = Vec::new();
        known.decisions = vec![decision(3, "finance", finding::TWO_DELIVERIES, 'b')];
        assert_eq!(counts(&known.decide(both())), ["b 1"], "a person named it");
        known.decisions = Vec::new();
        let third = saying('c', [(A, 5)], ["y"]);
        let noted = known.decide(both().into_iter().chain([third]).collect());
        assert_eq!(counts(&noted).len(), 0, "a third says something else");
        assert_eq!(found(&noted), ["W-SAME-ROWS 1 S3", "E-TWO-FILES 1 S1", "E-TWO-FILES 1 S1"]);
    }

    #[test]
    fn one_school_of_a_file_may_be_another_file() {
        let known = KnownState::nothing("finance");
        let present = vec![
            saying('a', [(A, 5), (B, 2)], ["x", "y"]),
            saying('b', [(B, 2)], ["y"]),
            saying('c', [(A, 5)], ["z"]),
        ];
        let noted = known.decide(present);
        assert_eq!(counts(&noted), ["a 2"]);
        assert_eq!(found(&noted), ["W-SAME-ROWS 2 S3", "E-TWO-FILES 1 S1", "E-TWO-FILES 1 S1"]);
        // Of an export of the whole city all schools must say the same.
        let known = KnownState::nothing("mentors");
        let a = || saying('a', [(A, 5), (B, 2)], ["x", "y"]);
        let noted = known.decide(vec![a(), saying('b', [(A, 5), (B, 2)], ["x", "y"])]);
        assert_eq!((counts(&noted).len(), found(&noted)), (1, vec!["W-SAME-ROWS  S3".to_owned()]));
        let noted = known.decide(vec![a(), saying('b', [(B, 2)], ["y"])]);
        assert_eq!((counts(&noted).len(), found(&noted).len()), (2, 0));
    }

    #[test]
    fn a_delivery_stays_when_its_file_goes_and_is_dormant_when_its_school_goes() {
        let mut known = KnownState::nothing("students");
        known.current = vec![current('a', [(A, 5), (B, 5)])];
        let noted = known.decide(Vec::new());
        assert_eq!(counts(&noted), ["a 12 kept"]);
        assert_eq!(found(&noted), ["Q-KEPT 1 S2", "Q-KEPT 2 S2"]);
        known.schools.remove(B);
        let noted = known.decide(Vec::new());
        assert_eq!(counts(&noted), ["a 1 kept"]);
        assert_eq!(found(&noted), ["Q-UNREGISTERED 2 S2", "Q-KEPT 1 S2"]);
        assert_eq!(noted.value.dormant[0].units.keys().collect::<Vec<_>>(), [B]);
        known.landed = false;
        let noted = known.decide(Vec::new());
        assert_eq!((counts(&noted).len(), found(&noted)[1].as_str()), (0, "E-LANDING 1 S1"));
        known.decisions = vec![decision(9, "students", finding::DELIVERY_KEPT, 'a')];
        let noted = known.decide(Vec::new());
        assert_eq!((counts(&noted).len(), noted.findings.len()), (0, 0), "a person let it go");
    }

    #[test]
    fn bytes_that_cannot_be_used_under_its_own_name_leave_what_counted() {
        let mut known = KnownState::nothing("students");
        known.current = vec![current('a', [(A, 5)])];
        let other = || vec![delivered('b', [(A, 5)])];
        assert_eq!(counts(&known.decide(other())), ["b 1"], "another file replaces it");
        known.rejected = BTreeSet::from([known.current[0].file.clone()]);
        assert_eq!(counts(&known.decide(other())), ["a 1 kept", "b 1"]);
    }
}
