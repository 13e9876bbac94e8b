//! What a stage comes to, with what it found on the way and the decisions it stands on.

use crate::decisions::Override;
use crate::finding::Finding;

#[derive(Debug, Default)]
pub(super) struct Noted<T> {
    pub value: T,
    pub findings: Vec<Finding>,
    /// Each once.
    pub decisions: Vec<Override>,
}

impl<T> Noted<T> {
    pub fn stands_on(&mut self, decision: &Override) {
        if !self.decisions.contains(decision) {
            self.decisions.push(decision.clone());
        }
    }
}
