//! Parse, run, exit.

fn main() -> std::process::ExitCode {
    // A panic message may quote a delivered cell: only the place of the panic is reported.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("internal fault at {place}");
    }));
    nianbao::cli::main().into()
}
