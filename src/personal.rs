//! Numbers of persons where none belong, recognised by their form: identity documents, phones, accounts,
//! mail addresses. Contracts say which columns have them; anywhere else they were typed by mistake.
//!
//! Digits are recognised as people write them: full width, circled, in other scripts, spelled in Han
//! numerals or with letters that look alike, separated by blanks, dashes, dots or brackets. Dates, times,
//! amounts, serial numbers that begin with a date, and lists of small numbers are not numbers of persons.
//! Numbers interrupted by words are not recognised, nor is a name without a number.

use std::ops::Range;

/// The most marks between two digits of a number.
const APART_MAX: usize = 6;
/// The most parts that a number is written in, unless each is a single digit.
const PARTS_MAX: usize = 5;
/// A run of more digits is a person's number, whatever its form.
const DIGITS_MAX: usize = 10;
/// The most digits of a number that is written in parts.
const PARTS_DIGITS_MAX: usize = 19;

/// Byte ranges of numbers and addresses in a text that look like a person's; in order, not overlapping.
#[must_use]
pub fn numbers(text: &str) -> Vec<Range<usize>> {
    let plain = marks(text, false);
    let mut found = in_parts(text, &plain);
    // Spelled digits count only where they have the form of a phone or a document.
    let spelled = marks(text, true);
    if spelled != plain {
        found.extend(in_parts(text, &spelled));
    }
    found.extend(long_runs(text, &plain));
    found.extend(mail_addresses(text));
    found.extend(named_numbers(text));
    merged(found)
}

/// Numbers of phones, documents and cards, in one part or several.
fn in_parts(text: &str, marks: &[(Mark, Range<usize>)]) -> Vec<Range<usize>> {
    let groups = groups(marks);
    let mut found = Vec::new();
    for chain in groups.chunk_by(|_, next| next.apart <= APART_MAX) {
        if is_grouped_by_thousands(text, chain) {
            continue;
        }
        for from in 0..chain.len() {
            let mut digits = String::new();
            for (at, group) in chain.iter().enumerate().skip(from) {
                digits += &group.digits;
                if digits.len() > PARTS_DIGITS_MAX {
                    break;
                }
                if is_number(text, &chain[from..=at], &digits) {
                    let end = check_in_brackets(text, group).unwrap_or(group.bytes.end);
                    found.push(chain[from].letters_start..end);
                }
            }
        }
    }
    found
}

/// Whether words contain a person's number or address. Numbers are suspected even when shorter than in file
/// names, which have codes and dates. `allowed` is a code that may occur: that of the row's school.
#[must_use]
pub fn is_in_words(text: &str, allowed: &str) -> bool {
    const SHORT: usize = 7;
    // Most words have neither digits nor such marks, and are done here.
    let is_suspect = |c: char| digit(c).is_some() || han_digit(c).is_some() || is_at(c);
    if !text.contains(is_suspect) {
        return false;
    }
    let without_allowed = if allowed.is_empty() { text.to_owned() } else { text.replace(allowed, " ") };
    let is_suspect_number = |group: &Group| {
        let (before, after) = around(&without_allowed, &group.bytes);
        let is_decimal = before == Some('.') || after == Some('.');
        group.digits.len() >= SHORT
            && !is_decimal
            && !is_dated(&group.digits)
            && !group.digits.ends_with("0000")
            && !is_counted(after)
    };
    groups(&marks(&without_allowed, false)).iter().any(is_suspect_number)
        || !numbers(&without_allowed).is_empty()
}

fn around(text: &str, bytes: &Range<usize>) -> (Option<char>, Option<char>) {
    (text[..bytes.start].chars().next_back(), text[bytes.end..].chars().next())
}

/// Whether a unit follows, which makes a number an amount.
fn is_counted(after: Option<char>) -> bool {
    after.is_some_and(|c| "元万亿人㎡平吨%％个册台套".contains(c))
}

fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠' | '﹫')
}

/// `li.si@example.com`, also with blanks around the mark.
fn mail_addresses(text: &str) -> Vec<Range<usize>> {
    let part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+') || letter(c).is_some();
    let found = text.char_indices().filter(|&(_, c)| is_at(c)).filter_map(|(at, c)| {
        let before = text[..at].trim_end_matches(' ');
        let local = before.trim_end_matches(part);
        let rest = &text[at + c.len_utf8()..];
        let after = rest.trim_start_matches(' ');
        let domain = &after[..after.len() - after.trim_start_matches(part).len()];
        let is_address = local.len() < before.len() && domain.trim_matches('.').contains('.');
        is_address.then(|| local.len()..text.len() - after.len() + domain.len())
    });
    found.collect()
}

/// Words before a number that make it a person's.
const NAMES: [&str; 18] = [
    "QQ",
    "微信",
    "WECHAT",
    "V信",
    "电话",
    "手机",
    "联系方式",
    "身份证",
    "证件号",
    "护照",
    "军官证",
    "台胞证",
    "回乡证",
    "通行证",
    "学号",
    "学籍号",
    "卡号",
    "支付宝",
];

/// Numbers that are named: `QQ 345678901`, `学号：2023014`, `wxid_8x7y6z`.
fn named_numbers(text: &str) -> Vec<Range<usize>> {
    const SHORT: usize = 5;
    let upper: String = text.chars().map(|c| letter(c).unwrap_or(c)).collect();
    // Wide letters have more bytes than narrow ones: positions would differ from those in the text.
    if upper.len() != text.len() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in NAMES {
        for (at, _) in upper.match_indices(name) {
            let begins = at + name.len();
            let joins = |c: char| !c.is_alphanumeric() || "号码为是群".contains(c);
            let number = text[begins..].trim_start_matches(joins);
            let begins = text.len() - number.len();
            let is_part = |c: char| digit(c).is_some() || letter(c).is_some() || matches!(c, '_' | '-');
            let run = &number[..number.len() - number.trim_start_matches(is_part).len()];
            let run = run.trim_end_matches(['_', '-']);
            let digits: String = run.chars().filter_map(digit).collect();
            if run.chars().count() >= SHORT && digits.len() >= 3 && !is_time(&digits) {
                found.push(at..begins + run.len());
            }
        }
    }
    found.extend(upper.match_indices("WXID_").map(|(at, _)| {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        at..text.len() - text[at..].trim_start_matches(part).len()
    }));
    found
}

/// A text without the numbers of persons in it, and without the names next to them.
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

/// Like [`redacted`], with a digest of the text that keeps it distinct from others. `digest` must be keyed,
/// as there are few numbers to try.
#[must_use]
pub fn redacted_apart(text: &str, digest: &dyn Fn(&str) -> String) -> String {
    let shown = redacted(text);
    if shown == text { shown } else { format!("{shown}~{}", digest(text)) }
}

/// A number with the words next to it, which may be a name, and everything in between.
fn with_names(text: &str, number: Range<usize>) -> Range<usize> {
    let joins = |c: char| !c.is_alphanumeric();
    let names = |c: char| c.is_alphabetic() || c == '·';
    let before = text[..number.start].trim_end_matches(joins);
    let start = before.trim_end_matches(names);
    let after = text[number.end..].trim_start_matches(joins);
    let end = after.trim_start_matches(names);
    // Marks that join the number to nothing stay.
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
    /// A letter of the Latin alphabet, as in numbers of documents.
    Letter(char),
    Apart,
    /// Any other letter: a number ends there.
    Other,
}

/// The characters of a text as parts of numbers, with their byte ranges. With `spelled`, Han numerals and
/// letters that look like digits are digits.
fn marks(text: &str, spelled: bool) -> Vec<(Mark, Range<usize>)> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|&(_, c)| digit(c).is_some());
    let mark = |at: usize, c: char| {
        if let Some(digit) = digit(c).or_else(|| spelled.then(|| spelled_digit(c)).flatten()) {
            return Mark::Digit(digit);
        }
        match letter(c) {
            Some(letter) => Mark::Letter(letter),
            // Strokes that people use as dashes.
            None if is_stroke(c) && is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)) => Mark::Apart,
            None if c.is_alphanumeric() => Mark::Other,
            None => Mark::Apart,
        }
    };
    chars.iter().enumerate().map(|(at, &(start, c))| (mark(at, c), start..start + c.len_utf8())).collect()
}

fn is_stroke(c: char) -> bool {
    matches!(c, '一' | '丨' | '丶' | '丿' | 'ー' | 'ㄧ' | 'ㅡ' | '〡')
}

/// The digit that a character is, in the scripts and shapes that programs and people use.
fn digit(c: char) -> Option<char> {
    /// The zeros of runs of decimal digits.
    const ZEROS: [u32; 20] = [
        0x30, 0xff10, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
        0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810,
    ];
    /// The ones of runs of digits from 1 to 9 in circles, brackets, and with dots.
    const ONES: [u32; 8] = [0x2460, 0x2474, 0x2488, 0x24f5, 0x2776, 0x2780, 0x278a, 0x3021];
    let code = u32::from(c);
    let from_zero = ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&code)).map(|zero| code - zero);
    let from_one = || ONES.into_iter().find(|one| (*one..one + 9).contains(&code)).map(|one| code - one + 1);
    let value = from_zero.or_else(from_one).or(match (c, code) {
        ('¹', _) => Some(1),
        ('²', _) => Some(2),
        ('³', _) => Some(3),
        ('⁰' | '₀' | '⓪' | '⓿' | '🄋' | '🄌', _) => Some(0),
        (_, 0x2074..=0x2079) => Some(code - 0x2070),
        (_, 0x2081..=0x2089) => Some(code - 0x2080),
        // Mathematical digits, in five styles, and segmented digits.
        (_, 0x1_d7ce..=0x1_d7ff) => Some((code - 0x1_d7ce) % 10),
        (_, 0x1_fbf0..=0x1_fbf9) => Some(code - 0x1_fbf0),
        _ => None,
    })?;
    char::from_digit(value, 10)
}

fn han_digit(c: char) -> Option<char> {
    const DIGITS: [&str; 10] =
        ["〇零○洞", "一壹幺", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒拐", "八捌", "九玖勾"];
    let value = DIGITS.iter().position(|digits| digits.contains(c))?;
    char::from_digit(u32::try_from(value).ok()?, 10)
}

/// The digit that a character means among digits.
fn spelled_digit(c: char) -> Option<char> {
    match c {
        'O' | 'o' | 'Ｏ' | 'ｏ' => Some('0'),
        'l' | 'I' | 'ｌ' | 'Ｉ' | '|' => Some('1'),
        _ => han_digit(c),
    }
}

fn letter(c: char) -> Option<char> {
    let narrow = match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xfee0)?,
        _ => c,
    };
    narrow.is_ascii_alphabetic().then(|| narrow.to_ascii_uppercase())
}

/// A run of digits.
#[derive(Debug)]
struct Group {
    digits: String,
    /// Letters right before the digits, and their start.
    letters: String,
    letters_start: usize,
    /// The range of the digits, with a closing X.
    bytes: Range<usize>,
    closes_with_x: bool,
    /// Characters between this group and the previous one; `usize::MAX` where there is a letter.
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

/// Whether digits, in one part or several, are the number of a phone, a document or a card.
fn is_number(text: &str, parts: &[Group], digits: &str) -> bool {
    let [first, .., last] = parts else {
        let [only] = parts else { return false };
        let (before, after) = around(text, &only.bytes);
        let is_abroad = before == Some('+') && (10..=15).contains(&digits.len());
        return is_mobile(digits) && !is_counted(after)
            || is_abroad
            || is_document(&only.letters, digits)
            || check_in_brackets(text, only).is_some()
            || is_resident(digits, only.closes_with_x);
    };
    if parts[..parts.len() - 1].iter().any(|part| part.closes_with_x) {
        return false;
    }
    let sizes = || parts.iter().map(|part| part.digits.len());
    let is_spread = sizes().all(|size| size == 1) || parts.len() <= PARTS_MAX && sizes().any(|size| size > 2);
    let mut long = parts.iter().filter(|part| part.digits.len() > 2).peekable();
    let is_amounts = long.peek().is_some() && long.all(|part| part.digits.ends_with('0'));
    let is_abroad = around(text, &first.bytes).0 == Some('+') && (10..=15).contains(&digits.len());
    let is_phone = is_mobile(digits) || is_landline(first, digits) || is_abroad;
    // A resident's number contains a date itself.
    is_spread && is_resident(digits, last.closes_with_x)
        || is_card(parts, digits)
        || is_spread && is_phone && !has_date(parts) && !is_amounts && !is_network(text, parts)
}

/// Whether parts are a network address: `192.168.10.100`.
fn is_network(text: &str, parts: &[Group]) -> bool {
    let is_byte = |part: &Group| part.digits.parse::<u32>().is_ok_and(|number| number < 256);
    let by_dots = |pair: &[Group]| &text[pair[0].bytes.end..pair[1].bytes.start] == ".";
    parts.len() == 4 && parts.iter().all(is_byte) && parts.windows(2).all(by_dots)
}

/// Whether parts are a bank card, in groups of four digits.
fn is_card(parts: &[Group], digits: &str) -> bool {
    let of_four = parts[..parts.len() - 1].iter().all(|part| part.digits.len() == 4);
    of_four && digits.starts_with(['3', '4', '5', '6', '9']) && (16..=19).contains(&digits.len())
}

/// Whether digits are the 11 of a mobile phone, with or without the country's 86 before them.
fn is_mobile(digits: &str) -> bool {
    let domestic =
        digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86").filter(|d| d.len() == 11));
    let domestic = domestic.unwrap_or(digits).as_bytes();
    domestic.len() == 11 && domestic[0] == b'1' && (b'3'..=b'9').contains(&domestic[1])
}

/// Whether digits are an area code, and the seven or eight digits of a phone.
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

/// Whether letters and digits are a passport, or a permit for Hong Kong, Macao or Taiwan.
fn is_document(letters: &str, digits: &str) -> bool {
    let sized = match letters.len() {
        1 => matches!(digits.len(), 8 | 9) || matches!(letters, "H" | "M") && digits.len() == 10,
        2 => digits.len() == 7,
        _ => false,
    };
    sized && !is_dated(digits)
}

/// The end of an identity card's number of Hong Kong or Macao: `A123456(7)`.
fn check_in_brackets(text: &str, group: &Group) -> Option<usize> {
    let after = &text[group.bytes.end..];
    let inside = after.strip_prefix(['(', '（'])?;
    let mut chars = inside.chars();
    let is_check = chars.next().is_some_and(|c| digit(c).is_some() || letter(c).is_some());
    let closes = chars.next().is_some_and(|c| matches!(c, ')' | '）'));
    let is_card = matches!(group.letters.len(), 1 | 2) && group.digits.len() == 6 && is_check && closes;
    is_card.then(|| text.len() - chars.as_str().len())
}

/// Whether digits are a resident's number of 18 places, or of 15 as until 1999 (GB 11643).
fn is_resident(digits: &str, closes_with_x: bool) -> bool {
    let is_region = digits.get(..2).is_some_and(|province| {
        matches!(
            province.parse().unwrap_or(0),
            11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91_u32
        )
    });
    let birth = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    match digits.len() + usize::from(closes_with_x) {
        // With a later birth than any pupil's, it may be a region and a date: the check digit decides.
        18 => {
            let born = birth(6, 14);
            is_region && is_day(&born) && (born.as_str() < "2015" || has_check_digit(digits, closes_with_x))
        }
        // No one with such a number was born much earlier.
        15 if !closes_with_x => {
            is_region && birth(6, 8).as_str() >= "20" && is_day(&format!("19{}", birth(6, 12)))
        }
        _ => false,
    }
}

/// Whether the last place follows from the others (GB 11643).
fn has_check_digit(digits: &str, closes_with_x: bool) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [u8; 11] = *b"10X98765432";
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let last = if closes_with_x { Some(b'X') } else { digits.as_bytes().get(17).copied() };
    last == CHECKS.get(sum as usize % 11).copied()
}

/// Whether parts have a year and a month next to each other, or a whole date.
fn has_date(parts: &[Group]) -> bool {
    let number = |group: &Group| group.digits.parse::<u32>().unwrap_or(u32::MAX);
    let is_year = |group: &Group| group.digits.len() == 4 && (1900..2100).contains(&number(group));
    let is_month = |group: &Group| group.digits.len() <= 2 && (1..=12).contains(&number(group));
    parts.windows(2).any(|pair| is_year(&pair[0]) && is_month(&pair[1]))
        || parts.iter().any(|part| part.digits.len() >= 6 && is_time(&part.digits))
}

/// Whether groups are an amount: `1,234,567,890`.
fn is_grouped_by_thousands(text: &str, chain: &[Group]) -> bool {
    let [first, rest @ ..] = chain else { return false };
    let by_comma = |pair: &[Group]| matches!(&text[pair[0].bytes.end..pair[1].bytes.start], "," | "，");
    !rest.is_empty()
        && first.digits.len() <= 3
        && rest.iter().all(|group| group.digits.len() == 3)
        && chain.windows(2).all(by_comma)
}

/// Whether digits begin with a date or a year, and are a time or a serial number.
fn is_dated(digits: &str) -> bool {
    let is_year =
        digits.get(..4).and_then(|year| year.parse().ok()).is_some_and(|year| (1990..2100).contains(&year));
    let begins_with_day = || digits.get(..8).is_some_and(is_day);
    is_time(digits)
        || is_year && (7..=8).contains(&digits.len())
        || is_year && digits.len() <= 13 && begins_with_day()
}

/// Whether digits are a month, a day, or a day and a time without anything between.
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

/// Whether digits are a day of the last century or this: `20080304`.
fn is_day(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i16>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else { return false };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return false };
    digits.len() == 8 && (1900..2100).contains(&year) && jiff::civil::Date::new(year, month, day).is_ok()
}

/// Runs of letters and digits with so many digits that they are a person's: accounts, numbers of pupils.
fn long_runs(text: &str, marks: &[(Mark, Range<usize>)]) -> Vec<Range<usize>> {
    let is_run = |mark: &Mark| matches!(mark, Mark::Digit(_) | Mark::Letter(_));
    let runs = marks.chunk_by(|mark, next| is_run(&mark.0) && is_run(&next.0));
    let long = runs.filter_map(|run| {
        let digits: String = run
            .iter()
            .filter_map(|(mark, _)| if let Mark::Digit(digit) = mark { Some(*digit) } else { None })
            .collect();
        let bytes = run[0].1.start..run[run.len() - 1].1.end;
        let is_plain = digits.len() == run.len();
        let is_amount = is_plain && is_counted(around(text, &bytes).1);
        // Milliseconds since 1970, as programs name files.
        let is_clock = is_plain && digits.len() == 13 && digits.starts_with('1');
        let is_impersonal =
            is_plain && is_dated(&digits) || is_amount || is_clock || is_machine_made(&text[bytes.clone()]);
        (digits.len() > DIGITS_MAX && !is_impersonal).then_some(bytes)
    });
    long.collect()
}

/// Whether a run is a digest, or the code of an organisation (GB 32100).
fn is_machine_made(run: &str) -> bool {
    let is_hex = run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_letters = run.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_digest = is_hex && has_letters && matches!(run.len(), 32 | 40 | 64);
    let code = run.as_bytes();
    let is_organisation = code.len() == 18
        && has_letters
        && !run.ends_with(['X', 'x'])
        && code[..8].iter().all(u8::is_ascii_digit)
        && matches!(code[0], b'1' | b'5' | b'9');
    is_digest || is_organisation
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
            "137----1234----6003",
            "137一1234一6003",
            "137丨1234丨6003",
            "(137)1234-6003",
            "1371234 6003",
            "1 3 7 1 2 3 4 6 0 0 3",
            "１３７－１２３４－６００３",
            "+86 137-1234-6003",
            "+852 6123 4567",
            "8613712346003",
            "137\u{200b}12346003",
            "137－1234——6003",
            "一三七一二三四六零零三",
            "一三七 一二三四 六零零三",
            "137一二三四6003",
            "幺三拐幺两三四六洞洞三",
            "l37l2346OO3",
            "𝟏𝟑𝟕𝟏𝟐𝟑𝟒𝟔𝟎𝟎𝟑",
            "①③⑦①②③④⑥⓪⓪③",
            "¹³⁷¹²³⁴⁶⁰⁰³",
            "๑๓๗๑๒๓๔๖๐๐๓",
            "0357-2012345",
            "(0357) 201 2345",
            "010-62345678",
            "14100220080302123X",
            "141002 20080302 123x",
            "141002 2008 0302 123X",
            "１４１００２２００８０３０２１２３Ｘ",
            "141002800302123",
            "141002-800302-123",
            "G14100220080302123X",
            "6222021234567890123",
            "6222 0212 3456 7890 123",
            "E12345678",
            "EA1234567",
            "PE1234567",
            "A123456789",
            "H1234567890",
            "A123456(7)",
            "li.si@example.com",
            "lisi ＠ qq.com",
            "QQ345678901",
            "QQ：1234567890",
            "微信号：lisi_1990304",
            "wxid_8x7y6z5a4b3c22",
            "学号2023014",
            "军官证0123456",
        ] {
            assert!(!numbers(text).is_empty(), "{text}");
            assert!(is_in_words(text, ""), "{text}");
            let [before, after] = [format!("王小明 {text}"), format!("{text}王小明")];
            assert_eq!(redacted(&before).matches('王').count(), 0, "{text}: {}", redacted(&before));
            assert_eq!(redacted(&after).matches('王').count(), 0, "{text}: {}", redacted(&after));
            assert_eq!(
                redacted(text).chars().filter(char::is_ascii_digit).count(),
                0,
                "{text}: {}",
                redacted(text)
            );
        }
    }

    #[test]
    fn dates_codes_and_amounts_are_not_numbers_of_persons() {
        for text in [
            "2024",
            "2024-2025学年",
            "2023.09.01-2024.07.31",
            "1998.9-2001.07",
            "1998-12-2001-9",
            "20240901-20250831",
            "20240901123000",
            "20240901",
            "20241128001",
            "3614000001-2024-1",
            "3614000001_20240901",
            "141002_20241128_1355",
            "尧都区141002 20241128 0930",
            "一档 4400 元，二档 2500 元",
            "15,000,000,000",
            "金额由13500000000元改为13600000000元",
            "1300-1500-170人",
            "1920×1080×120",
            "192.168.10.100",
            "13、14、15、16、17、8班",
            "1-3-5-7-9-11-13-15-17",
            "二〇二四年第三季度",
            "一二三四五六七年级",
            "第一二三四五六七批",
            "1+X",
            "2022级1班、2022级2班",
            "2024001班",
            "V20240901",
            "A20240001",
            "1234567.89",
            "12345678元",
            "1000000",
            "甲@乙",
            "91140000MA0GABCD12",
            "晋教职〔2024〕12号",
            "",
        ] {
            assert_eq!(numbers(text), Vec::<Range<usize>>::new(), "{text}");
            assert_eq!(redacted(text), text);
            assert!(!is_in_words(text, "3614000001"), "{text}");
        }
        for name in ["3614000001", "导出1732780512345", "d41d8cd98f00b204e9800998ecf8427e"] {
            assert_eq!(redacted(name), name);
        }
    }

    #[test]
    fn words_have_no_long_numbers_except_the_allowed_code() {
        for text in ["编号 2123014", "345678901", "3614000002"] {
            assert!(is_in_words(text, "3614000001"), "{text}");
        }
        for text in ["云丘职业学校(3614000001)", "学制 3 年", "@", "2022级", "a @ b"] {
            assert!(!is_in_words(text, "3614000001"), "{text}");
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
