//! Years whose register is put together, by which everything else of a year is decided.

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
    /// Schools that the register has, and does not count.
    pub closed: BTreeMap<String, ClosedSchool>,
}

/// What the register says of a school that is no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ClosedSchool {
    /// The label of its status: 撤销, 合并.
    pub status: String,
    /// Code or name of the school that took its place; empty where the register does not say.
    pub merged_into: String,
    /// The month since when; empty where the register does not say.
    pub since: String,
}

impl ClosedSchool {
    /// `合并，2023-08 并入 1114000001（第一职校）`.
    pub fn words(&self, schools: &BTreeMap<String, School>) -> String {
        let name = schools.get(&self.merged_into).map(|school| format!("（{}）", school.name));
        let into = match self.merged_into.as_str() {
            "" => String::new(),
            code => format!("并入 {code}{}", name.unwrap_or_default()),
        };
        let when = [self.since.as_str(), &into].map(str::to_owned);
        let when: Vec<String> = when.into_iter().filter(|part| !part.is_empty()).collect();
        [vec![self.status.clone()], when].concat().join("，")
    }
}

/// A year whose register is put together, with nothing else decided.
#[derive(Debug, Default)]
pub(super) struct EnrolledYear {
    /// Deliveries that could be read, by dataset, until it is decided which count.
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

/// Takes the deliveries of a dataset that could be read, for every year.
pub(super) fn decoded_of(
    years: &mut ByYear<EnrolledYear>,
    dataset: &Dataset,
) -> ByYear<Vec<DecodedDelivery>> {
    let of_year = |enrolled: &mut EnrolledYear| enrolled.decoded.remove(&dataset.dataset).unwrap_or_default();
    years.iter_mut().map(|(year, enrolled)| (*year, of_year(enrolled))).collect()
}
