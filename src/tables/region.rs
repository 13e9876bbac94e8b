//! `dim_region`: the city, its counties, and the residual for schools under no county.

use crate::figure::Level;

super::row::row! {
    /// One row for each span of years in which a code is valid.
    RegionRow, "dim_region", {
        /// Administrative division code (GB/T 2260).
        region_code: String = "行政区划代码",
        /// Its name in those years.
        region_name: String = "名称",
        /// The code above it.
        parent_code: String = "上级代码",
        /// `city` or `county`.
        level: Level = "层级",
        /// The first year in which it is valid; null where it always was.
        first_year: Option<i32> = "起始年度",
        /// The last year in which it is valid; null where it still is.
        last_year: Option<i32> = "终止年度",
    }
}
