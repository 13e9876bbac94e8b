//! Workbooks that are encrypted without a password of a person.
//!
//! Excel encrypts what is protected against changes, or recommended to be read only, with a password of its own,
//! and opens it without a question. What has another password stays closed.

use memchr::memmem;
use msoffice_crypto::{Document, Error, Family, IntegrityPolicy};
use msoffice_crypto::{classify, decrypt_binary_office, decrypt_ooxml_with_policy};

use super::sniff::utf16;
use super::{DecodeError, xls};

const PASSWORD: &str = "VelvetSweatshop";
/// Rounds of hashing that a file may ask for, a second's work; Excel writes 100,000.
const SPINS_MAX: u32 = 1_000_000;

/// The workbook in an encrypted OLE container; `None` where the container is not encrypted.
///
/// # Errors
/// `Encrypted` where only a person knows the password, `Truncated`, and `Damaged`.
pub(super) fn unlocked(bytes: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    let found = classify(bytes);
    // Names in a container are UTF-16.
    let is_plain = match found.family {
        Family::Unencrypted => true,
        Family::Unknown => memmem::find(bytes, &utf16("EncryptedPackage")).is_none(),
        _ => false,
    };
    if is_plain {
        return Ok(None);
    }
    if xls::is_cut(bytes) {
        return Err(DecodeError::Truncated("sectors are missing".into()));
    }
    let spins = found.password_key.and_then(|key| key.spin_count).unwrap_or_default();
    let plain = match (found.family, found.document) {
        (Family::Agile | Family::Standard, _) if spins <= SPINS_MAX => {
            decrypt_ooxml_with_policy(bytes, PASSWORD, IntegrityPolicy::VerifyIfPresent)
                .map(|decrypted| decrypted.package)
        }
        (Family::Rc4 | Family::Rc4CryptoApi | Family::XorObfuscation, Document::ExcelBinary) => {
            decrypt_binary_office(bytes, PASSWORD)
        }
        _ => return Err(DecodeError::Encrypted),
    };
    plain.map(Some).map_err(|error| match error {
        Error::WrongPassword
        | Error::UnsupportedEncryptionVersion(..)
        | Error::UnsupportedAlgorithm { .. }
        | Error::UnsupportedEncryptedContent(_) => DecodeError::Encrypted,
        error => DecodeError::Damaged(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use msoffice_crypto::{encrypt_ooxml, encrypt_ooxml_standard};

    use super::*;

    fn workbook() -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().write_string(0, 0, "学校").unwrap();
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn only_the_password_that_excel_gives_by_itself_is_known() {
        let plain = workbook();
        for encrypt in [encrypt_ooxml, encrypt_ooxml_standard] {
            let opened = unlocked(&encrypt(&plain, PASSWORD).unwrap());
            assert_eq!(opened, Ok(Some(plain.clone())));
            assert_eq!(unlocked(&encrypt(&plain, "410225").unwrap()), Err(DecodeError::Encrypted));
        }
    }

    #[test]
    fn a_container_that_was_damaged_is_an_error_and_no_panic() {
        let locked = encrypt_ooxml(&workbook(), PASSWORD).unwrap();
        assert_eq!(
            unlocked(&locked[..locked.len() - 600]),
            Err(DecodeError::Truncated("sectors are missing".into()))
        );
        for at in (0..locked.len()).step_by(97) {
            let mut flipped = locked.clone();
            flipped[at] ^= 0x55;
            let _ = unlocked(&flipped);
        }
    }

    #[test]
    fn a_workbook_that_asks_for_hours_of_hashing_is_refused() {
        let locked = encrypt_ooxml(&workbook(), PASSWORD).unwrap();
        let at = memmem::find(&locked, b"spinCount=\"100000\"").unwrap();
        let mut slow = locked.clone();
        slow[at..at + 18].copy_from_slice(b"spinCount=\"999999\"");
        let is_closed = |bytes: &[u8]| unlocked(bytes) == Err(DecodeError::Encrypted);
        assert!(is_closed(&slow), "another count gives another key");
        slow.splice(at..at + 20, *b"spinCount=\"9999999\" ");
        assert!(is_closed(&slow));
    }
}
