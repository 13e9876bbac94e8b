//! Changes that a year, a city or a ministry brings are made in TOML, without Rust.

use std::fs;
use std::path::Path;

use crate::support::{City, Village, YAODU, files, get, register, text};

/// The project's own definitions, copied so that a test can change them.
pub fn copied_definitions(city: &City) -> String {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let to = city.path().join("pipelines");
    for file in files(&from) {
        let copy = to.join(file.strip_prefix(&from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&file, copy).unwrap();
    }
    to.display().to_string()
}

fn value(city: &City, indicator: &str, unit: &str) -> String {
    let rows = city.table("indicator_value");
    let row = rows.iter().find(|row| {
        get(row, "indicator_id") == indicator
            && get(row, "breakdown").is_empty()
            && (get(row, "school_code") == unit
                || get(row, "school_code").is_empty() && get(row, "region_code") == unit)
    });
    get(row.unwrap_or_else(|| panic!("{indicator} {unit} was not computed")), "value").to_owned()
}

#[test]
fn a_new_indicator_is_a_few_lines_of_toml() {
    let city = City::empty();
    Village::new().deliver(&city);
    let pipelines = copied_definitions(&city);
    let path = Path::new(&pipelines).join("indicators/women.toml");
    fs::write(
        path,
        r#"
        [[indicator]]
        id = "students_female"
        title_zh = "女生数"
        title_en = "Female students"
        unit = "人"
        reference_time = "stock_at_september"
        definition = "在读女生"
        status = "assumed"
        citation = "GB/T 2261.1"
        system = { count = { table = "student", where = "sex = '2'" } }

        [[indicator]]
        id = "female_share"
        title_zh = "女生比例"
        title_en = "Share of female students"
        unit = "%"
        reference_time = "stock_at_september"
        definition = "女生数 ÷ 在校生数"
        status = "assumed"
        citation = "GB/T 2261.1"
        system = { ratio = { numerator = "students_female", denominator = "students", factor = 100 } }
        "#,
    )
    .unwrap();
    city.run_with(&["--pipelines", &pipelines]);
    assert_eq!(value(&city, "students_female", YAODU), "2.0000000000");
    assert_eq!(value(&city, "students_female", "141000"), "5.0000000000");
    assert_eq!(value(&city, "female_share", "141000"), "55.5555555556");
}

#[test]
fn a_new_header_alias_is_one_word_of_toml() {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let renamed = fs::read_to_string(&file).unwrap().replacen("学生当前状态", "学籍现状", 1);
    fs::write(&file, renamed).unwrap();
    let before = city.run();
    assert_eq!(before["summary"]["files"]["rejected"], 1);
    let pipelines = copied_definitions(&city);
    let contract = Path::new(&pipelines).join("datasets/students.toml");
    let aliased = fs::read_to_string(&contract).unwrap().replace(
        r#"names = ["学生当前状态", "学籍状态"]"#,
        r#"names = ["学生当前状态", "学籍状态", "学籍现状"]"#,
    );
    fs::write(&contract, aliased).unwrap();
    let after = city.run_with(&["--pipelines", &pipelines]);
    assert_eq!(after["summary"]["files"]["rejected"], 0);
    assert_eq!(value(&city, "students", "141000"), "9.0000000000");
}

#[test]
fn faults_of_all_definitions_are_reported_at_once_and_nothing_is_done() {
    let city = City::empty();
    city.deliver("2024/schools/register.csv", register());
    let pipelines = copied_definitions(&city);
    let indicators = Path::new(&pipelines).join("indicators/students.toml");
    let text_before = fs::read_to_string(&indicators).unwrap();
    fs::write(&indicators, text_before.replacen("table = \"student\"", "table = \"pupil\"", 1)).unwrap();
    let contract = Path::new(&pipelines).join("datasets/staff.toml");
    let text_before = fs::read_to_string(&contract).unwrap();
    fs::write(&contract, text_before.replacen("codes = \"sex\"", "codes = \"gender\"", 1)).unwrap();
    let output = city.nianbao(&["run", "--pipelines", &pipelines]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("2 faults in the definitions"), "{message}");
    assert!(message.contains("pipelines/datasets/staff.toml"), "{message}");
    assert!(message.contains("there is no code table `gender`"), "{message}");
    assert!(message.contains("there is no table `pupil`"), "{message}");
    assert!(!city.data().join("warehouse").exists());
}

#[test]
fn a_layout_that_says_only_what_differs_is_validated_with_the_one_it_extends() {
    let city = City::empty();
    let pipelines = copied_definitions(&city);
    let layout = Path::new(&pipelines).join("layouts/2025.toml");
    let differences = "year = 2025\nextends = 2024\nstatus = \"assumed\"\nsource = \"\"\n\n[[change]]\ntable = \"表1\"\n\
                       rows = [\n  { path = \"月收入\", decimals = 0 },\n]\n";
    fs::write(&layout, differences).unwrap();
    let validate = || city.nianbao(&["validate", "--pipelines", &pipelines]);
    let sound = validate();
    assert_eq!(sound.status.code(), Some(0), "{}", text(&sound.stderr));
    assert!(text(&sound.stderr).contains("3 layouts"), "{}", text(&sound.stderr));
    fs::write(&layout, differences.replace("月收入", "月收人")).unwrap();
    let refused = validate();
    assert_eq!(refused.status.code(), Some(2));
    let message = text(&refused.stderr);
    assert!(
        message.contains("layouts/2025.toml:9: `表1` has no row `月收人` in the layout of 2024"),
        "{message}"
    );
}

#[test]
fn the_same_inputs_give_the_same_release_digest_whatever_the_names_and_threads() {
    let first_city = City::empty();
    Village::new().deliver(&first_city);
    let first = first_city.run();
    let other = City::empty();
    Village::new().deliver(&other);
    for name in ["students", "graduates"] {
        let folder = other.drop_folder().join("2024").join(name);
        fs::rename(folder.join("all.csv"), folder.join("zz.xls")).unwrap();
    }
    fs::create_dir_all(other.data().join("identity")).unwrap();
    fs::copy(first_city.data().join("identity/pseudonym.key"), other.data().join("identity/pseudonym.key"))
        .unwrap();
    let config = other.path().join("site.toml");
    fs::write(&config, "threads = 1\n").unwrap();
    other.run_with(&["--config", config.to_str().unwrap()]);
    // File names are in deliveries and findings; everything computed is the same, byte for byte.
    for table in ["student", "graduate", "staff", "school", "indicator_value", "report_cell", "dim_school"] {
        let names = |city: &City| {
            let folder = city.release().join("tables").join(table);
            files(&folder).iter().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&first_city), names(&other), "{table}");
    }
    let again = first_city.run();
    assert_eq!(again["outcome"], "nothing_to_do");
    assert_eq!(again["digest"], first["digest"]);
}
