//! A report as it was read, in whatever form it came.

use crate::audit::answer::{RelationInstance, UnaskedRelation};
use crate::audit::printing::PrintedFigure;

/// Its figures, and the relations that it states itself.
#[derive(Debug, Default)]
pub struct Report {
    pub title: String,
    pub year: i32,
    pub figures: Vec<PrintedFigure>,
    /// Relations that the report itself states, or its reader saw; some in a way nobody can examine.
    pub stated: Vec<Result<RelationInstance, UnaskedRelation>>,
    /// Whether the relations of `pipelines/audit/` are looked for.
    pub takes_definitions: bool,
    /// Decimals are not known where cells hold numbers: a workbook shows them as its formats say.
    pub decimals_unknown: bool,
    /// Figures named by keys, which are in no table.
    pub keyed: usize,
    /// Of one that is printed here.
    pub own: Option<Own>,
}

/// Figures that are printed here: rows are where the layout has them, and last year's column has been
/// asked a year ago.
#[derive(Debug, Default)]
pub struct Own {
    /// A person set a value, which stands at some places only.
    pub adjusted: bool,
}

impl Report {
    #[must_use]
    pub fn figure_count(&self) -> usize {
        self.figures.len() + self.keyed
    }

    /// The years that figures are of, the latest last.
    #[must_use]
    pub fn years(&self) -> Vec<i32> {
        let mut years: Vec<i32> = self.figures.iter().filter_map(|figure| figure.year).collect();
        years.sort_unstable();
        years.dedup();
        years
    }
}
