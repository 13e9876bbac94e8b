//! Published reports, checked for consistency.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{City, text};

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(at(path)).unwrap()).unwrap()
}

fn audit_file(path: &Path, more: &[&str]) -> Output {
    City::empty().nianbao(&[&["audit", &path.display().to_string()], more].concat())
}

/// The answers of an audit, without what it says first of itself.
fn lines(output: &Output) -> Vec<Value> {
    let printed = text(&output.stdout);
    let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line.get("coverage").is_none()).collect()
}

/// The answers to a report, one a line.
fn answers(path: &Path) -> Vec<Value> {
    let output = audit_file(path, &["--json"]);
    assert!(matches!(output.status.code(), Some(0 | 10 | 20)), "{}", text(&output.stderr));
    lines(&output)
}

fn answers_to(report: &Value) -> (Option<i32>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    fs::write(&path, report.to_string()).unwrap();
    let output = audit_file(&path, &["--json"]);
    (output.status.code(), lines(&output))
}

fn word<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap_or_default()
}

/// Everything an answer names, years included.
fn names_in(answer: &Value) -> String {
    let names = answer["figures"].as_array().unwrap().iter().map(|figure| word(figure, "name"));
    names.chain([word(answer, "place")]).collect::<Vec<_>>().join(" ")
}

fn years(text: &str) -> BTreeSet<String> {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| run.len() == 4 && run.starts_with("20")).map(str::to_owned).collect()
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The verdict that the program must give on a relation that a person checked.
fn expected(relation: &Value) -> &'static str {
    match (word(relation, "verdict"), word(relation, "confidence")) {
        ("consistent", _) => "holds",
        ("rounding", _) => "rounding",
        (_, "definite") => "inconsistent",
        _ => "to_confirm",
    }
}

const ORDER: [&str; 5] = ["inconsistent", "to_confirm", "rounding", "holds", "not_examined"];

/// The answers that are about a relation: those of its definition, of its year and place.
fn about<'a>(relation: &Value, answers: &'a [Value]) -> Vec<(usize, &'a Value)> {
    let by = strings(&relation["answered_by"]);
    let places = strings(&relation["at"]);
    let year = word(relation, "year").rsplit('-').next().unwrap().to_owned();
    let fits = |answer: &Value| {
        let names = names_in(answer);
        let years = years(&names);
        by.contains(&word(answer, "id"))
            && (places.is_empty() || places.iter().any(|place| names.contains(place)))
            && years.last().is_none_or(|last| *last == year)
    };
    answers.iter().enumerate().filter(|(_, answer)| fits(answer)).collect()
}

#[derive(Default)]
struct Score {
    table: BTreeMap<(&'static str, String), usize>,
    wrong: Vec<String>,
}

impl Score {
    fn count(&mut self, relation: &Value, answered: Option<&str>) {
        let expected = expected(relation);
        let answered = answered.unwrap_or("(not in the file)");
        *self.table.entry((expected, answered.to_owned())).or_default() += 1;
        if answered != expected && !answered.starts_with('(') {
            self.wrong.push(format!(
                "{} {}: {answered}, not {expected}",
                relation["id"],
                word(relation, "place")
            ));
        }
    }

    fn of(&self, expected: &str, answered: &str) -> usize {
        self.table.iter().filter(|((e, a), _)| *e == expected && a == answered).map(|(_, n)| n).sum()
    }

    fn as_text(&self) -> String {
        let rows = self
            .table
            .iter()
            .map(|((expected, answered), n)| format!("{expected:<13} {answered:<18} {n:>4}\n"));
        rows.collect::<String>() + &self.wrong.join("\n")
    }
}

#[test]
fn the_printed_report_of_linfen_is_answered_as_by_hand() {
    let answers = answers(&at("samples/published/linfen-2024.json"));
    let relations = read("tests/fixtures/audit/linfen-2024-relations.json");
    let relations = relations.as_array().unwrap();
    let mut score = Score::default();
    let mut faults = BTreeSet::new();
    for relation in relations {
        let found = about(relation, &answers);
        if relation["answered_by"].is_null() {
            score.count(relation, None);
            continue;
        }
        let verdicts = found.iter().map(|(_, answer)| word(answer, "verdict"));
        let worst = verdicts.min_by_key(|verdict| ORDER.iter().position(|known| known == verdict));
        score.count(relation, Some(worst.unwrap_or_else(|| panic!("nothing answers {relation}"))));
        if expected(relation) == "inconsistent" {
            faults.extend(found.iter().map(|(index, _)| *index));
        }
    }
    let found = answers.iter().filter(|answer| word(answer, "verdict") == "inconsistent").count();
    let known = answers.iter().enumerate().filter(|(_, answer)| word(answer, "verdict") == "inconsistent");
    let known = known.filter(|(index, _)| faults.contains(index)).count();
    let definite = relations.iter().filter(|relation| expected(relation) == "inconsistent").count();
    let hit = score.of("inconsistent", "inconsistent");
    let covered = relations.iter().filter(|relation| !relation["answered_by"].is_null()).count();
    let summary = format!(
        "{} relations checked by hand, {covered} of them of figures that are in the file\n\
         definite faults: {hit} of {definite} found; {known} of {found} answers `inconsistent` are of them\n{}",
        relations.len(),
        score.as_text()
    );
    println!("{summary}");
    insta::assert_snapshot!(summary, @r#"
    284 relations checked by hand, 233 of them of figures that are in the file
    definite faults: 17 of 18 found; 25 of 25 answers `inconsistent` are of them
    holds         (not in the file)    39
    holds         holds               185
    inconsistent  (not in the file)     1
    inconsistent  inconsistent         17
    rounding      (not in the file)     2
    rounding      rounding              6
    to_confirm    (not in the file)     9
    to_confirm    holds                 1
    to_confirm    to_confirm           24
    "A216" 表3.12 × 表6.1: holds, not to_confirm
    "#);
    assert_eq!(known, found, "precision");
    assert!(hit * 20 >= definite * 18, "recall");
}

#[test]
fn every_rule_alone_answers_as_by_hand() {
    let relations = read("tests/fixtures/audit/linfen-2024-relations.json");
    let mut asked = Vec::new();
    let mut stated = Vec::new();
    for relation in relations.as_array().unwrap() {
        if let Some(mut plain) = plain(relation) {
            plain["id"] = relation["id"].clone();
            plain["confidence"] = relation["confidence"].clone();
            asked.push(relation);
            stated.push(plain);
        }
    }
    let (_, answers) = answers_to(&json!({"title": "", "year": 2024, "figures": [], "relations": stated}));
    assert_eq!(answers.len(), asked.len());
    let mut score = Score::default();
    for (relation, answer) in asked.iter().zip(&answers) {
        assert_eq!(relation["id"], answer["id"], "in their order");
        score.count(relation, Some(word(answer, "verdict")));
    }
    insta::assert_snapshot!(score.as_text(), @r#"
    holds         holds               183
    inconsistent  inconsistent         11
    rounding      rounding              8
    to_confirm    to_confirm           13
    "#);
}

/// A manually written relation in the plain form, with figures given as values.
fn plain(relation: &Value) -> Option<Value> {
    let figures = &relation["figures"];
    let text = |name: &str| match &figures[name] {
        Value::String(text) if !text.is_empty() => Some(json!(text)),
        Value::Number(number) => Some(json!(number.to_string())),
        _ => None,
    };
    let list = |name: &str| figures[name].as_array().map(|values| json!(values));
    Some(match word(relation, "rule_kind") {
        "sum_of_parts" => json!({"kind": "sum_of_parts", "total": text("total")?, "parts": list("parts")?}),
        "ratio_percent" => json!({
            "kind": "ratio_percent", "part": text("part")?, "whole": text("whole")?, "printed_pct": text("printed_pct")?
        }),
        "ratio" => json!({
            "kind": "ratio", "numerator": text("numerator")?, "denominator": text("denominator")?, "printed": text("printed")?
        }),
        "grim_attainable_percent" => json!({
            "kind": "attainable_percent", "printed_pct": text("printed_pct").or(text("printed"))?, "whole": text("denominator").or(text("n"))?
        }),
        "mean_within_bounds" => {
            json!({"kind": "mean_within_parts", "mean": text("value")?, "parts": [text("low")?, text("high")?]})
        }
        "shares_sum_to_100" => {
            json!({"kind": "shares_sum_to_100", "shares": list("shares").or(list("parts"))?})
        }
        "same_indicator_two_places" | "cross_table_identity" | "text_vs_table" => {
            json!({"kind": "same_figure", "a": text("first")?, "b": text("second")?})
        }
        "subset_le_superset"
        | "funnel_monotone"
        | "sum_of_disjoint_subsets_le"
        | "difference_bound"
        | "sum_of_parts_le"
        | "implied_count_bound"
        | "count_of_groups_le_members" => {
            json!({"kind": "subset_le_superset", "subset": text("subset")?, "superset": text("superset")?})
        }
        "format_mix" => json!({"kind": "format_mix", "a": text("a")?, "b": text("b")?}),
        _ => return None,
    })
}

/// Relations between counts stop holding when one of the counts is wrong by one.
#[test]
fn a_fault_of_one_in_what_holds_is_found() {
    let answers = answers(&at("samples/published/linfen-2024.json"));
    let whole = |answer: &&Value| {
        let figures = answer["figures"].as_array().unwrap();
        figures.iter().all(|figure| word(figure, "printed").bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut relations = Vec::new();
    for answer in answers.iter().filter(|answer| word(answer, "verdict") == "holds").filter(whole) {
        let printed = |operand: &str| -> Vec<u64> {
            let figures = answer["figures"].as_array().unwrap().iter();
            let named = figures.filter(|figure| word(figure, "operand") == operand);
            named.map(|figure| word(figure, "printed").parse().unwrap()).collect()
        };
        match word(answer, "kind") {
            "sum_of_parts" => {
                let total = printed("total")[0] + 1;
                relations.push(json!({"kind": "sum_of_parts", "total": total, "parts": printed("parts")}));
            }
            "subset_le_superset" => {
                let subset = printed("superset")[0] + 1;
                relations.push(json!({"kind": "subset_le_superset", "subset": subset, "superset": printed("superset")[0]}));
            }
            "same_figure" => {
                relations
                    .push(json!({"kind": "same_figure", "a": printed("a")[0] + 1, "b": printed("b")[0]}));
            }
            _ => {}
        }
    }
    assert!(relations.len() > 100, "{}", relations.len());
    let (code, answers) =
        answers_to(&json!({"title": "", "year": 2024, "figures": [], "relations": relations}));
    assert_eq!(code, Some(20));
    let missed: Vec<&Value> =
        answers.iter().filter(|answer| word(answer, "verdict") != "inconsistent").collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// A report that does not nest its rows, or nests them in another way, is read all the same.
#[test]
fn rows_are_found_under_another_nesting() {
    let mut report = read("samples/published/linfen-2024.json");
    let expected = answers_to(&report).1.iter().filter(|answer| answer["verdict"] == "inconsistent").count();
    for row in report["six_tables"][0]["rows"].as_array_mut().unwrap() {
        let last = row["path"].as_array().unwrap().last().unwrap().clone();
        row["path"] = json!(["总计", last]);
    }
    let found = answers_to(&report).1;
    let found: Vec<&Value> = found.iter().filter(|answer| answer["verdict"] == "inconsistent").collect();
    assert_eq!(found.len(), expected);
}

/// Reports of no real place, each relation with the answer that it must get.
#[test]
fn reports_of_no_real_place_are_answered_as_planted() {
    for name in ["province", "college", "country"] {
        let path = format!("tests/fixtures/audit/{name}.json");
        let relations = read(&path);
        let answers = answers(&at(&path));
        let expected: Vec<String> = relations["relations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|relation| format!("{} {}", word(relation, "id"), word(relation, "expect")))
            .collect();
        let answered: Vec<String> = answers
            .iter()
            .take(expected.len())
            .map(|answer| format!("{} {}", word(answer, "id"), word(answer, "verdict")))
            .collect();
        assert_eq!(answered, expected, "{name}");
    }
}

/// Rows without paths, other tables of the body, years with blanks: a city without definitions.
#[test]
fn the_report_of_another_city_is_read_by_its_labels() {
    let answers = answers(&at("tests/fixtures/audit/city.json"));
    let messages_of = |verdict: &str| -> Vec<String> {
        let found = answers.iter().filter(|answer| word(answer, "verdict") == verdict);
        found.map(|answer| format!("{} {}", word(answer, "id"), word(answer, "message"))).collect()
    };
    insta::assert_snapshot!(messages_of("inconsistent").join("\n"), @r#"
    cells_in_their_columns 该行各单元格错开一列：[] [] [接入国家智慧教育平台数] [个] [1] [1]
    teachers_in_body_and_tables 两处印 1001 和 1000，相差 1
    placed_are_graduates 部分 5500 大于整体 5,466
    bachelor_is_further_study 部分 3200 大于整体 3120
    three_industries_add_up 分项之和 2201，总数印 2200，相差 1
    libraries_national_on_platform 整体为 0，其中的一部分却为 1
    "#);
    assert_eq!(messages_of("to_confirm").len(), 1);
    assert_eq!(messages_of("rounding").len(), 1);
    for id in [
        "further_study_rate",
        "students_in_text_and_table6",
        "claim_1",
        "claim_2",
        "claim_3",
        "online_courses_levels_add_up",
    ] {
        assert!(
            answers.iter().any(|answer| word(answer, "id") == id && word(answer, "verdict") == "holds"),
            "{id}"
        );
    }
}

#[test]
fn a_workbook_of_the_six_tables_is_answered_as_its_figures_are() {
    let report = read("samples/published/linfen-2024.json");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("六张表.xlsx");
    write_workbook(&report, &path);
    let mut tables = report.clone();
    for part in ["body_tables", "text_figures", "claims"] {
        tables[part] = json!([]);
    }
    let (_, from_json) = answers_to(&tables);
    // A cell of a workbook does not say how many decimals are shown; and a row that no definition
    // names has its own label for a path.
    let lines = |answers: &[Value]| -> Vec<String> {
        let looked_at = answers.iter().filter(|answer| answer["kind"] != "format_mix");
        looked_at
            .map(|answer| format!("{} {} {}", answer["id"], answer["printed"], answer["verdict"]))
            .collect()
    };
    assert_eq!(lines(&answers(&path)), lines(&from_json));
    assert_eq!(
        from_json
            .iter()
            .filter(|answer| answer["kind"] == "column_shift" && answer["verdict"] == "inconsistent")
            .count(),
        3
    );
}

#[test]
fn a_table_of_the_body_is_none_of_the_six_whatever_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.xlsx");
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let tables = [
        ("表6 落实政策表", [["教职工总数", "人", "90", "95"], ["其中：专任教师总数", "人", "70", "75"]]),
        ("表1.4 教师队伍变化情况", [["教职工总数", "人", "90", "96"], ["专任教师总数", "人", "70", "75"]]),
    ];
    let sheet = workbook.add_worksheet();
    let mut row = 0;
    for (title, rows) in tables {
        sheet.write(row, 0, title).unwrap();
        sheet.write(row + 1, 0, "某市（虚构）").unwrap();
        for (at, cells) in (row + 2..).zip([["指标", "单位", "2023年", "2024年"]].into_iter().chain(rows))
        {
            for (column, cell) in (0..).zip(cells) {
                sheet.write(at, column, cell).unwrap();
            }
        }
        row += 6;
    }
    workbook.save(&path).unwrap();
    let answers = answers(&path);
    let found = answers.iter().filter(|answer| word(answer, "verdict") == "inconsistent");
    let found: Vec<&str> = found.map(|answer| word(answer, "message")).collect();
    assert_eq!(found, ["两处印 96 和 95，相差 1"]);
    assert!(
        answers
            .iter()
            .any(|answer| answer["id"] == "teachers_in_body_and_tables" && answer["verdict"] == "holds")
    );
}

/// A sheet a table, with its title, the name of the place, its header and its rows; numbers as text.
fn write_workbook(report: &Value, path: &Path) {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    for table in report["six_tables"].as_array().unwrap() {
        let sheet = workbook.add_worksheet();
        sheet.set_name(word(table, "table")).unwrap();
        sheet.write(0, 0, word(table, "title")).unwrap();
        sheet.write(1, 0, "名称：某市").unwrap();
        let list = &table["专业群清单"];
        let title = [json!(["附：专业群清单"])];
        let lists = [(&list["header"], &list["rows"])];
        let rows = [&table["header"]]
            .into_iter()
            .chain(table["rows"].as_array().unwrap().iter().map(|row| &row["cells_printed"]));
        let more = lists
            .iter()
            .filter(|(header, _)| header.is_array())
            .flat_map(|(header, rows)| title.iter().chain([*header]).chain(rows.as_array().unwrap()));
        for (row, cells) in (2..).zip(rows.chain(more)) {
            for (column, cell) in (0..).zip(cells.as_array().unwrap()) {
                if let Some(text) = cell.as_str().filter(|text| !text.is_empty()) {
                    sheet.write(row, column, text).unwrap();
                }
            }
        }
    }
    workbook.save(path).unwrap();
}

#[test]
fn the_summary_says_what_was_examined_and_what_was_not() {
    let report = json!({"title": "某校（虚构）", "year": 2024,
    "figures": [
        {"key": "total", "printed": "12", "unit": "人"}, {"key": "a", "printed": "5", "unit": "人"},
        {"key": "b", "printed": "8 人", "unit": "人"}, {"key": "none", "printed": "-", "unit": "人"}
    ],
    "relations": [
        {"kind": "sum_of_parts", "place": "表1", "total": "total", "parts": ["a", "b"]},
        {"kind": "subset_le_superset", "subset": "a", "superset": "total"},
        {"kind": "ratio_percent", "part": "a", "whole": "total", "printed_pct": "41.66%"},
        {"kind": "mean_within_parts", "mean": "none", "parts": ["a", "b"]},
        {"kind": "same_figure", "a": "a", "b": "nowhere"}
    ]});
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    fs::write(&path, report.to_string()).unwrap();
    let output = audit_file(&path, &[]);
    assert_eq!(output.status.code(), Some(20));
    insta::assert_snapshot!(text(&output.stdout), @r#"
    某校（虚构）：数字 4 个，关系 5 条

    不一致 1
      sum_of_parts  表1
          分项之和不等于总数：分项之和 13，总数印 12，相差 1
          S1 一致性·汇总人员：核对分项与总数，改正后重新汇总

    舍入 1
      ratio_percent  a；41.66%；total
          百分比可由分子分母重算，只差舍入：重算得 41.6667%，所印 41.66% 是截断而非四舍五入
          S3 准确性·汇总人员：以汇总的分子、分母重算

    未检查 2
      “none”印为“-”，没有数：mean_within_parts
      没有名为“nowhere”的数字（b）：same_figure

    检查情况
      规则                                                    关系    数字  不一致  待确认    舍入  未检查    成立
      mean_within_parts          均值在各分项之间                1       0       0       0       0       1       0
      ratio_percent              百分比可由分子分母重算          1       3       0       0       1       0       0
      same_figure                同一指标各处一致                1       0       0       0       0       1       0
      subset_le_superset         部分不大于整体                  1       2       0       0       0       0       1
      sum_of_parts               分项之和等于总数                1       3       1       0       0       0       0

    没有检查到任何数字的规则：mean_within_parts、same_figure

    合计：不一致 1，待确认 0，舍入 1，未检查 2，成立 1
    "#);
}

#[test]
fn each_answer_is_an_object_of_its_own() {
    let report = json!({"title": "", "year": 2024,
    "figures": [{"key": "share", "printed": "45 .61％", "unit": ""}, {"key": "dual", "printed": "1308", "unit": "人"}],
    "relations": [
        {"kind": "ratio_percent", "part": "dual", "whole": "2869", "printed_pct": "share", "place": "表3", "note": "n"},
        {"kind": "sums", "total": "dual"}
    ]});
    let (_, answers) = answers_to(&report);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answers).unwrap(), @r#"
    [
      {
        "examined": 3,
        "figures": [
          {
            "name": "dual",
            "operand": "part",
            "printed": "1308"
          },
          {
            "name": "share",
            "operand": "printed_pct",
            "printed": "45 .61％"
          },
          {
            "name": "2869",
            "operand": "whole",
            "printed": "2869"
          }
        ],
        "interval": "[45.590798, 45.590798]",
        "kind": "ratio_percent",
        "message": "重算得 45.5908%，所印为 45 .61％",
        "note": "n",
        "place": "表3",
        "printed": "45 .61％",
        "recomputed": "45.5908%",
        "rule": {
          "cause": "分子或分母与所印不同，或由各校百分比平均而来",
          "dimension": "准确性",
          "level": "报告",
          "owner": "汇总人员",
          "ratchet": false,
          "remedy": "以汇总的分子、分母重算",
          "severity": "S1",
          "title": "百分比与分子分母重算的不符"
        },
        "verdict": "inconsistent"
      },
      {
        "examined": 0,
        "figures": [],
        "interval": "",
        "kind": "sums",
        "message": "没有名为“sums”的规则",
        "place": "",
        "printed": "",
        "recomputed": "",
        "verdict": "not_examined"
      }
    ]
    "#);
}

#[test]
fn the_exit_code_tells_clean_open_inconsistent_and_unusable() {
    let code = |relations: Value| {
        let figures = json!([
            {"key": "a", "printed": "5"}, {"key": "b", "printed": "6"}, {"key": "c", "printed": "-"}
        ]);
        answers_to(&json!({"title": "", "year": 2024, "figures": figures, "relations": relations})).0
    };
    let subset = |subset: &str, superset: &str| json!({"kind": "subset_le_superset", "subset": subset, "superset": superset});
    assert_eq!(code(json!([subset("a", "b")])), Some(0));
    assert_eq!(code(json!([subset("a", "b"), subset("c", "b")])), Some(0), "a dash leaves nothing open");
    assert_eq!(code(json!([subset("a", "b"), subset("nowhere", "b")])), Some(10));
    assert_eq!(code(json!([subset("a", "b"), {"kind": "unheard_of"}])), Some(10));
    assert_eq!(code(json!([])), Some(10), "nothing was examined");
    assert_eq!(
        code(json!([{"kind": "ratio_percent", "part": "5", "whole": "43", "printed_pct": "11.62"}])),
        Some(10)
    );
    assert_eq!(code(json!([subset("b", "a")])), Some(20));
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("cut.json", r#"{"figures": [{"key": "a""#),
        ("other.json", r#"{"rows": []}"#),
        ("array.json", "[1, 2]"),
        ("keyless.json", r#"{"figures": [{"printed": "1"}], "relations": []}"#),
        ("relations.json", r#"{"figures": [], "relations": {}}"#),
        ("tables.json", r#"{"six_tables": {}}"#),
        ("empty.xlsx", ""),
        ("note.txt", "没有表"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let output = audit_file(&path, &["--json"]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && text(&output.stderr).contains(name), "{name}");
    }
    assert_eq!(audit_file(&folder.path().join("missing.json"), &[]).status.code(), Some(2));
}

#[test]
fn a_baseline_forgets_questions_and_no_faults() {
    let report = json!({"title": "", "year": 2024, "figures": [], "relations": [
        {"id": "q", "kind": "yoy_outlier", "a": "100", "b": "300"}
    ]});
    let folder = tempfile::tempdir().unwrap();
    let (path, baseline) = (folder.path().join("report.json"), folder.path().join("before.jsonl"));
    let against = |report: &Value| {
        fs::write(&path, report.to_string()).unwrap();
        let known = baseline.display().to_string();
        audit_file(&path, &["--baseline", &known]).status.code()
    };
    fs::write(&path, report.to_string()).unwrap();
    let first = audit_file(&path, &["--json"]);
    assert_eq!(first.status.code(), Some(10));
    fs::write(&baseline, &first.stdout).unwrap();
    assert_eq!(against(&report), Some(0), "it was asked before");
    let mut worse = report.clone();
    worse["relations"][0]["b"] = json!("400");
    assert_eq!(against(&worse), Some(10), "another figure is another question");
    let fault = json!({"title": "", "year": 2024, "figures": [], "relations": [
        {"id": "f", "kind": "subset_le_superset", "subset": "3", "superset": "2"}
    ]});
    fs::write(&path, fault.to_string()).unwrap();
    fs::write(&baseline, audit_file(&path, &["--json"]).stdout).unwrap();
    assert_eq!(against(&fault), Some(20), "a fault stays one");
}
