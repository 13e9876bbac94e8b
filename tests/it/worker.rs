//! A file that kills its reader costs that file, and nothing of the run.

use std::fs;

use crate::support::{City, Village, files, get, text};

/// A page so large that its reader needs more memory than it is given here.
fn heavy() -> Vec<u8> {
    let mut page = b"<html><table>".to_vec();
    let row = [&b"<tr>"[..], &b"<td>1</td>".repeat(60), b"</tr>"].concat();
    page.extend(row.repeat(200_000));
    page.extend(b"</table></html>");
    page
}

fn outcomes(city: &City) -> Vec<(String, String)> {
    let outcome =
        |row: crate::support::Record| (get(&row, "file").to_owned(), get(&row, "outcome").to_owned());
    city.table("delivery").into_iter().map(outcome).collect()
}

#[test]
fn a_file_that_kills_its_reader_is_rejected_by_name_and_the_run_goes_on() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/students/heavy.xls", heavy());
    let site = city.path().join("site.toml");
    fs::write(&site, "decode_memory_max_mb = 200\n").unwrap();
    let output = city.nianbao(&["run", "--config", site.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let outcomes = outcomes(&city);
    let rejected: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome == "rejected").collect();
    assert_eq!(rejected, [&("2024/students/heavy.xls".to_owned(), "rejected".to_owned())]);
    let findings = city.table("finding");
    let finding = findings.iter().find(|row| get(row, "rule") == "E-PARSER-DIED").unwrap();
    assert_eq!(get(finding, "file"), "2024/students/heavy.xls");
    assert!(get(finding, "message").contains("内存"), "{}", get(finding, "message"));
    assert_eq!(city.table("student").len(), 9);
    // The bytes are kept, whatever they are.
    assert!(
        files(&city.data().join("landing")).iter().any(|path| fs::metadata(path).unwrap().len() > 1 << 26)
    );
}

#[test]
fn with_room_enough_the_same_file_is_read() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/students/heavy.xls", heavy());
    city.run();
    let findings = city.table("finding");
    let rules: Vec<_> = findings.iter().filter(|row| get(row, "file").ends_with("heavy.xls")).collect();
    assert_eq!(rules.iter().map(|row| get(row, "rule")).collect::<Vec<_>>(), ["E-HDR-UNKNOWN"]);
}

#[test]
fn a_small_workbook_of_endless_rows_is_a_limit_and_nothing_of_the_run() {
    let city = City::empty();
    Village::new().deliver(&city);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let long = "学".repeat(30_000);
    for column in 0..200 {
        sheet.write_string(0, column, &long).unwrap();
    }
    city.deliver("2024/students/long.xlsx", book.save_to_buffer().unwrap());
    assert_eq!(city.run()["summary"]["files"]["rejected"], 1);
    let findings = city.table("finding");
    assert!(
        findings.iter().any(|row| get(row, "rule") == "E-LIMIT" && get(row, "file").ends_with("long.xlsx"))
    );
    assert_eq!(city.table("student").len(), 9);
}

#[test]
fn lower_limits_of_the_calling_process_are_kept() {
    let city = City::empty();
    Village::new().deliver(&city);
    let program = env!("CARGO_BIN_EXE_nianbao");
    let line =
        format!("ulimit -v 4000000; ulimit -t 3000; exec {program} run --data {}", city.data().display());
    let mut command = std::process::Command::new("sh");
    let command = command.args(["-c", &line]).env("NIANBAO_DROP_DIR", city.drop_folder());
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 10)), "{}", text(&output.stderr));
}
