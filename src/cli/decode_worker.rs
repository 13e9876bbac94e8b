//! `nianbao decode-worker`: the child process in which delivered files are decoded.

use super::{ExitCode, Failure};
use crate::decode::Numbers;
use crate::decode::worker::{self, Limits};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(long)]
    memory_mb: u64,
    #[arg(long)]
    cpu_seconds: u64,
    #[arg(long)]
    unpacked_mb: u64,
    /// Read number cells as they are printed
    #[arg(long)]
    as_printed: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let limits =
        Limits { memory_mb: args.memory_mb, cpu_seconds: args.cpu_seconds, unpacked_mb: args.unpacked_mb };
    let numbers = if args.as_printed { Numbers::Printed } else { Numbers::Stored };
    worker::serve(limits, numbers).map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    Ok(ExitCode::Done)
}
