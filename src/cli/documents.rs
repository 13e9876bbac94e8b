//! `nianbao documents`: all documents that were written, and which of them people filled in.

use serde_json::{Value, json};

use super::{ExitCode, Failure, Global, data_root, load_settings, output};
use crate::documents::{DocumentError, DocumentKind, DocumentState, FoundDocument, Register};
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those with entries that have not been read back
    #[arg(long)]
    waiting: bool,
}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        let failure = Failure::new(ExitCode::Internal, &error);
        match error {
            DocumentError::Newer { .. } => {
                failure.hint("a newer nianbao wrote this data root: use that one; nothing was changed")
            }
            _ => failure,
        }
    }
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let mut found = Register::load(&data)?.all()?;
    found.retain(|found| !args.waiting || found.waits());
    if global.json {
        output::json(&found.iter().map(|found| as_json(global, found)).collect::<Vec<_>>())?;
        return Ok(ExitCode::Done);
    }
    for found in &found {
        if found.waits() {
            print(global, found);
        } else {
            let state = match found.state {
                DocumentState::ReadBack => "已读回，下次运行时更新",
                _ => "未改动",
            };
            output::line(&format!("{}  {}", found.path.display(), state));
        }
    }
    Ok(ExitCode::Done)
}

/// The waiting documents, for machines.
pub fn waiting_json(global: &Global, data: &DataRoot) -> Result<Vec<Value>, Failure> {
    let found = Register::load(data)?.all()?;
    Ok(found.iter().filter(|found| found.waits()).map(|found| as_json(global, found)).collect())
}

fn as_json(global: &Global, found: &FoundDocument) -> Value {
    json!({
        "path": found.path,
        "kind": found.kind,
        "condition": found.state,
        "newer": found.newer,
        "stands_in_for": found.stands_in_for,
        "read_by": found.waits().then(|| command(global, found)).flatten(),
    })
}

/// Prints the documents with work that was not read back, and what to do; nothing where there are none.
pub fn print_waiting(global: &Global, data: &DataRoot) -> Result<(), Failure> {
    let found = Register::load(data)?.all()?;
    let mut waiting = found.iter().filter(|found| found.waits()).peekable();
    if waiting.peek().is_some() {
        output::line("");
        output::line("有人填写或正打开的文档（原样保留，未覆盖）");
    }
    waiting.for_each(|found| print(global, found));
    Ok(())
}

fn print(global: &Global, found: &FoundDocument) {
    let state = if found.state == DocumentState::Open { "正打开" } else { "已填写，未读回" };
    output::line(&format!("  {}  {state}", found.path.display()));
    if let Some(newer) = &found.newer {
        output::line(&format!("    新版写在  {}", newer.display()));
    }
    let open = if found.state == DocumentState::Open { "关闭后，" } else { "" };
    output::line(&match (command(global, found), found.kind) {
        (Some(command), _) => format!("    {open}读回用    {command}"),
        (None, DocumentKind::Report) if found.state == DocumentState::Open => {
            "    关闭后，下次运行时更新".to_owned()
        }
        (None, _) => "    这类文档不读回：需要保留的，请移到别处".to_owned(),
    });
}

/// The command that reads a document back, with the options of this command.
fn command(global: &Global, found: &FoundDocument) -> Option<String> {
    let mut command = found.kind.read_by()?.to_owned();
    for (flag, value) in [("--config", &global.config), ("--data", &global.data)] {
        if let Some(value) = value {
            command += &format!(" {flag} {}", quoted(&value.display().to_string()));
        }
    }
    Some(command + " " + &quoted(&found.path.display().to_string()))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
