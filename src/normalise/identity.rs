//! Identity numbers, and the pseudonyms that represent them everywhere else.
//!
//! A pseudonym is HMAC-SM3 under a key that stays in the identity folder: a plain
//! hash of an ID number is reversed in seconds, as a county has only some millions
//! of them. The number is normalised before it is hashed.

use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;

use super::text::compact;
use crate::decode::Cell;
use crate::finding::{self, Rule};

/// The kind of a person's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// 18 digits with the right check digit (GB 11643-1999).
    Verified,
    /// 18 digits with a wrong check digit: counted, asked about, not linked across years.
    Unverified,
    /// 15 digits, of people registered before 1999.
    FifteenDigits,
    /// `999`, school code and serial, given by a school until the real number is known.
    Temporary,
    /// A passport, permit or other document.
    Other,
}

impl IdKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IdKind::Verified => "verified",
            IdKind::Unverified => "unverified",
            IdKind::FifteenDigits => "fifteen_digits",
            IdKind::Temporary => "temporary",
            IdKind::Other => "other",
        }
    }
}

/// A number in the form in which it is compared: ASCII, upper case, without blanks and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdNumber {
    pub kind: IdKind,
    pub number: String,
}

/// JY/T 1001 `hb_sfzjlx`: 居民身份证.
const RESIDENT_CARD: &str = "1";

/// Reads an identity number. `id_type` is its code in the table `id_type`; `None` when not delivered.
/// Numbers of 15 digits were issued until 1999: `fifteen_digits` allows them, for older persons.
///
/// # Errors
/// `E-ID-NUMERIC` when a spreadsheet stored it as a number: its last digits are lost,
/// and the check digit cannot show it (9 % of damaged numbers still pass).
/// `E-ID-FORMAT` when it does not have the form of its type.
pub fn id_number(
    cell: &Cell<'_>,
    id_type: Option<&str>,
    fifteen_digits: bool,
) -> Result<IdNumber, &'static Rule> {
    if matches!(cell, Cell::Number(_) | Cell::Date(_) | Cell::Bool(_)) {
        return Err(finding::ROW_ID_NUMERIC);
    }
    let number = compact(&cell.text()).replace('-', "").to_ascii_uppercase();
    if is_scientific(&number) {
        return Err(finding::ROW_ID_NUMERIC);
    }
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let card_form = number.len() == 18
        && number.bytes().take(17).all(|byte| byte.is_ascii_digit())
        && number.bytes().last().is_some_and(|last| last.is_ascii_digit() || last == b'X');
    let kind = if digits && number.len() == 18 && number.starts_with("999") {
        IdKind::Temporary
    } else if id_type.is_none_or(|code| code == RESIDENT_CARD) || card_form && is_residence_permit(&number) {
        match number.len() {
            18 if card_form && birth_date(&number).is_some() => {
                if check_digit_holds(&number) {
                    IdKind::Verified
                } else {
                    IdKind::Unverified
                }
            }
            15 if digits && fifteen_digits && short_birth_date(&number) => IdKind::FifteenDigits,
            _ => return Err(finding::ROW_ID_FORMAT),
        }
    } else if (5..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        IdKind::Other
    } else {
        return Err(finding::ROW_ID_FORMAT);
    };
    Ok(IdNumber { kind, number })
}

/// 居住证 of residents of Hong Kong, Macao and Taiwan: a number in the form of a resident's card.
fn is_residence_permit(number: &str) -> bool {
    ["81", "82", "83"].iter().any(|region| number.starts_with(region))
}

/// Whether a number of 15 digits has a valid day as its `YYMMDD`: one of 18 digits cut short does not.
fn short_birth_date(number: &str) -> bool {
    birth_date(&format!("{}19{}", &number[..6], &number[6..])).is_some()
}

/// `1.42601E+17`: the text of a copied number cell.
fn is_scientific(number: &str) -> bool {
    let Some((mantissa, exponent)) = number.split_once('E') else { return false };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain(&mantissa.replace('.', "")) && mantissa.contains('.') && plain(exponent.trim_start_matches('+'))
}

/// GB 11643-1999: weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2, remainder to `10X98765432`.
fn check_digit_holds(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = number.bytes().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    number.as_bytes().last() == b"10X98765432".get(sum as usize % 11)
}

impl IdNumber {
    /// The birth date in a resident's number of 18 digits.
    #[must_use]
    pub fn birth_date(&self) -> Option<jiff::civil::Date> {
        match self.kind {
            IdKind::Verified | IdKind::Unverified => birth_date(&self.number),
            _ => None,
        }
    }

    /// The sex code (GB/T 2261.1) in a verified number: odd 1, even 2.
    #[must_use]
    pub fn sex(&self) -> Option<&'static str> {
        if self.kind != IdKind::Verified {
            return None;
        }
        let digit = self.number.as_bytes().get(16)? - b'0';
        Some(if digit % 2 == 1 { "1" } else { "2" })
    }

    /// Whether a 学籍号 contains this number as it should: after a G, which marks a formal one, or
    /// bare, where the letter was lost. An L marks a temporary one, which may contain anything.
    #[must_use]
    pub fn is_in_registration(&self, cell: &Cell<'_>) -> bool {
        if cell.is_blank() {
            return true;
        }
        let written = compact(&cell.text()).to_ascii_uppercase();
        written.starts_with('L') || written.strip_prefix('G').unwrap_or(&written) == self.number
    }
}

fn birth_date(number: &str) -> Option<jiff::civil::Date> {
    let part = |range: std::ops::Range<usize>| number.get(range);
    let year: i16 = part(6..10)?.parse().ok()?;
    let date = jiff::civil::Date::new(year, part(10..12)?.parse().ok()?, part(12..14)?.parse().ok()?).ok()?;
    (1900..=2100).contains(&year).then_some(date)
}

/// The key that pseudonyms are made with. Its bytes never leave this type.
#[derive(Clone)]
pub struct PseudonymKey(Hmac<Sm3>);

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PseudonymKey(***)")
    }
}

/// Bytes of a pseudonym kept: 128 bits.
const PSEUDONYM_BYTES: usize = 16;

impl PseudonymKey {
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        // A key shorter than the hash's block is padded with zeros, by the definition of HMAC.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        PseudonymKey(Hmac::new(&block.into()))
    }

    /// The pseudonym of `value` in a domain (`student-id|v1|`), as 32 hexadecimal digits.
    #[must_use]
    pub fn pseudonym(&self, domain: &str, value: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(domain.as_bytes());
        mac.update(value.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..PSEUDONYM_BYTES])
    }

    /// A label that distinguishes names that are shown without the numbers in them.
    #[must_use]
    pub fn label(&self, name: &str) -> String {
        // A letter first, so that it is not taken for a number.
        format!("n{}", &self.pseudonym("label|v1|", name)[..7])
    }

    /// Eight digits that distinguish keys, and reveal nothing about the key.
    #[must_use]
    pub fn id(&self) -> String {
        self.pseudonym("key-id|v1|", "")[..8].to_owned()
    }

    /// The value by which a manifest recognises the key that its pseudonyms were made with.
    #[must_use]
    pub fn check_value(&self) -> String {
        self.pseudonym("key-check|v1|", "")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, id_type: Option<&str>) -> Result<IdKind, &'static str> {
        id_number(&Cell::Text(text.into()), id_type, true).map(|id| id.kind).map_err(|rule| rule.id)
    }

    #[test]
    fn the_standards_own_example_verifies_in_every_spelling() {
        for text in [
            "11010519491231002X",
            "11010519491231002x",
            " 110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105-19491231-002X",
        ] {
            assert_eq!(read(text, Some("1")), Ok(IdKind::Verified), "{text}");
        }
        assert_eq!(read("110105194912310021", Some("1")), Ok(IdKind::Unverified));
    }

    #[test]
    fn numbers_are_refused_by_cell_type_and_by_notation() {
        let number = id_number(&Cell::Number(1.426_012_009_010_11e17), Some("1"), true);
        assert_eq!(number.unwrap_err().id, "E-ID-NUMERIC");
        assert_eq!(read("1.42601E+17", Some("1")), Err("E-ID-NUMERIC"));
    }

    #[test]
    fn other_documents_have_other_forms() {
        assert_eq!(read("999361400001100001", Some("Z")), Ok(IdKind::Temporary));
        assert_eq!(read("E12345678", Some("A")), Ok(IdKind::Other));
        assert_eq!(read("E12345678", Some("1")), Err("E-ID-FORMAT"));
        assert_eq!(read("110105491231002", Some("1")), Ok(IdKind::FifteenDigits));
        assert_eq!(read("110105194912310", Some("1")), Err("E-ID-FORMAT"), "18 digits cut to 15");
        let pupils = id_number(&Cell::Text("110105491231002".into()), Some("1"), false);
        assert_eq!(pupils.unwrap_err().id, "E-ID-FORMAT");
        assert_eq!(read("810000199408230021", Some("Z")), Ok(IdKind::Verified));
        assert_eq!(read("810000199408230022", Some("Z")), Ok(IdKind::Unverified));
        assert_eq!(read("11010519491231002", Some("1")), Err("E-ID-FORMAT"));
        assert_eq!(read("110105194913310021", Some("1")), Err("E-ID-FORMAT"));
    }

    #[test]
    fn a_registration_number_has_the_id_number_in_it() {
        let id = id_number(&Cell::Text("11010519491231002X".into()), Some("1"), false).unwrap();
        let agrees = |text: &str| id.is_in_registration(&Cell::Text(text.to_owned().into()));
        for text in
            ["G11010519491231002X", "g11010519491231002x", "11010519491231002X", "L36140000010001", ""]
        {
            assert!(agrees(text), "{text}");
        }
        for text in ["G110105194912310021", "110105194912310021", "0001"] {
            assert!(!agrees(text), "{text}");
        }
    }

    #[test]
    fn a_pseudonym_needs_its_key_and_its_domain() {
        let key = PseudonymKey::new(&[7; 32]);
        let other = PseudonymKey::new(&[8; 32]);
        let pseudonym = key.pseudonym("student-id|v1|", "11010519491231002X");
        assert_eq!(pseudonym.len(), 32);
        assert_ne!(pseudonym, other.pseudonym("student-id|v1|", "11010519491231002X"));
        assert_ne!(pseudonym, key.pseudonym("staff-id|v1|", "11010519491231002X"));
    }

    #[test]
    fn hmac_sm3_is_the_one_of_openssl() {
        // printf abc | openssl dgst -sm3 -mac HMAC -macopt hexkey:0707…07 (32 bytes)
        let key = PseudonymKey::new(&[7; 32]);
        assert_eq!(key.pseudonym("", "abc"), "652759426a2d737bc10cc8d3c61b8663");
    }

    proptest! {
        /// An identifier is text throughout: read whole, or refused, never changed.
        #[test]
        fn eighteen_digits_stay_as_they_are_written(text in "[0-9]{17}[0-9X]") {
            match id_number(&Cell::Text(text.as_str().into()), Some("1"), true) {
                Ok(id) => prop_assert_eq!(id.number, text),
                Err(rule) => prop_assert_eq!(rule.id, "E-ID-FORMAT"),
            }
        }

        #[test]
        fn one_wrong_digit_never_verifies(position in 0_usize..17, digit in 0_u8..10) {
            let mut number = *b"11010519491231002X";
            prop_assume!(number[position] != b'0' + digit);
            number[position] = b'0' + digit;
            let text = String::from_utf8(number.to_vec()).unwrap();
            prop_assert_ne!(read(&text, Some("1")), Ok(IdKind::Verified));
        }
    }
}
