//! Limits drawn by experience, not by arithmetic: beyond them a question is asked.

use serde::Deserialize;

/// The limits of `pipelines/audit/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A fall of this much raises a question.
    pub fall_percent: i64,
    /// A rise of this much raises a question.
    pub rise_percent: i64,
    /// A change between two counts below this raises none.
    pub change_least: i64,
    /// The robust z above which a change is unlike that of its peers, in tenths.
    pub peer_score_tenths: i64,
    /// The change that 基本持平 allows.
    pub trend_level_percent: i64,
    /// The change that 显著 needs at least.
    pub trend_strong_percent: i64,
    /// The change that 略有 allows.
    pub trend_slight_percent: i64,
}

impl Default for Limits {
    /// For tests; the program always reads its limits from the definitions.
    fn default() -> Self {
        Limits {
            fall_percent: 30,
            rise_percent: 50,
            change_least: 10,
            peer_score_tenths: 35,
            trend_level_percent: 5,
            trend_strong_percent: 5,
            trend_slight_percent: 30,
        }
    }
}
