//! The people of the city as the platforms hold them: records for pages, and the files of an export.

use std::error::Error;

use sha2::{Digest, Sha256};

use crate::city::people;
use crate::city::schools::School;
use crate::faults::Fault;
use crate::national::dataset::Dataset;
use crate::national::deliveries::Form;
use crate::national::{graduates, staff, students};
use crate::numbers::rng::Rng;
use crate::printed::years::LATEST_YEAR;
use crate::sheets::cell::Cell;
use crate::sheets::shapes::{self, Shape};
use crate::sheets::sheet::{Frame, Line, Mark, Sheet};
use crate::world::World;

/// Datasets with people.
pub const DATASETS: [Dataset; 3] = [Dataset::Students, Dataset::Graduates, Dataset::Staff];

/// What the platform calls a field, in the order of `students::COLUMNS`.
const STUDENT_FIELDS: [&str; 78] = [
    "xxbsm",
    "xxmc",
    "xjh",
    "xm",
    "xb",
    "csrq",
    "sfzjlx",
    "sfzjh",
    "xmpy",
    "bjmc",
    "xh",
    "xslb",
    "xxxs",
    "rxfs",
    "jdfs",
    "gjdq",
    "gatqw",
    "hyzk",
    "chcqj",
    "sfsqzn",
    "sydxzqhm",
    "csdxzqhm",
    "jgdxzqhm",
    "hkszdxxdz",
    "sspcs",
    "hkszdxzqhm",
    "hkxz",
    "xsjzdlx",
    "rxny",
    "zyjc",
    "xz",
    "mz",
    "zzmm",
    "jkzk",
    "xsly",
    "zsdx",
    "lxdh",
    "sfjdlkpkh",
    "zsfs",
    "lzhzlx",
    "zkzh",
    "ksh",
    "kszf",
    "lzhzbxxs",
    "lzhzxxdm",
    "xwjxd",
    "fdpyfs",
    "ywxm",
    "dzxx",
    "jtxdz",
    "jtyzbm",
    "jtdh",
    "cy1xm",
    "cy1gx",
    "cy1sfjhr",
    "cy1lxdh",
    "cy1csny",
    "cy1sfzjlx",
    "cy1sfzjh",
    "cy1mz",
    "cy1zzmm",
    "cy1jkzk",
    "cy1gzdw",
    "cy1zw",
    "cy2xm",
    "cy2gx",
    "cy2sfjhr",
    "cy2lxdh",
    "cy2csny",
    "cy2sfzjlx",
    "cy2sfzjh",
    "cy2mz",
    "cy2zzmm",
    "cy2jkzk",
    "cy2gzdw",
    "cy2zw",
    "nj",
    "xsdqzt",
];

/// In the order of `graduates::COLUMNS`.
const GRADUATE_FIELDS: [&str; 24] = [
    "xxbsm", "xxmc", "bynf", "xjh", "xm", "xb", "csrq", "sfzjlx", "sfzjh", "mz", "rxny", "byny", "zydm",
    "zymc", "xz", "byqx", "jyxs", "sxcc", "sfdkjy", "shdwxz", "dwszdqhm", "jycy", "dwmc", "lxdh",
];

/// In the order of `staff::COLUMNS`.
const STAFF_FIELDS: [&str; 21] = [
    "xxbsm", "xxmc", "jzgh", "xm", "xb", "csrq", "sfzjlx", "sfzjh", "mz", "zzmm", "xl", "jzglb", "bzqk",
    "zyjszwjb", "sfssxjs", "ssxjsdj", "rjkclb", "sfbzr", "dqzt", "lxny", "lxdh",
];

/// What the platforms call a dataset.
pub fn topic(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Students => "xs",
        Dataset::Graduates => "byxs",
        Dataset::Staff => "jzg",
        Dataset::Majors => "zy",
    }
}

pub fn dataset(topic_of: &str) -> Option<Dataset> {
    DATASETS.into_iter().find(|dataset| topic(*dataset) == topic_of)
}

/// The field whose value no two records share.
pub fn key(dataset: Dataset) -> String {
    format!("{}id", topic(dataset))
}

/// Fields with the headers of the export.
pub fn fields(dataset: Dataset) -> Vec<(&'static str, &'static str)> {
    let zip = |fields: &[&'static str], headers: &[&'static str]| {
        fields.iter().copied().zip(headers.iter().copied()).collect()
    };
    match dataset {
        Dataset::Students => zip(&STUDENT_FIELDS, &students::COLUMNS),
        Dataset::Graduates => zip(&GRADUATE_FIELDS, &graduates::COLUMNS),
        Dataset::Staff => zip(&STAFF_FIELDS, &staff::COLUMNS),
        Dataset::Majors => Vec::new(),
    }
}

/// The lines of one school. What has a key of its own is never there twice.
fn lines(world: &World, dataset: Dataset, year: u16, school: usize) -> Vec<Line> {
    let sheet = world.sheet(dataset, year, &Form::new(school, Shape::Xlsx, Frame::Plain));
    let data = sheet.lines.into_iter().skip(1);
    data.filter(|line| line.mark != Mark::Planted(Fault::DuplicateRow)).collect()
}

/// Every record of a year as JSON, always in the same order.
pub fn records(world: &World, dataset: Dataset, year: u16) -> Vec<String> {
    let fields = fields(dataset);
    let key = key(dataset);
    let of_school = |(index, school): (usize, &School)| {
        let lines = lines(world, dataset, year, index);
        let record = |(number, line): (usize, &Line)| {
            let mut text = format!("{{\"{key}\":\"{}{year}{number:05}\",\"xn\":\"{year}\"", school.code);
            for ((field, _), cell) in fields.iter().zip(&line.cells) {
                text.push_str(&format!(",\"{field}\":{}", value(cell)));
            }
            text.push('}');
            text
        };
        lines.iter().enumerate().map(record).collect::<Vec<_>>()
    };
    world.schools.iter().enumerate().flat_map(of_school).collect()
}

fn value(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Date(date) => format!("\"{:04}-{:02}-{:02}\"", date.year, date.month, date.day),
        Cell::Empty => "\"\"".to_owned(),
    }
}

/// A file of an export.
#[derive(Debug, Clone)]
pub struct Served {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Without the header.
    pub rows: usize,
    pub sha256: String,
}

impl Served {
    pub fn etag(&self) -> String {
        format!("\"{}\"", &self.sha256[..16])
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The schools in three files, the middle one a workbook where there are not too many rows.
pub fn export(world: &World, dataset: Dataset, year: u16) -> Result<Vec<Served>, Box<dyn Error>> {
    const SHAPES: [Shape; 3] = [Shape::CsvGb18030, Shape::Xlsx, Shape::CsvUtf8];
    let part = world.schools.len().div_ceil(SHAPES.len());
    let header: Vec<Cell> = fields(dataset).into_iter().map(|(_, header)| header.into()).collect();
    let mut files = Vec::new();
    for (number, shape) in SHAPES.into_iter().enumerate() {
        let schools = (number * part)..((number + 1) * part).min(world.schools.len());
        let data: Vec<Line> = schools.flat_map(|school| lines(world, dataset, year, school)).collect();
        let rows = data.len();
        let mut all = vec![Line::new(header.clone(), Mark::Frame)];
        all.extend(data);
        let shape = if dataset == Dataset::Students { Shape::CsvGb18030 } else { shape };
        let bytes = shapes::bytes(&Sheet { name: "sheet1", lines: all }, shape)?;
        let name = format!("{}-{year}-{}.{}", topic(dataset), number + 1, shape.extension());
        files.push(Served { name, rows, sha256: sha256(&bytes), bytes });
    }
    Ok(files)
}

/// The city after some changes: a new pupil each, and a graduate whose name is put right, in the latest year.
pub fn revised(mut world: World, revision: u32) -> World {
    for number in 1..=revision as usize {
        let mut rng = Rng::stream(world.seed, "revision", number);
        new_pupil(&mut world, number, &mut rng);
        let school = number * 11 % world.schools.len();
        let entries = &mut world.graduates[school][LATEST_YEAR].entries;
        let index = rng.below(entries.len());
        let male = entries[index].person.male;
        entries[index].person.name = people::name(&mut rng, male);
    }
    world
}

fn new_pupil(world: &mut World, number: usize, rng: &mut Rng) {
    let mut school = number * 7 % world.schools.len();
    // The file of this school is committed.
    if world.schools[school].is_biff8() {
        school += 1;
    }
    let home = world.schools[school].home();
    let rosters = world.students.rosters.iter();
    let taken: Vec<String> = rosters
        .flat_map(|years| &years[LATEST_YEAR].entries)
        .map(|entry| entry.person.document.number().to_owned())
        .collect();
    let roster = &mut world.students.rosters[school][LATEST_YEAR];
    let Some(like) = roster.counted().find(|entry| entry.is_ordinary()).cloned() else { return };
    let mut entry = like;
    let male = entry.person.male;
    entry.person.name = people::name(rng, male);
    entry.person.document = loop {
        let id = people::resident_number(home, entry.person.birth, male, rng);
        if !taken.contains(&id) {
            break people::Document::Resident(id);
        }
    };
    roster.entries.push(entry);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::records::Truth;
    use std::collections::BTreeSet;

    #[test]
    fn every_record_has_its_key_and_every_field() {
        let world = World::new(1, 1);
        for dataset in DATASETS {
            let records = records(&world, dataset, 2024);
            let mut keys = BTreeSet::new();
            for record in &records {
                let record: serde_json::Value = serde_json::from_str(record).unwrap();
                let record = record.as_object().unwrap();
                assert_eq!(record.len(), fields(dataset).len() + 2);
                assert_eq!(record["xn"], "2024");
                keys.insert(record[&key(dataset)].to_string());
            }
            assert_eq!(keys.len(), records.len());
        }
        let files = export(&world, Dataset::Staff, 2024).unwrap();
        let rows: usize = files.iter().map(|file| file.rows).sum();
        assert_eq!(rows, records(&world, Dataset::Staff, 2024).len());
    }

    fn students(world: &World) -> usize {
        let value = |truth| match truth {
            Truth::Value(value)
                if (value.level, value.indicator_id, value.basis, value.breakdown)
                    == ("city", "students", "system", "") =>
            {
                value.text.parse().ok()
            }
            _ => None,
        };
        world.values(2024).into_iter().find_map(value).unwrap()
    }

    #[test]
    fn a_revision_adds_a_pupil_and_leaves_other_records_alone() {
        let first = World::new(1, 1);
        let later = revised(World::new(1, 1), 3);
        assert_eq!(students(&later), students(&first) + 3);
        let difference = |dataset, year| {
            let before: BTreeSet<String> = records(&first, dataset, year).into_iter().collect();
            let after: BTreeSet<String> = records(&later, dataset, year).into_iter().collect();
            (before.difference(&after).count(), after.difference(&before).count())
        };
        assert_eq!(difference(Dataset::Students, 2024), (0, 3));
        assert_eq!(difference(Dataset::Graduates, 2024), (3, 3));
        assert_eq!(difference(Dataset::Staff, 2024), (0, 0));
    }
}
