//! The rows of 表1 to 表6.

/// How the city combines what its schools filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combination {
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
    pub combination: Combination,
    /// Asked since that year; 0 where it always was.
    first_year: u16,
}

const fn row(
    sheet: usize,
    (serial, label, unit): (&'static str, &'static str, &'static str),
    id: &'static str,
) -> Row {
    Row { sheet, serial, label, unit, id, combination: Combination::Sum, first_year: 0 }
}

impl Row {
    const fn mean(self, weight: &'static str) -> Self {
        Self { combination: Combination::Mean(weight), ..self }
    }

    const fn max(self) -> Self {
        Self { combination: Combination::Max, ..self }
    }

    const fn since(self, first_year: u16) -> Self {
        Self { first_year, ..self }
    }

    pub fn is_asked(&self, year: u16) -> bool {
        self.first_year <= year
    }
}

pub const SHEETS: [(&str, &str); 6] = [
    ("表1", "表1 人才培养质量计分卡"),
    ("表2", "表2 满意度调查表"),
    ("表3", "表3 教学资源表"),
    ("表4", "表4 服务贡献表"),
    ("表5", "表5 国际影响表"),
    ("表6", "表6 落实政策表"),
];

/// Of 表2, whose rows have two more columns, and of 表3, which ends with a list.
pub const SURVEYS_SHEET: usize = 1;
pub const RESOURCES_SHEET: usize = 2;

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
    row(2, ("2", "“双师型”教师比例", "%"), "dual_share").mean("teachers_full_time").since(2024),
    row(2, ("", "其中：高级“双师型”教师比例", "%"), "dual_senior_share")
        .mean("teachers_full_time")
        .since(2024),
    row(2, ("3", "高级专业技术职务专任教师比例", "%"), "senior_title_share").mean("teachers_full_time"),
    row(2, ("4", "专业群数量", "个"), "major_groups"),
    row(2, ("", "专业数量", "个"), "majors"),
    row(2, ("5", "教学计划内课程总数", "门"), "courses"),
    row(2, ("", "", "学时"), "course_hours"),
    row(2, ("", "其中：课证融通课程数", "门"), "courses_certificate"),
    row(2, ("", "", "学时"), "course_hours_certificate"),
    row(2, ("", "网络教学课程数", "门"), "courses_online"),
    row(2, ("", "", "学时"), "course_hours_online"),
    row(2, ("", "校企合作课程数", "门"), "courses_enterprise").since(2024),
    row(2, ("", "", "学时"), "course_hours_enterprise").since(2024),
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
    row(3, ("5", "知识产权项目数量", "项"), "ip_items").since(2024),
    row(3, ("", "其中：专利授权数量", "项"), "patents").since(2024),
    row(3, ("", "发明专利授权数量", "项"), "invention_patents").since(2024),
    row(3, ("6", "专利转让数量", "项"), "patent_transfers"),
    row(3, ("7", "专利成果转化到款额", "万元"), "patent_income"),
    row(3, ("8", "非学历培训项目数", "项"), "training_projects"),
    row(3, ("", "非学历培训学时", "学时"), "training_hours"),
    row(3, ("", "公益项目培训学时", "学时"), "training_hours_public"),
    row(3, ("9", "非学历培训到账经费", "万元"), "training_income"),
    row(4, ("1", "开发并被国外采用的职业教育标准、资源、装备数量", "个"), "exported_items").since(2024),
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
    row(5, ("2", "年生均财政拨款水平", "元"), "funding_per_student").mean("students").since(2024),
    row(5, ("3", "年财政专项经费", "万元"), "special_funds").since(2024),
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

/// The rows of the three industries in 表1.
pub const INDUSTRIES: [&str; 3] =
    ["graduates_primary_industry", "graduates_secondary_industry", "graduates_tertiary_industry"];

pub fn is_asked(id: &str, year: u16) -> bool {
    ROWS.iter().any(|row| row.id == id && row.is_asked(year))
}
