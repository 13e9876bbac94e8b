//! A workbook whose XML is spelt otherwise than usual, written anew as its reader expects it.
//!
//! Prefixes, single quotes, line breaks within tags, parts that lie elsewhere and backslashes in their paths
//! mean nothing to Excel. The reader looks for texts and names, and would miss what is spelt so.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::DecodeError;
use crate::sources::bundle;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// Errors of cells that the reader knows.
pub(super) const CELL_ERRORS: [&str; 8] =
    ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DATA!"];

/// Elements that say nothing of cells, or say it in another namespace.
const LEFT_OUT: [&str; 3] = ["dimension", "extLst", "AlternateContent"];

/// # Errors
/// `Damaged` where a part that is named is not there, or does not parse.
pub(super) fn respell(bytes: &[u8], unpacked_max: u64) -> Result<Vec<u8>, DecodeError> {
    let parts = parts(bytes, unpacked_max)?;
    let find = |path: &str| parts.get(&path.to_lowercase());
    let package = relationships(text(find("_rels/.rels").ok_or_else(|| missing("_rels/.rels"))?)?)?;
    let book = package.iter().find(|relation| relation.is("officeDocument"));
    let book = resolved("", &book.ok_or_else(|| missing("workbook"))?.target);
    let (base, name) = book.rsplit_once('/').unwrap_or(("", &book));
    let rels = resolved(base, &format!("_rels/{name}.rels"));
    let relations = relationships(text(find(&rels).ok_or_else(|| missing(&rels))?)?)?;
    let mut out = Archive(ZipWriter::new(Cursor::new(Vec::new())));
    let mut kept = String::new();
    for (index, relation) in relations.iter().enumerate() {
        let target = match relation.kind() {
            "worksheet" => format!("worksheets/sheet{index}.xml"),
            "styles" => "styles.xml".to_owned(),
            "sharedStrings" => "sharedStrings.xml".to_owned(),
            _ => continue,
        };
        let path = resolved(base, &relation.target);
        let part = find(&path).ok_or_else(|| missing(&path))?;
        out.add(&format!("xl/{target}"), &plain(text(part)?)?)?;
        kept += &format!(
            r#"<Relationship Id="{}" Type="{RELATIONSHIPS}/{}" Target="{target}"/>"#,
            relation.id,
            relation.kind()
        );
    }
    let wrapped =
        |relations: &str| format!(r#"<Relationships xmlns="{PACKAGE}">{relations}</Relationships>"#);
    let book = find(&book).ok_or_else(|| missing(&book))?;
    out.add("xl/workbook.xml", &plain(text(book)?)?)?;
    out.add("xl/_rels/workbook.xml.rels", &wrapped(&kept))?;
    let of_package = format!(
        r#"<Relationship Id="rId1" Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/>"#
    );
    out.add("_rels/.rels", &wrapped(&of_package))?;
    out.add("[Content_Types].xml", "<Types/>")?;
    out.finish()
}

fn damaged(error: impl std::fmt::Display) -> DecodeError {
    DecodeError::Damaged(error.to_string())
}

fn missing(part: &str) -> DecodeError {
    DecodeError::Damaged(format!("no part `{part}`"))
}

/// The zip that is written: nothing is packed, as it is read at once.
struct Archive(ZipWriter<Cursor<Vec<u8>>>);

impl Archive {
    fn add(&mut self, name: &str, content: &str) -> Result<(), DecodeError> {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.0.start_file(name, stored).map_err(damaged)?;
        self.0.write_all(content.as_bytes()).map_err(damaged)
    }

    fn finish(self) -> Result<Vec<u8>, DecodeError> {
        Ok(self.0.finish().map_err(damaged)?.into_inner())
    }
}

/// XML parts by their path in small letters, with one kind of stroke.
fn parts(bytes: &[u8], unpacked_max: u64) -> Result<BTreeMap<String, Vec<u8>>, DecodeError> {
    let mut archive = bundle::open(bytes)?;
    let mut parts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    bundle::unpack::<DecodeError>(&mut archive, bytes.len(), unpacked_max, |name, chunk| {
        let name = resolved("", name).to_lowercase();
        if matches!(name.rsplit('.').next(), Some("xml" | "rels")) {
            parts.entry(name).or_default().extend_from_slice(chunk);
        }
        Ok(())
    })?;
    Ok(parts)
}

fn text(part: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(part.strip_prefix(b"\xef\xbb\xbf").unwrap_or(part)).map_err(damaged)
}

/// A path in the package, from the folder of the part that names it.
fn resolved(base: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let whole = if target.starts_with('/') { target } else { format!("{base}/{target}") };
    let mut path: Vec<&str> = Vec::new();
    for step in whole.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    fn kind(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }

    fn is(&self, kind: &str) -> bool {
        self.kind() == kind
    }
}

fn relationships(text: &str) -> Result<Vec<Relation>, DecodeError> {
    let mut reader = Reader::from_str(text);
    let mut relations = Vec::new();
    loop {
        match reader.read_event().map_err(damaged)? {
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "Relationship" => {
                let mut relation = Relation { id: String::new(), kind: String::new(), target: String::new() };
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(damaged)?;
                    let value = quick_xml::escape::unescape(&attribute.value).map_err(damaged)?.into_owned();
                    match attribute.key.local_name().as_ref() {
                        "Id" => relation.id = value,
                        "Type" => relation.kind = value,
                        "Target" => relation.target = value,
                        _ => {}
                    }
                }
                relations.push(relation);
            }
            Event::Eof => return Ok(relations),
            _ => {}
        }
    }
}

/// A cell being written: its tag, what is in it, and its value.
struct OpenCell {
    attributes: Vec<(String, String)>,
    content: String,
    value: Option<String>,
}

/// The elements of a part without prefixes, each tag in one spelling.
fn plain(text: &str) -> Result<String, DecodeError> {
    let mut reader = Reader::from_str(text);
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut left_out = 0_usize;
    let mut cell: Option<OpenCell> = None;
    let mut in_value = false;
    loop {
        let event = reader.read_event().map_err(damaged)?;
        if left_out > 0 {
            match event {
                Event::Start(_) => left_out += 1,
                Event::End(_) => left_out -= 1,
                Event::Eof => return Err(damaged("a tag that is not closed")),
                _ => {}
            }
            continue;
        }
        match event {
            Event::Start(tag) if LEFT_OUT.contains(&tag.local_name().as_ref()) => left_out = 1,
            Event::Empty(tag) if LEFT_OUT.contains(&tag.local_name().as_ref()) => {}
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                let attributes = attributes(&tag, depth == 0)?;
                depth += 1;
                match &mut cell {
                    None if name == "c" => {
                        cell = Some(OpenCell { attributes, content: String::new(), value: None });
                    }
                    Some(cell) if name == "v" => {
                        in_value = true;
                        cell.value = Some(String::new());
                    }
                    Some(cell) => open(&mut cell.content, &name, &attributes, ">"),
                    None => open(&mut out, &name, &attributes, ">"),
                }
            }
            Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                let attributes = attributes(&tag, depth == 0)?;
                match &mut cell {
                    // An empty value is none.
                    Some(_) if name == "v" => {}
                    Some(cell) => open(&mut cell.content, &name, &attributes, "/>"),
                    None if name == "c" => {
                        close_cell(&mut out, OpenCell { attributes, content: String::new(), value: None });
                    }
                    None => open(&mut out, &name, &attributes, "/>"),
                }
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match (tag.local_name().as_ref(), cell.take()) {
                    ("c", Some(closed)) => close_cell(&mut out, closed),
                    ("v", Some(open)) => {
                        in_value = false;
                        cell = Some(open);
                    }
                    (name, Some(mut open)) => {
                        open.content += &format!("</{name}>");
                        cell = Some(open);
                    }
                    (name, None) => out += &format!("</{name}>"),
                }
            }
            Event::Text(text) => push(&mut out, &mut cell, in_value, &text),
            Event::CData(text) => {
                let escaped = quick_xml::escape::escape(&*text).into_owned();
                push(&mut out, &mut cell, in_value, &escaped);
            }
            Event::GeneralRef(name) => push(&mut out, &mut cell, in_value, &format!("&{};", &*name)),
            Event::Eof if depth == 0 => return Ok(out),
            Event::Eof => return Err(damaged("a tag that is not closed")),
            _ => {}
        }
    }
}

fn push(out: &mut String, cell: &mut Option<OpenCell>, in_value: bool, text: &str) {
    match cell {
        Some(OpenCell { value: Some(value), .. }) if in_value => *value += text,
        Some(cell) => cell.content += text,
        None => *out += text,
    }
}

fn open(out: &mut String, name: &str, attributes: &[(String, String)], end: &str) {
    *out += "<";
    *out += name;
    for (key, value) in attributes {
        *out += &format!(" {key}=\"{value}\"");
    }
    *out += end;
}

fn close_cell(out: &mut String, cell: OpenCell) {
    let OpenCell { mut attributes, content, value } = cell;
    let kind = attributes.iter().find(|(key, _)| key == "t").map(|(_, kind)| kind.clone());
    let value = value.filter(|value| !value.trim().is_empty());
    let value = match (kind.as_deref(), value) {
        // What Excel shows as an error, whichever, has no value.
        (Some("e"), Some(error)) if !CELL_ERRORS.contains(&error.trim()) => Some("#N/A".to_owned()),
        (Some("e" | "s" | "n" | "b"), None) => {
            attributes.retain(|(key, _)| key != "t");
            None
        }
        (_, value) => value,
    };
    open(out, "c", &attributes, ">");
    *out += &content;
    if let Some(value) = value {
        *out += &format!("<v>{value}</v>");
    }
    *out += "</c>";
}

/// Attributes of no namespace, and those by which parts name each other.
fn attributes(tag: &BytesStart<'_>, is_root: bool) -> Result<Vec<(String, String)>, DecodeError> {
    let mut attributes = Vec::new();
    if is_root {
        attributes.push(("xmlns".to_owned(), MAIN.to_owned()));
        attributes.push(("xmlns:r".to_owned(), RELATIONSHIPS.to_owned()));
    }
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(damaged)?;
        let key = attribute.key.as_ref();
        let key = match key.split_once(':') {
            None if key == "xmlns" => continue,
            None | Some(("xml", _)) => key,
            Some((_, "id")) => "r:id",
            Some(_) => continue,
        };
        let value = attribute.value.replace('"', "&quot;").replace(['\n', '\r', '\t'], " ");
        attributes.push((key.to_owned(), value.trim().to_owned()));
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_one_spelling() {
        let text = "<?xml version='1.0'?><x:worksheet xmlns:x='urn:x'\n xmlns:r='urn:r'>\
            <x:dimension ref='A0:B2'/><x:row\n\tr='1'  hidden='1'><x:c r='A1'\n t='s'><x:v>3</x:v></x:c></x:row>\
            <x:mergeCells><x:mergeCell ref='A1:A9'/></x:mergeCells><x:extLst><x:ext><y:z/></x:ext></x:extLst>\
            </x:worksheet>";
        let expected = format!(
            "<worksheet xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONSHIPS}\"><row r=\"1\" hidden=\"1\"><c r=\"A1\" t=\"s\">\
             <v>3</v></c></row><mergeCells><mergeCell ref=\"A1:A9\"/></mergeCells></worksheet>"
        );
        assert_eq!(plain(text), Ok(expected));
        assert!(matches!(plain("<a><b></a>"), Err(DecodeError::Damaged(_))));
    }

    #[test]
    fn cells_without_a_value_of_their_type_are_empty_and_unknown_errors_are_errors() {
        let cells = "<w><c r=\"A1\" t=\"e\"/><c r=\"B1\" t=\"e\"><v>#SPILL!</v></c><c r=\"C1\" t=\"s\"><v/></c>\
            <c r=\"D1\" t=\"e\"><v>#REF!</v></c><c r=\"E1\" t=\"str\"><f>A1&amp;\"x\"</f><v>a&lt;b</v></c></w>";
        let plain = plain(cells).unwrap();
        let expected = "<c r=\"A1\"></c><c r=\"B1\" t=\"e\"><v>#N/A</v></c><c r=\"C1\"></c>\
            <c r=\"D1\" t=\"e\"><v>#REF!</v></c><c r=\"E1\" t=\"str\"><f>A1&amp;\"x\"</f><v>a&lt;b</v></c></w>";
        assert!(plain.ends_with(expected), "{plain}");
    }

    #[test]
    fn paths_are_those_of_the_package() {
        assert_eq!(resolved("xl", "worksheets\\sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl", "/styles.xml"), "styles.xml");
        assert_eq!(resolved("xl/worksheets", "../a.xml"), "xl/a.xml");
    }
}
