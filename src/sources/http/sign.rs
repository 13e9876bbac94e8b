//! Signatures of requests, as platforms ask for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

use super::secret::{Given, Secret};
use super::template::{Template, Variables};

/// How requests are signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub alg: Algorithm,
    /// The key of an HMAC; of a digest, the value of `{key}` in the text.
    pub key: Given,
    /// What is signed. `{query}` is all parameters in the order of their names, `{body}` the body.
    pub text: Template,
    #[serde(default)]
    pub out: Encoding,
    /// The header that carries it.
    pub header: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    HmacSha256,
    HmacSm3,
    Sha256,
    Sm3,
    Md5,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "hex")]
    Hex,
    #[serde(rename = "HEX")]
    UpperHex,
    #[serde(rename = "base64")]
    Base64,
}

/// The signature of a text whose variables have these values.
#[must_use]
pub fn sign(signature: &Signature, key: &Secret, variables: &Variables) -> String {
    let digests_key = matches!(signature.alg, Algorithm::Sha256 | Algorithm::Sm3 | Algorithm::Md5);
    let text = if digests_key {
        let mut variables = variables.clone();
        variables.insert("key".to_owned(), key.expose().to_owned());
        signature.text.fill(&variables)
    } else {
        signature.text.fill(variables)
    };
    let bytes = digest(signature.alg, key.expose().as_bytes(), text.as_bytes());
    match signature.out {
        Encoding::Hex => hex::encode(bytes),
        Encoding::UpperHex => hex::encode_upper(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
    }
}

fn digest(algorithm: Algorithm, key: &[u8], text: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::HmacSha256 => Hmac::<Sha256>::new_from_slice(key)
            .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
        Algorithm::HmacSm3 => Hmac::<Sm3>::new_from_slice(key)
            .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
        Algorithm::Sha256 => Sha256::digest(text).to_vec(),
        Algorithm::Sm3 => Sm3::digest(text).to_vec(),
        Algorithm::Md5 => Md5::digest(text).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(alg: Algorithm, key: &str, text: &str, out: Encoding) -> String {
        let given = Given::Plain(key.to_owned());
        let secret = given.resolve().unwrap();
        let text = Template::try_from(text.to_owned()).unwrap();
        sign(&Signature { alg, key: given, text, out, header: "sign".to_owned() }, &secret, &Variables::new())
    }

    #[test]
    fn signatures_are_those_of_the_standards() {
        // RFC 4231, test case 2.
        assert_eq!(
            signed(Algorithm::HmacSha256, "Jefe", "what do ya want for nothing?", Encoding::Hex),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        // RFC 1321, A.5.
        assert_eq!(
            signed(Algorithm::Md5, "-", "message digest", Encoding::UpperHex),
            "F96B697D7CB7938D525A2F31AAF161D0"
        );
        // GB/T 32905-2016, A.1.
        assert_eq!(signed(Algorithm::Sm3, "-", "{key}", Encoding::Hex), hex::encode(Sm3::digest(b"-")));
        assert_eq!(
            signed(Algorithm::Sm3, "abc", "{key}", Encoding::Hex),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
        assert_eq!(
            signed(Algorithm::HmacSha256, "Jefe", "what do ya want for nothing?", Encoding::Base64),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
    }
}
