use std::{
    collections::BTreeSet,
    fmt, io,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Profile, Provider,
    providers::{Format, Serialized, Toml},
    value::{Dict, Num, Value},
};

use super::{ConfigError, Fallback, KEYS, Key, Pattern, decision_log, value};

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the environment of the process.
    Environment,
    /// In this file.
    File(PathBuf),
    /// Nowhere: it is the default.
    Default,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("the defaults"),
        }
    }
}

/// The texts of all settings and where each one came from.
pub(super) struct Source {
    merged: Figment,
    file: PathBuf,
    in_file: BTreeSet<String>,
    in_env: BTreeSet<String>,
}

impl Source {
    /// Reads `file`, or `default` if it is there, and takes the settings out of `env`.
    pub(super) fn read(
        file: Option<&Path>,
        default: &Path,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(default).to_owned();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        let file_values = parse(&path, &text)?;
        let env_values = settings(env)?;
        Ok(Self {
            in_file: file_values.keys().cloned().collect(),
            in_env: env_values.keys().cloned().collect(),
            merged: Figment::new()
                .merge(layer(defaults()))
                .merge(layer(file_values))
                .merge(layer(env_values)),
            file: path,
        })
    }

    /// A setting that has a default.
    pub(super) fn required<T>(&self, name: &str, form: impl Fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        self.optional(name, form)?.ok_or_else(|| self.bad(name))
    }

    /// A setting that may be absent.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        form: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Ok(value) = self.merged.find_value(name) else { return Ok(None) };
        scalar(&value).and_then(|text| form(&text)).map(Some).ok_or_else(|| self.bad(name))
    }

    /// A setting of many values: a list in the file, or one text with commas between them.
    pub(super) fn list<T>(
        &self,
        name: &str,
        form: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let Ok(value) = self.merged.find_value(name) else { return Ok(Vec::new()) };
        let texts: Option<Vec<String>> = match &value {
            Value::Array(_, values) => values.iter().map(scalar).collect(),
            value => scalar(value).map(|text| text.split(',').map(|part| part.trim().to_owned()).collect()),
        };
        let values = texts.and_then(|texts| texts.iter().map(|text| form(text)).collect());
        values.ok_or_else(|| self.bad(name))
    }

    /// A list of the names that are masked.
    pub(super) fn mask(&self, name: &str) -> Result<Vec<Pattern>, ConfigError> {
        let names = self.list(name, value::parsed)?;
        decision_log::mask(&names).ok_or_else(|| self.bad(name))
    }

    /// A setting of at least one value.
    pub(super) fn listed<T>(
        &self,
        name: &str,
        form: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let values = self.list(name, form)?;
        if values.is_empty() { Err(self.bad(name)) } else { Ok(values) }
    }

    fn bad(&self, name: &str) -> ConfigError {
        let (env, toml, expected) = KEYS
            .iter()
            .find(|key| key.toml == name)
            .map_or(("a setting", "a setting", "in the table of settings"), |key| {
                (key.env, key.toml, key.expected)
            });
        let (key, place) = if self.in_env.contains(name) {
            (env, Place::Environment)
        } else if self.in_file.contains(name) {
            (toml, Place::File(self.file.clone()))
        } else {
            (env, Place::Default)
        };
        ConfigError::Bad { key, place, expected }
    }
}

fn layer(values: Dict) -> Serialized<Dict> {
    Serialized::from(values, Profile::Default)
}

fn defaults() -> Dict {
    let values = KEYS.iter().filter_map(|key| match key.fallback {
        Fallback::Value(text) => Some((key.toml.to_owned(), Value::from(text))),
        Fallback::Absent(_) => None,
    });
    values.collect()
}

fn parse(path: &Path, text: &str) -> Result<Dict, ConfigError> {
    let mut profiles = Toml::string(text).data().map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        // The lines after the first quote the file, secrets and all.
        position: error.to_string().lines().next().unwrap_or_default().to_owned(),
    })?;
    let values = profiles.remove(&Profile::Default).unwrap_or_default();
    match values.keys().find(|name| !KEYS.iter().any(|key| key.toml == **name)) {
        Some(name) => Err(ConfigError::Unknown { key: name.clone(), place: Place::File(path.to_owned()) }),
        None => Ok(values),
    }
}

fn settings(env: impl IntoIterator<Item = (String, String)>) -> Result<Dict, ConfigError> {
    let mut values = Dict::new();
    for (name, value) in env.into_iter().filter(|(_, value)| !value.is_empty()) {
        match KEYS.iter().find(|key| key.env == name) {
            Some(Key { toml, .. }) => {
                values.insert((*toml).to_owned(), Value::from(value));
            }
            None if name.starts_with("DOORWARD_") && !announces_service(&name, &value) => {
                return Err(ConfigError::Unknown { key: name, place: Place::Environment });
            }
            None => (),
        }
    }
    Ok(values)
}

/// Whether Kubernetes put this variable into the pod for a service called `doorward` or `doorward-…`. Nobody wrote
/// it, so it is not a typing error.
fn announces_service(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];
    let url = PROTOCOLS.iter().any(|protocol| value.starts_with(&format!("{protocol}://")));
    let port = name.rsplit_once("_PORT_").is_some_and(|(_, rest)| {
        let mut words = rest.split('_');
        let number = words.next().is_some_and(|word| word.parse::<u16>().is_ok());
        number && words.next().is_some_and(|word| PROTOCOLS.contains(&word.to_lowercase().as_str()))
    });
    let service =
        name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_");
    service || port || (name.ends_with("_PORT") && url)
}

/// The text of one value: numbers as they would be written.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Num(_, Num::F32(_) | Num::F64(_)) => None,
        Value::Num(_, number) => {
            number.to_i128().map(|n| n.to_string()).or_else(|| number.to_u128().map(|n| n.to_string()))
        }
        _ => None,
    }
}
