//! Section E: JSON.

use super::{Case, Roster, check};

fn case(id: &'static str, input: &'static str, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.json", dataset: "students", bytes: bytes.into(), expected }
}

const CLEAN: &str = "decoded 1000+0+0+1";

/// Every student an object, all values text.
fn objects(id: &str) -> Vec<String> {
    let roster = Roster::of(id, 1_000);
    let object = |row: &Vec<String>| {
        let fields = roster.header.iter().zip(row).map(|(name, value)| format!("\"{name}\":\"{value}\""));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    };
    roster.rows.iter().map(object).collect()
}

fn array(objects: &[String]) -> String {
    format!("[{}]", objects.join(",\n"))
}

/// An array in which the fourth object is changed.
fn changed(id: &str, change: impl Fn(&str) -> String) -> String {
    let mut objects = objects(id);
    objects[3] = change(&objects[3]);
    array(&objects)
}

/// The ID number written as something else.
fn id_as(object: &str, number: impl Fn(&str) -> String) -> String {
    let at = object.find("\"身份证件号\":\"").unwrap() + "\"身份证件号\":".len();
    let id = &object[at + 1..at + 19];
    object.replacen(&format!("\"{id}\""), &number(id), 1)
}

fn envelope(objects: &[String], total: usize) -> String {
    format!("{{\"code\":200,\"msg\":\"ok\",\"data\":{{\"total\":{total},\"rows\":{}}}}}", array(objects))
}

#[test]
fn objects_are_rows_and_an_answer_that_failed_is_none() {
    let mut cases = values();
    cases.extend(documents());
    check("E", &cases);
}

fn values() -> Vec<Case> {
    let digits = |id: &str| id.replace('X', "0");
    let nulls = |object: &str| {
        let object = object.replace("\"民族\":\"汉族\"", "\"民族\":null");
        object.replace("\"入学方式\":\"统一招生考试/普通入学\",", "")
    };
    vec![
        case(
            "E01",
            "an ID that is a number",
            changed("E01", |object| id_as(object, digits)),
            "decoded 999+1+0+1 E-ID-NUMERIC@5",
        ),
        case(
            "E02",
            "an ID with an exponent",
            changed("E02", |object| id_as(object, |id| format!("{}.{}E17", &id[..1], &digits(id)[1..]))),
            "decoded 999+1+0+1 E-ID-NUMERIC@5",
        ),
        case(
            "E03",
            "one name twice in an object",
            changed("E03", |object| object.replacen('{', "{\"姓名\":\"欧阳文\",", 1)),
            "decoded 999+1+0+1 E-JSON-KEY@5",
        ),
        case("E04", "a byte order mark", format!("\u{feff}{}", array(&objects("E04"))), CLEAN),
        case(
            "E08",
            "an unknown field",
            changed("E08", |object| object.replacen('{', "{\"星座\":\"白羊\",", 1)),
            "decoded 1000+0+0+1 W-SCHEMA-NEW@1",
        ),
        case("E09", "null, and a field left out", changed("E09", nulls), CLEAN),
    ]
}

fn documents() -> Vec<Case> {
    let lines = |id: &str| objects(id).join("\n") + "\n";
    let cut = |text: String, bytes: usize| text.as_bytes()[..text.len() - bytes].to_vec();
    let document = |id: &str| array(&objects(id));
    let e11b = {
        let mut objects = objects("E11b");
        objects.splice(900..1000, objects[..100].to_vec());
        envelope(&objects, 1_000)
    };
    vec![
        case("E05", "an array that is cut", cut(document("E05"), 2_000), "rejected E-TRUNC"),
        case("E05b", "an object a line", lines("E05b"), CLEAN),
        case(
            "E05c",
            "an object a line, the last one cut",
            cut(lines("E05c"), 30),
            "set_aside 0+1000+0+1 E-TRUNC@1001",
        ),
        case(
            "E06",
            "NaN",
            changed("E06", |object| id_as(object, |_| "NaN".to_owned())),
            "rejected E-DAMAGED",
        ),
        case("E06b", "a comma too many", document("E06b").replace("}]", "},]"), "rejected E-DAMAGED"),
        case(
            "E06c",
            "two documents",
            format!("{}\n{}", document("E06c"), document("E06c")),
            "rejected E-DAMAGED",
        ),
        case(
            "E07",
            "200 arrays within each other",
            "[".repeat(200) + &"]".repeat(200),
            "rejected E-NOT-DATA",
        ),
        case(
            "E10",
            "an answer that failed",
            "{\"code\":500,\"msg\":\"系统繁忙\",\"data\":[]}",
            "rejected E-NOT-DATA",
        ),
        case("E10b", "an answer without rows", "{\"code\":200,\"data\":[]}", "rejected E-EMPTY"),
        case("E11", "an answer that is whole", envelope(&objects("E11"), 1_000), CLEAN),
        case(
            "E11c",
            "fewer rows than the answer says",
            envelope(&objects("E11c"), 1_200),
            "set_aside 0+1000+0+1 E-PAGE",
        ),
        case("E11b", "one page twice, another missing", e11b, "set_aside 0+1000+0+1 E-PAGE"),
        case("E12", "all in one line", document("E12").replace('\n', ""), CLEAN),
    ]
}
