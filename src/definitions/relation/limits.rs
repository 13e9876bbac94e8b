//! Where experience, and no arithmetic, draws the line between what is asked about and what is not.

use serde::Deserialize;

/// What `pipelines/audit/` says of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A fall by so much is asked about.
    pub fall_percent: i64,
    /// A rise by so much is asked about.
    pub rise_percent: i64,
    /// Counts that both stay below it change as they like.
    pub change_least: i64,
    /// The robust z above which a change is not that of its peers, in tenths.
    pub peer_score_tenths: i64,
    /// What 基本持平 allows.
    pub trend_level_percent: i64,
    /// What 显著 needs at least.
    pub trend_strong_percent: i64,
    /// What 略有 allows.
    pub trend_slight_percent: i64,
}

impl Default for Limits {
    /// For tests; the program always reads them.
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
