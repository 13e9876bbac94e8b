//! Comma, tab, semicolon or bar separated text, decoded and read as a stream.
//!
//! Lines are joined into records here and each record is split by `csv-core`.
//! The `csv` reader's own line numbers are wrong in CRLF files and after blank
//! lines, and an unclosed quote makes it return the rest of the file as one record
//! without an error. Here a record may span at most [`RECORD_LINES_MAX`] lines;
//! beyond that its first line is reported, and reading continues after that line.

use std::borrow::Cow;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use encoding_rs::{BIG5, Decoder, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};
use memchr::{memchr, memchr2};

use super::cell::{Cell, Row, unprefixed};
use super::sniff::wide;
use super::{COLUMNS_MAX, DecodeError, Event, FileNotes, Limit, Note, Occurrences, ROWS_MAX, RowProblem};
use crate::finding;

/// Lines that a quoted cell may span. Addresses with line breaks seen so far have two or three.
const RECORD_LINES_MAX: usize = 20;
/// Bytes of a line. The widest export seen has 104 columns, and a spreadsheet cell holds 32,767
/// characters.
pub(crate) const LINE_MAX: usize = 1 << 20;

/// Emits the rows.
///
/// # Errors
/// `Encoding` when no encoding fits the whole file, `Dialect` and `NotData` when nothing separates
/// columns, `Limit` for a line that is too long.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<FileNotes, DecodeError> {
    let (chunks, mut notes) = Chunks::new(bytes)?;
    let encoding = chunks.encoding;
    let mut lines = Lines::new(chunks);
    let delimiter = delimiter(&lines.head()?)?;
    each(Event::Sheet(""));
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let mut quotes_inside = Occurrences::default();
    let (mut rows, mut undecoded) = (0_u64, 0_u64);
    let mut width = 0;
    // Where rows have several widths, a narrow last row proves nothing.
    let mut uneven = false;
    let mut short_end = false;
    while let Some((_, first_next)) = lines.line(lines.at)? {
        let number = lines.number;
        if number > ROWS_MAX {
            return Err(DecodeError::Limit(Limit::Rows));
        }
        let bad = Event::BadRow { number, problem: RowProblem::UnclosedQuote };
        let Some(record) = record(&mut lines, delimiter)? else {
            each(bad);
            lines.take(first_next, 1);
            continue;
        };
        let text = &lines.text[lines.at..record.end];
        let text = if record.lines > 1 { unified(text) } else { Cow::Borrowed(text) };
        let row = Row { number, cells: split(&mut reader, &text, delimiter)? };
        // Joined lines whose number of fields differs from other rows are not a record.
        if record.lines > 1 && width > 1 && row.cells.len() != width {
            each(bad);
            lines.take(first_next, 1);
            continue;
        }
        short_end = record.end == record.next && !uneven && is_cut(&row, width);
        uneven |= width > 1 && row.cells.len() > 1 && row.cells.len() != width;
        width = row.cells.len();
        if !row.is_blank() && !is_separator_hint(&text) {
            rows += 1;
            undecoded += u64::from(lines.chunks.damaged && text.contains('\u{fffd}'));
            if record.quote_inside {
                quotes_inside.at(number);
            }
            each(Event::Row(&row));
        }
        lines.take(record.next, record.lines);
    }
    if undecoded > UNDECODED_MAX && undecoded * 100 > rows {
        return Err(DecodeError::Encoding(encoding.into()));
    }
    let last = lines.number - 1;
    if lines.chunks.cut {
        notes.push(Note::new(finding::FILE_TRUNCATED, "", "最后一个字符不完整").at_row(last));
    } else if short_end && notes.is_empty() {
        notes.push(Note::new(finding::FILE_TRUNCATED, "", "最后一行不完整").at_row(last));
    }
    notes.extend(quotes_inside.note(finding::QUOTE_INSIDE, "", "行"));
    Ok(FileNotes { encoding, notes })
}

/// Whether a last row without a line end looks cut. Totals and notes are narrow too, but do not
/// begin with a number.
fn is_cut(row: &Row<'_>, width: usize) -> bool {
    let begins = row.cells.first().map(Cell::text).unwrap_or_default();
    let numbered = row.cells.len() > 1 && begins.starts_with(|c: char| c.is_ascii_digit());
    row.cells.len() < width && (row.cells.len() * 2 > width || numbered)
}

/// Rows with bytes that do not decode, beyond which (and beyond one row in a hundred) the file as a
/// whole is refused.
const UNDECODED_MAX: u64 = 2;

/// Text of a delivered file, decoded chunk by chunk.
///
/// A byte order mark decides, or the places of NUL bytes; else text whose lines are UTF-8 is UTF-8; anything else is GB18030,
/// which contains GBK and GB2312. Bytes that do not decode become U+FFFD, and their row is
/// quarantined later.
pub(super) struct Chunks<'a> {
    decoder: Decoder,
    rest: &'a [u8],
    pub encoding: &'static str,
    /// Some bytes did not decode.
    pub damaged: bool,
    /// The last character is incomplete.
    pub cut: bool,
    ended: bool,
}

impl<'a> Chunks<'a> {
    /// Whether bytes are certainly not of a declared encoding, and certainly of the other that is read.
    pub fn contradict(bytes: &[u8], declared: &'static Encoding) -> bool {
        let utf8 = std::str::from_utf8(bytes);
        if declared == UTF_8 {
            let is_broken = utf8.is_err_and(|error| error.error_len().is_some());
            return is_broken && !GB18030.decode_without_bom_handling(bytes).1;
        }
        [GBK, GB18030].contains(&declared) && utf8.is_ok_and(|text| !text.is_ascii())
    }

    /// Decides the encoding; notes a run of NUL bytes at the end, the mark of an interrupted copy.
    pub fn new(bytes: &'a [u8]) -> Result<(Self, Vec<Note>), DecodeError> {
        let mut notes = Vec::new();
        let mut bytes = bytes;
        let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
        let wide = marked.or_else(|| wide(bytes)).filter(|&encoding| encoding != UTF_8);
        if wide.is_none() && bytes.ends_with(&[0]) {
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if end == 0 {
                return Err(DecodeError::Truncated("nothing but NUL bytes".into()));
            }
            let detail = format!("末尾有 {} 个空字节", bytes.len() - end);
            notes.push(Note::new(finding::FILE_TRUNCATED, "", &detail));
            bytes = &bytes[..end];
        }
        // The mark of the end that DOS programs write after the last line.
        if wide.is_none() {
            bytes = bytes.strip_suffix(&[0x1a]).unwrap_or(bytes);
        }
        let (encoding, name): (&'static Encoding, _) = match wide.or(marked) {
            Some(encoding) if encoding == UTF_16LE => (UTF_16LE, "utf-16le"),
            Some(encoding) if encoding == UTF_16BE => (UTF_16BE, "utf-16be"),
            Some(_) => (UTF_8, "utf-8"),
            None if is_utf8(bytes)? => (UTF_8, "utf-8"),
            None if is_big5(bytes) => return Err(DecodeError::OtherEncoding("big5".into())),
            None => (GB18030, "gb18030"),
        };
        Ok((Chunks::decoded_as(bytes, encoding, name), notes))
    }

    pub fn decoded_as(bytes: &'a [u8], encoding: &'static Encoding, name: &'static str) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Chunks { decoder, rest: bytes, encoding: name, damaged: false, cut: false, ended: false }
    }

    /// Decodes some more and appends it to `text`; false when there is no more.
    pub fn more(&mut self, text: &mut String) -> bool {
        const CHUNK: usize = 1 << 16;
        if self.ended {
            return false;
        }
        let (chunk, rest) = self.rest.split_at(self.rest.len().min(CHUNK));
        self.rest = rest;
        self.ended = chunk.is_empty();
        let most = self.decoder.max_utf8_buffer_length(chunk.len());
        text.reserve(most.unwrap_or(chunk.len() * 3 + 16));
        let (_, _, damaged) = self.decoder.decode_to_string(chunk, text, self.ended);
        self.damaged |= damaged;
        // Bytes that turn out wrong only at the end of the file are the beginning of a character.
        self.cut = self.ended && damaged;
        !self.ended || damaged
    }

    /// All of the text, for a format that is read in two passes.
    pub fn whole(&mut self) -> String {
        let mut text = String::with_capacity(self.rest.len());
        while self.more(&mut text) {}
        text
    }
}

/// Whether text is UTF-8, apart from a few damaged lines. Text in GB18030 breaks the rules of UTF-8
/// in nearly every line.
///
/// # Errors
/// `Encoding` when it is neither: files of two encodings were put together.
fn is_utf8(bytes: &[u8]) -> Result<bool, DecodeError> {
    let Err(error) = std::str::from_utf8(bytes) else { return Ok(true) };
    // The file ends within a character.
    if error.error_len().is_none() {
        return Ok(true);
    }
    let (mut sound, mut broken) = (0_u64, 0_u64);
    for line in bytes.split(|&byte| byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(text) if text.is_ascii() => {}
            Ok(_) => sound += 1,
            Err(_) => broken += 1,
        }
    }
    let few = |count: u64| count <= UNDECODED_MAX || count * 100 <= sound + broken;
    match (few(broken), few(sound)) {
        (_, true) if broken > sound => Ok(false),
        (true, _) if sound > broken => Ok(true),
        // Two characters in GBK may happen to be valid UTF-8: once in 80 such words.
        _ if sound * 20 <= broken => Ok(false),
        _ => Err(DecodeError::Encoding("utf-8, gb18030".into())),
    }
}

/// Whether the head of a text has header words in Big5, which GB18030 would read as other words.
fn is_big5(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    let (text, _) = BIG5.decode_without_bom_handling(head);
    ["姓名", "學校", "學生", "身分證"].iter().any(|word| text.contains(word))
}

/// Physical lines of a text; CRLF, LF and lone CR all end one.
struct Lines<'a> {
    chunks: Chunks<'a>,
    text: String,
    /// Where the next line starts.
    at: usize,
    /// The number of that line, from 1.
    number: u32,
}

impl<'a> Lines<'a> {
    fn new(chunks: Chunks<'a>) -> Self {
        Lines { chunks, text: String::new(), at: 0, number: 1 }
    }

    /// The end of the line that starts at `from`, and the start of the next; the same where the
    /// text ends without a line end. `None` after the last line.
    fn line(&mut self, from: usize) -> Result<Option<(usize, usize)>, DecodeError> {
        let mut searched = from;
        loop {
            let bytes = self.text.as_bytes();
            if let Some(found) = memchr2(b'\n', b'\r', &bytes[searched..]) {
                let end = searched + found;
                let crlf = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
                // A CR at the end of the decoded text may be half a CRLF.
                if bytes[end] == b'\n' || crlf || end + 1 < bytes.len() {
                    return Ok(Some((end, end + 1 + usize::from(crlf))));
                }
                searched = end;
            } else {
                searched = bytes.len();
            }
            if searched - from > LINE_MAX {
                return Err(DecodeError::Limit(Limit::Cell));
            }
            if !self.chunks.more(&mut self.text) {
                let end = self.text.len();
                return Ok(match &self.text.as_bytes()[from..] {
                    [] => None,
                    [.., b'\r'] => Some((end - 1, end)),
                    _ => Some((end, end)),
                });
            }
        }
    }

    /// The first lines, which show the dialect. Nothing is consumed.
    fn head(&mut self) -> Result<Vec<String>, DecodeError> {
        let mut head = Vec::new();
        let mut from = self.at;
        while head.len() < HEAD_LINES
            && let Some((end, next)) = self.line(from)?
        {
            head.push(self.text[from..end].to_owned());
            from = next;
        }
        Ok(head)
    }

    /// Continues at `next`, `lines` lines further on.
    fn take(&mut self, next: usize, lines: u32) {
        const KEPT: usize = 1 << 16;
        self.at = next;
        self.number = self.number.saturating_add(lines);
        if self.at > KEPT {
            self.text.drain(..self.at);
            self.at = 0;
        }
    }
}

const HEAD_LINES: usize = 15;

/// The delimiter that Excel's hint line names, or the most frequent one in the first lines, outside
/// quotes.
///
/// # Errors
/// `Dialect` when something else separates columns, `NotData` when there are no columns.
fn delimiter(head: &[String]) -> Result<u8, DecodeError> {
    const KNOWN: [char; 4] = [',', '\t', ';', '|'];
    let hinted =
        head.first().and_then(|line| line.trim_start_matches('\u{feff}').trim_end().strip_prefix("sep="));
    if let Some(hinted) = hinted.and_then(|rest| KNOWN.into_iter().find(|known| rest == known.to_string())) {
        return Ok(hinted as u8);
    }
    let outside: Vec<String> = head.iter().map(|line| line.split('"').step_by(2).collect()).collect();
    let count =
        |delimiter: char| -> usize { outside.iter().map(|line| line.matches(delimiter).count()).sum() };
    let best = KNOWN.into_iter().rev().max_by_key(|&known| count(known)).unwrap_or(',');
    let wide = count('，').max(count('、')).max(count('；'));
    if count(best) > 0 && count(best) >= wide {
        return Ok(best as u8);
    }
    let filled = outside.iter().filter(|line| !line.trim().is_empty()).count();
    // A few words are not a table; more lines are a table of some other kind.
    if wide >= filled * 2 || filled > 3 { Err(DecodeError::Dialect) } else { Err(DecodeError::NotData) }
}

/// The record that starts at the next line.
struct Record {
    lines: u32,
    end: usize,
    next: usize,
    quote_inside: bool,
}

/// The next record, or `None` when its quotes are not in order: one is not closed within bounds,
/// or is closed where its field does not end, as when a quote that was left open meets the next.
fn record(lines: &mut Lines<'_>, delimiter: u8) -> Result<Option<Record>, DecodeError> {
    let mut quotes = Quotes::default();
    let mut from = lines.at;
    for taken in 1..=RECORD_LINES_MAX {
        let Some((end, next)) = lines.line(from)? else { return Ok(None) };
        if !quotes.read(&lines.text.as_bytes()[from..end], delimiter) {
            return Ok(None);
        }
        if !quotes.open {
            let lines = u32::try_from(taken).unwrap_or(u32::MAX);
            return Ok(Some(Record { lines, end, next, quote_inside: quotes.inside }));
        }
        from = next;
    }
    Ok(None)
}

/// The quotes of a record, line by line. A quote opens only where a field starts.
#[derive(Default)]
struct Quotes {
    /// A quoted field continues on the next line.
    open: bool,
    /// There is a quote within an unquoted field.
    inside: bool,
}

impl Quotes {
    /// False when a quote closes within a field.
    fn read(&mut self, line: &[u8], delimiter: u8) -> bool {
        if !self.open && memchr(b'"', line).is_none() {
            return true;
        }
        let mut at_field_start = !self.open;
        let mut just_closed = false;
        // The quotes of `="0012"` are meant for a spreadsheet.
        let mut is_wrapped = false;
        for &byte in line {
            let quote = byte == b'"';
            if just_closed && !quote && byte != delimiter {
                return false;
            }
            // A doubled quote inside a quoted field closes it and opens it again.
            let opens = quote && (at_field_start || just_closed);
            self.inside |= quote && !opens && !self.open && !is_wrapped;
            just_closed = quote && self.open;
            self.open = if quote { opens } else { self.open };
            is_wrapped = !self.open && byte != delimiter && (is_wrapped || (at_field_start && byte == b'='));
            at_field_start = !self.open && byte == delimiter;
        }
        true
    }
}

/// A record of several lines, joined by LF.
fn unified(record: &str) -> Cow<'_, str> {
    if memchr(b'\r', record.as_bytes()).is_none() {
        return Cow::Borrowed(record);
    }
    Cow::Owned(record.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Excel's hint line `sep=,`.
fn is_separator_hint(record: &str) -> bool {
    record.trim_matches(super::cell::is_blank).strip_prefix("sep=").is_some_and(|rest| rest.len() <= 1)
}

fn split<'r>(reader: &mut Reader, record: &'r str, delimiter: u8) -> Result<Vec<Cell<'r>>, DecodeError> {
    let too_wide = || Err(DecodeError::Limit(Limit::Columns));
    if memchr(b'"', record.as_bytes()).is_none() {
        let cells: Vec<_> =
            record.split(char::from(delimiter)).take(COLUMNS_MAX + 1).map(text_cell).collect();
        return if cells.len() > COLUMNS_MAX { too_wide() } else { Ok(cells) };
    }
    reader.reset();
    let mut cells = Vec::new();
    let mut field = vec![0; record.len() + 1];
    let mut input = record.as_bytes();
    let mut length = 0;
    loop {
        let (result, read, written) = reader.read_field(input, &mut field[length..]);
        input = &input[read..];
        length += written;
        match result {
            // An empty input signals to the reader that the record is over.
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::OutputFull => field.resize(field.len() * 2, 0),
            ReadFieldResult::Field { record_end } => {
                if cells.len() == COLUMNS_MAX {
                    return too_wide();
                }
                cells.push(text_cell(&String::from_utf8_lossy(&field[..length])).into_owned());
                length = 0;
                if record_end {
                    return Ok(cells);
                }
            }
            ReadFieldResult::End => return Ok(cells),
        }
    }
}

fn text_cell(text: &str) -> Cell<'_> {
    let text = unwrapped(text);
    if text.is_empty() { Cell::Empty } else { Cell::Text(Cow::Borrowed(text)) }
}

/// `="0012"` and `'0012`: how people keep Excel from dropping leading zeros.
fn unwrapped(text: &str) -> &str {
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    formula.unwrap_or_else(|| unprefixed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let mut rows = Vec::new();
        read(bytes, &mut |event| match event {
            Event::Row(row) => {
                rows.push((row.number, row.cells.iter().map(|c| c.text().into_owned()).collect()));
            }
            Event::BadRow { number, .. } => rows.push((number, vec!["!".into()])),
            Event::Sheet(_) => {}
        })
        .unwrap();
        rows
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(|&c| c.to_owned()).collect())
    }

    #[test]
    fn row_numbers_are_physical_lines_on_crlf_and_after_blank_lines() {
        let got = rows(b"a,b\r\n\r\n\"1\r\n2\",3\r\n4,5");
        assert_eq!(got, [row(1, &["a", "b"]), row(3, &["1\n2", "3"]), row(5, &["4", "5"])]);
    }

    #[test]
    fn an_unclosed_quote_costs_one_row() {
        let mut text = String::from("a,b\n1,\"x\n");
        for n in 0..30 {
            text += &format!("{n},y\n");
        }
        let got = rows(text.as_bytes());
        assert_eq!(got[1], row(2, &["!"]));
        assert_eq!(got.len(), 32);
    }

    #[test]
    fn an_open_quote_that_meets_another_takes_no_good_row_with_it() {
        let got = rows("a,b\n1,\"路\n2,x\n3,\"路，3号\"\n4,y\n".as_bytes());
        assert_eq!(got[1], row(2, &["!"]));
        assert_eq!(got[2], row(3, &["2", "x"]));
        assert_eq!(got[3], row(4, &["3", "路，3号"]));
        assert_eq!(got.len(), 5);
        assert_eq!(rows(b"a,b\n\"p\"q,2\n3,4")[1], row(2, &["!"]));
    }

    #[test]
    fn a_quote_inside_a_field_is_kept() {
        assert_eq!(rows(b"x\"y,2\n3,4"), [row(1, &["x\"y", "2"]), row(2, &["3", "4"])]);
        assert_eq!(rows(b"\"a\"\"b\",2\n"), [row(1, &["a\"b", "2"])]);
    }

    #[test]
    fn one_damaged_byte_does_not_change_the_encoding() {
        let mut text = "姓名,号\n张三,1\n".repeat(50).into_bytes();
        text.extend(b"\xff,2\n");
        let mut last = String::new();
        let result = read(&text, &mut |event| {
            if let Event::Row(row) = event {
                last = row.cells[0].text().into_owned();
            }
        });
        assert_eq!((result.unwrap().encoding, last.as_str()), ("utf-8", "\u{fffd}"));
    }

    #[test]
    fn gb18030_keeps_four_byte_characters() {
        let (bytes, _, bad) = GB18030.encode("姓名,号\n𠮷䶮,１");
        assert!(!bad);
        assert_eq!(rows(&bytes)[1], row(2, &["𠮷䶮", "１"]));
    }

    #[test]
    fn wrapped_codes_are_unwrapped() {
        assert_eq!(rows(b"=\"0012\",'0013,3\n"), [row(1, &["0012", "0013", "3"])]);
    }

    fn rules(bytes: &[u8]) -> Vec<(String, u32)> {
        let file = read(bytes, &mut |_| {}).unwrap();
        file.notes.into_iter().map(|note| (note.rule, note.row)).collect()
    }

    #[test]
    fn a_file_that_ends_within_a_character_a_row_or_in_nul_bytes_was_cut() {
        let cut = |row| vec![("E-TRUNC".to_owned(), row)];
        let (gbk, ..) = GB18030.encode("姓名,号\n张三,1\n李四,2\n");
        assert_eq!(rules(&gbk), []);
        assert_eq!(rules(&gbk[..gbk.len() - 6]), cut(3));
        assert_eq!(rules(b"a,b,c,d\n1,2,3,4\n1,2,3"), cut(3));
        assert_eq!(rules(b"a,b,c,d\n1,2,3,4\n1,2,3\n"), []);
        assert_eq!(rules(b"a,b\n1,2\n\0\0\0"), cut(0));
    }

    #[test]
    fn files_of_two_encodings_put_together_are_refused() {
        let text = "姓名,号\n张三,1\n王五六,2\n".repeat(20);
        let (gbk, ..) = GB18030.encode(&text);
        let both = [text.as_bytes(), &gbk].concat();
        assert!(matches!(read(&both, &mut |_| {}), Err(DecodeError::Encoding(_))));
        let (big5, ..) = BIG5.encode("姓名,學校\n張三,一中\n");
        assert!(matches!(read(&big5, &mut |_| {}), Err(DecodeError::OtherEncoding(_))));
    }

    #[test]
    fn lines_and_rows_without_end_are_over_the_limit() {
        let limit = |text: String| matches!(read(text.as_bytes(), &mut |_| {}), Err(DecodeError::Limit(_)));
        assert!(limit(format!("a,b\n{}\n", "x".repeat(2 << 20))));
        assert!(limit(format!("a,b\n{}\n", ",".repeat(20_000))));
        assert!(limit(format!("a,b\n\"\",{}\n", ",".repeat(20_000))));
        assert!(limit("a,b\n".repeat((1 << 22) + 1)));
        assert!(!limit(format!("a,b\n1,{}\n", "x".repeat(100_000))));
    }

    #[test]
    fn text_without_separated_columns_is_not_a_table() {
        let read = |text: &str| read(text.as_bytes(), &mut |_| {}).err();
        assert_eq!(read("会话超时，请重新登录"), Some(DecodeError::NotData));
        assert_eq!(read("姓名，性别，民族\n张三，男，汉\n"), Some(DecodeError::Dialect));
        assert_eq!(rows(b"sep=;\na;b,c\n")[0], row(2, &["a", "b,c"]));
    }

    #[test]
    fn a_line_end_may_fall_between_two_chunks() {
        for length in (1 << 16) - 4..(1 << 16) + 2 {
            let text = format!("{},b\r\n1,2\r\n", "x".repeat(length));
            assert_eq!(rows(text.as_bytes())[1], row(2, &["1", "2"]));
        }
        assert_eq!(rows(b"a,b\r1,2\r"), [row(1, &["a", "b"]), row(2, &["1", "2"])]);
    }
}
