//! What the schools filed: 表1 to 表6 of each school's own report.
//!
//! Where the city's printed figure equals the system's, every school files its system count;
//! where it differs, several schools are off by a little each.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::appendix::{Answered, Draw, FIGURES, Figure, SHIFTED, SURVEYS, groups};
use crate::apportion::{float, spread};
use crate::cells::Cell;
use crate::city::{SCHOOLS, School};
use crate::decimal;
use crate::plan::{SchoolPlan, YearPlan};
use crate::planted::Fault;
use crate::rng::Rng;
use crate::sheet::{Line, Mark, Sheet};
use crate::totals::{BACKBONE_BANDWIDTH, Filed, INTERNET_BANDWIDTH, TOTALS, YEARS};

/// How the city combines what its schools filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    Sum,
    /// The mean weighted by another row, by id.
    Mean(&'static str),
    /// The largest of any school.
    Max,
}

/// One row of the printed layout.
pub struct Row {
    /// Index into `SHEETS`.
    pub sheet: usize,
    pub serial: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    pub id: &'static str,
    pub combine: Combine,
    /// Asked for the first time in 2024.
    pub since_2024: bool,
}

const fn row(
    sheet: usize,
    (serial, label, unit): (&'static str, &'static str, &'static str),
    id: &'static str,
) -> Row {
    Row { sheet, serial, label, unit, id, combine: Combine::Sum, since_2024: false }
}

impl Row {
    const fn mean(self, weight: &'static str) -> Self {
        Self { combine: Combine::Mean(weight), ..self }
    }

    const fn max(self) -> Self {
        Self { combine: Combine::Max, ..self }
    }

    const fn since_2024(self) -> Self {
        Self { since_2024: true, ..self }
    }
}

const SHEETS: [(&str, &str); 6] = [
    ("表1", "表1 人才培养质量计分卡"),
    ("表2", "表2 满意度调查表"),
    ("表3", "表3 教学资源表"),
    ("表4", "表4 服务贡献表"),
    ("表5", "表5 国际影响表"),
    ("表6", "表6 落实政策表"),
];

/// Of 表2, whose rows have two more columns, and of 表3, which ends with a list.
const SURVEYS_SHEET: usize = 1;
const RESOURCES_SHEET: usize = 2;

pub const ROWS: [Row; 123] = [
    row(0, ("1", "毕业生人数", "人"), "graduates"),
    row(0, ("2", "毕业去向落实人数", "人"), "graduates_placed"),
    row(0, ("", "其中：升学人数", "人"), "graduates_further_study"),
    row(0, ("", "升入本科人数", "人"), "graduates_further_study_bachelor"),
    row(0, ("3", "毕业生本省去向落实率", "%"), "in_province_placement_rate").mean("graduates_placed"),
    row(0, ("4", "月收入", "元"), "monthly_income").mean("graduates_placed"),
    row(0, ("5", "毕业生面向三次产业就业人数", "人"), "graduates_three_industries"),
    row(0, ("", "其中：面向第一产业就业人数", "人"), "graduates_primary_industry"),
    row(0, ("", "面向第二产业就业人数", "人"), "graduates_secondary_industry"),
    row(0, ("", "面向第三产业就业人数", "人"), "graduates_tertiary_industry"),
    row(0, ("6", "自主创业率", "%"), "startup_rate").mean("graduates_placed"),
    row(0, ("7", "毕业三年晋升比例", "%"), "promotion_rate_3y").mean("graduates"),
    row(1, ("1", "在校生满意度", "%"), "satisfaction_students").mean("satisfaction_students_respondents"),
    row(1, ("", "其中：课堂育人满意度", "%"), "satisfaction_in_class")
        .mean("satisfaction_in_class_respondents"),
    row(1, ("", "课外育人满意度", "%"), "satisfaction_out_of_class")
        .mean("satisfaction_out_of_class_respondents"),
    row(1, ("", "思想政治课教学满意度", "%"), "satisfaction_politics_courses")
        .mean("satisfaction_politics_courses_respondents"),
    row(1, ("", "公共基础课（不含思想政治课）教学满意度", "%"), "satisfaction_general_courses")
        .mean("satisfaction_general_courses_respondents"),
    row(1, ("", "专业课教学满意度", "%"), "satisfaction_major_courses")
        .mean("satisfaction_major_courses_respondents"),
    row(1, ("2", "毕业生满意度", "%"), "satisfaction_graduates").mean("satisfaction_graduates_respondents"),
    row(1, ("", "其中：应届毕业生满意度", "%"), "satisfaction_recent_graduates")
        .mean("satisfaction_recent_graduates_respondents"),
    row(1, ("", "毕业三年内毕业生满意度", "%"), "satisfaction_graduates_3y")
        .mean("satisfaction_graduates_3y_respondents"),
    row(1, ("3", "教职工满意度", "%"), "satisfaction_staff").mean("satisfaction_staff_respondents"),
    row(1, ("4", "用人单位满意度", "%"), "satisfaction_employers").mean("satisfaction_employers_respondents"),
    row(1, ("5", "家长满意度", "%"), "satisfaction_parents").mean("satisfaction_parents_respondents"),
    row(2, ("1", "生师比", ":"), "student_teacher_ratio").mean("teachers_full_time"),
    row(2, ("2", "“双师型”教师比例", "%"), "dual_share").mean("teachers_full_time").since_2024(),
    row(2, ("", "其中：高级“双师型”教师比例", "%"), "dual_senior_share")
        .mean("teachers_full_time")
        .since_2024(),
    row(2, ("3", "高级专业技术职务专任教师比例", "%"), "senior_title_share").mean("teachers_full_time"),
    row(2, ("4", "专业群数量", "个"), "major_groups"),
    row(2, ("", "专业数量", "个"), "majors"),
    row(2, ("5", "教学计划内课程总数", "门"), "courses"),
    row(2, ("", "", "学时"), "course_hours"),
    row(2, ("", "其中：课证融通课程数", "门"), "courses_certificate"),
    row(2, ("", "", "学时"), "course_hours_certificate"),
    row(2, ("", "网络教学课程数", "门"), "courses_online"),
    row(2, ("", "", "学时"), "course_hours_online"),
    row(2, ("", "校企合作课程数", "门"), "courses_enterprise").since_2024(),
    row(2, ("", "", "学时"), "course_hours_enterprise").since_2024(),
    row(2, ("6", "专业教学资源库数", "个"), "resource_libraries"),
    row(2, ("", "其中：国家级数量", "个"), "resource_libraries_national"),
    row(2, ("", "接入国家智慧教育平台数", "个"), "resource_libraries_national_platform"),
    row(2, ("", "省级数量", "个"), "resource_libraries_provincial"),
    row(2, ("", "接入国家智慧教育平台数", "个"), "resource_libraries_provincial_platform"),
    row(2, ("", "校级数量", "个"), "resource_libraries_school"),
    row(2, ("", "接入国家智慧教育平台数", "个"), "resource_libraries_school_platform"),
    row(2, ("7", "在线精品课程数", "门"), "online_courses"),
    row(2, ("", "", "学时"), "online_course_hours"),
    row(2, ("", "在线精品课程课均学生数", "人/门"), "online_course_mean_students").mean("online_courses"),
    row(2, ("", "其中：国家级数量", "门"), "online_courses_national"),
    row(2, ("", "接入国家智慧教育平台数", "门"), "online_courses_national_platform"),
    row(2, ("", "省级数量", "门"), "online_courses_provincial"),
    row(2, ("", "接入国家智慧教育平台数", "门"), "online_courses_provincial_platform"),
    row(2, ("", "校级数量", "门"), "online_courses_school"),
    row(2, ("", "接入国家智慧教育平台数", "门"), "online_courses_school_platform"),
    row(2, ("8", "虚拟仿真实训基地数", "个"), "simulation_bases"),
    row(2, ("", "其中：国家级数量", "个"), "simulation_bases_national"),
    row(2, ("", "接入国家智慧教育平台数", "个"), "simulation_bases_national_platform"),
    row(2, ("", "省级数量", "个"), "simulation_bases_provincial"),
    row(2, ("", "接入国家智慧教育平台数", "个"), "simulation_bases_provincial_platform"),
    row(2, ("", "校级数量", "个"), "simulation_bases_school"),
    row(2, ("", "接入国家智慧教育平台数", "个"), "simulation_bases_school_platform"),
    row(2, ("9", "编写教材数", "本"), "textbooks"),
    row(2, ("", "其中：国家规划教材数", "本"), "textbooks_national_plan"),
    row(2, ("", "校企合作编写教材数", "本"), "textbooks_enterprise"),
    row(2, ("", "新形态教材数", "本"), "textbooks_new_form"),
    row(2, ("", "接入国家智慧教育平台数", "本"), "textbooks_new_form_platform"),
    row(2, ("10", "互联网出口带宽", "Mbps"), "internet_bandwidth").max(),
    row(2, ("11", "校园网主干最大带宽", "Mbps"), "campus_backbone_bandwidth").max(),
    row(2, ("12", "生均校内实践教学工位数", "个/生"), "practice_places_per_student").mean("students"),
    row(2, ("13", "生均教学科研仪器设备值", "元/生"), "equipment_value_per_student").mean("students"),
    row(3, ("1", "毕业生初次就业人数", "人"), "graduates_first_employed"),
    row(3, ("", "其中：A类：留在当地就业人数", "人"), "graduates_first_employed_local"),
    row(3, ("", "B类：到西部和东北地区就业人数", "人"), "graduates_first_employed_west_northeast"),
    row(3, ("", "C类：到中小微企业就业人数", "人"), "graduates_first_employed_small_enterprises"),
    row(3, ("", "D类：到大型企业就业人数", "人"), "graduates_first_employed_large_enterprises"),
    row(3, ("2", "横向技术服务到款额", "万元"), "technical_service_income"),
    row(3, ("", "横向技术服务产生的经济效益", "万元"), "technical_service_benefit"),
    row(3, ("3", "纵向科研经费到款额", "万元"), "research_funds"),
    row(3, ("4", "技术产权交易收入", "万元"), "property_trade_income"),
    row(3, ("5", "知识产权项目数量", "项"), "ip_items").since_2024(),
    row(3, ("", "其中：专利授权数量", "项"), "patents").since_2024(),
    row(3, ("", "发明专利授权数量", "项"), "invention_patents").since_2024(),
    row(3, ("6", "专利转让数量", "项"), "patent_transfers"),
    row(3, ("7", "专利成果转化到款额", "万元"), "patent_income"),
    row(3, ("8", "非学历培训项目数", "项"), "training_projects"),
    row(3, ("", "非学历培训学时", "学时"), "training_hours"),
    row(3, ("", "公益项目培训学时", "学时"), "training_hours_public"),
    row(3, ("9", "非学历培训到账经费", "万元"), "training_income"),
    row(4, ("1", "开发并被国外采用的职业教育标准、资源、装备数量", "个"), "exported_items").since_2024(),
    row(4, ("", "其中：标准数量", "个"), "exported_standards"),
    row(4, ("", "专业标准数量", "个"), "exported_major_standards"),
    row(4, ("", "课程标准数量", "个"), "exported_course_standards"),
    row(4, ("", "资源数量", "个"), "exported_resources"),
    row(4, ("", "装备数量", "个"), "exported_equipment"),
    row(4, ("2", "接收国外留学生专业数", "个"), "foreign_student_majors"),
    row(4, ("3", "接收国外留学生人数", "人"), "foreign_students"),
    row(4, ("4", "接收国外访学教师人数", "人"), "foreign_visiting_teachers"),
    row(4, ("5", "中外合作办学专业数", "个"), "joint_programme_majors"),
    row(4, ("", "其中：在校生数", "人"), "joint_programme_students"),
    row(4, ("6", "专任教师赴国外指导和开展培训时间", "人日"), "overseas_training_days"),
    row(4, ("7", "在国外组织担任职务的专任教师人数", "人"), "teachers_in_foreign_bodies"),
    row(4, ("8", "国际技能大赛获奖数量", "项"), "international_prizes"),
    row(5, ("1", "全日制在校生人数", "人"), "students"),
    row(5, ("2", "年生均财政拨款水平", "元"), "funding_per_student").mean("students").since_2024(),
    row(5, ("3", "年财政专项经费", "万元"), "special_funds").since_2024(),
    row(5, ("4", "教职员工额定编制数", "人"), "staff_establishment"),
    row(5, ("", "教职工总数", "人"), "staff"),
    row(5, ("", "其中：专任教师总数", "人"), "teachers_full_time"),
    row(5, ("", "思政课教师数", "人"), "teachers_politics"),
    row(5, ("", "体育课专任教师数", "人"), "teachers_pe"),
    row(5, ("", "美育课专任教师数", "人"), "teachers_arts"),
    row(5, ("", "班主任人数", "人"), "class_teachers"),
    row(5, ("5", "参加国家学生体质健康标准测试人数", "人"), "fitness_tested"),
    row(5, ("", "其中：学生体质测评合格率", "%"), "fitness_pass_rate").mean("fitness_tested"),
    row(5, ("6", "职业技能等级证书（含职业资格证书）获取人数", "人"), "certificates"),
    row(5, ("7", "企业提供的校内实践教学设备值", "万元"), "enterprise_equipment_value"),
    row(5, ("8", "与企业共建开放型区域产教融合实践中心数量", "个"), "integration_centres"),
    row(5, ("9", "聘请行业导师人数", "人"), "mentors"),
    row(5, ("", "其中：聘请大国工匠、劳动模范人数", "人"), "mentors_craftsmen"),
    row(5, ("", "行业导师年课时总量", "课时"), "mentor_hours"),
    row(5, ("", "年支付行业导师课酬", "万元"), "mentor_pay"),
    row(5, ("10", "年实习专项经费", "万元"), "internship_funds"),
    row(5, ("", "其中：年实习责任保险经费", "万元"), "internship_insurance"),
];

/// A row whose city figure is that of the fastest school, with what schools have, in Mbps, and how
/// common each is; the fastest comes last.
type Bandwidth = (&'static str, &'static [(usize, f64)]);

const BANDWIDTHS: [Bandwidth; 2] = [
    ("internet_bandwidth", &[(100, 3.0), (200, 4.0), (300, 4.0), (500, 3.0), (INTERNET_BANDWIDTH, 2.0)]),
    ("campus_backbone_bandwidth", &[(1_000, 12.0), (2_000, 1.0), (BACKBONE_BANDWIDTH, 3.0)]),
];

/// Schools that have the fastest line in every year, beside any that come to it by chance.
const FASTEST_SCHOOLS: usize = 3;

/// One filed cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Count(usize),
    /// Money and rates, in hundredths.
    Hundredths(u64),
    /// Asked, but there is nothing to give: the rate has no base.
    Dash,
    /// Not asked that year.
    Blank,
}

impl Value {
    /// As hundredths, for sums and means; `None` where nothing was filed.
    pub fn amount(self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(count as u64 * 100),
            Self::Hundredths(value) => Some(value),
            Self::Dash | Self::Blank => None,
        }
    }

    pub fn text(self) -> String {
        match self {
            Self::Dash => "-".to_owned(),
            other => other.amount().map(decimal::hundredths).unwrap_or_default(),
        }
    }
}

/// The values of one school by row id; a row that was not asked is absent.
#[derive(Debug, Clone, Default)]
pub struct Filing(BTreeMap<&'static str, Value>);

impl Filing {
    pub fn get(&self, id: &str) -> Value {
        self.0.get(id).copied().unwrap_or(Value::Blank)
    }

    pub fn count(&self, id: &str) -> usize {
        match self.get(id) {
            Value::Count(count) => count,
            _ => 0,
        }
    }
}

/// What each school of one copy filed for 2022 (known as last year only), 2023 and 2024.
pub struct Filings {
    by_year: [Vec<Filing>; 3],
}

impl Filings {
    pub fn new(plans: &[SchoolPlan], seed: u64) -> Self {
        let mut rng = Rng::stream(seed, "filings", 0);
        let [first, second] = [0, 1].map(|year| file(plans, year, &mut rng));
        let before = first.iter().map(|filing| year_before(filing, &mut rng));
        let mut by_year = [before.collect(), first, second];
        file_bandwidths(&mut by_year, &mut rng);
        Self { by_year }
    }

    pub fn of(&self, base: usize, year: usize) -> &Filing {
        &self.by_year[year + 1][base]
    }

    fn last_year(&self, base: usize, year: usize) -> &Filing {
        &self.by_year[year][base]
    }
}

/// Files the bandwidths, which hang together over all three years.
fn file_bandwidths(by_year: &mut [Vec<Filing>; 3], rng: &mut Rng) {
    for (id, lines) in BANDWIDTHS {
        for (filings, bandwidths) in by_year.iter_mut().zip(bandwidths(lines, rng)) {
            for (filing, bandwidth) in filings.iter_mut().zip(bandwidths) {
                filing.0.insert(id, Value::Count(bandwidth));
            }
        }
    }
}

/// What each school has year by year: never less than before, and in several the most there is.
fn bandwidths(lines: &[(usize, f64)], rng: &mut Rng) -> [PerSchool; 3] {
    let weights: Vec<f64> = lines.iter().map(|(_, weight)| *weight).collect();
    let mut order: Vec<usize> = (0..SCHOOLS).collect();
    rng.shuffle(&mut order);
    let mut levels = [0; SCHOOLS].map(|_: usize| rng.weighted(&weights));
    for &school in order.iter().take(FASTEST_SCHOOLS) {
        levels[school] = lines.len() - 1;
    }
    [0.0, 0.15, 0.15].map(|chance| {
        for level in &mut levels {
            if rng.chance(chance) {
                *level = rng.weighted(&weights).max(*level);
            }
        }
        levels.map(|level| lines[level].0)
    })
}

/// Near the first year known, as nothing was printed; parts stay within their whole. Bandwidths
/// are filed later.
fn year_before(filing: &Filing, rng: &mut Rng) -> Filing {
    let percent = rng.between(88, 103);
    let mut before = Filing::default();
    for row in &ROWS {
        let less = rng.below(6) as u64;
        let value = match (filing.get(row.id), row.combine) {
            (Value::Count(count), _) => Value::Count(count * percent / 100),
            (Value::Hundredths(rate), Combine::Mean(_)) => Value::Hundredths(rate - rate * less / 100),
            (Value::Hundredths(money), Combine::Sum | Combine::Max) => {
                Value::Hundredths(money * percent as u64 / 100)
            }
            (Value::Dash, _) => Value::Dash,
            (Value::Blank, _) => continue,
        };
        before.0.insert(row.id, value);
    }
    let sum = INDUSTRIES.iter().map(|id| before.count(id)).sum();
    before.0.insert("graduates_three_industries", Value::Count(sum));
    before
}

const INDUSTRIES: [&str; 3] =
    ["graduates_primary_industry", "graduates_secondary_industry", "graduates_tertiary_industry"];

type PerSchool = [usize; SCHOOLS];

/// Collects the filings of one year, row by row.
struct Clerk<'a> {
    plans: &'a [SchoolPlan],
    since_2024: bool,
    year: &'a dyn Fn(usize) -> &'a YearPlan,
    totals: &'a Filed,
    rng: &'a mut Rng,
    filings: Vec<Filing>,
}

fn file(plans: &[SchoolPlan], year: usize, rng: &mut Rng) -> Vec<Filing> {
    let mut clerk = Clerk {
        plans,
        since_2024: YEARS[year] >= 2024,
        year: &|school| &plans[school].years[year],
        totals: &TOTALS[year].filed,
        rng,
        filings: vec![Filing::default(); SCHOOLS],
    };
    clerk.graduates();
    clerk.employment();
    clerk.students();
    clerk.resources();
    clerk.staff();
    clerk.practice();
    clerk.ratios();
    clerk.surveys(year);
    for figure in &FIGURES {
        clerk.figure(figure, year);
    }
    clerk.filings
}

impl Clerk<'_> {
    fn system(&self, count: impl Fn(&YearPlan) -> usize) -> PerSchool {
        std::array::from_fn(|school| count((self.year)(school)))
    }

    fn counts(&mut self, id: &'static str, counts: &PerSchool) {
        for (filing, &count) in self.filings.iter_mut().zip(counts) {
            filing.0.insert(id, Value::Count(count));
        }
    }

    fn money(&mut self, id: &'static str, hundredths: &PerSchool) {
        for (filing, &value) in self.filings.iter_mut().zip(hundredths) {
            filing.0.insert(id, Value::Hundredths(value as u64));
        }
    }

    fn filed(&self, id: &str) -> PerSchool {
        std::array::from_fn(|school| self.filings[school].count(id))
    }

    /// Rates whose mean prints as `target`; a school without base has none.
    fn rates(&mut self, id: &'static str, target: usize, spread: usize, weight: &str) {
        let weights = self.filed(weight);
        let rates = rates(target, spread, &weights, self.rng);
        for (filing, rate) in self.filings.iter_mut().zip(rates) {
            filing.0.insert(id, rate.map_or(Value::Dash, Value::Hundredths));
        }
    }

    /// Rates that persons make: in each school the rounded share of so many in a row of persons, which
    /// together make the share of the city.
    #[allow(clippy::cast_possible_truncation)]
    fn shares(&mut self, id: &'static str, target: usize, spread: usize, whole: &str) {
        let rounded = |part: usize, whole: usize| (2 * part + whole) / (2 * whole);
        let whole = self.filed(whole);
        let drawn = rates(target, spread, &whole, self.rng);
        let persons = |(&whole, rate): (&usize, Option<u64>)| {
            rounded(rate.unwrap_or_default() as usize * whole, 10_000).min(whole)
        };
        let mut parts: Vec<usize> = whole.iter().zip(drawn).map(persons).collect();
        let wanted = rounded(target * whole.iter().sum::<usize>(), 10_000);
        let mut order: Vec<usize> = (0..SCHOOLS).filter(|&school| whole[school] > 0).collect();
        order.sort_by_key(|&school| Reverse(whole[school]));
        // Rounding made less than one too many or too few in each school.
        for school in order {
            let sum: usize = parts.iter().sum();
            if sum < wanted && parts[school] < whole[school] {
                parts[school] += 1;
            } else if sum > wanted && parts[school] > 0 {
                parts[school] -= 1;
            }
        }
        for ((filing, part), whole) in self.filings.iter_mut().zip(parts).zip(whole) {
            let share = if whole == 0 {
                Value::Dash
            } else {
                Value::Hundredths(rounded(part * 10_000, whole) as u64)
            };
            filing.0.insert(id, share);
        }
    }

    /// A part of `whole` in every school, with some noise.
    fn part(&mut self, total: usize, whole: &PerSchool, noise: f64) -> PerSchool {
        let weights = whole.map(|count| float(count) * self.rng.within(1.0 - noise, 1.0 + noise));
        to_array(&spread(total, &weights, whole))
    }

    /// Something only some schools have, the larger ones rather more of it.
    fn some_have(&mut self, total: usize, chance: f64) -> PerSchool {
        let always = self.rng.below(SCHOOLS);
        let sizes = self.filed("students");
        let mut weights = sizes.map(|size| {
            let has = if self.rng.chance(chance) { 1.0 } else { 0.0 };
            has * float(size).sqrt() * self.rng.within(0.4, 1.6)
        });
        weights[always] = float(sizes[always]).sqrt();
        let caps = weights.map(|weight| if weight > 0.0 { total } else { 0 });
        to_array(&spread(total, &weights, &caps))
    }

    /// Several schools count some as placed whom the system has as unemployed.
    fn graduates(&mut self) {
        let counts = self.system(|year| year.graduates.iter().map(|(_, n)| n).sum());
        self.counts("graduates", &counts);
        let system_placed = self.system(|year| year.destinations.placed());
        let unemployed = self.system(|year| year.destinations.unemployed);
        let more = self.totals.placed - system_placed.iter().sum::<usize>();
        let more = self.part(more, &unemployed, 0.7);
        let placed = std::array::from_fn(|school| system_placed[school] + more[school]);
        self.counts("graduates_placed", &placed);
        let further_study = self.system(|year| year.destinations.further_study);
        self.counts("graduates_further_study", &further_study);
        let bachelor = self.system(|year| year.destinations.bachelor);
        self.counts("graduates_further_study_bachelor", &bachelor);
        let target = self.totals.in_province_rate;
        self.rates("in_province_placement_rate", target, 600, "graduates_placed");
        let target = self.totals.monthly_income;
        self.rates("monthly_income", target, 62_000, "graduates_placed");
        let target = self.totals.promotion_rate;
        self.rates("promotion_rate_3y", target, 500, "graduates");
    }

    /// Several schools file fewer than the system has of each industry.
    fn employment(&mut self) {
        let mut all = [0; SCHOOLS];
        for (industry, id) in INDUSTRIES.into_iter().enumerate() {
            let system = self.system(|year| year.destinations.industries[industry]);
            let fewer = system.iter().sum::<usize>() - self.totals.industries[industry];
            let fewer = self.part(fewer, &system, 0.9);
            let filed: PerSchool = std::array::from_fn(|school| system[school] - fewer[school]);
            self.counts(id, &filed);
            all = std::array::from_fn(|school| all[school] + filed[school]);
        }
        self.counts("graduates_three_industries", &all);
        for (school, filing) in self.filings.iter_mut().enumerate() {
            let destinations = &(self.year)(school).destinations;
            let rate = match destinations.direct() as u64 {
                0 => Value::Dash,
                direct => {
                    let startup = destinations.startup as u64;
                    Value::Hundredths((startup * 10_000 * 2 + direct) / (direct * 2))
                }
            };
            filing.0.insert("startup_rate", rate);
        }
    }

    fn students(&mut self) {
        let system = self.system(|year| year.students);
        let more = self.totals.students - system.iter().sum::<usize>();
        let weights = system.map(|_| if self.rng.chance(0.4) { self.rng.unit() } else { 0.0 });
        let more = spread(more, &weights, &system.map(|count| count / 5));
        let students = std::array::from_fn(|school| system[school] + more[school]);
        self.counts("students", &students);
        if let Some(target) = self.totals.funding_per_student {
            self.rates("funding_per_student", target, 420_000, "students");
        }
        if let Some(total) = self.totals.special_funds {
            let caps = students.map(|count| count * total);
            let weights = students.map(|count| float(count) * self.rng.within(0.4, 1.6));
            self.money("special_funds", &to_array(&spread(total, &weights, &caps)));
        }
        let tested = self.part(self.totals.fitness_tested, &students, 0.03);
        self.counts("fitness_tested", &tested);
        let target = self.totals.fitness_pass_rate;
        self.shares("fitness_pass_rate", target, 300, "fitness_tested");
        let certificates = self.part(self.totals.certificates, &students, 0.6);
        self.counts("certificates", &certificates);
    }

    fn resources(&mut self) {
        let year = self.since_2024;
        let offered: Vec<usize> = self.plans.iter().map(|plan| plan.offered(year)).collect();
        self.counts("majors", &to_array(&offered));
        let groups: PerSchool = std::array::from_fn(|school| groups(school, year).count());
        self.counts("major_groups", &groups);
        let target = self.totals.equipment_per_student;
        self.rates("equipment_value_per_student", target, 420_000, "students");
    }

    fn staff(&mut self) {
        type Column = (&'static str, fn(&YearPlan) -> usize);
        let columns: [Column; 7] = [
            ("staff_establishment", |year| year.establishment),
            ("staff", |year| year.staff.total),
            ("teachers_full_time", |year| year.staff.teachers),
            ("teachers_politics", |year| year.staff.politics),
            ("teachers_pe", |year| year.staff.sports),
            ("teachers_arts", |year| year.staff.arts),
            ("class_teachers", |year| year.staff.class_teachers),
        ];
        for (id, count) in columns {
            let counts = self.system(count);
            self.counts(id, &counts);
        }
    }

    fn practice(&mut self) {
        let totals = self.totals;
        let equipment = self.some_have(totals.enterprise_equipment, 0.6);
        self.money("enterprise_equipment_value", &equipment);
        let centres = self.some_have(totals.integration_centres, 0.6);
        self.counts("integration_centres", &centres);
        let mentors = self.some_have(totals.mentors, 0.6);
        self.counts("mentors", &mentors);
        let craftsmen = self.part(totals.mentors_craftsmen, &mentors, 0.6);
        self.counts("mentors_craftsmen", &craftsmen);
        // Some mentor gives 1 to 700 lessons a year, for at most 3.5 ten thousand yuan.
        let hours = self.part(totals.mentor_hours, &mentors.map(|count| count * 700), 0.3);
        self.counts("mentor_hours", &hours);
        let pay = self.part(totals.mentor_pay, &mentors.map(|count| count * 350), 0.3);
        self.money("mentor_pay", &pay);
        let funds = self.some_have(totals.internship_funds, 0.7);
        self.money("internship_funds", &funds);
        let insurance = self.part(totals.internship_insurance, &funds, 0.3);
        self.money("internship_insurance", &insurance);
    }

    /// Ratios of what the systems have, as a clerk works them out.
    fn ratios(&mut self) {
        type Part = (&'static str, usize, fn(&YearPlan) -> usize);
        let parts: [Part; 4] = [
            ("student_teacher_ratio", 1, |year| year.students),
            ("dual_share", 100, |year| year.staff.dual),
            ("dual_senior_share", 100, |year| year.staff.dual_senior),
            ("senior_title_share", 100, |year| year.staff.senior_title),
        ];
        let asked = self.totals.funding_per_student.is_some();
        for (id, factor, part) in parts.into_iter().filter(|(id, ..)| asked || !id.starts_with("dual")) {
            for (school, filing) in self.filings.iter_mut().enumerate() {
                let plan = (self.year)(school);
                let (part, whole) = (part(plan) * factor * 100, plan.staff.teachers);
                let rate = (2 * part + whole).checked_div(2 * whole);
                let value = rate.map_or(Value::Dash, |rate| Value::Hundredths(rate as u64));
                filing.0.insert(id, value);
            }
        }
    }

    /// Each row of 表2 with how many answered; the staff of no school were asked.
    fn surveys(&mut self, year: usize) {
        for survey in &SURVEYS {
            let answered = match survey.answered {
                Answered::Of(whole, totals) => {
                    let whole = self.filed(whole).map(|count| count * 3);
                    self.part(totals[year], &whole, 0.4)
                }
                Answered::As(other) => self.filed(other),
                Answered::Sum(parts) => {
                    let parts = parts.map(|part| self.filed(part));
                    std::array::from_fn(|school| parts[0][school] + parts[1][school])
                }
                Answered::Nobody => {
                    for filing in &mut self.filings {
                        filing.0.insert(survey.respondents, Value::Dash);
                        filing.0.insert(survey.id, Value::Dash);
                    }
                    continue;
                }
            };
            self.counts(survey.respondents, &answered);
            let target = survey.printed[year];
            self.rates(survey.id, target, ((10_000 - target) / 2).min(300), survey.respondents);
        }
    }

    /// One city figure of 表3 to 表5, divided over the schools.
    #[allow(clippy::cast_possible_truncation)]
    fn figure(&mut self, figure: &Figure, year: usize) {
        let (total, is_money) = match figure.printed[year] {
            Value::Count(count) => (count, false),
            Value::Hundredths(amount) => (usize::try_from(amount).unwrap_or_default(), true),
            Value::Dash => {
                for filing in &mut self.filings {
                    filing.0.insert(figure.id, Value::Dash);
                }
                return;
            }
            Value::Blank => return,
        };
        let parts = match figure.draw {
            Draw::Each => {
                let sizes = self.filed("students").map(|size| size * 4);
                self.part(total, &sizes, 0.4)
            }
            Draw::Some(percent) => self.some_have(total, float(percent) / 100.0),
            Draw::Part(whole) => {
                let whole = self.filed(whole);
                self.part(total, &whole, 0.6)
            }
            Draw::Within(of, most) => {
                let whole = self.filed(of).map(|count| count * most);
                self.part(total, &whole, 0.5)
            }
            Draw::Hours(of, all) => {
                let (courses, all) = (self.filed(of), self.filed(all));
                let most = std::array::from_fn(|school| (courses[school] * 600).min(all[school]));
                self.part(total, &most, 0.3)
            }
            Draw::Where(other) => {
                let has = |filing: &Filing| filing.get(other).amount().is_some_and(|amount| amount > 0);
                let room: Vec<usize> = self.filings.iter().map(|f| if has(f) { total } else { 0 }).collect();
                self.part(total, &to_array(&room), 0.6)
            }
            Draw::SumOf(ids) => {
                let parts: Vec<PerSchool> = ids.iter().map(|id| self.filed(id)).collect();
                std::array::from_fn(|school| parts.iter().map(|part| part[school]).sum())
            }
            Draw::Mean(weight, spread) => {
                self.rates(figure.id, total, spread, weight);
                return;
            }
        };
        if is_money {
            self.money(figure.id, &parts);
        } else {
            self.counts(figure.id, &parts);
        }
    }
}

fn to_array(parts: &[usize]) -> PerSchool {
    std::array::from_fn(|school| parts[school])
}

/// Rates in hundredths, between `target - spread` and `target + spread` but for small shifts,
/// whose mean by `weights` is as near `target` as whole hundredths allow.
fn rates(target: usize, spread: usize, weights: &PerSchool, rng: &mut Rng) -> Vec<Option<u64>> {
    // The mean is then shifted by less than the spread again, and no rate is negative.
    let spread = spread.min(target / 2);
    let signed = |count: usize| (count as u64).cast_signed();
    let mut rates: Vec<i64> =
        weights.iter().map(|_| signed(rng.between(target - spread, target + spread))).collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0).collect();
    order.sort_by_key(|&school| Reverse(weights[school]));
    let total: i64 = order.iter().map(|&i| signed(weights[i])).sum();
    let sum: i64 = order.iter().map(|&i| signed(weights[i]) * rates[i]).sum();
    let mut excess = sum - signed(target) * total;
    let shift = excess / total.max(1);
    excess -= shift * total;
    // What is left is less than one hundredth for everybody: the largest schools that fit take it.
    for &school in &order {
        let step = (excess / signed(weights[school])).clamp(-1, 1);
        rates[school] -= shift + step;
        excess -= step * signed(weights[school]);
    }
    rates
        .into_iter()
        .zip(weights)
        .map(|(rate, &weight)| (weight > 0).then_some(rate.cast_unsigned()))
        .collect()
}

/// Where this year's filing repeats last year's wrongly: a school, and the row id.
pub type Slips = BTreeMap<usize, &'static str>;

/// Schools of one copy that wrote something else for last year than they had filed.
const SLIPS: usize = 3;

pub fn deal_slips(schools: &[School], seed: u64) -> Slips {
    const IDS: [&str; 4] = ["certificates", "fitness_tested", "students", "staff"];
    let mut rng = Rng::stream(seed, "slips", 0);
    let mut slips = Slips::new();
    for copy in schools.chunks(SCHOOLS) {
        let mut order: Vec<usize> = (0..copy.len()).collect();
        rng.shuffle(&mut order);
        let first = copy[0].copy * SCHOOLS;
        for base in order.into_iter().take(SLIPS) {
            slips.insert(first + base, rng.pick(&IDS));
        }
    }
    slips
}

/// The sheets of a school's own workbook.
pub fn sheets(
    school: &School,
    filings: &Filings,
    year: usize,
    slip: Option<&'static str>,
    rng: &mut Rng,
) -> [Sheet; SHEETS.len()] {
    let as_text = rng.chance(0.4);
    let mut sheets = SHEETS.map(|(name, title)| Sheet { name, lines: head(school, title, YEARS[year]) });
    let this_year = filings.of(school.base, year);
    let last_year = filings.last_year(school.base, year);
    for row in ROWS.iter().filter(|row| !row.since_2024 || YEARS[year] >= 2024) {
        let mut before = last_year.get(row.id);
        let slipped = slip == Some(row.id) && YEARS[year] == 2024;
        if let (true, Value::Count(count)) = (slipped, before) {
            before = Value::Count(count + rng.between(1, 20));
        }
        let mut mark = if slipped { Mark::Planted(Fault::LastYearDiffers) } else { Mark::Sound };
        let mut cells: Vec<Cell> = [row.serial, row.label, row.unit].map(Cell::from).to_vec();
        // An empty cell that was lost pulls the whole row to the left, and the unit with it.
        if slip.is_some() && YEARS[year] == 2024 && SHIFTED.contains(&row.id) {
            cells = vec![row.label.into()];
            mark = Mark::Planted(Fault::RowShifted);
        }
        cells.push(cell(before, as_text));
        cells.push(cell(this_year.get(row.id), as_text));
        if let Some(survey) = SURVEYS.iter().find(|survey| survey.id == row.id) {
            cells.push(cell(this_year.get(survey.respondents), as_text));
            cells.push(survey.method.into());
        }
        sheets[row.sheet].lines.push(Line::new(cells, mark));
    }
    sheets[RESOURCES_SHEET].lines.extend(group_list(school, YEARS[year] >= 2024));
    sheets
}

/// The list under 表3: note, header, and a line for each group of majors.
fn group_list(school: &School, since_2024: bool) -> Vec<Line> {
    const NOTE: &str = "说明：请逐一列出学校专业群及核心专业，并选择对接产业链";
    const HEADER: [&str; 5] = ["序号", "专业群名称", "对接的区域产业", "核心专业名称", "包含专业数量（个）"];
    let frame = |cells: Vec<Cell>| Line::new(cells, Mark::Frame);
    let mut lines = vec![frame(vec![NOTE.into()]), frame(HEADER.map(Cell::from).to_vec())];
    for (number, group) in (1..).zip(groups(school.base, since_2024)) {
        let name = format!("{}{}", school.name, group.name);
        let words = [number.to_string(), name, group.industry.to_owned(), group.majors.to_owned()];
        let mut cells: Vec<Cell> = words.iter().map(|words| words.as_str().into()).collect();
        cells.push(Cell::Number(float(group.count)));
        lines.push(Line::new(cells, Mark::Sound));
    }
    lines
}

/// Title, name line and header; the title is merged over all columns.
fn head(school: &School, title: &str, year: u16) -> Vec<Line> {
    let name = format!("名称：{}({})", school.name, school.code);
    let years = [year - 1, year].map(|year| format!("{year}年"));
    let mut header: Vec<Cell> = ["序号", "指标", "单位"].map(Cell::from).to_vec();
    header.extend(years.map(Cell::from));
    if title.starts_with(SHEETS[SURVEYS_SHEET].0) {
        header.extend(["调查人次", "调查方式"].map(Cell::from));
    }
    [vec![title.into()], vec![name.into()], header].map(|cells| Line::new(cells, Mark::Frame)).to_vec()
}

/// A count or rate as a number or as text, as the school's workbook has it.
#[allow(clippy::cast_precision_loss)]
fn cell(value: Value, as_text: bool) -> Cell {
    match (value, value.amount()) {
        (Value::Count(count), Some(_)) if !as_text => Cell::Number(float(count)),
        (_, Some(amount)) if !as_text => Cell::Number(amount as f64 / 100.0),
        _ => value.text().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::Counts;

    #[test]
    fn rates_average_to_their_target() {
        let mut rng = Rng::stream(5, "rates", 0);
        for target in [8_801, 316_700, 1_098, 9_578] {
            let weights: PerSchool = std::array::from_fn(|_| rng.below(400));
            let rates = rates(target, 300, &weights, &mut rng);
            let total: usize = weights.iter().sum();
            let sum: u64 = rates
                .iter()
                .zip(&weights)
                .filter_map(|(rate, &weight)| rate.map(|rate| rate * weight as u64))
                .sum();
            let mean = (sum * 2 + total as u64) / (2 * total as u64);
            assert_eq!(mean, target as u64);
        }
    }

    #[test]
    fn no_line_grows_slower_and_several_schools_have_the_fastest() {
        for seed in 1..=5 {
            for (id, lines) in BANDWIDTHS {
                let years = bandwidths(lines, &mut Rng::stream(seed, "bandwidths", 0));
                let fastest = lines[lines.len() - 1].0;
                for bandwidths in &years {
                    let have = |mbps: usize| bandwidths.iter().filter(|&&b| b == mbps).count();
                    assert!(have(fastest) >= FASTEST_SCHOOLS, "{id}");
                    assert!(have(fastest) < SCHOOLS / 2, "{id}");
                    assert_eq!(bandwidths.iter().max(), Some(&fastest), "{id}");
                }
                for (before, after) in years.iter().zip(&years[1..]) {
                    assert!(before.iter().zip(after).all(|(b, a)| b <= a), "{id}");
                }
            }
        }
    }

    #[test]
    fn a_filing_has_six_sheets_and_repeats_the_year_before() {
        let plans = crate::plan::plan(3);
        let filings = Filings::new(&plans, 3);
        let school = &crate::city::schools(1)[7];
        let file = |year| {
            let mut rng = Rng::stream(3, "filing", 0);
            sheets(school, &filings, year, None, &mut rng)
        };
        let years = [file(0), file(1)];
        // Ten rows are asked since 2024, and the school has three groups of majors.
        for (sheets, loaded) in years.iter().zip([113 + 3, 123 + 3]) {
            let names = ["表1", "表2", "表3", "表4", "表5", "表6"];
            assert_eq!(sheets.each_ref().map(|sheet| sheet.name), names);
            let counts = Counts::of(sheets);
            assert_eq!((counts.structural, counts.loaded), (6 * 3 + 2, loaded));
        }
        let [before, now] = years.map(|[.., policy]| policy.lines);
        assert_eq!(now[0].cells, [Cell::from("表6 落实政策表")]);
        let printed = ["1", "全日制在校生人数", "人"];
        assert_eq!(now[3].cells[..3], printed.map(Cell::from));
        assert_eq!(now[3].cells[3].display(), before[3].cells[4].display());
    }

    #[test]
    fn the_printed_figures_are_divided_exactly() {
        let plans = crate::plan::plan(8);
        let filings = Filings::new(&plans, 8);
        for year in 0..2 {
            let all: Vec<&Filing> = (0..SCHOOLS).map(|school| filings.of(school, year)).collect();
            for figure in FIGURES.iter().filter(|figure| !matches!(figure.draw, Draw::Mean(..))) {
                let sum: u64 = all.iter().filter_map(|filing| filing.get(figure.id).amount()).sum();
                assert_eq!(sum, figure.printed[year].amount().unwrap_or_default(), "{}", figure.id);
            }
        }
    }

    #[test]
    fn a_school_without_base_has_no_rate() {
        let mut weights = [5; SCHOOLS];
        weights[3] = 0;
        let rates = rates(1_000, 100, &weights, &mut Rng::stream(1, "rates", 0));
        assert_eq!(rates.iter().position(Option::is_none), Some(3));
    }
}
