//! 表2 as printed: how content people are, and how many answered.

use crate::printed::years::{ByYear, YEARS};

pub struct Survey {
    pub id: &'static str,
    pub respondents: &'static str,
    /// In hundredths.
    pub printed: ByYear<usize>,
    pub responses: Responses,
    pub method: &'static str,
}

/// How many answered.
pub enum Responses {
    /// So many of a row; 2023's were not printed.
    PartOf(&'static str, ByYear<usize>),
    /// As many as for another row.
    SameAs(&'static str),
    Sum([&'static str; 2]),
    Nobody,
}

const fn survey(
    id: &'static str,
    respondents: &'static str,
    printed: [usize; YEARS.len()],
    responses: Responses,
    method: &'static str,
) -> Survey {
    Survey { id, respondents, printed: ByYear(printed), responses, method }
}

const ONLINE: &str = "全国统一网上调查";
const SCHOOLS: &str = "学校问卷、电话、网络问卷等";
const VISITS: &str = "学校走访、问卷、网上调研";

use Responses::{Nobody, PartOf, SameAs, Sum};

#[rustfmt::skip]
pub const SURVEYS: [Survey; 12] = [
    survey("satisfaction_students", "satisfaction_students_respondents", [9_272, 9_189], PartOf("students", ByYear([5_621, 5_984])), ONLINE),
    survey("satisfaction_in_class", "satisfaction_in_class_respondents", [9_390, 9_274], SameAs("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_out_of_class", "satisfaction_out_of_class_respondents", [9_314, 9_176], SameAs("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_politics_courses", "satisfaction_politics_courses_respondents", [9_518, 9_452], SameAs("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_general_courses", "satisfaction_general_courses_respondents", [9_400, 9_302], SameAs("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_major_courses", "satisfaction_major_courses_respondents", [9_421, 9_373], SameAs("satisfaction_students_respondents"), ONLINE),
    survey("satisfaction_recent_graduates", "satisfaction_recent_graduates_respondents", [9_465, 9_546], PartOf("graduates", ByYear([3_301, 3_969])), SCHOOLS),
    survey("satisfaction_graduates_3y", "satisfaction_graduates_3y_respondents", [9_579, 9_491], PartOf("graduates", ByYear([2_699, 3_033])), SCHOOLS),
    survey("satisfaction_staff", "satisfaction_staff_respondents", [0, 0], Nobody, ONLINE),
    survey("satisfaction_employers", "satisfaction_employers_respondents", [9_654, 9_504], PartOf("graduates", ByYear([1_287, 1_332])), VISITS),
    survey("satisfaction_parents", "satisfaction_parents_respondents", [9_647, 9_748], PartOf("students", ByYear([4_655, 4_822])), VISITS),
    survey("satisfaction_graduates", "satisfaction_graduates_respondents", [9_567, 9_583], Sum(["satisfaction_recent_graduates_respondents", "satisfaction_graduates_3y_respondents"]), SCHOOLS),
];
