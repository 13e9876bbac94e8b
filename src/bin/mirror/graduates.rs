//! Graduates with what became of them: student by student, and summed by major as the national
//! system exports it.

use std::collections::BTreeMap;

use crate::cells::{Cell, Style};
use crate::city::{COUNTIES, School};
use crate::majors::Major;
use crate::people::{self, Person, Registry};
use crate::plan::{Offer, SchoolPlan, YearPlan};
use crate::planted::{Fault, GRADUATE_DECK};
use crate::rng::Rng;
use crate::rows::{self, Entry, Roster};
use crate::sheet::{Line, Mark, Sheet, plant_duplicates};
use crate::students::birth;
use crate::totals::YEARS;

/// Every graduate of these years took the course of three years.
const COURSE_YEARS: u16 = 3;

pub const COLUMNS: [&str; 24] = [
    "学校标识码",
    "学校名称",
    "毕业年份",
    "学籍号",
    "姓名",
    "性别",
    "出生日期",
    "身份证件类型",
    "身份证件号",
    "民族",
    "入学年月",
    "毕业年月",
    "专业代码",
    "专业名称",
    "学制",
    "毕业去向",
    "就业形式",
    "升学层次",
    "是否对口就业",
    "社会单位性质",
    "单位所在地区划码",
    "就业产业",
    "单位名称",
    "联系电话",
];
const NAME_COLUMN: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Bachelor,
    College,
    Contract,
    Flexible,
    Startup,
    Enlisted,
    /// 待就业.
    Seeking,
    /// 其他.
    Other,
}

#[derive(Debug, Clone)]
pub struct Graduate {
    pub intake: u16,
    pub major: &'static Major,
    pub destination: Destination,
    pub matched: bool,
    /// 0 to 2 for 第一 to 第三产业; means something in direct employment only.
    pub industry: usize,
    /// What else the statistics count, each by its own column in the order of the export.
    employer: usize,
    place: usize,
    channel: usize,
    term: usize,
    pay: usize,
    route: usize,
    reason: usize,
}

impl Graduate {
    fn new(intake: u16, major: &'static Major, rng: &mut Rng) -> Self {
        Self {
            intake,
            major,
            destination: Destination::College,
            matched: false,
            industry: 2,
            employer: rng.weighted(&[1.0, 3.0, 8.0, 60.0, 28.0]),
            place: rng.weighted(&[86.0, 13.5, 0.5]),
            channel: rng.weighted(&[55.0, 10.0, 35.0]),
            term: rng.weighted(&[40.0, 35.0, 20.0, 5.0]),
            pay: rng.weighted(&[8.0, 42.0, 38.0, 12.0]),
            route: rng.weighted(&[5.0, 80.0, 0.3, 10.0, 4.7]),
            reason: 0,
        }
    }

    pub fn is_direct(&self) -> bool {
        use Destination::{Contract, Enlisted, Flexible, Startup};
        matches!(self.destination, Contract | Flexible | Startup | Enlisted)
    }

    pub fn is_further_study(&self) -> bool {
        matches!(self.destination, Destination::Bachelor | Destination::College)
    }

    pub fn is_unemployed(&self) -> bool {
        matches!(self.destination, Destination::Seeking | Destination::Other)
    }

    pub fn class(&self) -> &'static str {
        self.major.for_intake(self.intake).class
    }
}

/// The graduates of every school in both years; those of 2024 are on the 2023 roster.
pub fn rosters(
    schools: &[School],
    plans: &[SchoolPlan],
    graduating: &[Vec<(Person, &'static Major)>],
    seed: u64,
    registry: &mut Registry,
) -> Vec<[Roster<Graduate>; 2]> {
    let faults = YEARS.map(|year| {
        let mut rng = Rng::stream(seed, "graduate faults", usize::from(year));
        rows::deal(schools, GRADUATE_DECK, &mut rng, |_| None)
    });
    let mut rosters = Vec::with_capacity(schools.len());
    for (index, school) in schools.iter().enumerate() {
        let mut rng = Rng::stream(seed, "graduates", index);
        let plan = &plans[school.base];
        let earlier = earlier(school, plan, &mut rng, registry);
        let people = [earlier, graduating[index].clone()];
        let mut year = 0;
        rosters.push(people.map(|people| {
            let faults = &faults[year][index];
            let roster = roster(school, year, &plan.years[year], people, faults, &mut rng, registry);
            year += 1;
            roster
        }));
    }
    rosters
}

/// The graduates of 2023, who entered under the 2010 catalogue.
fn earlier(
    school: &School,
    plan: &SchoolPlan,
    rng: &mut Rng,
    registry: &mut Registry,
) -> Vec<(Person, &'static Major)> {
    let mut people = Vec::new();
    for (class, count) in &plan.years[0].graduates {
        let known =
            |offer: &&Offer| offer.major.class() == *class && offer.major.has_2010() && !offer.since_2024;
        let offers: Vec<&Offer> = plan.offers.iter().filter(known).collect();
        for _ in 0..*count {
            let birth = birth(YEARS[0] - COURSE_YEARS, rng);
            let person = registry.person(rng, school.home(), birth);
            people.push((person, rng.pick(&offers).major));
        }
    }
    people
}

fn roster(
    school: &School,
    year: usize,
    plan: &YearPlan,
    people: Vec<(Person, &'static Major)>,
    faults: &[Fault],
    rng: &mut Rng,
    registry: &mut Registry,
) -> Roster<Graduate> {
    let intake = YEARS[year] - COURSE_YEARS;
    let mut entries: Vec<Entry<Graduate>> = people
        .into_iter()
        .map(|(person, major)| Entry::new(person, Graduate::new(intake, major, rng)))
        .collect();
    assign(plan, &mut entries, rng);
    Roster::with_faults(entries, faults.iter(), rng, |_, rng| {
        let birth = birth(intake, rng);
        registry.person(rng, school.home(), birth)
    })
}

/// Sends exactly the planned numbers each way, and leaves the entries shuffled.
fn assign(plan: &YearPlan, entries: &mut [Entry<Graduate>], rng: &mut Rng) {
    let planned = &plan.destinations;
    rng.shuffle(entries);
    let ways = [
        (Destination::Contract, planned.contract),
        (Destination::Flexible, planned.flexible),
        (Destination::Startup, planned.startup),
        (Destination::Enlisted, planned.enlisted),
        (Destination::Bachelor, planned.bachelor),
        (Destination::College, planned.further_study - planned.bachelor),
        (Destination::Seeking, planned.unemployed),
    ];
    let ways = ways.iter().flat_map(|&(way, count)| std::iter::repeat_n(way, count));
    for (entry, way) in entries.iter_mut().zip(ways) {
        entry.record.destination = way;
        if way == Destination::Seeking {
            entry.record.reason = rng.weighted(&[70.0, 15.0, 15.0]);
        }
        if entry.record.reason > 0 {
            entry.record.destination = Destination::Other;
        }
    }
    let direct = &mut entries[..planned.direct()];
    rng.shuffle(direct);
    for entry in direct.iter_mut().take(planned.matched) {
        entry.record.matched = true;
    }
    rng.shuffle(direct);
    let [first, second, _] = planned.industries;
    for (index, entry) in direct.iter_mut().enumerate() {
        entry.record.industry = usize::from(index >= first) + usize::from(index >= first + second);
    }
    rng.shuffle(entries);
}

/// The rows of a roster. `rare_names` is for files whose encoding reaches beyond GBK.
pub fn lines(
    school: &School,
    year: usize,
    roster: &Roster<Graduate>,
    rare_names: bool,
    rng: &mut Rng,
) -> Vec<Line> {
    let writer = Writer {
        school,
        year: YEARS[year],
        style: Style::draw(rng),
        college: rng.pick(&["高职（专科）", "高职（专科）", "专科"]),
        contract: rng.pick(&["签订合同或协议", "签订合同或协议", "签定合同或就业协议"]),
    };
    let entries = roster.entries.iter();
    let mut lines: Vec<Line> =
        entries.map(|entry| Line::new(writer.cells(entry, rng), entry.mark())).collect();
    if rare_names {
        rows::make_names_rare(&mut lines, Some(NAME_COLUMN), rng);
    }
    plant_duplicates(&mut lines, roster.duplicates, rng);
    lines
}

struct Writer<'a> {
    school: &'a School,
    year: u16,
    style: Style,
    college: &'static str,
    contract: &'static str,
}

impl Writer<'_> {
    fn cells(&self, entry: &Entry<Graduate>, rng: &mut Rng) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(COLUMNS.len());
        self.identity(entry, rng, &mut cells);
        self.course(&entry.record, rng, &mut cells);
        cells.push(self.destination(entry));
        self.employment(&entry.record, rng, &mut cells);
        let phone = people::phone(rng);
        cells.push(self.style.digits(rng, &phone));
        cells
    }

    fn identity(&self, entry: &Entry<Graduate>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let style = &self.style;
        let person = &entry.person;
        let prefix = if person.is_resident() { "G" } else { "L" };
        let year = match entry.fault {
            Some(Fault::YearOther) => "2022".to_owned(),
            _ => self.year.to_string(),
        };
        cells.push(style.digits(rng, &self.school.code));
        cells.push(style.text(rng, &self.school.name));
        cells.push(year.into());
        cells.push(format!("{prefix}{}", rows::written_number(person, entry.fault)).into());
        cells.push(style.text(rng, &person.name));
        cells.push(style.sex(person.male));
        cells.push(rows::birth_cell(style, person, entry.fault, rng));
        cells.push(rows::document_kind(style, person, rng));
        cells.push(rows::number_cell(style, person, entry.fault, rng));
        cells.push(style.ethnicity.write(person.ethnicity.0, person.ethnicity.1));
    }

    fn course(&self, graduate: &Graduate, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let kept = graduate.major.for_intake(graduate.intake);
        let month = if rng.chance(0.1) { 6 } else { 7 };
        cells.push(self.style.month(rng, graduate.intake, 9));
        cells.push(self.style.month(rng, self.year, month));
        cells.push(kept.code.into());
        cells.push(self.style.text(rng, kept.title));
        cells.push("三年制".into());
    }

    fn destination(&self, entry: &Entry<Graduate>) -> Cell {
        if entry.fault == Some(Fault::DestinationUnknown) {
            return "去向不明".into();
        }
        let (code, label) = match entry.record.destination {
            Destination::Bachelor | Destination::College => ("10", "升学"),
            Destination::Contract | Destination::Flexible | Destination::Startup => ("20", "就业"),
            Destination::Enlisted => ("30", "参军"),
            Destination::Seeking => ("60", "待就业"),
            Destination::Other => ("99", "其他"),
        };
        self.style.status.write(code, label)
    }

    fn employment(&self, graduate: &Graduate, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let (form, level) = match graduate.destination {
            Destination::Contract => (self.contract, ""),
            Destination::Flexible => ("灵活就业", ""),
            Destination::Startup => ("自主创业", ""),
            Destination::Bachelor => ("", "本科"),
            Destination::College => ("", self.college),
            Destination::Enlisted | Destination::Seeking | Destination::Other => ("", ""),
        };
        cells.push(form.into());
        cells.push(level.into());
        if graduate.is_direct() {
            self.employer(graduate, rng, cells);
        } else {
            cells.extend(std::iter::repeat_n(Cell::Empty, 5));
        }
    }

    fn employer(&self, graduate: &Graduate, rng: &mut Rng, cells: &mut Vec<Cell>) {
        const EMPLOYERS: [&str; 5] = ["机关", "事业单位", "国有企业", "民营企业", "其他"];
        const INDUSTRIES: [&str; 3] = ["第一产业", "第二产业", "第三产业"];
        const TRADES: [&str; 6] = ["商贸", "机械", "餐饮", "科技", "物流", "农业"];
        const NAMES: [&str; 6] = ["云帆", "晨曦", "恒泰", "和顺", "新禾", "远达"];
        let county = rng.pick(&COUNTIES);
        let place = match graduate.place {
            0 => self.style.region(rng, county),
            1 => self.style.region(rng, ("610104", "莲湖区")),
            // There is no code for a place abroad.
            _ => Cell::Empty,
        };
        let company = format!("{}{}有限公司", rng.pick(&NAMES), rng.pick(&TRADES));
        cells.push(self.style.yes_no(graduate.matched));
        cells.push(EMPLOYERS[graduate.employer].into());
        cells.push(place);
        cells.push(INDUSTRIES[graduate.industry].into());
        cells.push(match graduate.destination {
            Destination::Enlisted => "部队".into(),
            Destination::Startup => "个体".into(),
            _ => company.into(),
        });
    }
}

/// The leading columns of the export, each merged over the two header rows; the first two are ours.
pub const STATISTICS_LEADING: [&str; 8] =
    ["学校标识码", "学校名称", "毕业年份", "专业名称", "毕业生数", "直接就业数", "升学数", "未就业数"];

/// Groups of the first header row with the columns under them.
pub const STATISTICS_GROUPS: [(&str, &[&str]); 9] = [
    (
        "直接就业情况",
        &["签定合同或就业协议数", "对口就业人数", "应征义务兵人数", "自主创业人数", "灵活就业人数"],
    ),
    (
        "按社会就业单位性质",
        &["机关就业数", "事业单位就业数", "国有企业就业数", "民营企业就业数", "其他单位就业数"],
    ),
    ("按就业产业性质", &["第一产业就业数", "第二产业就业数", "第三产业就业数"]),
    ("按就业地类型", &["本省就业数", "外省就业数", "境外就业数"]),
    ("按就业渠道情况", &["学校推荐就业数", "中介介绍就业数", "其他渠道就业数"]),
    ("合同或协议签定情况", &["一年及以下人数", "1-2（含）年人数", "2-3（含）年人数", "3年以上人数"]),
    ("就业薪酬情况", &["2000以下人数", "2001-3000人数", "3001-4000人数", "4000以上"]),
    (
        "升学情况",
        &[
            "普通高考升学人数",
            "职教高考升学人数",
            "出国、出境升学人数",
            "贯通培养升学人数",
            "5年一贯",
            "升入专科数",
        ],
    ),
    ("未就业情况", &["待就业人数", "不就业拟升学人数", "其他暂不就业人数"]),
];

/// Counts of one major, column by column from 毕业生数 on.
pub const STATISTICS_COUNTS: usize = 40;

/// 毕业出口统计信息: one row for each major, of the graduates that count.
pub fn statistics(school: &School, year: usize, roster: &Roster<Graduate>) -> Sheet {
    let mut by_title: BTreeMap<&str, [usize; STATISTICS_COUNTS]> = BTreeMap::new();
    for entry in roster.counted() {
        let graduate = &entry.record;
        let title = graduate.major.for_intake(graduate.intake).title;
        let counts = by_title.entry(title).or_insert([0; STATISTICS_COUNTS]);
        for column in columns(graduate) {
            counts[column] += 1;
        }
    }
    let mut lines = header_lines();
    lines.extend(by_title.into_iter().map(|(title, counts)| {
        let mut cells: Vec<Cell> = vec![school.code.as_str().into(), school.name.as_str().into()];
        cells.push(YEARS[year].to_string().into());
        cells.push(title.into());
        cells.extend(counts.map(number_or_empty));
        Line::new(cells, Mark::Sound)
    }));
    Sheet { name: "Sheet1", lines }
}

/// The export leaves zeros out.
fn number_or_empty(count: usize) -> Cell {
    if count == 0 { Cell::Empty } else { Cell::Number(crate::apportion::float(count)) }
}

fn header_lines() -> Vec<Line> {
    let mut groups: Vec<Cell> = STATISTICS_LEADING.map(Cell::from).to_vec();
    let mut leaves: Vec<Cell> = vec![Cell::Empty; STATISTICS_LEADING.len()];
    for (group, columns) in STATISTICS_GROUPS {
        groups.push(group.into());
        groups.extend(std::iter::repeat_n(Cell::Empty, columns.len() - 1));
        leaves.extend(columns.iter().map(|&column| column.into()));
    }
    vec![Line::new(groups, Mark::Frame), Line::new(leaves, Mark::Frame)]
}

/// The columns a graduate is counted in, from 毕业生数 as 0.
fn columns(graduate: &Graduate) -> Vec<usize> {
    let mut columns = vec![0];
    if graduate.is_direct() {
        columns.push(1);
        columns.push(match graduate.destination {
            Destination::Contract => 4,
            Destination::Enlisted => 6,
            Destination::Startup => 7,
            _ => 8,
        });
        columns.extend(graduate.matched.then_some(5));
        columns.extend([
            9 + graduate.employer,
            14 + graduate.industry,
            17 + graduate.place,
            20 + graduate.channel,
            27 + graduate.pay,
        ]);
        columns.extend((graduate.destination == Destination::Contract).then_some(23 + graduate.term));
    } else if graduate.is_further_study() {
        columns.extend([2, 31 + graduate.route]);
        columns.extend((graduate.destination == Destination::College).then_some(36));
    } else {
        columns.extend([3, 37 + graduate.reason]);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_has_its_42_columns_after_our_two() {
        let leaves: usize = STATISTICS_GROUPS.iter().map(|(_, columns)| columns.len()).sum();
        assert_eq!(STATISTICS_LEADING.len() + leaves, 44);
        assert_eq!(STATISTICS_COUNTS, leaves + 4);
        assert_eq!(header_lines()[1].cells.len(), 44);
    }
}
