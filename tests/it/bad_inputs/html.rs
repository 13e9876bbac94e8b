//! Section D: something else called `.xls`.

use super::{Case, Roster, check, gbk, zip};

fn case(id: &'static str, input: &'static str, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.xls", dataset: "students", bytes: bytes.into(), expected }
}

const CLEAN: &str = "decoded 1000+0+0+1";

fn roster(id: &str) -> Roster {
    Roster::of(id, 1_000)
}

/// The rows of a roster, each in `<tr>`.
fn rows(roster: &Roster) -> String {
    let row = |cells: &Vec<String>| {
        let cells: String =
            cells.iter().map(|cell| format!("<td style=\"mso-number-format:'\\@'\">{cell}</td>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    std::iter::once(&roster.header).chain(&roster.rows).map(row).collect()
}

fn page(charset: &str, body: &str) -> String {
    format!(
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset={charset}\"></head>\
         <body>{body}</body></html>"
    )
}

fn table(id: &str) -> String {
    format!("<table>\n{}</table>", rows(&roster(id)))
}

#[test]
fn content_decides_what_a_file_called_xls_is() {
    let mut cases = tables();
    cases.extend(other_formats());
    check("D", &cases);
}

fn tables() -> Vec<Case> {
    let d03 = {
        let menu = "<table><tr><td>首页<td>退出</table>";
        let cells =
            |names: &[String]| names.iter().map(|name| format!("<th>{name}</th>")).collect::<String>();
        let clean = roster("D03");
        let two_rows = format!(
            "<tr><th rowspan=2>{}</th><th colspan=10>基本信息</th></tr><tr>{}</tr>\n",
            clean.header[0],
            cells(&clean.header[1..])
        );
        let body = rows(&clean).split_once('\n').unwrap().1.to_owned();
        page("utf-8", &format!("<table><tr><td>{menu}<table>{two_rows}{body}</table></table>"))
    };
    let d04 = table("D04").replace("欧阳", "欧阳&nbsp;").replace("汉族", "<br>汉族");
    let open = table("D05").replace("</table>", "");
    let within = table("D05b").rsplit_once("<td").unwrap().0.to_owned();
    let scripts = "<script>document.write('<table>')</script><img src=\"http://127.0.0.1:9/x.png\">\
        <img src=\"data:image/png;base64,AAAA\">";
    vec![
        case("D01", "a page in GBK", gbk(&page("gb2312", &table("D01"))), CLEAN),
        case(
            "D02",
            "a page in UTF-8 with a mark that says gb2312",
            format!("\u{feff}{}", page("gb2312", &table("D02"))),
            "decoded 1000+0+0+1 W-ENC-CONFLICT",
        ),
        case("D03", "tables in tables, a header of two rows", d03, "decoded 1000+0+0+4"),
        case(
            "D03b",
            "no table that fits",
            page("utf-8", "<table><tr><td>菜单<td>退出</table>"),
            "rejected E-HDR-UNKNOWN",
        ),
        case("D04", "entities, line breaks, styles", page("utf-8", &d04), CLEAN),
        case("D05", "a table that is not closed", open, "set_aside 0+1000+0+1 E-TRUNC@1001"),
        case("D05b", "a row that is not closed", within, "set_aside 0+1000+0+1 E-TRUNC@1001"),
        case("D06", "scripts and images", page("utf-8", &(scripts.to_owned() + &table("D06"))), CLEAN),
        case(
            "D10",
            "a page that says the session is over",
            page("utf-8", "<h1>会话超时，请重新登录</h1>"),
            "rejected E-NOT-DATA",
        ),
        case(
            "D10b",
            "a login laid out in a table",
            page(
                "utf-8",
                "<table><tr><td>用户名<td><input><tr><td>密码<td><input type=\"password\"></table>",
            ),
            "rejected E-NOT-DATA",
        ),
        case("D10c", "a few words", "会话超时，请重新登录\n", "rejected E-NOT-DATA"),
    ]
}

fn other_formats() -> Vec<Case> {
    let bundle = zip(&[("一班.csv", roster("D11").csv().as_bytes()), ("说明.csv", "会话超时".as_bytes())]);
    let spreadsheet = "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n\
        <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"></Workbook>";
    vec![
        case("D07", "tabs in GBK", gbk(&roster("D07").csv().replace(',', "\t")), CLEAN),
        case("D08", "SpreadsheetML 2003", spreadsheet, "rejected E-FMT"),
        case("D08b", "MHTML", "MIME-Version: 1.0\nContent-Type: multipart/related\n\n", "rejected E-FMT"),
        case("D09", "a workbook of another kind", roster("D09").xlsx(), CLEAN),
        Case {
            file: "名册.xlsx",
            ..case("D09b", "the other way round", super::xls::biff8(&roster("D09b")), CLEAN)
        },
        case("D11", "a bundle of texts", bundle, "decoded 1000+0+0+1 / rejected E-NOT-DATA"),
        case("D11b", "rar", b"Rar!\x1a\x07\x01\x00xxxx", "rejected E-FMT"),
        case("D11c", "7z", b"7z\xbc\xaf\x27\x1cxxxx", "rejected E-FMT"),
    ]
}
