//! JSON: an array of objects, alone or in an interface's envelope, or an object a line.
//!
//! The names of all objects, in the order in which they first appear, become row 1, the header. An
//! object of an array becomes the row of its position, from 2; an object on a line the row of its
//! line, plus one. The text is read in two passes, the first for the names.

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::cell::{Cell, Row, unprefixed};
use super::text::Chunks;
use super::{COLUMNS_MAX, DecodeError, Event, FileNotes, Limit, Note, ROWS_MAX, RowProblem};
use crate::finding;

/// Emits the header and the rows.
///
/// # Errors
/// `NotData` when an envelope says that the request failed, `NoRows` when it has no rows,
/// `Truncated` and `Syntax` when the text does not parse.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<FileNotes, DecodeError> {
    let (mut chunks, mut notes) = Chunks::new(bytes)?;
    let encoding = chunks.encoding;
    let text = chunks.whole();
    if chunks.damaged && !chunks.cut {
        return Err(DecodeError::Encoding(encoding.into()));
    }
    let walk: fn(&str, &mut Each<'_>) -> Result<Outline, DecodeError> =
        if is_lines(&text) { |text, each| Ok(lines(text, each)) } else { document };
    let mut header = Header::default();
    let outline = walk(&text, &mut |element| header.add(&element))?;
    if outline.failed || (outline.lists == 0 && header.elements == 0) {
        return Err(DecodeError::NotData);
    }
    if header.elements == 0 {
        return Err(DecodeError::NoRows);
    }
    if header.names.is_empty() {
        return Err(DecodeError::NotData);
    }
    if header.elements > u64::from(ROWS_MAX) {
        return Err(DecodeError::Limit(Limit::Rows));
    }
    if header.names.len() > COLUMNS_MAX {
        return Err(DecodeError::Limit(Limit::Columns));
    }
    notes.extend(match outline.total {
        Some(total) => header.pages_note(total),
        None => outline.is_part.then(|| Note::new(finding::FILE_PAGES, "", "文件写明这只是其中一页")),
    });
    each(Event::Sheet(""));
    let mut names: Vec<(&String, &usize)> = header.names.iter().collect();
    names.sort_unstable_by_key(|(_, place)| **place);
    let cells = names.iter().map(|(name, _)| Cell::Text(Cow::Borrowed(name.as_str()))).collect();
    each(Event::Row(&Row { number: 1, cells }));
    walk(&text, &mut |element| emit(element, &header.names, each))?;
    Ok(FileNotes { encoding, notes })
}

fn emit(element: Element, names: &HashMap<String, usize>, each: &mut dyn FnMut(Event<'_>)) {
    let number = element.number;
    let fields = match element.object {
        Ok(fields) => fields,
        Err(problem) => return each(Event::BadRow { number, problem }),
    };
    let mut row = Row { number, cells: vec![Cell::Empty; names.len()] };
    for (name, value) in fields {
        if let Some(&place) = names.get(&name) {
            row.cells[place] = value;
        }
    }
    if !row.is_blank() {
        each(Event::Row(&row));
    }
}

/// An object, or the problem with it.
struct Element {
    number: u32,
    object: Result<Vec<(String, Cell<'static>)>, RowProblem>,
}

/// The names of all objects, and the number of objects.
#[derive(Default)]
struct Header {
    names: HashMap<String, usize>,
    elements: u64,
    /// Hashes of the objects' contents.
    distinct: HashSet<u64>,
}

impl Header {
    fn add(&mut self, element: &Element) {
        self.elements += 1;
        let Ok(fields) = &element.object else { return };
        let mut hasher = DefaultHasher::new();
        for (name, value) in fields {
            // One name more than a row may have is enough to show that there are too many.
            if !self.names.contains_key(name) && self.names.len() <= COLUMNS_MAX {
                self.names.insert(name.clone(), self.names.len());
            }
            name.hash(&mut hasher);
            value.text().hash(&mut hasher);
        }
        self.distinct.insert(hasher.finish());
    }

    /// The fault in the pages of an answer that states how many rows there are in all.
    fn pages_note(&self, total: u64) -> Option<Note> {
        let twice = self.elements - self.distinct.len() as u64;
        let whole = total == self.elements && twice == 0;
        let detail = format!("声明 {total} 行，实有 {} 行，其中重复 {twice} 行", self.elements);
        (!whole).then(|| Note::new(finding::FILE_PAGES, "", &detail))
    }
}

/// What a document states besides its rows.
#[derive(Default)]
struct Outline {
    /// The number of rows in all, as stated.
    total: Option<u64>,
    /// The document says that it is a page of several.
    is_part: bool,
    /// The document says that the request failed.
    failed: bool,
    /// Arrays of rows found.
    lists: usize,
}

type Each<'e> = dyn FnMut(Element) + 'e;

/// Whether the first line is a whole object with something after it, or a whole object that is not an
/// envelope.
fn is_lines(text: &str) -> bool {
    let text = text.trim_start();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(fields) = serde_json::from_str::<Fields>(first) else { return false };
    let is_envelope = fields.0.iter().any(|(name, _)| Word::of(name) != Word::Other);
    first.starts_with('{') && (!rest.trim().is_empty() || !is_envelope)
}

/// An object a line; the last one may be cut.
fn lines(text: &str, each: &mut Each<'_>) -> Outline {
    let mut rest = text;
    let mut number = 1_u32;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let is_last = line.len() == rest.len();
        number = number.saturating_add(1);
        rest = after;
        if line.trim().is_empty() {
            continue;
        }
        let object = match serde_json::from_str::<Object>(line) {
            Ok(object) => object.0,
            Err(error) if error.is_eof() && is_last => Err(RowProblem::CutShort),
            Err(_) => Err(RowProblem::NotAnObject),
        };
        each(Element { number, object });
    }
    Outline { lists: 1, ..Outline::default() }
}

/// One document, whose rows are an array, or an array within its objects.
fn document(text: &str, each: &mut Each<'_>) -> Result<Outline, DecodeError> {
    let mut outline = Outline::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut number = 1;
    let part = Part { outline: &mut outline, each, number: &mut number };
    let read = part.deserialize(&mut reader).and_then(|()| reader.end());
    read.map_err(|error| {
        if error.is_eof() {
            return DecodeError::Truncated("a document that is not closed".into());
        }
        DecodeError::Syntax { line: error.line() as u64, column: error.column() as u64 }
    })?;
    if outline.lists > 1 {
        return Err(DecodeError::UnknownFormat("several lists in one JSON document".into()));
    }
    Ok(outline)
}

/// The meaning of a name in an envelope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Rows,
    /// What is said of pages: an object, or the number of this one.
    Page,
    /// An object beside the rows, in which pages may be spoken of.
    Head,
    Total,
    /// How many pages there are.
    Pages,
    /// Whether another page follows, or where it is.
    More,
    /// Whether this is the last page.
    Last,
    Code,
    Success,
    Error,
    Other,
}

impl Word {
    fn of(name: &str) -> Word {
        match name.to_ascii_lowercase().as_str() {
            "data" | "rows" | "list" | "records" | "items" | "result" | "results" | "content" => Word::Rows,
            "total" | "totalcount" | "total_count" | "totalelements" | "total_elements" | "recordstotal"
            | "totalrecords" | "total_records" | "recordcount" | "record_count" | "totalrows"
            | "rowcount" | "totalnum" | "total_num" | "totalsize" | "totalitems" | "total_items"
            | "count" => Word::Total,
            "pages" | "totalpage" | "totalpages" | "total_page" | "total_pages" | "pagecount"
            | "page_count" => Word::Pages,
            "hasnext" | "has_next" | "hasnextpage" | "has_next_page" | "hasmore" | "has_more" | "next" => {
                Word::More
            }
            "last" | "islastpage" | "is_last_page" => Word::Last,
            "page" | "pageinfo" | "pagination" => Word::Page,
            "meta" | "_meta" | "metadata" | "paging" | "pager" | "paginator" | "links" | "_links" => {
                Word::Head
            }
            "code" | "errcode" | "errorcode" | "error_code" => Word::Code,
            "success" => Word::Success,
            "error" => Word::Error,
            _ => Word::Other,
        }
    }
}

/// An array of rows, or an envelope that contains one.
struct Part<'p, 'e> {
    outline: &'p mut Outline,
    each: &'p mut Each<'e>,
    number: &'p mut u32,
}

impl<'de> DeserializeSeed<'de> for Part<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        self.outline.lists += 1;
        while let Some(object) = rows.next_element::<Object>()? {
            *self.number = self.number.saturating_add(1);
            (self.each)(Element { number: *self.number, object: object.0 });
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut envelope: A) -> Result<(), A::Error> {
        while let Some(name) = envelope.next_key::<String>()? {
            let word = Word::of(&name);
            if matches!(word, Word::Rows | Word::Page) {
                envelope.next_value_seed(Part {
                    outline: &mut *self.outline,
                    each: &mut *self.each,
                    number: &mut *self.number,
                })?;
                continue;
            }
            match word {
                Word::Head => envelope.next_value_seed(Head(&mut *self.outline))?,
                Word::Other => {
                    envelope.next_value::<IgnoredAny>()?;
                }
                word => self.outline.note(word, &envelope.next_value::<Value>()?.0),
            }
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

impl Outline {
    /// Notes what is said under a name.
    fn note(&mut self, word: Word, value: &Cell<'_>) {
        let text = value.text().trim().to_lowercase();
        let is_false = *value == Cell::Bool(false) || text == "false";
        match word {
            Word::Total => self.total = text.parse().ok().or(self.total),
            Word::Pages => self.is_part |= text.parse::<u64>().is_ok_and(|pages| pages > 1),
            Word::More => self.is_part |= !value.is_blank() && !["false", "0", "否"].contains(&text.as_str()),
            Word::Last => self.is_part |= is_false,
            Word::Code => {
                let fine = ["", "0", "00", "000", "0000", "200", "ok", "success"];
                self.failed |= !fine.contains(&text.as_str());
            }
            Word::Success => self.failed |= is_false,
            Word::Error => self.failed |= !value.is_blank() && *value != Cell::Bool(false),
            Word::Rows | Word::Page | Word::Head | Word::Other => {}
        }
    }
}

/// An object beside the rows. Where it is a list, as some databases describe their columns, it says nothing.
struct Head<'p>(&'p mut Outline);

impl<'de> DeserializeSeed<'de> for Head<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Head<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("what is said of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut head: A) -> Result<(), A::Error> {
        while let Some(name) = head.next_key::<String>()? {
            match Word::of(&name) {
                Word::Head | Word::Page => head.next_value_seed(Head(&mut *self.0))?,
                word @ (Word::Total | Word::Pages | Word::More | Word::Last) => {
                    self.0.note(word, &head.next_value::<Value>()?.0);
                }
                Word::Rows | Word::Code | Word::Success | Word::Error | Word::Other => {
                    head.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The fields of an object, or the reason why they cannot be used.
struct Object(Result<Vec<(String, Cell<'static>)>, RowProblem>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(Values)?;
        Ok(Object(match value {
            JsonValue::Object(fields) => {
                if has_distinct_names(&fields) {
                    Ok(fields)
                } else {
                    Err(RowProblem::KeyTwice)
                }
            }
            JsonValue::Value(_) | JsonValue::Array => Err(RowProblem::NotAnObject),
        }))
    }
}

fn has_distinct_names(fields: &[(String, Cell<'_>)]) -> bool {
    let mut names = HashSet::new();
    fields.iter().all(|(name, _)| names.insert(name))
}

/// The fields of an object, whatever they are called.
struct Fields(Vec<(String, Cell<'static>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Values)? {
            JsonValue::Object(fields) => Ok(Fields(fields)),
            _ => Err(de::Error::custom("no object")),
        }
    }
}

/// A value as a cell; an object or array becomes an error.
struct Value(Cell<'static>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Value(match deserializer.deserialize_any(Values)? {
            JsonValue::Value(cell) => cell,
            JsonValue::Object(_) | JsonValue::Array => Cell::Error("a value within a value".to_owned()),
        }))
    }
}

enum JsonValue {
    Value(Cell<'static>),
    Object(Vec<(String, Cell<'static>)>),
    Array,
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = JsonValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<JsonValue, E> {
        Ok(JsonValue::Value(Cell::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<JsonValue, E> {
        #[expect(clippy::cast_precision_loss, reason = "other readers keep numbers as f64, too")]
        Ok(JsonValue::Value(Cell::Number(value as f64)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<JsonValue, E> {
        #[expect(clippy::cast_precision_loss, reason = "other readers keep numbers as f64, too")]
        Ok(JsonValue::Value(Cell::Number(value as f64)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<JsonValue, E> {
        Ok(JsonValue::Value(Cell::Number(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<JsonValue, E> {
        Ok(JsonValue::Value(Cell::Text(Cow::Owned(unprefixed(value).to_owned()))))
    }

    fn visit_unit<E: de::Error>(self) -> Result<JsonValue, E> {
        Ok(JsonValue::Value(Cell::Empty))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<JsonValue, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(JsonValue::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<JsonValue, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = object.next_key::<String>()? {
            fields.push((name, object.next_value::<Value>()?.0));
        }
        Ok(JsonValue::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row as `number:cell,cell`, and the rules of the notes.
    fn rows_and_rules(text: &str) -> Result<(Vec<String>, Vec<String>), DecodeError> {
        let mut rows = Vec::new();
        let file = read(text.as_bytes(), &mut |event| match event {
            Event::Row(row) => {
                let cells: Vec<_> = row.cells.iter().map(|cell| cell.text().into_owned()).collect();
                rows.push(format!("{}:{}", row.number, cells.join(",")));
            }
            Event::BadRow { number, problem } => rows.push(format!("{number}:{problem:?}")),
            Event::Sheet(_) => {}
        })?;
        Ok((rows, file.notes.into_iter().map(|note| note.rule).collect()))
    }

    fn rows(text: &str) -> Vec<String> {
        rows_and_rules(text).unwrap().0
    }

    #[test]
    fn names_are_the_header_and_objects_the_rows() {
        let array = r#"[{"a":"x","b":1},{"b":null,"c":true,"a":""},{"c":"y"}]"#;
        assert_eq!(rows(array), ["1:a,b,c", "2:x,1,", "3:,,是", "4:,,y"]);
        assert_eq!(rows(&format!("\u{feff} {array}\n")), rows(array));
        let envelope = format!(r#"{{"code":0,"msg":"","data":{{"list":{array},"total":3}}}}"#);
        assert_eq!(rows_and_rules(&envelope).unwrap(), (rows(array), vec![]));
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = "{\"a\":1}\n\n{\"a\":2}\n5\n{\"a\":3";
        assert_eq!(rows(text), ["1:a", "2:1", "4:2", "5:NotAnObject", "6:CutShort"]);
        assert_eq!(rows("{\"a\":1}"), ["1:a", "2:1"]);
    }

    #[test]
    fn one_name_twice_costs_its_row() {
        let text = r#"[{"a":1,"a":2},{"a":3},[1],4,{"a":{"b":1}}]"#;
        let expected =
            ["1:a", "2:KeyTwice", "3:3", "4:NotAnObject", "5:NotAnObject", "6:a value within a value"];
        assert_eq!(rows(text), expected);
    }

    #[test]
    fn a_failed_request_is_not_data_and_never_no_rows() {
        for text in [
            r#"{"code":500,"msg":"x","data":[]}"#,
            r#"{"data":[{"a":1}],"code":"401"}"#,
            r#"{"success":false,"data":[{"a":1}]}"#,
            r#"{"error":"denied"}"#,
            r#"{"code":0,"data":null}"#,
            "{}",
        ] {
            assert_eq!(rows_and_rules(text), Err(DecodeError::NotData), "{text}");
        }
        for text in [r#"{"code":200,"data":[],"total":0}"#, "[]"] {
            assert_eq!(rows_and_rules(text), Err(DecodeError::NoRows), "{text}");
        }
    }

    #[test]
    fn a_page_of_several_is_reported() {
        let rules = |envelope: &str| {
            let text = format!(r#"{{"code":0,"data":{{"list":[{{"a":1}},{{"a":2}}],{envelope}}}}}"#);
            rows_and_rules(&text).unwrap().1
        };
        for part in [
            r#""pages":9"#,
            r#""totalPages":"9""#,
            r#""hasNextPage":true"#,
            r#""last":false"#,
            r#""meta":{"total_pages":9}"#,
            r#""meta":{"pagination":{"total":340}}"#,
            r#""links":{"next":"/xs?page=2"}"#,
        ] {
            assert_eq!(rules(part), [finding::FILE_PAGES.id], "{part}");
        }
        for whole in [
            r#""pages":1"#,
            r#""hasNextPage":false"#,
            r#""meta":[{"name":"pages","type":"UInt8"}]"#,
            r#""links":{"next":null,"last":"/xs?page=1"}"#,
            r#""last":true"#,
            r#""next":null"#,
            r#""pages":9,"total":2"#,
        ] {
            assert_eq!(rules(whole), Vec::<String>::new(), "{whole}");
        }
    }

    #[test]
    fn a_total_that_differs_is_reported() {
        let page = |rows: &str, total: u32| {
            rows_and_rules(&format!(r#"{{"code":0,"data":[{rows}],"total":{total}}}"#)).unwrap().1
        };
        assert_eq!(page(r#"{"a":1},{"a":2}"#, 2), Vec::<String>::new());
        assert_eq!(page(r#"{"a":1},{"a":2}"#, 3), ["E-PAGE"]);
        assert_eq!(page(r#"{"a":1},{"a":1}"#, 2), ["E-PAGE"]);
    }

    #[test]
    fn a_syntax_error_is_reported_with_its_place() {
        for (text, line, column) in
            [("[{\"a\":NaN}]", 1, 7), ("[{\"a\":1},\n]", 2, 1), ("[{\"a\":1}]\n[{\"a\":1}]", 2, 1)]
        {
            assert_eq!(rows_and_rules(text), Err(DecodeError::Syntax { line, column }), "{text}");
        }
        assert!(matches!(rows_and_rules("[{\"a\":1},{\"a\""), Err(DecodeError::Truncated(_))));
        let nested = |open: &str, close: &str| rows_and_rules(&(open.repeat(200) + "1" + &close.repeat(200)));
        assert_eq!(nested("[", "]"), Err(DecodeError::NotData));
        assert!(matches!(nested("{\"a\":", "}"), Err(DecodeError::Syntax { .. } | DecodeError::NotData)));
        assert!(matches!(nested("{\"data\":", "}"), Err(DecodeError::Syntax { .. })));
    }

    #[test]
    fn numbers_stay_numbers() {
        let mut seen = Vec::new();
        let text = r#"[{"a":142601200901011234,"b":1.42601200901011E17,"c":"142601200901011234"}]"#;
        read(text.as_bytes(), &mut |event| {
            if let Event::Row(row) = event {
                seen.clone_from(&row.to_owned_row().cells);
            }
        })
        .unwrap();
        assert!(matches!(seen.as_slice(), [Cell::Number(_), Cell::Number(_), Cell::Text(_)]));
    }
}
