//! BIFF workbooks, whose reader is known to panic and to ask for gigabytes: see `make fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nianbao::decode::Format;
use nianbao_fuzz::{caught_panics_are_no_finding, holds, is};

fuzz_target!(init: caught_panics_are_no_finding(), |data: &[u8]| {
    if is(data, Format::Xls) {
        let _ = holds(data, &mut |_| {});
    }
});
