//! What looks like a number of a person, in words that are nobody's number: identity documents, phones,
//! accounts. Contracts say which columns have them; anywhere else they are a slip of whoever typed.
//!
//! Digits are taken as people write them: full width, in other scripts, spelled in Han numerals, apart by
//! blanks, dashes, dots or brackets. Dates and times, alone or as a span, are no number of a person.

use std::ops::Range;

/// Characters between two digits of one number.
const APART_MAX: usize = 3;
/// Han numerals in a row that are a number, and no year or count.
const HAN_DIGITS_MIN: usize = 7;
/// Digits in a row that are somebody's, whatever they are.
const DIGITS_MAX: usize = 10;
/// Digits of the longest number that is written in parts.
const PARTS_DIGITS_MAX: usize = 19;

/// Where numbers stand in a text that look like a person's, in bytes; in order, and apart.
#[must_use]
pub fn numbers(text: &str) -> Vec<Range<usize>> {
    let marks = marks(text);
    let groups = groups(&marks);
    let mut found: Vec<Range<usize>> = Vec::new();
    for chain in groups.chunk_by(|_, next| next.apart <= APART_MAX) {
        if is_grouped_by_thousands(text, chain) {
            continue;
        }
        for from in 0..chain.len() {
            let mut digits = String::new();
            for group in &chain[from..] {
                digits += &group.digits;
                if digits.len() > PARTS_DIGITS_MAX {
                    break;
                }
                let parts = &chain[from..=from + (group.index - chain[from].index)];
                if is_number(parts, &digits) {
                    found.push(parts[0].letters_start..group.bytes.end);
                }
            }
        }
    }
    found.extend(long_runs(&marks));
    merged(found)
}

/// Whether words have a person's number or address for messages in them. Shorter numbers are taken for one
/// than in names of files, where codes and dates stand.
#[must_use]
pub fn is_in_words(text: &str) -> bool {
    const SHORT: usize = 7;
    // Most words have no digits: nothing is looked at twice.
    let digits = text.chars().filter(|&c| digit(c).is_some() || han_digit(c).is_some()).count();
    if has_mail_address(text) {
        return true;
    }
    if digits < SHORT {
        return false;
    }
    // A code of ten digits is a school's.
    let is_other = |group: &Group| {
        group.digits.len() >= SHORT && group.digits.len() != DIGITS_MAX && !is_time(&group.digits)
    };
    groups(&marks(text)).iter().any(is_other) || !numbers(text).is_empty()
}

fn has_mail_address(text: &str) -> bool {
    text.char_indices().filter(|&(_, c)| matches!(c, '@' | '＠')).any(|(at, c)| {
        let before = text[..at].chars().next_back();
        let after = text[at + c.len_utf8()..].chars().next();
        before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    })
}

/// A text without the numbers of persons in it, and without the names beside them.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut redacted = String::new();
    let mut at = 0;
    for number in merged(numbers(text).into_iter().map(|number| with_names(text, number)).collect()) {
        redacted += &text[at..number.start];
        redacted.push('…');
        at = number.end;
    }
    redacted + &text[at..]
}

/// As [`redacted`], told apart from others by what `digest` makes of the text: it must be keyed, as there
/// are few numbers to try.
#[must_use]
pub fn redacted_apart(text: &str, digest: &dyn Fn(&str) -> String) -> String {
    let shown = redacted(text);
    if shown == text { shown } else { format!("{shown}~{}", digest(text)) }
}

/// A number with the words beside it, which may be whose it is: what stands between does not matter.
fn with_names(text: &str, number: Range<usize>) -> Range<usize> {
    let joins = |c: char| !c.is_alphanumeric();
    let names = |c: char| c.is_alphabetic() || c == '·';
    let before = text[..number.start].trim_end_matches(joins);
    let start = before.trim_end_matches(names);
    let after = text[number.end..].trim_start_matches(joins);
    let end = after.trim_start_matches(names);
    // Marks that join it to nothing stay.
    let start = if start.len() < before.len() { start.len() } else { number.start };
    let end = if end.len() < after.len() { text.len() - end.len() } else { number.end };
    start..end
}

fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Digit(char),
    /// Of the Latin alphabet, as it stands in numbers of documents.
    Letter(char),
    Apart,
    /// Any other letter: no number goes on beyond it.
    Other,
}

/// The characters of a text as parts of numbers, with where they stand.
fn marks(text: &str) -> Vec<(Mark, Range<usize>)> {
    let mut marks: Vec<(Mark, Range<usize>)> = Vec::new();
    let mut han: Vec<(usize, char)> = Vec::new();
    for (at, c) in text.char_indices() {
        let mark = match (digit(c), han_digit(c), letter(c)) {
            (Some(digit), ..) => Mark::Digit(digit),
            (None, Some(digit), _) => {
                han.push((marks.len(), digit));
                marks.push((Mark::Other, at..at + c.len_utf8()));
                continue;
            }
            (None, None, Some(letter)) => Mark::Letter(letter),
            _ if c.is_alphanumeric() => Mark::Other,
            _ => Mark::Apart,
        };
        spell_out(&mut han, &mut marks);
        marks.push((mark, at..at + c.len_utf8()));
    }
    spell_out(&mut han, &mut marks);
    marks
}

/// Han numerals in a row become digits where they are many.
fn spell_out(han: &mut Vec<(usize, char)>, marks: &mut [(Mark, Range<usize>)]) {
    if han.len() >= HAN_DIGITS_MIN {
        for &(at, digit) in han.iter() {
            marks[at].0 = Mark::Digit(digit);
        }
    }
    han.clear();
}

/// A decimal digit, in the scripts in which people write them here.
fn digit(c: char) -> Option<char> {
    const ZEROS: [char; 5] = ['0', '０', '\u{660}', '\u{6f0}', '\u{966}'];
    let zero = ZEROS.into_iter().map(u32::from).find(|zero| (*zero..zero + 10).contains(&u32::from(c)));
    let value = match (zero, u32::from(c)) {
        (Some(zero), code) => code - zero,
        // Mathematical digits come in five styles.
        (None, code @ 0x1_d7ce..=0x1_d7ff) => (code - 0x1_d7ce) % 10,
        _ => return None,
    };
    char::from_digit(value, 10)
}

fn han_digit(c: char) -> Option<char> {
    const DIGITS: [&str; 10] =
        ["〇零○", "一壹幺", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"];
    let value = DIGITS.iter().position(|digits| digits.contains(c))?;
    char::from_digit(u32::try_from(value).ok()?, 10)
}

fn letter(c: char) -> Option<char> {
    let narrow = match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xfee0)?,
        _ => c,
    };
    narrow.is_ascii_alphabetic().then(|| narrow.to_ascii_uppercase())
}

/// Digits in a row.
#[derive(Debug)]
struct Group {
    index: usize,
    digits: String,
    /// Letters right before them, and where they begin.
    letters: String,
    letters_start: usize,
    /// With a closing X.
    bytes: Range<usize>,
    closes_with_x: bool,
    /// Characters between them and the digits before; very many where a letter stands there.
    apart: usize,
}

fn groups(marks: &[(Mark, Range<usize>)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    let mut apart = usize::MAX;
    while at < marks.len() {
        let Mark::Digit(_) = marks[at].0 else {
            apart = if marks[at].0 == Mark::Apart { apart.saturating_add(1) } else { usize::MAX };
            at += 1;
            continue;
        };
        let digits_of = |mark: &(Mark, Range<usize>)| match mark.0 {
            Mark::Digit(digit) => Some(digit),
            _ => None,
        };
        let letters_of = |mark: &(Mark, Range<usize>)| match mark.0 {
            Mark::Letter(letter) => Some(letter),
            _ => None,
        };
        let digits: String = marks[at..].iter().map_while(digits_of).collect();
        let before: Vec<char> = marks[..at].iter().rev().map_while(letters_of).collect();
        let after: Vec<char> = marks[at + digits.len()..].iter().map_while(letters_of).collect();
        let closes_with_x = after == ['X'];
        let end = at + digits.len() + usize::from(closes_with_x);
        groups.push(Group {
            index: groups.len(),
            bytes: marks[at].1.start..marks[end - 1].1.end,
            letters_start: marks[at - before.len()].1.start,
            letters: before.into_iter().rev().collect(),
            closes_with_x,
            digits,
            apart,
        });
        at = end;
        apart = 0;
    }
    groups
}

/// Whether digits, written in one or several parts, are a phone's or a document's.
fn is_number(parts: &[Group], digits: &str) -> bool {
    let [first, .., last] = parts else {
        let [only] = parts else { return false };
        return is_mobile(digits)
            || is_document(&only.letters, digits)
            || is_resident(digits, only.closes_with_x);
    };
    if parts[..parts.len() - 1].iter().any(|part| part.closes_with_x) {
        return false;
    }
    // A resident's number has a date within.
    is_resident(digits, last.closes_with_x)
        || !has_date(parts) && (is_mobile(digits) || is_landline(first, digits) || is_card(parts, digits))
}

/// A bank card in parts of four.
fn is_card(parts: &[Group], digits: &str) -> bool {
    let of_four = parts[..parts.len() - 1].iter().all(|part| part.digits.len() == 4);
    of_four && digits.starts_with(['3', '4', '5', '6', '9']) && (16..=19).contains(&digits.len())
}

/// 11 digits of a mobile phone, or with the country's 86 before them.
fn is_mobile(digits: &str) -> bool {
    let own = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86").filter(|own| own.len() == 11));
    let own = own.unwrap_or(digits).as_bytes();
    own.len() == 11 && own[0] == b'1' && (b'3'..=b'9').contains(&own[1])
}

/// An area code, and the seven or eight digits of a phone.
fn is_landline(first: &Group, digits: &str) -> bool {
    let area = first.digits.as_str();
    let number = digits.get(area.len()..).unwrap_or_default();
    matches!(area.len(), 3 | 4)
        && area.starts_with('0')
        && !area.starts_with("00")
        && matches!(number.len(), 7 | 8)
        && !number.starts_with('0')
        && !is_time(number)
}

/// Passports, permits for Hong Kong, Macao and Taiwan: letters and digits together.
fn is_document(letters: &str, digits: &str) -> bool {
    let sized = match letters.len() {
        1 => digits.len() == 8 || matches!(letters, "H" | "M") && digits.len() == 10,
        2 => letters.starts_with('E') && digits.len() == 7,
        _ => false,
    };
    sized && !is_time(digits)
}

/// A resident's number of 18 places, or of 15 as until 1999 (GB 11643).
fn is_resident(digits: &str, closes_with_x: bool) -> bool {
    let is_region = digits.get(..2).is_some_and(|province| {
        matches!(
            province.parse().unwrap_or(0),
            11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91_u32
        )
    });
    let birth = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    match digits.len() + usize::from(closes_with_x) {
        18 => is_region && is_day(&birth(6, 14)),
        // Nobody who has one was born much earlier.
        15 if !closes_with_x => {
            is_region && birth(6, 8).as_str() >= "20" && is_day(&format!("19{}", birth(6, 12)))
        }
        _ => false,
    }
}

/// Whether parts have a year and a month beside each other, or a whole date.
fn has_date(parts: &[Group]) -> bool {
    let number = |group: &Group| group.digits.parse::<u32>().unwrap_or(u32::MAX);
    let is_year = |group: &Group| group.digits.len() == 4 && (1900..2100).contains(&number(group));
    let is_month = |group: &Group| group.digits.len() <= 2 && (1..=12).contains(&number(group));
    parts.windows(2).any(|pair| is_year(&pair[0]) && is_month(&pair[1]))
        || parts.iter().any(|part| part.digits.len() >= 6 && is_time(&part.digits))
}

/// `1,234,567,890`: an amount.
fn is_grouped_by_thousands(text: &str, chain: &[Group]) -> bool {
    let [first, rest @ ..] = chain else { return false };
    let by_comma = |pair: &[Group]| matches!(&text[pair[0].bytes.end..pair[1].bytes.start], "," | "，");
    !rest.is_empty()
        && first.digits.len() <= 3
        && rest.iter().all(|group| group.digits.len() == 3)
        && chain.windows(2).all(by_comma)
}

/// A month, a day, or a day and a time without anything between.
fn is_time(digits: &str) -> bool {
    let clock = |text: &str| {
        let part = |at: usize| text.get(at..at + 2).and_then(|part| part.parse::<u32>().ok());
        part(0).is_some_and(|hour| hour < 24)
            && part(2).is_some_and(|minute| minute < 60)
            && (text.len() == 4 || part(4).is_some_and(|second| second < 60))
    };
    match digits.len() {
        6 => is_day(&format!("{digits}01")),
        8 => is_day(digits),
        12 | 14 | 17 => is_day(&digits[..8]) && clock(&digits[8..]),
        _ => false,
    }
}

/// `20080304`, of the last century or this.
fn is_day(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i16>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else { return false };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return false };
    digits.len() == 8 && (1900..2100).contains(&year) && jiff::civil::Date::new(year, month, day).is_ok()
}

/// Letters and digits in a row with so many digits that they are somebody's: accounts, numbers of pupils.
fn long_runs(marks: &[(Mark, Range<usize>)]) -> impl Iterator<Item = Range<usize>> {
    let is_run = |mark: &Mark| matches!(mark, Mark::Digit(_) | Mark::Letter(_));
    let runs = marks.chunk_by(move |one, next| is_run(&one.0) && is_run(&next.0));
    runs.filter_map(|run| {
        let digits: String = run
            .iter()
            .filter_map(|(mark, _)| if let Mark::Digit(digit) = mark { Some(*digit) } else { None })
            .collect();
        let is_long = digits.len() > DIGITS_MAX && !(digits.len() == run.len() && is_time(&digits));
        is_long.then(|| run[0].1.start..run[run.len() - 1].1.end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_persons_are_found_however_they_are_written() {
        for text in [
            "13712346003",
            "137-1234-6003",
            "137 1234 6003",
            "137.1234.6003",
            "137_1234_6003",
            "(137)1234-6003",
            "1371234 6003",
            "1 3 7 1 2 3 4 6 0 0 3",
            "１３７－１２３４－６００３",
            "+86 137-1234-6003",
            "8613712346003",
            "137\u{200b}12346003",
            "137－1234——6003",
            "一三七一二三四六零零三",
            "𝟏𝟑𝟕𝟏𝟐𝟑𝟒𝟔𝟎𝟎𝟑",
            "0357-2012345",
            "(0357) 201 2345",
            "010-62345678",
            "14100220080302123X",
            "141002 20080302 123x",
            "１４１００２２００８０３０２１２３Ｘ",
            "141002800302123",
            "141002-800302-123",
            "G14100220080302123X",
            "6222021234567890123",
            "6222 0212 3456 7890 123",
            "E12345678",
            "EA1234567",
            "H1234567890",
        ] {
            assert!(!numbers(text).is_empty(), "{text}");
            assert!(is_in_words(text), "{text}");
            assert_eq!(redacted(&format!("王小明 {text}")).matches('王').count(), 0, "{text}");
            assert_eq!(redacted(&format!("{text}王小明")).matches('王').count(), 0, "{text}");
            assert_eq!(redacted(text).chars().filter(char::is_ascii_digit).count(), 0, "{text}");
        }
    }

    #[test]
    fn dates_codes_and_amounts_are_nobodys_numbers() {
        for text in [
            "2024",
            "2024-2025学年",
            "2023.09.01-2024.07.31",
            "1998.9-2001.07",
            "1998-12-2001-9",
            "20240901-20250831",
            "20240901123000",
            "20240901",
            "3614000001",
            "3614000001-2024-1",
            "3614000001_20240901",
            "一档 4400 元，二档 2500 元",
            "15,000,000,000",
            "二〇二四年第三季度",
            "1+X",
            "2022级1班、2022级2班",
            "V20240901",
            "",
        ] {
            assert_eq!(numbers(text), Vec::<Range<usize>>::new(), "{text}");
            assert_eq!(redacted(text), text);
            assert!(!is_in_words(text), "{text}");
        }
    }

    #[test]
    fn words_have_no_numbers_of_seven_digits_and_no_addresses() {
        for text in ["学号 2023014", "QQ 345678901", "li.si@example.com", "某人＠邮箱"] {
            assert!(is_in_words(text), "{text}");
        }
        for text in ["云丘职业学校(3614000001)", "学制 3 年", "@", "2022级", "a @ b"] {
            assert!(!is_in_words(text), "{text}");
        }
    }

    #[test]
    fn what_touches_a_number_goes_with_it_and_the_rest_stays() {
        assert_eq!(redacted("2024级（王小明 137-1234-6003）名册"), "2024级（…");
        assert_eq!(redacted("名册13800138000"), "…");
        assert_eq!(redacted("2024级 [13800138000] 3 班"), "2024…] 3 班");
        assert_eq!(redacted("14100220080302123X（王小明）"), "…）");
        assert_eq!(redacted("王小明（13800138000）"), "…）");
        assert_eq!(redacted("买买提·艾力_13800138000"), "…");
        assert_eq!(redacted_apart("名册13800138000", &|_| "0a1b".to_owned()), "…~0a1b");
        assert_eq!(redacted_apart("名册", &|_| "0a1b".to_owned()), "名册");
    }
}
