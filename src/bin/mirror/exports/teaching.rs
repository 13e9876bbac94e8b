//! Courses, the resources for them, and what students say of them.

use crate::exports::writer::{Writer, split, yes_no};
use crate::printed::surveys::SURVEYS;
use crate::sheets::cell::Cell;

impl Writer<'_> {
    pub fn surveys(&mut self) {
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
    pub fn courses(&mut self) {
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

    pub fn resources(&mut self) {
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
        let mut online_courses = hours.into_iter().zip(learners);
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
                        let (hours, learners) = online_courses.next().unwrap_or_default();
                        cells.extend([self.units.count(hours), self.units.count(learners)]);
                    }
                    self.line(cells);
                }
            }
        }
        self.textbooks();
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
            cells.extend((0..3).map(|other| yes_no(kind == Some(other))));
            self.line(cells);
        }
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
            let mut order: Vec<usize> = (0..all).collect();
            self.rng.shuffle(&mut order);
            for book in order.into_iter().take(self.count(id)) {
                flags[book][flag] = true;
            }
        }
        // The report prints more of them on the platform than there are of new form: of the rows, those count
        // that are both.
        let on_platform = |book: &&[bool; 4]| book[0] && book[3];
        self.facts.count(FLAGS[0], flags.iter().filter(on_platform).count());
        for id in &FLAGS[1..] {
            self.facts.count(id, self.count(id));
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
}
