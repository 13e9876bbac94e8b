//! Header texts → canonical columns.

use std::collections::HashSet;

use crate::decode::Row;
use crate::definitions::contract::header::{HeaderKeys, header_key, may_begin};
use crate::definitions::contract::unit::{self, Conversion, Unit};
use crate::definitions::contract::{Column, Dataset, Version};
use crate::position::redact;

/// Rows searched for the header. Exports seen so far put it within the first 12.
pub const HEADER_SEARCH_ROWS: usize = 15;

/// The position of each column in a file.
#[derive(Debug, Clone, Default)]
pub struct Binding {
    /// For each column of the contract, in its order: the index of the cell.
    pub cells: Vec<Option<usize>>,
    /// The conversion of the numbers of each column, in the contract's order; `None` where they are
    /// already in the contract's unit.
    pub conversions: Vec<Option<Conversion>>,
    /// For each column of the contract: other cells that mean it, in the order in which they are taken.
    pub fallbacks: Vec<Vec<Fallback>>,
    /// Cells with a number that the thing itself has.
    pub own_keys: Vec<usize>,
    /// Header texts as delivered, by cell.
    pub headers: Vec<String>,
    /// The same texts in the form in which they are compared.
    keys: Vec<String>,
    /// Headers that the contract does not know.
    pub unknown: Vec<String>,
    /// First and last physical row of the header.
    pub rows: (u32, u32),
}

/// A cell of a column that is taken where those before it are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    pub cell: usize,
    pub conversion: Option<Conversion>,
}

/// The reason why rows that look like a header do not bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindError {
    /// None of the rows searched has enough known headers; with the unknown texts of the best one.
    NoHeader { nearest: Vec<String> },
    /// Titles of required columns that are not there.
    Missing(Vec<String>),
    /// Two columns mean the same.
    Twice(String),
    /// A column without a stated unit, or with an unsuitable one; in Chinese.
    Unit(String),
}

/// Looks for the header among the first rows of a sheet.
///
/// A row is the header when at least half of the contract's required columns are
/// named in it (and, for headers of several rows, in the rows under it).
///
/// # Errors
/// [`BindError`], which says what to correct.
pub fn find_header(
    dataset: &Dataset,
    version: &Version,
    rows: &[Row<'static>],
) -> Result<(usize, Binding), BindError> {
    let keys = HeaderKeys::of(dataset);
    let required = dataset.columns.iter().filter(|column| column.required).count();
    let mut best: Option<(usize, usize)> = None;
    for (index, row) in rows.iter().enumerate() {
        let labels = labels(rows, index, version.header_rows);
        let named: HashSet<usize> = labels
            .iter()
            .filter_map(|label| keys.column(label))
            .filter(|&column| dataset.columns[column].required)
            .collect();
        let hits = named.len();
        if row.filled() > 1 && best.is_none_or(|(_, most)| hits > most) {
            best = Some((index, hits));
        }
    }
    let Some((index, hits)) = best else { return Err(BindError::NoHeader { nearest: Vec::new() }) };
    // Where one more row names more columns, some header texts are split over two rows.
    let named = |header_rows| {
        labels(rows, index, header_rows).iter().filter(|label| keys.column(label).is_some()).count()
    };
    let mut header_rows = version.header_rows;
    if named(header_rows + 1) > named(header_rows) {
        header_rows += 1;
    }
    let labels = labels(rows, index, header_rows);
    if hits * 2 < required.max(1) {
        let nearest = labels.into_iter().filter(|label| !label.is_empty()).take(8).collect();
        return Err(BindError::NoHeader { nearest });
    }
    let last = rows.get(index + header_rows - 1).map_or(rows[index].number, |row| row.number);
    let mut binding = bind(dataset, version, labels, (rows[index].number, last))?;
    let header = &rows[index..rows.len().min(index + header_rows)];
    binding.conversions = conversions(dataset, &binding.cells, &rows[..index], header)?;
    let most = binding.fallbacks.iter().map(Vec::len).max().unwrap_or_default();
    for place in 0..most {
        let cells: Vec<Option<usize>> =
            binding.fallbacks.iter().map(|others| others.get(place).map(|other| other.cell)).collect();
        let converted = conversions(dataset, &cells, &rows[..index], header)?;
        for (others, conversion) in binding.fallbacks.iter_mut().zip(converted) {
            if let Some(other) = others.get_mut(place) {
                other.conversion = conversion;
            }
        }
    }
    Ok((index, binding))
}

/// For each column of the contract, the conversion of the numbers in its cell to the contract's unit.
fn conversions(
    dataset: &Dataset,
    cells: &[Option<usize>],
    titles: &[Row<'static>],
    header: &[Row<'static>],
) -> Result<Vec<Option<Conversion>>, BindError> {
    let lines = titles.iter().flat_map(|row| &row.cells);
    let above: Vec<Unit> = lines.flat_map(|cell| unit::stated(&cell.text())).collect();
    let columns = dataset.columns.iter().zip(cells);
    columns
        .map(|(column, cell)| match (column.convertible(), cell) {
            (Some(contract_unit), Some(index)) => {
                let texts = header.iter().rev().filter_map(|row| row.cells.get(*index));
                let brackets: Vec<String> = texts.flat_map(|cell| unit::bracketed(&cell.text())).collect();
                let stated_unit = unit_of(column, contract_unit, &brackets, &above)?;
                let other = stated_unit.filter(|unit| *unit != contract_unit);
                Ok(other.and_then(|unit| Conversion::between(unit, contract_unit)))
            }
            _ => Ok(None),
        })
        .collect()
}

/// The unit that a column's header states, else the line above it; `None` where neither needs to.
fn unit_of(
    column: &Column,
    contract_unit: Unit,
    brackets: &[String],
    above: &[Unit],
) -> Result<Option<Unit>, BindError> {
    let refused = |what: &str| Err(BindError::Unit(format!("{}：{what}", column.title_zh)));
    for inside in brackets {
        match Unit::named(inside) {
            Some(unit) if unit.is_of_kind(contract_unit) => return Ok(Some(unit)),
            Some(_) => {
                let expected = column.unit.as_deref().unwrap_or_default();
                return refused(&format!("表头写的单位“{}”不能换算成“{expected}”", redact(inside)));
            }
            None if column.states_unit && !is_remark(inside) => {
                return refused(&format!("表头写的“{}”不是已知的单位", redact(inside)));
            }
            None => {}
        }
    }
    match above.iter().copied().find(|unit| unit.is_of_kind(contract_unit)) {
        Some(unit) => Ok(Some(unit)),
        None if column.states_unit => refused("没有写明单位"),
        None => Ok(None),
    }
}

/// Whether brackets hold a remark and not a unit: （必填）, （选填）.
fn is_remark(inside: &str) -> bool {
    inside.is_empty() || ["必填", "选填", "可填"].iter().any(|start| inside.starts_with(start))
}

/// The lowest text of each column of a header that starts at `first`.
fn labels(rows: &[Row<'static>], first: usize, header_rows: usize) -> Vec<String> {
    let header = &rows[first..rows.len().min(first + header_rows)];
    let width = header.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    (0..width)
        .map(|column| {
            let texts = header.iter().rev().filter_map(|row| row.cells.get(column));
            texts.map(|cell| cell.text().into_owned()).find(|text| !text.is_empty()).unwrap_or_default()
        })
        .collect()
}

fn bind(
    dataset: &Dataset,
    version: &Version,
    labels: Vec<String>,
    rows: (u32, u32),
) -> Result<Binding, BindError> {
    let keys: Vec<String> = labels.iter().map(|label| header_key(label)).collect();
    let mut used = vec![false; labels.len()];
    let mut cells = Vec::with_capacity(dataset.columns.len());
    let mut fallbacks = Vec::with_capacity(dataset.columns.len());
    for (column, names) in dataset.columns.iter().zip(&HeaderKeys::of(dataset).columns) {
        let mut found = positions(column, names, &keys, &mut used)?.into_iter();
        cells.push(found.next());
        fallbacks.push(found.map(|cell| Fallback { cell, conversion: None }).collect());
    }
    let ignored: Vec<String> = version.ignored.iter().map(|name| header_key(name)).collect();
    let unknown: Vec<String> = labels
        .iter()
        .enumerate()
        .filter(|(index, label)| !used[*index] && !label.is_empty() && !ignored.contains(&keys[*index]))
        .map(|(_, label)| label.clone())
        .collect();
    let missing: Vec<String> = dataset
        .columns
        .iter()
        .zip(&cells)
        .filter(|(column, cell)| column.required && cell.is_none())
        .map(|(column, _)| missing_title(column, &unknown))
        .collect();
    if !missing.is_empty() {
        return Err(BindError::Missing(missing));
    }
    let own: Vec<String> = dataset.own_key.iter().map(|name| header_key(name)).collect();
    let numbered = keys.iter().enumerate().filter(|(_, key)| own.contains(key));
    let own_keys = numbered.map(|(index, _)| index).collect();
    let conversions = Vec::new();
    Ok(Binding { cells, conversions, fallbacks, own_keys, headers: labels, keys, unknown, rows })
}

/// The title of a missing column, with the most similar unknown header, if there is a similar one.
fn missing_title(column: &Column, unknown: &[String]) -> String {
    let title = header_key(&column.title_zh);
    let shared = |label: &&String| header_key(label).chars().filter(|&c| title.contains(c)).count();
    let nearest = unknown.iter().max_by_key(shared).filter(|label| shared(label) * 2 > title.chars().count());
    let hint = nearest.map(|label| format!("（“{}”是否即此列）", redact(label))).unwrap_or_default();
    format!("{}{hint}", column.title_zh)
}

/// The cells of a column: the one by its names, never two at once, then those by its fallback names.
fn positions(
    column: &Column,
    names: &[Vec<String>; 2],
    keys: &[String],
    used: &mut [bool],
) -> Result<Vec<usize>, BindError> {
    let mut found: Vec<usize> = Vec::new();
    for wanted in names {
        let hits: Vec<usize> =
            keys.iter().enumerate().filter(|(_, key)| wanted.contains(key)).map(|(index, _)| index).collect();
        for &hit in &hits {
            used[hit] = true;
        }
        if found.is_empty() && hits.len() > 1 {
            return Err(BindError::Twice(column.title_zh.clone()));
        }
        found.extend(hits);
    }
    Ok(found)
}

/// Whether a row repeats the header, as in paged exports. Its first cells show this: data rows
/// share none of them.
#[must_use]
pub fn repeats_header(binding: &Binding, row: &Row<'_>) -> bool {
    const LOOKED_AT: usize = 4;
    let filled = row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank());
    let first: Vec<_> = filled.take(LOOKED_AT).collect();
    let same = |index: usize, text: &str| {
        let key = binding.keys.get(index);
        key.is_some_and(|key| may_begin(text, |first| key.starts_with(first)) && *key == header_key(text))
    };
    let repeated = first.iter().filter(|(index, cell)| same(*index, &cell.text())).count();
    first.len() > 1 && repeated * 2 > first.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Cell;

    fn dataset() -> Dataset {
        toml::from_str(
            r#"
            dataset = "d"
            title_zh = ""
            table = "t"
            classification = ""
            [[version]]
            id = "1"
            first_year = 2000
            status = "assumed"
            source = ""
            ignored = ["备注"]
            [[column]]
            name = "school_code"
            title_zh = "学校标识码"
            names = ["学校标识码"]
            type = "school_code"
            required = true
            [[column]]
            name = "dual"
            title_zh = "双师型"
            names = ["是否双师型教师", "双师型"]
            fallback_names = ["双师"]
            type = "text"
            required = true
            "#,
        )
        .unwrap()
    }

    fn rows(texts: &[&[&str]]) -> Vec<Row<'static>> {
        let cell = |text: &&str| Cell::Text((*text).to_owned().into());
        texts
            .iter()
            .enumerate()
            .map(|(index, texts)| Row {
                number: u32::try_from(index).unwrap() + 1,
                cells: texts.iter().map(cell).collect(),
            })
            .collect()
    }

    fn find(texts: &[&[&str]]) -> Result<(usize, Binding), BindError> {
        let dataset = dataset();
        find_header(&dataset, &dataset.versions[0], &rows(texts))
    }

    #[test]
    fn quotes_brackets_stars_and_order_do_not_matter() {
        let (index, binding) =
            find(&[&["标题"], &["备注", "是否“双师型”教师（必填）", "*学校_x000D_\n标识码", "新列"]])
                .unwrap();
        assert_eq!(index, 1);
        assert_eq!(binding.cells, [Some(2), Some(1)]);
        assert_eq!(binding.unknown, ["新列"]);
    }

    #[test]
    fn a_fallback_comes_after_the_name() {
        let places = |texts: &[&str]| {
            let binding = find(&[texts]).unwrap().1;
            let others: Vec<usize> = binding.fallbacks[1].iter().map(|other| other.cell).collect();
            (binding.cells, others)
        };
        assert_eq!(places(&["学校标识码", "双师"]), (vec![Some(0), Some(1)], vec![]));
        assert_eq!(places(&["双师", "双师型", "学校标识码"]), (vec![Some(2), Some(1)], vec![0]));
    }

    #[test]
    fn two_columns_of_one_meaning_and_missing_ones_are_refused() {
        assert!(matches!(find(&[&["学校标识码", "双师型", "是否双师型教师"]]), Err(BindError::Twice(_))));
        assert_eq!(find(&[&["学校标识码", "姓名"]]).unwrap_err(), BindError::Missing(vec!["双师型".into()]));
        let near = find(&[&["学校标识码", "是否双师", "姓名"]]).unwrap_err();
        assert_eq!(near, BindError::Missing(vec!["双师型（“是否双师”是否即此列）".into()]));
        assert!(matches!(find(&[&["姓名", "性别"]]), Err(BindError::NoHeader { .. })));
    }

    const MONEY: &str = r#"
            dataset = "d"
            title_zh = ""
            table = "t"
            classification = ""
            [[version]]
            id = "1"
            first_year = 2000
            status = "assumed"
            source = ""
            [[column]]
            name = "school_code"
            title_zh = "学校标识码"
            names = ["学校标识码"]
            type = "school_code"
            required = true
            [[column]]
            name = "amount"
            title_zh = "金额"
            names = ["金额"]
            type = "decimal"
            unit = "万元"
            states_unit = true
            [[column]]
            name = "area"
            title_zh = "占地面积"
            names = ["占地面积"]
            type = "decimal"
            unit = "平方米"
            "#;

    fn money(texts: &[&[&str]]) -> Result<Vec<Option<Conversion>>, BindError> {
        let dataset: Dataset = toml::from_str(MONEY).unwrap();
        assert_eq!(dataset.faults(&|_| true), Vec::<String>::new());
        find_header(&dataset, &dataset.versions[0], &rows(texts)).map(|(_, binding)| binding.conversions)
    }

    #[test]
    fn a_unit_that_converts_to_nothing_cannot_be_demanded() {
        let dataset: Dataset = toml::from_str(&MONEY.replace("万元", "张")).unwrap();
        assert_eq!(dataset.faults(&|_| true).len(), 1);
    }

    #[test]
    fn a_unit_comes_from_the_header_else_from_the_line_above_it() {
        let between = |from, to| Conversion::between(Unit::named(from)?, Unit::named(to)?);
        let yuan = between("元", "万元");
        assert_eq!(money(&[&["学校标识码", "金额（元）"]]), Ok(vec![None, yuan, None]));
        assert_eq!(money(&[&["学校标识码", "金额（必填）（万元）"]]), Ok(vec![None, None, None]));
        let line: &[&str] = &["收支表", "", "单位：元、亩"];
        let areas = between("亩", "平方米");
        assert_eq!(money(&[line, &["学校标识码", "金额", "占地面积"]]), Ok(vec![None, yuan, areas]));
        assert_eq!(money(&[line, &["学校标识码", "金额（万元）"]]), Ok(vec![None, None, None]));
        assert_eq!(money(&[&["学校标识码", "金额（元）", "占地面积（平方米）"]]), Ok(vec![None, yuan, None]));
    }

    #[test]
    fn a_unit_that_is_missing_unknown_or_of_another_kind_is_refused() {
        for (header, expected) in [
            ("金额", "没有写明单位"),
            ("金额（美元）", "“美元”不是已知的单位"),
            ("金额（bps）", "“BPS”不能换算成“万元”"),
        ] {
            let Err(BindError::Unit(detail)) = money(&[&["学校标识码", header]]) else {
                panic!("{header}")
            };
            assert!(detail.starts_with("金额：") && detail.contains(expected), "{detail}");
        }
        // A column that need not state a unit must not state a wrong one.
        let areas: &[&str] = &["学校标识码", "金额（元）", "占地面积（万元）"];
        assert!(matches!(money(&[areas]), Err(BindError::Unit(_))));
        assert!(money(&[&["学校标识码", "金额（元）", "占地面积（2024年）"]]).is_ok());
        let line: &[&str] = &["", "单位：人"];
        assert!(matches!(money(&[line, &["学校标识码", "金额"]]), Err(BindError::Unit(_))));
    }

    #[test]
    fn a_repeated_header_is_recognised() {
        let (_, binding) = find(&[&["学校标识码", "双师型"]]).unwrap();
        assert!(repeats_header(&binding, &rows(&[&["学校标识码", "双师型"]])[0]));
        assert!(!repeats_header(&binding, &rows(&[&["3614000001", "是"]])[0]));
    }
}
