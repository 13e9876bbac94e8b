//! The city's figures of 表3 to 表5 as printed, and how each is divided over the schools.

use crate::printed::value::Value::{self, Blank, Count, Dash, Hundredths};
use crate::printed::years::{ByYear, YEARS};

/// A city figure of 表3 to 表5.
pub struct Figure {
    pub id: &'static str,
    /// Money and rates in hundredths.
    pub printed: ByYear<Value>,
    pub division: Division,
}

/// How a figure is divided over the schools.
pub enum Division {
    /// Every school, by its size.
    BySize,
    /// So many schools of a hundred have any.
    SomeSchools(usize),
    /// A part of another row.
    PartOf(&'static str),
    /// At most so much for each of another row.
    AtMost(&'static str, usize),
    /// Hours of the courses of one row, out of the hours of all.
    HoursOf(&'static str, &'static str),
    /// Only where a school has any of another row.
    WhereAny(&'static str),
    /// What other rows add up to.
    SumOf(&'static [&'static str]),
    /// Rates around the figure, whose mean by another row it is, and how far from it at most.
    MeanBy(&'static str, usize),
}

const fn figure(id: &'static str, printed: [Value; YEARS.len()], division: Division) -> Figure {
    Figure { id, printed: ByYear(printed), division }
}

use Division::{AtMost, BySize, HoursOf, MeanBy, PartOf, SomeSchools, SumOf, WhereAny};

/// Those first that others are drawn from.
#[rustfmt::skip]
pub const FIGURES: [Figure; 69] = [
    figure("courses", [Count(3_111), Count(3_362)], BySize),
    figure("course_hours", [Count(482_781), Count(528_252)], AtMost("courses", 400)),
    figure("courses_certificate", [Count(296), Count(293)], PartOf("courses")),
    figure("course_hours_certificate", [Count(56_980), Count(44_499)], HoursOf("courses_certificate", "course_hours")),
    figure("courses_online", [Count(265), Count(165)], PartOf("courses")),
    figure("course_hours_online", [Count(26_103), Count(14_044)], HoursOf("courses_online", "course_hours")),
    figure("courses_enterprise", [Blank, Count(73)], PartOf("courses")),
    figure("course_hours_enterprise", [Blank, Count(10_218)], HoursOf("courses_enterprise", "course_hours")),
    figure("resource_libraries_national", [Count(0), Count(0)], SomeSchools(10)),
    figure("resource_libraries_national_platform", [Count(0), Count(0)], PartOf("resource_libraries_national")),
    figure("resource_libraries_provincial", [Count(0), Count(2)], SomeSchools(20)),
    figure("resource_libraries_provincial_platform", [Count(0), Count(1)], PartOf("resource_libraries_provincial")),
    figure("resource_libraries_school", [Count(104), Count(97)], SomeSchools(60)),
    figure("resource_libraries", [Count(104), Count(99)], SumOf(&["resource_libraries_national", "resource_libraries_provincial", "resource_libraries_school"])),
    figure("resource_libraries_school_platform", [Count(15), Count(1)], PartOf("resource_libraries_school")),
    figure("online_courses_national", [Count(0), Count(1)], SomeSchools(10)),
    figure("online_courses_national_platform", [Count(0), Count(1)], PartOf("online_courses_national")),
    figure("online_courses_provincial", [Count(2), Count(6)], SomeSchools(20)),
    figure("online_courses_provincial_platform", [Count(2), Count(4)], PartOf("online_courses_provincial")),
    figure("online_courses_school", [Count(51), Count(60)], SomeSchools(60)),
    figure("online_courses", [Count(53), Count(67)], SumOf(&["online_courses_national", "online_courses_provincial", "online_courses_school"])),
    figure("online_course_hours", [Count(1_191), Count(2_503)], AtMost("online_courses", 200)),
    figure("online_course_mean_students", [Hundredths(33_900), Hundredths(111_100)], MeanBy("online_courses", 30_000)),
    figure("online_courses_school_platform", [Count(25), Count(9)], PartOf("online_courses_school")),
    figure("simulation_bases_national", [Count(0), Count(0)], SomeSchools(10)),
    figure("simulation_bases_national_platform", [Count(0), Count(0)], PartOf("simulation_bases_national")),
    figure("simulation_bases_provincial", [Count(0), Count(2)], SomeSchools(20)),
    figure("simulation_bases_provincial_platform", [Count(0), Count(0)], PartOf("simulation_bases_provincial")),
    figure("simulation_bases_school", [Count(23), Count(26)], SomeSchools(60)),
    figure("simulation_bases", [Count(23), Count(28)], SumOf(&["simulation_bases_national", "simulation_bases_provincial", "simulation_bases_school"])),
    figure("simulation_bases_school_platform", [Count(4), Count(0)], PartOf("simulation_bases_school")),
    figure("textbooks", [Count(101), Count(103)], SomeSchools(50)),
    figure("textbooks_national_plan", [Count(0), Count(0)], PartOf("textbooks")),
    figure("textbooks_enterprise", [Count(31), Count(47)], PartOf("textbooks")),
    figure("textbooks_new_form", [Count(1), Count(9)], PartOf("textbooks")),
    figure("textbooks_new_form_platform", [Count(3), Count(0)], PartOf("textbooks")),
    figure("practice_places_per_student", [Hundredths(95), Hundredths(86)], MeanBy("students", 40)),
    figure("graduates_first_employed", [Count(2_205), Count(2_552)], PartOf("graduates_placed")),
    figure("graduates_first_employed_local", [Count(1_236), Count(1_594)], PartOf("graduates_first_employed")),
    figure("graduates_first_employed_west_northeast", [Count(5), Count(4)], PartOf("graduates_first_employed")),
    figure("graduates_first_employed_small_enterprises", [Count(815), Count(1_380)], PartOf("graduates_first_employed")),
    figure("graduates_first_employed_large_enterprises", [Count(65), Count(87)], PartOf("graduates_first_employed")),
    figure("technical_service_income", [Hundredths(0), Hundredths(5_858)], SomeSchools(20)),
    figure("technical_service_benefit", [Hundredths(0), Hundredths(92_560)], WhereAny("technical_service_income")),
    figure("research_funds", [Hundredths(100), Hundredths(0)], SomeSchools(10)),
    figure("property_trade_income", [Hundredths(0), Hundredths(0)], SomeSchools(10)),
    figure("ip_items", [Blank, Count(0)], SomeSchools(20)),
    figure("patents", [Blank, Count(0)], PartOf("ip_items")),
    figure("invention_patents", [Blank, Count(0)], PartOf("patents")),
    figure("patent_transfers", [Count(0), Count(0)], SomeSchools(10)),
    figure("patent_income", [Hundredths(0), Hundredths(0)], SomeSchools(10)),
    figure("training_projects", [Count(67), Count(69)], SomeSchools(50)),
    figure("training_hours", [Count(11_999), Count(8_047)], AtMost("training_projects", 1_000)),
    figure("training_hours_public", [Count(2_986), Count(4_313)], PartOf("training_hours")),
    figure("training_income", [Hundredths(10_321), Hundredths(22_492)], WhereAny("training_projects")),
    figure("exported_major_standards", [Count(0), Count(0)], SomeSchools(10)),
    figure("exported_course_standards", [Count(0), Count(1)], SomeSchools(10)),
    figure("exported_standards", [Count(0), Count(1)], SumOf(&["exported_major_standards", "exported_course_standards"])),
    figure("exported_resources", [Count(0), Count(56)], SomeSchools(20)),
    figure("exported_equipment", [Count(0), Count(0)], SomeSchools(10)),
    figure("exported_items", [Blank, Count(57)], SumOf(&["exported_standards", "exported_resources", "exported_equipment"])),
    figure("foreign_student_majors", [Count(0), Dash], SomeSchools(10)),
    figure("foreign_students", [Count(0), Count(0)], SomeSchools(10)),
    figure("foreign_visiting_teachers", [Count(0), Count(0)], SomeSchools(10)),
    figure("joint_programme_majors", [Count(2), Count(2)], SomeSchools(10)),
    figure("joint_programme_students", [Count(11), Count(10)], WhereAny("joint_programme_majors")),
    figure("overseas_training_days", [Count(360), Count(400)], SomeSchools(10)),
    figure("teachers_in_foreign_bodies", [Count(1), Count(1)], SomeSchools(10)),
    figure("international_prizes", [Count(0), Count(5)], SomeSchools(20)),
];
