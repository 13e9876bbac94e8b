//! The rules for deliveries, each defined once with its severity.

use serde::{Deserialize, Serialize};

/// The effect of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// 阻断: a file, or the release, stops.
    S0,
    /// 错误: a row, cell or file is taken out, and counted.
    S1,
    /// 疑问: the row counts, but a person must answer.
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
        [Severity::S0, Severity::S1, Severity::S2, Severity::S3]
            .into_iter()
            .find(|severity| severity.code() == code)
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

/// A rule for deliveries. `dimension` is one of GB/T 36344-2018.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: &'static str,
    pub severity: Severity,
    pub dimension: &'static str,
    /// What is wrong, in Chinese, for the person who must correct it.
    pub title: &'static str,
    /// How to correct it, in Chinese, for the same person: no commands, no definitions.
    pub remedy: &'static str,
    /// What those who run the program can do about it besides, in Chinese; mostly nothing.
    pub operator: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $dimension:literal, $title:literal, $remedy:literal $(, $operator:literal)?;)*) => {
        $(pub const $name: &Rule = &Rule {
            id: $id, severity: Severity::$severity, dimension: $dimension, title: $title, remedy: $remedy,
            operator: concat!("" $(, $operator)?),
        };)*
        /// Every rule, in the order of this file.
        pub const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    FILE_EMPTY = "E-EMPTY-FILE", S1, "完整性", "文件为空（0 字节）", "请重新导出后再报送";
    FILE_FORMAT = "E-FMT", S1, "规范性", "无法识别的文件格式", "请用 Excel 打开后另存为 xlsx 再报送";
    FILE_UNOPENED = "E-UNOPENED", S1, "规范性", "不是可读的普通文件，未打开", "请放入普通文件，并让本程序的用户可以读取";
    FILE_GROWING = "Q-GROWING", S2, "时效性", "文件正在写入，本次未读取", "请等写入完成后再次运行";
    FILE_DAMAGED = "E-DAMAGED", S1, "完整性", "文件损坏，无法完整读出", "请重新导出；若经压缩或网盘传输，请重新传输";
    FILE_PARSER_DIED = "E-PARSER-DIED", S1, "规范性", "读取该文件时读取程序终止，未读入任何一行", "文件可能损坏或经过特殊处理；请用 Excel 打开后另存为 xlsx，再行报送；确因数据量大的，由系统管理员调高所提示的设置项";
    FILE_NOT_DATA = "E-NOT-DATA", S1, "规范性", "文件中没有数据表（可能是登录页或提示页）", "请登录系统后重新导出";
    FILE_LIMIT = "E-LIMIT", S1, "规范性", "文件超出允许的大小", "请拆分后报送；文件确无异常的，由系统管理员调高所提示的设置项";
    FILE_TRUNCATED = "E-TRUNC", S1, "完整性", "文件不完整，末尾被截断", "请重新导出";
    FILE_NO_ROWS = "E-EMPTY", S1, "完整性", "只有表头，没有数据行", "请重新导出；确无数据的，请在填报表中填 0";
    FILE_IDS_MANGLED = "E-ID-MANGLED", S1, "准确性", "过多证件号码以 000 结尾，号码曾被 Excel 当作数字处理", "请将证件号码列设为文本格式后重新导出";
    HEADER_UNKNOWN = "E-HDR-UNKNOWN", S1, "规范性", "找不到符合约定的表头", "请核对是否放错文件夹；列名与模板不同的，请按模板改正，或告知市教育局", "在 pipelines/datasets 的 names 中补充该表头的别名";
    HEADER_MISSING = "E-HDR-MISSING", S1, "规范性", "缺少必需的列", "请用完整模板重新导出";
    HEADER_TWICE = "E-HDR-TWICE", S1, "规范性", "同一含义的列出现两次", "请删除多余的列后重新报送";
    HEADER_UNIT = "E-HDR-UNIT", S1, "规范性", "列的单位没有写明，或无法换算", "请在表头写明单位，如“金额（万元）”，或在表头上方写“单位：万元”";
    FOLDER_WRONG = "E-FOLDER", S1, "规范性", "文件放错了文件夹", "请移到提示的文件夹";
    FILE_PERIOD = "E-PERIOD", S1, "时效性", "数据年份与报送年度不符", "请报送本年度的数据";
    FILE_ENCODING = "E-ENC-UNKNOWN", S1, "规范性", "无法确定文件的文字编码，或文件前后编码不一致", "请从原系统重新导出，整个文件使用同一种编码（GB18030 或 UTF-8）";
    FILE_ENCODING_OTHER = "E-ENC-UNEXPECTED", S1, "规范性", "文件使用约定之外的文字编码", "请另存为 GB18030 或 UTF-8 后报送";
    FILE_DIALECT = "E-DIALECT", S1, "规范性", "各列之间不是用逗号、制表符、分号或竖线分隔", "请用英文逗号分隔，或另存为 xlsx 再报送";
    FILE_PROTECTED = "E-PROTECTED", S1, "规范性", "文件离开报送单位的电脑时被防泄密软件加密，别处无法打开", "请在报送单位的电脑上用该软件解密（申请外发）后再报送";
    SHEET_TWICE = "E-XL-SHEET-TWICE", S1, "一致性", "工作簿有两个同名的工作表，无法分清", "请用 Excel 打开，给工作表取不同的名称，另存后再报送";
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
    ENCODING_CONFLICT = "W-ENC-CONFLICT", S3, "规范性", "页面声明的编码与文件的字节不符，以字节为准", "请核对姓名是否正确";
    QUOTE_INSIDE = "W-QUOTE", S3, "规范性", "单元格中间有引号，按原文保留", "请核对该单元格";
    SCHEMA_NEW = "W-SCHEMA-NEW", S3, "规范性", "出现约定之外的列，未使用", "如该列有用，请告知市教育局", "在 pipelines/datasets 中登记";
    SHEET_HIDDEN = "W-HIDDEN-SHEET", S3, "规范性", "隐藏的工作表，未读取", "如是数据，请取消隐藏后重新报送";
    SHEET_COVER = "W-COVER", S3, "规范性", "封面、填表说明一类的工作表，没有数据，未读入", "无需处理；如是数据，请改用其他名称，并按模板写表头";
    ROW_REQUIRED = "E-REQUIRED", S1, "完整性", "必填项为空", "请补填后重新报送";
    ROW_CODE = "E-CODE", S1, "规范性", "不在代码表内的取值", "请按代码表填写；确属新代码的，请告知市教育局", "在 pipelines/codes 中登记";
    ROW_DATE = "E-DATE", S1, "规范性", "日期不可能或写法不明确（如两位年份）", "请写成 2008-03-04 的形式";
    ROW_NUMBER = "E-NUMBER", S1, "规范性", "应为数字的单元格无法读成数字", "请只填数字";
    ROW_UNIT = "E-UNIT-DIGITS", S1, "准确性", "换算单位后小数超过十位，不予舍入", "请核对该数的小数位数，或按约定的单位填写";
    UNIT_ROUNDED = "W-UNIT-ROUNDED", S3, "准确性", "换算单位除不尽，该数四舍五入到小数第十位；合计按精确值计算", "无需处理";
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
    NAME_LOST = "Q-NAME-LOST", S2, "准确性", "姓名里有字没有导出，成了 ?、*、□ 或拼音", "请按有效证件核对；仅是原系统不能导出该字的，可在查询单上确认";
    ROW_EXAMPLE = "W-EXAMPLE", S3, "准确性", "模板的示例行，未计入", "请删除模板里的示例行";
    NAME_PRIVATE_USE = "W-PUA", S3, "准确性", "姓名含有造字区字符", "请核对该字，改用国标编码";
    NAME_INVISIBLE = "W-INVISIBLE", S3, "规范性", "姓名中夹有不可见字符，比对时不计", "请删除这些字符";
    DATE_AS_NUMBER = "W-DATE-SERIAL", S3, "规范性", "日期单元格没有日期格式，按 Excel 序列数读作日期", "请将该列设为日期格式";
    REGISTER_MISSING = "E-REGISTER", S0, "完整性", "本年没有可用的学校名册，无法知道各校属于哪个县", "请报送本年的学校名册";
    TWO_DELIVERIES = "E-TWO-FILES", S1, "一致性", "同一学校同一数据有两份不同的文件，本文件未采用", "请确认以哪一份为准，移走另一份，或由负责人指定", "用 nianbao override accept 指定";
    DELIVERY_SHORT = "E-VOLUME", S1, "完整性", "行数比已采用的报送少三成以上，已搁置", "请核对后重新报送；确属实情的，由负责人批准采用", "用 nianbao override accept 批准";
    DELIVERY_REPEATS_YEAR = "E-REPEATS-YEAR", S1, "时效性", "与另一年度的报送完全相同，已搁置", "请报送本年度的数据；确属实情的，由负责人批准采用", "用 nianbao override accept 批准";
    DELIVERY_KEPT = "Q-KEPT", S2, "时效性", "本次没有该校可用的报送，沿用已采用的报送", "请重新报送；确认不再报送的，由负责人批准停用", "用 nianbao override accept 批准停用";
    SCHOOL_UNREGISTERED = "Q-UNREGISTERED", S2, "一致性", "该校已不在学校名册内，其已采用的报送暂不计入", "请核对学校名册；确已撤销的，由负责人批准停用", "用 nianbao override accept 批准停用";
    DELIVERY_LOST = "E-LANDING", S1, "完整性", "该校已采用的报送无法再读出，按缺报处理", "请重新报送";
    FILING_ROW_TWICE = "E-FILING-TWICE", S1, "一致性", "填报表中同一指标出现两次，后一行未采用", "请删除多余的一行";
    ROW_ID_SHARED = "E-ID-SHARED", S1, "准确性", "同一证件号码对应不同姓名", "请核对证件号码属于哪一位";
    CELL_BAD = "E-CELL", S1, "规范性", "单元格的值无法使用，已按空值处理，该行保留", "请更正该单元格";
    CELL_PERSONAL = "E-PERSONAL", S1, "规范性", "文字栏内像是写有个人的证件号码、电话号码或邮箱，该单元格已取出，只存于隔离区，该行保留", "请删去该单元格中的个人信息，只填该栏应填的内容";
    ID_CHECK_DIGIT = "Q-ID-CHECK", S2, "准确性", "身份证号校验码不对，该行保留，不用于跨年关联", "请核对证件号码";
    ID_BIRTH = "Q-ID-BIRTH", S2, "一致性", "出生日期与证件号码不一致", "请核对出生日期与证件号码";
    ID_SEX = "Q-ID-SEX", S2, "一致性", "性别与证件号码不一致", "请核对性别与证件号码";
    DATE_DEFAULT = "Q-DATE-DEFAULT", S2, "准确性", "出生日期像是系统默认值，或晚于报告年度", "请核对出生日期";
    REGISTRATION_DIFFERS = "Q-REGISTRATION", S2, "一致性", "学籍号与证件号码不一致", "请核对学籍号与证件号码";
    SCHOOL_TYPE_DIFFERS = "Q-SCHOOL-TYPE", S2, "一致性", "学校标识码前两位与办学类型不符", "请核对学校标识码与办学类型";
    FILING_PART = "Q-PART", S2, "一致性", "填报的“其中”项大于其所属项", "请核对这两项";
    MAJOR_UNKNOWN = "Q-MAJOR", S2, "规范性", "专业不在目录内，待确认", "请核对专业名称；确属新专业的，请告知市教育局", "在 pipelines/codes/major.toml 中登记";
    MAJOR_EMPTY = "Q-MAJOR-EMPTY", S2, "完整性", "没有填专业，按专业大类统计时计入“未知”", "请补填专业；确无专业的，请说明情况";
    ALTERNATIVES_DIFFER = "Q-ALTERNATIVES", S2, "一致性", "同一内容的两列所填不同", "请核对两列，更正其中有误的一列";
    EQUAL_ROWS = "Q-EQUAL-ROWS", S2, "一致性", "有完全相同的行，又没有编号可以区分，已逐行计入", "请核对：重复填写的，请删去多余的行后重新报送；确是几件事的，请说明情况";
    STUDENT_TWO_SCHOOLS = "Q-TWO-SCHOOLS", S2, "一致性", "同一人在两所学校都有记录，只计一所", "请两校核对转入转出或调动手续";
    STUDENT_TWICE = "Q-TWICE", S2, "一致性", "同一对象在本校出现两次且内容不同，只计一次", "请核对后删除一条";
    SCHOOL_UNKNOWN = "E-SCHOOL-UNKNOWN", S1, "一致性", "学校标识码不在学校名册内，计入全市合计的未知学校", "请核对学校标识码，或更新学校名册";
    SCHOOL_CLOSED = "E-SCHOOL-CLOSED", S1, "一致性", "学校名册中该校已撤销或合并，本文件的数据计入全市合计的未知学校", "已并入他校的，请由接收学校报送，并移走本文件；仍在办学的，请更正学校名册中的学校状态";
    SCHOOL_TWO_FILES = "Q-TWO-FILES", S2, "一致性", "同一学校同一数据有两份文件，已合并去重", "请确认以哪一份为准，移走另一份";
    DELIVERY_SAME_ROWS = "W-SAME-ROWS", S3, "一致性", "内容与另一份文件相同，只计一份", "无需处理；可移走其中一份";
    SCHOOL_MISSING = "Q-SCHOOL-MISSING", S2, "完整性", "名册内的学校没有报送该数据", "请催报";
    DATASET_MISSING = "Q-DATASET-MISSING", S2, "完整性", "本年没有任何可用的报送", "请催报该数据；确实不再报送的，由负责人说明";
    REGION_UNKNOWN = "Q-REGION", S2, "规范性", "行政区划码不是本市的县（市、区）", "请核对属地管理行政区划码";
    TOTAL_DIFFERS = "E-TOTAL", S1, "一致性", "表内合计与各行之和不符，整份文件暂不采用", "请核对该文件是否完整；确认无误的，由负责人批准采用";
    COUNT_DIFFERS = "E-COUNT", S1, "一致性", "表内所写的条数与实际行数不符，整份文件暂不采用", "请核对该文件是否完整；确认无误的，由负责人批准采用";
    UNIT_CHANGED = "E-UNIT", S1, "一致性", "填报值的单位有误（元与万元，或百分数与小数），整份文件暂不采用", "请按表中所列单位更正；确认无误的，由负责人批准采用";
    FILING_ROW_UNKNOWN = "Q-FILING-ROW", S2, "规范性", "填报表中有约定之外的指标行，未使用", "请核对指标名称；名称无误的，请告知市教育局", "在版式文件中登记别名";
    FILING_SHIFTED = "Q-FILING-SHIFT", S3, "规范性", "填报表中该行的单元格左移了，已按指标名称之后的次序取数", "请把该行各单元格移回所属的列";
    FILING_CELL = "E-FILING-CELL", S1, "规范性", "填报单元格不是数字、短横或空白，按缺报处理", "请更正该单元格";
    FILING_LAST_YEAR = "Q-LAST-YEAR", S2, "一致性", "填报的上年数与上年填报不一致，按上年发布的数印", "请核对上年数";
    PRINTED_TWO_BASES = "Q-TWO-BASES", S2, "一致性", "同一指标在报告中按两种口径印出且数值不同", "请在报告中注明口径，或核对差异";
    BASES_DIFFER = "Q-DIFFERENCE", S2, "一致性", "学校的同一指标在不同口径下不一致", "请在差异表中填写处理说明和处理人；应改用另一个数值的，由负责人核定", "填好的差异表用 nianbao override read 读回，数值用 nianbao override set 核定";
    NOTE_LAPSED = "W-NOTE-LAPSED", S3, "一致性", "差异两侧的数值已改变，原处理说明不再有效", "请重新核对后填写处理说明";
    VALUE_SET = "W-ADJUSTED", S3, "一致性", "采用核定值，原数保留", "无需处理；不再需要时由负责人撤回", "用 nianbao override withdraw 撤回";
    VALUE_LAPSED = "Q-ADJUSTED-LAPSED", S2, "一致性", "核定时的原数已改变，核定值不再有效，按原数印", "请重新核对：仍需核定的，由负责人再次核定；不需要的，撤回原核定", "用 nianbao override set 再次核定，或用 nianbao override withdraw 撤回";
    ROW_CORRECTED = "W-CORRECTED", S3, "准确性", "该行按更正表更正后采用", "无需处理；不再需要时由市教育局撤回", "用 nianbao override withdraw 撤回";
    ROW_GIVEN_UP = "W-GIVEN-UP", S3, "完整性", "该行已声明放弃，不再更正", "无需处理；需要更正时先由市教育局撤回", "用 nianbao override withdraw 撤回";
    QUERY_CONFIRMED = "W-CONFIRMED", S3, "准确性", "该疑问已由具名人员确认属实", "无需处理；不属实时由市教育局撤回", "用 nianbao override withdraw 撤回";
    CORRECTION_LAPSED = "W-CORRECTION-LAPSED", S3, "时效性", "所答复的文件已由新的报送代替，原答复不再有效", "请核对新的报送；仍有问题的，按新的更正表处理";
    CORRECTION_UNFIT = "Q-CORRECTION", S2, "一致性", "该行与更正时所见不同，更正未采用", "原更正由市教育局撤回后，请按新的更正表填写", "用 nianbao override withdraw 撤回，再写出新的更正表";
    SUM_BROKEN = "E-SUM", S0, "一致性", "县级合计加未分县与全市不符", "程序错误，请保留现场并联系维护人员";
    CHECK_IDLE = "W-CHECK-IDLE", S3, "完整性", "检查没有检查到任何数字", "请核对所需的数是否报送", "版式改变的，在 pipelines/audit 中更正位置";
    ANSWER_LAPSED = "W-ANSWER-LAPSED", S3, "一致性", "所说明的数值已改变或不再有疑问，原说明不再有效", "仍有疑问的，请重新核对后说明", "用 nianbao override answer 说明，或填问题表";
    PARTS_BROKEN = "E-PARTS", S1, "一致性", "分项之和与总数不符", "请核对分项";
}

/// Rules that take a cell out of a row that still counts.
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

/// Queries about one row that a named person may confirm as true: the oddity is correct.
pub const CONFIRMABLE: &[&Rule] = &[
    ID_CHECK_DIGIT,
    ID_BIRTH,
    ID_SEX,
    DATE_DEFAULT,
    NAME_LOST,
    REGISTRATION_DIFFERS,
    SCHOOL_TYPE_DIFFERS,
    FILING_PART,
    MAJOR_UNKNOWN,
    ALTERNATIVES_DIFFER,
    REGION_UNKNOWN,
    STUDENT_TWO_SCHOOLS,
    STUDENT_TWICE,
];

/// Questions about no single row, and about no figure of a check, that a named person answers by their
/// key: the oddity is correct, and stays.
pub const ANSWERABLE: &[&Rule] = &[
    EPOCH_1904,
    MAJOR_EMPTY,
    EQUAL_ROWS,
    TWO_DELIVERIES,
    SCHOOL_MISSING,
    DATASET_MISSING,
    SCHOOL_TWO_FILES,
    FILING_LAST_YEAR,
    PRINTED_TWO_BASES,
];

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

    /// Whether a finding of this rule takes out a row, or one of its cells.
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

/// Ids that rules had before 0.4.0, with the current ones: the letter says what a rule does.
const FORMER_IDS: [(&str, &str); 2] =
    [("Q-SCHOOL-UNKNOWN", "E-SCHOOL-UNKNOWN"), ("W-ROWLIMIT", "E-ROWLIMIT")];

/// The current id of a rule.
#[must_use]
pub fn current_id(id: &str) -> &str {
    FORMER_IDS.iter().find(|(former, _)| *former == id).map_or(id, |(_, current)| current)
}

/// The rule with this id, current or former; `None` for ids of other programs' findings.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == current_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_id_is_used_once() {
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }

    #[test]
    fn schools_are_told_no_commands() {
        for rule in RULES {
            for words in ["nianbao", "pipelines", "override", "版式文件"] {
                assert!(!rule.title.contains(words) && !rule.remedy.contains(words), "{}", rule.id);
            }
        }
    }
}
