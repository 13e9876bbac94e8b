//! `dim_indicator`: the meaning of each indicator, and how its parts combine.

super::row::row! {
    /// One row for each indicator and span of years.
    IndicatorRow, "dim_indicator", {
        /// What other tables name it by.
        indicator_id: String = "指标",
        /// Its name in the report.
        title_zh: String = "名称",
        /// Its English name.
        title_en: String = "英文名称",
        /// Unit of measurement.
        unit: String = "单位",
        /// What is counted.
        definition: String = "定义",
        /// Whether a source defines it, or it is inferred or assumed.
        status: String = "定义的依据",
        /// That source.
        citation: String = "出处",
        /// On basis `system`: only `sum` may be added up.
        system_combination: String = "系统口径的汇总方式",
        /// On basis `filed`: only `sum` may be added up.
        filed_combination: String = "填报口径的汇总方式",
        /// The first report year; null where there is no limit.
        first_year: Option<i32> = "起始年度",
        /// The last report year; null where there is no limit.
        last_year: Option<i32> = "终止年度",
    }
}
