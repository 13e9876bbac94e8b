//! The groups of majors that schools list under 表3.

/// A group of majors that a school lists under 表3.
pub struct Group {
    /// The base of its school.
    pub school: usize,
    /// After the name of the school.
    pub name: &'static str,
    pub industry: &'static str,
    pub majors: &'static str,
    pub count: usize,
    /// 0 where nobody knows.
    first_year: u16,
}

const fn group(
    school: usize,
    name: &'static str,
    industry: &'static str,
    majors: &'static str,
    count: usize,
) -> Group {
    Group { school, name, industry, majors, count, first_year: 0 }
}

impl Group {
    const fn since(self, first_year: u16) -> Self {
        Self { first_year, ..self }
    }
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
    group(31, "新闻传播", "新闻传播", "播音与主持", 1).since(2024),
    group(38, "中医药康养专业群", "中医药康养产业", "智慧健康养老、机电技术应用、计算机应用", 3).since(2024),
];

/// The groups that one school has in a year.
pub fn groups(school: usize, year: u16) -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().filter(move |group| group.school == school && group.first_year <= year)
}
