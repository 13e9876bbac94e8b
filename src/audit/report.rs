//! A report as read, in whatever form it came.

use crate::audit::answer::{RelationInstance, UnaskedRelation};
use crate::audit::printing::PrintedFigure;

/// The figures of a report, and the relations that it states itself.
#[derive(Debug, Default)]
pub struct Report {
    pub title: String,
    pub year: i32,
    pub figures: Vec<PrintedFigure>,
    /// Relations stated by the report itself, or seen by its reader; some cannot be examined.
    pub stated: Vec<Result<RelationInstance, UnaskedRelation>>,
    /// Whether the relations of `pipelines/audit/` are checked too.
    pub takes_definitions: bool,
    /// Whether decimals are unknown: the number cells of a workbook do not show them.
    pub decimals_unknown: bool,
    /// Number of figures named by keys, which are in no table.
    pub keyed: usize,
    /// Set for a report that is printed from a release.
    pub own_report: Option<OwnReport>,
}

/// A report printed by this program: its rows are where the layout has them, and last year's column
/// was checked a year ago.
#[derive(Debug, Default)]
pub struct OwnReport {
    /// Whether a person set a value, which only some places show.
    pub adjusted: bool,
}

impl Report {
    #[must_use]
    pub fn figure_count(&self) -> usize {
        self.figures.len() + self.keyed
    }

    /// The years of its figures, in ascending order.
    #[must_use]
    pub fn years(&self) -> Vec<i32> {
        let mut years: Vec<i32> = self.figures.iter().filter_map(|figure| figure.year).collect();
        years.sort_unstable();
        years.dedup();
        years
    }
}
