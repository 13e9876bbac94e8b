//! Selection of a run by what a user types.

use super::record::Entry;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("there is no run `{0}`")]
    Unknown(String),
    #[error("`{typed}` may be any of {} runs: {}", .runs.len(), list(.runs))]
    Ambiguous { typed: String, runs: Vec<String> },
}

fn list(runs: &[String]) -> String {
    match runs {
        [first, second, .., last] if runs.len() > 3 => format!("{first}, {second}, … {last}"),
        _ => runs.join(", "),
    }
}

/// Selects a run by its number, by `latest`, by `latest-1` for the one before it, or by the beginning of its
/// start time, if only one run has it.
///
/// # Errors
/// When no run matches, or more than one.
pub fn select<'a>(entries: &'a [Entry], typed: &str) -> Result<&'a Entry, SelectError> {
    let unknown = || SelectError::Unknown(typed.to_owned());
    if let Some(before) = typed.strip_prefix("latest") {
        let back =
            if before.is_empty() { Some(0) } else { before.strip_prefix('-').and_then(|n| n.parse().ok()) };
        let place = back.and_then(|back: usize| entries.len().checked_sub(back.checked_add(1)?));
        return place.and_then(|place| entries.get(place)).ok_or_else(unknown);
    }
    if let Some(entry) = entries.iter().find(|entry| typed.parse() == Ok(entry.id)) {
        return Ok(entry);
    }
    // A year alone is too vague for a time, and is most likely a mistyped number.
    let time = typed.replacen(' ', "T", 1);
    if time.len() < "2024-1".len() {
        return Err(unknown());
    }
    let begun = |entry: &&Entry| entry.run.as_ref().is_ok_and(|run| run.started.starts_with(&time));
    let found: Vec<&Entry> = entries.iter().filter(begun).collect();
    match found.as_slice() {
        [] => Err(unknown()),
        [entry] => Ok(entry),
        several => Err(SelectError::Ambiguous {
            typed: typed.to_owned(),
            runs: several.iter().map(|entry| entry.id.to_string()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::record::Run;
    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |(id, started): (u32, &str)| {
            let run = Run { id, started: started.to_owned(), ..Run::default() };
            Entry { id, path: PathBuf::new(), run: Ok(Box::new(run)) }
        };
        let mut entries: Vec<Entry> = [
            (3, "2026-11-23T02:00:00+08:00"),
            (4, "2026-11-24T02:00:00+08:00"),
            (12, "2026-11-24T14:00:00+08:00"),
        ]
        .map(entry)
        .into();
        entries.push(Entry { id: 13, path: PathBuf::new(), run: Err("cut".to_owned()) });
        entries
    }

    #[test]
    fn a_typed_text_selects_one_run() {
        let entries = entries();
        let id = |typed: &str| select(&entries, typed).map(|entry| entry.id);
        for (typed, meant) in [
            ("12", 12),
            ("000012", 12),
            ("13", 13),
            ("latest", 13),
            ("latest-1", 12),
            ("latest-3", 3),
            ("2026-11-23", 3),
            ("2026-11-24T14", 12),
            ("2026-11-24 02", 4),
        ] {
            assert_eq!(id(typed), Ok(meant), "{typed}");
        }
        for typed in ["5", "latest-4", "latest-", "latest1", "2026", "2026-12", "", "last", "latest--1"] {
            assert_eq!(id(typed), Err(SelectError::Unknown(typed.to_owned())));
        }
        assert_eq!(id("2026-11-24").unwrap_err().to_string(), "`2026-11-24` may be any of 2 runs: 4, 12");
    }
}
