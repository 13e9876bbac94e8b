//! Zip as such: bundles, and workbooks whose container is not in order.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nianbao::sources::bundle::{Bundle, BundleError, UNPACKED_MAX};
use nianbao_fuzz::{caught_panics_are_no_finding, holds};

fuzz_target!(init: caught_panics_are_no_finding(), |data: &[u8]| {
    if !data.starts_with(b"PK") {
        return;
    }
    let _ = holds(data, &mut |_| {});
    let (first, second) = (names(data), names(data));
    assert_eq!(first, second, "another reading gave other members");
    if let Ok(mut names) = first {
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "two members have one name");
    }
});

/// The names of all members, each of which was read.
fn names(bytes: &[u8]) -> Result<Vec<String>, BundleError> {
    Bundle::open(bytes, UNPACKED_MAX)?.members(bytes.len() as u64 * 200).map(|member| Ok(member?.name)).collect()
}
