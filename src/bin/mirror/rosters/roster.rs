//! What the rosters of students, graduates and staff have in common.

use crate::city::people::{Document, Person};
use crate::city::schools::{SCHOOLS, School};
use crate::faults::{Deck, Fault, Outcome};
use crate::numbers::rng::Rng;
use crate::sheets::sheet::Mark;

/// Somebody in a roster; the record is what the dataset keeps of them.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub person: Person,
    pub record: T,
    pub fault: Option<Fault>,
}

impl<T> Entry<T> {
    pub fn new(person: Person, record: T) -> Self {
        Self { person, record, fault: None }
    }

    /// Whether the row belongs to the totals: a query does not take it out of them.
    pub fn counts(&self) -> bool {
        self.fault.is_none_or(|fault| fault.outcome() == Outcome::Query)
    }

    pub fn is_ordinary(&self) -> bool {
        self.fault.is_none() && matches!(self.person.document, Document::Resident(_))
    }

    pub fn mark(&self) -> Mark {
        self.fault.map_or(Mark::Sound, Mark::Planted)
    }
}

/// A school's rows of one dataset and year, but for those that repeat another.
#[derive(Debug, Clone)]
pub struct Roster<T> {
    pub entries: Vec<Entry<T>>,
    pub duplicates: usize,
}

impl<T> Default for Roster<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), duplicates: 0 }
    }
}

impl<T: Clone> Roster<T> {
    /// Plants `faults` among entries that are all sound. Rows on top of those that count are
    /// somebody new, with the record of someone there.
    pub fn with_faults<'a>(
        mut entries: Vec<Entry<T>>,
        faults: impl Iterator<Item = &'a Fault>,
        rng: &mut Rng,
        mut new_person: impl FnMut(&T, &mut Rng) -> Person,
    ) -> Self {
        let mut duplicates = 0;
        for &fault in faults {
            match fault {
                _ if entries.is_empty() => {}
                Fault::DuplicateRow => duplicates += 1,
                Fault::CheckDigitWrong => spoil_check_digit(&mut entries, rng),
                _ => {
                    let record = entries[rng.below(entries.len())].record.clone();
                    let mut entry = Entry::new(new_person(&record, rng), record);
                    entry.fault = Some(fault);
                    entries.insert(rng.below(entries.len() + 1), entry);
                }
            }
        }
        Self { entries, duplicates }
    }

    /// The entries that belong to the totals.
    pub fn counted(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.iter().filter(|entry| entry.counts())
    }
}

fn spoil_check_digit<T>(entries: &mut [Entry<T>], rng: &mut Rng) {
    let mut ordinary: Vec<&mut Entry<T>> = entries.iter_mut().filter(|e| e.is_ordinary()).collect();
    if !ordinary.is_empty() {
        let index = rng.below(ordinary.len());
        ordinary[index].fault = Some(Fault::CheckDigitWrong);
    }
}

/// Deals a deck once for each copy of the city, each fault to a school; a school for which
/// `own_deck` answers gets exactly that.
pub fn deal(
    schools: &[School],
    deck: Deck,
    rng: &mut Rng,
    own_deck: impl Fn(&School) -> Option<Deck>,
) -> Vec<Vec<Fault>> {
    let mut dealt: Vec<Vec<Fault>> =
        schools.iter().map(|school| own_deck(school).map(flatten).unwrap_or_default()).collect();
    for copy in schools.chunks(SCHOOLS) {
        let takers: Vec<&School> = copy.iter().filter(|s| own_deck(s).is_none()).collect();
        for fault in flatten(deck) {
            let school = rng.pick(&takers);
            dealt[school.copy * SCHOOLS + school.base].push(fault);
        }
    }
    dealt
}

fn flatten(deck: Deck) -> Vec<Fault> {
    deck.iter().flat_map(|&(fault, count)| std::iter::repeat_n(fault, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::schools::{BIFF8_SCHOOL, schools};

    #[test]
    fn every_card_is_dealt_once_a_copy() {
        let schools = schools(2);
        let mut rng = Rng::stream(1, "deal", 0);
        let deck: Deck = &[(Fault::IdBlank, 30), (Fault::OnLeave, 4)];
        let own: Deck = &[(Fault::IdShort, 1)];
        let dealt = deal(&schools, deck, &mut rng, |s| s.is_biff8().then_some(own));
        let first: usize = dealt[..SCHOOLS].iter().map(Vec::len).sum();
        assert_eq!(first, 35);
        assert_eq!(dealt[BIFF8_SCHOOL], [Fault::IdShort]);
        assert_eq!(dealt[SCHOOLS..].iter().map(Vec::len).sum::<usize>(), 34);
    }
}
