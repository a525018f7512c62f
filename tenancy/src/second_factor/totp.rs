use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use totp_rs::{Algorithm, Builder, Totp};

use crate::error::{Error, Result};

/// In bytes: as much as SHA-1 uses (RFC 4226, section 4).
const LENGTH: usize = 20;

/// In seconds (RFC 6238, section 5.2).
const STEP: u64 = 30;

/// How many steps the clock of the app may be off.
const SKEW: u16 = 1;

const DIGITS: u8 = 6;

/// What the app calls the account's place.
const ISSUER: &str = "Doorward";

/// The width of the picture, in points.
const WIDTH: u32 = 240;

/// What an authenticator app needs to make codes; shown once.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base32 (RFC 4648), to be typed.
    pub secret: SecretString,
    /// The same for apps on the same device.
    pub otpauth_url: SecretString,
    /// The same to be scanned: a `data:` URL of an SVG.
    pub qr: SecretString,
}

/// The secret that an app and the store share. Every app knows SHA-1, and its weakness does not matter to HMAC.
#[derive(Debug)]
pub(super) struct Secret(SecretBox<[u8; LENGTH]>);

impl Secret {
    pub(super) fn new(bytes: [u8; LENGTH]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// As it was sealed.
    pub(super) fn of(bytes: &[u8]) -> Result<Self> {
        bytes.try_into().map(Self::new).map_err(|error: std::array::TryFromSliceError| broken(error))
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The step that a code belongs to, if it is one of those around now. Compared in constant time.
    pub(super) fn step(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let step = self.totp()?.check(code, u64::try_from(now.timestamp()).ok()?)?;
        i64::try_from(step).ok()
    }

    /// What the app is told.
    pub(super) fn enrolment(&self, email: &str) -> Result<Enrolment> {
        let secret = BASE32_NOPAD.encode(self.expose());
        let account = utf8_percent_encode(email, NON_ALPHANUMERIC);
        let url = format!(
            "otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
        );
        let qr = QrCode::with_error_correction_level(&url, EcLevel::M).map_err(broken)?;
        let svg = qr.render::<Color<'_>>().min_dimensions(WIDTH, WIDTH).build();
        let qr = format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(svg));
        Ok(Enrolment { secret: secret.into(), otpauth_url: url.into(), qr: qr.into() })
    }

    fn totp(&self) -> Option<Totp> {
        let settings = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(SKEW);
        settings.with_step_duration(STEP).with_secret(*self.0.expose_secret()).build().ok()
    }

    /// The code that an app shows.
    #[cfg(test)]
    pub(super) fn code(&self, at: DateTime<Utc>) -> String {
        self.totp().unwrap().generate(at.timestamp().unsigned_abs()).to_string()
    }
}

/// Nothing that a caller can do anything about.
fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(sqlx::Error::Decode(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B: the last six of the eight digits there.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    // proves AUT-8
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = Secret::new(*b"12345678901234567890");
        for (time, code) in VECTORS {
            assert_eq!(secret.code(at(time)), code);
            assert_eq!(secret.step(code, at(time)), Some(time / 30), "{time}");
        }
    }

    // proves AUT-8: ASVS 6.5.5
    #[test]
    fn a_code_is_good_from_one_step_before_to_one_step_after_its_own() {
        let secret = Secret::new(*b"12345678901234567890");
        let (begin, code) = (1_234_567_890, "005924"); // the first second of its step
        assert_eq!(begin % 30, 0);
        for (seconds, is_good) in [(-31, false), (-30, true), (0, true), (59, true), (60, false)] {
            let step = secret.step(code, at(begin + seconds));
            assert_eq!(step, is_good.then_some(begin / 30), "{seconds}");
        }
        for wrong in ["", "5924", "005925", "+05924", "0059240", "００５９２４"] {
            assert_eq!(secret.step(wrong, at(begin)), None, "{wrong}");
        }
    }

    // proves AUT-8
    #[test]
    fn an_app_is_told_all_that_it_needs() {
        let secret = Secret::new(*b"12345678901234567890");
        let told = secret.enrolment("ann+x:y@example.com").unwrap();
        assert_eq!(told.secret.expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            told.otpauth_url.expose_secret(),
            "otpauth://totp/Doorward:ann%2Bx%3Ay%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Doorward&algorithm=SHA1&digits=6&period=30"
        );
        let svg = told.qr.expose_secret().strip_prefix("data:image/svg+xml;base64,").unwrap();
        let svg = String::from_utf8(BASE64_STANDARD.decode(svg).unwrap()).unwrap();
        assert!(svg.contains("<svg ") && svg.ends_with("</svg>"), "{svg}");
        assert!(secret.enrolment(&"x".repeat(254)).is_ok(), "the longest address");
        assert!(!format!("{told:?}").contains("GEZD"));
    }
}
