//! `nianbao units`: the city, its counties and its schools; and which of them a code or a name means, for all
//! commands.

use serde::Serialize;

use super::output::{self, left};
use super::{ExitCode, Failure, Global, data_root, load, open, published};
use crate::decisions::spellings::folded;
use crate::definitions::Definitions;
use crate::figure::Level;
use crate::period::ReportYear;
use crate::quarantine::Names;
use crate::settings::{Overrides, Settings};
use crate::spelling::{alike, did_you_mean};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year [default: the newest published]
    #[arg(long, value_name = "YEAR")]
    year: Option<ReportYear>,
    /// Only this county and its schools, by code or name
    #[arg(long, value_name = "CODE|NAME")]
    region: Option<String>,
    /// Only units of this level
    #[arg(long, value_name = "LEVEL")]
    level: Option<LevelName>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LevelName {
    City,
    County,
    School,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::City => Level::City,
            LevelName::County => Level::County,
            LevelName::School => Level::School,
        }
    }
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let manifest = published(&data, "`nianbao run` publishes a release, with its schools")?;
    let newest = manifest.years.last().copied().unwrap_or_default();
    let units = Units::of_year(&settings, &data, &definitions, &manifest, args.year.unwrap_or(newest))?;
    let region = args.region.as_deref().map(|region| units.region(region)).transpose()?;
    let level = args.level.map(Level::from);
    let is_wanted = |unit: &&NamedUnit| {
        level.is_none_or(|level| level == unit.level)
            && region
                .as_ref()
                .is_none_or(|region| unit.region_code == *region || *region == units.city_code())
    };
    let listed: Vec<&NamedUnit> = units.all.iter().filter(is_wanted).collect();
    if global.json {
        output::json(&listed)?;
        return Ok(ExitCode::Done);
    }
    for unit in listed {
        let indent = if unit.level == Level::School { "  " } else { "" };
        output::line(&format!("{indent}{}  {}", left(unit.code(), 10), unit.name));
    }
    Ok(ExitCode::Done)
}

/// A unit with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedUnit {
    report_year: ReportYear,
    level: Level,
    region_code: String,
    /// Empty above the school.
    school_code: String,
    name: String,
    /// Other names, of regions.
    #[serde(skip)]
    aliases: Vec<String>,
}

impl NamedUnit {
    fn code(&self) -> &str {
        if self.school_code.is_empty() { &self.region_code } else { &self.school_code }
    }

    /// `3614000001 尧都职业学校`.
    fn text(&self) -> String {
        format!("{} {}", self.code(), self.name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        [self.code(), &self.name].into_iter().chain(self.aliases.iter().map(String::as_str))
    }

    /// Whether a text is the code, the name, or both as listings print them.
    fn is_meant_by(&self, typed: &str) -> bool {
        let (code, name) = (self.code(), &self.name);
        let composed = [format!("{code}{name}"), format!("{code}-{name}"), format!("{name}({code})")];
        self.names().chain(composed.iter().map(String::as_str)).any(|own| folded(own) == folded(typed))
    }
}

/// The units of a year, each county before its schools.
pub struct Units {
    years: String,
    all: Vec<NamedUnit>,
}

impl Units {
    /// The units of one year of a release.
    pub fn of_year(
        settings: &Settings,
        data: &DataRoot,
        definitions: &Definitions,
        manifest: &Manifest,
        year: ReportYear,
    ) -> Result<Units, Failure> {
        if !manifest.years.contains(&year) {
            return Err(open::no_year(manifest, year));
        }
        let residual = (settings.residual_region_code.as_str(), settings.residual_region_name.as_str());
        let names = Names::read(data, definitions, manifest, year, residual)?;
        let unit = |level, region: &str, school: &str, name: &str| NamedUnit {
            report_year: year,
            level,
            region_code: region.to_owned(),
            school_code: school.to_owned(),
            name: name.to_owned(),
            aliases: Vec::new(),
        };
        let codes = definitions.regions().map(crate::definitions::code_table::CodeTable::codes);
        let codes = codes.unwrap_or_default().iter().filter(|code| code.valid_in(year));
        let aliases = |code: &str| {
            let known = codes.clone().find(|known| known.code == code);
            known.map(|known| known.aliases.clone()).unwrap_or_default()
        };
        let city = settings.city_code.as_str();
        let mut all =
            vec![NamedUnit { aliases: aliases(city), ..unit(Level::City, city, "", &settings.city_name) }];
        let counties = codes.clone().filter(|code| code.parent.as_deref() == Some(city));
        let counties = counties.map(|code| code.code.as_str()).chain([residual.0]);
        for county in counties {
            let region = unit(Level::County, county, "", names.region(county));
            all.push(NamedUnit { aliases: aliases(county), ..region });
            let schools = names.schools.iter().filter(|(_, (_, region))| region == county);
            all.extend(schools.map(|(code, (name, _))| unit(Level::School, county, code, name)));
        }
        // A register may have a school in a county that the code tables do not know.
        let others: Vec<NamedUnit> = names
            .schools
            .iter()
            .filter(|(_, (_, region))| all.iter().all(|unit| unit.region_code != *region))
            .map(|(code, (name, region))| unit(Level::School, region, code, name))
            .collect();
        all.extend(others);
        Ok(Units { years: year.to_string(), all })
    }

    /// The units of several years: a name must mean the same school in all of them.
    pub fn of_years(
        settings: &Settings,
        data: &DataRoot,
        definitions: &Definitions,
        manifest: &Manifest,
        year: Option<ReportYear>,
    ) -> Result<Units, Failure> {
        let wanted = year.map_or_else(|| manifest.years.clone(), |year| vec![year]);
        let mut all = Vec::new();
        for &year in &wanted {
            all.extend(Units::of_year(settings, data, definitions, manifest, year)?.all);
        }
        let years: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        Ok(Units { years: years.join(", "), all })
    }

    fn city_code(&self) -> &str {
        self.all.first().map_or("", |city| city.region_code.as_str())
    }

    /// The code of the school that is meant.
    pub fn school(&self, typed: &str) -> Result<String, Failure> {
        self.find(typed, "school", |unit| unit.level == Level::School)
    }

    /// The name of a school in the newest of the years; empty where it has none.
    pub fn school_name(&self, code: &str) -> &str {
        self.all.iter().rfind(|unit| unit.school_code == code).map_or("", |unit| unit.name.as_str())
    }

    /// The code of the region that is meant: a county, the residual, or the city.
    pub fn region(&self, typed: &str) -> Result<String, Failure> {
        self.find(typed, "region", |unit| unit.level != Level::School)
    }

    fn find(&self, typed: &str, kind: &str, is_kind: impl Fn(&NamedUnit) -> bool) -> Result<String, Failure> {
        let of_kind = || self.all.iter().filter(|unit| is_kind(unit));
        let mut codes: Vec<&str> =
            of_kind().filter(|unit| unit.is_meant_by(typed)).map(NamedUnit::code).collect();
        codes.sort_unstable();
        codes.dedup();
        let typed_text = crate::position::redact(typed);
        match codes.as_slice() {
            [code] => Ok((*code).to_owned()),
            [] => {
                let names = of_kind().flat_map(NamedUnit::names);
                let mut candidates: Vec<String> = Vec::new();
                for name in alike(typed, names) {
                    let unit = of_kind().filter(|unit| unit.names().any(|own| own == name));
                    candidates.extend(unit.map(NamedUnit::text));
                }
                candidates.dedup();
                let message = format!(
                    "there is no {kind} `{typed_text}` in {}{}",
                    self.years,
                    did_you_mean(&candidates)
                );
                Err(Failure::usage(&message).hint("`nianbao units --year Y` lists regions and schools"))
            }
            several => {
                let units = several.iter().filter_map(|code| of_kind().find(|unit| unit.code() == *code));
                let texts: Vec<String> = units.map(NamedUnit::text).collect();
                let message = format!("`{typed_text}` is {} {kind}s: {}", several.len(), texts.join(", "));
                Err(Failure::usage(&message).hint("name one by its code"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units() -> Units {
        let unit = |level, region: &str, school: &str, name: &str, aliases: &[&str]| NamedUnit {
            report_year: 2024,
            level,
            region_code: region.into(),
            school_code: school.into(),
            name: name.into(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        };
        let all = vec![
            unit(Level::City, "141000", "", "临汾市", &["临汾"]),
            unit(Level::County, "141002", "", "尧都区", &["尧都"]),
            unit(Level::School, "141002", "3614000001", "尧都职业学校", &[]),
            unit(Level::School, "141002", "3614000002", "平阳学校", &[]),
            unit(Level::School, "141002", "3614000003", "平阳学校", &[]),
        ];
        Units { years: "2024".into(), all }
    }

    fn school(typed: &str) -> String {
        units().school(typed).unwrap_or_else(|failure| failure.message)
    }

    #[test]
    fn a_unit_is_meant_by_its_code_its_name_or_both() {
        for typed in [
            "3614000001",
            "３６１４０００００１",
            "尧都职业学校",
            "堯都職業學校",
            "尧都 职业学校",
            "3614000001 尧都职业学校",
        ] {
            assert_eq!(school(typed), "3614000001", "{typed}");
        }
        for typed in ["141002", "尧都区", "尧都"] {
            assert_eq!(units().region(typed).ok().as_deref(), Some("141002"), "{typed}");
        }
        assert_eq!(units().region("临汾").ok().as_deref(), Some("141000"));
        let asked = units().region("尧杜").unwrap_err().message;
        assert_eq!(asked, "there is no region `尧杜` in 2024; did you mean 141002 尧都区?");
    }

    #[test]
    fn what_is_unknown_or_means_several_is_asked_about() {
        assert_eq!(
            school("尧都职业学效"),
            "there is no school `尧都职业学效` in 2024; did you mean 3614000001 尧都职业学校?"
        );
        assert_eq!(school("平阳学校"), "`平阳学校` is 2 schools: 3614000002 平阳学校, 3614000003 平阳学校");
        assert_eq!(school("x"), "there is no school `x` in 2024");
        assert!(school("3614000009").contains("did you mean 3614000001 尧都职业学校, 3614000002"));
    }
}
