//! Section F: identifiers and codes.

use super::rows::{
    BIRTH, ENROLMENT, ENTRY, ETHNICITY, ID, ID_TYPE, MAJOR, NAME, ROW, SCHOOL, SEX, Special, case, spoiled,
    with_cells, workbook,
};
use super::{Case, Roster, check, school_code};
use crate::support::with_check_digit;

#[test]
fn identifiers_are_text_and_what_is_doubtful_is_asked_about() {
    let mut cases = identity_numbers();
    cases.extend(other_documents());
    cases.extend(people_twice());
    cases.extend(schools());
    cases.extend(codes());
    check("F", &cases);
}

fn identity_numbers() -> Vec<Case> {
    let mangled = |roster: &mut Roster| {
        for row in roster.rows.iter_mut().step_by(50).take(6) {
            row[ID].replace_range(15.., "000");
        }
    };
    let spelled = |roster: &mut Roster| {
        let with_x = roster.rows.iter_mut().find(|row| row[ID].ends_with('X')).unwrap();
        with_x[ID] = with_x[ID].to_lowercase();
        roster.rows[0][ID].insert(6, '-');
        roster.rows[1][ID].insert(14, '\u{3000}');
        roster.rows[2][ID].insert_str(14, " -");
    };
    let wrong_check_digit = |roster: &mut Roster| {
        let last = roster.rows[ROW][ID].pop();
        roster.rows[ROW][ID].push(if last == Some('1') { '2' } else { '1' });
    };
    let fifteen = |roster: &mut Roster| {
        let id = roster.rows[ROW][ID].clone();
        roster.rows[ROW][ID] = format!("{}{}", &id[..6], &id[8..17]);
    };
    let other_birth = |roster: &mut Roster| roster.rows[ROW][BIRTH] = "2007-01-31".into();
    let registered = |roster: &mut Roster| {
        roster.header.push("学籍号".into());
        for row in &mut roster.rows {
            row.push(format!("G{}", row[ID]));
        }
        let other = roster.rows[0][ID].clone();
        *roster.rows[ROW].last_mut().unwrap() = format!("G{other}");
        let bare = roster.rows[4][ID].clone();
        *roster.rows[4].last_mut().unwrap() = bare;
        *roster.rows[5].last_mut().unwrap() = "L3614000001000001".into();
    };
    vec![
        workbook(
            "F01",
            "an ID that Excel holds as a number",
            &[(ROW, ID, Special::Number(142_601_200_901_011e3))],
            "decoded 999+1+0+1 E-ID-NUMERIC@5",
        ),
        with_cells("F02", "1.42601E+17 as text", ID, &["1.42601E+17"], "decoded 999+1+0+1 E-ID-NUMERIC@5"),
        spoiled("F03", "six of 1,000 IDs end in 000", mangled, "rejected E-ID-MANGLED"),
        spoiled("F04", "lower-case x, blanks and hyphens inside", spelled, "decoded 1000+0+0+1"),
        spoiled("F05", "a wrong check digit", wrong_check_digit, "decoded 1000+0+0+1 Q-ID-CHECK@5"),
        spoiled("F06", "a pupil's ID of 15 digits", fifteen, "decoded 999+1+0+1 E-ID-FORMAT@5"),
        staff("F06b", "an adult's ID of 15 digits", "141002620314001", "decoded 2+0+0+1"),
        staff(
            "F06c",
            "an adult's ID of 18 digits cut to 15",
            "141002196203140",
            "decoded 1+1+0+1 E-ID-FORMAT@3",
        ),
        spoiled("F07", "another birth date than the ID's", other_birth, "decoded 1000+0+0+1 Q-ID-BIRTH@5"),
        with_cells("F07b", "another sex than the ID's", SEX, &["男"], "decoded 1000+0+0+1 Q-ID-SEX@5"),
        spoiled(
            "F10",
            "学籍号: one of somebody else, one without its letter, one temporary",
            registered,
            "decoded 1000+0+0+1 Q-REGISTRATION@5",
        ),
    ]
}

fn staff(id: &'static str, input: &'static str, number: &str, expected: &'static str) -> Case {
    let school = school_code(id);
    let sound = with_check_digit(&format!("141002197001{:02}001", id.len() + usize::from(id.ends_with('c'))));
    let text = format!(
        "学校标识码,姓名,身份证件类型,身份证件号,教职工类别,双师型,当前状态\n\
         {school},司马安,居民身份证,{sound},专任教师,是,在职\n\
         {school},司马宁,居民身份证,{number},专任教师,是,在职\n"
    );
    Case { dataset: "staff", ..case(id, input, text, expected) }
}

fn other_documents() -> Vec<Case> {
    let documents = |roster: &mut Roster| {
        let (day, rows) = (roster.rows[ROW][BIRTH].replace('-', ""), &mut roster.rows[ROW..]);
        rows[0][ID] = with_check_digit(&format!("810000{day}002"));
        for (row, (kind, number)) in rows.iter_mut().zip([
            ("港澳台居民居住证", ""),
            ("护照", "E12345678"),
            ("港澳居民来往内地通行证", "H1234567890"),
            ("台湾居民来往大陆通行证", "12345678"),
            ("其他", "M12345678"),
        ]) {
            kind.clone_into(&mut row[ID_TYPE]);
            if !number.is_empty() {
                number.clone_into(&mut row[ID]);
                "2007-05-06".clone_into(&mut row[BIRTH]);
            }
        }
    };
    let temporary = |roster: &mut Roster| {
        for (serial, row) in (1..).zip(&mut roster.rows[ROW..5]) {
            row[ID] = format!("999{}{serial:05}", row[SCHOOL]);
            "2007-05-06".clone_into(&mut row[BIRTH]);
        }
        "其他".clone_into(&mut roster.rows[ROW][ID_TYPE]);
    };
    vec![
        spoiled("F08", "residence permits, passports, travel permits", documents, "decoded 1000+0+0+1"),
        spoiled("F09", "temporary numbers 999…", temporary, "decoded 1000+0+0+1"),
    ]
}

fn people_twice() -> Vec<Case> {
    let same_row = |roster: &mut Roster| roster.rows.push(roster.rows[ROW].clone());
    let other_name = |roster: &mut Roster| {
        let mut row = roster.rows[ROW].clone();
        "司马安".clone_into(&mut row[NAME]);
        roster.rows.push(row);
    };
    let arriving = |from: &str, to: &str, by: &str| {
        let mut row = Roster::of(from, 20).rows.swap_remove(ROW);
        row[SCHOOL] = school_code(to);
        by.clone_into(&mut row[ENROLMENT]);
        let mut roster = Roster::of(to, 20);
        roster.rows.push(row);
        roster.csv()
    };
    vec![
        spoiled("F11", "the same row twice", same_row, "decoded 1000+0+1+1"),
        spoiled("F12", "one ID, two names", other_name, "decoded 999+2+0+1 E-ID-SHARED@1002 E-ID-SHARED@5"),
        case("F13", "a pupil of two schools: one of them", Roster::of("F13", 20).csv(), "decoded 20+0+0+1"),
        case(
            "F13b",
            "a pupil of two schools: the other",
            arriving("F13", "F13b", "统一招生考试/普通入学"),
            "decoded 21+0+0+1 Q-TWO-SCHOOLS@22",
        ),
        case(
            "F14",
            "transferred out and still 在读",
            Roster::of("F14", 20).csv(),
            "decoded 20+0+0+1 Q-TWO-SCHOOLS@5",
        ),
        case(
            "F14b",
            "the school that the pupil went to",
            arriving("F14", "F14b", "外校转入"),
            "decoded 21+0+0+1",
        ),
    ]
}

fn schools() -> Vec<Case> {
    let named = |roster: &mut Roster| {
        roster.header.push("学校名称".into());
        for (index, row) in roster.rows.iter_mut().enumerate() {
            row.push(["第一中学 ", "第一中学（本部）", "市一中"][index % 3].into());
        }
    };
    let register = "学校标识码,学校名称,办学类型,举办者性质,隶属层级,属地管理行政区划码,学校状态,教职工额定编制数\n\
                    3114909999,云岭第九职业学校,职业高中学校,公办,县属,141002,正常,30\n";
    vec![
        with_cells(
            "F15",
            "a school code that the register does not know",
            SCHOOL,
            &["3614999999"],
            "decoded 1000+0+0+1 E-SCHOOL-UNKNOWN",
        ),
        with_cells(
            "F15b",
            "a school code of nine digits",
            SCHOOL,
            &["361499999"],
            "decoded 999+1+0+1 E-SCHOOL-CODE@5",
        ),
        Case {
            dataset: "schools",
            ..case(
                "F15c",
                "a school whose code is of another type",
                register,
                "decoded 1+0+0+1 Q-SCHOOL-TYPE@2",
            )
        },
        spoiled("F25", "a school by three names", named, "decoded 1000+0+0+1"),
    ]
}

fn codes() -> Vec<Case> {
    let abolished = |roster: &mut Roster| {
        let id = roster.rows[ROW][ID].clone();
        roster.rows[ROW][ID] = with_check_digit(&format!("142601{}", &id[6..17]));
    };
    let catalogues = |roster: &mut Roster| {
        for (row, (entry, code)) in
            roster.rows.iter_mut().zip([("201909", "090100"), ("202309", "710201"), ("201909", "计算机应用")])
        {
            entry.clone_into(&mut row[ENTRY]);
            code.clone_into(&mut row[MAJOR]);
        }
    };
    vec![
        spoiled("F18", "an ID of an abolished county", abolished, "decoded 1000+0+0+1"),
        with_cells(
            "F19",
            "a major's code without its zero, and one of ten digits",
            MAJOR,
            &["90100", "7102010101"],
            "decoded 998+2+0+1 E-MAJOR@5 E-MAJOR@6",
        ),
        spoiled("F19b", "codes of the catalogues of two years of entry", catalogues, "decoded 1000+0+0+1"),
        with_cells(
            "F20",
            "a code in all its spellings",
            ETHNICITY,
            &["01-汉族", "汉族", "01", "HA", "汉族（01）", "01 汉族"],
            "decoded 1000+0+0+1",
        ),
        with_cells(
            "F21",
            "a sex in all its spellings, and none",
            SEX,
            &["女", "2", "F", "2 女", ""],
            "decoded 1000+0+0+1",
        ),
        with_cells("F21b", "a sex that is none", SEX, &["待定"], "decoded 999+1+0+1 E-CODE@5"),
    ]
}
