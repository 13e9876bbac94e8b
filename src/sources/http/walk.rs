//! The pages of a year, until they are proven complete.
//!
//! A short page is no proof that it is the last one, and a platform that says "340 in all" may lie. Complete is: the
//! same total at the beginning and at the end, as many different keys as the total says, nothing beyond the last
//! page, and the first page still as it was.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What came as a page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Key and row of each.
    pub rows: Vec<(String, Value)>,
    /// The total that it states.
    pub total: Option<u64>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask for this page.
    Ask(u64),
    /// All rows are there, and proven to be all.
    Complete,
    /// The rows changed while they were read: begin anew.
    Changed(String),
    /// What came cannot be all, however often it is asked for.
    Unproven(String),
}

/// The pages that were read.
#[derive(Debug)]
pub struct Walk {
    first: u64,
    next: u64,
    phase: Phase,
    total: Option<u64>,
    first_page: Vec<String>,
    rows: HashMap<String, [u8; 32]>,
    kept: Vec<Value>,
    /// A key that came twice with other content.
    conflict: bool,
    repeated: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Pages are read.
    Reading,
    /// All keys are there: the page beyond them is looked at.
    Beyond,
    /// The first page is read once more.
    Again,
}

impl Walk {
    /// A walk from page `first`.
    #[must_use]
    pub fn new(first: u64) -> Self {
        Walk {
            first,
            next: first,
            phase: Phase::Reading,
            total: None,
            first_page: Vec::new(),
            rows: HashMap::new(),
            kept: Vec::new(),
            conflict: false,
            repeated: 0,
        }
    }

    /// The first step.
    #[must_use]
    pub fn begin(&self) -> Step {
        Step::Ask(self.first)
    }

    /// The rows, each once.
    #[must_use]
    pub fn into_rows(self) -> Vec<Value> {
        self.kept
    }

    /// How many different rows there are, and of how many.
    #[must_use]
    pub fn progress(&self) -> (u64, Option<u64>) {
        (self.rows.len() as u64, self.total)
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: Page) -> Step {
        if self.phase == Phase::Again {
            return self.compare_first(&page);
        }
        if let (Some(before), Some(now)) = (self.total, page.total)
            && before != now
        {
            return Step::Changed(format!("the total was {before} and is {now}"));
        }
        if self.next == self.first {
            let Some(total) = page.total else {
                return Step::Unproven("the first page states no total".to_owned());
            };
            self.total = Some(total);
            self.first_page = page.rows.iter().map(|(key, _)| key.clone()).collect();
            if total > 0 && page.rows.is_empty() {
                return Step::Unproven(format!("the total is {total}, and the first page has no row"));
            }
        }
        let total = self.total.unwrap_or_default();
        let fresh = self.add(page.rows);
        let known = self.rows.len() as u64;
        if self.conflict {
            return Step::Changed("a row came twice, and was another one the second time".to_owned());
        }
        if known > total {
            return Step::Unproven(format!("the total is {total}, and there are more rows: it is cut off"));
        }
        if self.phase == Phase::Beyond || fresh == 0 {
            // Nothing new: this page is beyond the last one, or the same as one before.
            return if known == total { self.again() } else { self.short(total, known) };
        }
        self.next += 1;
        if known == total {
            self.phase = Phase::Beyond;
        }
        Step::Ask(self.next)
    }

    /// Adds rows, and counts those that are new.
    fn add(&mut self, rows: Vec<(String, Value)>) -> usize {
        let mut fresh = 0;
        for (key, row) in rows {
            let digest: [u8; 32] = Sha256::digest(row.to_string()).into();
            match self.rows.get(&key) {
                Some(known) if *known == digest => self.repeated += 1,
                Some(_) => self.conflict = true,
                None => {
                    self.rows.insert(key, digest);
                    self.kept.push(row);
                    fresh += 1;
                }
            }
        }
        fresh
    }

    fn again(&mut self) -> Step {
        self.phase = Phase::Again;
        Step::Ask(self.first)
    }

    fn short(&self, total: u64, known: u64) -> Step {
        let twice = if self.repeated > 0 { format!(", {} came twice", self.repeated) } else { String::new() };
        Step::Changed(format!("the total is {total}, and there are {known} different rows{twice}"))
    }

    fn compare_first(&self, page: &Page) -> Step {
        if page.total != self.total {
            return Step::Changed("the total is another one than at the beginning".to_owned());
        }
        let same = page.rows.len() == self.first_page.len()
            && page.rows.iter().zip(&self.first_page).all(|((key, row), before)| {
                let digest: [u8; 32] = Sha256::digest(row.to_string()).into();
                key == before && self.rows.get(key) == Some(&digest)
            });
        if same {
            Step::Complete
        } else {
            Step::Changed("the first page is another one than at the beginning".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What a server does with a page that is asked for.
    type Server<'s> = dyn FnMut(u64) -> Page + 's;

    fn page(keys: impl IntoIterator<Item = u64>, total: Option<u64>) -> Page {
        Page { rows: keys.into_iter().map(|key| (key.to_string(), json!({ "id": key }))).collect(), total }
    }

    /// The pages of rows 0..n.
    fn honest(n: u64, size: u64) -> impl FnMut(u64) -> Page {
        move |number| page((number - 1) * size..n.min(number * size).max((number - 1) * size), Some(n))
    }

    fn walked(server: &mut Server<'_>) -> (Step, Vec<Value>, u64) {
        let mut walk = Walk::new(1);
        let mut step = walk.begin();
        let mut asked = 0;
        while let Step::Ask(number) = step {
            asked += 1;
            assert!(asked < 1000, "it never ends");
            step = walk.take(server(number));
        }
        (step, walk.into_rows(), asked)
    }

    #[test]
    fn an_honest_server_is_believed() {
        for (n, size) in [(340, 20), (340, 100), (1, 10), (10, 10), (0, 10)] {
            let (step, rows, _) = walked(&mut honest(n, size));
            assert_eq!((step, rows.len() as u64), (Step::Complete, n), "{n} by {size}");
        }
    }

    #[test]
    fn beyond_the_end_the_last_page_or_the_first_may_come_again() {
        let mut last = |number: u64| honest(340, 100)(number.min(4));
        assert_eq!(walked(&mut last).0, Step::Complete);
        let mut first = |number: u64| honest(340, 100)(if number > 4 { 1 } else { number });
        assert_eq!(walked(&mut first).0, Step::Complete);
    }

    #[test]
    fn the_total_may_be_on_the_first_page_only() {
        let mut server = |number: u64| {
            let page = honest(340, 100)(number);
            Page { total: page.total.filter(|_| number == 1), ..page }
        };
        assert_eq!(walked(&mut server).0, Step::Complete);
    }

    #[test]
    fn a_total_that_is_cut_off_proves_nothing() {
        let mut server = |number: u64| Page { total: Some(300), ..honest(340, 100)(number) };
        assert!(matches!(walked(&mut server).0, Step::Unproven(_)));
        // Even where the pages end at the number that the total is cut off at, and only the page beyond has more.
        let mut server = |number: u64| Page { total: Some(200), ..honest(340, 100)(number) };
        assert!(matches!(walked(&mut server).0, Step::Unproven(_)));
    }

    #[test]
    fn one_twice_and_one_missing_is_not_complete() {
        let mut server = |number: u64| {
            let mut page = honest(340, 100)(number);
            if number == 2 {
                page.rows[7] = ("3".to_owned(), json!({ "id": 3 }));
            }
            page
        };
        assert!(matches!(walked(&mut server).0, Step::Changed(_)));
    }

    #[test]
    fn a_row_put_in_between_pages_is_noticed() {
        let mut calls = 0;
        let mut server = |number: u64| {
            calls += 1;
            if calls <= 2 { honest(340, 100)(number) } else { honest(341, 100)(number) }
        };
        assert!(matches!(walked(&mut server).0, Step::Changed(_)));
        // One in, one out: the totals are equal.
        let mut calls = 0;
        let mut server = |number: u64| {
            calls += 1;
            if calls <= 2 {
                honest(340, 100)(number)
            } else {
                page((number - 1) * 100 + 1..=340.min(number * 100), Some(340))
            }
        };
        assert!(matches!(walked(&mut server).0, Step::Changed(_)));
    }

    #[test]
    fn no_total_and_no_rows_prove_nothing() {
        assert!(matches!(walked(&mut |_| page([1, 2], None)).0, Step::Unproven(_)));
        assert!(matches!(walked(&mut |_| page([], Some(7))).0, Step::Unproven(_)));
    }

    proptest! {
        /// Whatever pages come, a walk ends, and is complete only with as many different rows as the total says.
        #[test]
        fn complete_means_as_many_as_stated(
            pages in proptest::collection::vec((proptest::collection::vec(0_u64..30, 0..8), proptest::option::of(0_u64..30)), 1..12)
        ) {
            let (step, rows, _) = walked(&mut |number| {
                let index = usize::try_from(number - 1).unwrap() % pages.len();
                page(pages[index].0.iter().copied(), pages[index].1)
            });
            if step == Step::Complete {
                prop_assert_eq!(Some(rows.len() as u64), pages[0].1);
            }
        }
    }
}
