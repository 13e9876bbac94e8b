//! The definitions in `pipelines/audit/`: limits, the wording of every rule, and the relations between
//! printed figures.

pub mod kind;

pub mod limits;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::definitions::relation::kind::RelationKind;
use crate::definitions::relation::limits::Limits;
use crate::figure::Level;
use crate::finding::Severity;

/// A file of `pipelines/audit/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditFile {
    pub limits: Option<Limits>,
    /// Limits for a single school, whose figures are small.
    pub school_limits: Option<Limits>,
    #[serde(rename = "rule", default)]
    pub rules: Vec<Spanned<RuleText>>,
    #[serde(rename = "table", default)]
    pub tables: Vec<TableTitle>,
    #[serde(rename = "relation", default)]
    pub relations: Vec<Spanned<RelationDefinition>>,
    #[serde(rename = "partition", default)]
    pub partitions: Vec<Partition>,
}

/// The human half of a rule kind: its wording, and who answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    pub kind: String,
    /// The property that must hold.
    pub title: String,
    /// What is said where it does not hold.
    pub broken: String,
    pub severity: Severity,
    /// One of the dimensions of GB/T 36344.
    pub dimension: String,
    /// Where the figures are: 报告, 学校.
    pub level: String,
    /// The role that answers.
    pub owner: String,
    pub cause: String,
    pub remedy: String,
    /// With a baseline: findings of the baseline do not count again.
    #[serde(default)]
    pub ratchet: bool,
}

/// Parts that add up exactly to a whole, on the system basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    pub id: String,
    pub whole: String,
    pub parts: Vec<String>,
    pub source: String,
}

/// The title of one of the six tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableTitle {
    pub id: String,
    pub titles: Vec<String>,
}

/// A relation between printed places.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationDefinition {
    pub id: String,
    pub kind: String,
    #[serde(rename = "of")]
    pub operands: BTreeMap<String, Names>,
    /// Repeated over: `row` (of the six tables), `list` (rows of 专业群清单), `repeated` (figures
    /// stated twice in the text), or a code table whose labels replace `{table}`.
    pub each: Option<String>,
    /// The relation rests on a reading of the report that may be wrong: when broken, it is only a question.
    #[serde(default)]
    pub interpretation: bool,
    /// The levels whose figures it applies to; all by default.
    #[serde(default = "every_level")]
    pub levels: Vec<RelationLevel>,
    /// Severity of its findings in a run, where it differs from the rule's: S2 or S3.
    pub severity: Option<Severity>,
    /// Both sides are computed here, on one basis: when broken, the release stops.
    #[serde(default)]
    pub guaranteed: bool,
    /// In a run: a finding that the current release already has at the same place is only a note.
    #[serde(default)]
    pub ratchet: bool,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub source: String,
}

/// A level of figures that a relation applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationLevel {
    /// A published report.
    Report,
    City,
    County,
    School,
}

fn every_level() -> Vec<RelationLevel> {
    vec![RelationLevel::Report, RelationLevel::City, RelationLevel::County, RelationLevel::School]
}

impl From<Level> for RelationLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::City => RelationLevel::City,
            Level::County => RelationLevel::County,
            Level::School => RelationLevel::School,
        }
    }
}

/// The measure of a dataset's deliveries that counts their rows; any other measure is a column.
pub const ROWS: &str = "行数";

/// One place, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names,
        }
    }
}

/// All of `pipelines/audit/`, checked.
#[derive(Debug, Clone, Default)]
pub struct AuditDefinitions {
    pub limits: Limits,
    /// Limits for schools, in a run.
    pub school_limits: Limits,
    pub rules: BTreeMap<RelationKind, RuleText>,
    pub tables: Vec<TableTitle>,
    pub relations: Vec<RelationDefinition>,
}

/// A place where a figure is printed, in any report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedPlace {
    pub source: Source,
    /// The labels it may have.
    pub labels: Vec<String>,
    /// 值 by default.
    pub measure: String,
    pub unit: Option<String>,
    /// Offset in years from the year being checked.
    pub years_after: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A table of the six.
    Official(String),
    /// Any of the six.
    AnyOfficial,
    /// Any table of the body.
    Body,
    /// A figure of the running text.
    Text,
    /// A column of 专业群清单.
    List,
    /// The same row of the other units of its level.
    Peers,
    /// A property of a dataset's deliveries, in a run: how many of their rows count, or the newest time in a
    /// column.
    Deliveries,
    /// A literal: `=20`.
    Literal,
}

impl PrintedPlace {
    /// Parses `表1:毕业去向落实人数/升学人数#值@-1`, `正文:就业|就业人数[人]`, `正文表:教职工总数`,
    /// `清单:核心专业名称`, `报送:学生学籍#行数`, `=20`.
    #[must_use]
    pub fn parse(text: &str) -> Option<PrintedPlace> {
        let place = |source, labels: Vec<String>| PrintedPlace {
            source,
            labels,
            measure: "值".to_owned(),
            unit: None,
            years_after: 0,
        };
        if let Some(literal) = text.strip_prefix('=') {
            return Some(place(Source::Literal, vec![literal.to_owned()]));
        }
        let (source, rest) = text.split_once(':')?;
        let source = match source {
            "表" => Source::AnyOfficial,
            "正文" => Source::Text,
            "正文表" => Source::Body,
            "清单" => Source::List,
            "同类" => Source::Peers,
            "报送" => Source::Deliveries,
            table if table.starts_with('表') => Source::Official(table.to_owned()),
            _ => return None,
        };
        let (rest, years_after) = match rest.split_once('@') {
            Some((rest, years)) => (rest, years.parse().ok()?),
            None => (rest, 0),
        };
        let (rest, unit) = match rest.split_once('[') {
            Some((rest, unit)) => (rest, Some(unit.strip_suffix(']')?.to_owned())),
            None => (rest, None),
        };
        let (rest, measure) = rest.split_once('#').unwrap_or((rest, "值"));
        let labels: Vec<String> = rest.split('|').map(str::to_owned).collect();
        if labels.iter().any(String::is_empty) || measure.is_empty() {
            return None;
        }
        Some(PrintedPlace { measure: measure.to_owned(), unit, years_after, ..place(source, labels) })
    }
}

/// The dimensions of GB/T 36344-2018.
const DIMENSIONS: [&str; 6] = ["规范性", "完整性", "准确性", "一致性", "时效性", "可访问性"];

impl RuleText {
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if RelationKind::named(&self.kind).is_none_or(|kind| kind.name() != self.kind) {
            faults.push(format!("there is no rule kind `{}`", self.kind));
        }
        if !DIMENSIONS.contains(&self.dimension.as_str()) {
            faults.push(format!("`{}` is not a dimension of GB/T 36344", self.dimension));
        }
        if [&self.title, &self.broken].into_iter().any(|words| words.trim().is_empty()) {
            faults
                .push("title says what holds, broken says that it does not: one of them is empty".to_owned());
        } else if self.title.trim() == self.broken.trim() {
            faults.push("title and broken say the same, and only one of them can be true".to_owned());
        }
        faults
    }
}

impl RelationDefinition {
    /// The datasets of the deliveries that it names, each with the measure.
    pub fn deliveries(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let places = self.operands.values().flat_map(Names::all).filter_map(|name| PrintedPlace::parse(name));
        let deliveries = places.filter(|place| place.source == Source::Deliveries);
        deliveries.flat_map(|place| {
            let measure = place.measure;
            place.labels.into_iter().map(move |label| (label, measure.clone()))
        })
    }

    /// Names it uses that may be code tables.
    pub fn code_tables(&self) -> impl Iterator<Item = &str> {
        let catalogues =
            self.operands.values().flat_map(Names::all).filter_map(|name| name.strip_prefix('='));
        self.each.as_deref().into_iter().chain(catalogues)
    }

    /// Faults that show without the other definitions; `is_code_table` checks `each` and catalogues.
    #[must_use]
    pub fn faults(&self, is_code_table: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut faults = Vec::new();
        match RelationKind::named(&self.kind) {
            None => faults.push(format!("there is no rule kind `{}`", self.kind)),
            Some(kind) => {
                let (single, several, optional) = kind.operands();
                let needed = single.iter().chain(several);
                let missing = needed.filter(|field| !self.operands.contains_key(**field));
                faults.extend(missing.map(|field| format!("`{}` needs `{field}`", self.kind)));
                let known =
                    |field: &str| [single, several, optional].iter().any(|fields| fields.contains(&field));
                let unknown = self.operands.keys().filter(|field| !known(field));
                faults.extend(unknown.map(|field| format!("`{}` has no `{field}`", self.kind)));
            }
        }
        for name in self.operands.values().flat_map(Names::all) {
            if PrintedPlace::parse(name).is_none() {
                faults.push(format!(
                    "`{name}` is not a place: 表1:…, 正文:…, 正文表:…, 清单:…, 同类:…, 报送:…, =…"
                ));
            }
        }
        if self.levels.contains(&RelationLevel::Report) && self.deliveries().next().is_some() {
            faults.push("levels: a published report has no deliveries".to_owned());
        }
        if self.levels.is_empty() {
            faults.push("levels: no unit is checked".to_owned());
        }
        if self.severity.is_some_and(|severity| severity < Severity::S2) {
            faults.push("severity: S2 or S3; what stops a release is `guaranteed`".to_owned());
        }
        if self.guaranteed && (self.interpretation || self.severity.is_some()) {
            faults.push("a guaranteed relation is not an interpretation and has no severity".to_owned());
        }
        if let Some(each) = &self.each
            && !["row", "list", "repeated"].contains(&each.as_str())
            && !is_code_table(each)
        {
            faults.push(format!("each: there is no code table `{each}`"));
        }
        if let Some(Names::One(catalogue)) = self.operands.get("catalogue")
            && !catalogue.strip_prefix('=').is_some_and(is_code_table)
        {
            faults.push(format!("there is no code table `{catalogue}`"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let place = PrintedPlace::parse("表1:毕业去向落实人数/升学人数#学时@-1").unwrap();
        assert_eq!(place.source, Source::Official("表1".into()));
        assert_eq!((place.labels[0].as_str(), place.measure.as_str()), ("毕业去向落实人数/升学人数", "学时"));
        assert_eq!(place.years_after, -1);
        let place = PrintedPlace::parse("正文:就业|就业人数[人]").unwrap();
        assert_eq!((place.labels.len(), place.unit.as_deref()), (2, Some("人")));
        assert_eq!(PrintedPlace::parse("=20").unwrap().source, Source::Literal);
        for wrong in ["就业", "文:就业", "正文:", "正文:就业[人", "表1:a@x", "表1:a#"] {
            assert_eq!(PrintedPlace::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_rule_has_words_for_holding_and_for_failing() {
        let text = |words: &str| {
            format!(
                "kind='ratio'\n{words}\nseverity='S1'\ndimension='准确性'\nlevel='报告'\nowner='汇总人员'\ncause='c'\nremedy='r'"
            )
        };
        let faults = |words: &str| toml::from_str::<RuleText>(&text(words)).unwrap().faults();
        assert!(faults("title='可重算'\nbroken='重算不符'").is_empty());
        assert_eq!(faults("title='可重算'\nbroken=' '").len(), 1);
        assert_eq!(faults("title='可重算'\nbroken='可重算'").len(), 1);
        for half in ["title='可重算'", "broken='重算不符'"] {
            assert!(toml::from_str::<RuleText>(&text(half)).is_err(), "{half}");
        }
    }

    #[test]
    fn a_relation_that_names_no_kind_operand_or_place_is_refused() {
        let faults = |toml: &str| {
            let relation: RelationDefinition = toml::from_str(toml).unwrap();
            relation.faults(&|table| table == "region")
        };
        assert!(faults("id='a'\nkind='sum_of_parts'\nof={total='表1:a',parts=['表1:b']}").is_empty());
        assert_eq!(faults("id='a'\nkind='sums'\nof={}"), ["there is no rule kind `sums`"]);
        assert_eq!(
            faults("id='a'\nkind='ratio'\nof={numerator='表1:a',denominator='表1:b'}"),
            ["`ratio` needs `printed`"]
        );
        assert_eq!(
            faults("id='a'\nkind='same_figure'\nof={a='表1:a',b='c',d='表1:d'}\neach='county'"),
            [
                "`same_figure` has no `d`",
                "`c` is not a place: 表1:…, 正文:…, 正文表:…, 清单:…, 同类:…, 报送:…, =…",
                "each: there is no code table `county`"
            ]
        );
    }
}
