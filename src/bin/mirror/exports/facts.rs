//! What the rows of the exports without people add up to, and the ratios and means made of it.

use std::collections::BTreeMap;

use crate::numbers::decimal;

/// Amounts are kept in millionths: one 分 is a millionth of 万元.
const MILLIONTHS: u128 = 1_000_000;
const PLACES: u32 = 6;

/// Id, numerator, denominator and factor; students are those of the student system.
const RATIOS: [(&str, &str, &str, u128); 5] = [
    ("practice_places_per_student", "practice_places", STUDENTS, 1),
    ("equipment_value_per_student", "equipment_value", STUDENTS, 10_000),
    ("funding_per_student", "funding", STUDENTS, 10_000),
    ("fitness_pass_rate", "fitness_passed", "fitness_tested", 100),
    ("online_course_mean_students", "online_course_learners", "online_courses", 1),
];
const STUDENTS: &str = "students";

/// Sums, greatest values and answers of one school, or of several together.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    sums: BTreeMap<&'static str, u128>,
    greatest: BTreeMap<&'static str, u128>,
    /// By the ids of score and respondents: scores times respondents in hundredths, respondents.
    answers: BTreeMap<(&'static str, &'static str), (u128, u128)>,
}

/// One value that the rows give.
pub struct FactValue {
    pub id: &'static str,
    pub basis: &'static str,
    pub parts: Option<[String; 2]>,
    /// `None` where there is nothing to divide by.
    pub text: Option<String>,
}

impl Facts {
    pub fn count(&mut self, id: &'static str, count: usize) {
        *self.sums.entry(id).or_default() += count as u128 * MILLIONTHS;
    }

    /// Money in 分, which is given in 万元.
    pub fn money(&mut self, id: &'static str, fen: usize) {
        *self.sums.entry(id).or_default() += fen as u128;
    }

    pub fn maximum(&mut self, id: &'static str, count: usize) {
        let greatest = self.greatest.entry(id).or_default();
        *greatest = (count as u128 * MILLIONTHS).max(*greatest);
    }

    /// A score in hundredths that so many gave.
    pub fn answered(&mut self, ids: (&'static str, &'static str), score: u64, respondents: usize) {
        let answers = self.answers.entry(ids).or_default();
        answers.0 += u128::from(score) * respondents as u128;
        answers.1 += respondents as u128;
    }

    pub fn merge(&mut self, other: &Self) {
        for (id, amount) in &other.sums {
            *self.sums.entry(id).or_default() += amount;
        }
        for (id, amount) in &other.greatest {
            let greatest = self.greatest.entry(id).or_default();
            *greatest = (*amount).max(*greatest);
        }
        for (ids, (scores, respondents)) in &other.answers {
            let answers = self.answers.entry(*ids).or_default();
            answers.0 += scores;
            answers.1 += respondents;
        }
    }

    /// Every value, `students` being those of the same schools.
    pub fn values(&self, students: usize) -> Vec<FactValue> {
        let plain = |id: &&'static str, amount: &u128| FactValue {
            id,
            basis: "system",
            parts: None,
            text: Some(decimal::scaled(*amount, PLACES)),
        };
        let mut values: Vec<FactValue> = self.sums.iter().map(|(id, amount)| plain(id, amount)).collect();
        values.extend(self.greatest.iter().map(|(id, amount)| plain(id, amount)));
        for (id, numerator, denominator, factor) in RATIOS {
            let whole = match denominator {
                STUDENTS => Some(students as u128 * MILLIONTHS),
                other => self.sums.get(other).copied(),
            };
            let (Some(&part), Some(whole)) = (self.sums.get(numerator), whole) else { continue };
            values.push(FactValue {
                id,
                basis: "system",
                parts: Some([part, whole].map(|amount| decimal::scaled(amount, PLACES))),
                text: (whole > 0).then(|| decimal::ratio(part * factor, whole)),
            });
        }
        for ((score, respondents), (scores, persons)) in &self.answers {
            values.push(FactValue {
                id: score,
                basis: "survey",
                parts: Some([decimal::scaled(*scores, 2), persons.to_string()]),
                text: (*persons > 0).then(|| decimal::ratio(*scores, *persons * 100)),
            });
            values.push(FactValue {
                id: respondents,
                basis: "survey",
                parts: None,
                text: Some(persons.to_string()),
            });
        }
        values
    }
}
