//! Dotted paths into JSON: `data.page.total`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

/// The names of members, from the outermost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct JsonPath(Vec<String>);

impl TryFrom<String> for JsonPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        if names.iter().any(|name| name.is_empty() || name.contains(['[', ']', '*', '$'])) {
            return Err(format!("`{text}` is not a path: names with dots between them"));
        }
        Ok(JsonPath(names))
    }
}

impl JsonPath {
    /// The value at this path. Where a text that is itself JSON is in the way, the path goes on inside it, as
    /// some platforms send their data as JSON within a string.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Option<Cow<'v, Value>> {
        let mut current = Cow::Borrowed(value);
        for name in &self.0 {
            if let Value::String(text) = current.as_ref() {
                current = Cow::Owned(serde_json::from_str(text).ok()?);
            }
            current = match current {
                Cow::Borrowed(Value::Object(members)) => Cow::Borrowed(members.get(name)?),
                Cow::Owned(Value::Object(mut members)) => Cow::Owned(members.remove(name)?),
                Cow::Borrowed(_) | Cow::Owned(_) => return None,
            };
        }
        Some(current)
    }

    /// The value at this path as text; `None` where there is none, or it is null, a list or an object.
    #[must_use]
    pub fn text(&self, value: &Value) -> Option<String> {
        match self.find(value)?.as_ref() {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The count at this path: a number, or one in a text, with or without separators of thousands.
    #[must_use]
    pub fn count(&self, value: &Value) -> Option<u64> {
        let text = self.text(value)?;
        let digits: String =
            text.trim().chars().filter(|c| !matches!(c, ',' | '，' | '\u{a0}' | ' ')).collect();
        digits.parse().ok()
    }

    /// The list at this path.
    #[must_use]
    pub fn list(&self, value: &Value) -> Option<Vec<Value>> {
        let found = self.find(value)?;
        let found = match found.as_ref() {
            Value::String(text) => serde_json::from_str(text).ok()?,
            _ => found.into_owned(),
        };
        match found {
            Value::Array(list) => Some(list),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> JsonPath {
        JsonPath::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_path_goes_through_objects_and_through_json_in_a_text() {
        let answer = json!({"data": "{\"page\":{\"total\":\"1,234\",\"rows\":[{\"a\":1}]}}", "code": 0});
        assert_eq!(path("data.page.total").count(&answer), Some(1234));
        assert_eq!(path("data.page.rows").list(&answer).unwrap().len(), 1);
        assert_eq!(path("code").text(&answer).as_deref(), Some("0"));
        assert_eq!(path("data.page.none").find(&answer), None);
        assert_eq!(path("code.x").find(&answer), None);
    }

    #[test]
    fn a_count_is_whole_and_stated() {
        let count = |value: Value| path("n").count(&json!({ "n": value }));
        assert_eq!(
            [count(json!(7)), count(json!("7")), count(json!("1，234"))],
            [Some(7), Some(7), Some(1234)]
        );
        assert_eq!([count(json!(null)), count(json!("")), count(json!(7.5)), count(json!(-1))], [None; 4]);
    }

    #[test]
    fn other_notations_are_refused() {
        for text in ["", "a..b", "$.a", "a[0]"] {
            assert!(JsonPath::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
