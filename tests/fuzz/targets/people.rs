//! Identity numbers, dates, months and numbers: what was read reads again as the same.

#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use nianbao::decode::Cell;
use nianbao::normalise::identity::{IdKind, id_number};
use nianbao::normalise::text::{COUNT_MAX, count, date, decimal, year_month};

fuzz_target!(|text: &str| {
    let cell = Cell::Text(Cow::Borrowed(text));
    let again = |text: String| Cell::Text(Cow::Owned(text));
    for (id_type, fifteen) in [(None, true), (Some("1"), false), (Some("6"), true)] {
        let Ok(id) = id_number(&cell, id_type, fifteen) else { continue };
        assert!((5..=20).contains(&id.number.len()) && id.number.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(!id.number.bytes().any(|b| b.is_ascii_lowercase()));
        assert_eq!(id_number(&again(id.number.clone()), id_type, fifteen).as_ref(), Ok(&id));
        if id.kind == IdKind::Verified {
            assert!(id.birth_date().is_some() && id.sex().is_some());
        }
    }
    if let Ok(date) = date(&cell) {
        assert_eq!(nianbao::normalise::text::date(&again(date.to_string())), Ok(date));
        assert_eq!(year_month(&cell), Ok(date.to_string()[..7].to_owned()));
    }
    if let Ok(month) = year_month(&cell) {
        assert_eq!(year_month(&again(month.clone())), Ok(month));
    }
    if let Ok(value) = decimal(&cell) {
        assert_eq!(decimal(&again(value.printed(10))), Ok(value));
    }
    if let Ok(number) = count(&cell) {
        assert!((0..=COUNT_MAX).contains(&i128::from(number)));
    }
});
