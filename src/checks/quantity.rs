//! The meaning of a printed string: a number with its precision, a dash, a blank, or unreadable.
//!
//! A printed figure is an interval. `11.62` means [11.615, 11.625), or [11.62, 11.63) where the
//! writer truncated; `526.96万` is an interval of a hundred. Only a whole number of things that are
//! counted, without 万, is exact.

use crate::checks::exact::{Interval, Rational};
use crate::decode::cell::is_blank;
use crate::definitions::code_table::narrow;

/// A cell or a figure as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    Number(Box<Quantity>),
    /// `-`: asked, but there is none to give.
    Dash,
    /// Not asked.
    Blank,
    Unreadable,
}

/// A printed number in base units: ones, yuan, square metres, Mbps, fractions for percentages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    pub value: Rational,
    /// One unit of the last printed place.
    pub step: Rational,
    pub grain: Grain,
    pub measure: Measure,
    pub form: Form,
    /// One printed unit in base units, for showing what should have been printed.
    pub scale: Rational,
    /// The printed unit: `%`, `万元`, `人`.
    pub unit: String,
    pub decimals: u32,
}

/// The precision of a printed number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// A count, with nothing rounded off.
    Exact,
    Rounded,
    /// 约, 近, 余, a range: the interval that the words allow.
    Approximate(Interval),
}

/// The kind of quantity, which decides what may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Not stated.
    Unmarked,
    Percent,
    Money,
    Area,
    Bandwidth,
    /// A unit of counting or any other.
    Other,
}

/// The notation of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// `9.60:1`.
    ToOne,
    /// `1:9.60`; the value is 9.60.
    OneTo,
}

impl Quantity {
    /// All values that round to it.
    #[must_use]
    pub fn rounded(&self) -> Option<Interval> {
        let half = self.step.over(Rational::int(2))?;
        self.around(half, half)
    }

    /// All values that truncate to it.
    #[must_use]
    pub fn truncated(&self) -> Option<Interval> {
        self.around(Rational::ZERO, self.step)
    }

    /// Widened by `more` away from zero and by `less` towards it.
    fn around(&self, less: Rational, more: Rational) -> Option<Interval> {
        match self.grain {
            Grain::Exact => Some(Interval::point(self.value)),
            Grain::Approximate(interval) => Some(interval),
            Grain::Rounded => {
                let size = self.value.size();
                let interval = Interval::half_open(size.minus(less)?, size.plus(more)?);
                Some(if self.value < Rational::ZERO { interval.negated() } else { interval })
            }
        }
    }

    #[must_use]
    pub fn is_approximate(&self) -> bool {
        matches!(self.grain, Grain::Approximate(_))
    }

    /// A value as it would be printed next to this figure, with two more places.
    #[must_use]
    pub fn shown(&self, value: Rational) -> String {
        let more = if self.grain == Grain::Exact { 4 } else { 2 };
        let places = (self.decimals + more).min(10);
        let number = value.over(self.scale).map_or_else(String::new, |value| value.shown(places));
        match self.form {
            Form::ToOne => format!("{number}:1"),
            Form::OneTo => format!("1:{number}"),
            Form::Plain if self.measure == Measure::Percent => format!("{number}%"),
            Form::Plain => number,
        }
    }

    /// An interval in text, in the printed unit.
    #[must_use]
    pub fn shown_interval(&self, interval: &Interval) -> String {
        let scaled = Rational::ONE.over(self.scale).and_then(|turned| interval.scaled(turned));
        scaled.map_or_else(String::new, |interval| interval.to_string())
    }

    /// The same number read in another unit.
    #[must_use]
    pub fn rescaled(&self, factor: Rational, measure: Measure) -> Option<Quantity> {
        let grain = match self.grain {
            Grain::Approximate(interval) => Grain::Approximate(interval.scaled(factor)?),
            // A whole number that turns out to be a percentage or a multiple was rounded.
            Grain::Exact | Grain::Rounded => Grain::Rounded,
        };
        Some(Quantity {
            value: self.value.times(factor)?,
            step: self.step.times(factor)?,
            scale: self.scale.times(factor)?,
            grain,
            measure,
            ..self.clone()
        })
    }

    /// Read as a percentage, where no unit says otherwise.
    #[must_use]
    pub fn as_percent(&self) -> Option<Quantity> {
        match self.measure {
            Measure::Unmarked => self.rescaled(Rational::new(1, 100)?, Measure::Percent),
            _ => Some(self.clone()),
        }
    }

    #[must_use]
    pub fn as_signed(&self, negative: bool) -> Quantity {
        let mut turned = self.clone();
        if negative && self.value > Rational::ZERO {
            turned.value = self.value.negated();
            if let Grain::Approximate(interval) = self.grain {
                turned.grain = Grain::Approximate(interval.negated());
            }
        }
        turned
    }
}

/// Text in one form: without blanks and thousands separators, half-width, one kind of dash, colon
/// and percent sign.
#[must_use]
pub fn fold(text: &str) -> String {
    let chars: Vec<char> = text.chars().filter(|&c| !is_blank(c)).map(plain).collect();
    let digit =
        |index: Option<usize>| index.and_then(|index| chars.get(index)).is_some_and(char::is_ascii_digit);
    let mut folded = String::new();
    for (index, &c) in chars.iter().enumerate() {
        let between = digit(index.checked_sub(1)) && digit(Some(index + 1));
        let group = (1..=3).all(|ahead| digit(Some(index + ahead))) && !digit(Some(index + 4));
        match c {
            ',' | '\'' if between && group => {}
            '。' | '·' if between => folded.push('.'),
            _ => folded.push(c),
        }
    }
    folded
}

fn plain(c: char) -> char {
    match narrow(c) {
        '−' | '‐' | '‑' | '―' | '─' | '﹣' => '-',
        '∶' | '︰' | '﹕' => ':',
        '﹪' => '%',
        '∼' | '〜' => '~',
        c => c,
    }
}

/// Reads a printed string; `unit` is the unit stated in a heading or a column.
#[must_use]
pub fn read(text: &str, unit: &str) -> Reading {
    let folded = fold(text);
    match folded.as_str() {
        "" => return Reading::Blank,
        "/" | "\\" | "无" | "暂无" | "N/A" | "n/a" | "…" | "……" => return Reading::Dash,
        dashes if dashes.chars().all(|c| c == '-') => return Reading::Dash,
        _ => {}
    }
    number(&folded, &without_brackets(&fold(unit)))
        .map_or(Reading::Unreadable, |quantity| Reading::Number(Box::new(quantity)))
}

/// A run of digits with at most one point.
struct Digits {
    value: Rational,
    step: Rational,
    decimals: u32,
    /// Number of zeros at the end of a whole number.
    zeros: u32,
}

fn power_of_ten(exponent: u32) -> Option<Rational> {
    10_i128.checked_pow(exponent).map(Rational::int)
}

/// Splits digits off the front.
fn digits(text: &str) -> Option<(Digits, &str)> {
    const PLACES_MAX: usize = 15;
    const WHOLE_MAX: usize = 18;
    let whole_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = text.split_at(whole_end);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            after.split_at(end)
        }
        None => ("", rest),
    };
    let pointed = text[whole_end..].starts_with('.');
    if whole.is_empty()
        || whole.len() > WHOLE_MAX
        || fraction.len() > PLACES_MAX
        || (pointed && fraction.is_empty())
        || rest.starts_with('.')
    {
        return None;
    }
    let decimals = u32::try_from(fraction.len()).ok()?;
    let unit = power_of_ten(decimals)?;
    let value = Rational::int(format!("{whole}{fraction}").parse().ok()?).over(unit)?;
    let zeros = if pointed { 0 } else { whole.len() - whole.trim_end_matches('0').len() };
    let zeros = if whole.trim_end_matches('0').is_empty() { 0 } else { u32::try_from(zeros).ok()? };
    Some((Digits { value, step: Rational::ONE.over(unit)?, decimals, zeros }, rest))
}

/// 十, 百, 千, 万, 亿 at the front, multiplied. 百分点 does not count as 百.
fn scales(text: &str) -> (Rational, &str) {
    let (mut scale, mut rest) = (Rational::ONE, text);
    while let Some(c) = rest.chars().next() {
        let exponent = match c {
            '十' => 1,
            '百' if !rest.starts_with("百分") => 2,
            '千' if !["千米", "千克", "千瓦"].iter().any(|unit| rest.starts_with(unit)) => 3,
            '万' => 4,
            '亿' => 8,
            _ => break,
        };
        let Some(more) = power_of_ten(exponent).and_then(|factor| scale.times(factor)) else { break };
        (scale, rest) = (more, &rest[c.len_utf8()..]);
    }
    (scale, rest)
}

/// The scale of a unit in base units, and its measure. Unknown units are counted in ones.
fn unit_of(unit: &str) -> (Rational, Measure) {
    let (scale, unit) =
        scales(unit.strip_prefix('个').filter(|rest| rest.starts_with("百分点")).unwrap_or(unit));
    let base = |numerator, denominator, measure| {
        let factor = Rational::new(numerator, denominator).and_then(|factor| factor.times(scale));
        (factor.unwrap_or(Rational::ONE), measure)
    };
    match unit {
        "" | ":" => base(1, 1, Measure::Unmarked),
        "%" | "个百分点" | "百分点" | "pp" => base(1, 100, Measure::Percent),
        "‰" => base(1, 1000, Measure::Percent),
        "亩" => base(2000, 3, Measure::Area),
        "公顷" => base(10_000, 1, Measure::Area),
        "平方公里" | "平方千米" => base(1_000_000, 1, Measure::Area),
        "平方米" | "㎡" | "m2" | "m²" | "平米" => base(1, 1, Measure::Area),
        "Gbps" | "G" => base(1000, 1, Measure::Bandwidth),
        "Mbps" | "M" | "兆" => base(1, 1, Measure::Bandwidth),
        "Kbps" | "kbps" => base(1, 1000, Measure::Bandwidth),
        money if money.starts_with('元') || money.starts_with("人民币") => base(1, 1, Measure::Money),
        _ => base(1, 1, Measure::Other),
    }
}

/// Whether a whole number of this unit was rounded to be whole.
fn is_continuous(measure: Measure, unit: &str) -> bool {
    let of_things = matches!(measure, Measure::Unmarked | Measure::Other);
    !of_things
        || unit.contains('/')
        || unit == ":"
        || ["米", "吨", "公里", "克"].iter().any(|end| unit.ends_with(end))
}

/// The tolerance of words around a number, in steps of its last nonzero digit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hedge {
    None,
    About,
    Above,
    Below,
}

fn hedge_before(text: &str) -> Hedge {
    let has = |words: &[&str]| words.iter().any(|word| text.ends_with(word));
    if has(&["不足", "不到", "近", "将近", "接近", "低于", "少于", "<", "≤"]) {
        return Hedge::Below;
    }
    if has(&["超", "超过", "逾", "突破", "多于", "高于", "不少于", "不低于", ">", "≥"]) {
        return Hedge::Above;
    }
    if has(&["约", "大约", "约为", "大概", "左右", "±", "≈", "~"]) {
        Hedge::About
    } else {
        Hedge::None
    }
}

/// Strips words of approximation from the end of a unit.
fn hedge_after(unit: &str) -> (Hedge, &str) {
    for (words, hedge) in [
        (["左右", "上下", "前后"], Hedge::About),
        (["以上", "有余", "多"], Hedge::Above),
        (["以下", "以内", "不到"], Hedge::Below),
    ] {
        if let Some(rest) = words.iter().find_map(|word| unit.strip_suffix(word)) {
            return (hedge, rest);
        }
    }
    (Hedge::None, unit)
}

fn hedged_grain(hedge: Hedge, value: Rational, last: Rational, loose: bool) -> Option<Grain> {
    // 近1000 cannot be 500: a tenth at most, except where 余 or 多 leaves the rest of the step open.
    let tenth = value.size().over(Rational::int(10))?;
    let reach = if loose { last } else { tenth };
    let half = last.min(tenth).over(Rational::int(2))?;
    Some(match hedge {
        Hedge::None => return None,
        Hedge::About => Grain::Approximate(Interval::closed(value.minus(half)?, value.plus(half)?)),
        Hedge::Above => Grain::Approximate(Interval::half_open(value, value.plus(reach)?)),
        Hedge::Below => Grain::Approximate(Interval::closed(value.minus(reach)?, value)),
    })
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let keep = |c: &char| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(keep).collect()
}

/// Leaves out a remark in brackets, unless it contains the number itself.
fn readable(text: &str) -> String {
    let bare = without_brackets(text);
    if bare.contains(|c: char| c.is_ascii_digit()) { bare } else { text.replace(['(', ')', '[', ']'], "") }
}

/// Reads folded text that contains a number.
pub(super) fn number(text: &str, unit: &str) -> Option<Quantity> {
    let text = &readable(text);
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (before, from) = text.split_at(start);
    let before = before.trim_end_matches(['¥', '￥', '$']);
    let negative = before.ends_with('-');
    if before.ends_with('.') {
        return None;
    }
    let (mut found, mut rest) = digits(from)?;
    // 300余, 3万多: the word may be before or after 万.
    let mut loose = false;
    let mut scale = Rational::ONE;
    loop {
        if let Some(after) = ["余", "多", "来"].iter().find_map(|word| rest.strip_prefix(word)) {
            (loose, rest) = (true, after);
        }
        let (more, after) = scales(rest);
        if more == Rational::ONE {
            break;
        }
        scale = scale.times(more)?;
        rest = after;
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            // 3亿5000万: a second number with a smaller scale.
            let (second, after) = digits(rest)?;
            let (smaller, after) = scales(after);
            let relative = smaller.over(scale)?;
            found = Digits {
                value: found.value.plus(second.value.times(relative)?)?,
                step: second.step.times(relative)?,
                decimals: found.decimals,
                zeros: second.zeros,
            };
            rest = after;
            break;
        }
    }
    match ratio(&found, rest) {
        Ok(None) => {}
        Ok(ratio) => return ratio,
        Err(MalformedRatio) => return None,
    }
    let (after, own_unit) = hedge_after(rest);
    let range = range(own_unit);
    let own_unit = range.as_ref().map_or(own_unit, |(_, unit)| unit);
    if own_unit.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let own_unit = own_unit.trim_end_matches([',', ';', '.', '。', '、']);
    let own_unit = if own_unit.is_empty() && before.contains("百分之") { "%" } else { own_unit };
    let (unit_scale, measure) = scale_and_measure(own_unit, unit);
    // 万 counts once when both the figure and its heading have it.
    let scale = if scale == Rational::ONE { unit_scale } else { scale.times(base_of(own_unit, unit))? };
    let name = if own_unit.is_empty() { unit } else { own_unit };
    let value = found.value.times(scale)?;
    let step = found.step.times(scale)?;
    let hedge = if loose {
        Hedge::Above
    } else {
        [after, hedge_before(before)].into_iter().find(|hedge| *hedge != Hedge::None).unwrap_or(Hedge::None)
    };
    let last = step.times(power_of_ten(found.zeros)?)?;
    let whole = found.decimals == 0 && scale == Rational::ONE && !is_continuous(measure, name);
    let mut grain = if whole { Grain::Exact } else { Grain::Rounded };
    if let Some(hedged) = hedged_grain(hedge, value, last, loose) {
        grain = hedged;
    }
    if let Some((end, _)) = range {
        grain =
            Grain::Approximate(Interval::closed(value.min(end.times(scale)?), value.max(end.times(scale)?)));
    }
    let quantity = Quantity {
        value,
        step,
        grain,
        measure,
        form: Form::Plain,
        scale,
        unit: name.to_owned(),
        decimals: found.decimals,
    };
    Some(quantity.as_signed(negative))
}

/// The scale and measure that apply: those of the figure itself where it names a unit.
fn scale_and_measure(unit: &str, heading: &str) -> (Rational, Measure) {
    let (own_scale, own_measure) = unit_of(unit);
    let (heading_scale, heading_measure) = unit_of(heading);
    match own_measure {
        Measure::Unmarked => (heading_scale, heading_measure),
        // `15人` under 万元 keeps its own unit; so does `15个` under %.
        _ => (own_scale, own_measure),
    }
}

/// The base of the unit without its 万.
fn base_of(unit: &str, heading: &str) -> Rational {
    let bare = |unit: &str| unit_of(scales(unit).1).0;
    if unit.is_empty() { bare(heading) } else { bare(unit) }
}

/// A text that begins like a ratio but is not one.
struct MalformedRatio;

/// Reads `9.60:1`, `1:18.5`, `35/38`; `None` where it is not written as a ratio.
fn ratio(first: &Digits, rest: &str) -> Result<Option<Quantity>, MalformedRatio> {
    let Some(tail) = rest.strip_prefix([':', '比', '/']) else { return Ok(None) };
    if !tail.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let (second, after) = digits(tail).ok_or(MalformedRatio)?;
    if !after.is_empty() {
        return Err(MalformedRatio);
    }
    let is_one = |digits: &Digits| digits.value == Rational::ONE;
    let colon = !rest.starts_with('/');
    let (value, step, form, decimals) = if colon && is_one(&second) {
        (first.value, first.step, Form::ToOne, first.decimals)
    } else if colon && is_one(first) {
        (second.value, second.step, Form::OneTo, second.decimals)
    } else {
        (first.value.over(second.value).ok_or(MalformedRatio)?, Rational::ZERO, Form::Plain, 4)
    };
    Ok(Some(Quantity {
        value,
        step,
        grain: if step.is_zero() { Grain::Exact } else { Grain::Rounded },
        measure: Measure::Unmarked,
        form,
        scale: Rational::ONE,
        unit: ":".to_owned(),
        decimals,
    }))
}

/// The upper end of a range and its unit: `-4000元` of `2000-4000元`.
fn range(rest: &str) -> Option<(Rational, String)> {
    let at = rest.find(['-', '~', '至', '到'])?;
    let (unit, tail) = rest.split_at(at);
    let tail = tail.trim_start_matches(['-', '~', '至', '到']);
    let (end, after) = digits(tail)?;
    let unit = if after.is_empty() { unit } else { after };
    (!unit.contains(|c: char| c.is_ascii_digit())).then(|| (end.value, unit.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(text: &str, unit: &str) -> Quantity {
        match read(text, unit) {
            Reading::Number(quantity) => *quantity,
            other => panic!("`{text}` is {other:?}"),
        }
    }

    fn rational(numerator: i128, denominator: i128) -> Rational {
        Rational::new(numerator, denominator).unwrap()
    }

    #[test]
    fn awkward_strings_are_read_with_their_own_precision() {
        for (text, unit, value, step) in [
            ("37 .49%", "", rational(3749, 10_000), rational(1, 10_000)),
            ("３７．４９％", "", rational(3749, 10_000), rational(1, 10_000)),
            ("526.96万", "人", rational(5_269_600, 1), rational(100, 1)),
            ("526.96", "万人", rational(5_269_600, 1), rational(100, 1)),
            ("526.96万", "万人", rational(5_269_600, 1), rational(100, 1)),
            ("526.96万人", "万人", rational(5_269_600, 1), rational(100, 1)),
            ("2620.3 万元", "元", rational(26_203_000, 1), rational(1000, 1)),
            ("26203000", "元", rational(26_203_000, 1), rational(1, 1)),
            ("1.2亿元", "万元", rational(120_000_000, 1), rational(10_000_000, 1)),
            ("3亿5000万元", "", rational(350_000_000, 1), rational(10_000, 1)),
            ("1,234,567人", "", rational(1_234_567, 1), rational(1, 1)),
            ("１２，３４５", "人", rational(12_345, 1), rational(1, 1)),
            ("3.2个百分点", "", rational(32, 1000), rational(1, 1000)),
            ("-3.2%", "", rational(-32, 1000), rational(1, 1000)),
            ("9.60:1", ":", rational(96, 10), rational(1, 100)),
            ("1∶18.5", ":", rational(185, 10), rational(1, 10)),
            ("18.5", ":", rational(185, 10), rational(1, 10)),
            ("100亩", "", rational(200_000, 3), rational(2000, 3)),
            ("4305人（含往届）", "", rational(4305, 1), rational(1, 1)),
            ("百分之37.49", "", rational(3749, 10_000), rational(1, 10_000)),
            ("（37.49%）", "", rational(3749, 10_000), rational(1, 10_000)),
            ("98.0", "%", rational(98, 100), rational(1, 1000)),
        ] {
            let read = quantity(text, unit);
            assert_eq!((read.value, read.step), (value, step), "{text} {unit}");
        }
    }

    #[test]
    fn only_whole_counts_are_exact() {
        for (text, unit, exact) in [
            ("4305", "人", true),
            ("4305", "", true),
            ("98", "%", false),
            ("4702", "万元", false),
            ("3167.00", "人", false),
            ("12万", "人", false),
            ("1111", "人/门", false),
            ("9", ":", false),
        ] {
            assert_eq!(quantity(text, unit).grain == Grain::Exact, exact, "{text} {unit}");
        }
    }

    #[test]
    fn words_widen_a_figure() {
        for (text, low, high) in [
            ("约8800人次", 8750, 8850),
            ("8800左右", 8750, 8850),
            ("300余人", 300, 400),
            ("近1000人", 900, 1000),
            ("超过1000人", 1000, 1100),
            ("3万余人", 30_000, 40_000),
            ("2000-4000元", 2000, 4000),
            ("2000元至4000元", 2000, 4000),
        ] {
            let interval = quantity(text, "").rounded().unwrap();
            assert_eq!((interval.low.floor(), interval.high.floor()), (low, high), "{text}");
        }
    }

    #[test]
    fn a_dash_a_blank_and_noise_are_different_readings() {
        for text in ["-", "—", "——", "－", "/", "无"] {
            assert_eq!(read(text, ""), Reading::Dash, "{text}");
        }
        assert_eq!(read("　", ""), Reading::Blank);
        for text in ["九成", "1.2.3", "12,34", "待签394发394人", "5.", ".5", "99999999999999999999"] {
            assert_eq!(read(text, ""), Reading::Unreadable, "{text}");
        }
    }

    proptest! {
        /// By brute force: every value in thousandths near the printed one, rounded or cut by hand.
        #[test]
        fn intervals_are_the_values_that_round_or_truncate_to_the_printed_figure(hundredths in -500_i128..500) {
            let sign = if hundredths < 0 { "-" } else { "" };
            let size = hundredths.abs();
            let printed = quantity(&format!("{sign}{}.{:02}", size / 100, size % 100), "元");
            let (rounded, cut) = (printed.rounded().unwrap(), printed.truncated().unwrap());
            for thousandths in hundredths * 10 - 30..=hundredths * 10 + 30 {
                let away = thousandths.signum() * ((thousandths.abs() + 5) / 10);
                let value = rational(thousandths, 1000);
                if hundredths != 0 {
                    prop_assert_eq!(rounded.contains(value), away == hundredths, "{} {}", thousandths, rounded);
                    prop_assert_eq!(cut.contains(value), thousandths / 10 == hundredths, "{} {}", thousandths, cut);
                }
            }
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in "[-0-9.,:%万亿约余多至~ 人元()（/]{0,12}", unit in "[%万元人/]{0,3}") {
            let _ = read(&text, &unit);
        }
    }
}
