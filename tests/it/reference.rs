//! The reference is written from the program, and is what the program says.
//!
//! `REFERENCE=write cargo test --test it reference` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use arrow::datatypes::Field;
use nianbao::finding::{RULES, Rule};
use nianbao::tables;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::{files, text, whole_city};

fn is_as_written(name: &str, says: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    if std::env::var("REFERENCE").is_ok_and(|asked| asked == "write") {
        fs::write(&path, says).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == says,
        "{name} is not what the program says: REFERENCE=write cargo test --test it reference"
    );
}

/// The help that a program prints for a command, and the commands below it.
fn help(program: &str, path: &[String], out: &mut String) {
    let output = Command::new(program).args(path).arg("--help").output().unwrap();
    let said = text(&output.stdout);
    let name = Path::new(program).file_name().unwrap().to_string_lossy().into_owned();
    let title = [&[name], path].concat().join(" ");
    write!(out, "\n## {title}\n\n```text\n{}\n```\n", said.trim_end()).unwrap();
    let commands = said.split("Commands:\n").nth(1).unwrap_or_default();
    let commands = commands.lines().take_while(|line| line.starts_with("  "));
    let names =
        commands.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    for command in names.filter(|command| *command != "help") {
        help(program, &[path, &[command.to_owned()]].concat(), out);
    }
}

#[test]
fn of_commands() {
    let mut says = "# Options of all commands\n\nAs `--help` prints them. What each command is for: [Commands](commands.md).\n".to_owned();
    help(env!("CARGO_BIN_EXE_nianbao"), &[], &mut says);
    help(env!("CARGO_BIN_EXE_mirror"), &[], &mut says);
    is_as_written("options.md", &says);
}

#[test]
fn of_rules() {
    let mut says = "# Rules about deliveries\n\n\
        What a run finds in deliveries; the rules of figures (`C-…`) are in \
        [pipelines/audit/rules.toml](../../pipelines/audit/rules.toml). S0 阻断 stops a release, S1 错误 takes out a row, \
        a cell or a file, S2 疑问 asks, S3 提示 notes.\n\n\
        | rule | severity | what | 问题 | 处理办法 | 运行人员可以 |\n|---|---|---|---|---|---|\n"
        .to_owned();
    let does = |rule: &Rule| match rule {
        rule if rule.sets_aside() => "sets the delivery aside",
        rule if rule.is_answered_by_override() => "answered by `override accept`",
        rule if nianbao::finding::TAKES_CELL.contains(&rule) => "takes a cell out",
        rule if rule.is_answered_by_key() => "answered by `override answer`",
        rule if rule.may_be_confirmed() => "confirmed on a correction sheet",
        _ => "",
    };
    for rule in RULES {
        let Rule { id, severity, title, remedy, operator, .. } = rule;
        writeln!(says, "| `{id}` | {} | {} | {title} | {remedy} | {operator} |", severity.code(), does(rule))
            .unwrap();
    }
    is_as_written("rules.md", &says);
}

/// The comment above a group of settings is of all of them.
#[test]
fn of_settings() {
    let mut says = "# Settings\n\nA site file is TOML with any of these keys; it is given with `--config`. Environment \
        variables override it, options override all.\n\n| setting | default | variable | what |\n|---|---|---|---|\n"
        .to_owned();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default.toml");
    let mut comment: Vec<String> = Vec::new();
    let mut is_open = true;
    for line in fs::read_to_string(path).unwrap().lines() {
        if let Some(text) = line.strip_prefix("# ") {
            if !is_open {
                comment.clear();
            }
            is_open = true;
            comment.push(text.replace('|', "\\|").replace('<', "&lt;"));
        } else if let Some((key, default)) = line.split_once(" = ") {
            is_open = false;
            let variable = match default {
                "{}" => String::new(),
                _ => format!("`NIANBAO_{}`", key.to_uppercase()),
            };
            writeln!(says, "| `{key}` | `{default}` | {variable} | {} |", comment.join(" ")).unwrap();
        } else {
            is_open = false;
            comment.clear();
        }
    }
    is_as_written("settings.md", &says);
}

#[test]
fn of_columns() {
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let folder = whole_city().release().join("tables");
    for path in files(&folder) {
        let table = path.strip_prefix(&folder).unwrap().components().next().unwrap();
        let table = table.as_os_str().to_string_lossy().into_owned();
        let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
        let column = |field: &std::sync::Arc<Field>| {
            let metadata = |key: &str| field.metadata().get(key).cloned().unwrap_or_default();
            let meaning = tables::description(&table, field.name()).unwrap_or_default();
            let (title, unit) = (metadata("title_zh"), metadata("unit"));
            format!("| `{}` | {} | {title} | {unit} | {meaning} |", field.name(), field.data_type())
        };
        let columns: Vec<String> = reader.schema().fields().iter().map(column).collect();
        let known = written.entry(table.clone()).or_insert_with(|| columns.clone());
        assert_eq!(*known, columns, "{table} has other columns in another year");
    }
    for (table, columns) in tables::PROGRAM_TABLES {
        let written = &written[*table];
        for (place, column) in columns.iter().enumerate() {
            assert!(
                written[place].starts_with(&format!("| `{}` |", column.name)),
                "{table}: {}",
                column.name
            );
        }
    }
    let mut says = "# Columns of all tables\n\nWhat a row is: [Tables of a release](tables.md).\n".to_owned();
    for (table, columns) in written {
        write!(
            says,
            "\n## {table}\n\n| column | type | 名称 | 单位 | meaning |\n|---|---|---|---|---|\n{}\n",
            columns.join("\n")
        )
        .unwrap();
    }
    is_as_written("columns.md", &says);
}
