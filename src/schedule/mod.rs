//! When runs are due: functions over values; no clock, no files.
//!
//! - [`cron`]: five fields on the clock of a zone.
//! - [`calendar`]: the slots of an entry, with quiet and dense spans.
//! - [`definition`]: what `schedule.toml` says, checked.
//! - [`due`]: whether a run is due, and if not, why.

pub mod cron;

pub mod calendar;

pub mod definition;

pub mod due;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::DateTime;
    use jiff::tz::{AmbiguousOffset, TimeZone};
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::calendar::{Entry, Guard};
    use super::definition;
    use super::due::{PastRun, State, Verdict, due};

    fn entry_of(text: &str) -> Entry {
        definition::read(text, &BTreeSet::new()).unwrap().remove(0)
    }

    fn entry(cron: &str, zone: &str, more: &str) -> Entry {
        entry_of(&format!("[[entry]]\nname = 'n'\ncron = '{cron}'\nzone = '{zone}'\n{more}"))
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn local(entry: &Entry, time: Timestamp) -> String {
        time.to_zoned_datetime(entry.zone.clone()).strftime("%Y-%m-%d %H:%M%:z").to_string()
    }

    /// The numbers of a field of cron, as simply as can be.
    fn numbers(field: &str, first: i8, last: i8) -> BTreeSet<i8> {
        let mut numbers = BTreeSet::new();
        for part in field.split(',') {
            let (range, step) =
                part.split_once('/').map_or((part, 1), |(range, step)| (range, step.parse().unwrap()));
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (first, last),
                Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
                None => (range.parse().unwrap(), range.parse().unwrap()),
            };
            numbers.extend((from..=to).step_by(step));
        }
        numbers
    }

    fn has(cron: &str, time: DateTime) -> bool {
        let fields: Vec<&str> = cron.split(' ').collect();
        if !numbers(fields[0], 0, 59).contains(&time.minute())
            || !numbers(fields[1], 0, 23).contains(&time.hour())
        {
            return false;
        }
        let day = numbers(fields[2], 1, 31).contains(&time.day());
        let weekday = numbers(fields[4], 0, 6).contains(&time.weekday().to_sunday_zero_offset());
        let is_day = match (fields[2], fields[4]) {
            ("*", _) => weekday,
            (_, "*") => day,
            _ => day || weekday,
        };
        numbers(fields[3], 1, 12).contains(&time.month()) && is_day
    }

    /// Minute by minute: a fixed time that is missing is at the end of the gap, one that is there twice counts once, and
    /// repeated times count whenever the clock shows them.
    fn is_slot(cron: &str, zone: &TimeZone, minute: Timestamp) -> bool {
        let shown = |at: Timestamp| at.to_zoned_datetime(zone.clone()).datetime();
        let time = shown(minute);
        let fixed = cron.split(' ').take(2).all(|field| field.parse::<i8>().is_ok());
        if !fixed {
            return has(cron, time);
        }
        let is_second = has(cron, time)
            && match zone.to_ambiguous_timestamp(time).offset() {
                AmbiguousOffset::Fold { .. } => {
                    zone.to_ambiguous_timestamp(time).earlier().unwrap() != minute
                }
                _ => false,
            };
        let before = shown(minute - SignedDuration::from_mins(1));
        let mut missing = before.checked_add(SignedDuration::from_mins(1)).unwrap();
        while missing < time {
            if has(cron, missing) {
                return true;
            }
            missing = missing.checked_add(SignedDuration::from_mins(1)).unwrap();
        }
        has(cron, time) && !is_second
    }

    fn cron_at<'a>(entry: &Entry, cron: &'a str, dense: &'a str, time: Timestamp) -> Option<&'a str> {
        match entry.guard(time) {
            None => Some(cron),
            Some(Guard::Quiet(_)) => None,
            Some(Guard::Dense(_)) => Some(dense),
        }
    }

    fn slowly(entry: &Entry, cron: &str, dense: &str, from: Timestamp, minutes: i64) -> Vec<Timestamp> {
        (1..=minutes)
            .map(|minute| from + SignedDuration::from_mins(minute))
            .filter(|at| cron_at(entry, cron, dense, *at).is_some_and(|cron| is_slot(cron, &entry.zone, *at)))
            .collect()
    }

    fn quickly(entry: &Entry, from: Timestamp, minutes: i64) -> Vec<Timestamp> {
        let end = from + SignedDuration::from_mins(minutes);
        let next = |at: &Timestamp| entry.next(*at).filter(|at| *at <= end);
        std::iter::successors(next(&from), next).collect()
    }

    const ZONES: [&str; 6] = [
        "Europe/Berlin",
        "Asia/Shanghai",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Beirut",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn slots_are_those_that_a_walk_minute_by_minute_finds(
            zone in 0..ZONES.len(),
            cron in prop::sample::select(vec![
                "30 2 * * *", "0 0 * * *", "30 0 * * *", "*/20 * * * *", "15 */2 * * *", "0 2 29 2 *", "0 3 31 * *", "5 1-3 * * 0", "0 4 1 * 1",
            ]),
            spans in prop::sample::select(vec![
                "", "quiet = ['07-01..08-31']", "quiet = ['12-31..01-02']",
                "dense = [{ days = '03-20..04-02', cron = '0 */3 * * *' }]",
                "quiet = ['10-25..10-26']\ndense = [{ days = '10-27..11-09', cron = '0 */3 * * *' }]",
            ]),
            start in prop::sample::select(vec![
                "2024-02-27", "2024-03-08", "2024-03-29", "2024-04-05", "2024-06-29", "2024-08-30", "2024-09-06", "2024-10-04", "2024-10-25",
                "2024-11-01", "2024-12-30",
            ]),
            offset in 0i64..2000,
        ) {
            let entry = entry(cron, ZONES[zone], spans);
            let from = time(&format!("{start}T00:00:00Z")) + SignedDuration::from_mins(offset);
            let minutes = 3 * 24 * 60;
            let slow = slowly(&entry, cron, "0 */3 * * *", from, minutes);
            prop_assert_eq!(&quickly(&entry, from, minutes), &slow);
            // Backwards, the same slots, until a quiet day.
            for at in (0..=minutes).step_by(397).map(|minute| from + SignedDuration::from_mins(minute)) {
                let mut wanted = None;
                for minute in 0..=minutes {
                    let before = at - SignedDuration::from_mins(minute);
                    match cron_at(&entry, cron, "0 */3 * * *", before) {
                        Some(cron) if is_slot(cron, &entry.zone, before) => wanted = Some(before),
                        Some(_) => continue,
                        None => {}
                    }
                    break;
                }
                if wanted.is_some() || entry.last(at).is_some_and(|last| last >= at - SignedDuration::from_mins(minutes)) {
                    prop_assert_eq!(entry.last(at), wanted, "{}", at);
                }
            }
        }

        /// A night's watch that asks at any times, sleeps, and has its clock set back serves every slot once at most, and
        /// the newest one always.
        #[test]
        fn every_slot_is_served_once_at_most(
            zone in 0..ZONES.len(),
            steps in prop::collection::vec((-600i64..4000, any::<bool>()), 1..60),
        ) {
            let entry = entry("30 2 * * *", ZONES[zone], "quiet = ['07-01..08-31']");
            let mut now = time("2024-03-20T00:00:00Z");
            let mut history: Vec<PastRun> = Vec::new();
            let mut served = BTreeSet::new();
            for (step, fails) in steps {
                now += SignedDuration::from_mins(step);
                if let Verdict::Due { slot } = due(&entry, &history, now) {
                    prop_assert!(slot <= now && !served.contains(&slot));
                    let id = u32::try_from(history.len()).unwrap() + 1;
                    let state = if fails { State::Failed } else { State::Done };
                    if !fails {
                        served.insert(slot);
                    }
                    history.push(PastRun { id, scheduled: Some(("n".to_owned(), slot)), started: now, state });
                    let again = matches!(due(&entry, &history, now), Verdict::Due { .. });
                    prop_assert!(!again, "due again at once");
                }
            }
        }
    }

    fn run(id: u32, slot: &str, started: &str, state: State) -> PastRun {
        PastRun { id, scheduled: Some(("n".to_owned(), time(slot))), started: time(started), state }
    }

    #[test]
    fn of_missed_slots_the_newest_is_due_and_nothing_twice() {
        use State::{Done, Failed, UnderWay};
        let entry = entry("0 2 * * *", "Asia/Shanghai", "quiet = ['07-01..08-31']");
        let slot = |day: &str| format!("2024-{day}T02:00:00+08:00");
        let (ninth, tenth) = (slot("10-09"), slot("10-10"));
        let next = Some(time(&slot("10-11")));
        let done = |id, at: &str| Verdict::Done { slot: time(&tenth), run: id, at: time(at), next };
        let cases: Vec<(&str, &str, Vec<PastRun>, Verdict)> = vec![
            ("no run ever", "2024-10-10T03:00:00+08:00", vec![], Verdict::Due { slot: time(&tenth) }),
            ("at the very slot", &tenth, vec![], Verdict::Due { slot: time(&tenth) }),
            (
                "three nights asleep",
                "2024-10-10T03:00:00+08:00",
                vec![run(1, &slot("10-07"), &slot("10-07"), Done)],
                Verdict::Due { slot: time(&tenth) },
            ),
            ("done", "2024-10-10T03:00:00+08:00", vec![run(7, &tenth, &tenth, Done)], done(7, &tenth)),
            (
                "clock set back an hour",
                "2024-10-10T01:10:00+08:00",
                vec![run(7, &tenth, &tenth, Done)],
                Verdict::Done { slot: time(&ninth), run: 7, at: time(&tenth), next: Some(time(&tenth)) },
            ),
            (
                "a run when the clock was years ahead",
                "2024-10-10T03:00:00+08:00",
                vec![run(7, "2036-01-01T02:00:00+08:00", "2036-01-01T02:00:00+08:00", Done)],
                Verdict::Due { slot: time(&tenth) },
            ),
            (
                "another run under way",
                "2024-10-10T03:00:00+08:00",
                vec![PastRun { scheduled: None, ..run(8, &tenth, "2024-10-10T02:30:00+08:00", UnderWay) }],
                Verdict::UnderWay { run: 8, since: time("2024-10-10T02:30:00+08:00") },
            ),
            (
                "another entry's run",
                "2024-10-10T03:00:00+08:00",
                vec![PastRun {
                    scheduled: Some(("m".to_owned(), time(&tenth))),
                    ..run(8, &tenth, &tenth, Done)
                }],
                Verdict::Due { slot: time(&tenth) },
            ),
            (
                "failed a moment ago",
                "2024-10-10T02:10:00+08:00",
                vec![run(8, &tenth, &tenth, Failed)],
                Verdict::Again { run: 8, at: time("2024-10-10T02:30:00+08:00") },
            ),
            (
                "failed half an hour ago",
                "2024-10-10T02:30:00+08:00",
                vec![run(8, &tenth, &tenth, Failed)],
                Verdict::Due { slot: time(&tenth) },
            ),
            (
                "failed three times",
                "2024-10-10T20:00:00+08:00",
                (8..11).map(|id| run(id, &tenth, &tenth, Failed)).collect(),
                Verdict::GivenUp { run: 10, attempts: 3, next },
            ),
            (
                "failed, then done",
                "2024-10-10T20:00:00+08:00",
                vec![run(8, &tenth, &tenth, Failed), run(9, &tenth, "2024-10-10T02:30:00+08:00", Done)],
                done(9, "2024-10-10T02:30:00+08:00"),
            ),
            (
                "summer",
                "2024-07-15T03:00:00+08:00",
                vec![],
                Verdict::Quiet { until: Some(time("2024-09-01T00:00:00+08:00")) },
            ),
            (
                "after the summer, before the first slot",
                "2024-09-01T01:00:00+08:00",
                vec![],
                Verdict::NotYet { next: Some(time(&slot("09-01"))) },
            ),
        ];
        for (name, now, history, wanted) in cases {
            assert_eq!(due(&entry, &history, time(now)), wanted, "{name}");
        }
    }

    #[test]
    fn slots_by_name() {
        for (cron, zone, more, from, wanted) in [
            ("30 2 * * *", "Europe/Berlin", "", "2024-03-30T12:00:00Z", "2024-03-31 03:00+02:00"),
            ("30 2 * * *", "Europe/Berlin", "", "2024-10-26T12:00:00Z", "2024-10-27 02:30+02:00"),
            ("30 2 * * *", "Europe/Berlin", "", "2024-10-27T00:30:00Z", "2024-10-28 02:30+01:00"),
            ("0 2 29 2 *", "Asia/Shanghai", "", "2024-03-01T00:00:00Z", "2028-02-29 02:00+08:00"),
            ("0 2 29 2 *", "Asia/Shanghai", "", "2096-03-01T00:00:00Z", "2104-02-29 02:00+08:00"),
            ("0 2 31 * *", "Asia/Shanghai", "", "2024-04-01T00:00:00Z", "2024-05-31 02:00+08:00"),
            ("0 2 * * *", "Asia/Shanghai", "", "2024-12-31T12:00:00Z", "2025-01-01 02:00+08:00"),
            (
                "0 2 * * *",
                "Asia/Shanghai",
                "quiet = ['12-30..02-29']",
                "2024-12-29T12:00:00Z",
                "2025-03-01 02:00+08:00",
            ),
            (
                "0 2 * * *",
                "Asia/Shanghai",
                "dense = [{ days = '10-01..10-08', cron = '0 */4 * * *' }]",
                "2024-09-30T12:00:00Z",
                "2024-10-01 00:00+08:00",
            ),
        ] {
            let entry = entry(cron, zone, more);
            let next = entry.next(time(from)).map(|next| local(&entry, next));
            assert_eq!(next.as_deref(), Some(wanted), "{cron} {zone} {from}");
        }
        assert_eq!(
            entry("0 2 * * *", "UTC", "quiet = ['01-01..12-31']").next(time("2024-01-01T00:00:00Z")),
            None
        );
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_line() {
        let whole = "zone = 'Asia/Shanghai'\n\n[[entry]]\nname = 'n'\ncron = '0 2 * * *'\nquiet = ['07-01..08-31']\nsources = ['a']\n";
        let known = BTreeSet::from(["a"]);
        assert!(definition::read(whole, &known).is_ok());
        for (from, to, line, said) in [
            ("Asia/Shanghai", "Asia/Linfen", 1, "there is no time zone `Asia/Linfen`"),
            ("zone = 'Asia/Shanghai'", "", 4, "has no zone"),
            ("0 2 * * *", "0 2 * *", 5, "five fields"),
            ("0 2 * * *", "0 0 2 * * *", 5, "five fields"),
            ("0 2 * * *", "0 25 * * *", 5, "is not cron"),
            ("0 2 * * *", "0 2 30 2 *", 5, "is never"),
            ("07-01..08-31", "07-01", 6, "no span of days"),
            ("07-01..08-31", "07-01..08-32", 6, "no span of days"),
            ("07-01..08-31'", "07-01..08-31', '08-31..09-02'", 6, "days in common"),
            ("'a'", "'b'", 7, "there is no source `b`"),
            ("sources = ['a']", "years = [24]", 7, "24 is no report year"),
            ("sources", "source", 7, "unknown field"),
            ("sources = ['a']", "[[entry]]\nname = 'n'\ncron = '0 3 * * *'", 8, "two entries `n`"),
        ] {
            let faults = definition::read(&whole.replacen(from, to, 1), &known).unwrap_err();
            assert!(
                faults.iter().any(|(at, message)| *at == line && message.contains(said)),
                "{to}: {faults:?}"
            );
        }
        assert!(definition::read("", &known).is_err());
    }
}
