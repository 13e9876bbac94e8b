//! The files to write, and how each is made.

use std::error::Error;

use crate::city::schools::{BIFF8_YEAR, School};
use crate::exports::export::{Export, Scope};
use crate::filings::workbook::filing_bytes;
use crate::national::dataset::Dataset;
use crate::national::deliveries::{self, Delivery};
use crate::national::graduate_statistics::statistics_bytes;
use crate::numbers::rng::Rng;
use crate::output::folder::Folder;
use crate::printed::years::{FIRST_YEAR, YEAR_BEFORE};
use crate::sheets::shapes::{self, Shape};
use crate::sheets::sheet::{Counts, Sheet};
use crate::truth::records::Truth;
use crate::world::{Part, World};

/// One file to write.
pub struct Job {
    year: u16,
    content: Content,
}

enum Content {
    /// A dataset of one school, or of several in a zip.
    Delivery(Dataset, Delivery),
    Schools,
    /// 毕业出口统计信息 of one school.
    Statistics(usize),
    Filing(usize),
    /// A part of an export without people.
    Export(Export, Part),
}

pub fn jobs(world: &World, years: &[u16]) -> Vec<Job> {
    let mut jobs = Vec::new();
    if years.contains(&FIRST_YEAR) {
        let mut add = |content| jobs.push(Job { year: YEAR_BEFORE, content });
        add(Content::Schools);
        world.parts(Export::Certificates1X).into_iter().for_each(|part| {
            add(Content::Export(Export::Certificates1X, part));
        });
    }
    for &year in years {
        let mut add = |content| jobs.push(Job { year, content });
        for dataset in Dataset::ALL {
            for delivery in deliveries(world, dataset, year) {
                add(Content::Delivery(dataset, delivery));
            }
        }
        add(Content::Schools);
        for school in 0..world.schools.len() {
            add(Content::Statistics(school));
            add(Content::Filing(school));
        }
        for export in Export::ALL {
            for part in world.parts(export) {
                add(Content::Export(export, part));
            }
        }
    }
    jobs
}

fn deliveries(world: &World, dataset: Dataset, year: u16) -> Vec<Delivery> {
    let purpose = format!("shapes of {}", dataset.name());
    let mut rng = Rng::stream(world.seed, &purpose, usize::from(year));
    let biff8 = |school: &School| dataset == Dataset::Students && year == BIFF8_YEAR && school.is_biff8();
    deliveries::deliveries(&world.schools, dataset.topic(), biff8, &mut rng)
}

/// A file in the making: its bytes, its path below the output folder, and the truth about it.
struct Output {
    path: String,
    bytes: Vec<u8>,
    truths: Vec<Truth>,
}

impl Job {
    pub fn write(&self, world: &World, folder: &Folder) -> Result<Vec<Truth>, Box<dyn Error>> {
        let Output { path, bytes, truths } = self.output(world)?;
        folder.write(path, &bytes)?;
        Ok(truths)
    }

    fn output(&self, world: &World) -> Result<Output, Box<dyn Error>> {
        let code = |school: usize| &world.schools[school].code;
        match &self.content {
            Content::Delivery(dataset, delivery) => self.delivery(world, *dataset, delivery),
            Content::Schools => {
                let sheet = world.school_register(self.year);
                let bytes = shapes::bytes(&sheet, Shape::Xlsx)?;
                Ok(self.single("schools", "学校基本信息.xlsx", bytes, &[sheet], ""))
            }
            Content::Statistics(school) => {
                let sheet = world.statistics(self.year, *school);
                let bytes = statistics_bytes(&sheet)?;
                let name = format!("{}/毕业出口统计信息.xlsx", code(*school));
                Ok(self.single("graduate_stats", &name, bytes, &[sheet], code(*school)))
            }
            Content::Filing(school) => {
                let sheets = world.filing(self.year, *school);
                let bytes = filing_bytes(&sheets)?;
                let name = format!("{}年报数据表.xlsx", world.schools[*school].name);
                Ok(self.single("filings", &name, bytes, &sheets, code(*school)))
            }
            Content::Export(export, part) => {
                let file = world.export(*export, self.year, part)?;
                let school_code =
                    if export.scope() == Scope::School { code(part.number).as_str() } else { "" };
                Ok(self.single(export.dataset(), &file.name, file.bytes, &file.sheets, school_code))
            }
        }
    }

    fn single(
        &self,
        dataset: &'static str,
        name: &str,
        bytes: Vec<u8>,
        sheets: &[Sheet],
        school_code: &str,
    ) -> Output {
        let year = self.year;
        let path = format!("{year}/{dataset}/{name}");
        let mut truths = Vec::new();
        for sheet in sheets {
            truths.extend(sheet.planted().map(|(row, fault)| {
                Truth::planted((year, dataset), (&path, sheet.name, row), school_code, fault)
            }));
        }
        truths.push(Truth::file(year, dataset, &path, Counts::of(sheets)));
        Output { path, bytes, truths }
    }

    fn delivery(
        &self,
        world: &World,
        dataset: Dataset,
        delivery: &Delivery,
    ) -> Result<Output, Box<dyn Error>> {
        let mut truths = Vec::new();
        let mut members = Vec::new();
        for (member, form) in &delivery.members {
            let mut sheet = world.sheet(dataset, self.year, form);
            let bytes = shapes::bytes(&sheet, form.shape)?;
            if !form.shape.has_sheets() {
                sheet.name = "";
            }
            let separator = if member.is_empty() { "" } else { "!" };
            let name = format!("{}{separator}{member}", delivery.name);
            let code = &world.schools[form.school].code;
            let output = self.single(dataset.name(), &name, bytes, &[sheet], code);
            truths.extend(output.truths);
            members.push((member.clone(), output.bytes));
        }
        let bytes = if delivery.is_bundle() {
            shapes::bundle(&members)?
        } else {
            members.into_iter().flat_map(|(_, bytes)| bytes).collect()
        };
        let path = format!("{}/{}/{}", self.year, dataset.name(), delivery.name);
        Ok(Output { path, bytes, truths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printed::years::YEARS;
    use calamine::{Data, Reader, Xlsx};
    use std::io::Cursor;

    /// Every thirteenth file: enough to hold each dataset and most shapes.
    fn some_outputs(world: &World) -> Vec<Output> {
        let jobs = jobs(world, &YEARS);
        let outputs = jobs.iter().step_by(13).map(|job| job.output(world).unwrap());
        outputs.collect()
    }

    fn truth_lines(outputs: &[Output], world: &World) -> String {
        let truths = outputs.iter().flat_map(|output| &output.truths);
        let values = world.values(2024);
        let lines = truths.chain(&values).map(|truth| serde_json::to_string(truth).unwrap());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_seed_gives_the_same_bytes_and_another_other_bytes() {
        let worlds = [1, 1, 2].map(|seed| World::new(seed, 1));
        let [first, again, other] = [0, 1, 2].map(|index| some_outputs(&worlds[index]));
        assert!(first.iter().zip(&again).all(|(a, b)| a.path == b.path && a.bytes == b.bytes));
        assert_eq!(truth_lines(&first, &worlds[0]), truth_lines(&again, &worlds[1]));
        let same = first.iter().zip(&other).filter(|(a, b)| a.bytes == b.bytes);
        assert_eq!(same.count(), 0);
    }

    #[test]
    fn statistics_agree_with_the_graduates_and_leave_zeros_empty() {
        let world = World::new(3, 1);
        let mut graduates = 0.0;
        for school in 0..world.schools.len() {
            let bytes = statistics_bytes(&world.statistics(2024, school)).unwrap();
            let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
            let range = workbook.worksheet_range("Sheet1").unwrap();
            for row in range.rows().skip(2).filter(|row| row[0] != Data::Empty) {
                assert!(!row.contains(&Data::Float(0.0)));
                if let Data::Float(count) = row[4] {
                    graduates += count;
                }
            }
        }
        assert!((graduates - 9397.0f64).abs() < 0.5);
    }
}
