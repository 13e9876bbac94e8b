//! Units of money and bandwidth: what a header says of its numbers, and what it must not leave open.

use super::rows::case;
use super::{Case, check, school_code};

#[test]
fn a_number_is_in_the_unit_that_is_stated_or_is_refused() {
    let header = |id: &'static str, input, amount: &str, value: &str, expected| {
        let school = school_code(id);
        let text = format!(
            "学校标识码,收支项目,{amount}\n{school},年实习专项经费,{value}\n{school},财政拨款,12.5\n"
        );
        Case { dataset: "finance", ..case(id, input, text, expected) }
    };
    let above = |id: &'static str, input, line: &str, expected| {
        let school = school_code(id);
        let text = format!("经费收支\n{line}\n学校标识码,收支项目,金额\n{school},年实习专项经费,300\n");
        Case { dataset: "finance", ..case(id, input, text, expected) }
    };
    let lines = |id: &'static str, input, heads: &str, expected| {
        let school = school_code(id);
        let text = format!("学校标识码,教学科研仪器设备值（万元）,{heads}\n{school},80.5,1000,1000\n");
        Case { dataset: "conditions", ..case(id, input, text, expected) }
    };
    check(
        "U-units",
        &[
            header("U01", "元 for 万元", "金额（元）", "3000.05", "decoded 2+0+0+1"),
            header("U01b", "万元, and a remark", "金额（必填）（万元）", "0.300005", "decoded 2+0+0+1"),
            above("U02", "the unit in the line above", "单位：元", "decoded 1+0+0+3"),
            header("U03", "no unit of money", "金额", "3000", "rejected E-HDR-UNIT"),
            above("U03b", "a line that says who filled it in", "单位：教务处", "rejected E-HDR-UNIT"),
            header("U04", "an unknown unit", "金额（美元）", "3000", "rejected E-HDR-UNIT"),
            header("U05", "bandwidth in a column of money", "金额（bps）", "3000", "rejected E-HDR-UNIT"),
            lines(
                "U05b",
                "money in a column of bandwidth",
                "互联网出口带宽（万元）,主干最大带宽（bps）",
                "rejected E-HDR-UNIT",
            ),
            header(
                "U06",
                "an amount that the other unit cannot hold",
                "金额（元）",
                "0.0000001",
                "decoded 1+1+0+1 E-UNIT-DIGITS@2",
            ),
            header(
                "U07",
                "one column in two units",
                "金额（元）,金额（万元）",
                "3000,0.3",
                "rejected E-HDR-TWICE",
            ),
            lines("U08", "bps beside Mbps", "互联网出口带宽（bps）,主干最大带宽（Mbps）", "decoded 1+0+0+1"),
        ],
    );
}
