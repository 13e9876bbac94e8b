//! Rows without a key of their own that are equal: two payments of one amount, or one delivered twice. Nothing in
//! them shows which, so none is merged with another and persons are asked, unless a file says of a school only what
//! another file says too.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A row without a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unkeyed {
    /// Its place among all rows.
    pub index: usize,
    pub school: u32,
    pub file: usize,
    /// Equal for equal rows.
    pub digest: [u8; 16],
}

/// What is equal among rows without keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Alike {
    /// Rows of a file whose rows of the school another file has too, each as often or more often.
    pub delivered_again: BTreeSet<usize>,
    /// Equal rows that stay.
    pub groups: Vec<Vec<usize>>,
}

/// How often each row is in a file.
type Counts = HashMap<[u8; 16], usize>;

/// Compares rows of one dataset and year.
#[must_use]
pub fn compare(rows: &[Unkeyed]) -> Alike {
    let mut by_school: BTreeMap<u32, BTreeMap<usize, Counts>> = BTreeMap::new();
    for row in rows {
        let of_file = by_school.entry(row.school).or_default().entry(row.file).or_default();
        *of_file.entry(row.digest).or_default() += 1;
    }
    let repeating: BTreeSet<(u32, usize)> = by_school
        .iter()
        .filter(|(_, files)| files.len() > 1)
        .flat_map(|(school, files)| files_in_others(files).into_iter().map(|file| (*school, file)))
        .collect();
    let mut alike = Alike::default();
    let mut groups: HashMap<(u32, [u8; 16]), Vec<usize>> = HashMap::new();
    for row in rows {
        if repeating.contains(&(row.school, row.file)) {
            alike.delivered_again.insert(row.index);
        } else {
            groups.entry((row.school, row.digest)).or_default().push(row.index);
        }
    }
    alike.groups = groups.into_values().filter(|group| group.len() > 1).collect();
    alike.groups.sort_unstable();
    alike
}

/// The files all of whose rows are in another file; of equal ones, all but the first.
fn files_in_others(files: &BTreeMap<usize, Counts>) -> Vec<usize> {
    let rows = |counts: &Counts| counts.values().sum::<usize>();
    let is_in = |one: &Counts, other: &Counts| {
        one.iter().all(|(digest, times)| other.get(digest).is_some_and(|others| times <= others))
    };
    let has_other = |file: usize, counts: &Counts| {
        files.iter().any(|(&other, others)| {
            other != file && is_in(counts, others) && (rows(counts) < rows(others) || other < file)
        })
    };
    files.iter().filter(|(file, counts)| has_other(**file, counts)).map(|(file, _)| *file).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(files: &[&[u8]]) -> Vec<Unkeyed> {
        let all = files.iter().enumerate().flat_map(|(file, rows)| rows.iter().map(move |row| (file, *row)));
        let unkeyed =
            |(index, (file, row))| Unkeyed { index, school: u32::from(row / 10), file, digest: [row; 16] };
        all.enumerate().map(unkeyed).collect()
    }

    fn found(files: &[&[u8]]) -> (Vec<usize>, Vec<Vec<usize>>) {
        let Alike { delivered_again, groups } = compare(&rows(files));
        (delivered_again.into_iter().collect(), groups)
    }

    #[test]
    fn equal_rows_of_a_file_stay_and_are_named() {
        assert_eq!(found(&[&[1, 2, 1, 3, 3, 1]]), (vec![], vec![vec![0, 2, 5], vec![3, 4]]));
        // Schools are apart: 1 and 11 are of two.
        assert_eq!(found(&[&[1, 11]]), (vec![], vec![]));
    }

    #[test]
    fn what_another_file_says_too_is_delivered_again() {
        assert_eq!(found(&[&[1, 2, 2], &[2, 1, 2]]), (vec![3, 4, 5], vec![vec![1, 2]]));
        assert_eq!(found(&[&[1, 2], &[2, 1, 3]]), (vec![0, 1], vec![]));
        // Each has a row that the other lacks: the equal ones may be two things.
        assert_eq!(found(&[&[1, 2], &[1, 3]]), (vec![], vec![vec![0, 2]]));
        assert_eq!(found(&[&[1, 1], &[1, 3]]), (vec![], vec![vec![0, 1, 2]]));
    }

    proptest! {
        /// Whatever is taken out is still there as often as the file that has it most often says.
        #[test]
        fn nothing_is_lost(
            files in prop::collection::vec(prop::collection::vec(0_u8..5, 0..6), 1..4),
        ) {
            let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
            let all = rows(&files);
            let out = compare(&all).delivered_again;
            for row in 0..5_u8 {
                let times = |rows: &[u8]| rows.iter().filter(|&&other| i32::from(other) == i32::from(row)).count();
                let most = files.iter().map(|rows| times(rows)).max().unwrap_or_default();
                let left = all.iter().filter(|other| other.digest[0] == row && !out.contains(&other.index));
                prop_assert!(left.count() >= most);
            }
        }
    }
}
