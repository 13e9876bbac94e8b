//! Which years are to be made again, and why. Pure: from the deliveries, the current release and the
//! definitions follows, for each year, what decides it, part by part.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::survey::{DroppedDelivery, Inventory};
use crate::decisions::Override;
use crate::decode::worker::Limits;
use crate::definitions::Definitions;
use crate::period::ReportYear;
use crate::settings::Settings;
use crate::warehouse::files;
use crate::warehouse::publish::{Manifest, Part, PartKind};

/// The current release and the decisions on record.
#[derive(Clone, Copy)]
pub(super) struct PastState<'a> {
    pub last: Option<&'a Manifest>,
    /// Decisions of named persons that were not withdrawn.
    pub recorded: &'a [Override],
    /// Years with any decision, including withdrawn ones.
    pub decided_years: &'a BTreeSet<ReportYear>,
    pub frozen: &'a BTreeSet<ReportYear>,
}

/// Everything that a year is made with, besides its deliveries and decisions.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a> {
    pub settings: &'a Settings,
    pub definitions: &'a Definitions,
    pub program: &'static str,
    /// The pseudonym key's check value.
    pub key: &'a str,
}

/// The plan of one year.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PlannedYear {
    /// Everything that decides it, with the earlier years that it prints.
    #[serde(skip)]
    pub(super) fingerprint: String,
    /// The same for the year alone.
    #[serde(skip)]
    pub(super) own_fingerprint: String,
    #[serde(skip)]
    pub(super) parts: Vec<Part>,
    /// Why it is made again; empty where it stays.
    pub why: Vec<Change>,
}

/// A difference from the state in which a year was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "changed")]
pub enum Change {
    /// The year was never published.
    NewYear,
    Delivery {
        file: String,
        dataset: String,
        how: ChangeKind,
    },
    /// Anything else that decides a year, by kind and name.
    Part {
        kind: PartKind,
        name: String,
        how: ChangeKind,
    },
    /// An earlier year, which this one prints next to its own.
    EarlierYear {
        year: ReportYear,
    },
    /// A reader was stopped from outside: its file is tried again.
    Unread,
    /// The release does not list the parts that it was made from.
    Unknown,
}

/// The way in which something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    New,
    Changed,
    Gone,
}

/// Suffix of the fingerprint of a year that is to be tried again.
pub(super) const AGAIN: &str = " again";

/// Plans every year that has deliveries or any decision.
pub(super) fn plan(
    inventory: &Inventory,
    before: PastState<'_>,
    environment: Environment<'_>,
) -> BTreeMap<ReportYear, PlannedYear> {
    let inputs = &inventory.inputs;
    let mut years: BTreeSet<ReportYear> = inputs.iter().filter_map(|input| input.file.year).collect();
    // A decision about a year acts on it, whatever is in its folder now.
    let published_years = before.last.iter().flat_map(|last| &last.years);
    years.extend(published_years.filter(|year| before.decided_years.contains(year)));
    // A frozen year keeps the parts that its release lists.
    years.retain(|year| !before.frozen.contains(year));
    let mut planned: BTreeMap<ReportYear, PlannedYear> = BTreeMap::new();
    for &year in &years {
        let parts = parts(inventory, before, environment, year);
        let own_fingerprint = fingerprint(inputs, &parts, year);
        planned.insert(year, PlannedYear { own_fingerprint, parts, ..PlannedYear::default() });
    }
    let own_fingerprints: BTreeMap<ReportYear, String> =
        planned.iter().map(|(year, plan)| (*year, plan.own_fingerprint.clone())).collect();
    let published = |year: ReportYear| before.last.and_then(|last| last.own_fingerprints.get(&year));
    for (&year, plan) in &mut planned {
        let earlier = (1..=environment.definitions.earlier_years(year)).map(|back| year - back);
        let earlier: Vec<ReportYear> = earlier.collect();
        let of_earlier = earlier
            .iter()
            .map(|year| own_fingerprints.get(year).or(published(*year)).map_or("", String::as_str));
        let all: Vec<&str> = std::iter::once(plan.own_fingerprint.as_str()).chain(of_earlier).collect();
        plan.fingerprint = files::sha256(all.join(" ").as_bytes());
        let moved = earlier
            .into_iter()
            .filter(|year| own_fingerprints.get(year).is_some_and(|own| Some(own) != published(*year)));
        plan.why = why(inputs, before.last, year, plan, &moved.collect::<Vec<_>>());
    }
    planned
}

/// The parts that decide a year besides its deliveries.
fn parts(
    inventory: &Inventory,
    before: PastState<'_>,
    environment: Environment<'_>,
    year: ReportYear,
) -> Vec<Part> {
    let part = |kind, name: &str, value: &str| Part { kind, name: name.to_owned(), value: value.to_owned() };
    let mut parts = Vec::new();
    let unopened = inventory.unopened_of(year);
    parts.extend(unopened.map(|(label, rule)| part(PartKind::Unopened, label, rule.id)));
    let decisions = before.recorded.iter().filter(|decision| decision.report_year == year);
    parts.extend(decisions.map(|decision| match (&decision.about, &decision.correction) {
        // The bytes are accepted, by whichever decision.
        (None, None) => part(PartKind::Decision, &decision.rule, &decision.value),
        // The decision's number determines its content.
        _ => part(PartKind::Decision, &decision.rule, &decision.id.to_string()),
    }));
    let Settings { city_code, city_name, residual_region_code, residual_region_name, .. } =
        environment.settings;
    let Limits { memory_mb, cpu_seconds, unpacked_mb } = Limits::of(environment.settings);
    for (name, value) in [
        ("city_code", city_code.clone()),
        ("city_name", city_name.clone()),
        ("residual_region_code", residual_region_code.clone()),
        ("residual_region_name", residual_region_name.clone()),
        ("file_size_max_mb", environment.settings.file_size_max_mb.to_string()),
        ("unpacked_max_mb", unpacked_mb.to_string()),
        ("decode_memory_max_mb", memory_mb.to_string()),
        ("decode_cpu_max_seconds", cpu_seconds.to_string()),
    ] {
        parts.push(part(PartKind::Setting, name, &value));
    }
    let datasets = environment.definitions.datasets.iter().map(|dataset| dataset.dataset.as_str());
    parts.extend(datasets.filter_map(|dataset| {
        let day = environment.settings.deadlines.of(dataset, year)?;
        Some(part(PartKind::Setting, &format!("deadlines.{dataset}"), &day.to_string()))
    }));
    parts.push(part(PartKind::Program, "", environment.program));
    parts.push(part(PartKind::Key, "", environment.key));
    let accepted = before.last.iter().flat_map(|last| &last.accepted);
    let accepted = accepted.filter(|known| known.report_year == year).map(|known| known.dataset.as_str());
    let delivered = inventory.inputs.iter().filter(|input| input.file.year == Some(year));
    let delivered: BTreeSet<&str> =
        delivered.map(|input| input.file.dataset.as_str()).chain(accepted).collect();
    let read = environment.definitions.read_by(year, &delivered);
    parts.extend(read.iter().map(|(file, content)| part(PartKind::Definition, file, content)));
    parts.sort();
    parts.dedup();
    parts
}

/// SHA-256 over everything that decides one year; names of deliveries do not.
fn fingerprint(inputs: &[DroppedDelivery], parts: &[Part], year: ReportYear) -> String {
    let of_year = inputs.iter().filter(|input| input.file.year == Some(year));
    let mut lines: Vec<String> =
        of_year.map(|input| format!("{} {}", input.file.dataset, input.sha256)).collect();
    lines.sort();
    lines.dedup();
    lines.extend(parts.iter().map(|part| format!("{} {} {}", part.kind.name(), part.name, part.value)));
    files::sha256(lines.join("\n").as_bytes())
}

fn why(
    inputs: &[DroppedDelivery],
    last: Option<&Manifest>,
    year: ReportYear,
    plan: &PlannedYear,
    earlier: &[ReportYear],
) -> Vec<Change> {
    let Some(last) = last.filter(|last| last.fingerprints.contains_key(&year)) else {
        return vec![Change::NewYear];
    };
    let published = last.fingerprints.get(&year);
    if published == Some(&plan.fingerprint) {
        return Vec::new();
    }
    let mut why = deliveries(inputs, last, year);
    let deliveries_changed = !why.is_empty();
    // Definitions that are read only because a dataset came, or no longer because it is gone, are no reason.
    let follows = |change: &Change| {
        let is_definition = matches!(change, Change::Part { kind: PartKind::Definition, .. });
        deliveries_changed
            && is_definition
            && !matches!(change, Change::Part { how: ChangeKind::Changed, .. })
    };
    match last.parts.get(&year) {
        Some(parts) => {
            why.extend(changed_parts(parts, &plan.parts).into_iter().filter(|change| !follows(change)));
        }
        None => why.push(Change::Unknown),
    }
    why.extend(earlier.iter().map(|&year| Change::EarlierYear { year }));
    if why.is_empty() && published.is_some_and(|fingerprint| fingerprint.ends_with(AGAIN)) {
        why.push(Change::Unread);
    }
    if why.is_empty() {
        why.push(Change::Unknown);
    }
    why
}

/// Changes of deliveries, compared by their bytes; the same file name with other bytes is a changed file.
fn deliveries(inputs: &[DroppedDelivery], last: &Manifest, year: ReportYear) -> Vec<Change> {
    let now: BTreeMap<(&str, &str), &str> = inputs
        .iter()
        .filter(|input| input.file.year == Some(year))
        .map(|input| ((input.file.dataset.as_str(), input.sha256.as_str()), input.file.label.as_str()))
        .collect();
    let then: BTreeMap<(&str, &str), &str> = last
        .inputs
        .iter()
        .filter(|input| input.report_year == year)
        .map(|input| ((input.dataset.as_str(), input.sha256.as_str()), input.file.as_str()))
        .collect();
    let new: BTreeMap<&str, &str> = now
        .iter()
        .filter(|(key, _)| !then.contains_key(*key))
        .map(|((dataset, _), file)| (*file, *dataset))
        .collect();
    let gone: BTreeMap<&str, &str> = then
        .iter()
        .filter(|(key, _)| !now.contains_key(*key))
        .map(|((dataset, _), file)| (*file, *dataset))
        .collect();
    let change = |(file, dataset): (&&str, &&str), how| Change::Delivery {
        file: (*file).to_owned(),
        dataset: (*dataset).to_owned(),
        how,
    };
    let mut changes: Vec<Change> = new
        .iter()
        .map(|delivery| {
            let is_changed = gone.contains_key(delivery.0);
            change(delivery, if is_changed { ChangeKind::Changed } else { ChangeKind::New })
        })
        .collect();
    changes.extend(
        gone.iter()
            .filter(|(file, _)| !new.contains_key(*file))
            .map(|delivery| change(delivery, ChangeKind::Gone)),
    );
    changes
}

fn changed_parts(then: &[Part], now: &[Part]) -> Vec<Change> {
    let has = |parts: &[Part], part: &Part| {
        parts.iter().any(|other| (other.kind, &other.name) == (part.kind, &part.name))
    };
    let change = |part: &Part, how| Change::Part { kind: part.kind, name: part.name.clone(), how };
    let mut changes: Vec<Change> = now
        .iter()
        .filter(|part| !then.contains(part))
        .map(|part| change(part, if has(then, part) { ChangeKind::Changed } else { ChangeKind::New }))
        .collect();
    let gone = then.iter().filter(|part| !now.contains(part) && !has(now, part));
    changes.extend(gone.map(|part| change(part, ChangeKind::Gone)));
    changes
}

/// Whether a year was made with these definitions, as far as it read them.
#[must_use]
pub fn made_with_these(manifest: &Manifest, definitions: &Definitions, year: ReportYear) -> bool {
    let Some(parts) = manifest.parts.get(&year) else {
        return manifest.definitions_of(year) == definitions.digest;
    };
    let every: BTreeSet<&str> = definitions.datasets.iter().map(|dataset| dataset.dataset.as_str()).collect();
    let now = definitions.read_by(year, &every);
    let mut read = parts.iter().filter(|part| part.kind == PartKind::Definition);
    // A code table that only another dataset reads decides nothing.
    read.all(|part| now.get(&part.name) == Some(&part.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::finding;
    use crate::settings;
    use crate::sources::drop_folder::DroppedFile;

    fn delivery(year: ReportYear, dataset: &str, file: &str, bytes: &str) -> DroppedDelivery {
        DroppedDelivery {
            file: DroppedFile {
                year: Some(year),
                dataset: dataset.to_owned(),
                label: format!("{year}/{dataset}/{file}"),
                path: file.into(),
                bytes: 1,
                modified_ns: 0,
                changed: (0, 0),
                inode: 0,
            },
            sha256: files::sha256(bytes.as_bytes()),
        }
    }

    struct Desk {
        definitions: Definitions,
        settings: Settings,
        recorded: Vec<Override>,
        program: &'static str,
        last: Option<Manifest>,
    }

    impl Desk {
        fn new() -> Self {
            Desk {
                definitions: definitions::load(&definitions::embedded()).unwrap(),
                settings: settings::load(None, &settings::Overrides::default()).unwrap().0,
                recorded: Vec::new(),
                program: "nianbao 1",
                last: None,
            }
        }

        fn plan(&self, inputs: Vec<DroppedDelivery>) -> BTreeMap<ReportYear, PlannedYear> {
            let inventory = Inventory { inputs, ..Inventory::default() };
            self.plan_of(&inventory)
        }

        fn plan_of(&self, inventory: &Inventory) -> BTreeMap<ReportYear, PlannedYear> {
            let decided = self.recorded.iter().map(|decision| decision.report_year).collect();
            let before = PastState {
                last: self.last.as_ref(),
                recorded: &self.recorded,
                decided_years: &decided,
                frozen: &BTreeSet::new(),
            };
            let Desk { settings, definitions, program, .. } = self;
            plan(inventory, before, Environment { settings, definitions, program, key: "k" })
        }

        /// Publishes what is planned.
        fn publish(&mut self, inputs: Vec<DroppedDelivery>) {
            let planned = self.plan(inputs.clone());
            let mut last = self.last.take().unwrap_or_default();
            for (year, plan) in planned {
                last.years.push(year);
                last.fingerprints.insert(year, plan.fingerprint);
                last.own_fingerprints.insert(year, plan.own_fingerprint);
                last.parts.insert(year, plan.parts);
            }
            last.inputs = inputs
                .into_iter()
                .map(|input| crate::warehouse::publish::Input {
                    report_year: input.file.year.unwrap(),
                    dataset: input.file.dataset,
                    file: input.file.label,
                    sha256: input.sha256,
                    bytes: 1,
                })
                .collect();
            self.last = Some(last);
        }

        fn why(&self, inputs: Vec<DroppedDelivery>) -> Vec<(ReportYear, String)> {
            let shown = |change: &Change| match change {
                Change::Delivery { file, how, .. } => format!("{how:?} {file}"),
                Change::Part { kind, name, how } => format!("{how:?} {} {name}", kind.name()),
                other => format!("{other:?}"),
            };
            let planned = self.plan(inputs);
            planned
                .iter()
                .flat_map(|(year, plan)| plan.why.iter().map(move |why| (*year, shown(why))))
                .collect()
        }
    }

    fn two_years() -> Vec<DroppedDelivery> {
        vec![
            delivery(2023, "students", "a.csv", "one"),
            delivery(2024, "students", "a.csv", "two"),
            delivery(2024, "staff", "b.csv", "three"),
        ]
    }

    #[test]
    fn a_year_that_was_never_published_is_made_and_then_stays() {
        let mut desk = Desk::new();
        let new = |year| (year, "NewYear".to_owned());
        assert_eq!(desk.why(two_years()), [new(2023), new(2024)]);
        desk.publish(two_years());
        assert_eq!(desk.why(two_years()), []);
    }

    #[test]
    fn a_delivery_is_known_by_its_bytes_and_reported_by_its_name() {
        let mut desk = Desk::new();
        desk.publish(two_years());
        let mut renamed = two_years();
        renamed[1].file.label = "2024/students/c.csv".to_owned();
        assert_eq!(desk.why(renamed), []);
        let mut changed = two_years();
        changed[2].sha256 = files::sha256(b"four");
        changed.push(delivery(2024, "graduates", "d.csv", "five"));
        assert_eq!(
            desk.why(changed),
            [(2024, "New 2024/graduates/d.csv".into()), (2024, "Changed 2024/staff/b.csv".into())]
        );
        let gone = two_years().into_iter().take(2).collect();
        assert_eq!(desk.why(gone), [(2024, "Gone 2024/staff/b.csv".into())]);
    }

    #[test]
    fn a_year_is_made_again_with_the_year_that_it_prints() {
        let mut desk = Desk::new();
        desk.publish(two_years());
        let mut changed = two_years();
        changed[0].sha256 = files::sha256(b"other");
        let earlier = (2024, "EarlierYear { year: 2023 }".to_owned());
        assert_eq!(desk.why(changed), [(2023, "Changed 2023/students/a.csv".into()), earlier]);
    }

    #[test]
    fn settings_programs_and_files_that_do_not_open_are_named() {
        let mut desk = Desk::new();
        desk.publish(two_years());
        desk.settings.city_name = "某市".to_owned();
        desk.program = "nianbao 2";
        let both =
            |year| [(year, "Changed setting city_name".to_owned()), (year, "Changed program ".to_owned())];
        let of_2023: Vec<_> = desk.why(two_years()).into_iter().filter(|(year, _)| *year == 2023).collect();
        assert_eq!(of_2023, both(2023));
        let mut desk = Desk::new();
        desk.publish(two_years());
        let unopened = vec![("2024/students/x.csv".to_owned(), finding::FILE_UNOPENED)];
        let inventory = Inventory { inputs: two_years(), unopened, ..Inventory::default() };
        let planned = desk.plan_of(&inventory);
        assert_eq!((planned[&2023].why.len(), planned[&2024].why.len()), (0, 1));
    }

    type Edit<'a> = (&'a str, &'a dyn Fn(&str) -> String);

    fn with(changes: &[Edit<'_>]) -> Definitions {
        let mut files = definitions::embedded();
        for (name, change) in changes {
            match files.iter_mut().find(|(file, _)| file.ends_with(name)) {
                Some(file) => file.1 = change(&file.1),
                None => files.push((format!("pipelines/{name}"), change(""))),
            }
        }
        definitions::load(&files).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn a_definition_decides_the_years_that_read_it() {
        let mut desk = Desk::new();
        desk.publish(two_years());
        // A comment decides nothing.
        desk.definitions = with(&[("codes/sex.toml", &|text| format!("# Said again.\n\n{text}"))]);
        assert_eq!(desk.why(two_years()), []);
        // A code table that only staff uses, where staff was delivered.
        let code = "\n[[code]]\ncode = \"98\"\nlabel = \"借调\"\n";
        desk.definitions = with(&[("codes/staff_status.toml", &|text| format!("{text}{code}"))]);
        assert_eq!(desk.why(two_years()), [(2024, "Changed definition codes/staff_status.toml".into())]);
        // The layout of a year without deliveries.
        let layout =
            definitions::embedded().into_iter().find(|(name, _)| name.ends_with("layouts/2023.toml"));
        let layout = layout.unwrap().1.replacen("year = 2023", "year = 2019", 1);
        desk.definitions = with(&[("layouts/2019.toml", &move |_| layout.clone())]);
        assert_eq!(desk.why(two_years()), []);
        desk.definitions =
            with(&[("layouts/2023.toml", &|text| text.replacen("source = ", "source = \"again\" # ", 1))]);
        let years: Vec<_> = desk.why(two_years()).into_iter().map(|(year, _)| year).collect();
        assert_eq!(years, [2023, 2024, 2024], "it prints last year's column by it");
    }

    #[test]
    fn only_the_fragments_of_a_dataset_depend_on_its_code_tables() {
        let code = "\n[[code]]\ncode = \"98\"\nlabel = \"借调\"\n";
        let before = definitions::load(&definitions::embedded()).unwrap();
        let after = with(&[("codes/staff_status.toml", &|text| format!("{text}{code}"))]);
        let digests = |definitions: &Definitions| -> Vec<String> {
            let datasets = definitions.datasets.iter();
            datasets.map(|dataset| definitions.contract_digest(dataset, 2024)).collect()
        };
        let pairs = digests(&before).into_iter().zip(digests(&after)).zip(&before.datasets);
        let changed: Vec<&str> =
            pairs.filter(|((a, b), _)| a != b).map(|(_, dataset)| dataset.dataset.as_str()).collect();
        assert_eq!(changed, ["staff"]);
    }
}
