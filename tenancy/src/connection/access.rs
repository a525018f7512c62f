use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::provider::{Field, Kind, Presence, Provider};
use crate::error::{Error, FieldError, Result};

/// Most characters of an address or a secret.
const LONGEST: usize = 4_000;

/// How to get to a provider: settings and credentials, checked against what the provider wants to know. `Debug` shows no
/// credentials.
#[derive(Debug, Clone)]
pub struct Access {
    provider: Provider,
    settings: Map<String, Value>,
    /// An object in JSON.
    credentials: SecretString,
}

/// The credentials of a connection cannot be opened any more: they want to be given anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credentials of the connection cannot be read any more; give them anew")]
pub struct Unreadable;

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::conflict("credentials_unreadable", unreadable.to_string())
    }
}

impl Access {
    /// Checks what somebody gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that is wrong, as `settings.bucket` or `credentials.token`. No message repeats a
    /// value.
    pub fn checked(
        provider: Provider,
        settings: Map<String, Value>,
        credentials: Map<String, Value>,
    ) -> Result<Self> {
        let mut wrong = vec![];
        let settings = check("settings", provider.spec().settings, settings, &mut wrong);
        let credentials = check("credentials", provider.spec().credentials, credentials, &mut wrong);
        if wrong.is_empty() {
            let credentials = SecretString::from(Value::Object(credentials).to_string());
            Ok(Self { provider, settings, credentials })
        } else {
            Err(Error::Invalid(wrong))
        }
    }

    /// What was stored.
    pub(super) fn stored(
        provider: Provider,
        settings: Value,
        credentials: &[u8],
    ) -> Result<Self, Unreadable> {
        let credentials = std::str::from_utf8(credentials).map_err(|_| Unreadable)?;
        let Value::Object(settings) = settings else { return Err(Unreadable) };
        Ok(Self { provider, settings, credentials: credentials.into() })
    }

    /// Whose it is.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// What is shown.
    #[must_use]
    pub fn settings(&self) -> &Map<String, Value> {
        &self.settings
    }

    pub(super) fn credentials(&self) -> &SecretString {
        &self.credentials
    }

    /// The names of the credentials, for the audit log.
    pub(super) fn credential_names(&self) -> Vec<&'static str> {
        self.provider.spec().credentials.iter().map(|field| field.name).collect()
    }

    /// The addresses among the settings, with their names.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(&'static str, Url)> {
        let fields = self.provider.spec().settings.iter();
        let fields = fields.filter(|field| matches!(field.kind, Kind::Endpoint | Kind::PublicEndpoint));
        fields
            .filter_map(|field| {
                Some((field.name, Url::parse(self.settings.get(field.name)?.as_str()?).ok()?))
            })
            .collect()
    }

    /// Settings and credentials as one.
    ///
    /// # Errors
    /// [`Unreadable`] if something of it is missing.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        let credentials: Value =
            serde_json::from_str(self.credentials.expose_secret()).map_err(|_| Unreadable)?;
        let Value::Object(mut all) = credentials else { return Err(Unreadable) };
        all.extend(self.settings.clone());
        serde_json::from_value(Value::Object(all)).map_err(|_| Unreadable)
    }
}

/// The settings of a provider alone.
pub(super) fn check_settings(provider: Provider, given: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut wrong = vec![];
    let settings = check("settings", provider.spec().settings, given, &mut wrong);
    if wrong.is_empty() { Ok(settings) } else { Err(Error::Invalid(wrong)) }
}

fn check(
    part: &str,
    fields: &[Field],
    mut given: Map<String, Value>,
    wrong: &mut Vec<FieldError>,
) -> Map<String, Value> {
    let mut checked = Map::new();
    let mut say = |name: &str, message: &str| {
        wrong.push(FieldError { field: format!("{part}.{name}"), message: message.to_owned() });
    };
    for field in fields {
        let value = match (given.remove(field.name), field.presence) {
            (None | Some(Value::Null), Presence::Optional) => continue,
            (None | Some(Value::Null), Presence::Default(text)) => text.to_owned(),
            (None | Some(Value::Null), Presence::Required) => {
                say(field.name, "it is wanted");
                continue;
            }
            (Some(Value::String(text)), _) => text,
            (Some(_), _) => {
                say(field.name, "a text");
                continue;
            }
        };
        match read(field.kind, &value) {
            Ok(value) => {
                checked.insert(field.name.to_owned(), value.into());
            }
            Err(message) => say(field.name, &message),
        }
    }
    let known = fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
    for name in given.keys() {
        let name: String = name.chars().take(40).collect();
        say(&name, &format!("not known; there are {known}"));
    }
    checked
}

/// The value as it is kept, or what is wrong with it.
fn read(kind: Kind, value: &str) -> Result<String, String> {
    match kind {
        Kind::Endpoint | Kind::PublicEndpoint => endpoint(value),
        Kind::Name(most) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
            if (1..=most).contains(&value.len()) && value.chars().all(fits) {
                Ok(value.to_owned())
            } else {
                Err(format!("1 to {most} letters, digits and . _ - : /"))
            }
        }
        Kind::Word(words) if words.contains(&value) => Ok(value.to_owned()),
        Kind::Word(words) => Err(format!("one of {}", words.join(", "))),
        Kind::Prefix => {
            let fits = |segment: &str| {
                !matches!(segment, "" | "." | "..")
                    && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            };
            let inner = value.trim_end_matches('/');
            if inner.is_empty() {
                Ok(String::new())
            } else if inner.len() < 120 && inner.split('/').all(fits) {
                Ok(format!("{inner}/"))
            } else {
                Err("at most 119 letters, digits and . _ - in folders, with / between them".to_owned())
            }
        }
        Kind::Secret
            if (1..=LONGEST).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(value.to_owned())
        }
        Kind::Secret => Err(format!("1 to {LONGEST} visible ASCII characters")),
    }
}

fn endpoint(value: &str) -> Result<String, String> {
    let url = Url::parse(value).ok().filter(|_| value.len() <= LONGEST);
    let url = url.filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    match url {
        Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        None => Err("an address with http or https, without user, query and fragment".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn fields(provider: Provider, settings: Value, credentials: Value) -> Vec<String> {
        match Access::checked(provider, object(settings), object(credentials)) {
            Ok(_) => vec![],
            Err(Error::Invalid(fields)) => fields.into_iter().map(|field| field.field).collect(),
            Err(error) => panic!("{error}"),
        }
    }

    // proves CON-1
    #[test]
    fn every_field_that_is_wrong_is_named_and_no_value_is_repeated() {
        let keys = json!({ "access_key": "AK", "secret_key": "hush-hush" });
        assert_eq!(fields(Provider::S3, json!({ "bucket": "docs" }), keys.clone()), [""; 0]);
        assert_eq!(
            fields(
                Provider::S3,
                json!({ "endpoint": "ftp://x", "addressing": "up", "prefix": "../a", "colour": "red" }),
                json!({ "access_key": 1, "secret": "hush-hush" }),
            ),
            [
                "settings.endpoint",
                "settings.bucket",
                "settings.addressing",
                "settings.prefix",
                "settings.colour",
                "credentials.access_key",
                "credentials.secret_key",
                "credentials.secret",
            ]
        );
        for endpoint in
            ["http://ann:hush@h", "https://h/?a", "https://h/#a", "file:///etc/passwd", "//h", "h", "http://"]
        {
            let named = fields(Provider::S3, json!({ "bucket": "docs", "endpoint": endpoint }), keys.clone());
            assert_eq!(named, ["settings.endpoint"], "{endpoint}");
        }
        let wrong = Access::checked(Provider::OpenAi, Map::new(), object(json!({ "api_key": "hush hush" })));
        assert!(!format!("{wrong:?}").contains("hush"));
    }

    // proves CON-1
    #[test]
    fn what_was_checked_has_its_defaults_and_shows_no_credentials() {
        let access = Access::checked(
            Provider::OpenAi,
            object(json!({ "model": "gpt-5" })),
            object(json!({ "api_key": "hush-hush" })),
        )
        .unwrap();
        assert_eq!(
            Value::Object(access.settings().clone()),
            json!({ "base_url": "https://api.openai.com/v1", "model": "gpt-5" })
        );
        assert!(!format!("{access:?}").contains("hush"));
        let all: Value = access.read().unwrap();
        assert_eq!(all["api_key"], "hush-hush");
    }
}
