//! The rows of the exports without people, school by school, and what they add up to.
//!
//! What a school filed is what its rows say, but for a few rows that it forgot to file. Ratios
//! come from whole numbers, so that a school's is as near its filed one as those allow.

use crate::appendix::SURVEYS;
use crate::apportion::{apportion, float};
use crate::cells::Cell;
use crate::city::School;
use crate::decimal;
use crate::facts::Facts;
use crate::filings::Filing;
use crate::planted::Fault;
use crate::programmes::Programmes;
use crate::rng::Rng;
use crate::sheet::{Line, Mark};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    Surveys,
    Courses,
    Resources,
    Conditions,
    Finance,
    Service,
    International,
    Mentors,
    Fitness,
    Certificates,
    Certificates1X,
    Prizes,
    Aid,
}

/// Whose rows one file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    School,
    County,
    City,
}

impl Export {
    pub const ALL: [Self; 13] = [
        Self::Surveys,
        Self::Courses,
        Self::Resources,
        Self::Conditions,
        Self::Finance,
        Self::Service,
        Self::International,
        Self::Mentors,
        Self::Fitness,
        Self::Certificates,
        Self::Certificates1X,
        Self::Prizes,
        Self::Aid,
    ];

    pub fn dataset(self) -> &'static str {
        match self {
            Self::Surveys => "surveys",
            Self::Courses => "courses",
            Self::Resources => "teaching_resources",
            Self::Conditions => "conditions",
            Self::Finance => "finance",
            Self::Service => "service",
            Self::International => "international",
            Self::Mentors => "mentors",
            Self::Fitness => "fitness",
            Self::Certificates => "certificates",
            Self::Certificates1X => "certificates_1x",
            Self::Prizes => "contest_prizes",
            Self::Aid => "aid",
        }
    }

    pub fn scope(self) -> Scope {
        match self {
            Self::Courses | Self::Conditions => Scope::School,
            Self::Finance => Scope::County,
            _ => Scope::City,
        }
    }
}

/// How one file writes amounts.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
pub struct Units {
    /// 元 where not 万元.
    pub yuan: bool,
    /// bps where not Mbps.
    pub bps: bool,
    /// 亩 where not 平方米.
    pub mu: bool,
    /// Numbers as text.
    pub text: bool,
}

impl Units {
    pub fn draw(rng: &mut Rng) -> Self {
        Self { yuan: rng.chance(0.5), bps: rng.chance(0.3), mu: rng.chance(0.3), text: rng.chance(0.6) }
    }

    pub fn money_name(self) -> &'static str {
        if self.yuan { "元" } else { "万元" }
    }

    pub fn bandwidth_name(self) -> &'static str {
        if self.bps { "bps" } else { "Mbps" }
    }

    pub fn area_name(self) -> &'static str {
        if self.mu { "亩" } else { "平方米" }
    }

    /// Nothing is an empty cell.
    pub fn money(self, fen: usize) -> Cell {
        let places = if self.yuan { 2 } else { 6 };
        self.number(if fen == 0 { String::new() } else { decimal::scaled(fen as u128, places) })
    }

    fn bandwidth(self, mbps: usize) -> Cell {
        self.number(if self.bps { format!("{mbps}000000") } else { mbps.to_string() })
    }

    /// Three 亩 are 2000 ㎡, so that a third of this is a whole number of square metres.
    fn area(self, three_mu: usize) -> Cell {
        self.number(if self.mu { (three_mu * 3).to_string() } else { (three_mu * 2_000).to_string() })
    }

    pub fn count(self, count: usize) -> Cell {
        self.number(count.to_string())
    }

    fn number(self, text: String) -> Cell {
        match text.parse() {
            Ok(number) if !self.text => Cell::Number(number),
            _ => text.into(),
        }
    }
}

/// What the rows of one school are drawn from.
pub struct Source<'a> {
    pub school: &'a School,
    pub year: u16,
    pub filing: &'a Filing,
    /// Of the student system.
    pub students: usize,
    pub programmes: &'a Programmes,
    pub seed: u64,
}

/// Rows of one school, without the cells that name it.
pub struct Rows {
    pub lines: Vec<Line>,
    pub facts: Facts,
}

/// Schools that have something they did not file, in 2024.
const UNFILED: [(Export, usize); 4] =
    [(Export::Courses, 12), (Export::Courses, 29), (Export::Certificates, 8), (Export::Service, 20)];

pub fn rows(export: Export, source: &Source, units: Units) -> Rows {
    let purpose = format!("{} {}", export.dataset(), source.year);
    let index = source.school.copy * crate::city::SCHOOLS + source.school.base;
    let mut writer = Writer {
        source,
        units,
        rng: Rng::stream(source.seed, &purpose, index),
        lines: Vec::new(),
        facts: Facts::default(),
    };
    match export {
        Export::Surveys => writer.surveys(),
        Export::Courses => writer.courses(),
        Export::Resources => writer.resources(),
        Export::Conditions => writer.conditions(),
        Export::Finance => writer.finance(),
        Export::Service => writer.service(),
        Export::International => writer.international(),
        Export::Mentors => writer.mentors(),
        Export::Fitness => writer.fitness(),
        Export::Certificates => writer.certificates(),
        Export::Certificates1X => writer.certificates_1x(),
        Export::Prizes => writer.prizes(),
        Export::Aid => writer.aid(),
    }
    if source.year == 2024 && UNFILED.contains(&(export, source.school.base)) {
        writer.unfiled(export);
    }
    Rows { lines: writer.lines, facts: writer.facts }
}

struct Writer<'a> {
    source: &'a Source<'a>,
    units: Units,
    rng: Rng,
    lines: Vec<Line>,
    facts: Facts,
}

/// A total in so many random parts.
fn split(total: usize, parts: usize, rng: &mut Rng) -> Vec<usize> {
    let weights: Vec<f64> = (0..parts).map(|_| rng.within(0.5, 1.5)).collect();
    if parts == 0 { Vec::new() } else { apportion(total, &weights, &vec![total; parts]) }
}

fn yes_no(yes: bool) -> Cell {
    if yes { "是" } else { "否" }.into()
}

impl Writer<'_> {
    fn count(&self, id: &str) -> usize {
        self.source.filing.count(id)
    }

    /// Filed money, which is in hundredths of 万元, in 分.
    fn fen(&self, id: &str) -> usize {
        self.hundredths(id) * 10_000
    }

    #[allow(clippy::cast_possible_truncation)]
    fn hundredths(&self, id: &str) -> usize {
        self.source.filing.get(id).amount().unwrap_or_default() as usize
    }

    fn is_asked(&self, id: &str) -> bool {
        self.source.filing.get(id) != crate::filings::Value::Blank
    }

    fn line(&mut self, cells: Vec<Cell>) {
        self.lines.push(Line::new(cells, Mark::Sound));
    }

    fn surveys(&mut self) {
        const ITEMS: [&str; 6] = [
            "在校生满意度",
            "课堂育人满意度",
            "课外育人满意度",
            "思想政治课教学满意度",
            "公共基础课（不含思想政治课）教学满意度",
            "专业课教学满意度",
        ];
        for (survey, item) in SURVEYS.iter().zip(ITEMS) {
            let respondents = self.count(survey.respondents);
            let score = self.source.filing.get(survey.id);
            self.facts.answered(
                (survey.id, survey.respondents),
                score.amount().unwrap_or_default(),
                respondents,
            );
            if respondents > 0 {
                let answers = self.units.count(respondents);
                self.line(vec![
                    "学生".into(),
                    item.into(),
                    survey.method.into(),
                    answers,
                    score.text().into(),
                ]);
            }
        }
        self.facts.answered(("satisfaction_staff", "satisfaction_staff_respondents"), 0, 0);
    }

    /// Courses of one kind, then those of none: hours of a kind are those of its courses.
    fn courses(&mut self) {
        const KINDS: [(&str, &str); 3] = [
            ("courses_certificate", "course_hours_certificate"),
            ("courses_online", "course_hours_online"),
            ("courses_enterprise", "course_hours_enterprise"),
        ];
        let (mut courses, mut hours) = (self.count("courses"), self.count("course_hours"));
        self.facts.count("courses", courses);
        self.facts.count("course_hours", hours);
        for (kind, (id, hours_id)) in KINDS.into_iter().enumerate() {
            if !self.is_asked(id) {
                continue;
            }
            let (of_kind, hours_of_kind) = (self.count(id), self.count(hours_id));
            self.facts.count(id, of_kind);
            self.facts.count(hours_id, hours_of_kind);
            courses -= of_kind;
            hours -= hours_of_kind;
            self.course_lines(of_kind, hours_of_kind, Some(kind));
        }
        assert!(courses > 0 || hours == 0, "hours of no course");
        self.course_lines(courses, hours, None);
        self.rng.shuffle(&mut self.lines);
    }

    fn course_lines(&mut self, courses: usize, hours: usize, kind: Option<usize>) {
        const TITLES: [&str; 12] = [
            "语文",
            "数学",
            "英语",
            "历史",
            "信息技术",
            "体育与健康",
            "艺术",
            "劳动教育",
            "专业基础",
            "专业核心",
            "技能实训",
            "岗位实习",
        ];
        for hours in split(hours, courses, &mut self.rng) {
            let title = format!("{}（{}）", self.rng.pick(&TITLES), self.rng.between(1, 6));
            let code = format!("K{}", self.rng.digits(6));
            let mut cells = vec![code.into(), title.into(), self.units.count(hours)];
            cells.extend((0..3).map(|of| yes_no(kind == Some(of))));
            self.line(cells);
        }
    }

    fn resources(&mut self) {
        /// Kind, its label, and the ids of what is at each level and of what of it is on the platform.
        type Kind = (&'static str, &'static str, [(&'static str, &'static str); 3]);
        const KINDS: [Kind; 3] = [
            (
                "resource_libraries",
                "专业教学资源库",
                [
                    ("resource_libraries_national", "resource_libraries_national_platform"),
                    ("resource_libraries_provincial", "resource_libraries_provincial_platform"),
                    ("resource_libraries_school", "resource_libraries_school_platform"),
                ],
            ),
            (
                "online_courses",
                "在线精品课程",
                [
                    ("online_courses_national", "online_courses_national_platform"),
                    ("online_courses_provincial", "online_courses_provincial_platform"),
                    ("online_courses_school", "online_courses_school_platform"),
                ],
            ),
            (
                "simulation_bases",
                "虚拟仿真实训基地",
                [
                    ("simulation_bases_national", "simulation_bases_national_platform"),
                    ("simulation_bases_provincial", "simulation_bases_provincial_platform"),
                    ("simulation_bases_school", "simulation_bases_school_platform"),
                ],
            ),
        ];
        const LEVELS: [&str; 3] = ["国家级", "省级", "校级"];
        let online = self.count("online_courses");
        let hours = self.count("online_course_hours");
        let learners = (self.hundredths("online_course_mean_students") * online + 50) / 100;
        self.facts.count("online_course_hours", hours);
        self.facts.count("online_course_learners", learners);
        let hours = split(hours, online, &mut self.rng);
        let learners = split(learners, online, &mut self.rng);
        let mut of_online = hours.into_iter().zip(learners);
        for (kind, label, levels) in KINDS {
            self.facts.count(kind, self.count(kind));
            for ((id, platform), level) in levels.into_iter().zip(LEVELS) {
                let (all, on_platform) = (self.count(id), self.count(platform));
                self.facts.count(id, all);
                self.facts.count(platform, on_platform);
                for number in 0..all {
                    let name = format!("{label}{}", self.rng.digits(3));
                    let mut cells: Vec<Cell> =
                        vec![label.into(), name.into(), level.into(), yes_no(number < on_platform)];
                    if kind == "online_courses" {
                        let (hours, learners) = of_online.next().unwrap_or_default();
                        cells.extend([self.units.count(hours), self.units.count(learners)]);
                    }
                    self.line(cells);
                }
            }
        }
        self.textbooks();
    }

    fn textbooks(&mut self) {
        const FLAGS: [&str; 4] = [
            "textbooks_new_form_platform",
            "textbooks_national_plan",
            "textbooks_enterprise",
            "textbooks_new_form",
        ];
        let all = self.count("textbooks");
        self.facts.count("textbooks", all);
        let mut flags = vec![[false; 4]; all];
        for (flag, id) in FLAGS.into_iter().enumerate() {
            self.facts.count(id, self.count(id));
            let mut order: Vec<usize> = (0..all).collect();
            self.rng.shuffle(&mut order);
            for book in order.into_iter().take(self.count(id)) {
                flags[book][flag] = true;
            }
        }
        for [platform, plan, enterprise, new_form] in flags {
            let name = format!("校本教材{}", self.rng.digits(3));
            self.line(vec![
                "编写教材".into(),
                name.into(),
                Cell::Empty,
                yes_no(platform),
                Cell::Empty,
                Cell::Empty,
                yes_no(plan),
                yes_no(enterprise),
                yes_no(new_form),
            ]);
        }
    }

    /// One line a campus; the first has the fastest lines.
    fn conditions(&mut self) {
        let students = self.source.students;
        let places = (self.hundredths("practice_places_per_student") * students + 50) / 100;
        // Rates are in hundredths of 元 a student, which are 分.
        let equipment = self.hundredths("equipment_value_per_student") * students;
        let enterprise = self.fen("enterprise_equipment_value");
        let lines = ["internet_bandwidth", "campus_backbone_bandwidth"];
        let fastest = lines.map(|id| self.count(id));
        self.facts.count("practice_places", places);
        self.facts.money("equipment_value", equipment);
        self.facts.money("enterprise_equipment_value", enterprise);
        for (id, fastest) in lines.into_iter().zip(fastest) {
            self.facts.at_least(id, fastest);
        }
        let campuses = if self.rng.chance(0.3) { 2 } else { 1 };
        let [equipment, enterprise, places] =
            [equipment, enterprise, places].map(|total| split(total, campuses, &mut self.rng));
        for campus in 0..campuses {
            let slower = if campus == 0 { fastest } else { [100, 1_000] };
            let cells = vec![
                ["本部", "新校区"][campus].into(),
                self.units.area(students / 60 + 5),
                self.units.money(equipment[campus]),
                self.units.money(enterprise[campus]),
                self.units.count(places[campus]),
                self.units.count(students * self.rng.between(10, 30)),
                self.units.bandwidth(slower[0].min(fastest[0])),
                self.units.bandwidth(slower[1].min(fastest[1])),
            ];
            self.line(cells);
        }
    }

    fn finance(&mut self) {
        const ITEMS: [(&str, &str); 9] = [
            ("年财政专项经费", "special_funds"),
            ("年实习专项经费", "internship_funds"),
            ("年实习责任保险经费", "internship_insurance"),
            ("横向技术服务到款额", "technical_service_income"),
            ("横向技术服务产生的经济效益", "technical_service_benefit"),
            ("纵向科研经费到款额", "research_funds"),
            ("技术产权交易收入", "property_trade_income"),
            ("专利成果转化到款额", "patent_income"),
            ("非学历培训到账经费", "training_income"),
        ];
        if self.is_asked("funding_per_student") {
            let funding = self.hundredths("funding_per_student") * self.source.students;
            self.facts.money("funding", funding);
            self.paid("年财政拨款", funding);
        }
        for (item, id) in ITEMS {
            if self.is_asked(id) {
                let fen = self.fen(id);
                self.facts.money(id, fen);
                self.paid(item, fen);
            }
        }
    }

    /// An amount in one to four rows; nothing in an empty one.
    fn paid(&mut self, item: &str, fen: usize) {
        let parts = if fen == 0 { 1 } else { self.rng.between(1, 4) };
        for (number, part) in split(fen, parts, &mut self.rng).into_iter().enumerate() {
            let note = format!("第{}笔", number + 1);
            self.line(vec![item.into(), note.into(), self.units.money(part)]);
        }
    }

    fn service(&mut self) {
        let projects = self.count("training_projects");
        let hours = self.count("training_hours");
        let public = self.count("training_hours_public");
        self.facts.count("training_projects", projects);
        self.facts.count("training_hours", hours);
        self.facts.count("training_hours_public", public);
        let hours = split(hours, projects, &mut self.rng);
        let weights: Vec<f64> = hours.iter().map(|&hours| float(hours)).collect();
        let public = if public == 0 { vec![0; projects] } else { apportion(public, &weights, &hours) };
        for (hours, public) in hours.into_iter().zip(public) {
            let name = format!(
                "{}培训班第{}期",
                self.rng.pick(&["电工", "护理", "电商", "家政", "焊工"]),
                self.rng.digits(3)
            );
            let public = if public == 0 { Cell::Empty } else { self.units.count(public) };
            self.line(vec!["非学历培训".into(), name.into(), self.units.count(hours), public]);
        }
        let centres = self.count("integration_centres");
        self.facts.count("integration_centres", centres);
        self.things("产教融合实践中心", centres);
        let transfers = self.count("patent_transfers");
        self.facts.count("patent_transfers", transfers);
        self.things("专利转让", transfers);
        if self.is_asked("ip_items") {
            let [all, patents, inventions] =
                ["ip_items", "patents", "invention_patents"].map(|id| self.count(id));
            self.facts.count("ip_items", all);
            self.facts.count("patents", patents);
            self.facts.count("invention_patents", inventions);
            self.things("发明专利授权", inventions);
            self.things("其他专利授权", patents - inventions);
            self.things("其他知识产权", all - patents);
        }
    }

    fn things(&mut self, kind: &str, count: usize) {
        for _ in 0..count {
            let name = format!("{kind}{}", self.rng.digits(4));
            self.line(vec![kind.into(), name.into()]);
        }
    }

    fn international(&mut self) {
        const ITEMS: [(&str, &str, &str); 12] = [
            ("专业标准", "exported_major_standards", "个"),
            ("课程标准", "exported_course_standards", "个"),
            ("资源", "exported_resources", "个"),
            ("装备", "exported_equipment", "个"),
            ("接收国外留学生专业", "foreign_student_majors", "个"),
            ("接收国外留学生", "foreign_students", "人"),
            ("接收国外访学教师", "foreign_visiting_teachers", "人"),
            ("中外合作办学专业", "joint_programme_majors", "个"),
            ("中外合作办学在校生", "joint_programme_students", "人"),
            ("专任教师赴国外指导和开展培训", "overseas_training_days", "人日"),
            ("在国外组织担任职务的专任教师", "teachers_in_foreign_bodies", "人"),
            ("国际技能大赛获奖", "international_prizes", "项"),
        ];
        let mut sums = [0; 2];
        for (index, (item, id, unit)) in ITEMS.into_iter().enumerate() {
            let count = self.count(id);
            self.facts.count(id, count);
            sums[0] += if index < 2 { count } else { 0 };
            sums[1] += if index < 4 { count } else { 0 };
            if count > 0 {
                let country = self.rng.pick(&["泰国", "老挝", "柬埔寨", "德国"]);
                self.line(vec![item.into(), country.into(), self.units.count(count), unit.into()]);
            }
        }
        self.facts.count("exported_standards", sums[0]);
        if self.is_asked("exported_items") {
            self.facts.count("exported_items", sums[1]);
        }
    }

    fn mentors(&mut self) {
        let [mentors, craftsmen, hours] =
            ["mentors", "mentors_craftsmen", "mentor_hours"].map(|id| self.count(id));
        let pay = self.fen("mentor_pay");
        self.facts.count("mentors", mentors);
        self.facts.count("mentors_craftsmen", craftsmen);
        self.facts.count("mentor_hours", hours);
        self.facts.money("mentor_pay", pay);
        let hours = split(hours, mentors, &mut self.rng);
        let pay = split(pay, mentors, &mut self.rng);
        for (number, (hours, pay)) in hours.into_iter().zip(pay).enumerate() {
            let kind = if number < craftsmen {
                self.rng.pick(&["大国工匠", "劳动模范"])
            } else {
                self.rng.pick(&["其他行业导师", "企业技术骨干"])
            };
            let trade = self.rng.pick(&["焦化", "装备制造", "汽车维修", "医养", "电子商务"]);
            self.line(vec![kind.into(), trade.into(), self.units.count(hours), self.units.money(pay)]);
        }
    }

    fn fitness(&mut self) {
        let tested = self.count("fitness_tested");
        let passed = (self.hundredths("fitness_pass_rate") * tested + 5_000) / 10_000;
        self.facts.count("fitness_tested", tested);
        self.facts.count("fitness_passed", passed);
        let by_grade = split(tested, 3, &mut self.rng);
        let weights: Vec<f64> = by_grade.iter().map(|&tested| float(tested)).collect();
        let passed = if passed == 0 { vec![0; 3] } else { apportion(passed, &weights, &by_grade) };
        for ((grade, tested), passed) in ["一年级", "二年级", "三年级"].into_iter().zip(by_grade).zip(passed)
        {
            let due = tested + self.rng.below(6);
            let counts = [due, tested, passed].map(|count| self.units.count(count));
            self.line(std::iter::once(grade.into()).chain(counts).collect());
        }
    }

    fn certificates(&mut self) {
        const TRADES: [&str; 8] = [
            "电工",
            "汽车维修工",
            "养老护理员",
            "中式烹调师",
            "保育师",
            "电子商务师",
            "焊工",
            "计算机程序设计员",
        ];
        let persons = self.count("certificates");
        self.facts.count("certificates", persons);
        let certificates = if persons == 0 { 0 } else { self.rng.between(3, 6) };
        let first = self.rng.below(TRADES.len());
        for (number, persons) in split(persons, certificates, &mut self.rng).into_iter().enumerate() {
            let level = self.rng.pick(&["五级", "四级", "四级", "三级"]);
            let trade = TRADES[(first + number) % TRADES.len()];
            let centre = "市职业技能鉴定指导中心";
            self.line(vec![trade.into(), level.into(), centre.into(), self.units.count(persons)]);
        }
    }

    fn certificates_1x(&mut self) {
        const TITLES: [&str; 5] = ["WPS办公应用", "幼儿照护", "智能财税", "汽车运用与维修", "网店运营推广"];
        const IDS: [&str; 4] = [
            "certificates_1x_issued",
            "certificates_1x_awaiting_issue",
            "certificates_1x_awaiting_site",
            "certificates_1x_awaiting_organisation",
        ];
        let states = self.source.programmes.certificates_1x(self.source.school.base, self.source.year);
        for (id, count) in IDS.into_iter().zip(states) {
            self.facts.count(id, count);
        }
        let all: usize = states.iter().sum();
        self.facts.count("certificates_1x", all);
        let certificates = if all == 0 { 0 } else { self.rng.between(2, TITLES.len()) };
        let parts = states.map(|count| split(count, certificates, &mut self.rng));
        for (number, title) in TITLES.into_iter().take(certificates).enumerate() {
            let level = self.rng.pick(&["初级", "中级"]);
            let mut cells: Vec<Cell> = vec![title.into(), level.into(), "培训评价组织".into()];
            // Nothing is an empty cell.
            let counts = parts.iter().map(|part| part[number]);
            cells.extend(counts.map(|count| if count == 0 { Cell::Empty } else { self.units.count(count) }));
            self.line(cells);
        }
    }

    fn prizes(&mut self) {
        const EVENTS: [&str; 6] =
            ["护理技能", "汽车机电维修", "电子商务运营", "婴幼儿保育", "短视频制作", "数控综合应用技术"];
        const IDS: [&str; 3] = ["contest_prizes_first", "contest_prizes_second", "contest_prizes_third"];
        let won = self.source.programmes.prizes(self.source.school.base, self.source.year);
        self.facts.count("contest_prizes", won.iter().sum());
        for ((id, count), rank) in IDS.into_iter().zip(won).zip(["一等奖", "二等奖", "三等奖"]) {
            self.facts.count(id, count);
            for _ in 0..count {
                let event = self.rng.pick(&EVENTS);
                let form = self.rng.pick(&["个人赛", "团体赛"]);
                let number = format!("SX{}{}", self.source.year, self.rng.digits(6));
                self.line(vec![
                    "省职业院校技能大赛".into(),
                    event.into(),
                    form.into(),
                    rank.into(),
                    number.into(),
                ]);
            }
        }
    }

    /// Whole standards, and what was paid later or back in a row without persons.
    fn aid(&mut self) {
        const KINDS: [(&str, &str, &str); 2] = [
            ("免学费", "aid_tuition", "aid_tuition_persons"),
            ("国家助学金", "aid_grants", "aid_grants_persons"),
        ];
        let amounts = self.source.programmes.aid(self.source.school.base, self.source.year);
        for ((kind, id, persons_id), hundreds) in KINDS.into_iter().zip(amounts) {
            let fen = hundreds * 10_000;
            self.facts.money(id, fen);
            let standards: &[usize] = if kind == "国家助学金" { &[2_000] } else { &[2_000, 2_500] };
            let mut left = fen;
            let mut persons = 0;
            for (part, standard) in split(fen, standards.len(), &mut self.rng).into_iter().zip(standards) {
                let count = part / (standard * 100);
                left -= count * standard * 100;
                persons += count;
                let amount = self.units.money(count * standard * 100);
                self.line(vec![
                    kind.into(),
                    format!("{standard}元/年").into(),
                    self.units.count(count),
                    amount,
                ]);
            }
            self.facts.count(persons_id, persons);
            if left > 0 {
                self.line(vec![kind.into(), "补发".into(), Cell::Empty, self.units.money(left)]);
            }
        }
    }

    /// One thing more than the school filed.
    fn unfiled(&mut self, export: Export) {
        let cells = match export {
            Export::Courses => {
                self.facts.count("courses", 1);
                self.facts.count("course_hours", 36);
                let cells = ["K900001", "创新创业教育"].map(Cell::from).into_iter();
                cells.chain([self.units.count(36)]).chain([false; 3].map(yes_no)).collect()
            }
            Export::Certificates => {
                self.facts.count("certificates", 8);
                let cells = ["茶艺师", "五级", "省职业技能鉴定指导中心"].map(Cell::from).into_iter();
                cells.chain([self.units.count(8)]).collect()
            }
            _ => {
                self.facts.count("integration_centres", 1);
                ["产教融合实践中心", "校企共建中心"].map(Cell::from).to_vec()
            }
        };
        self.lines.push(Line::new(cells, Mark::Planted(Fault::NotFiled)));
    }
}
