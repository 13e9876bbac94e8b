//! The city that the deliveries are from, where the settings leave it open.

use std::path::PathBuf;

use crate::definitions::{self, DefinitionFile};
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;

#[derive(Debug, thiserror::Error)]
pub enum CityError {
    #[error("the releases in `{}` are of {name} ({code}), and the settings say {configured}", data.display())]
    Another { data: PathBuf, code: String, name: String, configured: String },
    #[error("it is not known which city the deliveries are from")]
    Unknown,
}

/// Fills in the city and its residual region: from the settings, else from the releases in the data
/// root, else from definitions whose regions are all in one city.
///
/// # Errors
/// The settings name another city than the releases do, or nothing names one.
pub fn settle(settings: &mut Settings, files: &[DefinitionFile]) -> Result<(), CityError> {
    let data = DataRoot::new(&settings.data_dir);
    let published = publish::current(&data).ok().flatten().and_then(|manifest| manifest.city(&data));
    if let Some((code, name)) = &published
        && !settings.city_code.is_empty()
        && settings.city_code != *code
    {
        return Err(CityError::Another {
            data: data.path().to_owned(),
            code: code.clone(),
            name: name.clone(),
            configured: settings.city_code.clone(),
        });
    }
    let known = published.or_else(|| definitions::only_city(files));
    if settings.city_code.is_empty() {
        let (code, _) = known.as_ref().ok_or(CityError::Unknown)?;
        settings.city_code.clone_from(code);
    }
    if settings.city_name.is_empty() {
        let same_city = known.filter(|(code, _)| *code == settings.city_code);
        settings.city_name = same_city.map_or_else(|| settings.city_code.clone(), |(_, name)| name);
    }
    if settings.residual_region_code.is_empty() {
        settings.residual_region_code = format!("{}99", &settings.city_code[..4]);
    }
    Ok(())
}
