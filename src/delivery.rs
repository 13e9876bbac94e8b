//! A delivered file, its outcome and its rows; and the outcome of a run.

use serde::{Deserialize, Serialize};

use crate::period::ReportYear;

/// The outcome of a delivered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// It reads, and its rows count.
    Decoded,
    /// It reads, and its rows wait for a named person.
    SetAside,
    /// It does not read, or is not a delivery of its dataset.
    Rejected,
    /// The same bytes, or the same rows in other bytes, were delivered for the same dataset and year.
    Repeated,
    /// It is from an earlier run, and counts because nothing has replaced it.
    Kept,
}

/// What a school has delivered of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusOutcome {
    /// Rows of it count.
    Delivered,
    /// Rows of it count, and the first that did arrived after the deadline.
    Late,
    /// Something came, and all of it waits for a named person.
    SetAside,
    /// Something came, and none of it could be read.
    Rejected,
    /// It is asked for, and nothing came.
    Missing,
    /// It is not asked for, and nothing came.
    NotAsked,
}

impl StatusOutcome {
    /// In the words of the bureau.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            StatusOutcome::Delivered => "已报",
            StatusOutcome::Late => "迟报",
            StatusOutcome::SetAside => "搁置",
            StatusOutcome::Rejected => "退回",
            StatusOutcome::Missing => "未报",
            StatusOutcome::NotAsked => "不要求",
        }
    }
}

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// The run has not ended.
    #[default]
    Running,
    Published,
    NothingToDo,
    HeldBack,
    NothingFound,
    Failed,
    /// Its process is gone, and recorded no outcome.
    Died,
}

macro_rules! named {
    ($type:ident: $($variant:ident = $name:literal),*) => {
        impl $type {
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name),*
                }
            }

            /// The variant of that name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                [$($type::$variant),*].into_iter().find(|variant| variant.name() == name)
            }
        }
    };
}

named!(DeliveryOutcome:
    Decoded = "decoded", SetAside = "set_aside", Rejected = "rejected", Repeated = "repeated", Kept = "kept");
named!(StatusOutcome:
    Delivered = "delivered", Late = "late", SetAside = "set_aside", Rejected = "rejected", Missing = "missing",
    NotAsked = "not_asked");
named!(RunOutcome:
    Running = "running", Published = "published", NothingToDo = "nothing_to_do", HeldBack = "held_back",
    NothingFound = "nothing_found", Failed = "failed", Died = "died");

/// The physical rows of a file, by where they went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub physical: u64,
    pub loaded: u64,
    pub quarantined: u64,
    pub duplicate: u64,
    pub structural: u64,
}

impl RowCounts {
    /// Conservation of rows: nothing is lost, nothing counted twice.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.physical == self.loaded + self.quarantined + self.duplicate + self.structural
    }
}

impl std::ops::AddAssign for RowCounts {
    fn add_assign(&mut self, other: RowCounts) {
        self.physical += other.physical;
        self.loaded += other.loaded;
        self.quarantined += other.quarantined;
        self.duplicate += other.duplicate;
        self.structural += other.structural;
    }
}

/// A delivered file and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub report_year: ReportYear,
    pub dataset: String,
    pub file: String,
    pub sha256: String,
    pub format: String,
    pub encoding: String,
    pub outcome: DeliveryOutcome,
    pub rows: RowCounts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_stored() {
        let json = |outcome: DeliveryOutcome| serde_json::to_string(&outcome).unwrap();
        assert_eq!(json(DeliveryOutcome::SetAside), "\"set_aside\"");
        for name in ["decoded", "set_aside", "rejected", "repeated", "kept"] {
            assert_eq!(DeliveryOutcome::named(name).map(DeliveryOutcome::name), Some(name));
        }
        for name in ["running", "published", "nothing_to_do", "held_back", "nothing_found", "failed", "died"]
        {
            let outcome = RunOutcome::named(name).unwrap();
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{name}\""));
        }
        assert_eq!(DeliveryOutcome::named("lost"), None);
    }
}
