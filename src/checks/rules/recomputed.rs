//! A printed figure compared with the one computed from others, as several rules do.

use crate::checks::computed::{ComputedValue, Fit, slip};
use crate::checks::quantity::Quantity;
use crate::checks::relation::{Judgement, Verdict};

/// Judges a printed figure against a computed one.
#[must_use]
pub fn compared(text: &str, printed: &Quantity, fits: Fit, computed: &ComputedValue) -> Judgement {
    let shown = printed.shown(computed.point);
    let (verdict, message) = match fits {
        Fit::Same => (Verdict::Holds, format!("重算得 {shown}，与所印 {text} 相符")),
        Fit::Truncated => (Verdict::Rounding, format!("重算得 {shown}，所印 {text} 是截断而非四舍五入")),
        Fit::WithinOperands => {
            (Verdict::Rounding, format!("重算得 {shown}，与所印 {text} 之差在各数舍入范围之内"))
        }
        Fit::Near => (Verdict::ToConfirm, format!("重算得 {shown}，所印 {text} 是约数，请核对")),
        Fit::Off => {
            let hint = slip(printed, computed)
                .map_or_else(String::new, |by| format!("；恰差 {by} 倍，疑为单位有误"));
            (Verdict::Inconsistent, format!("重算得 {shown}，所印为 {text}{hint}"))
        }
    };
    Judgement::new(verdict, message)
        .printed(text)
        .recomputed(shown)
        .interval(printed.shown_interval(&computed.rounded))
}
