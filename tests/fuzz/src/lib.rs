//! Properties that every decoder must have for any input.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use nianbao::decode::{self, DecodeError, Decoded, Event, Format};

/// Decodes twice: both readings must give the same events and end alike; physical rows come in order, from
/// 1, each under a sheet and none of them blank. `each` sees the events of the first reading.
///
/// # Panics
/// When it does not hold.
pub fn holds(bytes: &[u8], each: &mut dyn FnMut(&Event<'_>)) -> Result<Decoded, DecodeError> {
    let mut order = Order::default();
    let (first, outcome) = reading(bytes, &mut |event| {
        order.check(event);
        each(event);
    });
    let (second, again) = reading(bytes, &mut |_| {});
    assert_eq!(first, second, "another reading gave other rows");
    assert_eq!(outcome, again, "another reading ended otherwise");
    outcome
}

/// A digest of all events, as they may not fit into memory.
fn reading(bytes: &[u8], each: &mut dyn FnMut(&Event<'_>)) -> (u64, Result<Decoded, DecodeError>) {
    let mut digest = DefaultHasher::new();
    let outcome = decode::decode(bytes, &mut |event| {
        // NaN is not equal to itself, but prints alike.
        format!("{event:?}").hash(&mut digest);
        each(&event);
    });
    (digest.finish(), outcome)
}

#[derive(Default)]
struct Order {
    in_sheet: bool,
    last: u32,
}

impl Order {
    fn check(&mut self, event: &Event<'_>) {
        let number = match event {
            Event::Sheet(_) => {
                *self = Order { in_sheet: true, last: 0 };
                return;
            }
            Event::Row(row) => {
                assert!(!row.is_blank(), "row {} is reported and empty", row.number);
                row.number
            }
            Event::BadRow { number, .. } => *number,
        };
        assert!(self.in_sheet, "a row before its sheet");
        assert!(number > 0 && number >= self.last, "row {number} after row {}", self.last);
        self.last = number;
    }
}

/// Whether bytes are taken for a format: what is taken for another is another target's.
#[must_use]
pub fn is(bytes: &[u8], format: Format) -> bool {
    decode::sniff::sniff(bytes) == Ok(format)
}

/// A panic that `decode` catches is the rejection of a file, and does not end the fuzzing of a
/// reader that is known to panic; with `FUZZ_PANICS=1` it does.
pub fn caught_panics_are_no_finding() {
    if std::env::var_os("FUZZ_PANICS").is_none() {
        std::panic::set_hook(Box::new(|panic| {
            if panic.location().is_none_or(|at| !at.file().contains("calamine")) {
                eprintln!("{panic}");
            }
        }));
    }
}
