//! Years whose register is put together: what all else of a year is decided by.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::ByYear;
use super::acceptance::record::YearDeliveries;
use super::received::{DecodedDelivery, ReceivedYear};
use crate::definitions::contract::Dataset;
use crate::figures::compute::School;

/// A table of a year, put together.
#[derive(Debug)]
pub(super) struct YearTable {
    pub path: PathBuf,
    pub rows: u64,
}

/// The register of a year.
#[derive(Debug, Default)]
pub(super) struct Roll {
    pub table: Option<YearTable>,
    /// By code.
    pub schools: BTreeMap<String, School>,
}

/// A year whose register is put together, and nothing else decided on.
#[derive(Debug, Default)]
pub(super) struct EnrolledYear {
    /// What reads, by dataset, until it is decided what counts.
    pub decoded: BTreeMap<String, Vec<DecodedDelivery>>,
    pub deliveries: YearDeliveries,
    pub roll: Roll,
}

impl From<ReceivedYear> for EnrolledYear {
    fn from(received: ReceivedYear) -> Self {
        let ReceivedYear { decoded, deliveries, fragments, try_again } = received;
        let deliveries =
            YearDeliveries { all: deliveries, fragments, try_again, ..YearDeliveries::default() };
        EnrolledYear { decoded, deliveries, roll: Roll::default() }
    }
}

/// What reads of a dataset, of every year.
pub(super) fn decoded_of(
    years: &mut ByYear<EnrolledYear>,
    dataset: &Dataset,
) -> ByYear<Vec<DecodedDelivery>> {
    let of_year = |of: &mut EnrolledYear| of.decoded.remove(&dataset.dataset).unwrap_or_default();
    years.iter_mut().map(|(year, of)| (*year, of_year(of))).collect()
}
