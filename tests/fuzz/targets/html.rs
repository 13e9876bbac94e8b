//! Tables in web pages.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nianbao::decode::Format;
use nianbao_fuzz::{holds, is};

fuzz_target!(|data: &[u8]| {
    if is(data, Format::Html) {
        let _ = holds(data, &mut |_| {});
    }
});
