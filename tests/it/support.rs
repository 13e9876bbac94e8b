//! Cities to run on, and readers for what a run leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use arrow::util::display::array_value_to_string;
use calamine::{Reader, Xlsx, open_workbook};
use nianbao::number::Decimal;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_xlsxwriter::Workbook;
use tempfile::TempDir;

/// A row of a table: column → text; nulls are left out.
pub type Record = BTreeMap<String, String>;

/// A drop folder and a data root of their own.
pub struct City {
    folder: TempDir,
}

impl City {
    pub fn empty() -> Self {
        let city = City { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(city.drop_folder()).unwrap();
        city
    }

    /// A whole synthetic city, not yet run.
    pub fn mirrored(seed: u32) -> Self {
        let city = City { folder: tempfile::tempdir().unwrap() };
        let drop = city.drop_folder();
        let output = Command::new(env!("CARGO_BIN_EXE_mirror"))
            .args(["generate", "--seed", &seed.to_string(), "--out"])
            .arg(&drop)
            .args(["--year", "2023", "--year", "2024"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        city
    }

    pub fn drop_folder(&self) -> PathBuf {
        self.folder.path().join("drop")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("var")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a delivery; `file` is the path below the drop folder.
    pub fn deliver(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.drop_folder().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// `nianbao` with this city's folders.
    pub fn nianbao(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_nianbao"))
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .env("NIANBAO_DROP_DIR", self.drop_folder())
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    /// Runs, and expects a published release.
    pub fn run(&self) -> serde_json::Value {
        self.run_with(&[])
    }

    pub fn run_with(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.nianbao(&[&["run", "--json"], arguments].concat());
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 10)), "exit {code:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The folder that `CURRENT.json` names, and nothing else says.
    pub fn release(&self) -> PathBuf {
        let warehouse = self.data().join("warehouse");
        let current: serde_json::Value =
            serde_json::from_slice(&fs::read(warehouse.join("CURRENT.json")).unwrap()).unwrap();
        warehouse.join(current["path"].as_str().unwrap())
    }

    /// All rows of a table of the current release.
    pub fn table(&self, table: &str) -> Vec<Record> {
        let folder = self.release().join("tables").join(table);
        files(&folder).iter().flat_map(|path| read(path)).collect()
    }
}

/// The city of seed 1, generated and run once for all tests that only read it.
pub fn whole_city() -> &'static City {
    static CITY: OnceLock<City> = OnceLock::new();
    CITY.get_or_init(|| {
        let city = City::mirrored(1);
        city.run();
        city
    })
}

/// Every row of a Parquet file.
pub fn read(path: &Path) -> Vec<Record> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let mut records = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let value = |(index, field): (usize, &std::sync::Arc<arrow::datatypes::Field>)| {
                let column = batch.column(index);
                let text = || array_value_to_string(column, row).unwrap();
                (!column.is_null(row)).then(|| (field.name().clone(), text()))
            };
            records.push(schema.fields().iter().enumerate().filter_map(value).collect());
        }
    }
    records
}

/// A workbook as people see it: sheets of rows of texts.
pub type Sheets = Vec<(String, Vec<Vec<String>>)>;

pub fn sheets(path: &Path) -> Sheets {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let names = book.sheet_names();
    names
        .into_iter()
        .map(|name| {
            let range = book.worksheet_range(&name).unwrap();
            let (height, width) = range.end().map_or((0, 0), |(row, column)| (row + 1, column + 1));
            let cell =
                |row, column| range.get_value((row, column)).map(ToString::to_string).unwrap_or_default();
            let rows = (0..height).map(|row| (0..width).map(|column| cell(row, column)).collect()).collect();
            (name, rows)
        })
        .collect()
}

/// Writes sheets as a person's spreadsheet program would save them.
pub fn save(sheets: &Sheets, path: &Path) {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (at, row) in (0..).zip(rows) {
            for (column, text) in (0..).zip(row) {
                sheet.write_string(at, column, text).unwrap();
            }
        }
    }
    book.save(path).unwrap();
}

/// All files below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn get<'a>(record: &'a Record, column: &str) -> &'a str {
    record.get(column).map_or("", String::as_str)
}

pub fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("`{text}` is no decimal"))
}

/// A small city given row by row, for tests that change one of the rows.
#[derive(Clone, Default)]
pub struct Village {
    pub students: Vec<Student>,
    pub graduates: Vec<Graduate>,
}

#[derive(Clone)]
pub struct Student {
    pub school: &'static str,
    pub serial: u32,
    pub major: &'static str,
    pub status: &'static str,
    pub entered_by: &'static str,
}

#[derive(Clone)]
pub struct Graduate {
    pub school: &'static str,
    pub serial: u32,
    pub major: &'static str,
    pub destination: &'static str,
    pub form: &'static str,
    pub matched: &'static str,
}

pub const YAODU: &str = "3614000001";
pub const HONGTONG: &str = "3614000002";
pub const PROVINCIAL: &str = "3614000003";

impl Village {
    /// Three schools, nine students, six graduates.
    pub fn new() -> Self {
        let mut village = Village::default();
        for (serial, school) in
            [YAODU, YAODU, YAODU, YAODU, HONGTONG, HONGTONG, HONGTONG, PROVINCIAL, PROVINCIAL]
                .into_iter()
                .enumerate()
        {
            let serial = u32::try_from(serial).unwrap();
            let major = if serial % 2 == 0 { "计算机应用" } else { "护理" };
            village.students.push(Student {
                school,
                serial,
                major,
                status: "在读",
                entered_by: "统一招生考试/普通入学",
            });
        }
        for (serial, (school, destination, form, matched)) in [
            (YAODU, "10", "", ""),
            (YAODU, "20", "灵活就业", "否"),
            (YAODU, "20", "签订合同或协议", "是"),
            (HONGTONG, "升学", "", ""),
            (HONGTONG, "30-参军", "", "否"),
            (PROVINCIAL, "60", "", ""),
        ]
        .into_iter()
        .enumerate()
        {
            let serial = 100 + u32::try_from(serial).unwrap();
            village.graduates.push(Graduate { school, serial, major: "710201", destination, form, matched });
        }
        village
    }

    pub fn deliver(&self, city: &City) {
        city.deliver("2024/schools/register.csv", register());
        let mut students = String::from(
            "学校标识码,姓名,性别,出生日期,身份证件类型,身份证件号,民族,入学方式,入学年月,专业名称,学生当前状态\n",
        );
        for s in &self.students {
            let (id, birth, sex) = identity(s.serial);
            students += &format!(
                "{},{},{sex},{birth},居民身份证,{id},汉族,{},202409,{},{}\n",
                s.school,
                name(s.serial),
                s.entered_by,
                s.major,
                s.status
            );
        }
        city.deliver("2024/students/all.csv", students);
        let mut graduates = String::from(
            "学校标识码,毕业年份,姓名,性别,出生日期,身份证件类型,身份证件号,入学年月,专业代码,毕业去向,就业形式,升学层次,是否对口就业\n",
        );
        for g in &self.graduates {
            let (id, birth, sex) = identity(g.serial);
            graduates += &format!(
                "{},2024,{},{sex},{birth},居民身份证,{id},202109,{},{},{},,{}\n",
                g.school,
                name(g.serial),
                g.major,
                g.destination,
                g.form,
                g.matched
            );
        }
        city.deliver("2024/graduates/all.csv", graduates);
        let mut staff = String::from("学校标识码,姓名,身份证件类型,身份证件号,教职工类别,双师型,当前状态\n");
        for (serial, school) in (200..).zip([YAODU, YAODU, HONGTONG, PROVINCIAL]) {
            let (id, ..) = identity(serial);
            staff += &format!("{school},{},居民身份证,{id},专任教师,是,在职\n", name(serial));
        }
        city.deliver("2024/staff/all.csv", staff);
    }
}

/// A roster as it was a year before: this year's beginners began then.
pub fn a_year_before(roster: &str) -> String {
    roster.replace(",202409,", ",202309,")
}

pub fn register() -> String {
    let mut text = String::from(
        "学校标识码,学校名称,办学类型,举办者性质,隶属层级,属地管理行政区划码,学校状态,教职工额定编制数\n",
    );
    text += &format!("{YAODU},云岭职业学校,职业高中学校,公办,县属,141002,正常,30\n");
    text += &format!("{HONGTONG},晴川职业学校,职业高中学校,民办,县属,洪洞县(141024),正常,20\n");
    text += &format!("{PROVINCIAL},长风中等专业学校,中等技术学校,公办,省属,140000,正常,10\n");
    text
}

/// Invented; no two serials share one.
pub fn name(serial: u32) -> String {
    const GIVEN: [char; 10] = ['安', '宁', '文', '雅', '远', '晨', '浩', '然', '思', '齐'];
    let digit = |n: u32| GIVEN[n as usize % 10];
    format!("欧阳{}{}{}", digit(serial / 100), digit(serial / 10), digit(serial))
}

/// A sound ID number, its birth date and sex.
pub fn identity(serial: u32) -> (String, String, &'static str) {
    let body = format!("141002200803{:02}{:03}", serial % 28 + 1, serial % 1000);
    (
        with_check_digit(&body),
        format!("2008-03-{:02}", serial % 28 + 1),
        if serial % 2 == 1 { "男" } else { "女" },
    )
}

/// GB 11643-1999, written the obvious way.
pub fn with_check_digit(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(|(index, byte)| u32::from(byte - b'0') * (2_u32.pow(17 - u32::try_from(index).unwrap()) % 11))
        .sum();
    let digit = (12 - sum % 11) % 11;
    if digit == 10 { format!("{body}X") } else { format!("{body}{digit}") }
}
