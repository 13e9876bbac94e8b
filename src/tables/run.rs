//! `run`: the run that made the release. Outside the release's digest, as it has a clock.

super::row::row! {
    /// One row.
    RunRow, "run", {
        /// The number of the release.
        release: Option<u32> = "版次",
        /// When the run began.
        created: String = "生成时间",
        /// Program and version.
        program: String = "程序版本",
        /// SHA-256 over all definitions.
        definitions: String = "定义摘要",
        /// Rows of all years; the sum of the four that follow.
        rows_physical: u64 = "物理行" in "行",
        /// Rows in the tables.
        rows_loaded: u64 = "入库行" in "行",
        /// Rows kept out until they are corrected.
        rows_quarantined: u64 = "隔离行" in "行",
        /// Rows that are in a table from another file or row.
        rows_duplicate: u64 = "重复行" in "行",
        /// Titles, headers, totals, notes and empty rows.
        rows_structural: u64 = "结构行" in "行",
    }
}
