//! People's data is nowhere outside the restricted folders.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{City, Village, files, read, text, whole_city, with_check_digit};

/// Numbers and names of everybody that was loaded.
fn people(city: &City) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut numbers = BTreeSet::new();
    let mut names = BTreeSet::new();
    for path in files(&city.data().join("identity/people")) {
        for line in fs::read_to_string(path).unwrap().lines() {
            let person: serde_json::Value = serde_json::from_str(line).unwrap();
            numbers.insert(person["id_number"].as_str().unwrap().to_owned());
            names.insert(person["name"].as_str().unwrap().to_owned());
        }
    }
    // Damaged numbers in quarantine are somebody's too.
    for path in files(&city.data().join("quarantine")) {
        let kept = fs::read_to_string(path).unwrap();
        numbers.extend(long_numbers(&kept).filter(|word| word.len() >= 17).map(str::to_owned));
    }
    (numbers, names)
}

/// All runs of 15 or more digits, with a closing X: what an ID number would be seen as.
fn long_numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        word.len() >= 15 && word.trim_end_matches(['X', 'x']).bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[test]
fn no_number_or_name_of_a_person_is_in_any_table() {
    let city = whole_city();
    let (numbers, names) = people(city);
    assert!(numbers.len() > 30_000 && names.len() > 1_000, "{} people", numbers.len());
    let mut looked_at = 0;
    for path in files(&city.release()).iter().filter(|path| path.extension().is_some_and(|e| e == "parquet"))
    {
        for row in read(path) {
            for (column, value) in &row {
                looked_at += 1;
                assert!(!numbers.contains(value) && !names.contains(value), "{} {column}", path.display());
                assert_eq!(long_numbers(value).next(), None, "{} {column}", path.display());
            }
        }
    }
    assert!(looked_at > 1_000_000);
}

#[test]
fn no_number_or_name_of_a_person_is_in_any_workbook() {
    use calamine::{Reader, Xlsx, open_workbook};
    let city = whole_city();
    let (numbers, names) = people(city);
    let mut looked_at = 0;
    for path in files(&city.data().join("reports")).iter().filter(|path| path.extension().is_some()) {
        let mut book: Xlsx<_> = open_workbook(path).unwrap();
        for sheet in book.sheet_names() {
            for (row, column, cell) in book.worksheet_range(&sheet).unwrap().used_cells() {
                let value = cell.to_string();
                looked_at += 1;
                let at = format!("{} {sheet} {row} {column}", path.display());
                assert!(!numbers.contains(&value) && !names.contains(&value), "{at}");
                assert_eq!(long_numbers(&value).next(), None, "{at}");
            }
        }
    }
    assert!(looked_at > 5_000, "{looked_at}");
}

#[test]
fn no_number_of_a_person_is_in_any_other_file_or_output() {
    let city = whole_city();
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    let mut looked_at = 0;
    for path in files(&city.data()) {
        let closed = restricted.iter().any(|folder| path.starts_with(folder));
        if closed || path.extension().is_some_and(|e| e == "parquet" || e == "xlsx") {
            continue;
        }
        looked_at += 1;
        let content = text(&fs::read(&path).unwrap());
        let found: Vec<_> = long_numbers(&content).filter(|word| word.len() == 18).collect();
        assert!(found.is_empty(), "{}", path.display());
    }
    assert!(looked_at >= 4);
}

#[test]
fn restricted_folders_and_files_are_closed_to_others() {
    let city = whole_city();
    for name in ["landing", "identity", "staging", "quarantine"] {
        let folder = city.data().join(name);
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{name}");
    }
    let key = city.data().join("identity/pseudonym.key");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_bad_row_is_told_by_its_place_and_kept_apart() {
    let city = City::empty();
    let village = Village::new();
    village.deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    let damaged = roster.replacen(",居民身份证,14100220080302", ",居民身份证,14100220080399", 1);
    assert_ne!(roster, damaged);
    fs::write(&file, &damaged).unwrap();
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10));
    let everything = text(&output.stdout) + &text(&output.stderr);
    assert!(!everything.contains("14100220080399"));
    let findings = city.table("finding");
    let finding = findings.iter().find(|row| row["rule"] == "E-ID-FORMAT").unwrap();
    assert_eq!(
        (
            finding["file"].as_str(),
            finding["row"].as_str(),
            finding["column"].as_str(),
            finding["header"].as_str()
        ),
        ("2024/students/all.csv", "3", "F", "身份证件号")
    );
    assert!(findings.iter().all(|row| row.values().all(|value| !value.contains("14100220080399"))));
    let kept: String =
        files(&city.data().join("quarantine")).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(kept.contains("14100220080399"));
}

/// A text as it may be hidden in a file: UTF-8, GBK, hexadecimal digits, base64 at each alignment.
pub fn disguises(canary: &str) -> Vec<Vec<u8>> {
    let (gbk, _, _) = encoding_rs::GBK.encode(canary);
    let mut forms = vec![canary.as_bytes().to_vec(), gbk.to_vec()];
    for bytes in [canary.as_bytes(), gbk.as_ref()] {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_uppercase().into_bytes());
        forms.push(hex.into_bytes());
        for shift in 0..3 {
            let padded = [&b"\0\0"[..shift], bytes].concat();
            let encoded = base64(&padded);
            // The ends depend on what stands beside it.
            let (from, to) = (shift + usize::from(shift > 0), encoded.len() - 4);
            forms.push(encoded[from.max(shift * 4 / 3)..to].to_vec());
        }
    }
    forms.retain(|form| form.len() >= 6);
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        [18, 12, 6, 0].map(|shift| LETTERS[bits >> shift & 63])
    };
    bytes.chunks(3).flat_map(letters).collect()
}

#[test]
fn no_canary_leaves_the_restricted_folders_in_any_disguise() {
    let city = City::empty();
    let village = Village::new();
    village.deliver(&city);
    let id = with_check_digit("14100220080417123");
    let canaries = ["欧阳金丝雀", &id, &id[..17], "13912345678", "滨河路七号院九单元", "名册金丝雀"];
    // In good rows, bad rows, headers, sheet names and places where a number was expected.
    let file = city.drop_folder().join("2024/students/all.csv");
    let mut roster = fs::read_to_string(&file).unwrap();
    let row = |name: &str, id: &str, birth: &str, status: &str| {
        format!(
            "{},{name},男,{birth},居民身份证,{id},汉族,统一招生考试/普通入学,202309,护理,{status}\n",
            crate::support::YAODU
        )
    };
    roster += &row(canaries[0], &id, "2008-04-17", "在读");
    roster += &row(canaries[0], &id, canaries[3], canaries[4]);
    roster += &row(&id, canaries[0], "2008-04-17", "在读");
    roster += &format!("{},{}\n", canaries[0], id);
    roster += &format!("\"{},{}\n", canaries[0], id);
    fs::write(&file, roster).unwrap();
    city.deliver("2024/students/headers.csv", format!("学校标识码,{},{}\n1,2,3\n", canaries[0], id));
    city.deliver("2024/students/cut.xls", format!("<table><tr><td>{}</td><td>{id}", canaries[0]));
    city.deliver("2024/staff/wrong.csv", format!("{id},{},{}\n", canaries[0], canaries[3]));
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name(canaries[5]).unwrap();
    sheet.write_string(0, 0, canaries[4]).unwrap();
    sheet.write_string(1, 0, &id).unwrap();
    city.deliver("2024/filings/f.xlsx", book.save_to_buffer().unwrap());
    city.deliver(&format!("2024/students/{id}.csv"), "x,y\n1,2\n");
    city.deliver(&format!("2024/students/班{}/名册.csv", canaries[3]), "x,y\n1,3\n");
    let mut bundle = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    bundle.start_file(format!("{id}.csv"), zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut bundle, b"x,y\n1,4\n").unwrap();
    city.deliver("2024/students/all.zip", bundle.finish().unwrap().into_inner());
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let shown = city.nianbao(&["runs", "show", "latest"]);
    let mut looked_at: Vec<(String, Vec<u8>)> = vec![
        ("output".into(), [output.stdout, output.stderr].concat()),
        ("ledger".into(), [shown.stdout, shown.stderr].concat()),
    ];
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    for path in
        files(&city.data()).iter().filter(|path| restricted.iter().all(|zone| !path.starts_with(zone)))
    {
        let name = path.display().to_string();
        looked_at.push((name.clone(), name.clone().into_bytes()));
        looked_at.push((name.clone(), fs::read(path).unwrap()));
        // Compressed pages hide what they hold from a search of their bytes.
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let cells: Vec<String> =
                read(path).into_iter().flat_map(std::collections::BTreeMap::into_values).collect();
            looked_at.push((name, cells.join("\n").into_bytes()));
        }
    }
    assert!(looked_at.len() > 60, "{}", looked_at.len());
    let finder = |form: &[u8]| {
        looked_at.iter().find(|(_, bytes)| bytes.windows(form.len()).any(|window| window == form))
    };
    for canary in canaries {
        for form in disguises(canary) {
            let found = finder(&form).map(|(name, _)| name);
            assert_eq!(found, None, "{canary} as {}", text(&form));
        }
    }
    // The test sees what is there: the school's code is in the open, in its own spelling.
    assert!(finder(crate::support::YAODU.as_bytes()).is_some());
    // The canaries did go through: they are kept where they belong.
    let kept: Vec<u8> =
        files(&city.data().join("quarantine")).iter().flat_map(|path| fs::read(path).unwrap()).collect();
    assert!(text(&kept).contains(canaries[0]) && text(&kept).contains(canaries[4]));
}
