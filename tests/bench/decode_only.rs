//! The decoder alone: reads every file of a folder into nothing, on all processors, and says how much it was.
//!
//! `make bench` compares a whole run with it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io, thread};

use nianbao::decode::{self, Event, Format};
use nianbao::sources::bundle::{Bundle, UNPACKED_MAX};

#[derive(Debug, Default)]
struct Totals {
    files: usize,
    unread: usize,
    rows: usize,
    cells: usize,
}

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1) else {
        return Err(io::Error::other("usage: decode_only FOLDER"));
    };
    let mut paths = Vec::new();
    collect(Path::new(&folder), &mut paths)?;
    let next = AtomicUsize::new(0);
    let totals = Mutex::new(Totals::default());
    let threads = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let working: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> io::Result<()> {
                    let mut counts = Totals::default();
                    while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                        count_file(&fs::read(path)?, &mut counts);
                    }
                    if let Ok(mut all) = totals.lock() {
                        all.files += counts.files;
                        all.unread += counts.unread;
                        all.rows += counts.rows;
                        all.cells += counts.cells;
                    }
                    Ok(())
                })
            })
            .collect();
        working.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })?;
    if let Ok(Totals { files, unread, rows, cells }) = totals.into_inner() {
        println!(
            "{{\"files\": {files}, \"unread\": {unread}, \"rows\": {rows}, \"cells\": {cells}, \"threads\": {threads}}}"
        );
    }
    Ok(())
}

/// Collects the files two folders down, where deliveries are; files next to the years are not deliveries.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for year in fs::read_dir(folder)? {
        let year = year?.path();
        if year.is_dir() {
            below(&year, paths)?;
        }
    }
    paths.sort();
    Ok(())
}

fn below(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn count_file(bytes: &[u8], totals: &mut Totals) {
    if decode::sniff::sniff(bytes) != Ok(Format::Zip) {
        return count(bytes, totals);
    }
    match Bundle::open(bytes, UNPACKED_MAX) {
        Ok(mut bundle) => {
            for member in bundle.members(512 << 20) {
                count(&member.ok().and_then(|member| member.bytes).unwrap_or_default(), totals);
            }
        }
        Err(_) => count(bytes, totals),
    }
}

fn count(bytes: &[u8], totals: &mut Totals) {
    let (mut rows, mut cells) = (0, 0);
    let decoded = decode::decode(bytes, &mut |event| {
        if let Event::Row(row) = event {
            rows += 1;
            cells += row.filled();
        }
    });
    totals.files += 1;
    totals.unread += usize::from(decoded.is_err());
    totals.rows += rows;
    totals.cells += cells;
}
