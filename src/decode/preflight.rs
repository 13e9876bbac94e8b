//! A search for what a workbook must not hold, before it is parsed.
//!
//! The XML reader stops at `</worksheet>`, before the zip entry's checksum: of 800 single-bit
//! flips, 88 silently gave wrong cells until every entry was read to its end. As this reads every
//! byte anyway, a few texts are searched for on the way, without parsing.

use memchr::memmem::{self, Finder};
use memchr::{memchr, memrchr};

use super::{DecodeError, Occurrences};
use crate::sources::bundle;

/// Findings that matter for reading, or are worth reporting.
#[derive(Debug, Default)]
pub(super) struct Preflight {
    /// A range of some sheet is merged over several rows.
    pub merged_down: bool,
    pub hidden_rows: Occurrences,
    pub macros: bool,
    /// Cells of other workbooks are used.
    pub links: bool,
    pub spelling: Spelling,
}

/// How a workbook is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Spelling {
    /// As the reader expects it.
    #[default]
    Usual,
    /// Otherwise, though it means the same: see [`super::respell`].
    Odd,
}

impl Spelling {
    fn note(&mut self, is_odd: bool) {
        if is_odd {
            *self = Spelling::Odd;
        }
    }
}

/// The longest tag: a cell's value is between tags, and is bounded elsewhere.
const TAG_MAX: usize = 1 << 18;
/// Letters of the last column, `XFD`, and digits of the last row, 1048576.
const LETTERS_MAX: usize = 3;
const DIGITS_MAX: usize = 7;
/// The shortest item of shared strings: `<si/>`.
const SHARED_ITEM: u64 = 5;

/// Reads every entry of a workbook to its end.
///
/// # Errors
/// Those of [`bundle::unpack`]; `Entities`, `Workbook` and `Grid`.
pub(super) fn look_through(bytes: &[u8], unpacked_max: u64) -> Result<Preflight, DecodeError> {
    let mut archive = bundle::open(bytes)?;
    let mut found = Preflight::default();
    let mut part = Part::default();
    let finders = Finders::new();
    bundle::unpack(&mut archive, bytes.len(), unpacked_max, |name, chunk| {
        if chunk.is_empty() {
            found.macros |= name.ends_with("vbaProject.bin");
            found.links |= name.starts_with("xl/externalLinks/externalLink");
            return std::mem::take(&mut part).end();
        }
        if part.kind.is_none() {
            part.kind = Some(kind(name));
            part.is_relations = name.rsplit('.').next() == Some("rels");
            found.spelling.note(lies_elsewhere(name));
        }
        part.take(chunk, &finders, &mut found)
    })?;
    Ok(found)
}

/// The kind of an entry, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Strings,
    Sheet,
    OtherXml,
    Other,
}

fn kind(name: &str) -> Kind {
    let name = name.to_ascii_lowercase();
    let ending = name.rsplit('.').next().unwrap_or_default();
    if name.ends_with("sharedstrings.xml") {
        Kind::Strings
    } else if name.contains("worksheets/") && ending == "xml" {
        Kind::Sheet
    } else if ["xml", "rels"].contains(&ending) {
        Kind::OtherXml
    } else {
        Kind::Other
    }
}

/// Whether a part of cells lies outside the folder that the reader knows.
fn lies_elsewhere(name: &str) -> bool {
    let plain = name.to_lowercase();
    let is_part = ["sharedstrings.xml", "styles.xml", "workbook.xml"].iter().any(|part| {
        plain.strip_suffix(part).is_some_and(|folder| folder.is_empty() || folder.ends_with(['/', '\\']))
    });
    plain.contains('\\') || (is_part && !plain.starts_with("xl/"))
}

/// The texts that are looked for.
struct Finders {
    document_type: Finder<'static>,
    unique_count: Finder<'static>,
    merged: Finder<'static>,
    hidden: Finder<'static>,
    reference: Finder<'static>,
    single_quote: Finder<'static>,
    no_value: [Finder<'static>; 2],
    error: Finder<'static>,
    dimension: Finder<'static>,
    stroke: Finder<'static>,
}

impl Finders {
    fn new() -> Self {
        Finders {
            document_type: Finder::new("<!DOCTYPE"),
            unique_count: Finder::new("uniqueCount"),
            merged: Finder::new("mergeCell "),
            hidden: Finder::new(" hidden="),
            reference: Finder::new(" r=\""),
            single_quote: Finder::new("='"),
            no_value: [Finder::new("<v/>"), Finder::new("<v></v>")],
            error: Finder::new(" t=\"e\""),
            dimension: Finder::new("<dimension "),
            stroke: Finder::new("\\"),
        }
    }
}

impl Finders {
    /// Whether tags are spelt otherwise than the other searches expect. A program spells all tags of a part alike:
    /// its beginning shows how.
    fn is_odd_spelling(&self, text: &[u8]) -> bool {
        if self.single_quote.find(text).is_some() {
            return true;
        }
        // A line break that follows a tag parts elements; one within a tag parts its attributes.
        let breaks = memchr::memchr3_iter(b'\n', b'\r', b'\t', text);
        let mut within = breaks
            .filter(|&at| memchr::memrchr2(b'<', b'>', &text[..at]).is_some_and(|last| text[last] == b'<'));
        if within.next().is_some() {
            return true;
        }
        let is_prefixed = |at: usize| {
            let name = text[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            text.get(at + 1 + name) == Some(&b':') && text[at + 1 + name..].starts_with(b":c ")
        };
        if memchr::memchr_iter(b'<', text).take(64).any(is_prefixed) {
            return true;
        }
        let has_row_0 = |at: usize| {
            let tag = &text[at..];
            let tag = &tag[..memchr(b'>', tag).unwrap_or(tag.len())];
            let digits = |reference: &[u8]| {
                reference.iter().filter(|byte| byte.is_ascii_digit()).any(|digit| *digit != b'0')
            };
            let value = memmem::find(tag, b"ref=\"").map(|from| &tag[from + 5..]);
            value.is_none_or(|value| !value.split(|&byte| byte == b':').all(digits))
        };
        self.dimension.find_iter(text).any(has_row_0)
    }

    /// Whether a cell holds what the reader does not take: an error that it does not know, or no value of a type.
    fn is_odd_cell(&self, text: &[u8]) -> bool {
        if self.no_value.iter().any(|empty| empty.find(text).is_some()) {
            return true;
        }
        let is_unknown = |at: usize| {
            let rest = &text[at..];
            let Some(end) = memchr(b'>', rest) else { return true };
            let value = rest[end + 1..].strip_prefix(b"<v>");
            !value.is_some_and(|value| {
                super::respell::CELL_ERRORS.iter().any(|known| value.starts_with(known.as_bytes()))
            })
        };
        self.error.find_iter(text).any(is_unknown)
    }
}

/// An entry being read.
#[derive(Default)]
struct Part {
    kind: Option<Kind>,
    is_relations: bool,
    /// What may be the first bytes of a tag.
    kept: Vec<u8>,
    bytes: u64,
    strings: u64,
}

impl Part {
    fn take(&mut self, chunk: &[u8], finders: &Finders, found: &mut Preflight) -> Result<(), DecodeError> {
        let kind = self.kind.unwrap_or(Kind::Other);
        if kind == Kind::Other {
            return Ok(());
        }
        self.bytes += chunk.len() as u64;
        self.kept.extend_from_slice(chunk);
        // Ends where the last tag starts, if that may be incomplete.
        let whole = match memrchr(b'<', &self.kept) {
            Some(last) if memchr(b'>', &self.kept[last..]).is_none() => last,
            _ => self.kept.len(),
        };
        let text = &self.kept[..whole];
        if finders.document_type.find(text).is_some() {
            return Err(DecodeError::Entities);
        }
        match kind {
            Kind::Strings => {
                for at in finders.unique_count.find_iter(text) {
                    self.strings = self.strings.max(number_after(&text[at + b"uniqueCount".len()..]));
                }
            }
            Kind::Sheet => {
                let is_beginning = self.bytes == chunk.len() as u64;
                let is_odd = || (is_beginning && finders.is_odd_spelling(text)) || finders.is_odd_cell(text);
                found.spelling.note(found.spelling == Spelling::Usual && is_odd());
                look_at_sheet(text, finders, found)?;
            }
            Kind::OtherXml if self.is_relations => found.spelling.note(finders.stroke.find(text).is_some()),
            _ => {}
        }
        self.kept.drain(..whole);
        if self.kept.len() > TAG_MAX {
            return Err(DecodeError::Workbook("a tag without end".into()));
        }
        Ok(())
    }

    /// Checks the number of strings, as the reader makes room for as many as are claimed.
    fn end(self) -> Result<(), DecodeError> {
        if self.strings > self.bytes / SHARED_ITEM {
            return Err(DecodeError::Workbook("more strings than there is room for".into()));
        }
        Ok(())
    }
}

fn look_at_sheet(text: &[u8], finders: &Finders, found: &mut Preflight) -> Result<(), DecodeError> {
    for at in finders.reference.find_iter(text) {
        let reference = &text[at + b" r=\"".len()..];
        let reference = &reference[..reference.len().min(32)];
        let letters = reference.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let digits = reference[letters..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        // The reader's own sums wrap beyond this, and give another cell.
        if letters > LETTERS_MAX || digits > DIGITS_MAX {
            return Err(DecodeError::Grid);
        }
    }
    for at in finders.merged.find_iter(text) {
        let tag = &text[at..];
        let tag = &tag[..memchr(b'>', tag).unwrap_or(tag.len())];
        found.merged_down |= is_merged_down(tag);
    }
    for at in finders.hidden.find_iter(text) {
        let start = memrchr(b'<', &text[..at]).map_or(0, |start| start + 1);
        let name_end = start + text[start..at].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let name = &text[start..name_end];
        let hidden = matches!(text[at + b" hidden=".len()..].get(1..2), Some(b"1" | b"t"));
        if hidden && (name == b"row" || name.ends_with(b":row")) {
            let tag = &text[start..];
            let tag = &tag[..memchr(b'>', tag).unwrap_or(tag.len())];
            let number = memmem::find(tag, b" r=").map_or(0, |at| number_after(&tag[at + b" r".len()..]));
            found.hidden_rows.at(u32::try_from(number).unwrap_or_default());
        }
    }
    Ok(())
}

/// Whether `mergeCell ref="A1:B3"` spans several rows; also true where it cannot be read.
fn is_merged_down(tag: &[u8]) -> bool {
    let Some(at) = memmem::find(tag, b"ref=") else { return false };
    let value = tag[at + b"ref=".len()..].iter().copied().skip(1);
    let value: Vec<u8> = value.take_while(|byte| !matches!(byte, b'"' | b'\'')).collect();
    let row =
        |reference: &[u8]| -> Vec<u8> { reference.iter().copied().filter(u8::is_ascii_digit).collect() };
    let colon = memchr(b':', &value).unwrap_or(value.len());
    row(&value[..colon]) != row(&value[colon..])
}

/// The number in `="123"`, with blanks anywhere; the largest possible when it does not fit.
fn number_after(text: &[u8]) -> u64 {
    let value =
        text.iter().skip_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'"' | b'\''));
    let digits = value.take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_u64, |number, byte| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything found in a part, however it is cut into chunks.
    fn look(name: &str, text: &str) -> Result<Preflight, DecodeError> {
        let mut whole = None;
        for size in [text.len(), 1, 7] {
            let mut part = Part { kind: Some(kind(name)), ..Part::default() };
            let mut found = Preflight::default();
            let finders = Finders::new();
            let chunks = text.as_bytes().chunks(size).try_for_each(|c| part.take(c, &finders, &mut found));
            let result = chunks.and_then(|()| part.end()).map(|()| found);
            let described = format!("{result:?}");
            assert_eq!(*whole.get_or_insert_with(|| described.clone()), described, "chunks of {size}");
            if size == 7 {
                return result;
            }
        }
        unreachable!()
    }

    const SHEET: &str = "xl/worksheets/sheet1.xml";

    #[test]
    fn more_strings_than_bytes_could_hold_are_refused() {
        let strings =
            |count: &str| look("xl/sharedStrings.xml", &format!("<sst uniqueCount={count}><si/></sst>"));
        assert!(strings("\"1\"").is_ok());
        for count in ["\"999999999999\"", "'99999999999999999999999'", " \"99\""] {
            assert!(matches!(strings(count), Err(DecodeError::Workbook(_))), "{count}");
        }
    }

    #[test]
    fn entities_are_refused_wherever_they_are_declared() {
        let text = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/hostname\">]><x/>";
        for name in [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "_rels/.rels"] {
            assert_eq!(look(name, text).err(), Some(DecodeError::Entities), "{name}");
        }
    }

    #[test]
    fn cells_outside_the_grid_are_refused() {
        for (reference, expected) in [
            ("XFD1048576", None),
            ("AAAAAAAA1", Some(DecodeError::Grid)),
            ("A99999999999", Some(DecodeError::Grid)),
        ] {
            assert_eq!(look(SHEET, &format!("<row r=\"1\"><c r=\"{reference}\"/></row>")).err(), expected);
        }
    }

    #[test]
    fn hidden_rows_are_counted_and_hidden_columns_are_not() {
        let text = "<col min=\"1\" hidden=\"1\"/><row r=\"4\" hidden=\"1\"><c/></row><row r=\"5\" hidden=\"0\"/>\
            <x:row spans=\"1:2\" r=\"6\" ht=\"3\" hidden=\"true\">";
        let hidden = look(SHEET, text).unwrap().hidden_rows;
        assert_eq!((hidden.count, hidden.first), (2, 4));
    }

    #[test]
    fn merges_are_recognised_by_their_rows() {
        let merged = |range: &str| look(SHEET, &format!("<mergeCell ref=\"{range}\"/>")).unwrap().merged_down;
        assert!(!merged("A1:K1"));
        assert!(merged("B2:B41"));
    }

    #[test]
    fn a_tag_without_end_is_refused() {
        let text = format!("<row {}>", "a=\"1\" ".repeat(80_000));
        let mut part = Part { kind: Some(Kind::Sheet), ..Part::default() };
        let mut found = Preflight::default();
        let refused =
            text.as_bytes().chunks(1 << 16).try_for_each(|c| part.take(c, &Finders::new(), &mut found));
        assert!(matches!(refused, Err(DecodeError::Workbook(_))));
    }
}
