//! The city's figures of 表2 to 表5 as printed, and how the schools' parts of each are drawn.

use crate::filings::Value::{self, Blank, Count, Dash, Hundredths};

/// A city figure of 表3 to 表5.
pub struct Figure {
    pub id: &'static str,
    /// Of 2023 and of 2024; money and rates in hundredths.
    pub printed: [Value; 2],
    pub draw: Draw,
}

/// How a figure is divided over the schools.
pub enum Draw {
    /// Every school, by its size.
    Each,
    /// So many schools of a hundred have any.
    Some(usize),
    /// A part of another row.
    Part(&'static str),
    /// At most so much for each of another row.
    Within(&'static str, usize),
    /// Hours of the courses of one row, out of the hours of all.
    Hours(&'static str, &'static str),
    /// Only where a school has any of another row.
    Where(&'static str),
    /// What other rows add up to.
    SumOf(&'static [&'static str]),
    /// Rates around the figure, whose mean by another row it is, and how far from it at most.
    Mean(&'static str, usize),
}

const fn figure(id: &'static str, printed: [Value; 2], draw: Draw) -> Figure {
    Figure { id, printed, draw }
}

use Draw::{Each, Hours, Mean, Part, Some, SumOf, Where, Within};

/// Those first that others are drawn from.
#[rustfmt::skip]
pub const FIGURES: [Figure; 69] = [
    figure("courses", [Count(3_111), Count(3_362)], Each),
    figure("course_hours", [Count(482_781), Count(528_252)], Within("courses", 400)),
    figure("courses_certificate", [Count(296), Count(293)], Part("courses")),
    figure("course_hours_certificate", [Count(56_980), Count(44_499)], Hours("courses_certificate", "course_hours")),
    figure("courses_online", [Count(265), Count(165)], Part("courses")),
    figure("course_hours_online", [Count(26_103), Count(14_044)], Hours("courses_online", "course_hours")),
    figure("courses_enterprise", [Blank, Count(73)], Part("courses")),
    figure("course_hours_enterprise", [Blank, Count(10_218)], Hours("courses_enterprise", "course_hours")),
    figure("resource_libraries_national", [Count(0), Count(0)], Some(10)),
    figure("resource_libraries_national_platform", [Count(0), Count(0)], Part("resource_libraries_national")),
    figure("resource_libraries_provincial", [Count(0), Count(2)], Some(20)),
    figure("resource_libraries_provincial_platform", [Count(0), Count(1)], Part("resource_libraries_provincial")),
    figure("resource_libraries_school", [Count(104), Count(97)], Some(60)),
    figure("resource_libraries", [Count(104), Count(99)], SumOf(&["resource_libraries_national", "resource_libraries_provincial", "resource_libraries_school"])),
    figure("resource_libraries_school_platform", [Count(15), Count(1)], Part("resource_libraries_school")),
    figure("online_courses_national", [Count(0), Count(1)], Some(10)),
    figure("online_courses_national_platform", [Count(0), Count(1)], Part("online_courses_national")),
    figure("online_courses_provincial", [Count(2), Count(6)], Some(20)),
    figure("online_courses_provincial_platform", [Count(2), Count(4)], Part("online_courses_provincial")),
    figure("online_courses_school", [Count(51), Count(60)], Some(60)),
    figure("online_courses", [Count(53), Count(67)], SumOf(&["online_courses_national", "online_courses_provincial", "online_courses_school"])),
    figure("online_course_hours", [Count(1_191), Count(2_503)], Within("online_courses", 200)),
    figure("online_course_mean_students", [Hundredths(33_900), Hundredths(111_100)], Mean("online_courses", 30_000)),
    figure("online_courses_school_platform", [Count(25), Count(9)], Part("online_courses_school")),
    figure("simulation_bases_national", [Count(0), Count(0)], Some(10)),
    figure("simulation_bases_national_platform", [Count(0), Count(0)], Part("simulation_bases_national")),
    figure("simulation_bases_provincial", [Count(0), Count(2)], Some(20)),
    figure("simulation_bases_provincial_platform", [Count(0), Count(0)], Part("simulation_bases_provincial")),
    figure("simulation_bases_school", [Count(23), Count(26)], Some(60)),
    figure("simulation_bases", [Count(23), Count(28)], SumOf(&["simulation_bases_national", "simulation_bases_provincial", "simulation_bases_school"])),
    figure("simulation_bases_school_platform", [Count(4), Count(0)], Part("simulation_bases_school")),
    figure("textbooks", [Count(101), Count(103)], Some(50)),
    figure("textbooks_national_plan", [Count(0), Count(0)], Part("textbooks")),
    figure("textbooks_enterprise", [Count(31), Count(47)], Part("textbooks")),
    figure("textbooks_new_form", [Count(1), Count(9)], Part("textbooks")),
    figure("textbooks_new_form_platform", [Count(3), Count(0)], Part("textbooks")),
    figure("practice_places_per_student", [Hundredths(95), Hundredths(86)], Mean("students", 40)),
    figure("graduates_first_employed", [Count(2_205), Count(2_552)], Part("graduates_placed")),
    figure("graduates_first_employed_local", [Count(1_236), Count(1_594)], Part("graduates_first_employed")),
    figure("graduates_first_employed_west_northeast", [Count(5), Count(4)], Part("graduates_first_employed")),
    figure("graduates_first_employed_small_enterprises", [Count(815), Count(1_380)], Part("graduates_first_employed")),
    figure("graduates_first_employed_large_enterprises", [Count(65), Count(87)], Part("graduates_first_employed")),
    figure("technical_service_income", [Hundredths(0), Hundredths(5_858)], Some(20)),
    figure("technical_service_benefit", [Hundredths(0), Hundredths(92_560)], Where("technical_service_income")),
    figure("research_funds", [Hundredths(100), Hundredths(0)], Some(10)),
    figure("property_trade_income", [Hundredths(0), Hundredths(0)], Some(10)),
    figure("ip_items", [Blank, Count(0)], Some(20)),
    figure("patents", [Blank, Count(0)], Part("ip_items")),
    figure("invention_patents", [Blank, Count(0)], Part("patents")),
    figure("patent_transfers", [Count(0), Count(0)], Some(10)),
    figure("patent_income", [Hundredths(0), Hundredths(0)], Some(10)),
    figure("training_projects", [Count(67), Count(69)], Some(50)),
    figure("training_hours", [Count(11_999), Count(8_047)], Within("training_projects", 1_000)),
    figure("training_hours_public", [Count(2_986), Count(4_313)], Part("training_hours")),
    figure("training_income", [Hundredths(10_321), Hundredths(22_492)], Where("training_projects")),
    figure("exported_major_standards", [Count(0), Count(0)], Some(10)),
    figure("exported_course_standards", [Count(0), Count(1)], Some(10)),
    figure("exported_standards", [Count(0), Count(1)], SumOf(&["exported_major_standards", "exported_course_standards"])),
    figure("exported_resources", [Count(0), Count(56)], Some(20)),
    figure("exported_equipment", [Count(0), Count(0)], Some(10)),
    figure("exported_items", [Blank, Count(57)], SumOf(&["exported_standards", "exported_resources", "exported_equipment"])),
    figure("foreign_student_majors", [Count(0), Dash], Some(10)),
    figure("foreign_students", [Count(0), Count(0)], Some(10)),
    figure("foreign_visiting_teachers", [Count(0), Count(0)], Some(10)),
    figure("joint_programme_majors", [Count(2), Count(2)], Some(10)),
    figure("joint_programme_students", [Count(11), Count(10)], Where("joint_programme_majors")),
    figure("overseas_training_days", [Count(360), Count(400)], Some(10)),
    figure("teachers_in_foreign_bodies", [Count(1), Count(1)], Some(10)),
    figure("international_prizes", [Count(0), Count(5)], Some(20)),
];

/// A row of 表2.
pub struct Survey {
    pub id: &'static str,
    pub respondents: &'static str,
    /// Of 2023 and of 2024, in hundredths.
    pub printed: [usize; 2],
    pub answered: Answered,
    pub method: &'static str,
}

/// How many answered.
pub enum Answered {
    /// Of a row, so many in 2023 and in 2024; 2023's were not printed.
    Of(&'static str, [usize; 2]),
    /// As many as for another row.
    As(&'static str),
    Sum([&'static str; 2]),
    Nobody,
}

const fn survey(
    id: &'static str,
    respondents: &'static str,
    printed: [usize; 2],
    answered: Answered,
    method: &'static str,
) -> Survey {
    Survey { id, respondents, printed, answered, method }
}

const ONLINE: &str = "全国统一网上调查";
const SCHOOLS: &str = "学校问卷、电话、网络问卷等";
const VISITS: &str = "学校走访、问卷、网上调研";

use Answered::{As, Nobody, Of, Sum};

#[rustfmt::skip]
pub const SURVEYS: [Survey; 12] = [
    survey("satisfaction_students", "satisfaction_students_respondents", [9_272, 9_189], Of("students", [5_621, 5_984]), ONLINE),
    survey("satisfaction_in_class", "satisfaction_in_class_respondents", [9_390, 9_274], As("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_out_of_class", "satisfaction_out_of_class_respondents", [9_314, 9_176], As("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_politics_courses", "satisfaction_politics_courses_respondents", [9_518, 9_452], As("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_general_courses", "satisfaction_general_courses_respondents", [9_400, 9_302], As("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_major_courses", "satisfaction_major_courses_respondents", [9_421, 9_373], As("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_recent_graduates", "satisfaction_recent_graduates_respondents", [9_465, 9_546], Of("graduates", [3_301, 3_969]), SCHOOLS),
    survey("satisfaction_graduates_3y", "satisfaction_graduates_3y_respondents", [9_579, 9_491], Of("graduates", [2_699, 3_033]), SCHOOLS),
    survey("satisfaction_staff", "satisfaction_staff_respondents", [0, 0], Nobody, ONLINE),
    survey("satisfaction_employers", "satisfaction_employers_respondents", [9_654, 9_504], Of("graduates", [1_287, 1_332]), VISITS),
    survey("satisfaction_parents", "satisfaction_parents_respondents", [9_647, 9_748], Of("students", [4_655, 4_822]), VISITS),
    survey("satisfaction_graduates", "satisfaction_graduates_respondents", [9_567, 9_583], Sum(["satisfaction_recent_graduates_respondents", "satisfaction_graduates_3y_respondents"]), SCHOOLS),
];

/// A group of majors that a school lists under 表3.
pub struct Group {
    /// The base of its school.
    pub school: usize,
    /// After the name of the school.
    pub name: &'static str,
    pub industry: &'static str,
    pub majors: &'static str,
    pub count: usize,
}

const fn group(
    school: usize,
    name: &'static str,
    industry: &'static str,
    majors: &'static str,
    count: usize,
) -> Group {
    Group { school, name, industry, majors, count }
}

/// As printed, misspelt majors included.
#[rustfmt::skip]
pub const GROUPS: [Group; 23] = [
    group(7, "计算机", "信息技术", "计算机应用", 4),
    group(7, "智能制造", "机加工、数控", "智能设备运行与维护", 5),
    group(7, "文旅康养", "大槐树寻根祭祖旅游基地", "旅游服务与管理", 8),
    group(9, "计算机平面设计", "紫砂陶艺设计、制作、宣传", "计算机平面设计", 5),
    group(9, "机电技术应用", "智能制造、汽车维修", "计算机平面设计", 3),
    group(9, "老年人服务与管理", "康养服务、文化", "计算机平面设计", 5),
    group(15, "绘画类", "绘画设计", "绘画、动漫与游戏设计", 2),
    group(15, "电气类", "设备运行、机器技术应用", "电气设备运行与控制、新能源汽车维修、工业机器人技术应用", 3),
    group(15, "电子商务", "电子商务", "电子商务、大数据应用", 2),
    group(15, "体育、艺术类", "体育教育、舞台表演", "运动训练、社会文化艺术", 2),
    group(15, "护理", "医护", "老年人服务与管理", 1),
    group(2, "法律事务专业群", "辅警、保安应急", "法律事务", 2),
    group(2, "计算机网络技术专业群", "网络信息安全", "计算机网络技术", 3),
    group(20, "助力乡村振兴专业群", "旅游、农产品加工、销售", "旅游服务与管理、农产品贮藏与加工、电子商务", 3),
    group(25, "机电技术应用专业群", "机电设备安装调试维护", "机电技术应用", 5),
    group(25, "康养旅游专业群", "文化旅游、老年人护理、康复", "老年人服务与管理", 5),
    group(31, "电子产品检验维修群", "电子信息", "电子信息技术", 1),
    group(31, "信息管理工程技术", "信息技术", "计算机应用、计算机网络技术、计算机与数码设备维修", 3),
    group(31, "会计信息系统运营", "财务会计", "会计事物", 1),
    group(31, "创意设计编辑", "视觉传达", "艺术设计与制作", 1),
    group(31, "动漫与游戏界面制作", "广告传播", "动漫与游戏制造、动漫与游戏设计", 2),
    group(31, "新闻传播", "新闻传播", "播音与主持", 1),
    group(38, "中医药康养专业群", "中医药康养产业", "智慧健康养老、机电技术应用、计算机应用", 3),
];

/// The last two were formed in 2024.
const GROUPS_BEFORE_2024: usize = 21;

/// The groups of one school.
pub fn groups(school: usize, since_2024: bool) -> impl Iterator<Item = &'static Group> {
    let known = if since_2024 { GROUPS.len() } else { GROUPS_BEFORE_2024 };
    GROUPS[..known].iter().filter(move |group| group.school == school)
}

/// Rows whose first cell is empty: where it is lost, the row stands one cell further left.
pub const SHIFTED: [&str; 3] = [
    "resource_libraries_school_platform",
    "online_courses_school_platform",
    "simulation_bases_school_platform",
];
