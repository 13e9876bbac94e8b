//! What one school filed.

use std::collections::BTreeMap;

use crate::printed::value::Value;

/// The values of one school by row id; a row that was not asked is absent.
#[derive(Debug, Clone, Default)]
pub struct Filing(BTreeMap<&'static str, Value>);

impl Filing {
    pub fn get(&self, id: &str) -> Value {
        self.0.get(id).copied().unwrap_or(Value::Blank)
    }

    pub fn set(&mut self, id: &'static str, value: Value) {
        self.0.insert(id, value);
    }

    pub fn count(&self, id: &str) -> usize {
        match self.get(id) {
            Value::Count(count) => count,
            _ => 0,
        }
    }
}
