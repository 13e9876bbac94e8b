//! The definitions of `pipelines/`: codes, conditions, contracts, printed tables, indicators, relations.
//!
//! - [`code_table`], [`predicate`]: codes with the years they are valid in, and conditions on rows.
//! - [`contract`]: what each year's export of a dataset means.
//! - [`layout`]: each year's printed tables.
//! - [`indicator`]: what is counted, and how it adds up.
//! - [`relation`]: relations that printed figures must satisfy.
//! - [`source`]: the files; [`reader`]: reads and checks them all together.

pub mod code_table;

pub mod predicate;

pub mod contract;

pub mod layout;

pub mod indicator;

pub mod relation;

pub mod source;

pub mod reader;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::period::ReportYear;
use code_table::{CodeTable, CodeTables};
use contract::fields::table_columns;
use contract::{Column, Dataset, Role, Shape};
use indicator::Indicator;
use layout::Layout;
use relation::{AuditDefinitions, Partition, RelationDefinition};

pub use reader::load;
pub use source::{DefinitionFile, Fault, embedded, only_city, read_folder};

/// All definitions, checked for consistency.
#[derive(Debug)]
pub struct Definitions {
    pub codes: CodeTables,
    pub datasets: Vec<Dataset>,
    pub indicators: Vec<Indicator>,
    pub layouts: Vec<Layout>,
    pub partitions: Vec<Partition>,
    pub audit: AuditDefinitions,
    /// SHA-256 over names and contents of all files.
    pub digest: String,
    /// SHA-256 of each file without its comments, by its name below the folder: `codes/sex.toml`.
    contents: BTreeMap<String, String>,
    /// The file of each code table.
    code_files: BTreeMap<String, String>,
    /// The files of each year's layout: its own, and those of the layouts it extends.
    layout_files: BTreeMap<ReportYear, Vec<String>>,
}

impl Definitions {
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.dataset == name)
    }

    /// The dataset with this role.
    #[must_use]
    pub fn of_role(&self, role: Role) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.role == Some(role))
    }

    /// The table of the dataset with this role; empty where there is none.
    #[must_use]
    pub fn table_of_role(&self, role: Role) -> &str {
        self.of_role(role).map_or("", |dataset| &dataset.table)
    }

    /// The attributes of schools, in the register's order.
    pub fn school_attributes(&self) -> impl Iterator<Item = &Column> {
        let columns = self.of_role(Role::Register).into_iter().flat_map(table_columns);
        columns.filter(|column| column.attribute)
    }

    /// Provinces, cities and counties (GB/T 2260).
    #[must_use]
    pub fn regions(&self) -> Option<&CodeTable> {
        self.codes.get("region")
    }

    /// Names of all regions of a year by code, with that of the residual, for schools under no county.
    #[must_use]
    pub fn region_names(&self, year: ReportYear, residual: (&str, &str)) -> BTreeMap<String, String> {
        let codes = self.regions().map(CodeTable::codes).unwrap_or_default();
        let valid = codes.iter().filter(|code| code.valid_in(year));
        let names = valid.map(|code| (code.code.clone(), code.label.clone()));
        names.chain([(residual.0.to_owned(), residual.1.to_owned())]).collect()
    }

    /// The name of a region in a year; its code where the name is unknown.
    #[must_use]
    pub fn region_name<'r>(&'r self, code: &'r str, year: ReportYear) -> &'r str {
        let region = self.regions().and_then(|regions| regions.look_up_any_year(code, year));
        region.map_or(code, |region| &region.label)
    }

    /// The tables with a row for each person.
    #[must_use]
    pub fn tables_of_persons(&self) -> BTreeSet<&str> {
        let personal = self.datasets.iter().filter(|dataset| dataset.personal);
        personal.map(|dataset| dataset.table.as_str()).collect()
    }

    #[must_use]
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.id == id)
    }

    #[must_use]
    pub fn layout(&self, year: ReportYear) -> Option<&Layout> {
        self.layouts.iter().find(|layout| layout.year == year)
    }

    /// SHA-256 over what decides how a dataset's rows of a year are read: the contract of that year,
    /// its code tables and, for a form, the layout with those it extends.
    #[must_use]
    pub fn contract_digest(&self, dataset: &Dataset, year: ReportYear) -> String {
        let mut lines = vec![contract_content(dataset, year)];
        let of_year = dataset.in_year(year);
        lines.extend(of_year.code_tables().into_iter().map(|table| self.content(self.code_files.get(table))));
        if dataset.shape == Shape::Form {
            let layout = self.layout_files.get(&year).into_iter().flatten();
            lines.push(layout.map(|file| self.content(Some(file))).collect());
        }
        hex::encode(Sha256::digest(lines.join("\n")))
    }

    /// The definitions that a year depends on, by file, each with its SHA-256: contracts in the year's
    /// version, the code tables of the datasets that were delivered, the layouts that it prints with those
    /// that they extend, and all indicators and relations.
    #[must_use]
    pub fn read_by(&self, year: ReportYear, delivered: &BTreeSet<&str>) -> BTreeMap<String, String> {
        /// Needed for the dimensions and the rows of printed tables, whatever was delivered.
        const ALWAYS: [&str; 3] = ["region", "major", "major_class"];
        let mut read: BTreeMap<String, String> = BTreeMap::new();
        let mut tables: BTreeSet<&str> = ALWAYS.into_iter().collect();
        for dataset in &self.datasets {
            read.insert(format!("datasets/{}.toml", dataset.dataset), contract_content(dataset, year));
            if delivered.contains(dataset.dataset.as_str()) {
                tables.extend(dataset.columns.iter().filter_map(|column| column.codes.as_deref()));
                tables.extend(dataset.code_tables());
            }
        }
        tables.extend(self.audit.relations.iter().flat_map(RelationDefinition::code_tables));
        let mut files: BTreeSet<&String> =
            tables.into_iter().filter_map(|table| self.code_files.get(table)).collect();
        let shared =
            |file: &&String| ["indicators/", "checks/", "audit/"].iter().any(|at| file.starts_with(at));
        files.extend(self.contents.keys().filter(shared));
        let layouts = self.layout_files.range(year - self.earlier_years(year)..=year);
        files.extend(layouts.flat_map(|(_, files)| files));
        read.extend(files.into_iter().map(|file| (file.clone(), self.content(Some(file)))));
        read
    }

    fn content(&self, file: Option<&String>) -> String {
        file.and_then(|file| self.contents.get(file)).cloned().unwrap_or_default()
    }

    /// How many earlier years a year's report prints; last year's filings are compared in any case.
    #[must_use]
    pub fn earlier_years(&self, year: ReportYear) -> ReportYear {
        self.layout(year).map_or(1, Layout::earlier_years).max(1)
    }
}

/// Digest of a dataset's contract of one year.
fn contract_content(dataset: &Dataset, year: ReportYear) -> String {
    // Texts, numbers and lists of them always serialise.
    let json = serde_json::to_vec(&*dataset.in_year(year)).unwrap_or_default();
    hex::encode(Sha256::digest(json))
}
