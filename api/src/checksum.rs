//! Checksums as clients give them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Deserialize, Deserializer, Error as _};
use utoipa::{PartialSchema, ToSchema};

/// A SHA-256, in hexadecimal digits or in Base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksum(pub(crate) [u8; 32]);

impl Checksum {
    fn parse(text: &str) -> Option<Self> {
        if text.len() == 64 && text.is_ascii() {
            let mut bytes = [0; 32];
            for (at, byte) in bytes.iter_mut().enumerate() {
                let digits = text.get(at * 2..at * 2 + 2)?;
                // A sign would be taken too.
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                *byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
            }
            return Some(Self(bytes));
        }
        BASE64_STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a SHA-256, as 64 hexadecimal digits or in Base64"))
    }
}

/// A string, in the OpenAPI document.
impl PartialSchema for Checksum {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

impl ToSchema for Checksum {}

#[cfg(test)]
mod tests {
    use super::*;

    // proves DOC-1
    #[test]
    fn a_checksum_is_read_in_both_forms_and_nothing_else_is_one() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let known = Checksum::parse(hex).unwrap();
        assert_eq!(Checksum::parse(&hex.to_uppercase()), Some(known));
        assert_eq!(Checksum::parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), Some(known));
        let signed = hex.replacen("e3", "+3", 1);
        for text in ["", "e3", &hex[1..], &signed, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "äääää"]
        {
            assert_eq!(Checksum::parse(text), None, "{text}");
        }
    }
}
