//! Files that a platform lists.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::definition::{Ask, Files, Pull};
use super::failure::{Cause, Failure};
use super::paged::{Progress, Pulled};
use super::records;
use super::session::Session;
use super::store::{KeptFile, PullState, Store};
use super::template::Variables;
use crate::period::ReportYear;

/// How long a file that is listed and not there yet is waited for.
const NOT_THERE_YET: [u64; 5] = [1, 2, 5, 10, 20];

/// A file as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub url: String,
    pub name: String,
    pub size: Option<u64>,
    pub sha256: Option<String>,
}

/// Pulls a year.
///
/// # Errors
/// Every class of failure.
pub async fn pull(
    session: &Session<'_>,
    pull: &Pull,
    (list, files): (&Ask, &Files),
    year: ReportYear,
    before: &PullState,
    store: &Store<'_>,
    progress: Progress<'_>,
) -> Result<Pulled, Failure> {
    let variables = Variables::from([("year".to_owned(), year.to_string())]);
    let offered = offered(files, &session.ask(list, &variables).await?)?;
    if offered.is_empty() && !pull.may_be_empty {
        return Err(Failure::harmful(format!("the platform lists no files of {year}")));
    }
    let pulled = fetch_all(session, &offered, before, store, progress).await?;
    // The same list again: nothing came or went while the files were fetched.
    let again = self::offered(files, &session.ask(list, &variables).await?)?;
    let names = |list: &[Offered]| -> Vec<(String, Option<u64>, Option<String>)> {
        list.iter().map(|file| (file.name.clone(), file.size, file.sha256.clone())).collect()
    };
    if names(&offered) == names(&again) {
        Ok(pulled)
    } else {
        Err(Failure::unproven("the list of files changed while they were fetched"))
    }
}

/// The files that an answer lists, in the order of their names.
///
/// # Errors
/// Where there is no list, or a file has no address or name, or two have one name.
pub fn offered(files: &Files, value: &Value) -> Result<Vec<Offered>, Failure> {
    let list = files.rows.list(value).ok_or_else(|| Failure::unproven("an answer has no list of files"))?;
    let file = |row: &Value| {
        Some(Offered {
            url: files.url.text(row).filter(|url| !url.is_empty())?,
            name: files.name.text(row).filter(|name| !name.is_empty())?,
            size: files.size.as_ref().and_then(|path| path.count(row)),
            sha256: files
                .sha256
                .as_ref()
                .and_then(|path| path.text(row))
                .map(|hash| hash.to_ascii_lowercase()),
        })
    };
    let mut found: Vec<Offered> = list
        .iter()
        .map(|row| file(row).ok_or_else(|| Failure::unproven("a listed file has no address or no name")))
        .collect::<Result<_, _>>()?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.windows(2).any(|pair| pair[0].name == pair[1].name) {
        return Err(Failure::unproven("two listed files have one name"));
    }
    Ok(found)
}

/// Fetches files, each proven by length or hash.
///
/// # Errors
/// Every class of failure.
pub async fn fetch_all(
    session: &Session<'_>,
    offered: &[Offered],
    before: &PullState,
    store: &Store<'_>,
    progress: Progress<'_>,
) -> Result<Pulled, Failure> {
    let mut bytes = BTreeMap::new();
    let mut kept = Vec::new();
    for (index, file) in offered.iter().enumerate() {
        let known = before.files.iter().find(|known| known.label == file.name);
        let (found, validators) = fetch(session, file, known, store).await?;
        let sha256 = records::identity(&found);
        // A name from outside is a label; the file is called by its content, with an ending that says what it is.
        let name = format!("{index:03}-{}{}", &sha256[..16], ending(&file.name));
        kept.push(KeptFile {
            file: name.clone(),
            sha256,
            label: file.name.clone(),
            etag: validators.0,
            last_modified: validators.1,
        });
        bytes.insert(name, found);
        progress(index as u64 + 1, Some(offered.len() as u64));
    }
    let all: String = kept.iter().map(|file| format!("{} {}\n", file.sha256, file.label)).collect();
    let identity = records::identity(all.as_bytes());
    Ok(Pulled {
        state: PullState { identity, files: kept, ..PullState::default() },
        bytes,
        answers: Vec::new(),
    })
}

type Validators = (String, String);

async fn fetch(
    session: &Session<'_>,
    file: &Offered,
    known: Option<&KeptFile>,
    store: &Store<'_>,
) -> Result<(Vec<u8>, Validators), Failure> {
    // What is known is only as good as the bytes that are still there.
    let held = known.and_then(|known| (store.archived)(&known.sha256).map(|bytes| (known, bytes)));
    if let (Some((known, bytes)), Some(listed)) = (&held, &file.sha256)
        && known.sha256 == *listed
    {
        return Ok((bytes.clone(), (known.etag.clone(), known.last_modified.clone())));
    }
    let mut conditions = Vec::new();
    if let Some((known, _)) = &held {
        if !known.etag.is_empty() {
            conditions.push(("if-none-match".to_owned(), known.etag.clone()));
        } else if !known.last_modified.is_empty() {
            conditions.push(("if-modified-since".to_owned(), known.last_modified.clone()));
        }
    }
    let mut waits = NOT_THERE_YET.iter();
    let answer = loop {
        match session.fetch(&file.url, &conditions).await {
            Err(failure) if failure.cause == Some(Cause::Status(404)) => {
                let Some(&seconds) = waits.next() else { return Err(failure) };
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            answer => break answer?,
        }
    };
    let text = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    let validators = (text("etag"), text("last-modified"));
    if answer.status == 304 {
        let held =
            held.ok_or_else(|| Failure::unproven("unchanged, says the platform, of what is not there"))?;
        check(file, &held.1, true)?;
        return Ok((held.1, (held.0.etag.clone(), held.0.last_modified.clone())));
    }
    check(file, &answer.body, answer.is_framed)?;
    Ok((answer.body, validators))
}

/// Whether the bytes are those of the file that was listed.
fn check(file: &Offered, bytes: &[u8], is_framed: bool) -> Result<(), Failure> {
    if let Some(size) = file.size
        && size != bytes.len() as u64
    {
        return Err(Failure::unproven(format!("a file of {size} bytes is listed, {} came", bytes.len())));
    }
    if let Some(listed) = &file.sha256
        && *listed != hex::encode(Sha256::digest(bytes))
    {
        return Err(Failure::unproven("a file has another SHA-256 than is listed"));
    }
    if file.size.is_none() && file.sha256.is_none() && !is_framed {
        return Err(Failure::unproven("nothing says how long a file is"));
    }
    if bytes.is_empty() {
        return Err(Failure::unproven("a file is empty"));
    }
    Ok(())
}

/// The ending of a name, where it is one of a data file.
fn ending(name: &str) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let known = ["csv", "txt", "xls", "xlsx", "json", "zip", "html", "htm"];
    if known.contains(&ending.as_str()) { format!(".{ending}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::failure::FailureClass;
    use super::*;

    fn files() -> Files {
        toml::from_str("rows = 'files'\nurl = 'url'\nname = 'name'\nsize = 'size'\nsha256 = 'hash'").unwrap()
    }

    #[test]
    fn a_list_is_in_the_order_of_names_and_names_are_different() {
        let list = json!({"files": [{"url": "/b", "name": "b.csv", "size": "1,024"}, {"url": "/a", "name": "a.csv", "hash": "AB"}]});
        let found = offered(&files(), &list).unwrap();
        assert_eq!(found.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.csv", "b.csv"]);
        assert_eq!((found[1].size, found[0].sha256.as_deref()), (Some(1024), Some("ab")));
        for list in [
            json!({}),
            json!({"files": [{"url": "/a"}]}),
            json!({"files": [{"url": "/a", "name": "a"}, {"url": "/b", "name": "a"}]}),
        ] {
            assert_eq!(offered(&files(), &list).unwrap_err().class, FailureClass::Unproven);
        }
    }

    #[test]
    fn bytes_are_held_against_the_list() {
        let file = |size: Option<u64>, sha256: Option<&str>| Offered {
            url: String::new(),
            name: String::new(),
            size,
            sha256: sha256.map(str::to_owned),
        };
        let hash = hex::encode(Sha256::digest(b"abc"));
        assert!(check(&file(Some(3), Some(&hash)), b"abc", false).is_ok());
        assert!(check(&file(Some(4), None), b"abc", true).is_err());
        assert!(check(&file(None, Some(&hash)), b"abd", true).is_err());
        assert!(check(&file(None, None), b"abc", false).is_err());
        assert!(check(&file(None, None), b"abc", true).is_ok());
        assert!(check(&file(None, None), b"", true).is_err());
    }

    #[test]
    fn a_name_from_outside_gives_an_ending_and_nothing_else() {
        assert_eq!(ending("../../etc/cron.d/x.csv"), ".csv");
        assert_eq!(ending("x.sh"), "");
        assert_eq!(ending("学生.XLSX"), ".xlsx");
    }
}
