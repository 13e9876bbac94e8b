//! After refused credentials nothing is tried until they are others: a locked account is worse than a missed night.

use serde::{Deserialize, Serialize};

/// Why a source is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCircuit {
    /// When the credentials were refused.
    pub since: String,
    /// Digits of the credentials that were refused.
    pub fingerprint: String,
    pub message: String,
}

impl OpenCircuit {
    /// Whether it is open for these credentials.
    #[must_use]
    pub fn is_open_for(&self, fingerprint: &str) -> bool {
        self.fingerprint == fingerprint
    }
}
