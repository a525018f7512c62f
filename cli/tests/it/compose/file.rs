//! `docker-compose.yml` as its readers see it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;

use crate::support::repository;

/// Names of variables and their values.
pub(crate) type Variables = BTreeMap<String, String>;

/// The file, with its anchors resolved and its variables as they are written.
#[derive(Debug, Deserialize)]
pub(crate) struct Compose {
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) volumes: BTreeMap<String, Option<String>>,
}

/// One service. What may not be left out has no default here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) image: String,
    pub(crate) build: Option<Build>,
    #[serde(default)]
    pub(crate) command: Vec<String>,
    pub(crate) environment: Variables,
    pub(crate) healthcheck: Healthcheck,
    pub(crate) restart: String,
    pub(crate) user: String,
    pub(crate) read_only: bool,
    pub(crate) cap_drop: Vec<String>,
    pub(crate) security_opt: Vec<String>,
    #[serde(default)]
    pub(crate) tmpfs: Vec<String>,
    #[serde(default)]
    pub(crate) volumes: Vec<String>,
    #[serde(default)]
    pub(crate) ports: Vec<String>,
    #[serde(default)]
    pub(crate) depends_on: BTreeMap<String, Dependency>,
    pub(crate) stop_grace_period: Option<String>,
    #[serde(rename = "shm_size")]
    _shared_memory: Option<String>,
    pub(crate) deploy: Deploy,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Build {
    pub(crate) context: String,
    pub(crate) dockerfile: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Healthcheck {
    pub(crate) test: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) condition: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Deploy {
    pub(crate) resources: Resources,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resources {
    pub(crate) limits: BTreeMap<String, String>,
}

impl Compose {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(repository().join("docker-compose.yml")).unwrap();
        let mut value: serde_norway::Value = serde_norway::from_str(&text).unwrap();
        // Once for each level: what is merged may have a merge of its own. One too few, and `<<` is an unknown field.
        value.apply_merge().unwrap();
        value.apply_merge().unwrap();
        serde_norway::from_value(value).unwrap()
    }

    pub(crate) fn service(&self, name: &str) -> &Service {
        self.services.get(name).unwrap_or_else(|| panic!("no service {name}"))
    }
}

impl Service {
    /// Its environment, the image's own included if we make the image.
    pub(crate) fn environment(&self, set: &Variables) -> Variables {
        let mut all = if self.build.is_some() { crate::dockerfile::environment() } else { Variables::new() };
        let own = self.environment.iter();
        all.extend(own.map(|(name, value)| (name.clone(), interpolated(value, set).unwrap())));
        all
    }
}

/// The text with `${…}` replaced as Compose does it; an error is what it says when a variable has to be set.
pub(crate) fn interpolated(text: &str, set: &Variables) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let (inside, after) = after.strip_prefix('{').and_then(|text| text.split_once('}')).unwrap();
        rest = after;
        let (name, otherwise) = inside.split_once(':').unwrap_or((inside, "-"));
        match (set.get(name).filter(|value| !value.is_empty()), otherwise.split_at(1)) {
            (Some(value), _) => out.push_str(value),
            (None, ("-", default)) => out.push_str(default),
            (None, ("?", message)) => return Err(format!("{name}: {message}")),
            (None, _) => panic!("what is {text}?"),
        }
    }
    Ok(out + rest)
}

/// What `deploy/env.sh` writes, in a folder of its own: its text, and the variables in it.
pub(crate) fn secrets(folder: &std::path::Path) -> (String, Variables) {
    fs::create_dir_all(folder.join("deploy")).unwrap();
    let script = folder.join("deploy/env.sh");
    fs::copy(repository().join("deploy/env.sh"), &script).unwrap();
    assert!(Command::new("bash").arg(&script).status().unwrap().success());
    let text = fs::read_to_string(folder.join(".env")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let set = lines.map(|line| line.split_once('=').unwrap());
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (text, set)
}
