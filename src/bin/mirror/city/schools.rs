//! The invented schools: codes, names, types and counties are the same for every seed.

pub const CITY: &str = "141000";

/// Stands for everything under no county, so that counties and residual add up to the city.
pub const RESIDUAL: &str = "141099";

/// GB/T 2260, the 17 counties of the city.
pub const COUNTIES: [(&str, &str); 17] = [
    ("141002", "尧都区"),
    ("141021", "曲沃县"),
    ("141022", "翼城县"),
    ("141023", "襄汾县"),
    ("141024", "洪洞县"),
    ("141025", "古县"),
    ("141026", "安泽县"),
    ("141027", "浮山县"),
    ("141028", "吉县"),
    ("141029", "乡宁县"),
    ("141030", "大宁县"),
    ("141031", "隰县"),
    ("141032", "永和县"),
    ("141033", "蒲县"),
    ("141034", "汾西县"),
    ("141081", "侯马市"),
    ("141082", "霍州市"),
];

/// Schools in one copy of the city.
pub const SCHOOLS: usize = 45;

/// The first six are 普通中专: two of the province, then four of the city.
pub const TECHNICAL_SCHOOLS: usize = 6;
const PROVINCIAL_SCHOOLS: usize = 2;

/// The small 职业高中 in 安泽县 whose roster is the committed BIFF8 file.
pub const BIFF8_SCHOOL: usize = 34;
pub const BIFF8_YEAR: u16 = 2024;

/// Everyone who left this school went on to study or found nothing: no direct employment.
pub const SCHOOL_WITHOUT_DIRECT_EMPLOYMENT: usize = 40;

/// Words for landscapes, put together so that no real school is meant.
const PLACES: [&str; SCHOOLS] = [
    "云丘",
    "晋水",
    "汾曲",
    "尧台",
    "姑射",
    "龙澍",
    "锦屏",
    "平澜",
    "鼓楼东",
    "槐荫",
    "柏风",
    "望岳",
    "清漪",
    "栖霞",
    "北极阁",
    "临波",
    "沁源坡",
    "松涛",
    "朝晖",
    "星海",
    "启明",
    "博远",
    "古堡坪",
    "丁岗",
    "赵塬",
    "双凤岭",
    "大槐塬",
    "广胜坡",
    "曲澜湾",
    "霞光",
    "新绛岭",
    "浍澜",
    "翔岚",
    "古岳",
    "冀川坪",
    "云坛岭",
    "壶浪",
    "紫荆塬",
    "昕澜",
    "午晖",
    "芝川",
    "东神岭",
    "芍香岭",
    "新甸湾",
    "八里峪",
];

/// The county of each 职业高中, by index into `COUNTIES`, in the order of `PLACES`.
fn county_of(index: usize) -> usize {
    match index {
        0..=21 => 0,
        22..=25 => 3,
        26..=30 => 4,
        // One school in each of the other fourteen.
        31 | 32 => index - 30,
        _ => index - 28,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 普通中专, 办学类型 362.
    Technical,
    /// 职业高中, 办学类型 365.
    VocationalHigh,
}

impl Kind {
    pub fn code(self) -> &'static str {
        match self {
            Self::Technical => "362",
            Self::VocationalHigh => "365",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Technical => "中等技术学校",
            Self::VocationalHigh => "职业高中学校",
        }
    }
}

#[derive(Debug, Clone)]
pub struct School {
    /// Place in one copy of the city; the same plan serves every copy.
    pub base: usize,
    /// 0 unless the city is scaled up.
    pub copy: usize,
    pub code: String,
    pub name: String,
    pub kind: Kind,
    pub private: bool,
    /// `None` for the schools of the province.
    pub county: Option<(&'static str, &'static str)>,
}

impl School {
    fn new(base: usize, copy: usize) -> Self {
        let kind = if base < TECHNICAL_SCHOOLS { Kind::Technical } else { Kind::VocationalHigh };
        Self {
            base,
            copy,
            code: format!("3614{:06}", copy * 1000 + base + 11),
            name: name(base, copy),
            kind,
            private: is_private(base),
            county: (base >= PROVINCIAL_SCHOOLS).then(|| COUNTIES[county_of(base)]),
        }
    }

    /// The code rows are added up under: the county, or the residual.
    pub fn region(&self) -> &'static str {
        self.county.map_or(RESIDUAL, |(code, _)| code)
    }

    /// Where most of its people come from; the schools of the province lie in 尧都区.
    pub fn home(&self) -> &'static str {
        self.county.map_or(COUNTIES[0].0, |(code, _)| code)
    }

    pub fn level(&self) -> &'static str {
        match self.base {
            0..PROVINCIAL_SCHOOLS => "省属",
            PROVINCIAL_SCHOOLS..TECHNICAL_SCHOOLS => "市属",
            _ => "县属",
        }
    }

    /// Whether its roster of `BIFF8_YEAR` is the committed BIFF8 file.
    pub fn is_biff8(&self) -> bool {
        self.base == BIFF8_SCHOOL && self.copy == 0
    }
}

/// One of the four 普通中专 of the city and twenty of the 39 职业高中 are private.
fn is_private(base: usize) -> bool {
    base == 5 || (base >= TECHNICAL_SCHOOLS && base.is_multiple_of(2))
}

fn name(base: usize, copy: usize) -> String {
    let place = PLACES[base];
    let ending = match (base < TECHNICAL_SCHOOLS, base % 3) {
        (true, 0) => "工程学校",
        (true, _) => "中等专业学校",
        (false, 0) => "职业技术学校",
        (false, 1) => "职业高级中学",
        (false, _) => "职业教育中心",
    };
    if copy == 0 { format!("{place}{ending}") } else { format!("{place}第{}{ending}", copy + 1) }
}

/// Every school of a city of `scale` copies, copy by copy.
pub fn schools(scale: usize) -> Vec<School> {
    (0..scale).flat_map(|copy| (0..SCHOOLS).map(move |base| School::new(base, copy))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn count(test: impl Fn(&School) -> bool) -> usize {
        schools(1).iter().filter(|school| test(school)).count()
    }

    #[test]
    fn schools_lie_where_the_report_counts_them() {
        for (code, expected) in COUNTIES.iter().map(|(code, _)| match *code {
            "141002" => (*code, 20),
            "141023" => (*code, 4),
            "141024" => (*code, 5),
            other => (other, 1),
        }) {
            assert_eq!(count(|school| school.region() == code), expected, "{code}");
        }
        assert_eq!(count(|school| school.region() == RESIDUAL), 2);
    }

    #[test]
    fn twenty_one_schools_are_private() {
        assert_eq!(count(|s| s.private && s.kind == Kind::Technical), 1);
        assert_eq!(count(|s| s.private && s.kind == Kind::VocationalHigh), 20);
    }

    #[test]
    fn codes_and_names_never_repeat() {
        let all = schools(3);
        assert_eq!(all.iter().map(|s| &s.code).collect::<BTreeSet<_>>().len(), 135);
        assert_eq!(all.iter().map(|s| &s.name).collect::<BTreeSet<_>>().len(), 135);
        assert!(all.iter().all(|s| s.code.len() == 10));
    }
}
