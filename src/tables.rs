//! The tables of a release that are not datasets: dimensions, values, cells, findings, deliveries.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use arrow::error::ArrowError;

use crate::contract::Column;
use crate::decisions::Override;
use crate::definition::Definitions;
use crate::delivery::DeliveryOutcome;
use crate::finding::{self, Finding, PrintedRow, Severity};
use crate::indicators::definition::{Calculation, Combination};
use crate::indicators::{IndicatorValue, State, Subject, Unit, ValueKey};
use crate::layout::{Basis, Delivered, Level};
use crate::normalise::Counts;
use crate::normalise::table::{FieldKind, FieldSpec, TableBuilder, Value};
use crate::number::{Decimal, Ratio};
use crate::period::ReportYear;
use crate::position::{Place, column_letters, column_number};
use crate::reconcile::{Answer, Closed, Difference, PairKey, Side};
use crate::report::cells::{ReportCell, Values};
use crate::table_file::{self, TableFileError};

use FieldKind::{Decimal as D, Int32 as I, Int64 as L, Text as T};

fn fields(list: &[(&str, FieldKind, &str)]) -> Vec<FieldSpec> {
    list.iter().map(|(name, kind, title)| FieldSpec::new(name, *kind, title)).collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn int<N: Into<i64>>(value: N) -> Value {
    Value::Int(value.into())
}

fn count(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn decimal(value: Option<Decimal>) -> Value {
    value.map_or(Value::Null, |value| Value::Decimal(value.0))
}

fn table(
    list: &[(&str, FieldKind, &str)],
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<RecordBatch, ArrowError> {
    let mut builder = TableBuilder::new(&fields(list));
    rows.for_each(|row| builder.push(row));
    builder.finish()
}

/// The basis that an adjusted value stands for; empty for what was delivered.
fn stands_for(basis: Basis) -> &'static str {
    if basis.is_adjusted() { basis.delivered().name() } else { "" }
}

/// `indicator_value`, sorted by key.
///
/// # Errors
/// When a column does not fit the schema: a fault of the program. So for all functions here.
pub fn indicator_values(
    values: &[IndicatorValue],
    definitions: &Definitions,
) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("report_year", I, "报告年度"),
        ("indicator_id", T, "指标"),
        ("level", T, "层级"),
        ("region_code", T, "县（市、区）代码"),
        ("school_code", T, "学校标识码"),
        ("breakdown", T, "分组"),
        ("breakdown_code", T, "分组代码"),
        ("basis", T, "口径"),
        ("stands_for", T, "核定值所代替的口径"),
        ("state", T, "状态"),
        ("value", D, "数值"),
        ("numerator", D, "分子"),
        ("denominator", D, "分母"),
        ("words", T, "文字"),
        ("n_missing", I, "缺报学校数"),
        ("unit", T, "单位"),
        ("reference_time", T, "时点或时期"),
    ];
    let rows = values.iter().map(|value| {
        let key = &value.key;
        let indicator = definitions.indicator(&key.indicator_id);
        let time = indicator.map(|indicator| indicator.reference_time.in_year(value.report_year));
        vec![
            int(value.report_year),
            text(&key.indicator_id),
            text(key.unit.level.name()),
            text(&key.unit.region_code),
            text(&key.unit.school_code),
            text(&key.breakdown),
            text(&key.breakdown_code),
            text(key.basis.name()),
            text(stands_for(key.basis)),
            text(value.state.name()),
            decimal(value.value),
            decimal(value.ratio.map(|ratio| ratio.numerator)),
            decimal(value.ratio.map(|ratio| ratio.denominator)),
            value.words.clone().map_or(Value::Null, Value::Text),
            int(value.n_missing),
            text(indicator.map_or("", |indicator| &indicator.unit)),
            text(&time.unwrap_or_default()),
        ]
    });
    table(&columns, rows)
}

/// The values of an earlier release, read back for the last-year columns.
///
/// # Errors
/// When the file cannot be read.
pub fn read_indicator_values(
    path: &Path,
    definitions: &Definitions,
) -> Result<Vec<IndicatorValue>, TableFileError> {
    let (mut subjects, mut units) = (HashSet::new(), HashSet::new());
    let mut values = Vec::new();
    for batch in table_file::read(path)? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        let texts = |name: &str| batch.column_by_name(name).map(AsArray::as_string::<i32>);
        let ints = |name: &str| batch.column_by_name(name).map(AsArray::as_primitive::<Int32Type>);
        let decimals = |name: &str, row: usize| {
            let column = batch.column_by_name(name)?.as_primitive::<Decimal128Type>();
            column.is_valid(row).then(|| Decimal(column.value(row)))
        };
        for row in 0..batch.num_rows() {
            let get = |name: &str| texts(name).map(|column| column.value(row).to_owned()).unwrap_or_default();
            let get_int = |name: &str| ints(name).map(|column| column.value(row)).unwrap_or_default();
            let indicator_id = get("indicator_id");
            let ratio = decimals("numerator", row).zip(decimals("denominator", row));
            // Releases before adjusted values had two bases.
            let basis = Basis::named(&get("basis"), &get("stands_for")).unwrap_or(Basis::System);
            let factor = factor_of(definitions, &indicator_id, basis);
            values.push(IndicatorValue {
                report_year: get_int("report_year"),
                key: ValueKey {
                    subject: shared(
                        &mut subjects,
                        Subject {
                            indicator_id,
                            basis,
                            breakdown: get("breakdown"),
                            breakdown_code: get("breakdown_code"),
                        },
                    ),
                    unit: shared(&mut units, unit_of(get)),
                },
                state: State::named(&get("state")),
                value: decimals("value", row),
                ratio: ratio.map(|(numerator, denominator)| Ratio { numerator, denominator, factor }),
                words: batch
                    .column_by_name("words")
                    .is_some_and(|column| column.is_valid(row))
                    .then(|| get("words")),
                n_missing: get_int("n_missing"),
            });
        }
    }
    Ok(values)
}

/// The unit of a row, from its columns.
pub fn unit_of(get: impl Fn(&str) -> String) -> Unit {
    Unit {
        level: Level::named(&get("level")),
        region_code: get("region_code"),
        school_code: get("school_code"),
    }
}

/// One of those known that is the same, or this one, known from now on.
fn shared<T: Eq + Hash>(known: &mut HashSet<Arc<T>>, one: T) -> Arc<T> {
    if let Some(known) = known.get(&one) {
        return Arc::clone(known);
    }
    let one = Arc::new(one);
    known.insert(Arc::clone(&one));
    one
}

/// 100 for percentages that are computed; a filed ratio is a mean of what was filed.
fn factor_of(definitions: &Definitions, indicator: &str, basis: Basis) -> i64 {
    match definitions.indicator(indicator).and_then(|indicator| indicator.system.as_ref()) {
        Some(Calculation::Ratio(ratio)) if basis.delivered() == Delivered::System => ratio.factor,
        _ => 1,
    }
}

/// `report_cell`, in printed order.
///
/// # Errors
/// See [`indicator_values`].
pub fn report_cells(cells: &[ReportCell]) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("report_year", I, "报告年度"),
        ("report_table", T, "报告表"),
        ("report_path", T, "报告表行"),
        ("measure", T, "度量"),
        ("column_year", I, "列年度"),
        ("level", T, "层级"),
        ("region_code", T, "县（市、区）代码"),
        ("school_code", T, "学校标识码"),
        ("indicator_id", T, "指标"),
        ("breakdown", T, "分组"),
        ("breakdown_code", T, "分组代码"),
        ("basis", T, "口径"),
        ("stands_for", T, "核定值所代替的口径"),
        ("state", T, "状态"),
        ("printed_text", T, "印出文本"),
    ];
    let rows = cells.iter().map(|cell| {
        vec![
            int(cell.report_year),
            text(&cell.report_table),
            text(&cell.report_path),
            text(&cell.measure),
            int(cell.column_year),
            text(cell.unit.level.name()),
            text(&cell.unit.region_code),
            text(&cell.unit.school_code),
            text(&cell.indicator_id),
            text(&cell.breakdown),
            text(&cell.breakdown_code),
            text(cell.basis.name()),
            text(stands_for(cell.basis)),
            text(cell.state.name()),
            cell.printed_text.clone().map_or(Value::Null, Value::Text),
        ]
    });
    table(&columns, rows)
}

/// Between the ids of indicators in one cell: tables are not nested.
const INDICATORS_APART: &str = ",";

/// `finding`.
///
/// # Errors
/// See [`indicator_values`].
pub fn findings(findings: &[Finding]) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("report_year", I, "报告年度"),
        ("rule", T, "规则"),
        ("severity", T, "严重程度"),
        ("dimension", T, "质量维度（GB/T 36344）"),
        ("dataset", T, "数据集"),
        ("school_code", T, "学校标识码"),
        ("file", T, "文件"),
        ("sheet", T, "工作表"),
        ("row", I, "行"),
        ("column", T, "列"),
        ("header", T, "表头"),
        ("message", T, "问题"),
        ("remedy", T, "处理办法"),
        ("count", L, "处数"),
        ("region_code", T, "县（市、区）代码"),
        ("rows_out", L, "未入库的行"),
        ("key", T, "答复所用的编号"),
        ("indicators", T, "有关的指标，以逗号分开"),
        ("report_table", T, "报告表"),
        ("report_path", T, "报告表行"),
    ];
    let rows = findings.iter().map(|finding| {
        vec![
            int(finding.report_year),
            text(&finding.rule),
            text(finding.severity.code()),
            text(&finding.dimension),
            text(&finding.dataset),
            text(&finding.school_code),
            text(&finding.place.file),
            text(&finding.place.sheet),
            int(finding.place.row),
            text(&column_letters(finding.place.column)),
            text(&finding.place.header),
            text(&finding.message),
            text(&finding.remedy),
            count(finding.count),
            text(&finding.region_code),
            count(finding.rows_out),
            text(&finding.key),
            text(&finding.indicators.join(INDICATORS_APART)),
            text(&finding.printed.report_table),
            text(&finding.printed.report_path),
        ]
    });
    table(&columns, rows)
}

/// One delivered file and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub report_year: ReportYear,
    pub dataset: String,
    pub file: String,
    pub sha256: String,
    pub format: String,
    pub encoding: String,
    pub outcome: DeliveryOutcome,
    pub rows: Counts,
}

/// `delivery`: every file with its rows accounted for.
///
/// # Errors
/// See [`indicator_values`].
pub fn deliveries(deliveries: &[Delivery]) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("report_year", I, "报告年度"),
        ("dataset", T, "数据集"),
        ("file", T, "文件"),
        ("sha256", T, "SHA-256"),
        ("format", T, "格式"),
        ("encoding", T, "编码"),
        ("outcome", T, "结果"),
        ("rows_physical", L, "物理行"),
        ("rows_loaded", L, "入库行"),
        ("rows_quarantined", L, "隔离行"),
        ("rows_duplicate", L, "重复行"),
        ("rows_structural", L, "结构行"),
    ];
    let rows = deliveries.iter().map(|delivery| {
        vec![
            int(delivery.report_year),
            text(&delivery.dataset),
            text(&delivery.file),
            text(&delivery.sha256),
            text(&delivery.format),
            text(&delivery.encoding),
            text(delivery.outcome.name()),
            count(delivery.rows.physical),
            count(delivery.rows.loaded),
            count(delivery.rows.quarantined),
            count(delivery.rows.duplicate),
            count(delivery.rows.structural),
        ]
    });
    table(&columns, rows)
}

/// The deliveries of a release, read back; without their rows.
///
/// # Errors
/// When the file cannot be read.
pub fn read_deliveries(path: &Path) -> Result<Vec<Delivery>, TableFileError> {
    let mut deliveries = Vec::new();
    for batch in table_file::read(path)? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        let years = batch.column_by_name("report_year").map(AsArray::as_primitive::<Int32Type>);
        deliveries.extend((0..batch.num_rows()).filter_map(|row| {
            let get = |column: &str| table_file::text_at(&batch, column, row);
            Some(Delivery {
                report_year: years.map(|years| years.value(row)).unwrap_or_default(),
                dataset: get("dataset"),
                file: get("file"),
                sha256: get("sha256"),
                format: get("format"),
                encoding: get("encoding"),
                outcome: DeliveryOutcome::named(&get("outcome"))?,
                rows: Counts::default(),
            })
        }));
    }
    Ok(deliveries)
}

/// One school of one year's register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolRow {
    pub report_year: ReportYear,
    pub school_code: String,
    pub school_name: String,
    pub region_code: String,
    /// Codes, in the order of the register's attributes.
    pub attributes: Vec<String>,
}

/// `dim_school`: each year's register, so that a year is read with its own schools.
///
/// # Errors
/// See [`indicator_values`].
pub fn dim_school(schools: &[SchoolRow], attributes: &[&Column]) -> Result<RecordBatch, ArrowError> {
    let titles: Vec<String> = attributes.iter().map(|column| format!("{}代码", column.title_zh)).collect();
    let mut columns = vec![
        ("report_year", I, "报告年度"),
        ("school_code", T, "学校标识码"),
        ("school_name", T, "学校名称"),
        ("region_code", T, "县（市、区）代码"),
    ];
    let attributes = attributes.iter().zip(&titles);
    columns.extend(attributes.map(|(column, title)| (column.name.as_str(), T, title.as_str())));
    let rows = schools.iter().map(|school| {
        let mut row = vec![
            int(school.report_year),
            text(&school.school_code),
            text(&school.school_name),
            text(&school.region_code),
        ];
        row.extend(school.attributes.iter().map(|code| text(code)));
        row
    });
    table(&columns, rows)
}

/// `dim_region`: city, counties, and the residual for schools under no county.
///
/// # Errors
/// See [`indicator_values`].
pub fn dim_region(
    definitions: &Definitions,
    city: &str,
    residual: (&str, &str),
) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("region_code", T, "行政区划代码"),
        ("region_name", T, "名称"),
        ("parent_code", T, "上级代码"),
        ("level", T, "层级"),
        ("first_year", I, "起始年度"),
        ("last_year", I, "终止年度"),
    ];
    let year = |year: Option<i32>| year.map_or(Value::Null, int);
    let known = definitions.regions().map(crate::code_table::CodeTable::codes).unwrap_or_default();
    let regions =
        known.iter().filter(|code| code.code == city || code.parent.as_deref() == Some(city)).map(|code| {
            vec![
                text(&code.code),
                text(&code.label),
                text(code.parent.as_deref().unwrap_or_default()),
                text(if code.code == city { "city" } else { "county" }),
                year(code.first_year),
                year(code.last_year),
            ]
        });
    let residual =
        vec![text(residual.0), text(residual.1), text(city), text("county"), Value::Null, Value::Null];
    table(&columns, regions.chain([residual]))
}

/// `dim_major`: titles and classes of all catalogues, by year of entry.
///
/// # Errors
/// See [`indicator_values`].
pub fn dim_major(definitions: &Definitions) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("major_code", T, "专业代码"),
        ("major_title", T, "专业名称"),
        ("major_class", T, "专业大类代码"),
        ("major_class_title", T, "专业大类"),
        ("first_entry_year", I, "目录起始入学年度"),
        ("last_entry_year", I, "目录终止入学年度"),
        ("status", T, "依据"),
    ];
    let year = |year: Option<i32>| year.map_or(Value::Null, int);
    let classes = definitions.codes.get("major_class");
    let majors = definitions.codes.get("major").map(crate::code_table::CodeTable::codes).unwrap_or_default();
    let rows = majors.iter().map(|major| {
        let class = major.parent.as_deref().unwrap_or_default();
        let title =
            classes.and_then(|table| table.look_up_any_year(class, 0)).map(|class| class.label.clone());
        vec![
            text(&major.code),
            text(&major.label),
            text(class),
            text(&title.unwrap_or_default()),
            year(major.first_year),
            year(major.last_year),
            text(major.status.map_or("assumed", crate::code_table::Status::name)),
        ]
    });
    table(&columns, rows)
}

/// `dim_indicator`: one row for each indicator and span of years.
///
/// # Errors
/// See [`indicator_values`].
pub fn dim_indicator(definitions: &Definitions) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("indicator_id", T, "指标"),
        ("title_zh", T, "名称"),
        ("title_en", T, "英文名称"),
        ("unit", T, "单位"),
        ("definition", T, "定义"),
        ("status", T, "定义的依据"),
        ("citation", T, "出处"),
        ("system_combination", T, "系统口径的汇总方式"),
        ("filed_combination", T, "填报口径的汇总方式"),
        ("first_year", I, "起始年度"),
        ("last_year", I, "终止年度"),
    ];
    let year = |year: Option<i32>| year.map_or(Value::Null, int);
    let rows = definitions.indicators.iter().map(|indicator| {
        vec![
            text(&indicator.id),
            text(&indicator.title_zh),
            text(&indicator.title_en),
            text(&indicator.unit),
            text(&indicator.definition),
            text(indicator.status.name()),
            text(&indicator.citation),
            text(indicator.system.as_ref().map_or("", system_combination)),
            text(&indicator.filed.as_ref().map(filed_combination).unwrap_or_default()),
            year(indicator.first_year),
            year(indicator.last_year),
        ]
    });
    table(&columns, rows)
}

/// How values of the parts make the value of the whole: only sums may be added up.
fn system_combination(calculation: &Calculation) -> &'static str {
    match calculation {
        Calculation::Count(_) | Calculation::Sum(_) | Calculation::SumOf(_) => "sum",
        Calculation::Max(_) => "max",
        Calculation::CountDistinct(_) => "count_distinct",
        Calculation::Ratio(_) => "ratio_of_sums",
    }
}

fn filed_combination(combination: &Combination) -> String {
    match combination {
        Combination::Sum => "sum".to_owned(),
        Combination::Max => "max".to_owned(),
        Combination::WeightedMean { weight } => format!("mean weighted by {weight}"),
        Combination::List => "list of different words".to_owned(),
        Combination::Lines => "line by line".to_owned(),
    }
}

/// `override`: decisions of named persons that the year's figures stand on.
///
/// # Errors
/// See [`indicator_values`].
pub fn overrides(decisions: &[Override]) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("report_year", I, "报告年度"),
        ("rule", T, "规则"),
        ("key", T, "对象"),
        ("value", T, "数值"),
        ("decided_by", T, "决定人"),
        ("decided_at", T, "决定时间"),
        ("reason", T, "理由"),
        ("indicator_id", T, "指标"),
        ("school_code", T, "学校标识码"),
        ("stands_for", T, "核定值所代替的口径"),
        ("value_under", T, "原数"),
        ("decision", L, "处理记录编号"),
        ("case_id", T, "更正表编号"),
    ];
    let rows = decisions.iter().map(|decision| {
        let about = decision.about.as_ref();
        let correction = decision.correction.as_ref();
        let school = about.map(|about| &about.school_code).or(correction.map(|of| &of.school_code));
        let of_values = about.filter(|about| about.relation.is_empty());
        let under = of_values.and_then(|about| about.under.iter().next());
        // A decision about a finding is about several figures, each by its name.
        let figures = about.filter(|about| !about.relation.is_empty()).map(|about| {
            let each = about.under.iter().map(|(name, printed)| format!("{name} {printed}"));
            each.collect::<Vec<_>>().join("；")
        });
        vec![
            int(decision.report_year),
            text(&decision.rule),
            text(&decision.key),
            text(&decision.value),
            text(&decision.who),
            text(&decision.when),
            text(&decision.reason),
            text(about.map_or("", |about| &about.indicator_id)),
            text(school.map_or("", String::as_str)),
            text(under.map_or("", |(basis, _)| basis)),
            text(figures.as_deref().or(under.map(|(_, told)| told.as_str())).unwrap_or_default()),
            int(i64::from(decision.id)),
            text(correction.map_or("", |of| &of.case)),
        ]
    });
    table(&columns, rows)
}

/// Ids of the decisions that a year of a release stands on; none of a release that did not say.
///
/// # Errors
/// When the file cannot be read.
pub fn read_decisions(path: &Path) -> Result<BTreeSet<u32>, TableFileError> {
    let mut ids = BTreeSet::new();
    for batch in table_file::read(path)? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        if let Some(column) = batch.column_by_name("decision") {
            let column = column.as_primitive::<Int64Type>();
            ids.extend(column.iter().flatten().filter_map(|id| u32::try_from(id).ok()));
        }
    }
    Ok(ids)
}

/// The findings of a release, read back.
///
/// # Errors
/// When the file cannot be read.
pub fn read_findings(path: &Path) -> Result<Vec<Finding>, TableFileError> {
    let mut findings = Vec::new();
    for batch in table_file::read(path)? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        let ints = |name: &str, row: usize| {
            let column = batch.column_by_name(name).map(AsArray::as_primitive::<Int32Type>);
            column.map(|column| column.value(row)).unwrap_or_default()
        };
        let counts = |name: &str, row: usize| {
            let column = batch.column_by_name(name).map(AsArray::as_primitive::<Int64Type>);
            column.map(|column| column.value(row).unsigned_abs())
        };
        findings.extend((0..batch.num_rows()).filter_map(|row| {
            // Releases of before lack some columns.
            let get = |column: &str| match batch.column_by_name(column) {
                Some(_) => table_file::text_at(&batch, column, row),
                None => String::new(),
            };
            let indicators = get("indicators");
            let indicators = indicators.split(INDICATORS_APART).filter(|id| !id.is_empty());
            Some(Finding {
                rule: get("rule"),
                severity: Severity::coded(&get("severity"))?,
                dimension: get("dimension"),
                report_year: ints("report_year", row),
                dataset: get("dataset"),
                region_code: get("region_code"),
                school_code: get("school_code"),
                place: Place {
                    file: get("file"),
                    sheet: get("sheet"),
                    row: ints("row", row).unsigned_abs(),
                    column: column_number(&get("column")),
                    header: get("header"),
                },
                message: get("message"),
                remedy: get("remedy"),
                count: counts("count", row).unwrap_or(1),
                rows_out: counts("rows_out", row).unwrap_or_default(),
                key: get("key"),
                indicators: indicators.map(str::to_owned).collect(),
                printed: PrintedRow { report_table: get("report_table"), report_path: get("report_path") },
                other_files: Vec::new(),
            })
        }));
    }
    Ok(findings)
}

/// A value that a person set and that a release stands on, as its table `override` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedValue {
    pub report_year: ReportYear,
    pub indicator_id: String,
    pub school_code: String,
    pub stands_for: Delivered,
    /// What was set, and what was delivered.
    pub value: String,
    pub under: String,
    pub who: String,
    pub when: String,
    pub reason: String,
}

/// The set values of a release, read back; decisions about deliveries are passed over.
///
/// # Errors
/// When the file cannot be read.
pub fn read_applied_values(path: &Path) -> Result<Vec<AppliedValue>, TableFileError> {
    let mut applied = Vec::new();
    for batch in table_file::read(path)? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        let years = batch.column_by_name("report_year").map(AsArray::as_primitive::<Int32Type>);
        applied.extend((0..batch.num_rows()).filter_map(|row| {
            // A release before set values has no such columns.
            let get =
                |column: &str| batch.column_by_name(column).map(|_| table_file::text_at(&batch, column, row));
            Some(AppliedValue {
                report_year: years.map(|years| years.value(row)).unwrap_or_default(),
                stands_for: Delivered::named(&get("stands_for")?)?,
                indicator_id: get("indicator_id")?,
                school_code: get("school_code")?,
                value: get("value")?,
                under: get("value_under")?,
                who: get("decided_by")?,
                when: get("decided_at")?,
                reason: get("reason")?,
            })
        }));
    }
    Ok(applied)
}

/// `difference`: the same figure on two bases, at every school, county and at the city.
///
/// # Errors
/// See [`indicator_values`].
pub fn differences(differences: &[Difference], definitions: &Definitions) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("report_year", I, "报告年度"),
        ("indicator_id", T, "指标"),
        ("level", T, "层级"),
        ("region_code", T, "县（市、区）代码"),
        ("school_code", T, "学校标识码"),
        ("basis_a", T, "口径甲"),
        ("basis_b", T, "口径乙"),
        ("answer", T, "比对结果"),
        ("state_a", T, "甲的状态"),
        ("value_a", D, "甲的数值"),
        ("state_b", T, "乙的状态"),
        ("value_b", D, "乙的数值"),
        ("difference", D, "差（乙减甲）"),
        ("relative_difference", D, "相对差（差除以甲）"),
        ("tolerance", D, "允许差"),
        ("unit", T, "单位"),
        ("closing_note", T, "处理说明"),
        ("closed_by", T, "处理人"),
        ("closed_at", T, "处理时间"),
        ("closed_decision", L, "处理记录编号"),
        ("finding_rule", T, "仍待处理时的规则"),
    ];
    let rows = differences.iter().map(|one| {
        let PairKey { indicator_id, unit, basis_a, basis_b } = &one.key;
        let closed =
            |column: fn(&Closed) -> &str| one.closed.as_ref().map_or(Value::Null, |of| text(column(of)));
        vec![
            int(one.report_year),
            text(indicator_id),
            text(unit.level.name()),
            text(&unit.region_code),
            text(&unit.school_code),
            text(basis_a.name()),
            text(basis_b.name()),
            text(one.answer.name()),
            text(one.a.state.name()),
            decimal(one.a.value),
            text(one.b.state.name()),
            decimal(one.b.value),
            decimal(one.difference()),
            decimal(one.relative()),
            decimal(Some(one.tolerance)),
            text(definitions.indicator(indicator_id).map_or("", |indicator| &indicator.unit)),
            closed(|of| &of.note),
            closed(|of| &of.by),
            closed(|of| &of.at),
            one.closed.as_ref().map_or(Value::Null, |of| int(i64::from(of.decision))),
            text(if one.is_open() { finding::BASES_DIFFER.id } else { "" }),
        ]
    });
    table(&columns, rows)
}

/// The differences of a release, read back.
///
/// # Errors
/// When the file cannot be read.
pub fn read_differences(path: &Path) -> Result<Vec<Difference>, TableFileError> {
    let mut units = HashSet::new();
    let mut differences = Vec::new();
    for batch in table_file::read(path)? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        let years = batch.column_by_name("report_year").map(AsArray::as_primitive::<Int32Type>);
        let numbers = batch.column_by_name("closed_decision").map(AsArray::as_primitive::<Int64Type>);
        let number = |name: &str, row: usize| {
            let column = batch.column_by_name(name)?.as_primitive::<Decimal128Type>();
            column.is_valid(row).then(|| Decimal(column.value(row)))
        };
        differences.extend((0..batch.num_rows()).filter_map(|row| {
            let get = |column: &str| table_file::text_at(&batch, column, row);
            let side = |state: &str, value: &str| Side {
                state: State::named(&get(state)),
                value: number(value, row),
            };
            let decision = numbers.filter(|numbers| numbers.is_valid(row)).map(|numbers| numbers.value(row));
            Some(Difference {
                report_year: years.map(|years| years.value(row)).unwrap_or_default(),
                key: PairKey {
                    indicator_id: get("indicator_id"),
                    unit: shared(&mut units, unit_of(get)),
                    basis_a: Delivered::named(&get("basis_a"))?,
                    basis_b: Delivered::named(&get("basis_b"))?,
                },
                answer: Answer::named(&get("answer"))?,
                a: side("state_a", "value_a"),
                b: side("state_b", "value_b"),
                tolerance: number("tolerance", row).unwrap_or_default(),
                closed: decision.and_then(|decision| u32::try_from(decision).ok()).map(|decision| Closed {
                    decision,
                    note: get("closing_note"),
                    by: get("closed_by"),
                    at: get("closed_at"),
                }),
            })
        }));
    }
    Ok(differences)
}

/// `run`: which run made the release. Outside the release's digest, as it has a clock.
///
/// # Errors
/// See [`indicator_values`].
pub fn run(
    release: u32,
    created: &str,
    program: &str,
    definitions: &str,
    rows: Counts,
) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("release", I, "版次"),
        ("created", T, "生成时间"),
        ("program", T, "程序版本"),
        ("definitions", T, "定义摘要"),
        ("rows_physical", L, "物理行"),
        ("rows_loaded", L, "入库行"),
        ("rows_quarantined", L, "隔离行"),
        ("rows_duplicate", L, "重复行"),
        ("rows_structural", L, "结构行"),
    ];
    let row = vec![
        int(i64::from(release)),
        text(created),
        text(program),
        text(definitions),
        count(rows.physical),
        count(rows.loaded),
        count(rows.quarantined),
        count(rows.duplicate),
        count(rows.structural),
    ];
    table(&columns, std::iter::once(row))
}

/// Values of several years, ready for look-up.
#[must_use]
pub fn indexed<'a>(values: impl Iterator<Item = &'a IndicatorValue>) -> Values<'a> {
    values.map(|value| ((value.report_year, &value.key), value)).collect()
}
