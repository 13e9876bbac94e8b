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
//! - [`serve`]: the same city over HTTP, with everything that goes wrong there.

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

mod serve;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::output::generate::{fixture, generate};
use crate::printed::years::{FIRST_YEAR, LATEST_YEAR, YEARS};
use crate::serve::cases;
use crate::serve::definitions::{Pull, pull};
use crate::serve::server::{self, Options};

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
    /// Serve the people of the city over HTTP, in several dialects, with faults by name
    Serve(Serve),
    /// Write the roster of the BIFF8 school as xlsx
    #[command(hide = true)]
    Fixture {
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Args)]
struct Serve {
    /// Folder with the exports of the same city; they are written if there is no truth.jsonl
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Where to listen; files and a stranger are on the next two ports, or all three on any if the port is 0
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Report years
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(i64::from(FIRST_YEAR)..=i64::from(LATEST_YEAR)),
          default_values_t = YEARS)]
    years: Vec<u16>,
    /// NAME[:TIMES][@TEXT] after commas, or a seed: TIMES is how often it strikes, TEXT a part of the path and query
    #[arg(long, value_parser = faults, default_value = "")]
    faults: Faults,
    /// List the faults, one JSON object a line, and end
    #[arg(long)]
    list_faults: bool,
    /// Append every request to this file, one JSON object a line
    #[arg(long)]
    log: Option<PathBuf>,
    /// Serve over TLS with a certificate chain and a key
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    tls: Vec<PathBuf>,
    /// Write the sources.toml of the running server
    #[arg(long)]
    write_sources: Option<PathBuf>,
    /// Which dialect gives which dataset there: gateway, token, md5, sm3, session, jobs, files; students, graduates, staff
    #[arg(long, value_delimiter = ',', value_parser = pull,
          default_values = ["gateway=students", "jobs=graduates", "files=staff"])]
    sources: Vec<Pull>,
    /// End when standard input ends
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Clone)]
struct Faults(Vec<cases::Active>);

fn faults(text: &str) -> Result<Faults, String> {
    cases::parse(text).map(Faults)
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
        Command::Serve(arguments) => serve(arguments)?,
        Command::Fixture { out } => std::fs::write(out, fixture()?)?,
    }
    Ok(())
}

fn serve(arguments: Serve) -> Result<(), Box<dyn Error>> {
    let Serve { dir, listen, seed, mut years, faults, list_faults, log, tls, .. } = arguments;
    if list_faults {
        for case in cases::all() {
            println!("{}", serde_json::to_string(case)?);
        }
        return Ok(());
    }
    years.sort_unstable();
    years.dedup();
    if let Some(dir) = dir.filter(|dir| !dir.join("truth.jsonl").exists()) {
        let (summary, _) = generate(&dir, false, &years, seed, 1)?;
        eprintln!("{summary}");
    }
    let mut tls = tls.into_iter();
    server::serve(Options {
        listen,
        seed,
        years,
        faults: faults.0,
        log,
        tls: tls.next().zip(tls.next()),
        sources: arguments.write_sources,
        pulls: arguments.sources,
        until_stdin_closes: arguments.until_stdin_closes,
    })
}
