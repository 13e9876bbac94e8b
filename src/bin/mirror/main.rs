//! `mirror` writes stand-ins for a city's exports: invented schools and people in the shapes the
//! real systems deliver, whose totals are those the city's 2024 report prints, together with the
//! truth about every value and every planted fault.
//!
//! It shares no code with the pipeline it is meant to test.

mod appendix;
mod apportion;
mod cells;
mod city;
mod dates;
mod decimal;
mod export_files;
mod exports;
mod facts;
mod files;
mod filings;
mod folder;
mod generate;
mod graduates;
mod majors;
mod people;
mod plan;
mod planted;
mod programmes;
mod register;
mod rng;
mod rows;
mod shapes;
mod sheet;
mod staff;
mod students;
mod totals;
mod truth;
mod values;
mod world;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(version, about = "Writes invented exports with known totals")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the exports of a whole city and truth.jsonl
    Generate {
        /// Folder to write into; empty, new, or a previous output, which is replaced
        #[arg(long)]
        out: PathBuf,
        /// Write although something else lies in the folder: what mirror did not write stays as it is
        #[arg(long)]
        force: bool,
        /// Report year; may be given more than once
        #[arg(long = "year", value_parser = clap::value_parser!(u16).range(2023..=2024),
              default_values_t = totals::YEARS)]
        years: Vec<u16>,
        /// Other seeds give other people and other parts, never other totals
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Copies of every school
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
            let (summary, kept) = generate::generate(&out, force, &years, seed, usize::from(scale))?;
            eprintln!("{summary}");
            for path in &kept {
                eprintln!("kept, as mirror did not write it: {}", path.display());
            }
        }
        Command::Fixture { out } => std::fs::write(out, generate::fixture()?)?,
    }
    Ok(())
}
