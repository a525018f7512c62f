//! `docker-compose.yml`: what has to hold for each service, and the same parts as plain processes.

mod file;
mod processes;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use runtime::config::KEYS;

use crate::support::repository;
pub(crate) use file::Variables;
use file::{Compose, interpolated, secrets};

/// The services that run our own image.
const OURS: [&str; 2] = ["api", "worker"];

/// A value for every variable that has to be set.
fn marked() -> Variables {
    let text = fs::read_to_string(repository().join("docker-compose.yml")).unwrap();
    let required = text.split("${").skip(1).filter_map(|part| part.split_once(":?"));
    required.map(|(name, _)| (name.to_owned(), "marker".to_owned())).collect()
}

#[test]
fn every_service_of_the_compose_file_is_confined_pinned_and_watched() {
    // proves OPS-4
    let compose = Compose::read();
    assert!(compose.services.len() > 4, "{:?}", compose.services.keys());
    for (name, service) in &compose.services {
        assert!(service.read_only, "{name}");
        assert_eq!(service.cap_drop, ["ALL"], "{name}");
        assert_eq!(service.security_opt, ["no-new-privileges:true"], "{name}");
        assert_eq!(service.restart, "unless-stopped", "{name}");
        let user: Vec<u32> = service.user.split(':').map(|id| id.parse().unwrap()).collect();
        assert!(user.len() == 2 && !user.contains(&0), "{name} runs as {}", service.user);
        assert!(matches!(service.healthcheck.test[0].as_str(), "CMD" | "CMD-SHELL"), "{name}");
        assert!(service.healthcheck.test.len() > 1, "{name}");
        let limits: Vec<&str> = service.deploy.resources.limits.keys().map(String::as_str).collect();
        assert_eq!(limits, ["cpus", "memory"], "{name}");
        for port in &service.ports {
            assert!(port.starts_with("127.0.0.1:"), "{name} is open to the network: {port}");
        }
        for (other, dependency) in &service.depends_on {
            assert!(compose.services.contains_key(other), "{name} waits for {other}");
            assert_eq!(dependency.condition, "service_healthy", "{name} waits for {other}");
        }
        for (source, _) in service.volumes.iter().filter_map(|volume| volume.split_once(':')) {
            let is_there = compose.volumes.contains_key(source) || repository().join(source).exists();
            assert!(is_there, "{name}: {source}");
        }
        match &service.build {
            Some(build) => {
                assert!(OURS.contains(&name.as_str()));
                assert!(repository().join(&build.context).join(&build.dockerfile).exists(), "{name}");
            }
            None => {
                let tag = service.image.rsplit_once(':').map_or("", |(_, tag)| tag);
                assert!(
                    tag.contains(|c: char| c.is_ascii_digit()),
                    "{name}: which version of {}?",
                    service.image
                );
            }
        }
    }
}

#[test]
fn the_compose_file_has_no_secret_of_its_own() {
    // proves OPS-4
    let (compose, marked) = (Compose::read(), marked());
    assert!(marked.len() > 2, "{marked:?}");
    let mut seen = BTreeSet::new();
    for (name, service) in &compose.services {
        for (variable, value) in &service.environment {
            let is_setting = KEYS.iter().any(|key| key.env == variable && key.about.contains("Secret."));
            let is_secret =
                ["PASSWORD", "SECRET", "AUTH", "TOKEN"].iter().any(|word| variable.contains(word));
            let marks = interpolated(value, &marked).unwrap();
            // A setting without a password in its default, such as SMTP_URL, is a URL, too.
            match reqwest::Url::parse(&marks) {
                Ok(url) => assert!(url.password().is_none_or(|word| word == "marker"), "{name} {variable}"),
                // Not set, unless .env does.
                Err(_) if marks.is_empty() => continue,
                Err(_) if is_setting || is_secret => assert_eq!(marks, "marker", "{name} {variable}"),
                Err(_) => continue,
            }
            if marks.contains("marker") {
                let nothing = interpolated(value, &Variables::new());
                assert!(
                    nothing.is_err_and(|text| text.ends_with(": run deploy/env.sh")),
                    "{name} {variable}"
                );
                seen.insert(variable.as_str());
            }
        }
    }
    let secrets = [
        "DATABASE_URL",
        "DOORWARD_BOOTSTRAP_KEY",
        "DOORWARD_SECRET",
        "POSTGRES_PASSWORD",
        "REDISCLI_AUTH",
        "REDIS_URL",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), secrets);
}

#[test]
fn env_sh_writes_what_the_compose_file_wants_once() {
    // proves OPS-4
    let folder = tempfile::tempdir().unwrap();
    let (text, set) = secrets(folder.path());
    assert_eq!(set.keys().collect::<Vec<_>>(), marked().keys().collect::<Vec<_>>());
    let path = folder.path().join(".env");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let values: BTreeSet<&str> = set.values().map(String::as_str).collect();
    assert_eq!(values.len(), set.len(), "each has its own");
    assert!(values.iter().all(|value| value.trim_start_matches("dw_").len() == 64));
    assert_eq!(secrets(folder.path()).0, text, "it stays as it is");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left");
    assert_ne!(secrets(tempfile::tempdir().unwrap().path()).0, text);
    let ignored = fs::read_to_string(repository().join(".gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/.env"));
}

#[test]
fn every_variable_of_our_services_is_a_setting_and_fits_the_other_services() {
    // proves OPS-4, OPS-5
    let (compose, marked) = (Compose::read(), marked());
    let api = compose.service("api");
    let port = api.environment(&marked)["DOORWARD_LISTEN"].rsplit_once(':').unwrap().1.to_owned();
    assert!(api.ports[0].ends_with(&format!(":{port}")), "{} leads to {port}", api.ports[0]);
    for name in OURS {
        let environment = compose.service(name).environment(&marked);
        for variable in environment.keys() {
            assert!(KEYS.iter().any(|key| key.env == variable), "{name}: {variable} is no setting");
        }
        let url = |variable: &str| reqwest::Url::parse(&environment[variable]).unwrap();
        let (database, postgres) = (url("DATABASE_URL"), &compose.service("postgres").environment);
        assert_eq!(database.host_str(), Some("postgres"));
        assert_eq!(database.username(), postgres["POSTGRES_USER"]);
        assert_eq!(database.path(), format!("/{}", postgres["POSTGRES_DB"]));
        assert_eq!(url("REDIS_URL").host_str(), Some("redis"));
        assert_eq!(url("SMTP_URL").host_str(), Some("mail"));
    }
}

#[test]
fn a_stop_gets_more_time_than_it_may_take() {
    // proves OPS-3, OPS-4
    let (compose, marked) = (Compose::read(), marked());
    let seconds = |text: &str| text.strip_suffix('s').unwrap().parse::<u32>().unwrap();
    for name in OURS {
        let service = compose.service(name);
        let each = seconds(&service.environment(&marked)["DOORWARD_SHUTDOWN_TIMEOUT"]);
        // What was begun, the decision log, traces: one after the other.
        let grace = seconds(service.stop_grace_period.as_ref().unwrap());
        assert!(grace > 3 * each, "{name}: {grace} s for three times {each} s");
    }
}
