//! The datasets delivered school by school, in many shapes.

/// The datasets delivered school by school, in many shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dataset {
    Students,
    Graduates,
    Staff,
    Majors,
}

impl Dataset {
    pub const ALL: [Self; 4] = [Self::Students, Self::Graduates, Self::Staff, Self::Majors];

    pub fn name(self) -> &'static str {
        match self {
            Self::Students => "students",
            Self::Graduates => "graduates",
            Self::Staff => "staff",
            Self::Majors => "majors",
        }
    }

    /// What people call it in file names and titles.
    pub fn topic(self) -> &'static str {
        match self {
            Self::Students => "学生信息",
            Self::Graduates => "毕业生信息",
            Self::Staff => "教职工信息",
            Self::Majors => "专业设置",
        }
    }

    pub fn titles(self, year: u16) -> [String; 2] {
        let system = match self {
            Self::Students | Self::Graduates => "全国中等职业学校学生管理信息系统",
            Self::Staff | Self::Majors => "中等职业学校管理信息系统",
        };
        [format!("{system} {}导出", self.topic()), format!("导出时间：{year}-09-05")]
    }
}
