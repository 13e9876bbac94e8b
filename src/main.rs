//! Parse, run, exit.

fn main() -> std::process::ExitCode {
    nianbao::cli::main().into()
}
