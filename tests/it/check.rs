//! The checks before a release is published: planted faults are found where they are, and nothing
//! else is; persons answer questions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use nianbao::audit::{audit, plain, published};
use nianbao::checks::relation::Verdict;
use nianbao::city;
use nianbao::definitions::layout::label_key;
use nianbao::definitions::relation::kind::RelationKind;
use nianbao::definitions::relation::{PrintedPlace, RelationDefinition, RelationLevel, Source};
use nianbao::definitions::{self, Definitions};
use nianbao::figure::{Level, State};
use nianbao::number::Decimal;
use nianbao::pipeline::{Figures, RelationFinding, Release, ReleaseSource, examine, read_release};
use nianbao::report::cells::ReportCell;
use nianbao::settings::{self, Settings};
use nianbao::warehouse::layout::DataRoot;
use nianbao::warehouse::publish;
use serde_json::{Value, json};

use crate::support::{City, HONGTONG, PROVINCIAL, Record, Village, YAODU, get, text, whole_city};

const YEAR: i32 = 2024;
const PLANTED: usize = 20;

/// Numbers in an order that is the same in every run.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }

    fn more(&mut self, most: usize) -> i64 {
        i64::try_from(1 + self.up_to(most)).unwrap()
    }
}

/// The city, its figures, and some schools without questions.
struct Laboratory {
    settings: Settings,
    definitions: Definitions,
    release: Release,
    /// The findings before anything is planted: the printed report has faults of its own.
    before: BTreeSet<String>,
}

/// The identity of a finding, independent of its position.
fn identity(found: &RelationFinding) -> String {
    let figures: Vec<String> =
        found.answer.figures.iter().map(|figure| format!("{}={}", figure.name, figure.printed)).collect();
    format!("{} {:?} {}", found.key, found.answer.verdict, figures.join(" "))
}

impl Laboratory {
    fn new() -> Self {
        const SCHOOLS: usize = 8;
        let overrides = settings::Overrides { data_dir: Some(whole_city().data()), ..Default::default() };
        let mut settings = settings::load(None, &overrides).unwrap().0;
        city::settle(&mut settings, &definitions::embedded()).unwrap();
        let residual = |text: String| text.replace("{residual}", &settings.residual_region_code);
        let files: Vec<_> =
            definitions::embedded().into_iter().map(|(name, text)| (name, residual(text))).collect();
        let definitions = definitions::load(&files).unwrap();
        let manifest = publish::current(&DataRoot::new(&settings.data_dir)).unwrap().unwrap();
        let mut release =
            read_release(&settings, &definitions, ReleaseSource::Published(&manifest), YEAR).unwrap();
        release.values.clear();
        let asked_about: BTreeSet<String> = examine(&settings, &definitions, release.figures())
            .found
            .into_iter()
            .filter(|found| found.answer.verdict != Verdict::Rounding)
            .map(|found| found.unit.school_code)
            .collect();
        let mut clean: Vec<String> = release.cells.iter().map(|cell| cell.unit.school_code.clone()).collect();
        clean.sort();
        clean.dedup();
        let lists = |school: &String| {
            let lines = release
                .cells
                .iter()
                .filter(|cell| cell.unit.school_code == *school && cell.measure == "核心专业名称");
            lines.count() > 1
        };
        clean.retain(|school| !school.is_empty());
        // 专业群 are those of the printed report: some that list them are asked about them.
        let mut listing: Vec<String> = clean.iter().filter(|school| lists(school)).cloned().collect();
        listing.sort_by_key(|school| asked_about.contains(school));
        listing.truncate(SCHOOLS / 2);
        assert!(!listing.is_empty(), "no school lists 专业群");
        clean.retain(|school| !asked_about.contains(school));
        clean.truncate(SCHOOLS);
        assert_eq!(clean.len(), SCHOOLS, "too few schools of which nothing is asked");
        release.cells.retain(|cell| match cell.unit.level {
            Level::School => [&clean, &listing].iter().any(|some| some.contains(&cell.unit.school_code)),
            Level::County => false,
            Level::City => true,
        });
        let mut laboratory = Laboratory { settings, definitions, release, before: BTreeSet::new() };
        let before = laboratory.found(&laboratory.release.cells);
        let doubted = before.iter().filter(|found| found.answer.verdict != Verdict::Rounding);
        assert!(doubted.into_iter().all(|found| !clean.contains(&found.unit.school_code)));
        laboratory.before = before.iter().map(identity).collect();
        laboratory
    }

    fn found(&self, cells: &[ReportCell]) -> Vec<RelationFinding> {
        let figures =
            Figures { year: YEAR, values: &[], cells, schools: &self.release.schools, deliveries: &[] };
        examine(&self.settings, &self.definitions, figures).found
    }

    /// Figures of a unit at a printed place.
    fn at(&self, place: &PrintedPlace, unit: &nianbao::figure::Unit) -> Vec<usize> {
        let cells = self.release.cells.iter().enumerate().filter(|(_, cell)| {
            let labelled = |path: &str| {
                place
                    .labels
                    .iter()
                    .any(|label| label.split('/').map(label_key).eq(path.split('/').map(label_key)))
            };
            *cell.unit == *unit
                && match &place.source {
                    Source::Official(table) => {
                        cell.report_table == *table
                            && cell.measure == place.measure
                            && cell.column_year == YEAR + place.years_after
                            && labelled(&cell.report_path)
                    }
                    Source::List => labelled(cell.measure.split('（').next().unwrap_or_default()),
                    _ => false,
                }
        });
        cells.map(|(at, _)| at).collect()
    }

    /// The cells of each operand of a relation in a unit, where it is asked of it and they are there.
    fn operands(
        &self,
        relation: &RelationDefinition,
        unit: &nianbao::figure::Unit,
    ) -> Option<BTreeMap<String, Vec<usize>>> {
        let asked = relation.levels.contains(&RelationLevel::from(unit.level));
        let each = relation.each.as_deref();
        if !asked || !matches!(each, None | Some("list")) {
            return None;
        }
        let mut operands = BTreeMap::new();
        for (field, names) in &relation.operands {
            let mut cells = Vec::new();
            for name in names.all().iter().filter(|name| !name.starts_with('=')) {
                let found = self.at(&PrintedPlace::parse(name)?, unit);
                if found.is_empty() {
                    return None;
                }
                cells.extend(found);
            }
            operands.insert(field.clone(), cells);
        }
        Some(operands)
    }

    /// Everything that a kind can be planted in.
    fn places(&self, kind: RelationKind) -> Vec<BTreeMap<String, Vec<usize>>> {
        let mut units: Vec<_> = self.release.cells.iter().map(|cell| cell.unit.clone()).collect();
        units.dedup();
        if kind == RelationKind::YoyOutlier || kind == RelationKind::FormatMix {
            return self.rows(kind);
        }
        let relations = self.definitions.audit.relations.iter();
        let of_kind = relations.filter(|relation| RelationKind::named(&relation.kind) == Some(kind));
        of_kind.flat_map(|relation| units.iter().filter_map(|unit| self.operands(relation, unit))).collect()
    }

    /// Rows of the six tables with numbers in both years.
    fn rows(&self, kind: RelationKind) -> Vec<BTreeMap<String, Vec<usize>>> {
        let cells = &self.release.cells;
        let numbers = |cell: &ReportCell| cell.printed_text.as_deref().and_then(Decimal::parse);
        let mut rows = Vec::new();
        for (at, cell) in cells.iter().enumerate().skip(1) {
            let before = &cells[at - 1];
            let same = before.report_path == cell.report_path
                && before.measure == cell.measure
                && before.unit == cell.unit
                && before.column_year < cell.column_year;
            let level = if kind == RelationKind::FormatMix { Level::City } else { Level::School };
            let large = numbers(before).zip(numbers(cell)).is_some_and(|(a, b)| {
                let least = Decimal::from_int(if kind == RelationKind::FormatMix { 1 } else { 60 });
                a > least && b > least
            });
            if same && large && cell.unit.level == level && !cell.report_table.contains('.') {
                rows.push(BTreeMap::from([("a".to_owned(), vec![at - 1]), ("b".to_owned(), vec![at])]));
            }
        }
        rows
    }
}

fn number(cells: &[ReportCell], at: usize) -> Option<Decimal> {
    (cells[at].state == State::Value).then_some(())?;
    Decimal::parse(cells[at].printed_text.as_deref()?)
}

/// A value as the cell prints it, with its own decimals.
fn as_printed(cells: &[ReportCell], at: usize, value: Decimal) -> String {
    let text = cells[at].printed_text.clone().unwrap_or_default();
    let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    value.printed(u32::try_from(places).unwrap())
}

/// A fault of a kind: which cell says what. `None` where there is nothing that can be broken.
fn fault(
    kind: RelationKind,
    cells: &[ReportCell],
    places: &BTreeMap<String, Vec<usize>>,
    dice: &mut Dice,
) -> Option<(usize, String)> {
    let at = |field: &str| places.get(field).and_then(|cells| cells.first().copied());
    let value = |field: &str| number(cells, at(field)?);
    let all = |field: &str| -> Option<Vec<Decimal>> {
        places.get(field)?.iter().map(|&at| number(cells, at)).collect()
    };
    let whole = |number: i64| Decimal::from_int(number);
    let tenths = |number: i64| Decimal(Decimal::from_int(number).0 / 10);
    let set = |at: usize, value: Decimal| Some((at, as_printed(cells, at, value)));
    match kind {
        RelationKind::SumOfParts => {
            all("parts")?;
            set(at("total")?, value("total")? + whole(dice.more(30)))
        }
        RelationKind::SumOfPartsLe => {
            all("parts")?;
            set(at("parts")?, value("total")? + whole(dice.more(30)))
        }
        RelationKind::SubsetLeSuperset => set(at("subset")?, value("superset")? + whole(dice.more(30))),
        RelationKind::ZeroImpliesZero => {
            value("whole")?;
            let parts = all("parts")?;
            if parts.iter().any(|part| *part != Decimal::ZERO) {
                return Some((at("whole")?, "0".to_owned()));
            }
            None
        }
        RelationKind::SameFigure => set(at("a")?, value("b")? + tenths(dice.more(90))),
        RelationKind::Ratio => set(at("printed")?, value("printed")? + tenths(dice.more(90))),
        RelationKind::RatioPercent => set(at("printed_pct")?, value("printed_pct")? + tenths(dice.more(90))),
        RelationKind::MeanWithinParts => {
            let parts = all("parts")?;
            set(at("mean")?, *parts.iter().max()? + tenths(dice.more(20)))
        }
        RelationKind::AttainablePercent => {
            let whole = i64::try_from(value("whole")?.0 / Decimal::from_int(1).0).ok()?;
            value("printed_pct")?;
            // Two places say more than so few persons can: half way between two of their shares.
            let part = dice.more(usize::try_from(whole).ok()?.checked_sub(2)?);
            let scaled = (2 * part + 1) * 5_000 / whole;
            let near = |part: i64| (part * 10_000 / whole - scaled).abs() < 3;
            (whole < 1000 && !near(part) && !near(part + 1))
                .then(|| Some((at("printed_pct")?, format!("{}.{:02}", scaled / 100, scaled % 100))))?
        }
        RelationKind::IdenticalBlock => {
            let (earlier, later) = (all("earlier")?, all("later")?);
            let unlike: Vec<usize> = (0..later.len()).filter(|&at| earlier[at] != later[at]).collect();
            let [at] = unlike.as_slice() else { return None };
            earlier.iter().all(|number| *number > Decimal::ZERO).then_some(())?;
            set(places["later"][*at], earlier[*at])
        }
        RelationKind::SharesSumTo100 => set(at("shares")?, all("shares")?[0] + whole(dice.more(9))),
        RelationKind::YoyOutlier => {
            let factor = [10, 20, 100, 1000, 10_000][dice.up_to(5)];
            set(at("b")?, Decimal(value("a")?.0 * factor))
        }
        RelationKind::UnitRateInRange => {
            value("denominator").filter(|hours| *hours > Decimal::ZERO)?;
            let paid = value("numerator").filter(|paid| *paid > Decimal::ZERO)?;
            set(at("numerator")?, Decimal(paid.0 * (9000 + i128::from(dice.more(1000)))))
        }
        RelationKind::Threshold => {
            value("value")?;
            let ratio = cells[at("value")?].report_path == "生师比";
            set(at("value")?, if ratio { whole(20) + tenths(dice.more(90)) } else { tenths(dice.more(190)) })
        }
        RelationKind::MissingTotal => {
            all("parts")?;
            value("total")?;
            Some((at("total")?, String::new()))
        }
        RelationKind::SameState => {
            let texts = ["a", "b"].map(|field| at(field).and_then(|at| cells[at].printed_text.clone()));
            match texts {
                [Some(a), Some(b)] if a == "0" && b == "0" => Some((at("b")?, "-".to_owned())),
                [Some(a), Some(b)] if a == "-" && b == "-" => Some((at("b")?, "0".to_owned())),
                _ => None,
            }
        }
        RelationKind::FormatMix => {
            let text = cells[at("b")?].printed_text.clone()?;
            let dot = if text.contains('.') { "" } else { "." };
            Some((at("b")?, format!("{text}{dot}{}", "0".repeat(1 + dice.up_to(2)))))
        }
        RelationKind::CatalogueName => {
            let at = places["names"][dice.up_to(places["names"].len())];
            let text = cells[at].printed_text.clone()?;
            let name: Vec<char> = text.split('、').next()?.chars().collect();
            (name.len() > 3).then(|| (at, name[..name.len() - 1].iter().collect::<String>() + "某"))
        }
        RelationKind::RepeatedValue => {
            let lines = &places["names"];
            let line = dice.up_to(lines.len().checked_sub(1)?);
            Some((lines[line + 1], cells[lines[line]].printed_text.clone()?))
        }
        RelationKind::CountOfListedItems => set(at("count")?, value("count")? + whole(dice.more(9))),
        _ => None,
    }
}

#[derive(Default)]
struct Line {
    planted: usize,
    found: usize,
    /// Other relations that have the planted figure in them too.
    sharing: usize,
    other: usize,
}

/// Plants one fault at a time, and counts what is found: the place itself, others that have the
/// same figure, and others that have not.
fn planted(laboratory: &Laboratory, kind: RelationKind, dice: &mut Dice) -> Line {
    let cells = &laboratory.release.cells;
    let places = laboratory.places(kind);
    let mut line = Line::default();
    let mut tried = 0;
    while line.planted < PLANTED && !places.is_empty() && tried < 50 * PLANTED {
        tried += 1;
        let place = &places[dice.up_to(places.len())];
        let Some((at, said)) = fault(kind, cells, place, dice) else { continue };
        let mut changed = cells.clone();
        if changed[at].printed_text.as_deref() == Some(said.as_str()) {
            continue;
        }
        changed[at].state = if said.is_empty() {
            State::Blank
        } else if said == "-" {
            State::Dash
        } else {
            State::Value
        };
        changed[at].printed_text = Some(said.clone());
        line.planted += 1;
        let cell = &cells[at];
        // A list names a figure by its column and line; a count of its items represents it, too.
        let listed = cell.label.is_empty() && cell.report_path.contains("清单/");
        let named = if listed {
            format!("{} {} 第 {} 行", cell.report_table, cell.measure, cell.serial)
        } else {
            format!("{} {}", cell.report_table, cell.report_path)
        };
        let is_there = |found: &RelationFinding| {
            let is = |printed: &str| listed || printed == said;
            let mut figures = found.answer.figures.iter();
            found.unit == *cell.unit
                && figures.any(|figure| figure.name.starts_with(&named) && is(&figure.printed))
        };
        let new: Vec<RelationFinding> = laboratory
            .found(&changed)
            .into_iter()
            .filter(|found| !laboratory.before.contains(&identity(found)))
            .collect();
        let (there, elsewhere): (Vec<&RelationFinding>, Vec<&RelationFinding>) =
            new.iter().partition(|found| is_there(found));
        let of_kind = there.iter().filter(|found| found.answer.kind == kind.name()).count();
        line.found += usize::from(of_kind > 0);
        line.sharing += there.len() - of_kind;
        line.other += elsewhere.len();
        assert!(of_kind > 0, "{}: {said} at {named} was not found", kind.name());
        assert!(
            elsewhere.is_empty(),
            "{}: {said} at {named}: {:?}",
            kind.name(),
            elsewhere.iter().map(|found| identity(found)).collect::<Vec<_>>()
        );
    }
    line
}

/// Figures that no table has: claims of the text, and shares whose whole is not printed. A clean report, and
/// the same with one figure changed.
fn report_of_words(dice: &mut Dice, fault: Option<RelationKind>) -> Value {
    let is = |kind: RelationKind| fault == Some(kind);
    let whole = 20 + dice.more(40);
    let percent = |part: i64, whole: i64| {
        let scaled = (2 * part * 10_000 + whole) / (2 * whole);
        format!("{}.{:02}%", scaled / 100, scaled % 100)
    };
    let part = 1 + dice.more(9);
    // With so small a whole, no numerator gives a percentage between two neighbouring ones.
    let unattainable = percent(2 * part + 1, 2 * whole);
    let other_whole = percent(3 * part, 2 * whole);
    let earlier = 1000 + dice.more(900);
    let grown = earlier + earlier / 10 + dice.more(200);
    let growth = percent(grown - earlier, earlier);
    let wrong_growth = percent(grown - earlier + earlier / 20, earlier);
    let rate = 60 + dice.more(20);
    let points = dice.more(9);
    let opening = 100 + dice.more(100);
    let new = dice.more(40);
    let block = [30 + dice.more(9), 70 + dice.more(9), 120 + dice.more(9)];
    let later = block.map(|number| number + if is(RelationKind::IdenticalBlock) { 0 } else { 3 });
    let county = ["洪洞", "襄汾", "曲沃", "翼城"][dice.up_to(4)];
    let second = if is(RelationKind::EntityAlias) {
        format!("{county}职业中学")
    } else {
        "侯马职业学校".to_owned()
    };
    let pick = |kind: RelationKind, wrong: String, right: String| if is(kind) { wrong } else { right };
    let mut figures = json!([
        {"key": "share", "printed": pick(RelationKind::AttainablePercent, unattainable, percent(part, whole))},
        {"key": "whole", "printed": whole.to_string(), "unit": "人"},
        {"key": "part_a", "printed": part.to_string(), "unit": "人"},
        {"key": "part_b", "printed": (2 * part).to_string(), "unit": "人"},
        {"key": "share_a", "printed": percent(part, whole)},
        {"key": "share_b", "printed": pick(RelationKind::ImpliedDenominator, other_whole, percent(2 * part, whole))},
        {"key": "earlier", "printed": earlier.to_string(), "unit": "人"},
        {"key": "later", "printed": grown.to_string(), "unit": "人"},
        {"key": "growth", "printed": pick(RelationKind::GrowthPercent, format!("增长{wrong_growth}"), format!("增长{growth}"))},
        {"key": "trend", "printed": pick(RelationKind::TrendClaim, "有所下降".to_owned(), "有所增加".to_owned())},
        {"key": "rate_before", "printed": format!("{rate}.00%")},
        {"key": "rate_now", "printed": format!("{}.00%", rate + points)},
        {"key": "points", "printed": format!("提高{}.00个百分点", if is(RelationKind::PercentagePointChange) { points + 1 } else { points })},
        {"key": "opening", "printed": opening.to_string(), "unit": "个"},
        {"key": "new", "printed": new.to_string(), "unit": "个"},
        {"key": "closing", "printed": (opening + new + if is(RelationKind::StockFlow) { dice.more(30) } else { -1 }).to_string(), "unit": "个"},
        {"key": "school_a", "printed": format!("{county}县职业中学")},
        {"key": "school_b", "printed": second},
        {"key": "none_a", "printed": "0", "unit": "个"},
        {"key": "none_b", "printed": pick(RelationKind::SameState, "-".to_owned(), "0".to_owned()), "unit": "人"},
        {"key": "spare", "printed": "12", "unit": "项"},
        {"key": "as_of", "printed": format!("截至{}年9月1日", if is(RelationKind::Freshness) { 2023 - dice.more(3) } else { 2024 })},
        {"key": "rows", "printed": (if is(RelationKind::Volume) { whole * (8 + dice.more(9)) / 20 } else { whole * 20 }).to_string(), "unit": "条"},
        {"key": "rows_before", "printed": (whole * 19).to_string(), "unit": "条"},
    ]);
    for (at, (before, now)) in block.iter().zip(&later).enumerate() {
        let list = figures.as_array_mut().unwrap();
        list.push(json!({"key": format!("before_{at}"), "printed": before.to_string(), "unit": "项"}));
        list.push(json!({"key": format!("now_{at}"), "printed": now.to_string(), "unit": "项"}));
    }
    if is(RelationKind::DuplicateKey) {
        let said = (12 + dice.more(30)).to_string();
        figures.as_array_mut().unwrap().push(json!({"key": "spare", "printed": said, "unit": "项"}));
    }
    let names = |start: &str| (0..3).map(|at| format!("{start}_{at}")).collect::<Vec<_>>();
    json!({"title": "某市", "year": 2024, "figures": figures, "relations": [
        {"kind": "attainable_percent", "printed_pct": "share", "whole": "whole"},
        {"kind": "implied_denominator", "parts": ["part_a", "part_b"], "printed_pcts": ["share_a", "share_b"]},
        {"kind": "growth_percent", "earlier": "earlier", "later": "later", "claim": "growth"},
        {"kind": "trend_claim", "earlier": "earlier", "later": "later", "claim": "trend"},
        {"kind": "percentage_point_change", "earlier": "rate_before", "later": "rate_now", "claim": "points"},
        {"kind": "stock_flow", "opening": "opening", "inflows": ["new"], "closing": "closing"},
        {"kind": "identical_block", "earlier": names("before"), "later": names("now")},
        {"kind": "same_state", "a": "none_a", "b": "none_b"},
        {"kind": "entity_alias", "names": ["school_a", "school_b"]},
        {"kind": "freshness", "stated": "as_of", "reference": "stock_at_september"},
        {"kind": "volume", "count": "rows", "before": "rows_before"},
    ]})
}

/// Rows of 表3, one of which slid a cell to the left.
fn table_of_rows(dice: &mut Dice, slid: bool) -> Value {
    let rows = ["国家级数量", "省级数量", "校级数量", "接入国家智慧教育平台数"];
    let at = dice.up_to(rows.len());
    let row = |(index, label): (usize, &&str)| {
        let values = [dice.more(90).to_string(), dice.more(90).to_string()];
        let mut cells = vec![
            (index + 1).to_string(),
            (*label).to_owned(),
            "个".to_owned(),
            values[0].clone(),
            values[1].clone(),
        ];
        if slid && index == at {
            cells.remove(0);
            cells.push(String::new());
        }
        json!({"cells_printed": cells})
    };
    let rows: Vec<Value> = rows.iter().enumerate().map(row).collect();
    json!({"title": "某市", "year": 2024, "six_tables": [
        {"table": "表3", "header": ["序号", "指标", "单位", "2023年", "2024年"], "rows": rows}
    ]})
}

fn planted_in_words(definitions: &Definitions, kind: RelationKind, dice: &mut Dice) -> Line {
    let doubted = |report: &Value| -> Vec<String> {
        let report = if kind == RelationKind::ColumnShift {
            published::read_report(report, definitions).unwrap()
        } else {
            plain::read_report(report).unwrap()
        };
        let answers = audit(&report, definitions).answers.into_iter();
        let doubted =
            answers.filter(|answer| matches!(answer.verdict, Verdict::Inconsistent | Verdict::ToConfirm));
        // Numbers of shifted rows are random: relations between them do not matter here.
        let relevant =
            doubted.filter(|answer| kind != RelationKind::ColumnShift || answer.kind == "column_shift");
        relevant.map(|answer| answer.kind).collect()
    };
    let mut line = Line::default();
    while line.planted < PLANTED {
        let seed = dice.up_to(1 << 30) as u64 + 1;
        let report_with = |fault: Option<RelationKind>| {
            let mut dice = Dice(seed);
            if kind == RelationKind::ColumnShift {
                table_of_rows(&mut dice, fault.is_some())
            } else {
                report_of_words(&mut dice, fault)
            }
        };
        assert_eq!(
            doubted(&report_with(None)),
            Vec::<String>::new(),
            "{} before anything is planted",
            report_with(None)
        );
        line.planted += 1;
        let found = doubted(&report_with(Some(kind)));
        assert_eq!(found, [kind.name()], "{}", report_with(Some(kind)));
        line.found += 1;
    }
    line
}

/// Faults of every kind, twenty of each, in figures of which nothing is asked.
#[test]
fn every_planted_fault_is_found_at_its_place_and_nothing_else() {
    let laboratory = Laboratory::new();
    let mut dice = Dice(0x5EED);
    let mut table = String::from("kind                       planted  found  sharing the figure  other\n");
    for &kind in RelationKind::ALL {
        let mut line = planted(&laboratory, kind, &mut dice);
        let mut place = "cells";
        if line.planted == 0 {
            line = planted_in_words(&laboratory.definitions, kind, &mut dice);
            place = "words";
        }
        table += &format!(
            "{:<26} {:>7} {:>6} {:>19} {:>6}  {place}\n",
            kind.name(),
            line.planted,
            line.found,
            line.sharing,
            line.other
        );
        assert_eq!((line.planted, line.found, line.other), (PLANTED, PLANTED, 0), "\n{table}");
    }
    println!("{table}");
}

/// A school's filing: rows of 表1 and of 表6.
fn filing(school: &str, [graduates, placed, staff, teachers]: [&str; 4]) -> String {
    format!(
        "表1 人才培养质量计分卡\n名称：某校({school})\n序号,指标,单位,2023年,2024年\n1,毕业生人数,人,,{graduates}\n\
         2,毕业去向落实人数,人,,{placed}\n\
         表6 落实政策表\n名称：某校({school})\n序号,指标,单位,2023年,2024年\n1,教职工总数,人,,{staff}\n\
         ,其中：专任教师总数,人,,{teachers}\n"
    )
}

/// The village, where one school filed more placed than graduates, and more teachers than staff.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", filing(YAODU, ["3", "4", "30", "33"]));
    city.deliver("2024/filings/b.csv", filing(HONGTONG, ["2", "2", "20", "10"]));
    city.deliver("2024/filings/c.csv", filing(PROVINCIAL, ["1", "0", "10", "8"]));
    city
}

fn of_checks(city: &City, severity: &str) -> Vec<Record> {
    let mut rows = city.table("finding");
    rows.retain(|row| get(row, "rule").starts_with("C-") && get(row, "severity") == severity);
    rows
}

fn checked(city: &City, more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = city.nianbao(&[&["check", "--json"], more].concat());
    assert!(matches!(output.status.code(), Some(0 | 10 | 20)), "{}", text(&output.stderr));
    let lines = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines)
}

fn answer(city: &City, key: &str) -> (Option<i32>, String) {
    let arguments = ["override", "answer", key, "--by", "王科长", "--why", "含往届补录"];
    let output = city.nianbao(&arguments);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

const PLACED: &str = "2024/placed_are_graduates/3614000001";

#[test]
fn a_filing_that_contradicts_itself_is_asked_about_at_its_school_table_and_row() {
    let city = village();
    city.run();
    let found = of_checks(&city, "S2");
    let lines: Vec<[&str; 5]> = found
        .iter()
        .map(|row| ["rule", "school_code", "file", "row", "header"].map(|column| get(row, column)))
        .collect();
    let file = "2024/filings/a.csv";
    assert_eq!(
        lines,
        [
            ["C-SUBSET-LE-SUPERSET", YAODU, file, "5", "毕业去向落实人数"],
            ["C-SUBSET-LE-SUPERSET", YAODU, file, "10", "教职工总数/专任教师总数"],
        ]
    );
    let message = get(&found[0], "message");
    assert!(message.contains("表1 毕业去向落实人数 2024＝4"), "{message}");
    let facts = ["key", "report_table", "report_path", "indicators"].map(|column| get(&found[0], column));
    assert_eq!(facts, [PLACED, "表1", "毕业去向落实人数", "graduates_placed,graduates"]);

    let (code, answers) = checked(&city, &[]);
    assert_eq!(code, Some(20));
    let placed = answers.iter().find(|answer| answer["key"] == PLACED).unwrap();
    assert_eq!((&placed["verdict"], &placed["does"]), (&"inconsistent".into(), &"S2".into()));
    // Its county is wrong for the school's sake, and says so.
    let county = answers.iter().find(|answer| answer["key"] == "2024/placed_are_graduates/141002").unwrap();
    assert_eq!(county["does"], "S3");
    assert_eq!(city.nianbao(&["check", "--year", "2019"]).status.code(), Some(2));
    let printed = text(&city.nianbao(&["check"]).stdout);
    assert!(printed.contains("检查情况") && printed.contains(PLACED), "{printed}");
}

#[test]
fn a_named_person_answers_a_finding_until_a_figure_under_it_changes() {
    let city = village();
    city.run();
    let (code, said) = answer(&city, "2024/placed_are_graduates/141002");
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(answer(&city, "2024/nothing/1").0, Some(2));
    assert_eq!(answer(&city, PLACED).0, Some(0));

    city.run();
    let open: Vec<Record> = of_checks(&city, "S2");
    assert_eq!(open.len(), 1, "{open:?}");
    let answered = of_checks(&city, "S3").into_iter().find(|row| get(row, "key") == PLACED).unwrap();
    assert!(get(&answered, "message").contains("王科长已说明：含往届补录"), "{answered:?}");
    let applied = city.table("override");
    assert_eq!(applied.len(), 1);
    assert!(get(&applied[0], "value_under").contains("表1 毕业生人数 2024 3"), "{applied:?}");

    // Another figure of the school changes: it holds.
    city.deliver("2024/filings/a.csv", filing(YAODU, ["3", "4", "30", "29"]));
    city.run();
    assert_eq!(of_checks(&city, "S2").len(), 0);
    // One under it changes: it is asked again.
    city.deliver("2024/filings/a.csv", filing(YAODU, ["3", "5", "30", "29"]));
    city.run();
    let open = of_checks(&city, "S2");
    assert!(open.len() == 1 && get(&open[0], "message").contains("第 1 号说明"), "{open:?}");
    // It does not come back with the old figures.
    city.deliver("2024/filings/a.csv", filing(YAODU, ["3", "4", "30", "28"]));
    city.run();
    assert_eq!(of_checks(&city, "S2").len(), 1);
    let listed = text(&city.nianbao(&["override", "list"]).stdout);
    assert!(listed.contains("lapsed") && listed.contains(PLACED), "{listed}");
}

/// The definitions with one relation otherwise.
fn otherwise(city: &City, file: &str, change: &dyn Fn(String) -> String) -> String {
    let folder = city.path().join("pipelines");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    for path in crate::support::files(&from) {
        let to = folder.join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let content = fs::read_to_string(&path).unwrap();
        fs::write(to, if path.ends_with(file) { change(content) } else { content }).unwrap();
    }
    folder.display().to_string()
}

fn with(content: &str, id: &str, more: &str) -> String {
    let line = format!("id = \"{id}\"\n");
    assert!(content.contains(&line), "{id}");
    content.replace(&line, &format!("{line}{more}\n"))
}

#[test]
fn a_broken_guarantee_holds_a_release_back_and_check_reports_it() {
    let city = village();
    let pipelines = otherwise(&city, "audit/table1.toml", &|text| {
        with(&text, "placed_are_graduates", "guaranteed = true")
    });
    let more = ["--pipelines", &pipelines];
    let output = city.nianbao(&[&["run"], &more[..]].concat());
    assert_eq!(output.status.code(), Some(20), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("C-SUBSET-LE-SUPERSET"), "{}", text(&output.stdout));
    let (code, answers) = checked(&city, &more);
    assert_eq!(code, Some(20));
    assert!(answers.iter().any(|answer| answer["key"] == PLACED && answer["does"] == "S0"));
    let printed = text(&city.nianbao(&[&["check"], &more[..]].concat()).stdout);
    assert!(printed.contains("未发布的版本"), "{printed}");
}

#[test]
fn under_a_ratchet_a_published_finding_is_a_note() {
    let city = village();
    let pipelines =
        otherwise(&city, "audit/table1.toml", &|text| with(&text, "placed_are_graduates", "ratchet = true"));
    let run = || city.run_with(&["--pipelines", &pipelines]);
    run();
    assert_eq!(of_checks(&city, "S2").len(), 2);
    // Something else is delivered anew; a second school has the same fault.
    city.deliver("2024/filings/b.csv", filing(HONGTONG, ["2", "3", "20", "11"]));
    run();
    let open = of_checks(&city, "S2");
    let schools: Vec<&str> = open.iter().map(|row| get(row, "school_code")).collect();
    assert_eq!(schools, [YAODU, HONGTONG], "{open:?}");
    assert!(get(&open[0], "header").contains("专任教师"), "{open:?}");
}

#[test]
fn a_check_that_looked_at_nothing_says_so() {
    let city = City::empty();
    Village::new().deliver(&city);
    let run = city.run();
    let idle: Vec<Record> =
        city.table("finding").into_iter().filter(|row| get(row, "rule") == "W-CHECK-IDLE").collect();
    assert!(idle.iter().any(|row| get(row, "message").contains("fitness_pass_rate_attainable")), "{idle:?}");
    let checks = run["checks"].as_array().unwrap();
    let sums = checks.iter().find(|check| check["check"] == "sum_of_parts").unwrap();
    assert!(sums["examined"].as_u64().unwrap() > 0 && sums["inconsistent"] == 0);
}

#[test]
fn a_whole_city_of_clean_filings_is_asked_little() {
    let found = of_checks(whole_city(), "S2");
    let schools: u64 = found
        .iter()
        .filter(|row| !get(row, "school_code").is_empty() && get(row, "report_year") == "2024")
        .map(|row| get(row, "count").parse::<u64>().unwrap())
        .sum();
    assert!(schools < 45 / 2, "{schools} questions to 45 schools");
    // The printed report's own faults, at the city.
    for (year, key) in [
        ("2023", "student_satisfaction_between_its_parts"),
        ("2024", "graduate_satisfaction_between_its_parts"),
    ] {
        let key = format!("{year}/{key}/141000");
        assert!(found.iter().any(|row| get(row, "key") == key), "{key}");
    }
}

/// The village in two years, the same a year before except for one of the staff.
fn two_years() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    for file in ["schools/register.csv", "students/all.csv", "staff/all.csv"] {
        let this_year = fs::read_to_string(city.drop_folder().join("2024").join(file)).unwrap();
        let fewer = usize::from(file.starts_with("staff"));
        let lines: Vec<&str> = this_year.lines().collect();
        let earlier = lines[..lines.len() - fewer].join("\n").replace(",202409,", ",202309,");
        city.deliver(&format!("2023/{file}"), earlier);
    }
    city
}

fn of_rule<'a>(rows: &'a [Record], rule: &str) -> Vec<&'a Record> {
    rows.iter().filter(|row| get(row, "rule") == rule).collect()
}

#[test]
fn a_roster_of_last_year_and_one_that_is_empty_now_are_asked_about() {
    let city = two_years();
    city.run();
    let asked = of_checks(&city, "S2");
    assert_eq!(
        (of_rule(&asked, "C-FRESHNESS").len(), of_rule(&asked, "C-VOLUME").len()),
        (0, 0),
        "{asked:?}"
    );

    let path = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&path).unwrap();
    let changed: Vec<String> = roster
        .lines()
        .filter(|line| !line.starts_with(PROVINCIAL))
        .map(
            |line| {
                if line.starts_with(HONGTONG) { line.replace(",202409,", ",202309,") } else { line.into() }
            },
        )
        .collect();
    fs::write(&path, changed.join("\n")).unwrap();
    // A school that sends nothing would be kept: it says itself that its students are gone.
    fs::remove_dir_all(city.data()).unwrap();
    city.run();
    let asked = of_checks(&city, "S2");
    let stale = of_rule(&asked, "C-FRESHNESS");
    assert_eq!(
        (stale.len(), get(stale[0], "school_code"), get(stale[0], "region_code")),
        (1, HONGTONG, "141024")
    );
    assert!(get(stale[0], "message").contains("已 337 天，超过 92 天"), "{stale:?}");
    let gone = of_rule(&asked, "C-VOLUME");
    assert_eq!((gone.len(), get(gone[0], "school_code")), (1, PROVINCIAL), "{gone:?}");
    assert!(get(gone[0], "message").contains("上年 2，本次为 0，疑为漏报"), "{gone:?}");
    // The current release has the same questions.
    let key = "2024/roster_has_this_autumns_beginners/3614000002";
    let (_, answers) = checked(&city, &["--year", "2024"]);
    assert!(answers.iter().any(|answer| answer["key"] == key && answer["does"] == "S2"), "{answers:?}");
    assert_eq!(answer(&city, key).0, Some(0));
    city.run();
    assert_eq!(of_rule(&of_checks(&city, "S2"), "C-FRESHNESS").len(), 0);
}
