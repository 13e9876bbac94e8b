//! One run: everybody is drawn first, on one thread; then the files are written, on two.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::city::{BIFF8_SCHOOL, School};
use crate::exports::{Export, Scope};
use crate::files::{self, Delivery, Form};
use crate::folder::Folder;
use crate::rng::Rng;
use crate::shapes::{self, Shape};
use crate::sheet::{Counts, Frame, Sheet};
use crate::totals::YEARS;
use crate::truth::Truth;
use crate::world::{Dataset, World, YEAR_BEFORE};

const THREADS: usize = 2;

pub struct Summary {
    schools: usize,
    files: usize,
    rows: usize,
    planted: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schools, files, rows, planted } = self;
        write!(f, "{schools} schools, {files} files, {rows} rows, {planted} of them planted")
    }
}

/// Writes the exports of `years` and `truth.jsonl` into `out`; tells what of somebody else's stays there.
pub fn generate(
    out: &Path,
    force: bool,
    years: &[u16],
    seed: u64,
    scale: usize,
) -> Result<(Summary, Vec<PathBuf>), Box<dyn Error>> {
    let folder = Folder::cleared(out, force)?;
    let world = World::new(seed, scale);
    let jobs = jobs(&world, years);
    let mut truths = write_all(&world, &jobs, &folder)?;
    if years.contains(&YEARS[0]) {
        truths.extend(world.values_before());
    }
    for year in known(years) {
        truths.extend(world.values(year));
    }
    let summary = summary(&world, jobs.len(), &truths);
    Ok((summary, folder.finish(truths)?))
}

/// The roster behind the committed BIFF8 file, as xlsx.
pub fn fixture() -> Result<Vec<u8>, Box<dyn Error>> {
    shapes::bytes(&fixture_sheet(1), Shape::Xlsx)
}

fn fixture_sheet(seed: u64) -> Sheet {
    let form = Form::new(BIFF8_SCHOOL, Shape::Biff8, Frame::Plain);
    World::new(seed, 1).sheet(Dataset::Students, 1, &form)
}

/// Indices into `YEARS` of the years asked for.
fn known(years: &[u16]) -> impl Iterator<Item = usize> {
    (0..YEARS.len()).filter(|&year| years.contains(&YEARS[year]))
}

/// One file to write.
struct Job {
    year: u16,
    content: Content,
}

enum Content {
    /// A dataset of one school, or of several in a zip, and the place of the year in `YEARS`.
    Delivery(Dataset, usize, Delivery),
    Schools,
    /// 毕业出口统计信息 of one school.
    Statistics(usize, usize),
    Filing(usize, usize),
    /// A part of an export without people.
    Export(Export, (usize, String, Vec<usize>)),
}

fn jobs(world: &World, years: &[u16]) -> Vec<Job> {
    let mut jobs = Vec::new();
    if years.contains(&YEARS[0]) {
        let mut add = |content| jobs.push(Job { year: YEAR_BEFORE, content });
        add(Content::Schools);
        world.parts(Export::Certificates1X).into_iter().for_each(|part| {
            add(Content::Export(Export::Certificates1X, part));
        });
    }
    for year in known(years) {
        let mut add = |content| jobs.push(Job { year: YEARS[year], content });
        for dataset in Dataset::ALL {
            for delivery in deliveries(world, dataset, YEARS[year]) {
                add(Content::Delivery(dataset, year, delivery));
            }
        }
        add(Content::Schools);
        for school in 0..world.schools.len() {
            add(Content::Statistics(year, school));
            add(Content::Filing(year, school));
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
    let biff8 = |school: &School| dataset == Dataset::Students && year == 2024 && school.is_biff8();
    files::deliveries(&world.schools, dataset.topic(), biff8, &mut rng)
}

type Done = Vec<(usize, Result<Vec<Truth>, String>)>;

/// Threads take jobs as they become free; what each tells is put in the order of the jobs, so
/// that it is always the same.
fn write_all(world: &World, jobs: &[Job], folder: &Folder) -> Result<Vec<Truth>, Box<dyn Error>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Done::new();
        while let Some((index, job)) = take(jobs, &next) {
            done.push((index, job.write(world, folder).map_err(|error| error.to_string())));
        }
        done
    };
    let mut done = Done::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            match thread.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    done.sort_by_key(|(index, _)| *index);
    let mut truths = Vec::new();
    for (_, told) in done {
        truths.extend(told?);
    }
    Ok(truths)
}

fn take<'a>(jobs: &'a [Job], next: &AtomicUsize) -> Option<(usize, &'a Job)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, job))
}

/// A file in the making: its bytes, its path below the output folder, and the truth about it.
struct Output {
    path: String,
    bytes: Vec<u8>,
    truths: Vec<Truth>,
}

impl Job {
    fn write(&self, world: &World, folder: &Folder) -> Result<Vec<Truth>, Box<dyn Error>> {
        let Output { path, bytes, truths } = self.output(world)?;
        folder.write(path, &bytes)?;
        Ok(truths)
    }

    fn output(&self, world: &World) -> Result<Output, Box<dyn Error>> {
        let code = |school: usize| &world.schools[school].code;
        match &self.content {
            Content::Delivery(dataset, year, delivery) => self.delivery(world, *dataset, *year, delivery),
            Content::Schools => {
                let sheet = world.school_register(self.year);
                let bytes = shapes::bytes(&sheet, Shape::Xlsx)?;
                Ok(self.single("schools", "学校基本信息.xlsx", bytes, &[sheet], ""))
            }
            Content::Statistics(year, school) => {
                let sheet = world.statistics(*year, *school);
                let bytes = shapes::statistics(&sheet)?;
                let name = format!("{}/毕业出口统计信息.xlsx", code(*school));
                Ok(self.single("graduate_stats", &name, bytes, &[sheet], code(*school)))
            }
            Content::Filing(year, school) => {
                let sheets = world.filing(*year, *school);
                let bytes = shapes::filing(&sheets)?;
                let name = format!("{}年报数据表.xlsx", world.schools[*school].name);
                Ok(self.single("filings", &name, bytes, &sheets, code(*school)))
            }
            Content::Export(export, part) => {
                let written = world.export(*export, self.year, part)?;
                let of = if export.scope() == Scope::School { code(part.0).as_str() } else { "" };
                Ok(self.single(export.dataset(), &written.name, written.bytes, &written.sheets, of))
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
        year: usize,
        delivery: &Delivery,
    ) -> Result<Output, Box<dyn Error>> {
        let mut truths = Vec::new();
        let mut members = Vec::new();
        for (member, form) in &delivery.members {
            let mut sheet = world.sheet(dataset, year, form);
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

fn summary(world: &World, files: usize, truths: &[Truth]) -> Summary {
    let mut rows = 0;
    let mut planted = 0;
    for truth in truths {
        match truth {
            Truth::File(file) => rows += file.rows,
            Truth::Planted(_) => planted += 1,
            Truth::Value(_) | Truth::Written(_) => {}
        }
    }
    Summary { schools: world.schools.len(), files, rows, planted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Cell;
    use calamine::{Data, Reader, Xls, Xlsx};
    use std::io::Cursor;

    /// Every thirteenth file: enough to hold each dataset and most shapes.
    fn some_outputs(world: &World) -> Vec<Output> {
        let jobs = jobs(world, &YEARS);
        let outputs = jobs.iter().step_by(13).map(|job| job.output(world).unwrap());
        outputs.collect()
    }

    fn told(outputs: &[Output], world: &World) -> String {
        let truths = outputs.iter().flat_map(|output| &output.truths);
        let values = world.values(1);
        let told = truths.chain(&values).map(|truth| serde_json::to_string(truth).unwrap());
        told.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_seed_gives_the_same_bytes_and_another_other_bytes() {
        let worlds = [1, 1, 2].map(|seed| World::new(seed, 1));
        let [first, again, other] = [0, 1, 2].map(|index| some_outputs(&worlds[index]));
        assert!(first.iter().zip(&again).all(|(a, b)| a.path == b.path && a.bytes == b.bytes));
        assert_eq!(told(&first, &worlds[0]), told(&again, &worlds[1]));
        let same = first.iter().zip(&other).filter(|(a, b)| a.bytes == b.bytes);
        assert_eq!(same.count(), 0);
    }

    #[test]
    fn the_biff8_file_is_the_roster_of_every_seed() {
        let mut workbook: Xls<_> = Xls::new(Cursor::new(shapes::BIFF8_FILE)).unwrap();
        let range = workbook.worksheet_range("sheet1").unwrap();
        for seed in [1, 9] {
            let sheet = fixture_sheet(seed);
            assert_eq!(range.height(), sheet.lines.len());
            assert!(sheet.lines.len() < 200);
            for (read, line) in range.rows().zip(&sheet.lines) {
                for (read, cell) in read.iter().zip(&line.cells) {
                    assert!(is_equal(read, cell), "{read:?} is not {cell:?}");
                }
            }
        }
    }

    #[allow(clippy::float_cmp)]
    fn is_equal(read: &Data, cell: &Cell) -> bool {
        match (read, cell) {
            (Data::Empty, Cell::Empty) => true,
            (Data::String(read), Cell::Text(text)) => read == text,
            (Data::Float(read), Cell::Number(number)) => read == number,
            _ => false,
        }
    }

    #[test]
    fn statistics_agree_with_the_graduates_and_leave_zeros_empty() {
        let world = World::new(3, 1);
        let mut graduates = 0.0;
        for school in 0..world.schools.len() {
            let bytes = shapes::statistics(&world.statistics(1, school)).unwrap();
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
