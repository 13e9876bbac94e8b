//! The paths under the data root. They are built nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use crate::period::ReportYear;

const SCRATCH: &str = "plan-";

/// The folder of all tables in a release.
pub const TABLES: &str = "tables";

/// The data root.
#[derive(Debug, Clone)]
pub struct DataRoot(PathBuf);

impl DataRoot {
    #[must_use]
    pub fn new(path: &Path) -> Self {
        DataRoot(path.to_owned())
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Delivered bytes by hash. Restricted.
    #[must_use]
    pub fn landing(&self, sha256: &str) -> PathBuf {
        self.0.join("landing").join(&sha256[..2]).join(sha256)
    }

    /// The pseudonym key. Restricted.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.0.join("identity/pseudonym.key")
    }

    /// Pseudonyms and persons of a normalised file. Restricted.
    #[must_use]
    pub fn people(&self, fragment: &str) -> PathBuf {
        self.0.join("identity/people").join(format!("{fragment}.jsonl"))
    }

    /// Rejected rows of a normalised file, as delivered. Restricted.
    #[must_use]
    pub fn rejects(&self, fragment: &str) -> PathBuf {
        self.0.join("quarantine/rows").join(format!("{fragment}.jsonl"))
    }

    /// The corrected cells of a row, named by a keyed digest of them. Restricted.
    #[must_use]
    pub fn correction(&self, digest: &str) -> PathBuf {
        self.0.join("quarantine/corrections").join(format!("{digest}.json"))
    }

    /// The correction sheets of a year, for the schools. Restricted: they contain the rows as delivered.
    #[must_use]
    pub fn correction_sheets(&self, year: ReportYear) -> PathBuf {
        self.all_correction_sheets().join(year.to_string())
    }

    /// The correction sheets of all years.
    #[must_use]
    pub fn all_correction_sheets(&self) -> PathBuf {
        self.0.join("quarantine/sheets")
    }

    /// The folder of a normalised file.
    #[must_use]
    pub fn fragment(&self, fragment: &str) -> PathBuf {
        self.0.join("staging/fragments").join(&fragment[..2]).join(fragment)
    }

    /// The folder in which a run puts its release together.
    #[must_use]
    pub fn staged_release(&self) -> PathBuf {
        self.0.join("staging/release")
    }

    /// The folder in which a plan computes figures, and which runs leave alone. Without a data root it is
    /// next to the data root's place.
    #[must_use]
    pub fn scratch(&self, process: u32) -> PathBuf {
        let name = format!("{SCRATCH}{process}");
        if self.exists() { self.0.join("staging").join(name) } else { self.sibling(&name) }
    }

    /// Folders of plans, with their process ids.
    #[must_use]
    pub fn scratches(&self) -> Vec<(PathBuf, u32)> {
        let entries = fs::read_dir(self.0.join("staging")).into_iter().flatten().filter_map(Result::ok);
        let of_plan = |entry: fs::DirEntry| {
            let name = entry.file_name();
            Some((entry.path(), name.to_str()?.strip_prefix(SCRATCH)?.parse().ok()?))
        };
        entries.filter_map(of_plan).collect()
    }

    fn sibling(&self, name: &str) -> PathBuf {
        let root = self.0.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.0.with_file_name(format!("{root}.{name}"))
    }

    /// The file of a year of a table, in a release that was put together and held back.
    #[must_use]
    pub fn staged_table(&self, table: &str, year: ReportYear) -> Option<PathBuf> {
        let folder = self.staged_release().join(table_folder(table, Some(year)));
        let mut files = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
        files.find(|path| path.extension().is_some_and(|extension| extension == "parquet"))
    }

    /// The years of such a release.
    #[must_use]
    pub fn staged_years(&self) -> Vec<ReportYear> {
        let folder = self.staged_release().join(table_folder("report_cell", None));
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let year = |entry: fs::DirEntry| {
            entry.file_name().to_str()?.strip_prefix("report_year=")?.parse::<ReportYear>().ok()
        };
        let mut years: Vec<ReportYear> = entries.filter_map(year).collect();
        years.sort_unstable();
        years
    }

    #[must_use]
    pub fn warehouse(&self) -> PathBuf {
        self.0.join("warehouse")
    }

    #[must_use]
    pub fn releases(&self) -> PathBuf {
        self.warehouse().join("releases")
    }

    #[must_use]
    pub fn release(&self, number: u32) -> PathBuf {
        self.releases().join(release_name(number))
    }

    /// The only file of the warehouse that ever changes.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.warehouse().join("CURRENT.json")
    }

    #[must_use]
    pub fn reports(&self, year: ReportYear) -> PathBuf {
        self.all_reports().join(year.to_string())
    }

    /// The documents of all years.
    #[must_use]
    pub fn all_reports(&self) -> PathBuf {
        self.0.join("reports")
    }

    /// The release that the documents in `reports/` were written from.
    #[must_use]
    pub fn reported_release(&self) -> PathBuf {
        self.all_reports().join(".release")
    }

    /// The register of documents as written, so that nothing that a person filled in is replaced.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.0.join("ledger/documents.json")
    }

    /// Whether there is a data root: only a run with deliveries makes one.
    #[must_use]
    pub fn exists(&self) -> bool {
        ["ledger", "warehouse"].iter().any(|name| self.0.join(name).is_dir())
    }

    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.0.join("ledger/lock")
    }

    /// Decisions of named persons, one file each.
    #[must_use]
    pub fn overrides(&self) -> PathBuf {
        self.0.join("ledger/overrides")
    }

    /// Signatures for years, and freezes, one file each.
    #[must_use]
    pub fn signatures(&self) -> PathBuf {
        self.0.join("ledger/signatures")
    }

    /// The format of the data root, and the place for which its file system was tested.
    #[must_use]
    pub fn format(&self) -> PathBuf {
        self.0.join("ledger/format.json")
    }

    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.0.join("ledger/runs")
    }

    /// Sizes and times of files seen, so that a run without changes only lists them.
    #[must_use]
    pub fn seen(&self) -> PathBuf {
        self.0.join("ledger/seen.json")
    }

    /// What was pulled from sources, in the layout of a drop folder. Restricted.
    #[must_use]
    pub fn pulled(&self) -> PathBuf {
        self.0.join("pulled/files")
    }

    /// What is known of sources and of each pull. Restricted.
    #[must_use]
    pub fn pull_state(&self) -> PathBuf {
        self.0.join("pulled/state")
    }

    /// The folders with personal data.
    #[must_use]
    pub fn restricted(&self) -> [PathBuf; 5] {
        ["landing", "identity", "quarantine", "staging", "pulled"].map(|name| self.0.join(name))
    }
}

/// `000017`.
#[must_use]
pub fn release_name(number: u32) -> String {
    format!("{number:06}")
}

/// A table's file inside a release. Its name has the hash of its content, so that a careless
/// reader of two releases gets an error at worst, never a mixture.
#[must_use]
pub fn table_file(table: &str, year: Option<ReportYear>, sha256: &str) -> PathBuf {
    table_folder(table, year).join(format!("{table}-{}.parquet", &sha256[..16]))
}

/// Whether a file of a release, by its path in the release, is of a certain year.
#[must_use]
pub fn is_of_year(path: &str, year: ReportYear) -> bool {
    path.contains(&format!("/report_year={year}/"))
}

/// The folder of a table inside a release; the folder of a year, where the table has years.
#[must_use]
pub fn table_folder(table: &str, year: Option<ReportYear>) -> PathBuf {
    let folder = Path::new(TABLES).join(table);
    match year {
        Some(year) => folder.join(format!("report_year={year}")),
        None => folder,
    }
}

/// The single file of a table, for readers that take one path.
#[must_use]
pub fn flat_file(table: &str) -> PathBuf {
    Path::new("flat").join(format!("{table}.parquet"))
}
