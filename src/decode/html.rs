//! A table in a web page, saved as `.xls`: what many systems call an export.
//!
//! The page is only tokenised, by a real HTML tokeniser: nothing in it is run,
//! fetched or laid out. Rows are numbered over all `<tr>` of the page.

use std::borrow::Cow;
use std::cell::RefCell;

use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::cell::{Cell, Row, unprefixed};
use super::text::{Chunks, LINE_MAX};
use super::{COLUMNS_MAX, DecodeError, Event, FileNotes, Limit, Note, ROWS_MAX, RowProblem, paging};
use crate::finding;

/// Columns or rows that a cell may span; the widest export seen has 104.
const SPAN_MAX: usize = 1_000;
/// Rows of a table for the layout of a page.
const SMALL_ROWS: usize = 2;
/// Bytes of the text beside tables that are looked at.
const BESIDE_MAX: usize = 1 << 16;

/// Emits the rows of all tables of the page, each table as a sheet without a name.
///
/// # Errors
/// `NotData` when the page has no table, or asks for a password.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<FileNotes, DecodeError> {
    let (mut chunks, mut notes) = page_text(bytes)?;
    let encoding = chunks.encoding;
    let sink = Tables(RefCell::new(Page {
        each,
        tables: 0,
        around: Vec::new(),
        table: None,
        rows: 0,
        silent: false,
        login: false,
        beside: String::new(),
        over: None,
    }));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let mut text = String::new();
    while chunks.more(&mut text) {
        input.push_back(StrTendril::from(text.as_str()));
        text.clear();
        let _ = tokenizer.feed(&input);
        if let Some(over) = tokenizer.sink.0.borrow().over {
            return Err(DecodeError::Limit(over));
        }
    }
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    if page.tables == 0 || page.login {
        return Err(DecodeError::NotData);
    }
    if page.table.is_some() && !page.end_cut() {
        notes.push(Note::new(finding::FILE_TRUNCATED, "", "表格没有结束标记").at_row(page.rows));
    }
    notes.extend(page.paging_note());
    Ok(FileNotes { encoding, notes })
}

/// A byte order mark wins, then the declared charset, then the bytes themselves.
fn page_text(bytes: &[u8]) -> Result<(Chunks<'_>, Vec<Note>), DecodeError> {
    let declared = declared_charset(bytes);
    match (Encoding::for_bom(bytes), declared) {
        // Bytes that are the other encoding, and not the declared one, decide.
        (None, Some(declared)) if Chunks::contradict(bytes, declared) => {
            let (chunks, mut notes) = Chunks::new(bytes)?;
            notes.push(Note::new(finding::ENCODING_CONFLICT, "", chunks.encoding));
            Ok((chunks, notes))
        }
        (None, Some(encoding)) => {
            // GBK and GB2312 are parts of GB18030.
            let encoding = if encoding == encoding_rs::GBK { encoding_rs::GB18030 } else { encoding };
            let name = if encoding == encoding_rs::GB18030 { "gb18030" } else { encoding.name() };
            Ok((Chunks::decoded_as(bytes, encoding, name), Vec::new()))
        }
        (Some((marked, _)), Some(declared)) if marked != declared => {
            let (chunks, mut notes) = Chunks::new(bytes)?;
            notes.push(Note::new(finding::ENCODING_CONFLICT, "", chunks.encoding));
            Ok((chunks, notes))
        }
        _ => Chunks::new(bytes),
    }
}

fn declared_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(2048)].to_ascii_lowercase();
    let at = head.windows(8).position(|window| window == b"charset=")? + 8;
    let label: Vec<u8> = head[at..]
        .iter()
        .copied()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .collect();
    Encoding::for_label(&label)
}

/// The part of the page that is being read.
struct Page<'e> {
    each: &'e mut dyn FnMut(Event<'_>),
    tables: usize,
    /// Tables around the open one, and what was being read of each.
    around: Vec<OpenTable>,
    table: Option<OpenTable>,
    rows: u32,
    /// Inside `<script>` or `<style>`.
    silent: bool,
    /// The page asks for a password: its tables are layout, not data.
    login: bool,
    /// Text beside the tables, and of tables that are too small for data.
    beside: String,
    /// What exceeds the limits of a table.
    over: Option<Limit>,
}

#[derive(Default)]
struct OpenTable {
    row: Option<Vec<Cell<'static>>>,
    rows: usize,
    /// The text of its first rows.
    text: String,
    cell: Option<OpenCell>,
    /// Cells that reach down from rows above, by column: the number of further rows, and the value.
    reaching: Vec<(usize, Cell<'static>)>,
}

struct OpenCell {
    text: String,
    columns: usize,
    rows: usize,
}

struct Tables<'e>(RefCell<Page<'e>>);

impl TokenSink for Tables<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                page.tag(&tag);
                // The content of a script is not markup.
                return match (&*tag.name, tag.kind) {
                    ("script", TagKind::StartTag) => TokenSinkResult::RawData(RawKind::ScriptData),
                    ("style", TagKind::StartTag) => TokenSinkResult::RawData(RawKind::Rawtext),
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::CharacterTokens(text) => page.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Page<'_> {
    fn tag(&mut self, tag: &Tag) {
        let start = tag.kind == TagKind::StartTag;
        match (&*tag.name, start) {
            ("script" | "style", _) => self.silent = start,
            ("table", true) => {
                // A table inside a cell is a table by itself: pages are laid out with tables.
                self.around.extend(self.table.replace(OpenTable::default()));
                self.tables += 1;
                (self.each)(Event::Sheet(""));
            }
            ("table", false) => {
                self.end_row();
                if let Some(table) = self.table.as_ref().filter(|table| table.rows <= SMALL_ROWS) {
                    self.beside += &table.text;
                }
                self.table = self.around.pop();
                if self.table.is_some() {
                    (self.each)(Event::Sheet(""));
                }
            }
            ("tr", true) => {
                self.end_row();
                if let Some(table) = &mut self.table {
                    self.rows += 1;
                    table.row = Some(Vec::new());
                }
            }
            ("tr", false) => self.end_row(),
            ("td" | "th", true) => {
                self.end_cell();
                if let Some(table) = &mut self.table {
                    let (columns, rows) = (span(tag, "colspan"), span(tag, "rowspan"));
                    table.cell = Some(OpenCell { text: String::new(), columns, rows });
                }
            }
            ("td" | "th", false) => self.end_cell(),
            ("br", _) => self.text("\n"),
            ("input", true) => self.login |= is_password(tag),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.silent {
            return;
        }
        if let Some(cell) = self.table.as_mut().and_then(|table| table.cell.as_mut()) {
            cell.text.push_str(text);
            if cell.text.len() > LINE_MAX {
                self.over = Some(Limit::Cell);
            }
        } else if self.beside.len() < BESIDE_MAX {
            self.beside += text;
        }
    }

    /// What the text beside the tables says of pages and rows, where there are more than the page has.
    fn paging_note(&self) -> Option<Note> {
        let beside = paging::folded(&self.beside);
        let pages = paging::page(&beside).filter(|(_, in_all)| *in_all > 1);
        let rows = paging::rows(&beside).filter(|rows| *rows > self.rows);
        let detail = match (rows, pages) {
            (Some(rows), _) => format!("页面写明共 {rows} 条，表中只有 {} 行", self.rows),
            (None, Some((page, in_all))) => format!("页面写明是第 {page} 页，共 {in_all} 页"),
            (None, None) => return None,
        };
        Some(Note::new(finding::FILE_PAGES, "", &detail))
    }

    /// Ends a table without an end tag; false when the page ends between two rows.
    fn end_cut(&mut self) -> bool {
        let open = self.table.take().is_some_and(|table| table.row.is_some());
        if open {
            (self.each)(Event::BadRow { number: self.rows, problem: RowProblem::CutShort });
        }
        open
    }

    fn end_cell(&mut self) {
        if let Some(table) = &mut self.table {
            table.end_cell();
        }
    }

    fn end_row(&mut self) {
        let Some(cells) = self.table.as_mut().and_then(OpenTable::end_row) else { return };
        if cells.len() > COLUMNS_MAX {
            self.over = Some(Limit::Columns);
        }
        if self.rows > ROWS_MAX {
            self.over = Some(Limit::Rows);
        }
        let row = Row { number: self.rows, cells };
        if let Some(table) = self.table.as_mut().filter(|table| table.rows < SMALL_ROWS) {
            table.text.extend(row.cells.iter().map(Cell::text));
        }
        if let Some(table) = &mut self.table {
            table.rows += 1;
        }
        if !row.is_blank() {
            (self.each)(Event::Row(&row));
        }
    }
}

impl OpenTable {
    fn end_cell(&mut self) {
        self.take_reaching();
        let (Some(row), Some(cell)) = (&mut self.row, self.cell.take()) else { return };
        let text = cell.text.trim_matches(super::cell::is_blank);
        let value =
            if text.is_empty() { Cell::Empty } else { Cell::Text(Cow::Owned(unprefixed(text).to_owned())) };
        for column in 0..cell.columns {
            let value = if column == 0 { value.clone() } else { Cell::Empty };
            if cell.rows > 1 {
                self.reaching.resize(self.reaching.len().max(row.len() + 1), (0, Cell::Empty));
                self.reaching[row.len()] = (cell.rows - 1, value.clone());
            }
            row.push(value);
        }
    }

    /// A cell that spans rows belongs to each of them: the next cell goes to the next free column.
    fn take_reaching(&mut self) {
        let Some(row) = &mut self.row else { return };
        while let Some((left, value)) = self.reaching.get_mut(row.len()).filter(|(left, _)| *left > 0) {
            *left -= 1;
            row.push(value.clone());
        }
    }

    fn end_row(&mut self) -> Option<Vec<Cell<'static>>> {
        if self.cell.is_some() {
            self.end_cell();
        }
        self.take_reaching();
        self.row.take()
    }
}

fn is_password(tag: &Tag) -> bool {
    let kind = tag.attrs.iter().find(|attribute| &*attribute.name.local == "type");
    kind.is_some_and(|kind| kind.value.eq_ignore_ascii_case("password"))
}

fn span(tag: &Tag, name: &str) -> usize {
    let value = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
    value.and_then(|attribute| attribute.value.trim().parse().ok()).unwrap_or(1).clamp(1, SPAN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(page: &str) -> Result<Vec<(u32, Vec<String>)>, DecodeError> {
        let mut rows = Vec::new();
        read(page.as_bytes(), &mut |event| {
            if let Event::Row(row) = event {
                rows.push((row.number, row.cells.iter().map(|c| c.text().into_owned()).collect()));
            }
        })?;
        Ok(rows)
    }

    #[test]
    fn entities_spans_and_missing_end_tags_are_read() {
        let got = rows("<table><tr><td colspan=2>a&nbsp;<td>b<tr><td>1<br>2</td></tr></table>").unwrap();
        assert_eq!(got[0], (1, vec!["a".into(), String::new(), "b".into()]));
        assert_eq!(got[1], (2, vec!["1\n2".into()]));
    }

    #[test]
    fn a_cell_that_spans_rows_is_in_each_of_them() {
        let got = rows("<table><tr><td rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e</table>").unwrap();
        let cells: Vec<_> = got.into_iter().map(|(_, cells)| cells.join(",")).collect();
        assert_eq!(cells, ["a,b", "a,c", "d,e"]);
    }

    #[test]
    fn a_table_inside_a_cell_is_read_and_a_script_is_not() {
        let page =
            "<script>var s='<table>'; i<n;</script><table><tr><td><table><tr><td>a<td>b</table></table>";
        assert_eq!(rows(page).unwrap(), [(2, vec!["a".to_owned(), "b".to_owned()])]);
    }

    #[test]
    fn a_page_without_a_table_is_not_data() {
        assert_eq!(rows("<html><body>会话超时</body></html>"), Err(DecodeError::NotData));
    }

    #[test]
    fn an_open_table_is_a_truncated_file() {
        let notes_and_problems = |page: &str| {
            let mut bad = Vec::new();
            let file = read(page.as_bytes(), &mut |event| {
                if let Event::BadRow { number, problem } = event {
                    bad.push((number, problem));
                }
            });
            (file.unwrap().notes.into_iter().map(|note| (note.rule, note.row)).collect::<Vec<_>>(), bad)
        };
        let between = notes_and_problems("<table><tr><td>a</td></tr>");
        assert_eq!(between, (vec![("E-TRUNC".to_owned(), 1)], vec![]));
        let within = notes_and_problems("<table><tr><td>a</td></tr><tr><td>b");
        assert_eq!(within, (vec![], vec![(2, RowProblem::CutShort)]));
        assert_eq!(notes_and_problems("<table><tr><td>a</table>"), (vec![], vec![]));
    }

    #[test]
    fn a_page_that_asks_for_a_password_is_not_data() {
        let page = "<table><tr><td>用户名<td><input><tr><td>密码<td><input type=PASSWORD></table>";
        assert_eq!(rows(page), Err(DecodeError::NotData));
    }

    #[test]
    fn a_table_without_bounds_is_over_the_limit() {
        let wide = format!("<table><tr>{}</table>", "<td colspan=1000>x".repeat(20));
        assert!(matches!(rows(&wide), Err(DecodeError::Limit(_))));
        let long = format!("<table><tr><td>{}</table>", "x".repeat(2 << 20));
        assert!(matches!(rows(&long), Err(DecodeError::Limit(_))));
    }

    #[test]
    fn a_byte_order_mark_wins_over_the_declared_charset() {
        let page = "\u{feff}<meta charset=gb2312><table><tr><td>姓名</table>";
        let file = read(page.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!((file.encoding, file.notes[0].rule.as_str()), ("utf-8", "W-ENC-CONFLICT"));
    }

    #[test]
    fn the_declared_charset_is_used() {
        let (bytes, _, _) = encoding_rs::GBK
            .encode("<meta content=\"text/html; charset=gb2312\"><table><tr><td>姓名</table>");
        let mut seen = String::new();
        let file = read(&bytes, &mut |event| {
            if let Event::Row(row) = event {
                seen = row.cells[0].text().into_owned();
            }
        });
        assert_eq!((file.unwrap().encoding, seen.as_str()), ("gb18030", "姓名"));
    }
}
