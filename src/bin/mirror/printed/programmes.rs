//! 1+X certificates, contest prizes and aid, of which no school files anything.

use crate::printed::years::{ByYear, YEARS};

/// 1+X certificates by state: 已发放, 已完成考核待发放, 考核站点待签发, 培训组织待签发; from the year before
/// the first. The report's table has 114 for the third of 2024, its text 414, which adds up.
pub const CERTIFICATES_1X: [[usize; 4]; YEARS.len() + 1] =
    [[1_697, 145, 292, 53], [3_059, 1_057, 114, 547], [3_246, 251, 414, 394]];

/// 一, 二 and 三等奖.
pub const PRIZES: ByYear<[usize; 3]> = ByYear([[33, 80, 126], [36, 97, 204]]);

/// 免学费 and 国家助学金 in 百元; of 2023 nothing was printed.
pub const AID: ByYear<[usize; 2]> = ByYear([[669_216, 79_403], [688_659, 81_817]]);
