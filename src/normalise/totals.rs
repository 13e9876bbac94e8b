//! A file's statements on its own rows: 合计 rows and 共N条, a free proof that no row was lost on the way.
//!
//! They are compared with all data rows, loaded or not. A statement is about the rows since the
//! previous statement, about its sheet, or about the whole file, and may be above or below them; one
//! that is true of none of these sets the delivery aside. A row that could not be split, and a cell that
//! is not a number, have no amount: their totals are not compared.

use std::collections::{BTreeMap, BTreeSet};

use super::binding::Binding;
use super::text;
use crate::decode::{Cell, Row, paging};
use crate::definitions::contract::{ColumnType, Dataset};
use crate::finding::{self, Rule};
use crate::number::Decimal;
use crate::position::Place;

/// The subject of a number in a 合计 row or a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Rows,
    /// The sum of a column, by its position in the contract.
    Column(usize),
    /// Pages of a list, of which this file has some.
    Pages,
}

/// A stated number of rows, or sum of a column, and its place.
#[derive(Debug)]
pub struct Statement {
    subject: Subject,
    stated: Decimal,
    pub place: Place,
}

impl Statement {
    /// The rule that a statement breaks when it is not true.
    #[must_use]
    pub fn rule(&self) -> &'static Rule {
        match self.subject {
            Subject::Rows => finding::COUNT_DIFFERS,
            Subject::Column(_) => finding::TOTAL_DIFFERS,
            Subject::Pages => finding::FILE_PAGES,
        }
    }
}

/// The number of some data rows, and the sums of their columns.
#[derive(Debug, Default)]
struct Amounts {
    rows: u64,
    /// How many of them could not be split into cells.
    broken: u64,
    sums: BTreeMap<usize, Decimal>,
    /// Columns with a cell that is not a number.
    unknown: BTreeSet<usize>,
}

impl Amounts {
    fn add(&mut self, other: &Amounts) {
        self.rows += other.rows;
        self.broken += other.broken;
        for (column, sum) in &other.sums {
            *self.sums.entry(*column).or_default() += *sum;
        }
        self.unknown.extend(&other.unknown);
    }

    fn agree_with(&self, statement: &Statement) -> bool {
        match statement.subject {
            // Lines that could not be split are rows, or remainders of rows.
            Subject::Rows => {
                let count = |rows: u64| Decimal::from_int(i64::try_from(rows).unwrap_or(i64::MAX));
                (count(self.rows - self.broken)..=count(self.rows)).contains(&statement.stated)
            }
            Subject::Pages => false,
            Subject::Column(column) => {
                self.broken > 0
                    || self.unknown.contains(&column)
                    || self.sums.get(&column).copied().unwrap_or_default() == statement.stated
            }
        }
    }
}

/// Data rows added up, and the statements on them.
#[derive(Debug, Default)]
pub struct Totals {
    /// Columns that hold numbers, by position in the contract.
    numbers: Vec<usize>,
    since: Amounts,
    sheet: Amounts,
    file: Amounts,
    /// Statements of the open sheet, and those of closed ones that may be of the whole file.
    open: Vec<Statement>,
    unmet: Vec<Statement>,
    /// Pages that are said to be here, and how many there are in all, where it is said last.
    pages: BTreeSet<u32>,
    pages_in_all: Option<(u32, Place)>,
}

impl Totals {
    #[must_use]
    pub fn new(dataset: &Dataset) -> Self {
        let number = |kind| matches!(kind, ColumnType::Integer | ColumnType::Decimal);
        let columns = dataset.columns.iter().enumerate();
        let numbers = columns.filter(|(_, column)| number(column.kind)).map(|(position, _)| position);
        Totals { numbers: numbers.collect(), ..Totals::default() }
    }

    /// Adds a data row.
    pub fn add(&mut self, binding: &Binding, row: &Row<'_>) {
        self.since.rows += 1;
        for &position in &self.numbers {
            let cell = binding.cells[position].and_then(|index| row.cells.get(index));
            let Some(cell) = cell.filter(|cell| !cell.is_blank()) else { continue };
            if let Ok(value) = text::decimal(cell) {
                *self.since.sums.entry(position).or_default() += value;
            } else {
                self.since.unknown.insert(position);
            }
        }
    }

    /// Adds a line that could not be split into cells.
    pub fn add_broken(&mut self) {
        self.since.rows += 1;
        self.since.broken += 1;
    }

    /// Takes the statements of a 合计 row or a note.
    pub fn state(&mut self, dataset: &Dataset, binding: &Binding, row: &Row<'_>, place: &Place) {
        let first = first_text(row);
        if let Some((page, in_all)) = page_of(&first) {
            self.pages.insert(page);
            self.pages_in_all = Some((in_all, place.clone()));
        }
        let statements =
            if is_total(&first) { total(dataset, binding, row, place) } else { note(&first, place) };
        if statements.is_empty() {
            return;
        }
        let part = self.since.rows > 0;
        let unmet = statements.into_iter().filter(|statement| !(part && self.since.agree_with(statement)));
        self.open.extend(unmet);
        self.sheet.add(&std::mem::take(&mut self.since));
    }

    /// Ends the sheet, and compares the statements on it.
    pub fn end_sheet(&mut self) {
        self.sheet.add(&std::mem::take(&mut self.since));
        let sheet = std::mem::take(&mut self.sheet);
        let open = std::mem::take(&mut self.open);
        self.unmet.extend(open.into_iter().filter(|statement| !sheet.agree_with(statement)));
        self.file.add(&sheet);
    }

    /// The statements that proved true of nothing, once every sheet has ended.
    #[must_use]
    pub fn finish(self) -> Vec<Statement> {
        let (file, pages) = (self.file, self.pages);
        let cut = self.pages_in_all.filter(|(in_all, _)| !(1..=*in_all).all(|page| pages.contains(&page)));
        let cut = cut.map(|(in_all, place)| Statement {
            subject: Subject::Pages,
            stated: Decimal::from_int(in_all.into()),
            place,
        });
        self.unmet.into_iter().chain(cut).filter(|statement| !file.agree_with(statement)).collect()
    }
}

/// The characters around a number of rows: `共1234条记录`, `合计：45人`.
const COUNTED: &str = "共合总计条人名行所家个记录:";

/// The numbers of a 合计 row: sums under columns of numbers, a number of rows next to the label.
fn total(dataset: &Dataset, binding: &Binding, row: &Row<'_>, place: &Place) -> Vec<Statement> {
    let label = row.cells.iter().position(|cell| !cell.is_blank()).unwrap_or_default();
    let mut statements = Vec::new();
    for (index, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank()) {
        let text = text::compact(&cell.text());
        let digits: String = text.chars().filter(|c| !COUNTED.contains(*c)).collect();
        let Ok(stated) = text::decimal(&Cell::Text(digits.as_str().into())) else { continue };
        let position = binding.cells.iter().position(|cell| *cell == Some(index));
        let kind = position.and_then(|position| dataset.columns.get(position)).map(|column| column.kind);
        let subject = match (kind, position) {
            (Some(ColumnType::Integer | ColumnType::Decimal), Some(position)) => Subject::Column(position),
            _ if text.starts_with(['共', '合', '总', '计']) => Subject::Rows,
            // 2024 under 毕业年份 counts nothing.
            (Some(ColumnType::ReportYear | ColumnType::YearMonth | ColumnType::BirthDate), _) => continue,
            _ if index == label + 1 => Subject::Rows,
            // A bare number further right is the sum of a column that is not read.
            _ => continue,
        };
        statements.push(Statement { subject, stated, place: place.clone() });
    }
    statements
}

/// `共1234条` at the end of a sheet.
fn note(first: &str, place: &Place) -> Vec<Statement> {
    let stated = counted(first).and_then(|digits| Decimal::parse(&digits));
    stated
        .map(|stated| Statement { subject: Subject::Rows, stated, place: place.clone() })
        .into_iter()
        .collect()
}

/// The digits of `共1234条记录`, also after the pages: `第1页/共9页 共340条`; `None` for any other text.
fn counted(text: &str) -> Option<String> {
    let whole = text;
    let text = split_page(text).map_or(text, |(_, after)| after.trim_start_matches([',', '，', '/', ';']));
    let Some(digits) = text.strip_prefix('共') else {
        return paging::rows(&paging::folded(whole)).map(|rows| rows.to_string());
    };
    let digits = digits.trim_end_matches(|c| COUNTED.contains(c));
    let digits = digits.trim_start_matches(['有', '计', ':']).replace(',', "");
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// `第1页/共9页`, `1/9页`, `第1/9页`: which page it is, and how many there are.
fn page_of(text: &str) -> Option<(u32, u32)> {
    const STARTS: [&str; 7] = ["第", "共", "总", "当前", "页码", "显示", "page"];
    let whole = paging::folded(text);
    let others = || paging::page(&whole).filter(|_| STARTS.iter().any(|start| whole.starts_with(start)));
    split_page(text).map(|(page, _)| page).or_else(others)
}

/// See [`page_of`]; with the text after it, without how many are on each.
fn split_page(text: &str) -> Option<((u32, u32), &str)> {
    let text = text.rsplit_once("每页").map_or(text, |(before, _)| before);
    let (text, after) = text.rsplit_once('页')?;
    let digits = |text: &str| -> Option<u32> {
        let from = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        text[from..].parse().ok()
    };
    let in_all = digits(text)?;
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let before =
        before.trim_end_matches('共').trim_end_matches(['/', ',', '，', ';', '(']).trim_end_matches('页');
    let page = digits(before)?;
    let stands_alone = before.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('第');
    (stands_alone.is_empty() && (1..=in_all).contains(&page)).then_some(((page, in_all), after))
}

/// The first text of a row, without blanks.
#[must_use]
pub fn first_text(row: &Row<'_>) -> String {
    let first = row.cells.iter().find(|cell| !cell.is_blank());
    first.map(|cell| text::compact(&cell.text())).unwrap_or_default()
}

/// Whether a row with this first text is a row of sums.
#[must_use]
pub fn is_total(first: &str) -> bool {
    ["合计", "总计", "共计"].iter().any(|word| first.starts_with(word))
}

/// Whether it is a row of sums of unspecified rows, which cannot be compared.
#[must_use]
pub fn is_subtotal(first: &str) -> bool {
    ["小计", "本页合计", "本页小计"].iter().any(|word| first.starts_with(word))
}

/// Whether a row is a note: the person who filled it in, remarks, `共1234条`.
#[must_use]
pub fn is_note(first: &str, row: &Row<'_>) -> bool {
    const STARTS: [&str; 11] = [
        "填报人",
        "审核人",
        "制表",
        "填表",
        "注:",
        "说明:",
        "备注:",
        "导出时间",
        "打印时间",
        "导出人",
        "单位负责人",
    ];
    (counted(first).is_some()
        || page_of(first).is_some()
        || STARTS.iter().any(|start| first.starts_with(start)))
        && row.filled() <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: &[&str]) -> Row<'static> {
        let cells = texts.iter().map(|text| Cell::Text((*text).to_owned().into())).collect();
        Row { number: 9, cells }
    }

    fn note_row(text: &str) -> bool {
        let row = row(&[text]);
        is_note(&first_text(&row), &row)
    }

    #[test]
    fn a_page_says_of_how_many_it_is() {
        for text in [
            "第1页/共9页",
            "第1页共9页共340条",
            "1/9页",
            "第1/9页",
            "第1页/共9页共340条",
            "第1页/共9页共340条记录每页40条",
        ] {
            assert_eq!(page_of(text), Some((1, 9)), "{text}");
        }
        for text in ["共9页", "主页", "第9页/共1页", "2024年第1页/共2页", "1"] {
            assert_eq!(page_of(text), None, "{text}");
        }
        assert_eq!(counted("第1页/共9页共340条").as_deref(), Some("340"));
        let finished = |notes: &[&str]| {
            let mut totals = Totals::default();
            let binding = Binding::default();
            for text in notes {
                totals.state(&dataset(), &binding, &row(&[text]), &Place::default());
            }
            totals.finish().iter().map(|statement| statement.rule().id).collect::<Vec<_>>()
        };
        assert_eq!(finished(&["第1页/共2页"]), [finding::FILE_PAGES.id]);
        assert_eq!(finished(&["第1页/共2页", "第2页/共2页"]), Vec::<&str>::new());
    }

    #[test]
    fn notes_are_distinguished_from_rows() {
        for text in ["共1234条记录", "共 12 人", "共1,234条", "注：数据截至9月1日", "打印时间：2024-09-02"]
        {
            assert!(note_row(text), "{text}");
        }
        for text in ["共青团路小学", "3614000001", "注册学生"] {
            assert!(!note_row(text), "{text}");
        }
    }

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
            [[column]]
            name = "school_code"
            title_zh = "学校标识码"
            names = ["学校标识码"]
            type = "school_code"
            required = true
            [[column]]
            name = "year"
            title_zh = "毕业年份"
            names = ["毕业年份"]
            type = "report_year"
            [[column]]
            name = "graduates"
            title_zh = "毕业生数"
            names = ["毕业生数"]
            type = "integer"
            "#,
        )
        .unwrap()
    }

    /// Rules broken by sheets of rows under the header 学校标识码, 毕业年份, 毕业生数.
    fn broken(sheets: &[&[&[&str]]]) -> Vec<&'static str> {
        let dataset = dataset();
        let header = [row(&["学校标识码", "毕业年份", "毕业生数"])];
        let (_, binding) =
            crate::normalise::binding::find_header(&dataset, &dataset.versions[0], &header).unwrap();
        let mut totals = Totals::new(&dataset);
        for sheet in sheets {
            for texts in *sheet {
                let row = row(texts);
                let first = first_text(&row);
                if is_total(&first) || is_note(&first, &row) {
                    totals.state(&dataset, &binding, &row, &Place::default());
                } else if texts.is_empty() {
                    totals.add_broken();
                } else {
                    totals.add(&binding, &row);
                }
            }
            totals.end_sheet();
        }
        totals.finish().iter().map(|statement| statement.rule().id).collect()
    }

    const A: &[&str] = &["3614000001", "2024", "1,200"];
    const B: &[&str] = &["3614000001", "2024", "34"];

    #[test]
    fn a_total_is_of_its_part_its_sheet_or_the_file_and_may_be_above() {
        let total: &[&str] = &["合计", "2024", "1234"];
        assert_eq!(broken(&[&[A, B, total]]), Vec::<&str>::new());
        assert_eq!(broken(&[&[total, A, B]]), Vec::<&str>::new());
        assert_eq!(broken(&[&[A], &[B, total, &["共2条"]]]), Vec::<&str>::new());
        assert_eq!(broken(&[&[A, &["合计", "", "1200"], B, &["合计", "", "34"]]]), Vec::<&str>::new());
        assert_eq!(broken(&[&[A, total]]), ["E-TOTAL"]);
        assert_eq!(broken(&[&[A, &["合计", "", "0"]]]), ["E-TOTAL"]);
    }

    #[test]
    fn a_number_of_rows_is_next_to_its_label_or_in_words() {
        for stated in ["共2条", "共2人", "共有2条记录"] {
            assert_eq!(broken(&[&[A, B, &[stated]]]), Vec::<&str>::new(), "{stated}");
            assert_eq!(broken(&[&[A, &[stated]]]), ["E-COUNT"], "{stated}");
        }
        assert_eq!(broken(&[&[A, &["合计：2人"]]]), ["E-COUNT"]);
        assert_eq!(broken(&[&[A, &["合计", "共2人"]]]), ["E-COUNT"]);
        assert_eq!(broken(&[&[A, &["合计", "2"]]]), Vec::<&str>::new(), "the column has a year");
    }

    #[test]
    fn what_has_no_amount_is_not_compared() {
        assert_eq!(
            broken(&[&[A, &["3614000001", "2024", "约30"], &["合计", "", "1230"]]]),
            Vec::<&str>::new()
        );
        let lost: &[&str] = &[];
        assert_eq!(broken(&[&[A, lost, &["合计", "", "9"], &["共1条"]]]), Vec::<&str>::new());
        assert_eq!(broken(&[&[A, lost, &["共3条"]]]), ["E-COUNT"]);
    }
}
