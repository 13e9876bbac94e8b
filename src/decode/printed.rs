//! The text that a spreadsheet prints for a number, by the number format of its cell.
//!
//! A cell holds 92.8 where the page says 92.80. Of a format only that is read which decides the text: places,
//! groups, percent, thousands, words around the digits. Fractions, powers of ten, numerals in characters and times
//! are left alone: their cells are read as the numbers they are.

use super::cell::number_text;

/// Significant digits that a spreadsheet keeps.
const DIGITS: usize = 15;
/// Programs write no longer format.
const FORMAT_MAX: usize = 1024;
/// Characters of a number without a format of its own; further decimals are rounded off.
const GENERAL_WIDTH: usize = 11;

/// Formats that a file names by number only, where its reader has no text for them: money.
const MONEY: [(u32, &str); 4] =
    [(5, "#,##0;-#,##0"), (6, "#,##0;-#,##0"), (7, "#,##0.00;-#,##0.00"), (8, "#,##0.00;-#,##0.00")];

/// The format of a number: `code` as the file has it, or that of a number that every program knows.
#[must_use]
pub(super) fn format_of(code: &str, id: Option<u32>) -> &str {
    let money = || MONEY.iter().find(|(number, _)| Some(*number) == id).map(|(_, code)| *code);
    if code == "General" { money().unwrap_or(code) } else { code }
}

/// A number as a cell of this format prints it. A negative number in brackets gets its sign instead.
#[must_use]
pub(super) fn text(number: f64, format: &str) -> String {
    if !number.is_finite() || format.len() > FORMAT_MAX {
        return number_text(number);
    }
    let sections: Vec<Section> = split(format).into_iter().map(Section::parse).collect();
    let Some((section, is_negative)) = chosen(&sections, number) else { return general(number) };
    if section.is_other {
        return number_text(number);
    }
    let digits = match section.digits {
        Shape::None => return section.before.trim().to_owned(),
        Shape::General => general(number.abs()),
        Shape::Places => section.digits_of(number),
    };
    let is_zero = !digits.contains(|c: char| ('1'..='9').contains(&c));
    let sign = if number < 0.0 && !is_zero { "-" } else { "" };
    let (before, after) = if is_negative {
        (section.before.replace(['(', '（', '-'], ""), section.after.replace([')', '）'], ""))
    } else {
        (section.before.clone(), section.after.clone())
    };
    format!("{sign}{before}{digits}{after}").trim().to_owned()
}

/// The shortest text, as wide as a program shows it.
fn general(number: f64) -> String {
    let text = number_text(number);
    let size = text.trim_start_matches('-');
    let Some((whole, _)) = size.split_once('.').filter(|_| size.len() > GENERAL_WIDTH) else { return text };
    let places = GENERAL_WIDTH.saturating_sub(whole.len() + 1);
    let digits = rounded(number.abs(), 0, places, 0, 1);
    if number < 0.0 { format!("-{digits}") } else { digits }
}

/// The section for a number, and whether it is that of negative numbers, which prints no sign by itself.
fn chosen(sections: &[Section], number: f64) -> Option<(&Section, bool)> {
    if sections.iter().any(|section| section.condition.is_some()) {
        let fits = |section: &&Section| section.condition.is_none_or(|condition| condition.holds(number));
        return sections.iter().find(fits).map(|section| (section, false));
    }
    match sections {
        [_, negative, ..] if number < 0.0 => Some((negative, true)),
        [_, _, zero, ..] if number == 0.0 => Some((zero, false)),
        [first, ..] => Some((first, false)),
        [] => None,
    }
}

/// The sections of a format: positive, negative, zero, text.
fn split(format: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let (mut start, mut quoted, mut bracketed, mut escaped) = (0, false, false, false);
    for (at, c) in format.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => escaped = true,
            '[' => bracketed = true,
            ']' => bracketed = false,
            ';' if !bracketed => {
                sections.push(&format[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    sections.push(&format[start..]);
    sections
}

/// `[>=100]`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Condition {
    less: bool,
    equal: bool,
    greater: bool,
    limit: f64,
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let limit = text.trim_start_matches(['<', '>', '=']);
        let sign = &text[..text.len() - limit.len()];
        let (less, equal, greater) = match sign {
            "<" => (true, false, false),
            "<=" => (true, true, false),
            ">" => (false, false, true),
            ">=" => (false, true, true),
            "=" => (false, true, false),
            "<>" => (true, false, true),
            _ => return None,
        };
        Some(Condition { less, equal, greater, limit: limit.trim().parse().ok()? })
    }

    fn holds(self, number: f64) -> bool {
        (self.less && number < self.limit)
            || (self.greater && number > self.limit)
            || (self.equal && (number - self.limit).abs() < f64::EPSILON)
    }
}

/// What stands where the digits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shape {
    /// Words only.
    #[default]
    None,
    General,
    Places,
}

/// A section of a format.
#[derive(Debug, Default, PartialEq)]
struct Section {
    condition: Option<Condition>,
    before: String,
    after: String,
    digits: Shape,
    /// The least number of digits before the point.
    whole: usize,
    /// Places after the point: always printed, and at most.
    places: (usize, usize),
    groups: bool,
    /// Places by which the point moves: a percentage is two to the right, thousands three to the left.
    shift: i32,
    /// A fraction, a power of ten, a time.
    is_other: bool,
}

impl Section {
    fn parse(code: &str) -> Self {
        let mut section = Section::default();
        let general = ["General", "G/通用格式"]
            .iter()
            .find_map(|name| code.find(name).map(|at| (&code[..at], &code[at + name.len()..])));
        if let Some((before, after)) = general {
            section.take(before);
            section.digits = Shape::General;
            section.take(after);
            // Digits beside it, or a moved point, are of no format that programs write.
            section.is_other |= section.digits != Shape::General || section.shift != 0;
        } else {
            section.take(code);
        }
        section
    }

    fn take(&mut self, code: &str) {
        let mut chars = code.chars().peekable();
        let (mut is_after_point, mut commas) = (false, 0);
        while let Some(c) = chars.next() {
            match c {
                '"' => {
                    let words: String = chars.by_ref().take_while(|&c| c != '"').collect();
                    self.word(&words);
                }
                '\\' => {
                    let word: String = chars.next().into_iter().collect();
                    self.word(&word);
                }
                // Room for a character, and a character that fills the cell.
                '_' | '*' => drop(chars.next()),
                '[' => {
                    let inside: String = chars.by_ref().take_while(|&c| c != ']').collect();
                    self.bracket(&inside);
                }
                '0' | '#' | '?' => {
                    // Digits after words: a telephone number.
                    self.is_other |= self.digits == Shape::Places && !self.after.is_empty();
                    self.is_other |= self.digits == Shape::General;
                    self.digits = Shape::Places;
                    self.groups |= commas > 0;
                    commas = 0;
                    match (is_after_point, c) {
                        (true, '#') => self.places.1 += 1,
                        (true, _) => {
                            self.places.1 += 1;
                            self.places.0 = self.places.1;
                        }
                        (false, '#') => self.whole += usize::from(self.whole > 0),
                        (false, _) => self.whole += 1,
                    }
                }
                '.' if !is_after_point => is_after_point = true,
                ',' if self.digits == Shape::Places => commas += 1,
                '%' => {
                    self.shift += 2;
                    self.word("%");
                }
                '/' if self.digits == Shape::Places => self.is_other = true,
                '@' => self.digits = Shape::General,
                'E' | 'e' | 'Y' | 'y' | 'M' | 'm' | 'D' | 'd' | 'H' | 'h' | 'S' | 's' => self.is_other = true,
                c => self.word(c.encode_utf8(&mut [0; 4])),
            }
        }
        self.shift -= 3 * commas;
    }

    fn word(&mut self, word: &str) {
        if self.digits == Shape::None { &mut self.before } else { &mut self.after }.push_str(word);
    }

    /// `[Red]` means nothing here; `[$¥-804]` prints ¥; `[h]` is a time and `[DBNum1]` prints other numerals.
    fn bracket(&mut self, inside: &str) {
        if let Some(money) = inside.strip_prefix('$') {
            let sign = money.split('-').next().unwrap_or_default();
            self.word(sign);
        } else if let Some(condition) = Condition::parse(inside) {
            self.condition = Some(condition);
        } else {
            let is_time = inside.chars().all(|c| matches!(c, 'h' | 'H' | 'm' | 'M' | 's' | 'S'));
            self.is_other |= is_time || inside.starts_with("DBNum");
        }
    }

    fn digits_of(&self, number: f64) -> String {
        let text = rounded(number.abs(), self.shift, self.places.1, self.places.0, self.whole);
        if !self.groups {
            return text;
        }
        let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(whole, rest)| (whole, rest));
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
    }
}

/// A number whose point is moved, rounded half up as a decimal to `most` places; of these at least `least` are
/// printed, and at least `whole` digits before the point.
fn rounded(number: f64, shift: i32, most: usize, least: usize, whole: usize) -> String {
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let before_point = exponent.parse::<i32>().unwrap_or_default() + 1 + shift;
    // The digit at a place: 0 is the first after the point, -1 the last before it.
    let digit = |place: i32| {
        let at = usize::try_from(place + before_point).ok();
        at.and_then(|at| digits.get(at)).copied().unwrap_or_default()
    };
    let most_places = i32::try_from(most).unwrap_or(i32::MAX);
    let first = (-before_point).min(-1);
    let mut kept: Vec<u8> = (first..most_places).map(digit).collect();
    let mut carry = digit(most_places) >= 5;
    for digit in kept.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *digit == 9;
        *digit = if carry { 0 } else { *digit + 1 };
    }
    if carry {
        kept.insert(0, 1);
    }
    let point = kept.len() - most;
    let (before, after) = kept.split_at(point);
    let text = |digits: &[u8]| digits.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
    let (before, mut after) = (text(before), text(after));
    while after.len() > least && after.ends_with('0') {
        after.pop();
    }
    let before = before.trim_start_matches('0');
    // A point without a digit before it would not be read as a number.
    let width = if after.is_empty() { whole } else { whole.max(1) };
    let before = format!("{before:0>width$}");
    if after.is_empty() { before } else { format!("{before}.{after}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(cases: &[(f64, &str, &str)]) {
        for (number, format, expected) in cases {
            assert_eq!(text(*number, format), *expected, "{number} as {format}");
        }
    }

    #[test]
    fn places_groups_and_percent_are_printed() {
        all(&[
            (92.8, "0.00", "92.80"),
            (92.8, "0", "93"),
            (27534.0, "#,##0", "27,534"),
            (1_234_567.891, "#,##0.00", "1,234,567.89"),
            (0.928, "0.00%", "92.80%"),
            (0.005, "0%", "1%"),
            (92.8, "0.00\"%\"", "92.80%"),
            (92.8, "0.00\\%", "92.80%"),
            (92.8, "0.00_ ", "92.80"),
            (92.8, "0.00_);[Red]\\(0.00\\)", "92.80"),
            (9.6, "0.00\":1\"", "9.60:1"),
            (12.0, "0\"人\"", "12人"),
            (7.0, "000", "007"),
            (0.5, "#.##", "0.5"),
            (0.0, "#", ""),
            (3.0, "0.##", "3"),
            (3.25, "0.0#", "3.25"),
            (1_234_567.0, "0.0,\"千\"", "1234.6千"),
            (1.5, "[$¥-804]#,##0.00", "¥1.50"),
            (9.995, "0.00", "10.00"),
            (1.005, "0.00", "1.01"),
            (99.999, "0.00", "100.00"),
            (0.000_4, "0.00", "0.00"),
            (1e14, "#,##0", "100,000,000,000,000"),
        ]);
    }

    #[test]
    fn a_section_is_chosen_by_sign_zero_or_condition() {
        all(&[
            (-1234.5, "#,##0.00", "-1,234.50"),
            (-1234.5, "#,##0.00;(#,##0.00)", "-1,234.50"),
            (-3.0, "0;-0", "-3"),
            (-3.0, "_ * #,##0_ ;_ * \\-#,##0_ ;_ * \"-\"_ ;_ @_ ", "-3"),
            (0.0, "_ * #,##0_ ;_ * \\-#,##0_ ;_ * \"-\"_ ;_ @_ ", "-"),
            (0.0, "0;-0;;@", ""),
            (-0.001, "0.00", "0.00"),
            (250.0, "[>=100]0;0.00", "250"),
            (2.5, "[>=100]0;0.00", "2.50"),
            (5.0, "\"有\";\"无\"", "有"),
        ]);
    }

    #[test]
    fn without_a_format_the_number_has_its_own_text() {
        all(&[
            (92.8, "General", "92.8"),
            (88.0, "", ""),
            (88.0, "General", "88"),
            (88.0, "G/通用格式", "88"),
            (88.0, "@", "88"),
            (12.0, "General\"人\"", "12人"),
            (2.0 / 3.0, "General", "0.666666667"),
            (-27534.0 / 2869.0, "General", "-9.597072151"),
            (123_456_789_012_345.0, "General", "123456789012345"),
        ]);
    }

    #[test]
    fn what_is_no_plain_number_is_left_alone() {
        all(&[
            (0.25, "# ?/?", "0.25"),
            (1234.0, "0.00E+00", "1234"),
            (0.5, "[h]:mm", "0.5"),
            (3.0, "[DBNum1][$-804]General", "3"),
            (13_800_000_000.0, "000-0000-0000", "13800000000"),
            (45_000.0, "yyyy\"年\"m\"月\"", "45000"),
        ]);
    }

    #[test]
    fn money_is_known_by_its_number() {
        assert_eq!(text(1234.5, format_of("General", Some(7))), "1,234.50");
        assert_eq!(format_of("General", Some(0)), "General");
        assert_eq!(format_of("0.0", Some(7)), "0.0");
    }

    proptest! {
        /// Against the decimals of the standard library, which rounds the binary value: halves apart, they agree.
        #[test]
        fn places_are_those_of_the_nearest_decimal(thousandths in -9_999_999_i64..9_999_999) {
            prop_assume!(thousandths % 10 != 5 && thousandths % 10 != -5);
            #[expect(clippy::cast_precision_loss, reason = "seven digits")]
            let number = thousandths as f64 / 1000.0;
            let expected = format!("{number:.2}");
            let expected = if expected == "-0.00" { "0.00".to_owned() } else { expected };
            prop_assert_eq!(text(number, "0.00"), expected);
        }

        #[test]
        fn no_format_makes_the_reader_fail(number in any::<f64>(), format in "[-0#?.,;%\"\\\\_*\\[\\]@/E年人$<>=(]{0,12}") {
            let _ = text(number, &format);
        }
    }
}
