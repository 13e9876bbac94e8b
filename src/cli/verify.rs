//! `nianbao verify`: checks that releases are as they were published, and signatures as they were signed.

use super::{ExitCode, Failure, Global, data_root, load_settings, output};
use crate::decisions::signatures;
use crate::settings::Overrides;
use crate::warehouse::layout::release_name;
use crate::warehouse::verify;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this release [default: all]
    #[arg(long, value_name = "NUMBER")]
    release: Option<u32>,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let mut verified = verify::verify(&data, args.release)?;
    let mut of_signatures = signatures::verify(&data)?;
    of_signatures.retain(|damage| args.release.is_none_or(|release| [0, release].contains(&damage.release)));
    verified.damages.extend(of_signatures);
    if let Some(release) = args.release
        && verified.releases.is_empty()
        && verified.damages.iter().all(|damage| damage.release != release)
    {
        return Err(Failure::new(ExitCode::Usage, &format!("there is no release {}", release_name(release)))
            .hint("`nianbao releases list` names them"));
    }
    if global.json {
        output::json(&verified)?;
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
        output::note(&format!(
            "{} releases, {} damaged files",
            verified.releases.len(),
            verified.damages.len()
        ));
    }
    Ok(if verified.damages.is_empty() { ExitCode::Done } else { ExitCode::Internal })
}
