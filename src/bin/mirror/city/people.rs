//! Invented people: names, dates of birth, identity documents.

use std::collections::HashSet;

use crate::city::schools::COUNTIES;
use crate::numbers::dates::Date;
use crate::numbers::rng::Rng;

/// Counties of the city before 2000, still in the numbers of those born then.
pub const OLD_REGIONS: [(&str, &str); 17] = [
    ("142601", "临汾市"),
    ("142602", "侯马市"),
    ("142603", "霍州市"),
    ("142621", "曲沃县"),
    ("142622", "翼城县"),
    ("142623", "襄汾县"),
    ("142625", "洪洞县"),
    ("142627", "古县"),
    ("142628", "安泽县"),
    ("142629", "浮山县"),
    ("142630", "吉县"),
    ("142631", "乡宁县"),
    ("142632", "蒲县"),
    ("142633", "大宁县"),
    ("142634", "永和县"),
    ("142635", "隰县"),
    ("142636", "汾西县"),
];

const OTHER_REGIONS: [(&str, &str); 8] = [
    ("140105", "小店区"),
    ("140724", "昔阳县"),
    ("140802", "盐湖区"),
    ("140821", "临猗县"),
    ("410105", "金水区"),
    ("370102", "历下区"),
    ("610104", "莲湖区"),
    ("130102", "长安区"),
];

/// The year from which ID numbers carry the new county codes.
const FIRST_YEAR_OF_NEW_REGIONS: u16 = 2000;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何",
    "高", "林", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田",
    "董", "潘", "袁", "蔡", "蒋", "余", "于", "杜", "叶", "程", "苏", "魏", "吕", "丁", "任", "卢", "姚",
    "沈", "姜", "崔", "谭", "陆", "范", "汪", "廖", "石", "贾", "韦", "付", "邱", "侯", "段", "武", "乔",
    "卫", "郝", "孟", "秦", "史", "薛", "雷", "白", "邢", "柴", "亢", "席", "解", "尉迟", "上官", "令狐",
];

const GIVEN_MALE: &[&str] = &[
    "伟", "强", "磊", "军", "勇", "杰", "涛", "超", "明", "辉", "鹏", "浩", "宇", "轩", "泽", "晨", "博",
    "文", "睿", "航", "凯", "帅", "龙", "峰", "俊", "嘉", "志", "家", "子", "一", "天", "永", "建", "国",
    "海", "云", "程", "毅", "昊", "然", "梓", "翔", "宏", "瑞", "旭", "阳", "斌", "振", "兴", "思",
];

const GIVEN_FEMALE: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "英", "慧", "巧", "美", "雅", "婷", "玉", "雪",
    "琳", "欣", "怡", "佳", "雨", "梦", "洁", "倩", "萍", "莉", "桂", "兰", "月", "梅", "红", "春", "菊",
    "瑶", "琪", "涵", "诗", "悦", "妍", "彤", "蕊", "晓", "心", "思", "若", "可", "馨", "颖", "璐",
];

/// Characters outside GBK, each of four bytes in GB18030 or recent in it.
pub const RARE_CHARACTERS: [char; 3] = ['𠮷', '㛃', '䶮'];

const DOTTED_FIRST: &[&str] = &["阿里木", "古丽娜", "买买提", "热依拉", "艾山", "阿依努尔"];
const DOTTED_SECOND: &[&str] = &["吐尔逊", "艾合买提", "阿不都拉", "司马义", "卡德尔"];

/// Code and label by GB/T 3304, with the share of people in 10,000.
const ETHNICITIES: [(&str, &str, f64); 6] = [
    ("01", "汉族", 9_960.0),
    ("03", "回族", 18.0),
    ("11", "满族", 9.0),
    ("02", "蒙古族", 6.0),
    ("15", "土家族", 4.0),
    ("08", "壮族", 3.0),
];
const UYGHUR: (&str, &str) = ("05", "维吾尔族");

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// 居民身份证.
    Resident(String),
    /// A number the system gave for want of any document.
    Temporary(String),
    HongKong(String),
    Passport(String),
}

impl Document {
    pub fn number(&self) -> &str {
        match self {
            Self::Resident(number)
            | Self::Temporary(number)
            | Self::HongKong(number)
            | Self::Passport(number) => number,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub male: bool,
    pub birth: Date,
    pub document: Document,
    /// Code and label.
    pub ethnicity: (&'static str, &'static str),
}

impl Person {
    pub fn is_resident(&self) -> bool {
        matches!(self.document, Document::Resident(_))
    }
}

/// Hands out document numbers, none of them twice in one city.
#[derive(Default)]
pub struct Registry {
    taken: HashSet<String>,
}

impl Registry {
    pub fn person(&mut self, rng: &mut Rng, home: &str, birth: Date) -> Person {
        let male = rng.chance(0.54);
        let (name, ethnicity) = name_and_ethnicity(rng, male);
        let document = loop {
            let number = resident_number(region_of_birth(rng, home, birth), birth, male, rng);
            if self.taken.insert(number.clone()) {
                break Document::Resident(number);
            }
        };
        Person { name, male, birth, document, ethnicity }
    }

    /// Replaces the document by one of the rarer kinds, all of which are sound.
    pub fn give_rare_document(&mut self, rng: &mut Rng, person: &mut Person, school: &str) {
        person.document = loop {
            let document = match rng.below(5) {
                0 => Document::HongKong(format!("H{}", rng.digits(8))),
                1 => Document::Passport(format!("E{}", rng.digits(8))),
                _ => Document::Temporary(format!("999{school}{:05}", rng.below(100_000))),
            };
            if self.taken.insert(document.number().to_owned()) {
                break document;
            }
        };
    }
}

fn name_and_ethnicity(rng: &mut Rng, male: bool) -> (String, (&'static str, &'static str)) {
    if rng.chance(0.001) {
        let name = format!("{}·{}", rng.pick(DOTTED_FIRST), rng.pick(DOTTED_SECOND));
        return (name, UYGHUR);
    }
    let (code, label, _) = ETHNICITIES[rng.weighted(&ETHNICITIES.map(|(_, _, share)| share))];
    (name(rng, male), (code, label))
}

pub fn name(rng: &mut Rng, male: bool) -> String {
    let given = if male { GIVEN_MALE } else { GIVEN_FEMALE };
    let mut name = format!("{}{}", rng.pick(SURNAMES), rng.pick(given));
    if rng.chance(0.75) {
        name.push_str(rng.pick(given));
    }
    name
}

fn region_of_birth<'a>(rng: &mut Rng, home: &'a str, birth: Date) -> &'a str {
    if birth.year < FIRST_YEAR_OF_NEW_REGIONS && rng.chance(0.85) {
        return rng.pick(&OLD_REGIONS).0;
    }
    match rng.below(100) {
        0..70 => home,
        70..95 => rng.pick(&COUNTIES).0,
        _ => rng.pick(&OTHER_REGIONS).0,
    }
}

/// A region for 出生地, 户口所在地 and the like, with its name.
pub fn any_region(rng: &mut Rng, home: (&'static str, &'static str)) -> (&'static str, &'static str) {
    match rng.below(100) {
        0..75 => home,
        75..95 => rng.pick(&COUNTIES),
        95..98 => rng.pick(&OTHER_REGIONS),
        _ => rng.pick(&OLD_REGIONS),
    }
}

/// An ID number by GB 11643; its 17th digit is odd for men.
pub fn resident_number(region: &str, birth: Date, male: bool, rng: &mut Rng) -> String {
    let serial = rng.below(499) * 2 + if male { 1 } else { 2 };
    let body = format!("{region}{}{serial:03}", birth.compact());
    let check = check_digit(&body);
    format!("{body}{check}")
}

/// The check digit of the first 17 digits by GB 11643 (ISO 7064, MOD 11-2).
pub fn check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let digits = body.bytes().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits.zip(WEIGHTS).map(|(d, weight)| d * weight).sum();
    DIGITS[(sum % 11) as usize]
}

pub fn phone(rng: &mut Rng) -> String {
    format!("1{}{}", rng.between(3, 9), rng.digits(9))
}

pub fn address(rng: &mut Rng, county: &str) -> String {
    const TOWNS: [&str; 8] = ["柏林镇", "河湾镇", "槐树乡", "东岭镇", "石桥镇", "南塬乡", "清泉镇", "枣园乡"];
    const STREETS: [&str; 8] =
        ["云水街", "柏树巷", "槐荫路", "平安路", "学府街", "向阳巷", "和顺路", "汾滨路"];
    let town = rng.pick(&TOWNS);
    let street = rng.pick(&STREETS);
    let comma = if rng.chance(0.1) { "," } else { "" };
    format!("{county}{town}{street}{}号{comma}{}户", rng.between(1, 320), rng.between(1, 48))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_gb_11643() {
        // The worked examples of the standard.
        assert_eq!(check_digit("11010519491231002"), 'X');
        assert_eq!(check_digit("44052418800101001"), '4');
    }

    #[test]
    fn nobody_is_registered_twice() {
        let mut rng = Rng::stream(1, "people", 0);
        let mut registry = Registry::default();
        let birth = Date { year: 2008, month: 3, day: 4 };
        let people: Vec<Person> = (0..800).map(|_| registry.person(&mut rng, "141002", birth)).collect();
        let numbers: HashSet<&str> = people.iter().map(|p| p.document.number()).collect();
        assert_eq!(numbers.len(), people.len());
        for person in &people {
            let sex = person.document.number().as_bytes()[16] % 2 == 1;
            assert_eq!(sex, person.male);
        }
    }
}
