//! `nianbao verify`: checks that releases are as they were published, and signatures as they were signed.

use std::path::PathBuf;

use serde::Serialize;

use super::sign::no_release;
use super::{ExitCode, Failure, Global, data_root, load_definitions, load_settings, output};
use crate::decisions::signatures;
use crate::settings::Overrides;
use crate::warehouse::layout::release_name;
use crate::warehouse::persons;
use crate::warehouse::verify::{self, Verification};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this release [default: all]
    #[arg(long, value_name = "NUMBER")]
    release: Option<u32>,
}

/// What was found, for machines.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    verified: &'a Verification,
    /// Files and folders of tables of persons that everybody can read.
    open_to_others: &'a [PathBuf],
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let definitions = load_definitions(global)?;
    let open = persons::open_to_others(&data, &definitions.tables_of_persons())?;
    let mut verified = verify::verify(&data, args.release)?;
    let mut of_signatures = signatures::verify(&data)?;
    of_signatures.retain(|damage| args.release.is_none_or(|release| [0, release].contains(&damage.release)));
    verified.damages.extend(of_signatures);
    if let Some(release) = args.release
        && verified.releases.is_empty()
        && verified.damages.iter().all(|damage| damage.release != release)
    {
        return Err(no_release(release));
    }
    if global.json {
        output::json(&Shown { verified: &verified, open_to_others: &open })?;
    } else {
        for damage in &verified.damages {
            let release = match damage.release {
                0 if damage.path.starts_with("ledger/") => "ledger".to_owned(),
                0 => "pointer".to_owned(),
                release => release_name(release),
            };
            let detail =
                if damage.detail.is_empty() { String::new() } else { format!(": {}", damage.detail) };
            output::line(&format!("{release} {} {}{detail}", damage.kind, damage.path));
        }
        for name in &verified.incomplete {
            output::line(&format!("{name} incomplete: no release, left by a run or a clean-up that died"));
        }
        if let [first, ..] = open.as_slice() {
            output::note(&format!(
                "{} files and folders of tables of persons can be read by everybody, `{}` first; the next run closes them",
                open.len(),
                first.display()
            ));
        }
        output::note(&format!(
            "{} releases, {} damaged files",
            verified.releases.len(),
            verified.damages.len()
        ));
    }
    Ok(if verified.damages.is_empty() { ExitCode::Done } else { ExitCode::Internal })
}
