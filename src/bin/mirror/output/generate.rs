//! One run: everybody is drawn first, on one thread; then the files are written, on two.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::city::schools::{BIFF8_SCHOOL, BIFF8_YEAR};
use crate::national::dataset::Dataset;
use crate::national::deliveries::Form;
use crate::output::folder::Folder;
use crate::output::jobs::{Job, jobs};
use crate::printed::years::FIRST_YEAR;
use crate::sheets::shapes::{self, Shape};
use crate::sheets::sheet::{Frame, Sheet};
use crate::truth::records::Truth;
use crate::world::World;

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

/// Writes the exports of `years`, in their order, and `truth.jsonl` into `out`; returns the paths that are somebody else's.
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
    if years.contains(&FIRST_YEAR) {
        truths.extend(world.values_before());
    }
    for &year in years {
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
    World::new(seed, 1).sheet(Dataset::Students, BIFF8_YEAR, &form)
}

type Results = Vec<(usize, Result<Vec<Truth>, String>)>;

/// Threads take jobs as they become free; what each returns is put in the order of the jobs, so
/// that it is always the same.
fn write_all(world: &World, jobs: &[Job], folder: &Folder) -> Result<Vec<Truth>, Box<dyn Error>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Results::new();
        while let Some((index, job)) = take(jobs, &next) {
            results.push((index, job.write(world, folder).map_err(|error| error.to_string())));
        }
        results
    };
    let mut results = Results::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            match thread.join() {
                Ok(part) => results.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    results.sort_by_key(|(index, _)| *index);
    let mut truths = Vec::new();
    for (_, result) in results {
        truths.extend(result?);
    }
    Ok(truths)
}

fn take<'a>(jobs: &'a [Job], next: &AtomicUsize) -> Option<(usize, &'a Job)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, job))
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
    use crate::sheets::cell::Cell;
    use calamine::{Data, Reader, Xls};
    use std::io::Cursor;

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
}
