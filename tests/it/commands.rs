//! The output and the exit code of each command.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Output;

use crate::support::{City, Village, a_year_before, files, register, text};

/// Exit code and both streams, with what differs from run to run taken out.
fn described(city: &City, output: &Output) -> String {
    let code = output.status.code().unwrap();
    let folder = city.path().display().to_string();
    let clean = |bytes: &[u8]| text(bytes).replace(&folder, "<CITY>");
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", clean(&output.stdout), clean(&output.stderr))
}

fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city
}

#[test]
fn a_run_says_where_rows_went_and_what_needs_attention() {
    let city = village();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["run"])));
}

#[test]
fn a_second_run_has_nothing_to_do_and_exits_by_the_current_release() {
    let city = village();
    city.run();
    let release = city.release();
    let output = city.nianbao(&["run", "--quiet"]);
    assert_eq!(
        described(&city, &output),
        "exit 10\n--- stdout\nNothing to do: release 000001 (a draft) is still current.\n--- stderr\n"
    );
    assert_eq!(city.release(), release);
}

#[test]
fn a_changed_file_makes_a_new_release_and_the_old_one_stays() {
    let city = village();
    city.run();
    let old = city.release();
    let mut changed = Village::new();
    changed.students.pop();
    changed.deliver(&city);
    let summary = city.run();
    assert_eq!(summary["release"], 2);
    assert!(old.join("manifest.json").exists() && city.release() != old);
    let unchanged = |city_release: &std::path::Path| files(&city_release.join("tables/graduate"));
    let inode = |path: &std::path::PathBuf| fs::metadata(path).unwrap().ino();
    assert_eq!(
        inode(&unchanged(&old)[0]),
        inode(&unchanged(&city.release())[0]),
        "unchanged tables are linked"
    );
}

#[test]
fn a_year_can_be_run_alone_and_leaves_the_others_as_they_are() {
    let city = village();
    for dataset in ["schools/register.csv", "students/all.csv", "staff/all.csv"] {
        let this_year = fs::read_to_string(city.drop_folder().join("2024").join(dataset)).unwrap();
        // Last year's rosters had one person less: the same rows again would be set aside.
        let fewer = usize::from(!dataset.starts_with("schools"));
        let lines: Vec<&str> = this_year.lines().collect();
        city.deliver(&format!("2023/{dataset}"), a_year_before(&lines[..lines.len() - fewer].join("\n")));
    }
    city.run();
    let before: Vec<_> = files(&city.release().join("tables/student/report_year=2024"));
    let roster = city.drop_folder().join("2023/students/all.csv");
    let text = fs::read_to_string(&roster).unwrap();
    let first = text.lines().nth(1).unwrap();
    fs::write(&roster, text.replacen(&format!("{first}\n"), "", 1)).unwrap();
    city.run_with(&["--year", "2023"]);
    let after: Vec<_> = files(&city.release().join("tables/student/report_year=2024"));
    assert_eq!(before[0].file_name(), after[0].file_name());
    let students = |year: &str| city.table("student").iter().filter(|row| row["report_year"] == year).count();
    assert_eq!((students("2023"), students("2024")), (7, 9));
}

#[test]
fn a_source_that_cannot_be_read_is_reported_as_such() {
    let city = City::empty();
    fs::remove_dir(city.drop_folder()).unwrap();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["run"])), @r"
    exit 30
    --- stdout
    --- stderr
    error: drop folder `<CITY>/drop`: No such file or directory (os error 2)
    hint: name the drop folder with --drop DIR, or set drop_dir; `mirror generate` makes one to try
    ");
}

#[test]
fn only_a_run_with_deliveries_makes_a_data_root_and_says_so() {
    let city = village();
    let commands: [&[&str]; 16] = [
        &["releases", "list"],
        &["releases", "path"],
        &["releases", "prune"],
        &["runs", "list"],
        &["runs", "prune"],
        &["verify"],
        &["check"],
        &["documents"],
        &["report", "--year", "2024"],
        &["explain", "students", "--year", "2024"],
        &["override", "list"],
        &["override", "withdraw", "1", "--by", "王科长", "--why", "误批"],
        &["quarantine", "list"],
        &["quarantine", "export"],
        &["sign", "--list"],
        &["freeze", "--year", "2024", "--by", "王科长", "--why", "定稿"],
    ];
    for command in commands {
        let output = city.nianbao(command);
        assert_eq!(output.status.code(), Some(2), "{command:?} {}", text(&output.stderr));
        let message = text(&output.stderr);
        assert!(
            message.contains(&format!("there is no data root at `{}`", city.data().display())),
            "{message}"
        );
        assert!(!city.data().exists(), "{command:?}");
    }
    let output = city.nianbao(&["run"]);
    let message = format!("ew data root: {}", city.data().display());
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stderr.lines().next().unwrap().ends_with(&message), "{stderr}");
    assert!(stdout.lines().last().unwrap().ends_with(&message), "{stdout}");
    let again = city.nianbao(&["run"]);
    assert!(!(text(&again.stdout) + &text(&again.stderr)).contains(&message));
}

#[test]
fn a_drop_folder_without_deliveries_makes_no_data_root() {
    let city = City::empty();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["run"])), @r"
    exit 2
    --- stdout
    --- stderr
    error: `<CITY>/drop` has no deliveries, and there is no data root at `<CITY>/var`
    hint: look at --drop and --data; deliveries lie under a year: DROP/2024/students/…
    ");
    assert!(!city.data().exists());
}

#[test]
fn a_year_that_is_not_there_is_reported_with_those_that_are() {
    let city = village();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["run", "--year", "24"])), @r"
    exit 2
    --- stdout
    --- stderr
    error: there is nothing of 24: `<CITY>/drop` has 2024 (4 files)
    hint: a report year is a folder of four digits: DROP/2024/students/…
    ");
    assert!(!city.data().exists());
    city.run();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["run", "--year", "2019"])), @r"
    exit 2
    --- stdout
    --- stderr
    error: there is nothing of 2019: `<CITY>/drop` has 2024 (4 files); published: 2024
    hint: a report year is a folder of four digits: DROP/2024/students/…
    ");
    insta::assert_snapshot!(described(&city, &city.nianbao(&["report", "--year", "2019"])), @r"
    exit 2
    --- stdout
    --- stderr
    error: release 000001 has no year 2019; it has 2024
    ");
    // A year that is published can be asked for, whether or not its files still lie there.
    fs::remove_dir_all(city.drop_folder().join("2024")).unwrap();
    fs::create_dir(city.drop_folder().join("2024")).unwrap();
    let output = city.nianbao(&["run", "--year", "2024"]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
}

#[test]
fn a_year_that_no_layout_prints_has_no_documents_to_write() {
    let city = village();
    city.deliver("2022/schools/register.csv", register());
    city.run();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["report", "--year", "2022"])), @r"
    exit 2
    --- stdout
    --- stderr
    error: 2022 has no documents, as no layout prints it; these years have: 2024
    ");
    assert!(!city.data().join("reports/2022").exists());
}

#[test]
fn deliveries_of_another_year_are_not_taken_for_a_year_without_a_layout() {
    let city = village();
    for dataset in ["schools/register.csv", "students/all.csv", "graduates/all.csv"] {
        let file = fs::read_to_string(city.drop_folder().join("2024").join(dataset)).unwrap();
        // People who entered or graduated in 2024 do not belong in a report of 2019.
        city.deliver(&format!("2019/{dataset}"), file);
    }
    city.run();
    let delivered = |dataset: &str| {
        let deliveries = city.table("delivery");
        let delivery =
            deliveries.iter().find(|row| row["report_year"] == "2019" && row["dataset"] == dataset);
        let delivery = delivery.unwrap_or_else(|| panic!("no {dataset}"));
        (delivery["outcome"].clone(), delivery["rows_loaded"].clone())
    };
    assert_eq!(delivered("students"), ("rejected".to_owned(), "0".to_owned()));
    assert_eq!(delivered("graduates"), ("rejected".to_owned(), "0".to_owned()));
    let findings = city.table("finding");
    let of_students =
        findings.iter().find(|row| row["report_year"] == "2019" && row["dataset"] == "students");
    assert_eq!(of_students.unwrap()["rule"], "E-PERIOD");
}

#[test]
fn a_roster_of_the_year_before_is_asked_about_in_a_year_without_a_layout() {
    let city = village();
    for dataset in ["schools/register.csv", "students/all.csv"] {
        let file = fs::read_to_string(city.drop_folder().join("2024").join(dataset)).unwrap();
        city.deliver(&format!("2019/{dataset}"), file.replace(",202409,", ",201809,"));
    }
    city.run();
    let findings = city.table("finding");
    let asked = findings.iter().filter(|row| row["report_year"] == "2019" && row["rule"] == "C-FRESHNESS");
    assert_eq!(asked.count(), 3);
}

#[test]
fn wrong_settings_stop_before_any_work() {
    let city = village();
    let config = city.path().join("site.toml");
    fs::write(&config, "thread = 1\n").unwrap();
    let output = city.nianbao(&["run", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("thread"));
    assert!(!city.data().exists());
}

#[test]
fn a_run_while_another_holds_the_lock_names_the_holder() {
    let city = village();
    fs::create_dir_all(city.data().join("ledger")).unwrap();
    let lock = fs::File::create(city.data().join("ledger/lock")).unwrap();
    lock.lock().unwrap();
    fs::write(city.data().join("ledger/lock"), "process 4711 since 2024-10-08T02:00:00+08:00\n").unwrap();
    insta::assert_snapshot!(described(&city, &city.nianbao(&["run"])), @r"
    exit 75
    --- stdout
    --- stderr
    error: another run holds the lock: process 4711 since 2024-10-08T02:00:00+08:00
    hint: wait for it to end, then run again
    ");
}

#[test]
fn another_pseudonym_key_is_refused() {
    let city = village();
    city.run();
    fs::write(city.data().join("identity/pseudonym.key"), "00".repeat(32)).unwrap();
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is not the one the published release was made with"));
    fs::remove_file(city.data().join("identity/pseudonym.key")).unwrap();
    assert_eq!(city.nianbao(&["run"]).status.code(), Some(2));
}

#[test]
fn too_many_silent_schools_hold_the_release_back() {
    let city = village();
    city.run();
    let release = city.release();
    let config = city.path().join("site.toml");
    fs::write(&config, "max_missing_schools = 0\n").unwrap();
    // A school that never delivered: what others delivered before stays, whatever they do now.
    let silent = "3614000009,静默职业学校,职业高中学校,公办,县属,141002,正常,30\n";
    city.deliver("2024/schools/register.csv", register() + silent);
    let output = city.nianbao(&["run", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(20), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("Held back: what was published stays."));
    assert_eq!(city.release(), release);
}

#[test]
fn verify_names_every_file_that_is_not_as_it_was() {
    let city = village();
    city.run();
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
    let release = city.release();
    let student = files(&release.join("tables/student")).remove(0);
    let mut bytes = fs::read(&student).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&student, bytes).unwrap();
    fs::remove_file(release.join("flat/finding.parquet")).unwrap();
    fs::write(release.join("tables/extra.parquet"), "x").unwrap();
    let output = city.nianbao(&["verify"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    for line in [
        "000001 missing flat/finding.parquet",
        "000001 extra tables/extra.parquet",
        "000001 changed tables/student/",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert_eq!(printed.lines().count(), 3);
}

#[test]
fn reports_are_made_again_from_the_release_byte_for_byte() {
    let city = village();
    city.run();
    let documents = files(&city.data().join("reports/2024"));
    assert!(documents.len() > 1);
    let before: Vec<Vec<u8>> = documents.iter().map(|path| fs::read(path).unwrap()).collect();
    for path in &documents {
        fs::remove_file(path).unwrap();
    }
    assert_eq!(city.nianbao(&["report", "--year", "2024"]).status.code(), Some(0));
    for (path, before) in documents.iter().zip(before) {
        assert!(fs::read(path).unwrap() == before, "{}", path.display());
    }
    assert_eq!(city.nianbao(&["report", "--year", "1999"]).status.code(), Some(2));
}

#[test]
fn releases_and_runs_are_listed() {
    let city = village();
    city.run();
    let path = city.nianbao(&["releases", "path"]);
    assert_eq!(text(&path.stdout).trim(), fs::canonicalize(city.release()).unwrap().display().to_string());
    let sql = text(&city.nianbao(&["releases", "path", "--sql"]).stdout);
    assert!(sql.contains("CREATE OR REPLACE VIEW \"student\" AS SELECT * FROM read_parquet(['/"), "{sql}");
    let listed: serde_json::Value =
        serde_json::from_slice(&city.nianbao(&["releases", "list", "--json"]).stdout).unwrap();
    assert_eq!(listed[0]["current"], true);
    let runs: serde_json::Value =
        serde_json::from_slice(&city.nianbao(&["runs", "list", "--json"]).stdout).unwrap();
    assert_eq!((&runs[0]["id"], &runs[0]["outcome"]), (&1.into(), &"published".into()));
    assert!(runs[0]["rows"]["loaded"].as_u64() > Some(0) && runs[0]["files"].is_object(), "{runs}");
    assert_eq!(city.nianbao(&["runs", "show", "latest"]).status.code(), Some(0));
    assert_eq!(city.nianbao(&["runs", "show", "99"]).status.code(), Some(2));
}

#[test]
fn a_long_ledger_is_listed_by_its_newest_runs_and_in_short() {
    let city = village();
    for _ in 0..4 {
        city.run();
    }
    let list = |more: &[&str]| {
        let output = city.nianbao(&[&["runs", "list"], more].concat());
        (text(&output.stdout), text(&output.stderr))
    };
    let (newest, note) = list(&["--last", "2", "--json"]);
    let newest: Vec<serde_json::Value> = serde_json::from_str(&newest).unwrap();
    assert_eq!(newest.iter().map(|run| run["id"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 4]);
    assert!(note.contains("the newest 2 of 4 runs"), "{note}");
    assert!(
        newest.iter().all(|run| run.get("stages").is_none() && run.to_string().len() < 1_000),
        "{newest:?}"
    );
    let (all, note) = list(&["--all"]);
    assert_eq!((all.lines().count(), note.as_str()), (5, ""));
}

/// Every command that lists something does so for machines, too.
#[test]
fn listings_are_json_where_it_is_asked_for() {
    let city = village();
    city.run();
    for command in [
        &["releases", "list"][..],
        &["releases", "path"],
        &["releases", "path", "--sql"],
        &["releases", "prune", "--dry-run"],
        &["runs", "list"],
        &["runs", "show", "1"],
        &["runs", "prune", "--dry-run"],
        &["override", "list"],
        &["sign", "--list"],
        &["quarantine", "list"],
        &["documents"],
        &["units"],
        &["catalogue"],
        &["settings", "show"],
        &["verify"],
        &["validate"],
        &["plan"],
        &["report", "--year", "2024"],
    ] {
        let output = city.nianbao(&[command, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{command:?} {}", text(&output.stderr));
        let json: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        assert!(json.is_ok(), "{command:?} {}", text(&output.stdout));
    }
}

#[test]
fn settings_say_where_they_come_from() {
    let city = City::empty();
    let shown = text(&city.nianbao(&["settings", "show"]).stdout);
    assert!(shown.lines().any(|line| line.starts_with("data_dir") && line.ends_with("# flag")), "{shown}");
    assert!(
        shown.lines().any(|line| line.starts_with("drop_dir") && line.ends_with("# environment")),
        "{shown}"
    );
    assert!(
        shown.lines().any(|line| line.starts_with("city_code") && line.ends_with("# default")),
        "{shown}"
    );
}

#[test]
fn definitions_that_come_with_the_program_have_no_faults() {
    let city = City::empty();
    assert_eq!(city.nianbao(&["validate"]).status.code(), Some(0));
}

#[test]
fn the_city_is_that_of_the_settings_or_of_the_releases_or_of_the_definitions() {
    let city = village();
    // Definitions of a single city name it; the choice is reported when a data root is made.
    let first = city.nianbao(&["run"]);
    assert!(text(&first.stderr).contains("of the city: 临汾市 (141000)"), "{}", text(&first.stderr));
    let site = city.path().join("site.toml");
    fs::write(&site, "city_code = \"140900\"\ncity_name = \"忻州市\"\n").unwrap();
    let other = city.nianbao(&["run", "--config", site.to_str().unwrap()]);
    assert_eq!(other.status.code(), Some(2));
    let message = text(&other.stderr);
    assert!(message.contains("are of 临汾市 (141000), and the settings say 140900"), "{message}");

    // Definitions of two cities do not; the releases still do.
    let pipelines = city.path().join("pipelines");
    for (name, content) in nianbao::definitions::embedded() {
        let path = city.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let region = pipelines.join("codes/region.toml");
    let more = "\n[[code]]\ncode = \"140900\"\nlabel = \"忻州市\"\nparent = \"140000\"\n\n[[code]]\ncode = \"140902\"\n\
                label = \"忻府区\"\nparent = \"140900\"\n";
    fs::write(&region, fs::read_to_string(&region).unwrap() + more).unwrap();
    let with = ["--pipelines", pipelines.to_str().unwrap()];
    let again = city.nianbao(&[&["run"], &with[..]].concat());
    assert_eq!(again.status.code(), Some(10), "{}", text(&again.stderr));
    let new = village();
    let undecided = new.nianbao(&[&["run"], &with[..]].concat());
    assert_eq!(undecided.status.code(), Some(2));
    assert!(text(&undecided.stderr).contains("set city_code and city_name"), "{}", text(&undecided.stderr));
    assert!(!new.data().exists());
    assert_eq!(new.nianbao(&[&["validate"], &with[..]].concat()).status.code(), Some(0));
}
