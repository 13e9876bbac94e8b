//! `dim_major`: titles and classes of all catalogues, by year of entry.

super::row::row! {
    /// One row for each span of years in which a code is in the catalogue.
    MajorRow, "dim_major", {
        /// Code of the catalogue.
        major_code: String = "专业代码",
        /// Title in that catalogue.
        major_title: String = "专业名称",
        /// Code of its class.
        major_class: String = "专业大类代码",
        /// Title of its class.
        major_class_title: String = "专业大类",
        /// The first year of entry; null where there is no limit.
        first_entry_year: Option<i32> = "目录起始入学年度",
        /// The last year of entry; null where there is no limit.
        last_entry_year: Option<i32> = "目录终止入学年度",
        /// Whether a source says so, or it is assumed.
        status: String = "依据",
    }
}
