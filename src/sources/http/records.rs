//! Rows in canonical order and their identity, so that a night on which nothing changed is recognised.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Rows as the file that a delivery is: a JSON array, each object with its members in the order of their names, the
/// rows in the order of their texts. Members are renamed to the headers that the export has.
///
/// # Errors
/// A row that is not an object, or two members that get one name.
pub fn canonical(rows: Vec<Value>, rename: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        let Value::Object(members) = row else { return Err("a row is not an object".to_owned()) };
        let mut renamed: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in members {
            let name = rename.get(&name).cloned().unwrap_or(name);
            if renamed.contains_key(&name) {
                return Err(format!("two members of a row are called `{name}`"));
            }
            renamed.insert(name, value);
        }
        texts.push(Value::Object(renamed.into_iter().collect::<Map<_, _>>()).to_string());
    }
    texts.sort_unstable();
    let mut bytes = b"[\n".to_vec();
    for (index, text) in texts.iter().enumerate() {
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(if index + 1 < texts.len() { b",\n" } else { b"\n" });
    }
    bytes.extend_from_slice(b"]\n");
    Ok(bytes)
}

/// The identity of what was pulled.
#[must_use]
pub fn identity(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_rows_in_another_order_are_the_same_file() {
        let rename = BTreeMap::from([("xm".to_owned(), "姓名".to_owned())]);
        let one =
            canonical(vec![json!({"xm": "甲", "id": 1}), json!({"id": 2, "xm": "乙"})], &rename).unwrap();
        let other =
            canonical(vec![json!({"xm": "乙", "id": 2}), json!({"xm": "甲", "id": 1})], &rename).unwrap();
        assert_eq!(one, other);
        assert_eq!(
            serde_json::from_slice::<Value>(&one).unwrap(),
            json!([{"id": 1, "姓名": "甲"}, {"id": 2, "姓名": "乙"}])
        );
        assert_ne!(
            identity(&one),
            identity(&canonical(vec![json!({"xm": "甲", "id": 1})], &rename).unwrap())
        );
        // Two equal rows stay two.
        let twice = canonical(vec![json!({"id": 1}), json!({"id": 1})], &rename).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&twice).unwrap().len(), 2);
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        let rename = BTreeMap::from([("xm".to_owned(), "姓名".to_owned())]);
        assert!(canonical(vec![json!({"xm": "甲", "姓名": "乙"})], &rename).is_err());
        assert!(canonical(vec![json!([1])], &rename).is_err());
    }
}
