//! `mirror` writes stand-ins for a city's exports: invented schools and people in the shapes the
//! real systems deliver, whose totals are those the city's 2024 report prints, together with the
//! truth about every value and every planted fault.
//!
//! It shares no code with the pipeline it is meant to test.
//!
//! # Layout
//!
//! In the order in which a city is made; a file uses only those above it, here and in each `mod.rs`.
//!
//! - [`numbers`]: drawn at random, divided without a remainder, written as decimals; and dates.
//! - [`printed`]: what the city's report prints, year by year.
//! - [`faults`]: what is planted in the rows, and what a pipeline should do with each.
//! - [`sheets`]: cells as schools spell them, lines, and the bytes of a file.
//! - [`city`]: its schools, what they can teach, and how people are made up.
//! - [`plan`]: how many of everything each school has, so that the printed totals hold.
//! - [`rosters`]: who is at which school: students, graduates, staff.
//! - [`national`]: the exports of the national systems: a person, a major or a school a row.
//! - [`filings`]: the six tables as each school fills them in.
//! - [`exports`]: the exports without people, which say what the schools filed.
//! - [`truth`]: what a correct pipeline finds in the files.
//! - [`world`]: all of the above for one seed.
//! - [`output`]: the files of one run: start reading here.

mod numbers;

mod printed;

mod faults;

mod sheets;

mod city;

mod plan;

mod rosters;

mod national;

mod filings;

mod exports;

mod truth;

mod world;

mod output;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::generate::{fixture, generate};
use crate::printed::years::{FIRST_YEAR, LATEST_YEAR, YEARS};

#[derive(Parser)]
#[command(version, about = "Writes invented exports with known totals")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the exports of a whole city, and truth.jsonl with what must come of them
    Generate {
        /// The folder to write to: new, empty, or an earlier output, which is replaced
        #[arg(long)]
        out: PathBuf,
        /// Write even if the folder holds something else, which stays as it is
        #[arg(long)]
        force: bool,
        /// The report years; may be repeated
        #[arg(long = "year", value_parser = clap::value_parser!(u16).range(i64::from(FIRST_YEAR)..=i64::from(LATEST_YEAR)),
              default_values_t = YEARS)]
        years: Vec<u16>,
        /// Another seed gives other people and other parts, but the same totals
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The number of copies of every school
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=500))]
        scale: u16,
    },
    /// Write the roster of the BIFF8 school as xlsx
    #[command(hide = true)]
    Fixture {
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Generate { out, force, mut years, seed, scale } => {
            years.sort_unstable();
            years.dedup();
            let (summary, kept) = generate(&out, force, &years, seed, usize::from(scale))?;
            eprintln!("{summary}");
            for path in &kept {
                eprintln!("kept, as mirror did not write it: {}", path.display());
            }
        }
        Command::Fixture { out } => std::fs::write(out, fixture()?)?,
    }
    Ok(())
}
