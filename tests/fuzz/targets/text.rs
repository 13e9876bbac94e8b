//! CSV and its like, in every encoding: no letter or digit is lost between the lines and the cells.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nianbao::decode::{Event, Format};
use nianbao_fuzz::{holds, is};

fuzz_target!(|data: &[u8]| {
    if !is(data, Format::Text) {
        return;
    }
    let solid = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let (mut cells, mut bad) = (0, false);
    let outcome = holds(data, &mut |event| match event {
        Event::Row(row) => cells += row.cells.iter().map(|cell| solid(&cell.text())).sum::<usize>(),
        Event::BadRow { .. } => bad = true,
        Event::Sheet(_) => {}
    });
    // The content of a bad row is not emitted, and Excel's hint line is not a row.
    let Ok(text) = std::str::from_utf8(data) else { return };
    if outcome.is_ok() && !bad && !text.contains("sep=") {
        assert_eq!(cells, solid(text), "letters were lost or came from nowhere");
    }
});
