//! Decoded rows → typed rows, or quarantine. Reads no files.
//!
//! Goes row by row, where the position is known. Every physical row of a file
//! ends in exactly one of four places: loaded, quarantined, structural (title,
//! header, prompt, total, note, blank), or, once the table is put together,
//! duplicate. [`Counts::holds`] is asserted in release builds.

pub mod identity;

pub mod table;

pub mod text;

pub mod name;

pub mod totals;

pub mod stated_period;

pub mod rows;

pub mod form;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::code_table::CodeTable;
use crate::contract::bind::BindError;
use crate::decode::{Cell, Row};
use crate::finding::{Finding, Rule};

/// Code tables by id.
pub type CodeTables = BTreeMap<String, CodeTable>;

/// What a normaliser knows beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub codes: &'a CodeTables,
    pub key: &'a identity::PseudonymKey,
    /// GB/T 2260 code of the city; its counties are the regions whose parent it is.
    pub city_code: &'a str,
    /// Ours, for schools under no county, so that counties and residual add up to the city.
    pub residual_code: &'a str,
}

/// Where the physical rows of a file went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub physical: u64,
    pub loaded: u64,
    pub quarantined: u64,
    pub duplicate: u64,
    pub structural: u64,
}

impl Counts {
    /// Conservation of rows: nothing is lost, nothing counted twice.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.physical == self.loaded + self.quarantined + self.duplicate + self.structural
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.physical += other.physical;
        self.loaded += other.loaded;
        self.quarantined += other.quarantined;
        self.duplicate += other.duplicate;
        self.structural += other.structural;
    }
}

/// Rows kept aside with everything that was in them, one JSON object a line. Goes to the
/// restricted quarantine only. Kept as bytes: a file may hold nothing else.
#[derive(Debug, Default)]
pub struct Rejects(Vec<u8>);

/// One line of [`Rejects`].
#[derive(Serialize)]
struct Reject<'a> {
    rule: &'a str,
    sheet: &'a str,
    row: u32,
    /// 0 when the whole row is meant.
    column: u32,
    cells: Vec<Cow<'a, str>>,
}

impl Rejects {
    /// Adds a row that `rule` keeps out.
    pub fn push(&mut self, rule: &Rule, sheet: &str, row: &Row<'_>, column: u32) {
        let cells = row.cells.iter().map(Cell::text).collect();
        let reject = Reject { rule: rule.id, sheet, row: row.number, column, cells };
        // Texts and numbers always serialise, and writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, &reject);
        self.0.push(b'\n');
    }

    #[must_use]
    pub fn into_lines(self) -> Vec<u8> {
        self.0
    }
}

/// One delivered file, normalised.
#[derive(Debug)]
pub struct Normalised {
    /// Rows of the dataset's table, with the staging columns.
    pub rows: RecordBatch,
    /// Pseudonym and person, for the identity map; no rows for datasets without people.
    pub people: Vec<Person>,
    pub rejects: Rejects,
    /// Findings without the file's name, which the file may change.
    pub findings: Vec<Finding>,
    pub counts: Counts,
    pub schools: BTreeSet<String>,
}

/// A pseudonym and who it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub key: String,
    pub id_number: String,
    pub name: String,
}

/// Why no row of a file could be used.
#[derive(Debug)]
pub enum Unusable {
    /// No sheet has a header that fits; the first rows, to see where they would.
    Header { error: BindError, head: Vec<Row<'static>> },
    /// A form without what says whose it is.
    Form(String),
    /// All rows belong to another report year.
    Period,
    /// So many identity numbers end in 000 that a spreadsheet must have rounded them: it goes
    /// unseen by the check digit in one case of eleven, and merges people.
    Mangled,
    /// A header and nothing under it: it names no school, and must not be taken for zeros.
    Empty,
}
