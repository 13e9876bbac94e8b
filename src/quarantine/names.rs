//! Names for codes in one year, and the regions of schools.

use std::collections::BTreeMap;

use super::{QuarantineError, sheets};
use crate::definitions::Definitions;
use crate::period::ReportYear;
use crate::tables::row;
use crate::tables::school::SchoolRow;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// Names for codes in one year, and the regions of schools.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub regions: BTreeMap<String, String>,
    /// Name and region.
    pub schools: BTreeMap<String, (String, String)>,
}

impl Names {
    /// Reads the names of a release; `residual` is the region of schools under no county.
    ///
    /// # Errors
    /// When the register cannot be read.
    pub fn read(
        data: &DataRoot,
        definitions: &Definitions,
        manifest: &Manifest,
        year: ReportYear,
        residual: (&str, &str),
    ) -> Result<Names, QuarantineError> {
        let regions = definitions.region_names(year, residual);
        let mut names = Names { regions, ..Names::default() };
        let Some(path) = manifest.table(data, "dim_school", year) else { return Ok(names) };
        for school in row::read(&path)? {
            let SchoolRow { school_code, school_name, region_code, .. } = school?;
            names.schools.insert(school_code, (school_name, region_code));
        }
        Ok(names)
    }

    #[must_use]
    pub fn school(&self, code: &str) -> &str {
        match self.schools.get(code) {
            Some((name, _)) => name,
            None if code.is_empty() => sheets::UNKNOWN_SCHOOL,
            None => "不在名册",
        }
    }

    /// The region of a school; empty where it is in no register.
    #[must_use]
    pub fn region_of(&self, school: &str) -> &str {
        self.schools.get(school).map_or("", |(_, region)| region)
    }

    #[must_use]
    pub fn region<'a>(&'a self, code: &'a str) -> &'a str {
        if code.is_empty() { "未定" } else { self.regions.get(code).map_or(code, String::as_str) }
    }
}
