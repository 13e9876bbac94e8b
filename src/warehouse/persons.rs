//! The tables of persons of a release are closed to others than the program's user and its group.
//!
//! Their rows carry pseudonyms, which are personal data all the same. Releases share unchanged files, so closing a
//! file closes it in all of them; its content never changes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::files;
use super::layout::{DataRoot, table_folder};
use super::publish::{self, PublishError};

/// The files and folders of tables of persons, in all releases, that everybody can read or enter.
///
/// # Errors
/// When a folder cannot be listed.
pub fn open_to_others(data: &DataRoot, tables: &BTreeSet<&str>) -> Result<Vec<PathBuf>, PublishError> {
    let mut open = Vec::new();
    for release in publish::releases(data)? {
        for table in tables {
            let folder = data.release(release).join(table_folder(table, None));
            find_open(&folder, &mut open).map_err(|source| PublishError::Io { path: folder, source })?;
        }
    }
    Ok(open)
}

fn find_open(path: &Path, open: &mut Vec<PathBuf>) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.is_symlink() {
        return Ok(());
    }
    if found.permissions().mode() & files::OTHERS != 0 {
        open.push(path.to_owned());
    }
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            find_open(&entry?.path(), open)?;
        }
    }
    Ok(())
}

/// Closes what earlier programs left open to everybody, and returns how many files and folders that were.
///
/// # Errors
/// When a folder cannot be listed, or a mode not changed.
pub fn close(data: &DataRoot, tables: &BTreeSet<&str>) -> Result<usize, PublishError> {
    let open = open_to_others(data, tables)?;
    for path in &open {
        files::close_to_others(path).map_err(|source| PublishError::Io { path: path.clone(), source })?;
    }
    Ok(open.len())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;
    use crate::warehouse::files::{Access, OTHERS};

    #[test]
    fn tables_of_persons_are_closed_in_every_release_and_others_stay_open() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        let file = |table: &str, release| {
            data.release(release).join(table_folder(table, Some(2024))).join(format!("{table}.parquet"))
        };
        for release in [1, 2] {
            fs::create_dir_all(file("student", release).parent().unwrap()).unwrap();
            files::write_whole(&file("course", release), b"x", Access::Open).unwrap();
            fs::write(data.release(release).join(publish::MANIFEST), "{}").unwrap();
        }
        fs::write(file("student", 1), "x").unwrap();
        fs::set_permissions(file("student", 1), Permissions::from_mode(0o664)).unwrap();
        fs::hard_link(file("student", 1), file("student", 2)).unwrap();
        let tables = BTreeSet::from(["student", "graduate"]);
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(open_to_others(&data, &tables).unwrap().len(), 6);
        close(&data, &tables).unwrap();
        assert_eq!(open_to_others(&data, &tables).unwrap(), Vec::<PathBuf>::new());
        assert_eq!((mode(file("student", 2)), mode(file("course", 1))), (0o640, 0o644));
        assert_eq!(mode(data.release(1).join("tables/student")) & OTHERS, 0);
        assert_eq!(close(&data, &tables).unwrap(), 0);
    }
}
