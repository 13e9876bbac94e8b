//! Settings in layers: annotated defaults in the binary → site file → environment → flags.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Source};
use serde::{Deserialize, Serialize};

use crate::deadlines::Deadlines;
use crate::spelling::{alike, did_you_mean};

/// The defaults, annotated: also the reference of all keys.
pub const DEFAULTS: &str = include_str!("../config/default.toml");
/// Environment variables are `NIANBAO_` and the key in capitals: the settings are all there are.
const ENVIRONMENT_PREFIX: &str = "NIANBAO";

/// Settings as resolved.
#[derive(Debug, Clone, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub drop_dir: PathBuf,
    pub data_dir: PathBuf,
    /// Empty for the definitions that come with the program.
    pub pipelines_dir: PathBuf,
    /// Empty for the folder `sources` beside the site file, if there is one.
    pub sources_dir: PathBuf,
    /// Empty for `schedule.toml` beside the site file, if there is one.
    pub schedule_file: PathBuf,
    /// Empty for the one beside the settings file; [`NO_PERSONS`] for none.
    pub persons_file: PathBuf,
    pub city_code: String,
    pub city_name: String,
    pub residual_region_code: String,
    pub residual_region_name: String,
    pub max_missing_schools: u32,
    pub file_size_max_mb: u64,
    pub unpacked_max_mb: u64,
    pub decode_memory_max_mb: u64,
    pub decode_cpu_max_seconds: u64,
    /// 0 for as many as there are processors.
    pub threads: usize,
    pub release_keep: u32,
    pub release_grace_days: u32,
    pub run_keep_days: u32,
    pub deadlines: Deadlines,
}

impl Settings {
    /// The number of threads to work with.
    #[must_use]
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        }
    }

    /// The bureau's list of persons: what the settings name, else what lies beside the settings file, or in the
    /// current folder without one. `None` where the bureau keeps none.
    #[must_use]
    pub fn list_of_persons(&self, site: Option<&Path>) -> Option<PathBuf> {
        if self.persons_file == Path::new(NO_PERSONS) {
            return None;
        }
        if !self.persons_file.as_os_str().is_empty() {
            return Some(self.persons_file.clone());
        }
        let beside = site.and_then(Path::parent).unwrap_or(Path::new("")).join(PERSONS);
        // A list that is there and cannot be read is refused, not passed over.
        let missing =
            std::fs::symlink_metadata(&beside).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        (!missing).then_some(beside)
    }
}

/// The name of the list of persons where the settings name no other.
const PERSONS: &str = "persons.toml";

/// The value of `persons_file` by which a bureau says that it keeps no list.
pub const NO_PERSONS: &str = "none";

/// The least time for which records of runs are kept: six months, 网络安全法 (2016) art. 21.
pub const RUN_KEEP_DAYS_MIN: u32 = 180;

/// Settings that flags override.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    pub drop_dir: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub pipelines_dir: Option<PathBuf>,
}

/// A setting, its value and the layer that it comes from.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Origin {
    pub key: String,
    pub value: String,
    pub from: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("settings: {0}")]
    Config(#[from] config::ConfigError),
    #[error("settings: `{key}` is not a region code of six digits")]
    RegionCode { key: &'static str },
    #[error("settings: `{key}` is {value}, and must not be under {least}")]
    TooLow { key: &'static str, value: u32, least: u32 },
    #[error("settings: there is no environment variable `{name}`{}", did_you_mean(alike))]
    Variable { name: String, alike: Vec<String> },
    /// The message has line, column and key, as far as the file parses.
    #[error("settings `{}`: {message}", path.display())]
    Site { path: PathBuf, message: String },
}

/// Resolves all layers.
///
/// # Errors
/// A file that does not parse, an unknown key, or a value of the wrong type.
pub fn load(site: Option<&Path>, overrides: &Overrides) -> Result<(Settings, Vec<Origin>), SettingsError> {
    let mut layers = vec![("default".to_owned(), defaults()?)];
    if let Some(path) = site {
        let text = read_site(path)?;
        let file = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build()?;
        layers.push((path.display().to_string(), file));
    }
    let environment = Environment::with_prefix(ENVIRONMENT_PREFIX).prefix_separator("_").try_parsing(true);
    refuse_misspelt(std::env::vars_os().map(|(name, _)| name), &keys(&layers[0].1))?;
    layers.push(("environment".to_owned(), Config::builder().add_source(environment).build()?));
    let mut flags = Config::builder();
    for (key, value) in [
        ("drop_dir", &overrides.drop_dir),
        ("data_dir", &overrides.data_dir),
        ("pipelines_dir", &overrides.pipelines_dir),
    ] {
        if let Some(path) = value {
            flags = flags.set_override(key, path.display().to_string())?;
        }
    }
    layers.push(("flag".to_owned(), flags.build()?));
    let mut merged = Config::builder();
    for (_, layer) in &layers {
        merged = merged.add_source(layer.clone());
    }
    let settings: Settings = merged.build()?.try_deserialize()?;
    for (key, code) in
        [("city_code", &settings.city_code), ("residual_region_code", &settings.residual_region_code)]
    {
        let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        if !code.is_empty() && !is_code {
            return Err(SettingsError::RegionCode { key });
        }
    }
    for (key, value, least) in [
        ("run_keep_days", settings.run_keep_days, RUN_KEEP_DAYS_MIN),
        ("release_keep", settings.release_keep, 1),
    ] {
        if value < least {
            return Err(SettingsError::TooLow { key, value, least });
        }
    }
    let mut origins: Vec<Origin> = keys(&layers[0].1).into_iter().map(|key| origin(key, &layers)).collect();
    for origin in origins.iter_mut().filter(|origin| origin.key == "deadlines") {
        // A table prints in no order of its own.
        origin.value = settings.deadlines.to_string();
    }
    Ok((settings, origins))
}

/// The text of a site file. It is parsed here so that faults are reported with their line.
fn read_site(path: &Path) -> Result<String, SettingsError> {
    let site = |message: String| SettingsError::Site { path: path.to_owned(), message };
    let bytes = std::fs::read(path).map_err(|error| site(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        site(format!("line {line} is not UTF-8: save the file as UTF-8"))
    })?;
    // Windows editors put a byte order mark before UTF-8 text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    toml::from_str::<Settings>(&text).map_err(|error| site(error.to_string().trim_end().to_owned()))?;
    Ok(text)
}

fn defaults() -> Result<Config, config::ConfigError> {
    Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build()
}

fn keys(layer: &Config) -> Vec<String> {
    // A layer that was built reads without error.
    let mut keys: Vec<String> = layer.collect().unwrap_or_default().into_keys().collect();
    keys.sort();
    keys
}

/// The environment variable of a setting.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}_{}", key.to_uppercase())
}

/// Refuses a variable that begins like ours and is of no setting: who sets it believes that it has an effect.
fn refuse_misspelt(
    names: impl Iterator<Item = std::ffi::OsString>,
    keys: &[String],
) -> Result<(), SettingsError> {
    let prefix = variable("");
    for name in names {
        let name = name.to_string_lossy();
        let lower = name.to_lowercase();
        let Some(key) = lower.strip_prefix(&prefix.to_lowercase()) else { continue };
        if !keys.iter().any(|known| known == key) {
            let alike = alike(key, keys.iter().map(String::as_str)).into_iter().map(variable).collect();
            return Err(SettingsError::Variable { name: name.into_owned(), alike });
        }
    }
    Ok(())
}

fn origin(key: String, layers: &[(String, Config)]) -> Origin {
    let mut found = (String::new(), String::new());
    for (name, layer) in layers {
        if let Ok(value) = layer.get::<config::Value>(&key) {
            found = (value.to_string(), name.clone());
        }
    }
    Origin { key, value: found.0, from: found.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_wins_and_says_so() {
        let site = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(site.path(), "city_name = '某市'\nthreads = 1\n").unwrap();
        let overrides = Overrides { data_dir: Some("elsewhere".into()), ..Overrides::default() };
        let (settings, origins) = load(Some(site.path()), &overrides).unwrap();
        assert_eq!((settings.city_name.as_str(), settings.threads), ("某市", 1));
        let from = |key: &str| origins.iter().find(|o| o.key == key).unwrap().from.clone();
        assert_eq!(from("data_dir"), "flag");
        assert_eq!(from("city_name"), site.path().display().to_string());
        assert_eq!(from("city_code"), "default");
    }

    #[test]
    fn a_region_code_has_six_digits() {
        let site = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(site.path(), "city_code = '临汾市'\n").unwrap();
        let error = load(Some(site.path()), &Overrides::default()).unwrap_err().to_string();
        assert!(error.contains("city_code"), "{error}");
    }

    #[test]
    fn every_setting_has_a_default_on_the_page_that_explains_it() {
        let page = toml::from_str::<toml::Table>(DEFAULTS).unwrap();
        let fields = toml::Table::try_from(Settings::default()).unwrap();
        assert_eq!(page.keys().collect::<Vec<_>>(), fields.keys().collect::<Vec<_>>());
    }

    #[test]
    fn a_misspelt_variable_is_refused_and_those_of_others_are_not() {
        let keys = keys(&defaults().unwrap());
        let refusal = |name: &str| {
            let refused = refuse_misspelt([name.into()].into_iter(), &keys);
            refused.err().map(|error| error.to_string()).unwrap_or_default()
        };
        for name in ["NIANBAO_THREADS", "nianbao_threads", "NIANBAO", "NIANBAOX_THREAD", "PATH"] {
            assert_eq!(refusal(name), "", "{name}");
        }
        assert_eq!(
            refusal("NIANBAO_DATADIR"),
            "settings: there is no environment variable `NIANBAO_DATADIR`; did you mean NIANBAO_DATA_DIR?"
        );
        assert!(refusal("NIANBAO_Thread").contains("did you mean NIANBAO_THREADS?"));
        assert!(refusal("NIANBAO_").contains("`NIANBAO_`"));
    }

    #[test]
    fn the_list_of_persons_is_beside_the_settings_where_they_name_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site.toml");
        let settings =
            |persons_file: &str| Settings { persons_file: persons_file.into(), ..Settings::default() };
        assert_eq!(settings("").list_of_persons(Some(&site)), None);
        let beside = folder.path().join("persons.toml");
        std::fs::write(&beside, "").unwrap();
        assert_eq!(settings("").list_of_persons(Some(&site)), Some(beside));
        assert_eq!(settings("none").list_of_persons(Some(&site)), None);
        assert_eq!(settings("p.toml").list_of_persons(Some(&site)), Some("p.toml".into()));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let site = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(site.path(), "thread = 1\n").unwrap();
        let error = load(Some(site.path()), &Overrides::default()).unwrap_err().to_string();
        assert!(error.contains("thread"), "{error}");
    }
}
