//! Rules that clippy cannot check: the order of modules, and what stages must not do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::files;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Library files with the code above their tests.
fn library() -> Vec<(String, String)> {
    files(&source())
        .into_iter()
        .filter(|path| !path.starts_with(source().join("bin")))
        .map(|path| {
            let name = path.strip_prefix(source()).unwrap().display().to_string();
            let text = fs::read_to_string(&path).unwrap();
            (name, text.split("#[cfg(test)]").next().unwrap().to_owned())
        })
        .collect()
}

fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn a_module_uses_only_those_above_it() {
    let tour = fs::read_to_string(source().join("lib.rs")).unwrap();
    let order: Vec<&str> =
        tour.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 15);
    let place = |module: &str| order.iter().position(|known| *known == module);
    let mut below = Vec::new();
    for (file, code) in library() {
        let Some(own) = place(module_of(&file)) else { continue };
        for used in code.split("crate::").skip(1) {
            let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if place(used).is_some_and(|used| used > own) {
                below.push(format!("{file} uses {used}"));
            }
        }
    }
    assert_eq!(below, Vec::<String>::new());
}

/// The module of a library file: `checks::rules::sums` of `checks/rules/sums.rs`.
fn path_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// Reads one path, or a tree of them in braces, and says how far it goes.
fn read_paths(text: &str, begun: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = begun.to_vec();
    let mut at = 0;
    let skip = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    loop {
        at = skip(at);
        if text[at..].starts_with('{') {
            at += 1;
            while !text[at..].is_empty() && !text[at..].starts_with('}') {
                at += read_paths(&text[at..], &path, paths);
                at += text[at..].find([',', '}']).unwrap_or(text.len() - at);
                at = skip(at + usize::from(text[at..].starts_with(',')));
            }
            return at + 1;
        }
        let end = text[at..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len() - at);
        path.push(text[at..at + end].to_owned());
        at += end;
        if !text[at..].starts_with("::") {
            paths.push(path);
            return at;
        }
        at += 2;
    }
}

/// Every path of some code that begins with one of the words.
fn paths_from(code: &str, words: &[&str]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for word in words {
        for (at, _) in code.match_indices(&format!("{word}::")) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
                read_paths(&code[at..], &[], &mut paths);
            }
        }
    }
    paths
}

/// Which files each library file uses. A child may use the `mod.rs` above it.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let files: BTreeMap<Vec<String>, String> =
        library().into_iter().map(|(file, _)| (path_of(&file), file)).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, code) in library().into_iter().filter(|(file, _)| !["lib.rs", "main.rs"].contains(&&**file)) {
        let module = path_of(&file);
        let code: String =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let children: Vec<&str> = files
            .keys()
            .filter(|path| path.len() == module.len() + 1 && path.starts_with(&module))
            .filter_map(|path| path.last().map(String::as_str))
            .collect();
        let mut paths: Vec<Vec<String>> = Vec::new();
        for path in paths_from(&code, &[&["crate", "super", "self"], &*children].concat()) {
            let mut at = module.clone();
            let mut rest = path.as_slice();
            if rest[0] == "crate" {
                (at, rest) = (Vec::new(), &rest[1..]);
            }
            while rest.first().is_some_and(|word| word == "super") {
                at.pop();
                rest = &rest[1..];
            }
            at.extend(rest.iter().filter(|word| *word != "self").cloned());
            paths.push(at);
        }
        let files_used = paths.into_iter().filter_map(|mut path| {
            while !path.is_empty() && !files.contains_key(&path) {
                path.pop();
            }
            (!path.is_empty() && !module.starts_with(&path)).then(|| files[&path].clone())
        });
        uses.insert(file, files_used.collect());
    }
    uses
}

#[test]
fn files_use_each_other_in_one_direction() {
    let uses = uses();
    assert!(uses.values().map(BTreeSet::len).sum::<usize>() > 500);
    let reached = |from: &String| {
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut open: Vec<&String> = uses[from].iter().collect();
        while let Some(file) = open.pop() {
            if reached.insert(file) {
                open.extend(uses.get(file).into_iter().flatten());
            }
        }
        reached
    };
    let all: BTreeMap<&String, BTreeSet<&String>> = uses.keys().map(|file| (file, reached(file))).collect();
    let circle = |file: &&String| {
        let with: Vec<&str> = all
            .keys()
            .filter(|other| all[file].contains(*other) && all[*other].contains(file))
            .map(|file| file.as_str())
            .collect();
        with.join(" ")
    };
    let circles: BTreeSet<String> = all.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
    assert_eq!(circles, BTreeSet::new());
}

#[test]
fn every_module_is_in_the_tour() {
    let tour = fs::read_to_string(source().join("lib.rs")).unwrap();
    for module in tour.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')) {
        assert!(tour.contains(&format!("[`{module}`]")), "{module}");
    }
}

#[test]
fn stages_over_values_read_no_files_and_no_clock() {
    for (file, code) in library() {
        let reads_files = ["definitions/source.rs", "figures/stored.rs", "figures/combinations.rs"];
        let is_pure = matches!(
            module_of(&file),
            "number" | "figure" | "finding" | "definitions" | "normalise" | "figures" | "checks"
        );
        if is_pure && !reads_files.contains(&file.as_str()) {
            for word in ["std::fs", "File::", "std::io"] {
                assert!(!code.contains(word), "{file} has {word}");
            }
        }
        if module_of(&file) != "cli" {
            for word in ["SystemTime::now", "ZonedDateTime::now", "Timestamp::now"] {
                assert!(!code.contains(word), "{file} reads the clock");
            }
        }
    }
}

#[test]
fn nothing_unwraps_outside_tests() {
    for (file, code) in library() {
        for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!("] {
            assert!(!code.contains(word), "{file} has {word}");
        }
    }
}

#[test]
fn the_mirror_shares_no_code_with_the_pipeline() {
    let mirror = files(&source().join("bin/mirror"));
    assert!(mirror.len() > 5);
    for path in mirror.iter().filter(|path| path.extension().is_some_and(|e| e == "rs")) {
        assert!(!fs::read_to_string(path).unwrap().contains("nianbao::"), "{}", path.display());
    }
}

/// Modules that a file declares, in its order.
fn declared(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let names = text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    names.filter_map(|name| name.strip_suffix(';')).map(str::to_owned).collect()
}

/// Files of the mirror in the order of its tour, as `room::file`.
fn tour_of_the_mirror() -> Vec<String> {
    let mirror = source().join("bin/mirror");
    let mut tour = Vec::new();
    for room in declared(&mirror.join("main.rs")) {
        let inside = mirror.join(&room).join("mod.rs");
        if inside.exists() {
            tour.extend(declared(&inside).iter().map(|file| format!("{room}::{file}")));
        } else {
            tour.push(room);
        }
    }
    tour
}

#[test]
fn a_file_of_the_mirror_uses_only_those_above_it() {
    let tour = tour_of_the_mirror();
    assert!(tour.len() > 30);
    let place = |path: &str| {
        let is_within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        tour.iter().rposition(|file| is_within(path, file) || is_within(file, path))
    };
    let mut below = Vec::new();
    for (own, file) in tour.iter().enumerate() {
        let path = source().join("bin/mirror").join(file.replace("::", "/")).with_extension("rs");
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for used in code.split("crate::").skip(1) {
            let used = used.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap();
            if place(used.trim_end_matches("::")).is_none_or(|used| used > own) {
                below.push(format!("{file} uses {used}"));
            }
        }
        if code.contains("super::") {
            below.push(format!("{file} says super"));
        }
    }
    assert_eq!(below, Vec::<String>::new());
}

#[test]
fn every_room_of_the_mirror_is_in_its_tour() {
    let main = source().join("bin/mirror/main.rs");
    let tour = fs::read_to_string(&main).unwrap();
    for room in declared(&main) {
        assert!(tour.contains(&format!("//! - [`{room}`]:")), "{room}");
    }
}

#[test]
fn the_two_readmes_have_the_same_sections() {
    let root = source().join("..");
    let sections = |name: &str| {
        let text = fs::read_to_string(root.join(name)).unwrap();
        text.lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.split(' ').next().unwrap().len())
            .collect::<Vec<_>>()
    };
    assert_eq!(sections("README.md"), sections("README.zh-CN.md"));
    for name in ["README.md", "README.zh-CN.md"] {
        let lines = fs::read_to_string(root.join(name)).unwrap().lines().count();
        assert!(lines <= 200, "{name} has {lines} lines: it says where to read on");
    }
    for folder in ["docs/guide", "docs/reference"] {
        for path in files(&root.join(folder).join("zh-CN")) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (english, chinese) = (format!("{folder}/{name}"), format!("{folder}/zh-CN/{name}"));
            assert_eq!(sections(&english), sections(&chinese), "{english}");
        }
    }
    let english = |path: &PathBuf| !path.to_string_lossy().contains("zh-CN");
    assert_eq!(
        files(&root.join("docs/guide")).iter().filter(|path| english(path)).count(),
        files(&root.join("docs/guide/zh-CN")).len()
    );
}

/// Words that this code once had, and that a reader stumbles over.
const WORDS: [&str; 8] = ["told", "tell", "tells", "nobody", "somebody", "anybody", "whoever", "Whoever"];

#[test]
fn comments_and_names_are_plain_english() {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let has = |line: &str, words: &str| {
        line.match_indices(words).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + words.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    };
    let mut found = Vec::new();
    for (file, code) in library() {
        for line in code.lines() {
            let comment = line.trim_start().strip_prefix("//");
            let words = WORDS.iter().filter(|words| comment.is_some_and(|comment| has(comment, words)));
            found.extend(words.map(|words| format!("{file}: {words}: {line}")));
            let name =
                comment.is_none() && (has(line, "let told") || has(line, "fn told") || has(line, "fn tell"));
            found.extend(name.then(|| format!("{file}: {line}")));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
