//! Comma, tab or semicolon separated text.
//!
//! Lines are joined into records here and each record is split by `csv-core`.
//! The `csv` reader's own line numbers are off on CRLF files and after blank
//! lines, and one unclosed quote makes it hand back the rest of the file as one
//! record without an error: so a record may span at most [`RECORD_LINES_MAX`]
//! lines, beyond which its first line is reported and reading goes on after it.

use std::borrow::Cow;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::cell::{Cell, Row};
use super::{DecodeError, Event, RowProblem};

/// Lines one quoted cell may run over. Addresses with line breaks seen so far have two or three.
const RECORD_LINES_MAX: usize = 20;

/// Tells the rows; returns the encoding's name.
///
/// # Errors
/// `Truncated` when the file ends in a run of NUL bytes or inside a character.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<&'static str, DecodeError> {
    let (text, encoding) = decode_text(bytes)?;
    each(Event::Sheet(""));
    let lines = physical_lines(&text);
    let delimiter = delimiter(&lines);
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let mut next = 0;
    let mut width = 0;
    while next < lines.len() {
        let bad = Event::BadRow { number: line_number(next), problem: RowProblem::UnclosedQuote };
        let Some(taken) = record_length(&lines[next..], delimiter) else {
            each(bad);
            next += 1;
            continue;
        };
        let record = joined(&lines[next..next + taken]);
        let row = Row { number: line_number(next), cells: split(&mut reader, &record) };
        // Lines that only together have another number of fields are no record.
        if taken > 1 && width > 1 && row.cells.len() != width {
            each(bad);
            next += 1;
            continue;
        }
        width = row.cells.len();
        if !row.is_blank() && !is_separator_hint(&record) {
            each(Event::Row(&row));
        }
        next += taken;
    }
    Ok(encoding)
}

/// Text of a delivered file. A byte order mark decides; text that is valid UTF-8 is
/// UTF-8; anything else is GB18030, which contains GBK and GB2312. Bytes that do not
/// decode become U+FFFD, and the row they stand in is quarantined later.
///
/// # Errors
/// `Truncated` when the file ends in NUL bytes.
pub(super) fn decode_text(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), DecodeError> {
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if !wide && bytes.ends_with(&[0, 0]) {
        return Err(DecodeError::Truncated("the file ends in NUL bytes".into()));
    }
    let (encoding, name): (&'static Encoding, _) = match Encoding::for_bom(bytes) {
        Some((encoding, _)) if encoding == UTF_16LE => (UTF_16LE, "utf-16le"),
        Some((encoding, _)) if encoding == UTF_16BE => (UTF_16BE, "utf-16be"),
        Some(_) => (UTF_8, "utf-8"),
        None if is_utf8(bytes) => (UTF_8, "utf-8"),
        None => (GB18030, "gb18030"),
    };
    let (text, _) = encoding.decode_with_bom_removal(bytes);
    Ok((text, name))
}

/// Whether bytes are UTF-8 but for a damaged place here and there: text in GB18030 breaks the
/// rules of UTF-8 at nearly every character.
fn is_utf8(bytes: &[u8]) -> bool {
    let (mut sound, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    broken * 50 <= sound
}

/// Lines without their ends; CRLF, LF and lone CR all end one.
fn physical_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        lines.push(&rest[..end]);
        let after = &rest[end..];
        rest = after.strip_prefix("\r\n").unwrap_or(&after[1..]);
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn line_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// The delimiter that the first lines have most of, counted outside quotes.
fn delimiter(lines: &[&str]) -> u8 {
    let outside = |line: &str| -> String { line.split('"').step_by(2).collect() };
    let head: Vec<String> = lines.iter().take(15).map(|line| outside(line)).collect();
    let count = |delimiter: char| -> usize { head.iter().map(|line| line.matches(delimiter).count()).sum() };
    [',', '\t', ';', '|'].into_iter().rev().max_by_key(|&d| count(d)).map_or(b',', |d| d as u8)
}

/// How many lines the first record takes, or `None` when its quotes are not in order: one never
/// closes within bounds, or closes where its field does not end, which is how a quote that was
/// left open meets the next one.
fn record_length(lines: &[&str], delimiter: u8) -> Option<usize> {
    let mut open = false;
    for (index, line) in lines.iter().take(RECORD_LINES_MAX).enumerate() {
        open = quote_open_after(line, open, delimiter)?;
        if !open {
            return Some(index + 1);
        }
    }
    None
}

/// Whether a quoted field is open at the end of `line`; `None` when a quote closes amid a field.
/// A quote opens only where a field starts.
fn quote_open_after(line: &str, mut open: bool, delimiter: u8) -> Option<bool> {
    let mut at_field_start = !open;
    let mut just_closed = false;
    for byte in line.bytes() {
        let quote = byte == b'"';
        if just_closed && !quote && byte != delimiter {
            return None;
        }
        // A doubled quote inside a quoted field closes it and opens it again.
        let opens = quote && (at_field_start || just_closed);
        just_closed = quote && open;
        open = if quote { opens } else { open };
        at_field_start = !open && byte == delimiter;
    }
    Some(open)
}

fn joined<'a>(lines: &[&'a str]) -> Cow<'a, str> {
    match lines {
        [line] => Cow::Borrowed(line),
        lines => Cow::Owned(lines.join("\n")),
    }
}

/// Excel's hint line `sep=,`.
fn is_separator_hint(record: &str) -> bool {
    record.trim().strip_prefix("sep=").is_some_and(|rest| rest.len() <= 1)
}

fn split(reader: &mut Reader, record: &str) -> Vec<Cell<'static>> {
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
            // An empty input tells the reader that the record is over.
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::OutputFull => field.resize(field.len() * 2, 0),
            ReadFieldResult::Field { record_end } => {
                cells.push(text_cell(&field[..length]));
                length = 0;
                if record_end {
                    return cells;
                }
            }
            ReadFieldResult::End => return cells,
        }
    }
}

fn text_cell(field: &[u8]) -> Cell<'static> {
    let text = String::from_utf8_lossy(field);
    let text = unwrapped(&text);
    if text.is_empty() { Cell::Empty } else { Cell::Text(Cow::Owned(text.to_owned())) }
}

/// `="0012"` and `'0012` are how people keep Excel from eating leading zeros.
fn unwrapped(text: &str) -> &str {
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    formula.or_else(|| text.strip_prefix('\'')).unwrap_or(text)
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
        let encoding = read(&text, &mut |event| {
            if let Event::Row(row) = event {
                last = row.cells[0].text().into_owned();
            }
        });
        assert_eq!((encoding, last.as_str()), (Ok("utf-8"), "\u{fffd}"));
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
}
