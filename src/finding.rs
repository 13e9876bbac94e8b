//! What is wrong or worth asking, and where. Bad data is a value of this kind, never an `Err`.
//!
//! A finding never carries a delivered value of a personal column: it names the
//! place, the rule and the remedy, and the person opens the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::period::ReportYear;
use crate::position::{Place, column_letters};

/// What a finding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// 阻断: a file, or the release, stops.
    S0,
    /// 错误: a row, cell or file is taken out, and counted.
    S1,
    /// 疑问: the row counts; somebody must answer.
    S2,
    /// 提示: noted.
    S3,
}

impl Severity {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Severity::S0 => "S0",
            Severity::S1 => "S1",
            Severity::S2 => "S2",
            Severity::S3 => "S3",
        }
    }

    #[must_use]
    pub fn coded(code: &str) -> Option<Severity> {
        [Severity::S0, Severity::S1, Severity::S2, Severity::S3].into_iter().find(|one| one.code() == code)
    }

    /// The severity's name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Severity::S0 => "阻断",
            Severity::S1 => "错误",
            Severity::S2 => "疑问",
            Severity::S3 => "提示",
        }
    }
}

/// A rule that deliveries are held against. `dimension` is one of GB/T 36344-2018.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: &'static str,
    pub severity: Severity,
    pub dimension: &'static str,
    /// What is wrong, in Chinese, for the person who must mend it.
    pub title: &'static str,
    /// How to mend it, in Chinese.
    pub remedy: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $dimension:literal, $title:literal, $remedy:literal;)*) => {
        $(pub const $name: &Rule = &Rule {
            id: $id, severity: Severity::$severity, dimension: $dimension, title: $title, remedy: $remedy,
        };)*
        /// Every rule, in the order of this page.
        pub const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    FILE_EMPTY = "E-EMPTY-FILE", S1, "完整性", "文件为空（0 字节）", "请重新导出后再报送";
    FILE_FORMAT = "E-FMT", S1, "规范性", "无法识别的文件格式", "请用 Excel 打开后另存为 xlsx 再报送";
    FILE_UNOPENED = "E-UNOPENED", S1, "规范性", "不是可读的普通文件，未打开", "请放入普通文件，并让本程序的用户可以读取";
    FILE_GROWING = "Q-GROWING", S2, "时效性", "文件正在写入，本次未读取", "请等写入完成后再次运行";
    FILE_DAMAGED = "E-DAMAGED", S1, "完整性", "文件损坏，无法完整读出", "请重新导出；若经压缩或网盘传输，请重新传输";
    FILE_PARSER_DIED = "E-PARSER-DIED", S1, "规范性", "读取该文件时读取程序终止，未读入任何一行", "文件可能损坏或经过特殊处理；请用 Excel 打开后另存为 xlsx，再行报送";
    FILE_NOT_DATA = "E-NOT-DATA", S1, "规范性", "文件中没有数据表（可能是登录页或提示页）", "请登录系统后重新导出";
    FILE_LIMIT = "E-LIMIT", S1, "规范性", "文件超出允许的大小", "请拆分后报送";
    FILE_TRUNCATED = "E-TRUNC", S1, "完整性", "文件不完整，末尾被截断", "请重新导出";
    FILE_NO_ROWS = "E-EMPTY", S1, "完整性", "只有表头，没有数据行", "请重新导出；确无数据的，请在填报表中填 0";
    FILE_IDS_MANGLED = "E-ID-MANGLED", S1, "准确性", "过多证件号码以 000 结尾，号码曾被 Excel 当作数字处理", "请将证件号码列设为文本格式后重新导出";
    HEADER_UNKNOWN = "E-HDR-UNKNOWN", S1, "规范性", "找不到符合约定的表头", "请核对是否放错文件夹，或在 pipelines/datasets 的 names 中补充该表头的别名";
    HEADER_MISSING = "E-HDR-MISSING", S1, "规范性", "缺少必需的列", "请用完整模板重新导出";
    HEADER_TWICE = "E-HDR-TWICE", S1, "规范性", "同一含义的列出现两次", "请删除多余的列后重新报送";
    HEADER_UNIT = "E-HDR-UNIT", S1, "规范性", "列的单位没有写明，或无法换算", "请在表头写明单位，如“金额（万元）”，或在表头上方写“单位：万元”";
    FOLDER_WRONG = "E-FOLDER", S1, "规范性", "文件放错了文件夹", "请移到提示的文件夹";
    FILE_PERIOD = "E-PERIOD", S1, "时效性", "数据年份与报送年度不符", "请报送本年度的数据";
    FILE_ENCODING = "E-ENC-UNKNOWN", S1, "规范性", "无法确定文件的文字编码，或文件前后编码不一致", "请从原系统重新导出，整个文件使用同一种编码（GB18030 或 UTF-8）";
    FILE_ENCODING_OTHER = "E-ENC-UNEXPECTED", S1, "规范性", "文件使用约定之外的文字编码", "请另存为 GB18030 或 UTF-8 后报送";
    FILE_DIALECT = "E-DIALECT", S1, "规范性", "各列之间不是用逗号、制表符、分号或竖线分隔", "请用英文逗号分隔，或另存为 xlsx 再报送";
    FILE_ENCRYPTED = "E-XL-ENCRYPTED", S1, "规范性", "文件设有打开密码", "请取消密码，另存后再报送";
    FILE_RATIO = "E-ZIP-RATIO", S1, "规范性", "解压后的大小远超正常文件", "请用 Excel 打开后另存为 xlsx 再报送";
    FILE_CHECKSUM = "E-ZIP-CRC", S1, "完整性", "压缩内容的校验不符，文件已损坏", "请重新导出；若经网盘或邮件传输，请重新传输";
    FILE_ENTRY_TWICE = "E-ZIP-DUP", S1, "一致性", "压缩包里有两个同名文件，不知以哪一个为准", "请重新打包，每个文件名只出现一次";
    FILE_GRID = "E-XL-GRID", S1, "规范性", "单元格的位置超出工作表范围", "请用 Excel 打开后另存为 xlsx 再报送";
    FILE_WORKBOOK_LIMIT = "E-XL-LIMIT", S1, "规范性", "工作簿声明的内容超出文件所能容纳的", "请用 Excel 打开后另存为 xlsx 再报送";
    FILE_ENTITIES = "E-XML-DTD", S1, "规范性", "文件中有实体声明，不予读取", "请用 Excel 打开后另存为 xlsx 再报送";
    FILE_PAGES = "E-PAGE", S1, "完整性", "行数与文件自己声明的总数不符，可能缺页或重页", "请重新导出全部数据";
    SHEET_ODD = "E-SHEET", S1, "规范性", "工作簿中有一张数据表的表头不符合约定，该表未读入", "请统一各工作表的表头后重新报送；若该表不是本次数据，请移走";
    ROW_LIMIT = "E-ROWLIMIT", S1, "完整性", "数据一直到工作表的最后一行，可能被文件格式截断", "请分成几份导出，或导出为行数更多的格式";
    HIDDEN_ROWS = "W-HIDDEN-ROWS", S3, "规范性", "有隐藏或被筛选掉的行，已一并读入", "请核对这些行是否应当报送";
    MACRO = "W-MACRO", S3, "规范性", "文件中有宏，未运行", "请另存为不带宏的 xlsx";
    FORMULA = "W-FORMULA", S3, "准确性", "单元格是公式，采用文件中保存的计算结果", "请核对结果，或改为直接填写数值";
    EPOCH_1904 = "W-EPOCH-1904", S2, "准确性", "工作簿采用 1904 日期系统，未设为日期格式的日期可能相差四年", "请将日期列设为日期格式，或写成 2008-03-04 的形式";
    ENCODING_CONFLICT = "W-ENC-CONFLICT", S3, "规范性", "页面声明的编码与字节顺序标记不符，以标记为准", "请核对姓名是否正确";
    QUOTE_INSIDE = "W-QUOTE", S3, "规范性", "单元格中间有引号，按原文保留", "请核对该单元格";
    SCHEMA_NEW = "W-SCHEMA-NEW", S3, "规范性", "出现约定之外的列，未使用", "如该列有用，请在 pipelines/datasets 中登记";
    SHEET_HIDDEN = "W-HIDDEN-SHEET", S3, "规范性", "隐藏的工作表，未读取", "如是数据，请取消隐藏后重新报送";
    ROW_REQUIRED = "E-REQUIRED", S1, "完整性", "必填项为空", "请补填后重新报送";
    ROW_CODE = "E-CODE", S1, "规范性", "不在代码表内的取值", "请按代码表填写；确属新代码的，在 pipelines/codes 中登记";
    ROW_DATE = "E-DATE", S1, "规范性", "日期不可能或写法不明确（如两位年份）", "请写成 2008-03-04 的形式";
    ROW_NUMBER = "E-NUMBER", S1, "规范性", "应为数字的单元格无法读成数字", "请只填数字";
    ROW_UNIT = "E-UNIT-DIGITS", S1, "准确性", "换算单位后小数超过十位，不予舍入", "请核对该数的小数位数，或按约定的单位填写";
    ROW_ID_NUMERIC = "E-ID-NUMERIC", S1, "准确性", "证件号码被存成数字，末位已不可信", "请将该列设为文本格式后重新录入完整号码";
    ROW_ID_FORMAT = "E-ID-FORMAT", S1, "准确性", "证件号码位数或格式不对", "请核对证件后更正";
    ROW_SCHOOL = "E-SCHOOL-CODE", S1, "规范性", "学校标识码不是 10 位数字", "请填写 10 位学校标识码";
    ROW_ENCODING = "E-ENC", S1, "准确性", "含有无法解码的字节", "请重新导出，保持原编码";
    ROW_COLUMNS = "E-COLS", S1, "规范性", "该行的列数与表头不符", "请检查该行是否多了或少了分隔符、引号";
    ROW_QUOTE = "E-QUOTE", S1, "规范性", "引号没有闭合", "请检查该行的引号";
    ROW_KEY_TWICE = "E-JSON-KEY", S1, "一致性", "同一对象中一个键名出现两次", "请从原系统重新导出";
    ROW_NO_OBJECT = "E-JSON-ROW", S1, "规范性", "该行不是一个完整的 JSON 对象", "请从原系统重新导出";
    ROW_NO_RESULT = "E-XL-NOCACHE", S1, "完整性", "单元格是公式，文件中没有它的计算结果", "请用 Excel 打开、保存后再报送，或直接填写数值";
    ROW_ERROR_CELL = "E-XL-ERRCELL", S1, "准确性", "单元格是 Excel 错误值", "请更正公式或直接填写数值";
    ROW_MOJIBAKE = "E-MOJIBAKE", S1, "准确性", "姓名已被错误的编码损坏，无法还原", "请从原系统重新导出，保持原编码";
    ROW_CONTROL = "E-CTRL", S1, "准确性", "含有控制字符（如 NUL）", "请重新导出；仍有的，请在原系统中更正该行";
    ROW_MAJOR = "E-MAJOR", S1, "规范性", "专业代码不是 6 位数字（前导零可能已丢失）", "请将专业代码列设为文本格式，填写完整的 6 位代码";
    NAME_PRIVATE_USE = "W-PUA", S3, "准确性", "姓名含有造字区字符", "请核对该字，改用国标编码";
    NAME_INVISIBLE = "W-INVISIBLE", S3, "规范性", "姓名中夹有不可见字符，比对时不计", "请删除这些字符";
    DATE_AS_NUMBER = "W-DATE-SERIAL", S3, "规范性", "日期单元格没有日期格式，按 Excel 序列数读作日期", "请将该列设为日期格式";
    REGISTER_MISSING = "E-REGISTER", S0, "完整性", "本年没有可用的学校名册，无法知道各校属于哪个县", "请报送本年的学校名册";
    TWO_DELIVERIES = "E-TWO-FILES", S1, "一致性", "同一学校同一数据有两份不同的文件，本文件未采用", "请确认以哪一份为准，移走另一份，或用 nianbao override accept 指定";
    DELIVERY_SHORT = "E-VOLUME", S1, "完整性", "行数比已采用的报送少三成以上，已搁置", "请核对后重新报送；确属实情的，由负责人用 nianbao override accept 批准";
    DELIVERY_REPEATS_YEAR = "E-REPEATS-YEAR", S1, "时效性", "与另一年度的报送完全相同，已搁置", "请报送本年度的数据；确属实情的，由负责人用 nianbao override accept 批准";
    DELIVERY_KEPT = "Q-KEPT", S2, "时效性", "本次没有该校可用的报送，沿用已采用的报送", "请重新报送；确认不再报送的，由负责人用 nianbao override accept 批准停用";
    SCHOOL_UNREGISTERED = "Q-UNREGISTERED", S2, "一致性", "该校已不在学校名册内，其已采用的报送暂不计入", "请核对学校名册；确已撤销的，由负责人用 nianbao override accept 批准停用";
    DELIVERY_LOST = "E-LANDING", S1, "完整性", "该校已采用的报送无法再读出，按缺报处理", "请重新报送";
    FILING_ROW_TWICE = "E-FILING-TWICE", S1, "一致性", "填报表中同一指标出现两次，后一行未采用", "请删除多余的一行";
    ROW_ID_SHARED = "E-ID-SHARED", S1, "准确性", "同一证件号码对应不同姓名", "请核对是哪一位学生的证件号码";
    CELL_BAD = "E-CELL", S1, "规范性", "单元格的值无法使用，已按空值处理，该行保留", "请更正该单元格";
    CELL_PERSONAL = "E-PERSONAL", S1, "规范性", "文字栏内像是写有个人的证件号码、电话号码或邮箱，该单元格已取出，只存于隔离区，该行保留", "请删去该单元格中的个人信息，只填该栏应填的内容";
    ID_CHECK_DIGIT = "Q-ID-CHECK", S2, "准确性", "身份证号校验码不对，该行保留，不用于跨年关联", "请核对证件号码";
    ID_BIRTH = "Q-ID-BIRTH", S2, "一致性", "出生日期与证件号码不一致", "请核对出生日期与证件号码";
    ID_SEX = "Q-ID-SEX", S2, "一致性", "性别与证件号码不一致", "请核对性别与证件号码";
    DATE_DEFAULT = "Q-DATE-DEFAULT", S2, "准确性", "出生日期像是系统默认值，或晚于报告年度", "请核对出生日期";
    REGISTRATION_DIFFERS = "Q-REGISTRATION", S2, "一致性", "学籍号与证件号码不一致", "请核对学籍号与证件号码";
    SCHOOL_TYPE_DIFFERS = "Q-SCHOOL-TYPE", S2, "一致性", "学校标识码前两位与办学类型不符", "请核对学校标识码与办学类型";
    FILING_PART = "Q-PART", S2, "一致性", "填报的“其中”项大于其所属项", "请核对这两项";
    MAJOR_UNKNOWN = "Q-MAJOR", S2, "规范性", "专业不在目录内，待确认", "请核对专业名称；确属新专业的，在 pipelines/codes/major.toml 中登记";
    STUDENT_TWO_SCHOOLS = "Q-TWO-SCHOOLS", S2, "一致性", "同一学生在两所学校在读，只计一所", "请两校核对转学手续";
    STUDENT_TWICE = "Q-TWICE", S2, "一致性", "同一对象在本校出现两次且内容不同，只计一次", "请核对后删除一条";
    SCHOOL_UNKNOWN = "E-SCHOOL-UNKNOWN", S1, "一致性", "学校标识码不在学校名册内，计入全市合计的未知学校", "请核对学校标识码，或更新学校名册";
    SCHOOL_TWO_FILES = "Q-TWO-FILES", S2, "一致性", "同一学校同一数据有两份文件，已合并去重", "请确认以哪一份为准，移走另一份";
    SCHOOL_MISSING = "Q-SCHOOL-MISSING", S2, "完整性", "名册内的学校没有报送该数据", "请催报";
    REGION_UNKNOWN = "Q-REGION", S2, "规范性", "行政区划码不是本市的县（市、区）", "请核对属地管理行政区划码";
    TOTAL_DIFFERS = "E-TOTAL", S1, "一致性", "表内合计与各行之和不符，整份文件暂不采用", "请核对该文件是否完整；确认无误的，由负责人批准采用";
    COUNT_DIFFERS = "E-COUNT", S1, "一致性", "表内所写的条数与实际行数不符，整份文件暂不采用", "请核对该文件是否完整；确认无误的，由负责人批准采用";
    UNIT_CHANGED = "E-UNIT", S1, "一致性", "填报值的单位有误（元与万元，或百分数与小数），整份文件暂不采用", "请按表中所列单位更正；确认无误的，由负责人批准采用";
    FILING_ROW_UNKNOWN = "Q-FILING-ROW", S2, "规范性", "填报表中有约定之外的指标行，未使用", "请核对指标名称，或在版式文件中登记别名";
    FILING_SHIFTED = "Q-FILING-SHIFT", S3, "规范性", "填报表中该行的单元格左移了，已按指标名称之后的次序取数", "请把该行各单元格移回所属的列";
    FILING_CELL = "E-FILING-CELL", S1, "规范性", "填报单元格不是数字、短横或空白，按缺报处理", "请更正该单元格";
    FILING_LAST_YEAR = "Q-LAST-YEAR", S2, "一致性", "填报的上年数与上年填报不一致，按上年发布的数印", "请核对上年数";
    PRINTED_TWO_BASES = "Q-TWO-BASES", S2, "一致性", "同一指标在报告中按两种口径印出且数值不同", "请在报告中注明口径，或核对差异";
    BASES_DIFFER = "Q-DIFFERENCE", S2, "一致性", "学校的同一指标在不同口径下不一致", "请在差异表中逐条填写处理说明和处理人，用 nianbao override read 读回；应改用的数值用 nianbao override set 核定";
    NOTE_LAPSED = "W-NOTE-LAPSED", S3, "一致性", "差异两侧的数值已改变，原处理说明不再有效", "请重新核对后填写处理说明";
    VALUE_SET = "W-ADJUSTED", S3, "一致性", "采用核定值，原数保留", "无需处理；不再需要时用 nianbao override withdraw 撤回";
    VALUE_LAPSED = "Q-ADJUSTED-LAPSED", S2, "一致性", "核定时的原数已改变，核定值不再有效，按原数印", "请重新核对：仍需核定的，再次用 nianbao override set；不需要的，用 nianbao override withdraw 撤回";
    ROW_CORRECTED = "W-CORRECTED", S3, "准确性", "该行按更正表更正后采用", "无需处理；不再需要时用 nianbao override withdraw 撤回";
    ROW_GIVEN_UP = "W-GIVEN-UP", S3, "完整性", "该行已声明放弃，不再更正", "无需处理；需要更正时先用 nianbao override withdraw 撤回";
    QUERY_CONFIRMED = "W-CONFIRMED", S3, "准确性", "该疑问已由具名人员确认属实", "无需处理；不属实时用 nianbao override withdraw 撤回";
    CORRECTION_LAPSED = "W-CORRECTION-LAPSED", S3, "时效性", "所答复的文件已由新的报送代替，原答复不再有效", "请核对新的报送；仍有问题的，按新的更正表处理";
    CORRECTION_UNFIT = "Q-CORRECTION", S2, "一致性", "该行与更正时所见不同，更正未采用", "请用 nianbao override withdraw 撤回，再按新的更正表填写";
    SUM_BROKEN = "E-SUM", S0, "一致性", "县级合计加未分县与全市不符", "程序错误，请保留现场并联系维护人员";
    CHECK_IDLE = "W-CHECK-IDLE", S3, "完整性", "检查没有检查到任何数字", "请核对所需的数是否报送；版式改变的，在 pipelines/audit 中更正位置";
    ANSWER_LAPSED = "W-ANSWER-LAPSED", S3, "一致性", "所说明的数值已改变或不再有疑问，原说明不再有效", "仍有疑问的，重新核对后用 nianbao override answer 说明";
    PARTS_BROKEN = "E-PARTS", S1, "一致性", "分项之和与总数不符", "请核对分项";
}

/// Rules that take a cell out of a row that counts all the same.
pub const TAKES_CELL: &[&Rule] = &[CELL_BAD, FILING_CELL, CELL_PERSONAL];

/// Rules that set a whole delivery aside until a named person accepts it: the file reads, and
/// using it may do harm.
pub const SETS_ASIDE: &[&Rule] = &[
    FILE_TRUNCATED,
    FILE_PAGES,
    SHEET_ODD,
    ROW_LIMIT,
    TOTAL_DIFFERS,
    COUNT_DIFFERS,
    UNIT_CHANGED,
    DELIVERY_SHORT,
    DELIVERY_REPEATS_YEAR,
];

/// Queries about one row that a named person may confirm as true: what is odd is so in the papers too.
pub const CONFIRMABLE: &[&Rule] = &[
    ID_CHECK_DIGIT,
    ID_BIRTH,
    ID_SEX,
    DATE_DEFAULT,
    REGISTRATION_DIFFERS,
    SCHOOL_TYPE_DIFFERS,
    FILING_PART,
    MAJOR_UNKNOWN,
    REGION_UNKNOWN,
    STUDENT_TWO_SCHOOLS,
    STUDENT_TWICE,
];

/// Questions that are no row's and no figure's of a check, and that a named person answers by their key:
/// what is odd is so, and stays.
pub const ANSWERABLE: &[&Rule] =
    &[EPOCH_1904, TWO_DELIVERIES, SCHOOL_MISSING, SCHOOL_TWO_FILES, FILING_LAST_YEAR, PRINTED_TWO_BASES];

impl Rule {
    /// Whether a question of this rule is answered by its key.
    #[must_use]
    pub fn is_answered_by_key(&self) -> bool {
        ANSWERABLE.contains(&self)
    }

    /// Whether a finding of this rule, about one row, can be confirmed as true.
    #[must_use]
    pub fn may_be_confirmed(&self) -> bool {
        CONFIRMABLE.contains(&self)
    }

    /// Whether a finding of this rule takes a row, or a cell of it, out.
    #[must_use]
    pub fn takes_out(&self) -> bool {
        self.severity == Severity::S1 || *self == *FILING_ROW_UNKNOWN
    }

    /// Whether a finding of this rule sets its delivery aside.
    #[must_use]
    pub fn sets_aside(&self) -> bool {
        SETS_ASIDE.contains(&self)
    }

    /// Whether a named person can answer it: it sets deliveries aside, chooses between two, or
    /// keeps an old one.
    #[must_use]
    pub fn is_answered_by_override(&self) -> bool {
        self.sets_aside() || [TWO_DELIVERIES, DELIVERY_KEPT, SCHOOL_UNREGISTERED].contains(&self)
    }
}

/// Ids that rules had before 0.4.0, and those they have now: a letter says what a rule does.
const FORMER_IDS: [(&str, &str); 2] =
    [("Q-SCHOOL-UNKNOWN", "E-SCHOOL-UNKNOWN"), ("W-ROWLIMIT", "E-ROWLIMIT")];

/// The id that a rule has now.
#[must_use]
pub fn current_id(id: &str) -> &str {
    FORMER_IDS.iter().find(|(former, _)| *former == id).map_or(id, |(_, current)| current)
}

/// The rule of an id, also of a former one; `None` for ids of other programs' findings.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == current_id(id))
}

/// One thing found, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    pub dimension: String,
    pub report_year: ReportYear,
    pub dataset: String,
    /// The county, or the city; empty where nobody says.
    #[serde(default)]
    pub region_code: String,
    /// Empty when the school is not known, or none is meant.
    pub school_code: String,
    pub place: Place,
    /// What was found, in Chinese, without personal values.
    pub message: String,
    pub remedy: String,
    /// How many places it stands for: more than 1 where examples were enough.
    #[serde(default = "one")]
    pub count: u64,
    /// Rows that it keeps out of what counts: none for a cell that is taken out of a row, for a question, or
    /// of a delivery that does not count itself.
    #[serde(default)]
    pub rows_out: u64,
    /// What an answer names it by; empty where it is not answered by a key.
    #[serde(default)]
    pub key: String,
    /// Ids of the indicators whose figures it is about.
    #[serde(default)]
    pub indicators: Vec<String>,
    /// The printed row that it is about; empty where it is about none.
    #[serde(default)]
    pub printed: PrintedRow,
    /// Other files that it names, besides that of its place.
    #[serde(default)]
    pub other_files: Vec<String>,
}

/// A row of a printed table: `表1` and the labels of its rows joined by `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintedRow {
    pub report_table: String,
    pub report_path: String,
}

fn one() -> u64 {
    1
}

impl Finding {
    /// A finding of `rule` with its own title as the message; `detail` is appended when not empty.
    #[must_use]
    pub fn new(rule: &Rule, report_year: ReportYear, dataset: &str, detail: &str) -> Self {
        let message =
            if detail.is_empty() { rule.title.to_owned() } else { format!("{}：{detail}", rule.title) };
        Finding {
            rule: rule.id.to_owned(),
            severity: rule.severity,
            dimension: rule.dimension.to_owned(),
            report_year,
            dataset: dataset.to_owned(),
            region_code: String::new(),
            school_code: String::new(),
            place: Place::default(),
            message,
            remedy: rule.remedy.to_owned(),
            count: 1,
            rows_out: 0,
            key: String::new(),
            indicators: Vec::new(),
            printed: PrintedRow::default(),
            other_files: Vec::new(),
        }
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    #[must_use]
    pub fn of_school(mut self, school_code: &str) -> Self {
        school_code.clone_into(&mut self.school_code);
        self
    }

    /// It is about figures of these indicators.
    #[must_use]
    pub fn about<'i>(mut self, indicators: impl IntoIterator<Item = &'i str>) -> Self {
        self.indicators.extend(indicators.into_iter().map(str::to_owned));
        self
    }

    /// It is about a printed row.
    #[must_use]
    pub fn printed_in(mut self, report_table: &str, report_path: &str) -> Self {
        let (report_table, report_path) = (report_table.to_owned(), report_path.to_owned());
        self.printed = PrintedRow { report_table, report_path };
        self
    }

    /// It keeps rows out of the tables.
    #[must_use]
    pub fn keeping_out(mut self, rows: u64) -> Self {
        self.rows_out = rows;
        self
    }

    /// The place in Chinese: `2024/students/甲.xlsx 工作表 sheet1 第 17 行 E 列（身份证件号）`.
    #[must_use]
    pub fn place_text(&self) -> String {
        let place = &self.place;
        let mut text = place.file.clone();
        if !place.sheet.is_empty() {
            text += &format!(" 工作表 {}", place.sheet);
        }
        if place.row > 0 {
            text += &format!(" 第 {} 行", place.row);
        }
        if place.column > 0 {
            text += &format!(" {} 列（{}）", column_letters(place.column), place.header);
        }
        if text.is_empty() {
            let printed = format!("{} {}", self.printed.report_table, self.printed.report_path);
            printed.trim().clone_into(&mut text);
        }
        text
    }
}

/// Examples of one rule that are kept of one file; the rest are counted.
pub const EXAMPLES_MAX: u64 = 100;

/// What named persons answered to findings about the rows of one file; the words say who.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Rows that are given up, by sheet and row; row 0 for a whole sheet.
    pub given_up: BTreeMap<(String, u32), String>,
    /// Queries that are true: rule, sheet, row, column.
    pub confirmed: BTreeMap<(String, String, u32, u32), String>,
}

impl Answers {
    /// Notes on a finding that it was answered: it asks nobody any more.
    pub fn answer(&self, finding: &mut Finding) -> bool {
        let place = &finding.place;
        let confirmed =
            self.confirmed.get(&(finding.rule.clone(), place.sheet.clone(), place.row, place.column));
        let given_up = self
            .given_up
            .get(&(place.sheet.clone(), place.row))
            .filter(|_| rule(&finding.rule).is_some_and(Rule::takes_out));
        let Some(words) = confirmed.or(given_up).cloned() else { return false };
        finding.severity = Severity::S3;
        finding.message += &words;
        true
    }
}

/// What became of a finding that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is told with its place.
    Example,
    /// It is counted with others.
    Beyond,
    /// Somebody answered it.
    Answered,
}

/// The findings of one file: counts are complete, examples are capped. What was answered is
/// counted by itself, so that it takes no open one's place.
#[derive(Debug, Default)]
pub struct Findings {
    answers: Answers,
    examples: Vec<Finding>,
    /// By rule and severity: how many were found, and of those beyond the examples one a school, with
    /// the counts of all of that school.
    seen: BTreeMap<(String, Severity), (u64, BTreeMap<String, Finding>)>,
}

impl Findings {
    /// Those of a file that persons answered something of.
    #[must_use]
    pub fn answered(answers: &Answers) -> Self {
        Findings { answers: answers.clone(), ..Findings::default() }
    }

    pub fn push(&mut self, mut finding: Finding) -> Pushed {
        let answered = self.answers.answer(&mut finding);
        let (seen, beyond) = self.seen.entry((finding.rule.clone(), finding.severity)).or_default();
        *seen += finding.count;
        let example = *seen <= EXAMPLES_MAX;
        if example {
            self.examples.push(finding);
        } else if let Some(rest) = beyond.get_mut(&finding.school_code) {
            rest.count += finding.count;
            rest.rows_out += finding.rows_out;
        } else {
            beyond.insert(finding.school_code.clone(), finding);
        }
        match (answered, example) {
            (true, _) => Pushed::Answered,
            (false, true) => Pushed::Example,
            (false, false) => Pushed::Beyond,
        }
    }

    /// The examples, and for each rule that has more one finding a school that stands for the others.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        let beyond = self.seen.into_values().flat_map(|(_, beyond)| beyond.into_values());
        for mut finding in beyond {
            finding.place = Place { file: finding.place.file, ..Place::default() };
            finding.indicators.clear();
            finding.printed = PrintedRow::default();
            finding.message = format!("{}：另有 {} 处，不逐条列出", finding.message, finding.count);
            self.examples.push(finding);
        }
        self.examples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_capped_and_counts_are_complete() {
        let mut findings = Findings::default();
        for row in 1..=250 {
            findings.push(Finding::new(ROW_DATE, 2024, "d", "").at(Place { row, ..Place::default() }));
        }
        findings.push(Finding::new(ROW_CODE, 2024, "d", ""));
        let found = findings.finish();
        assert_eq!(found.len(), 102);
        assert_eq!(found.iter().map(|finding| finding.count).sum::<u64>(), 251);
        let rest = found.last().unwrap();
        assert_eq!((rest.place.row, rest.count), (0, 150));
    }

    #[test]
    fn what_is_beyond_the_examples_is_counted_school_by_school() {
        let mut findings = Findings::default();
        for row in 1..=250 {
            let school = if row % 5 == 0 { "3614000002" } else { "3614000001" };
            let finding = Finding::new(ROW_DATE, 2024, "d", "").of_school(school).keeping_out(1);
            findings.push(finding.at(Place { row, ..Place::default() }));
        }
        let found = findings.finish();
        let rest: Vec<_> = found[100..]
            .iter()
            .map(|finding| (finding.school_code.as_str(), finding.count, finding.rows_out))
            .collect();
        assert_eq!(rest, [("3614000001", 120, 120), ("3614000002", 30, 30)]);
        assert_eq!(found.iter().map(|finding| finding.rows_out).sum::<u64>(), 250);
    }

    #[test]
    fn what_was_answered_asks_no_more_and_takes_no_place() {
        let mut answers = Answers::default();
        for row in 1..=EXAMPLES_MAX + 50 {
            let row = u32::try_from(row).unwrap();
            answers.confirmed.insert((ID_SEX.id.into(), String::new(), row, 3), "（属实）".into());
        }
        answers.given_up.insert((String::new(), 900), "（放弃）".into());
        let mut findings = Findings::answered(&answers);
        let at =
            |rule, row| Finding::new(rule, 2024, "d", "").at(Place { row, column: 3, ..Place::default() });
        for row in 1..=EXAMPLES_MAX + 51 {
            findings.push(at(ID_SEX, u32::try_from(row).unwrap()));
        }
        assert_eq!(findings.push(at(ROW_DATE, 900)), Pushed::Answered);
        // A query about a row that is given up is not what was given up.
        assert_eq!(findings.push(at(ID_BIRTH, 900)), Pushed::Example);
        let found = findings.finish();
        let open: Vec<(&str, u32)> = found
            .iter()
            .filter(|finding| finding.severity < Severity::S3)
            .map(|finding| (finding.rule.as_str(), finding.place.row))
            .collect();
        assert_eq!(open, [(ID_SEX.id, 151), (ID_BIRTH.id, 900)]);
        assert!(found[0].message.ends_with("（属实）"));
    }

    #[test]
    fn every_rule_id_is_used_once() {
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }

    #[test]
    fn a_place_reads_as_a_clerk_would_say_it() {
        let place = Place {
            file: "2024/students/a.xlsx".into(),
            sheet: "sheet1".into(),
            row: 17,
            column: 8,
            header: "身份证件号".into(),
        };
        let finding = Finding::new(ROW_ID_NUMERIC, 2024, "students", "").at(place);
        assert_eq!(finding.place_text(), "2024/students/a.xlsx 工作表 sheet1 第 17 行 H 列（身份证件号）");
    }
}
