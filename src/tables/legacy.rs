//! Readers of tables by the names that the stages of a run use.

use std::path::Path;

pub use crate::decisions::values::{AppliedValue, read_applied as read_applied_values};
use crate::definition::Definitions;
pub use crate::delivery::Delivery;
use crate::indicators::{self, IndicatorValue};
pub use crate::reconcile::read as read_differences;
pub use crate::report::cells::indexed;
use crate::table_file::TableFileError;

pub fn read_indicator_values(
    path: &Path,
    definitions: &Definitions,
) -> Result<Vec<IndicatorValue>, TableFileError> {
    indicators::stored::read(path, &definitions.indicators)
}
