//! The majors (专业) the invented schools offer, by the 2021 and the 2010 catalogue.

/// One major of the 2021 catalogue with the 2010 title and code it grew out of; both are empty
/// where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Major {
    pub title: &'static str,
    pub code: &'static str,
    pub title_2010: &'static str,
    pub code_2010: &'static str,
}

/// The catalogue changed for those who entered in 2021; older students keep title and code.
pub const FIRST_INTAKE_OF_2021_CATALOGUE: u16 = 2021;

impl Major {
    const fn new(
        title: &'static str,
        code: &'static str,
        title_2010: &'static str,
        code_2010: &'static str,
    ) -> Self {
        Self { title, code, title_2010, code_2010 }
    }

    /// The first two digits of the 2021 code name the 专业大类.
    pub fn class(&self) -> &'static str {
        &self.code[..2]
    }

    pub fn has_2010(&self) -> bool {
        !self.code_2010.is_empty()
    }

    /// What someone who entered in `intake` is kept under.
    pub fn for_intake(&self, intake: u16) -> CatalogueEntry {
        let (title, code) = if intake >= FIRST_INTAKE_OF_2021_CATALOGUE {
            (self.title, self.code)
        } else {
            (self.title_2010, self.code_2010)
        };
        CatalogueEntry { title, code, class: &code[..2] }
    }
}

/// Title, code and class code of one catalogue.
pub struct CatalogueEntry {
    pub title: &'static str,
    pub code: &'static str,
    pub class: &'static str,
}

/// A school's own abbreviation of a title, such as 计应 for 计算机应用; never a catalogue title.
pub fn short_form(title: &str) -> String {
    let chars: Vec<char> = title.chars().collect();
    match chars.as_slice() {
        [first, .., second_last, _] => [*first, *second_last].iter().collect(),
        _ => format!("{title}班"),
    }
}

/// Sorted by 2021 code.
pub const MAJORS: &[Major] = &[
    Major::new("作物生产技术", "610102", "现代农艺技术", "010200"),
    Major::new("园艺技术", "610105", "果蔬花卉生产技术", "010700"),
    Major::new("中草药栽培", "610108", "中草药种植", "011000"),
    Major::new("设施农业生产技术", "610112", "设施农业生产技术", "010100"),
    Major::new("园林技术", "610202", "园林技术", "011500"),
    Major::new("畜禽生产技术", "610301", "畜禽生产与疾病防治", "012000"),
    Major::new("发电厂及变电站电气设备", "630101", "发电厂及变电站电气设备", "030800"),
    Major::new("供用电技术", "630103", "供用电技术", "031000"),
    Major::new("光伏工程技术与应用", "630302", "太阳能与沼气技术利用", "031500"),
    Major::new("建筑装饰技术", "640102", "建筑装饰", "040200"),
    Major::new("古建筑修缮", "640103", "古建筑修缮与仿建", "040300"),
    Major::new("建筑工程施工", "640301", "建筑工程施工", "040100"),
    Major::new("建筑水电设备安装与运维", "640402", "建筑设备安装", "040600"),
    Major::new("建筑工程造价", "640501", "工程造价", "040500"),
    Major::new("市政工程施工", "640601", "市政工程施工", "041200"),
    Major::new("机械制造技术", "660101", "机械制造技术", "051100"),
    Major::new("机械加工技术", "660102", "机械加工技术", "051200"),
    Major::new("数控技术应用", "660103", "数控技术应用", "051400"),
    Major::new("焊接技术应用", "660105", "焊接技术应用", "052000"),
    Major::new("模具制造技术", "660108", "模具制造技术", "051500"),
    Major::new("机电技术应用", "660301", "机电技术应用", "051300"),
    Major::new("电气设备运行与控制", "660302", "电气运行与控制", "053000"),
    Major::new("工业机器人技术应用", "660303", "", ""),
    Major::new("新能源汽车制造与检测", "660702", "", ""),
    Major::new("生物产品检验检测", "670101", "", ""),
    Major::new("化学工艺", "670201", "化学工艺", "060100"),
    Major::new("分析检验技术", "670207", "工业分析与检验", "060200"),
    Major::new("食品加工工艺", "690101", "食品生物工艺", "070100"),
    Major::new("食品安全与检测技术", "690104", "", ""),
    Major::new("制药技术应用", "690203", "制药技术", "101600"),
    Major::new("道路与桥梁工程施工", "700201", "道路与桥梁工程施工", "041300"),
    Major::new("汽车服务与营销", "700205", "汽车整车与配件营销", "082800"),
    Major::new("汽车运用与维修", "700206", "汽车运用与维修", "082500"),
    Major::new("汽车车身修复", "700207", "汽车车身修复", "082600"),
    Major::new("新能源汽车运用与维修", "700209", "", ""),
    Major::new("城市轨道交通运营服务", "700604", "城市轨道交通运营管理", "080700"),
    Major::new("电子信息技术", "710101", "电子与信息技术", "091200"),
    Major::new("物联网技术应用", "710102", "", ""),
    Major::new("电子技术应用", "710103", "电子技术应用", "091300"),
    Major::new("计算机应用", "710201", "计算机应用", "090100"),
    Major::new("计算机网络技术", "710202", "计算机网络技术", "090500"),
    Major::new("软件与信息服务", "710203", "软件与信息服务", "090800"),
    Major::new("数字媒体技术应用", "710204", "数字媒体技术应用", "090200"),
    Major::new("大数据技术应用", "710205", "", ""),
    Major::new("网络信息安全", "710207", "", ""),
    Major::new("计算机平面设计", "710210", "计算机平面设计", "090300"),
    Major::new("护理", "720201", "护理", "100100"),
    Major::new("药剂", "720301", "药剂", "101100"),
    Major::new("医学检验技术", "720501", "医学检验技术", "100700"),
    Major::new("康复技术", "720601", "康复技术", "100500"),
    Major::new("营养与保健", "720701", "营养与保健", "100400"),
    Major::new("金融事务", "730201", "金融事务", "120400"),
    Major::new("会计事务", "730301", "会计", "120100"),
    Major::new("市场营销", "730602", "市场营销", "120900"),
    Major::new("电子商务", "730701", "电子商务", "121100"),
    Major::new("跨境电子商务", "730702", "", ""),
    Major::new("物流服务与管理", "730801", "物流服务与管理", "121900"),
    Major::new("旅游服务与管理", "740101", "旅游服务与管理", "130200"),
    Major::new("导游服务", "740102", "导游服务", "130400"),
    Major::new("高星级饭店运营与管理", "740104", "高星级饭店运营与管理", "130100"),
    Major::new("中餐烹饪", "740201", "中餐烹饪与营养膳食", "130700"),
    Major::new("西餐烹饪", "740202", "西餐烹饪", "130800"),
    Major::new("艺术设计与制作", "750101", "美术设计与制作", "142200"),
    Major::new("服装陈列与展示设计", "750103", "", ""),
    Major::new("工艺美术", "750106", "工艺美术", "142000"),
    Major::new("绘画", "750107", "美术绘画", "142100"),
    Major::new("音乐表演", "750201", "音乐", "140700"),
    Major::new("舞蹈表演", "750202", "舞蹈表演", "140800"),
    Major::new("戏曲表演", "750203", "戏曲表演", "140900"),
    Major::new("戏剧表演", "750205", "戏剧表演", "141000"),
    Major::new("社会文化艺术", "750401", "社会文化艺术", "140100"),
    Major::new("播音与主持", "760201", "播音与节目主持", "140200"),
    Major::new("广播影视节目制作", "760202", "", ""),
    Major::new("影像与影视技术", "760203", "影像与影视技术", "140300"),
    Major::new("动漫与游戏制作", "760204", "计算机动漫与游戏制作", "090400"),
    Major::new("幼儿保育", "770101", "学前教育", "160100"),
    Major::new("商务英语", "770201", "商务英语", "121300"),
    Major::new("运动训练", "770301", "运动训练", "150100"),
    Major::new("休闲体育服务与管理", "770302", "休闲体育服务与管理", "150200"),
    Major::new("体育设施管理与经营", "770303", "体育设施管理与经营", "150300"),
    Major::new("法律事务", "780401", "法律事务", "170100"),
    Major::new("社区法律服务", "780402", "社区法律服务", "170200"),
    Major::new("安全保卫服务", "780701", "保安", "170300"),
    Major::new("社会工作事务", "790101", "社会工作", "180500"),
    Major::new("社区公共事务管理", "790102", "社区公共事务管理", "180600"),
    Major::new("民政服务", "790201", "民政服务与管理", "180400"),
    Major::new("人力资源管理事务", "790202", "人力资源管理事务", "180900"),
    Major::new("现代家政服务与管理", "790301", "家政服务与管理", "181000"),
    Major::new("智慧健康养老服务", "790302", "老年人服务与管理", "181100"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_cover_sixteen_classes() {
        let codes: BTreeSet<_> = MAJORS.iter().map(|m| m.code).collect();
        let classes: BTreeSet<_> = MAJORS.iter().map(Major::class).collect();
        assert_eq!(codes.len(), MAJORS.len());
        assert_eq!(classes.len(), 16);
    }

    #[test]
    fn a_short_form_is_no_title() {
        assert_eq!(short_form("计算机应用"), "计应");
        for major in MAJORS {
            let short = short_form(major.title);
            assert!(MAJORS.iter().all(|m| m.title != short && m.title_2010 != short));
        }
    }
}
