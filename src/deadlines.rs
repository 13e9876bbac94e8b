//! When each dataset of a year is due, as the settings say.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::period::ReportYear;

/// The name by which every dataset that has no date of its own is meant.
const EVERY: &str = "all";

/// A date, or a day of every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Date(Date),
    /// `10-15` in the report year, `+03-31` in the year after it.
    EveryYear {
        years_later: i16,
        month: i8,
        day: i8,
    },
}

impl Due {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no date: write \"10-15\" for a day of the report year, \"+03-31\" for one of the year \
                 after it, or \"2025-03-31\""
            )
        };
        if text.len() == "2025-03-31".len() {
            return text.parse().map(Due::Date).map_err(|_| wrong());
        }
        let (years_later, day) = text.strip_prefix('+').map_or((0, text), |day| (1, day));
        let (month, day) = day
            .split_once('-')
            .filter(|(month, day)| month.len() == 2 && day.len() == 2)
            .ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<i8>().map_err(|_| wrong());
        let (month, day) = (number(month)?, number(day)?);
        // A day that every year has: 29 February needs a date with its year.
        Date::new(2023, month, day).map_err(|_| wrong())?;
        Ok(Due::EveryYear { years_later, month, day })
    }

    fn in_year(self, year: ReportYear) -> Option<Date> {
        match self {
            Due::Date(date) => Some(date),
            Due::EveryYear { years_later, month, day } => {
                Date::new(i16::try_from(year).ok()?.checked_add(years_later)?, month, day).ok()
            }
        }
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Due::Date(date) => write!(f, "{date}"),
            Due::EveryYear { years_later, month, day } => {
                let later = if *years_later > 0 { "+" } else { "" };
                write!(f, "{later}{month:02}-{day:02}")
            }
        }
    }
}

impl Serialize for Due {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Due {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Due::parse(&text).map_err(de::Error::custom)
    }
}

/// What a key of the table stands for: a dataset's day, or the dates of one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Entry {
    Day(Due),
    Year(BTreeMap<String, Due>),
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date in quotes, or a table of a year with dates in quotes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Entry, E> {
                match Due::parse(text).map_err(de::Error::custom)? {
                    Due::Date(date) => Err(de::Error::custom(format!(
                        "{date} is of one year: put it in a table of that report year, as in [deadlines.2024]"
                    ))),
                    due @ Due::EveryYear { .. } => Ok(Entry::Day(due)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                Deserialize::deserialize(de::value::MapAccessDeserializer::new(map)).map(Entry::Year)
            }
        }

        deserializer.deserialize_any(EntryVisitor)
    }
}

/// The deadlines of all datasets and years.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "BTreeMap<String, Entry>")]
pub struct Deadlines(BTreeMap<String, Entry>);

impl TryFrom<BTreeMap<String, Entry>> for Deadlines {
    type Error = String;

    fn try_from(entries: BTreeMap<String, Entry>) -> Result<Self, String> {
        for (key, entry) in &entries {
            let is_year = key.len() == 4 && key.bytes().all(|byte| byte.is_ascii_digit());
            match (entry, is_year) {
                (Entry::Year(_), false) => {
                    return Err(format!("`deadlines.{key}` is no report year: only a year has a table"));
                }
                (Entry::Day(_), true) => {
                    return Err(format!(
                        "`deadlines.{key}` is a report year: it has a table, [deadlines.{key}]"
                    ));
                }
                _ => {}
            }
        }
        Ok(Deadlines(entries))
    }
}

impl Deadlines {
    /// The last day on which a dataset of a year is in time: what is said of the year goes before what is said of
    /// all years, and what is said of the dataset before `all`.
    #[must_use]
    pub fn of(&self, dataset: &str, year: ReportYear) -> Option<Date> {
        let of_year = match self.0.get(&year.to_string()) {
            Some(Entry::Year(dates)) => dates.get(dataset).or_else(|| dates.get(EVERY)),
            _ => None,
        };
        let of_all = || {
            let day = |key: &str| match self.0.get(key) {
                Some(Entry::Day(due)) => Some(due),
                _ => None,
            };
            day(dataset).or_else(|| day(EVERY))
        };
        of_year.or_else(of_all)?.in_year(year)
    }

    /// The datasets that are named.
    pub fn datasets(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().flat_map(|(key, entry)| match entry {
            Entry::Day(_) => vec![key.as_str()],
            Entry::Year(dates) => dates.keys().map(String::as_str).collect(),
        });
        names.filter(|name| *name != EVERY)
    }
}

impl fmt::Display for Deadlines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(key, entry): (&String, &Entry)| match entry {
            Entry::Day(due) => vec![format!("{key} {due}")],
            Entry::Year(dates) => dates.iter().map(|(name, due)| format!("{key} {name} {due}")).collect(),
        };
        f.write_str(&self.0.iter().flat_map(line).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Deadlines, String> {
        #[derive(Debug, Deserialize)]
        struct Site {
            deadlines: Deadlines,
        }
        toml::from_str::<Site>(text).map(|site| site.deadlines).map_err(|error| error.to_string())
    }

    #[test]
    fn the_year_goes_before_all_years_and_the_dataset_before_all() {
        let deadlines = read(
            "[deadlines]\nall = '10-15'\nfinance = '+03-31'\n[deadlines.2024]\nstudents = '2024-10-20'\nstaff = '11-01'\n",
        )
        .unwrap();
        let of = |dataset: &str, year| deadlines.of(dataset, year).unwrap().to_string();
        assert_eq!(of("students", 2023), "2023-10-15");
        assert_eq!(of("students", 2024), "2024-10-20");
        assert_eq!(of("staff", 2024), "2024-11-01");
        assert_eq!(of("finance", 2024), "2025-03-31");
        assert_eq!(of("majors", 2024), "2024-10-15");
        assert_eq!(read("[deadlines]\n").unwrap().of("students", 2024), None);
        assert_eq!(deadlines.datasets().collect::<Vec<_>>(), ["staff", "students", "finance"]);
        assert_eq!(
            deadlines.to_string(),
            "2024 staff 11-01, 2024 students 2024-10-20, all 10-15, finance +03-31"
        );
    }

    #[test]
    fn what_is_no_date_is_refused_with_its_line() {
        for (wrong, says) in [
            ("students = '10-32'", "`10-32` is no date"),
            ("students = '02-29'", "`02-29` is no date"),
            ("students = '1-5'", "`1-5` is no date"),
            ("students = '2024-10-15'", "[deadlines.2024]"),
            ("students = 1015", "a date in quotes"),
            ("2024 = { students = '2024-13-01' }", "`2024-13-01` is no date"),
            ("2024 = { students = '2024年10月15日' }", "is no date"),
        ] {
            let error = read(&format!("[deadlines]\n{wrong}\n")).unwrap_err();
            assert!(error.contains("line 2") && error.contains(says), "{wrong}: {error}");
        }
        assert!(read("[deadlines]\n2024 = '10-15'\n").unwrap_err().contains("is a report year"));
        assert!(read("[deadlines.students]\nall = '10-15'\n").unwrap_err().contains("is no report year"));
    }
}
