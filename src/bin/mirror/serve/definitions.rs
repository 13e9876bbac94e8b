//! The `sources.toml` with which a client pulls from the running server.

use std::fmt::Write;

use crate::national::dataset::Dataset;
use crate::serve::rows::{DATASETS, fields, key, topic};
use crate::serve::site::{APPID, KEY, Origins, PASSWORD, SECRET, SID, USER};

/// The variables that the definitions name, with their values.
pub const SECRETS: [(&str, &str); 6] = [
    ("MIRROR_SID", SID),
    ("MIRROR_KEY", KEY),
    ("MIRROR_APPID", APPID),
    ("MIRROR_SECRET", SECRET),
    ("MIRROR_USER", USER),
    ("MIRROR_PASSWORD", PASSWORD),
];

const LIMITS: &str = "limits = { parallel = 2, per_minute = 100000, per_day = 100000, connect = \"2s\", idle = \"5s\", \
     total = \"60s\", wire = \"256MiB\", decoded = \"256MiB\", min_rate = 1000 }";

const ERRORS: &str = "error = [\n  { path = \"code\", in = [\"401\"], is = \"reauth\" },\n  { path = \"code\", in = [\"403\"], is = \"denied\" },\n  \
     { path = \"code\", in = [\"500\"], is = \"down\" },\n  { path = \"msg\", has = \"随机数\", is = \"slow\" },\n  \
     { path = \"msg\", has = \"验证码\", is = \"captcha\" },\n  { path = \"msg\", has = \"频繁\", is = \"slow\" },\n  \
     { path = \"msg\", has = \"配额\", is = \"quota\" },\n  { path = \"msg\", has = \"已有任务\", is = \"exists\" },\n]";

const SIGNED: &str = "vars = { sid = \"env:MIRROR_SID\", rid = \"rid-1\" }\n\
     sign = { alg = \"hmac-sha256\", key = \"env:MIRROR_KEY\", text = \"{sid}{rid}{ms}\", out = \"base64\", header = \"gjgxjhpt_sign\" }\n\
     headers = { gjgxjhpt_sid = \"{sid}\", gjgxjhpt_rid = \"{rid}\", gjgxjhpt_ms = \"{ms}\", nonce = \"{nonce}\" }";

/// Which dialect gives which dataset, as `gateway=students,jobs=graduates`.
#[derive(Debug, Clone)]
pub struct Pull {
    dialect: String,
    pub dataset: Dataset,
}

impl Pull {
    /// Whether files come of it and not pages.
    pub fn is_of_files(&self) -> bool {
        ["jobs", "files"].contains(&self.dialect.as_str())
    }
}

pub const DIALECTS: [&str; 7] = ["gateway", "token", "md5", "sm3", "session", "jobs", "files"];

pub fn pull(text: &str) -> Result<Pull, String> {
    let (dialect, name) = text.split_once('=').ok_or_else(|| format!("`{text}` is not DIALECT=DATASET"))?;
    if !DIALECTS.contains(&dialect) {
        return Err(format!("no dialect `{dialect}`: {}", DIALECTS.join(", ")));
    }
    let dataset = DATASETS.into_iter().find(|dataset| dataset.name() == name);
    let dataset = dataset.ok_or_else(|| format!("`{name}` is not served: students, graduates, staff"))?;
    Ok(Pull { dialect: dialect.to_owned(), dataset })
}

/// The definitions of some pulls, a source for each dialect.
pub fn sources(pulls: &[Pull], origins: &Origins, years: &[u16]) -> String {
    let mut text = String::from("# Written by `mirror serve`; the secrets are in the environment.\n");
    for dialect in DIALECTS {
        let own: Vec<&Pull> = pulls.iter().filter(|pull| pull.dialect == dialect).collect();
        if own.is_empty() {
            continue;
        }
        let _ = write!(text, "\n[source.{dialect}]\n{}\n{LIMITS}\n", source(dialect, origins));
        for pull in own {
            let years = match years {
                [first, .., last] => format!("{first}..{last}"),
                years => years.iter().map(u16::to_string).collect(),
            };
            let _ = write!(
                text,
                "\n[[source.{dialect}.pull]]\ndataset = \"{}\"\nyears = \"{years}\"\n{}\n",
                pull.dataset.name(),
                body(dialect, pull.dataset)
            );
        }
    }
    text
}

fn source(dialect: &str, origins: &Origins) -> String {
    let Origins { main, files, .. } = origins;
    let ok = |path: &str, good: &str| format!("ok = {{ path = \"{path}\", in = [\"{good}\"] }}\n{ERRORS}");
    let hashed = |algorithm: &str| {
        format!(
            "base = \"{main}/token\"\n{}\nvars = {{ appid = \"env:MIRROR_APPID\" }}\n\
             sign = {{ alg = \"{algorithm}\", key = \"env:MIRROR_SECRET\", text = \"{{appid}}{{ms}}{{nonce}}{{key}}\", out = \"hex\", header = \"x-sign\" }}\n\
             headers = {{ x-appid = \"{{appid}}\", x-ms = \"{{ms}}\", x-nonce = \"{{nonce}}\" }}",
            ok("code", "0")
        )
    };
    match dialect {
        "gateway" => format!(
            "base = \"{main}/gateway\"\n{}\n{SIGNED}\nclock = {{ get = \"/time\", path = \"data.ms\" }}",
            ok("code", "0")
        ),
        "jobs" => {
            format!("base = \"{main}/jobs\"\nfile_origins = [\"{files}\"]\n{}\n{SIGNED}", ok("code", "0"))
        }
        "files" => format!("base = \"{main}/files\"\n{}\n{SIGNED}", ok("code", "0")),
        "md5" | "sm3" => hashed(dialect),
        "token" => format!(
            "base = \"{main}/token\"\n{}\nlogin = {{ post = \"/auth/token\", json = {{ appid = \"env:MIRROR_APPID\", secret = \"env:MIRROR_SECRET\" }}, \
             token = \"data.token\", lasts = \"data.expires_in\", header = \"Authorization\", value = \"Bearer {{token}}\" }}",
            ok("code", "0")
        ),
        _ => format!(
            "base = \"{main}/session\"\n{}\nlogin = {{ post = \"/login\", form = {{ username = \"env:MIRROR_USER\", password = \"env:MIRROR_PASSWORD\" }}, cookie = \"JSESSIONID\" }}",
            ok("success", "true")
        ),
    }
}

fn body(dialect: &str, dataset: Dataset) -> String {
    let topic = topic(dataset);
    let key = key(dataset);
    let files = "files = { rows = \"data.files\", url = \"url\", name = \"name\", size = \"size\", sha256 = \"sha256\", count = \"rows\" }";
    let paged = |query: &str, first: usize, rows: &str, total: &str| {
        let names: Vec<String> =
            fields(dataset).into_iter().map(|(field, header)| format!("{field} = \"{header}\"")).collect();
        format!(
            "get = \"/{topic}/page\"\nquery = {{ xn = \"{{year}}\", {query} }}\n\
             page = {{ first = {first}, size = 500, rows = \"{rows}\", total = \"{total}\", key = \"{key}\" }}\n\
             echo = {{ row = \"xn\", equals = \"{{year}}\" }}\nrename = {{ {} }}",
            names.join(", ")
        )
    };
    let of_token = |more: &str| {
        let query = format!("pageIndex = \"{{page}}\", limit = \"{{size}}\"{more}");
        paged(&query, 0, "data.rows", "data.total")
    };
    match dialect {
        "gateway" => {
            paged("pageNo = \"{page}\", pageSize = \"{size}\"", 1, "data.datas", "data.totalDataCount")
        }
        "token" => of_token(""),
        "md5" | "sm3" => of_token(&format!(", sign = \"{dialect}\"")),
        "session" => paged(
            "pageNumber = \"{page}\", pageSize = \"{size}\"",
            1,
            "result.records",
            "result.totalElements",
        ),
        "jobs" => format!(
            "create = {{ post = \"/export/create\", json = {{ type = \"{topic}\", xn = \"{{year}}\" }}, id = \"data.taskId\" }}\n\
             find = {{ get = \"/export/list\", query = {{ type = \"{topic}\", xn = \"{{year}}\" }}, rows = \"data.list\", id = \"taskId\", state = \"state\" }}\n\
             poll = {{ get = \"/export/status\", query = {{ taskId = \"{{job}}\" }}, state = \"data.state\", done = [\"SUCCESS\"], failed = [\"FAILED\"], \
             every = \"100ms\", most = \"5s\", count = \"data.fileCount\" }}\n{files}"
        ),
        _ => format!(
            "list = {{ get = \"/index\", query = {{ xn = \"{{year}}\", type = \"{topic}\" }} }}\n{files}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_is_defined_in_sound_toml() {
        let pulls: Vec<Pull> =
            DIALECTS.iter().map(|dialect| pull(&format!("{dialect}=staff")).unwrap()).collect();
        let origins = Origins { main: "http://127.0.0.1:1".to_owned(), ..Origins::default() };
        let text = sources(&pulls, &origins, &[2023, 2024]);
        let table: toml::Table = text.parse().unwrap();
        for dialect in DIALECTS {
            let source = &table["source"][dialect];
            assert_eq!(source["pull"][0]["years"].as_str(), Some("2023..2024"), "{dialect}");
            assert!(source["base"].as_str().unwrap().starts_with("http://127.0.0.1:1/"));
        }
        assert!(pull("gateway=schools").is_err());
        assert!(pull("ftp=staff").is_err());
    }
}
