//! The decoder alone: reads every file of a folder into nothing, on all processors, and says how much it was.
//!
//! What `make bench` compares a whole run with.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io, thread};

use nianbao::decode::{self, Event, Format};
use nianbao::sources::bundle::Bundle;

#[derive(Debug, Default)]
struct Told {
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
    let told = Mutex::new(Told::default());
    let threads = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let working: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> io::Result<()> {
                    let mut own = Told::default();
                    while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                        file(&fs::read(path)?, &mut own);
                    }
                    if let Ok(mut all) = told.lock() {
                        all.files += own.files;
                        all.unread += own.unread;
                        all.rows += own.rows;
                        all.cells += own.cells;
                    }
                    Ok(())
                })
            })
            .collect();
        working.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })?;
    if let Ok(Told { files, unread, rows, cells }) = told.into_inner() {
        println!(
            "{{\"files\": {files}, \"unread\": {unread}, \"rows\": {rows}, \"cells\": {cells}, \"threads\": {threads}}}"
        );
    }
    Ok(())
}

/// Files two folders down, as deliveries lie: what lies beside the years is none.
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

fn file(bytes: &[u8], told: &mut Told) {
    if decode::sniff::sniff(bytes) != Ok(Format::Zip) {
        return one(bytes, told);
    }
    match Bundle::open(bytes) {
        Ok(mut bundle) => {
            for member in bundle.members(512 << 20) {
                one(&member.ok().and_then(|member| member.bytes).unwrap_or_default(), told);
            }
        }
        Err(_) => one(bytes, told),
    }
}

fn one(bytes: &[u8], told: &mut Told) {
    let (mut rows, mut cells) = (0, 0);
    let decoded = decode::decode(bytes, &mut |event| {
        if let Event::Row(row) = event {
            rows += 1;
            cells += row.filled();
        }
    });
    told.files += 1;
    told.unread += usize::from(decoded.is_err());
    told.rows += rows;
    told.cells += cells;
}
