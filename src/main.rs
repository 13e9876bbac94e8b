//! Parse, run, exit.

fn main() -> std::process::ExitCode {
    // A panic's own words may quote a delivered cell: only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("internal fault at {place}");
    }));
    nianbao::cli::main().into()
}
