//! What an organization can be called, and where it is reached.

use serde_json::{Map, Value};

use crate::error::{Error, FieldError, Result};
use crate::text::{NAME_MAX, check_line};

/// Most characters of a slug.
const SLUG_MAX: usize = 64;

/// Most bytes of settings and of an address, as JSON.
const SETTINGS_MAX: usize = 16 << 10;
const ADDRESS_MAX: usize = 4 << 10;

/// What an organization says of itself, apart from its addresses for mail, which are [`Address`](crate::Address)es.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'f> {
    pub(super) slug: &'f str,
    pub(super) name: &'f str,
    pub(super) full_name: Option<&'f str>,
    pub(super) address: Option<&'f Map<String, Value>>,
    pub(super) phone: Option<&'f str>,
    pub(super) settings: &'f Map<String, Value>,
    pub(super) sidebar_color: Option<&'f str>,
}

impl Fields<'_> {
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub(super) fn check(self) -> Result<()> {
        let mut wrong = vec![];
        let mut note = |checked: Result<()>| {
            if let Err(Error::Invalid(fields)) = checked {
                wrong.extend(fields);
            }
        };
        note(check_slug(self.slug));
        note(check_line("name", self.name, NAME_MAX));
        note(self.full_name.map_or(Ok(()), |name| check_line("full_name", name, NAME_MAX)));
        note(self.phone.map_or(Ok(()), check_phone));
        note(self.sidebar_color.map_or(Ok(()), check_color));
        note(self.address.map_or(Ok(()), |address| check_object("address", address, ADDRESS_MAX)));
        note(check_object("settings", self.settings, SETTINGS_MAX));
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }
}

/// A slug made of a name, for whoever gives none.
pub(super) fn slug_of(name: &str) -> String {
    let slug: String = slug::slugify(name).chars().take(SLUG_MAX - 8).collect();
    let slug = slug.trim_matches('-').to_owned();
    if check_slug(&slug).is_ok() { slug } else { "org".to_owned() }
}

fn check_slug(slug: &str) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_good = (1..=SLUG_MAX).contains(&slug.len())
        && slug.chars().all(is_plain)
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        // It stands for whichever one works in.
        && slug != "current";
    let message = "1 to 64 of a to z, 0 to 9 and dashes, none of them first or last; not `current`";
    if is_good { Ok(()) } else { Err(Error::invalid("slug", message)) }
}

/// A number as E.164 has them.
fn check_phone(phone: &str) -> Result<()> {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    let is_good = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if is_good { Ok(()) } else { Err(Error::invalid("phone", "a number in E.164, such as +4930123456")) }
}

fn check_color(color: &str) -> Result<()> {
    let digits = color.strip_prefix('#').unwrap_or_default();
    let is_good = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_good { Ok(()) } else { Err(Error::invalid("sidebar_color", "a colour such as #0a7cff")) }
}

fn check_object(field: &str, object: &Map<String, Value>, most: usize) -> Result<()> {
    let text = serde_json::to_string(object).map_err(|error| Error::invalid(field, error.to_string()))?;
    if text.len() > most {
        return Err(Error::invalid(field, format!("at most {most} bytes of JSON")));
    }
    // The store cannot hold it.
    if text.contains("\\u0000") {
        return Err(Error::Invalid(vec![FieldError {
            field: field.to_owned(),
            message: "a text with NUL in it".to_owned(),
        }]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves ORG-3
    #[test]
    fn a_slug_comes_of_every_name() {
        for (name, slug) in [
            ("Acme", "acme"),
            ("Müller & Söhne", "muller-sohne"),
            ("current", "org"),
            ("🦓", "zebra"),
            ("---", "org"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
        assert!(slug_of(&"x".repeat(500)).len() <= SLUG_MAX - 8);
    }

    // proves ORG-3
    #[test]
    fn what_is_no_slug_phone_or_colour_is_refused() {
        for bad in ["", "-a", "a-", "A", "a b", "ä", "current", &"x".repeat(65), "a/b", "a\0"] {
            assert!(check_slug(bad).is_err(), "{bad:?}");
        }
        assert!(check_slug(&"x".repeat(64)).is_ok() && check_slug("a-1").is_ok());
        for bad in
            ["", "+", "030123456", "+0301234567", "+49 30 1234", "+123456", "+1234567890123456", "+٤٩٣٠١٢٣٤"]
        {
            assert!(check_phone(bad).is_err(), "{bad:?}");
        }
        assert!(check_phone("+4930123456").is_ok());
        for bad in ["", "red", "#fff", "#12345g", "#1234567", "0a7cff"] {
            assert!(check_color(bad).is_err(), "{bad:?}");
        }
        assert!(check_color("#0A7cff").is_ok());
    }
}
