//! The meaning of each year's export: its columns by header text, their types and codes.
//!
//! A dataset has one contract with versions by span of report years. The
//! version is chosen by the report year of a delivery, never guessed from its
//! headers: the same headers can mean different things in two years.

pub mod fields;

pub mod header;

pub mod unit;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::definitions::code_table::{Status, folded};
use crate::definitions::predicate::Condition;
use crate::period::{ReferenceTime, ReportYear};

/// A dataset as written in `pipelines/datasets/<dataset>.toml`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the definition by itself")]
pub struct Dataset {
    /// Name of the folder below the report year.
    pub dataset: String,
    pub title_zh: String,
    /// The normalised table its rows go to.
    pub table: String,
    /// The role it has in the program itself.
    pub role: Option<Role>,
    /// Whether a row is a person: such tables are never among the flat ones.
    #[serde(default)]
    pub personal: bool,
    #[serde(default)]
    pub shape: Shape,
    /// Data classification in the bureau's words (GB/T 43697-2024).
    pub classification: String,
    /// Rows that count, as a condition; the others stay in the table with `counted = false`.
    #[serde(default = "Condition::always")]
    pub counts_when: Condition,
    /// The things that count only once, and which of several rows is taken.
    pub one_row: Option<OneRow>,
    /// The columns in which no two rows of a school are equal. Equal rows are one row delivered twice where
    /// a dataset has these, or `one_row`; elsewhere each is a thing of its own, and persons are asked about them.
    #[serde(default)]
    pub key: Vec<String>,
    /// Headers of columns that are not carried, and number the thing itself, such as 证书编号: where one is
    /// filled, the row has a key of its own.
    #[serde(default)]
    pub own_key: Vec<String>,
    /// The part of the report year that its rows describe; a title with another period refuses the file.
    #[serde(default = "september")]
    pub reference_time: ReferenceTime,
    /// Whether every school of the register must deliver it.
    #[serde(default)]
    pub every_school: bool,
    /// Whether a school delivers it once: of two deliveries that differ, one is wrong.
    #[serde(default)]
    pub one_delivery: bool,
    /// Whether a year may deliver the same rows as the year before it: registers change slowly.
    #[serde(default)]
    pub may_repeat_last_year: bool,
    /// Whether an export covers the whole city, so that a school without rows in it has none.
    #[serde(default)]
    pub whole_city: bool,
    #[serde(rename = "version")]
    pub versions: Vec<Version>,
    #[serde(rename = "column", default)]
    pub columns: Vec<Column>,
    #[serde(skip)]
    header_keys: OnceLock<header::HeaderKeys>,
}

fn september() -> ReferenceTime {
    ReferenceTime::StockAtSeptember
}

/// The role of a dataset in the program. At most one dataset has each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The list of schools with their counties: one school a row.
    Register,
    /// The printed tables as filled in by the schools themselves.
    Filing,
}

/// The shape of a dataset's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One thing a row under a header.
    #[default]
    Rows,
    /// A printed form: indicators down, years across, one school a workbook.
    Form,
}

/// A thing that counts once, however many rows describe it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OneRow {
    pub key: String,
    /// Whether it counts once at each school, not once in the city.
    #[serde(default)]
    pub per_school: bool,
    /// Conditions in order: of several rows, one that meets an earlier condition is taken.
    #[serde(default)]
    pub prefer: Vec<Condition>,
}

/// A span of report years with one layout.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    pub id: String,
    pub first_year: ReportYear,
    pub last_year: Option<ReportYear>,
    pub status: Status,
    pub source: String,
    /// Number of rows in the header; the label of a column is the lowest text in it.
    #[serde(default = "one_header_row")]
    pub header_rows: usize,
    /// Columns that are known but not carried: the landing keeps them, the tables do not.
    #[serde(default)]
    pub ignored: Vec<String>,
    /// Sheets without data that a workbook of the dataset has: 封面, 目录.
    #[serde(default)]
    pub ignored_sheets: Vec<String>,
}

fn one_header_row() -> usize {
    1
}

impl Version {
    #[must_use]
    pub fn valid_in(&self, year: ReportYear) -> bool {
        self.first_year <= year && self.last_year.is_none_or(|last| year <= last)
    }
}

/// A canonical column.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the definition by itself")]
pub struct Column {
    pub name: String,
    pub title_zh: String,
    /// Header texts that mean this column; a file may have only one of them.
    #[serde(default)]
    pub names: Vec<String>,
    /// Header texts taken when none of `names` is there.
    #[serde(default)]
    pub fallback_names: Vec<String>,
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// The report years in which it has this meaning; open by default. A column of the same name may mean
    /// something else in other years, and the same header may name another column.
    pub first_year: Option<ReportYear>,
    pub last_year: Option<ReportYear>,
    /// The code table of a `code` column.
    pub codes: Option<String>,
    #[serde(default)]
    pub required: bool,
    /// The handling of a value that cannot be read. Required columns discard the row.
    #[serde(default)]
    pub bad_value: BadValue,
    /// Whether the table carries it. Names, numbers and addresses of persons never are.
    #[serde(default = "yes")]
    pub carried: bool,
    /// For a column of codes in the register: whether it is an attribute of the school, which `dim_school`
    /// carries and by which figures are broken down.
    #[serde(default)]
    pub attribute: bool,
    /// An empty cell is a zero (as in the employment statistics).
    #[serde(default)]
    pub empty_is_zero: bool,
    /// Texts that mean "none"; [`NULLS`] by default. Never used for required columns.
    pub nulls: Option<Vec<String>>,
    /// For identity numbers: whether old ones of 15 digits are allowed; no pupil has one.
    #[serde(default)]
    pub fifteen_digits: bool,
    /// For identity numbers: the column with the kind of document.
    pub id_type: Option<String>,
    /// For majors: the column with the month of entry, which decides the catalogue.
    pub entry: Option<String>,
    /// For months: whether none can be later than the report year. A file with mostly later months belongs to
    /// another year, whatever year it was delivered for.
    #[serde(default)]
    pub not_after_report_year: bool,
    /// The unit of the table's numbers. Numbers in another unit of the same kind are converted.
    pub unit: Option<String>,
    /// Whether its header, or the line 单位： above it, must state a unit: 元 and 万元 look alike.
    #[serde(default)]
    pub states_unit: bool,
    pub source: Option<String>,
}

fn yes() -> bool {
    true
}

/// Texts that people write into a cell that does not apply, compared as codes are.
pub const NULLS: [&str; 6] = ["无", "/", "-", "--", "NULL", "N/A"];

impl Column {
    #[must_use]
    pub fn valid_in(&self, year: ReportYear) -> bool {
        self.first_year.is_none_or(|first| first <= year) && self.last_year.is_none_or(|last| year <= last)
    }

    /// Whether one table can carry both in the same columns.
    fn fits(&self, other: &Column) -> bool {
        let stored = |column: &Column| match column.kind {
            ColumnType::Code | ColumnType::SchoolCode | ColumnType::YearMonth => ColumnType::Text,
            kind => kind,
        };
        !(self.carried && other.carried) || stored(self) == stored(other) && self.unit == other.unit
    }

    fn overlaps(&self, other: &Column) -> bool {
        let first = |column: &Column| column.first_year.unwrap_or(ReportYear::MIN);
        let last = |column: &Column| column.last_year.unwrap_or(ReportYear::MAX);
        first(self).max(first(other)) <= last(self).min(last(other))
    }

    /// The unit of its numbers, where other units can be converted to it.
    #[must_use]
    pub fn convertible(&self) -> Option<unit::Unit> {
        let is_number = matches!(self.kind, ColumnType::Integer | ColumnType::Decimal);
        self.unit.as_deref().filter(|_| is_number).and_then(unit::Unit::named)
    }

    /// Whether its table has three times each number beside it, as the number itself may be rounded.
    #[must_use]
    pub fn has_thirds(&self) -> bool {
        self.kind == ColumnType::Decimal && self.convertible().is_some_and(unit::Unit::has_thirds)
    }

    /// Whether a text that is not a value of this column means "none". Where an empty cell is a zero, a dash
    /// does not.
    #[must_use]
    pub fn says_none(&self, text: &str) -> bool {
        if self.required || self.empty_is_zero {
            return false;
        }
        let text = folded(text);
        match &self.nulls {
            Some(nulls) => nulls.iter().any(|null| folded(null) == text),
            None => NULLS.contains(&text.as_str()),
        }
    }
}

/// The handling of a row whose value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadValue {
    /// The cell becomes empty, with a finding; the row stays.
    #[default]
    DiscardValue,
    /// The row goes to quarantine.
    DiscardRow,
}

/// The type of a column, which decides how its text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text as delivered, trimmed.
    Text,
    /// 学校标识码, ten digits.
    SchoolCode,
    /// An identity number: becomes a pseudonym, and a column `id_kind` beside it.
    IdNumber,
    /// A person's name: compared, kept in the identity map, never carried.
    PersonName,
    Code,
    /// A birth date: only its year is carried.
    BirthDate,
    /// `2024-09`.
    YearMonth,
    Integer,
    Decimal,
    /// A county of the city; what lies above a county becomes the residual.
    Region,
    /// A major by code or title, in the catalogue of the year of entry: `major_code` and `major_class`.
    Major,
    /// 学籍号: compared with the identity number, never carried.
    RegistrationNumber,
    /// The report year the row belongs to; another year is a fault.
    ReportYear,
}

impl Dataset {
    /// The version for one report year.
    #[must_use]
    pub fn version(&self, year: ReportYear) -> Option<&Version> {
        self.versions.iter().find(|version| version.valid_in(year))
    }

    /// The contract of one report year: its version, and its columns.
    #[must_use]
    pub fn in_year(&self, year: ReportYear) -> Cow<'_, Dataset> {
        let is_whole = self.columns.iter().all(|column| column.valid_in(year))
            && self.versions.iter().all(|version| version.valid_in(year));
        if is_whole {
            return Cow::Borrowed(self);
        }
        let mut of_year = self.clone();
        of_year.columns.retain(|column| column.valid_in(year));
        of_year.versions.retain(|version| version.valid_in(year));
        of_year.header_keys = OnceLock::new();
        Cow::Owned(of_year)
    }

    /// Whether each of its rows has a key, so that equal rows are one row delivered twice.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.one_row.is_some() || !self.key.is_empty()
    }

    /// The code tables of its columns.
    #[must_use]
    pub fn code_tables(&self) -> BTreeSet<&str> {
        let by_type = |kind: ColumnType| match kind {
            ColumnType::Major => Some("major"),
            ColumnType::Region => Some("region"),
            ColumnType::IdNumber => Some("id_type"),
            _ => None,
        };
        let named = self.columns.iter().filter_map(|column| column.codes.as_deref());
        named.chain(self.columns.iter().filter_map(|column| by_type(column.kind))).collect()
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    #[must_use]
    pub fn column_of_type(&self, kind: ColumnType) -> Option<&Column> {
        self.columns.iter().find(|column| column.kind == kind)
    }

    /// The faults of the contract by itself, one sentence each.
    #[must_use]
    pub fn faults(&self, code_tables: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen: HashMap<String, Vec<&Column>> = HashMap::new();
        for (index, column) in self.columns.iter().enumerate() {
            for other in self.columns[..index].iter().filter(|other| other.name == column.name) {
                if other.overlaps(column) {
                    faults.push(format!("column `{}` is defined twice for the same years", column.name));
                } else if !other.fits(column) {
                    let message = "is of another type or unit in other years, which no table can carry";
                    faults.push(format!("column `{}` {message}", column.name));
                }
            }
            for name in column.names.iter().chain(&column.fallback_names) {
                let named = seen.entry(header::header_key(name)).or_default();
                let other = named.iter().find(|other| other.name != column.name && other.overlaps(column));
                if let Some(other) = other {
                    let message =
                        format!("header `{name}` means both `{}` and `{}`", other.name, column.name);
                    faults.push(message);
                }
                named.push(column);
            }
            match (&column.codes, column.kind) {
                (Some(id), _) if !code_tables(id) => {
                    faults.push(format!("column `{}`: there is no code table `{id}`", column.name));
                }
                (None, ColumnType::Code) => {
                    faults.push(format!("column `{}` is a code and names no `codes`", column.name));
                }
                _ => {}
            }
            if column.states_unit && column.convertible().is_none() {
                faults.push(format!(
                    "column `{}` must state its unit, and has no number with a `unit` that converts",
                    column.name
                ));
            }
            if column.required && column.nulls.is_some() {
                faults.push(format!("column `{}` is required and has `nulls`", column.name));
            }
            for other in column.id_type.iter().chain(&column.entry) {
                if self.column(other).is_none() {
                    faults.push(format!("column `{}`: there is no column `{other}`", column.name));
                }
            }
        }
        for (index, version) in self.versions.iter().enumerate() {
            for other in &self.versions[index + 1..] {
                let last = version.last_year.unwrap_or(i32::MAX).min(other.last_year.unwrap_or(i32::MAX));
                if version.first_year.max(other.first_year) <= last {
                    faults.push(format!("versions `{}` and `{}` overlap", version.id, other.id));
                }
            }
        }
        for name in self.key.iter().filter(|name| self.column(name).is_none_or(|column| !column.carried)) {
            faults.push(format!("key: there is no carried column `{name}`"));
        }
        let is_known = |name: &&String| self.versions.iter().any(|version| version.ignored.contains(name));
        for name in self.own_key.iter().filter(|name| !is_known(name)) {
            faults.push(format!("own_key: `{name}` is not among the `ignored` headers"));
        }
        if let Err(error) = self.counts_when.predicate() {
            faults.push(format!("counts_when: {error}"));
        }
        for condition in self.one_row.iter().flat_map(|rule| &rule.prefer) {
            if let Err(error) = condition.predicate() {
                faults.push(format!("prefer: {error}"));
            }
        }
        if self.column_of_type(ColumnType::IdNumber).is_some() && !self.personal {
            faults.push("has a column of type `id_number`, and is not `personal`".to_owned());
        }
        if (self.role == Some(Role::Filing)) != (self.shape == Shape::Form) {
            faults.push("a dataset of the role `filing` is of the shape `form`, and no other is".to_owned());
        }
        if self.role != Some(Role::Register) && self.columns.iter().any(|column| column.attribute) {
            faults.push("only the register has attributes of schools".to_owned());
        }
        if self.shape == Shape::Rows && self.column_of_type(ColumnType::SchoolCode).is_none() {
            faults.push("there is no column of type `school_code`".to_owned());
        }
        faults
    }
}
