//! Texts with variables: `/xs/{year}`. There are no expressions.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A text in which `{name}` stands for a value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// Values by the names of their variables.
pub type Variables = BTreeMap<String, String>;

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("`{text}`: a brace is not closed"))?;
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !is_name {
                return Err(format!("`{text}`: `{{{name}}}` is not the name of a variable"));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err(format!("`{text}`: a brace is not opened"));
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template { text, parts })
    }
}

impl Template {
    /// The text as it was written.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// The names of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with the values; a variable without one is empty. Definitions are refused when they name one
    /// that cannot have a value.
    #[must_use]
    pub fn fill(&self, values: &Variables) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => values.get(name).cloned().unwrap_or_default(),
        };
        self.parts.iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::try_from(text.to_owned())
    }

    #[test]
    fn variables_take_their_values() {
        let values = Variables::from([("year".to_owned(), "2024".to_owned())]);
        let filled = |text: &str| template(text).unwrap().fill(&values);
        assert_eq!(filled("/xs/{year}/{year}.json"), "/xs/2024/2024.json");
        assert_eq!(filled("plain"), "plain");
        assert_eq!(template("{sid}{ms}").unwrap().variables().collect::<Vec<_>>(), ["sid", "ms"]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["{year", "year}", "{}", "{a b}", "{year + 1}"] {
            assert!(template(text).is_err(), "{text}");
        }
    }
}
