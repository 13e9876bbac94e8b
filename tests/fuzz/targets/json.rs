//! JSON, as interfaces answer it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nianbao::decode::Format;
use nianbao_fuzz::{holds, is};

fuzz_target!(|data: &[u8]| {
    if is(data, Format::Json) {
        let _ = holds(data, &mut |_| {});
    }
});
