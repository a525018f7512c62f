//! Amounts of money.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An amount in EUR, below or above zero: at most 14 digits before the point and 4 after it. In JSON a text such as
/// `"12.50"`, since numbers there are rounded by whoever reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(Decimal);

/// Text that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount as a text, such as \"12.50\": at most 14 digits before the point and 4 after it")]
pub struct NoMoney;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Digits before the point.
    const WHOLE: usize = 14;
    /// Digits after it.
    const FRACTION: usize = 4;

    /// Whether it is more than nothing.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self > Self::ZERO
    }

    pub(crate) fn decimal(self) -> Decimal {
        self.0
    }

    /// The same amount the other way.
    pub(crate) fn negated(self) -> Self {
        Self(-self.0)
    }
}

impl From<Decimal> for Money {
    fn from(amount: Decimal) -> Self {
        Self(amount)
    }
}

impl FromStr for Money {
    type Err = NoMoney;

    fn from_str(text: &str) -> Result<Self, NoMoney> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let fits = |part: &str, most| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !fits(whole, Self::WHOLE) || !fits(fraction, Self::FRACTION) {
            return Err(NoMoney);
        }
        Decimal::from_str_exact(text).map(Self).map_err(|_| NoMoney)
    }
}

/// With two digits after the point, or more where they say something.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut amount = self.0.normalize();
        if amount.scale() < 2 {
            amount.rescale(2);
        }
        amount.fmt(f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Money;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&NoMoney, f)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A text, in the OpenAPI document.
impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^-?\d{1,14}(\.\d{1,4})?$"))
            .description(Some("An amount in EUR"))
            .examples([serde_json::json!("12.50")]);
        RefOr::T(text.into())
    }
}

impl ToSchema for Money {
    fn name() -> Cow<'static, str> {
        "Money".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves ORG-12
    #[test]
    fn an_amount_is_a_text_with_at_most_four_digits_after_the_point() {
        for (text, shown) in [
            ("12.5", "12.50"),
            ("0", "0.00"),
            ("-3", "-3.00"),
            ("0.0001", "0.0001"),
            ("1.2300", "1.23"),
            ("99999999999999.9999", "99999999999999.9999"),
        ] {
            assert_eq!(text.parse::<Money>().map(|money| money.to_string()), Ok(shown.into()), "{text}");
        }
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1.00001",
            "100000000000000",
            "1e3",
            "+1",
            " 1",
            "1 ",
            "1,5",
            "--1",
            "٣",
            "NaN",
            "1_0",
        ] {
            assert_eq!(text.parse::<Money>(), Err(NoMoney), "{text}");
        }
        assert!(serde_json::from_str::<Money>("1").is_err(), "numbers are rounded on their way");
        assert_eq!(serde_json::to_string(&"7.1".parse::<Money>().unwrap()).unwrap(), "\"7.10\"");
    }
}
