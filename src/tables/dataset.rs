//! The columns that every table of delivered rows has besides those of its contract.

super::row::row! {
    /// A delivered row, without the columns of its contract.
    DatasetRow, "", {
        /// The school whose row it is; empty where the row names none.
        school_code: String = "学校标识码",
        /// SHA-256 of its file.
        source_file: String = "来源文件的 SHA-256",
        /// The sheet; empty for text and HTML files.
        source_sheet: String = "来源工作表",
        /// The physical row, from 1.
        source_row: i32 = "来源物理行",
        /// The county of the school.
        region_code: String = "县（市、区）代码",
        /// Whether the row counts.
        counted: bool = "是否计入",
        /// Why it does not.
        not_counted_because: String = "不计入的原因",
    }
}

super::row::row! {
    /// A delivered row reduced to its school.
    SchoolOfRow, "", {
        /// The school whose row it is.
        school_code: String = "学校标识码",
        /// Whether the row counts.
        counted: bool = "是否计入",
    }
}

super::row::row! {
    /// A row of the register of schools, without the attributes that its contract names.
    RegisterRow, "", {
        /// The school.
        school_code: String = "学校标识码",
        /// Its name.
        school_name: String = "学校名称",
        /// The county that it is under.
        region_code: String = "县（市、区）代码",
        /// Whether the row counts.
        counted: bool = "是否计入",
    }
}
