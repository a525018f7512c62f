use std::io::Write;

use secrecy::ExposeSecret;

use super::*;

const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from_env(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(None, env(pairs))
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    Config::load(Some(file(text).path()), [])
}

// proves OPS-5
#[test]
fn nothing_set_gives_the_documented_defaults() {
    let config = from_env(&[]).unwrap();
    assert!(config.database_url.is_none() && config.bootstrap_key.is_none());
    assert_eq!(config.otel_exporter_otlp_endpoint, None);
    assert_eq!(config.listen, [Listen::Tcp("127.0.0.1:8080".parse().unwrap())]);
    assert_eq!(config.socket_mode, 0o660);
    assert_eq!(config.data, Path::new("./.doorward"));
    assert_eq!(config.policies, Path::new("./policies"));
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Human));
    assert_eq!(config.database_connections.get(), 10);
    assert_eq!(config.max_connections, 10_000);
    assert_eq!(config.header_timeout, Duration::from_secs(10));
    assert_eq!(config.idle_timeout, Duration::from_secs(75));
    assert_eq!(config.body_limit, 1024 * 1024);
    assert_eq!(config.request_timeout, Duration::from_secs(30));
    assert_eq!(config.shutdown_timeout, Duration::from_secs(10));
    assert!(config.cors_origins.is_empty());
    assert_eq!(config.decision_log, Sinks { postgres: true, stdout: false });
    assert_eq!(config.decision_log_retention, Duration::from_secs(30 * 24 * 3600));
    assert!(config.redis_url.is_none() && config.smtp_url.is_none());
    assert_eq!(config.worker_listen, [Listen::Tcp("127.0.0.1:8081".parse().unwrap())]);
    assert_eq!(config.worker_concurrency, 8);
    assert_eq!(config.job_retention, Duration::from_secs(7 * 24 * 3600));
    assert_eq!(config.mail_from, "Doorward <doorward@localhost>");
    assert_eq!(config.mail_per_address.to_string(), "20/1h");
    assert_eq!(config.mail_per_org.to_string(), "1000/1h");
    assert!(config.s3_url.is_none() && config.connection_networks.is_empty());
    assert_eq!(config.upload_lifetime, Duration::from_secs(15 * 60));
    assert!(config.deletion_grace.is_zero());
}

// proves PRG-2, DOC-1, ACC-10
#[test]
fn times_of_uploads_purges_and_exports_have_bounds() {
    for (name, good, bad) in [
        ("DOORWARD_UPLOAD_LIFETIME", ["1m", "12h"], ["59s", "13h"]),
        ("DOORWARD_DELETION_GRACE", ["0s", "90d"], ["91d", "soon"]),
        ("DOORWARD_PURGE_DEADLINE", ["1m", "365d"], ["59s", "366d"]),
        ("DOORWARD_EXPORT_LIFETIME", ["1m", "90d"], ["59s", "91d"]),
    ] {
        for value in good {
            assert!(from_env(&[(name, value)]).is_ok(), "{name}={value}");
        }
        for value in bad {
            assert!(from_env(&[(name, value)]).is_err(), "{name}={value}");
        }
    }
}

// proves MAIL-1, OPS-5
#[test]
fn redis_and_mail_servers_are_named_by_urls_of_their_kind() {
    for (name, good, bad) in [
        ("REDIS_URL", vec!["redis://h", "rediss://u:p@h:6380/2"], vec!["http://h", "redis:", "h:6379"]),
        (
            "SMTP_URL",
            vec!["smtp://h:25", "smtps://u:p@h", "smtp://u:p@h:587?tls=required"],
            vec!["smtp://h?tls=perhaps", "smtps://h?tls=required", "smtp://h?x=1", "mailto:a@b"],
        ),
        ("S3_URL", vec!["s3://k:s@h:9000/b?tls=false"], vec!["s3://h/b", "s3://k:s@h", "http://k:s@h/b"]),
        (
            "DOORWARD_MAIL_FROM",
            vec!["a@b.example", "Doorward <no-reply@b.example>"],
            vec!["a", "a@", "<a@b", "Doorward <a@b>\r\nBcc: c@d", "a b@c", "a@b, c@d"],
        ),
    ] {
        for value in good {
            assert!(from_env(&[(name, value)]).is_ok(), "{name}={value}");
        }
        for value in bad {
            assert!(from_env(&[(name, value)]).is_err(), "{name}={value}");
        }
    }
}

// proves PDP-7, OPS-5
#[test]
fn the_decision_log_is_set_by_its_sinks_rates_and_names() {
    let config = from_env(&[
        ("DOORWARD_DECISION_LOG", "stdout, postgres"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "Docs::read=0.25, *=1"),
        ("DOORWARD_DECISION_LOG_MASK", "default,*ssn*"),
        ("DOORWARD_DECISION_LOG_RETENTION", "7d"),
    ])
    .unwrap();
    assert_eq!(config.decision_log, Sinks { postgres: true, stdout: true });
    let rules: Vec<_> = config.decision_log_sample.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["Docs::read=0.25", "*=1"]);
    let masked = |config: &Config, name: &str| {
        config.decision_log_mask.iter().any(|pattern| pattern.matches_any_case(name))
    };
    for name in ["accessToken", "Authorization", "ip", "client_ip", "eMail", "ipAddress", "my_ssn"] {
        assert!(masked(&config, name), "{name}");
    }
    for name in ["description", "mfa", "recipient", "role"] {
        assert!(!masked(&config, name), "{name}");
    }
    let config = from_file("decision_log = \"off\"\ndecision_log_mask = [\"ssn\"]").unwrap();
    assert!(!config.decision_log.is_on());
    assert!(masked(&config, "SSN") && !masked(&config, "token"), "a list without `default` replaces it");
    assert!(from_env(&[("DOORWARD_DECISION_LOG_MASK", "none")]).unwrap().decision_log_mask.is_empty());
}

// proves OPS-5
#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let file = file(
        "listen = \"127.0.0.1:1\"\nlog = \"debug\"\ndatabase_connections = 3\nrequest_timeout = \"48h\"",
    );
    let config = Config::load(Some(file.path()), env(&[("DOORWARD_LISTEN", "127.0.0.1:2")])).unwrap();
    assert_eq!(config.listen, [Listen::Tcp("127.0.0.1:2".parse().unwrap())]);
    assert_eq!(config.log, "debug");
    assert_eq!(config.database_connections.get(), 3);
    assert_eq!(config.request_timeout, Duration::from_secs(48 * 3600));
    assert_eq!(config.shutdown_timeout, Duration::from_secs(10));
}

// proves OPS-5
#[test]
fn addresses_to_listen_on_are_ports_and_files_and_may_be_several() {
    let tcp = |text: &str| Listen::Tcp(text.parse().unwrap());
    let unix = |path: &str| Listen::Unix(path.into());
    let config = from_env(&[("DOORWARD_LISTEN", "unix:/run/a.sock, [::1]:8080")]).unwrap();
    assert_eq!(config.listen, [unix("/run/a.sock"), tcp("[::1]:8080")]);
    assert_eq!(config.public_url, "http://[::1]:8080");
    assert!(config.shown().iter().any(|(_, text)| text.as_deref() == Some("unix:/run/a.sock,[::1]:8080")));
    let config = from_file("listen = [\"unix:here.sock\"]\nsocket_mode = \"0600\"").unwrap();
    assert_eq!((config.listen, config.socket_mode), (vec![unix("here.sock")], 0o600));
    assert_eq!(config.public_url, "http://localhost");
}

// proves OPS-5
#[test]
fn the_file_of_the_working_folder_is_read_only_if_it_is_there() {
    let file = file("log = \"warn\"");
    let read = |path: &Path| Config::read(&Source::read(None, path, []).unwrap()).unwrap();
    assert_eq!(read(file.path()).log, "warn");
    assert_eq!(read(Path::new("/nonexistent/doorward.toml")).log, "info");
}

// proves OPS-5
#[test]
fn a_named_file_must_be_there() {
    let error = Config::load(Some(Path::new("/nonexistent/my.toml")), []).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/my.toml"), "{error}");
}

// proves OPS-5
#[test]
fn unknown_keys_are_refused_with_their_name() {
    let error = from_env(&[("DOORWARD_LISTN", "127.0.0.1:1")]).unwrap_err().to_string();
    assert!(error.contains("DOORWARD_LISTN in the environment"), "{error}");
    let file = file("Listen = \"127.0.0.1:1\"");
    let error = Config::load(Some(file.path()), []).unwrap_err().to_string();
    assert!(error.contains(&format!("Listen in {}", file.path().display())), "{error}");
    let error = from_file("[server]\nlisten = \"127.0.0.1:1\"").unwrap_err().to_string();
    assert!(error.contains("server"), "{error}");
    let error = from_file("\"a\\nb\" = 1").unwrap_err().to_string();
    assert!(error.contains("a\\nb"), "a name cannot forge a line: {error}");
}

// proves OPS-5
#[test]
fn other_programs_variables_are_none_of_ours() {
    from_env(&[("PATH", "/bin"), ("HOME", "/root"), ("OTEL_SERVICE_NAME", "x")]).unwrap();
}

// proves OPS-4
#[test]
fn the_variables_of_a_kubernetes_service_called_doorward_are_not_taken_for_settings() {
    from_env(&[
        ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
        ("DOORWARD_SERVICE_PORT", "80"),
        ("DOORWARD_SERVICE_PORT_HTTP", "80"),
        ("DOORWARD_PORT", "tcp://10.0.0.1:80"),
        ("DOORWARD_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("DOORWARD_PORT_80_TCP_PROTO", "tcp"),
        ("DOORWARD_POSTGRES_PORT_5432_TCP_ADDR", "10.0.0.1"),
    ])
    .unwrap();
    assert!(from_env(&[("DOORWARD_PORT", "8080")]).is_err(), "this one somebody wrote");
}

// proves OPS-5
#[test]
fn bad_values_are_refused_with_the_key_as_it_was_written() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://localhost/db"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("DOORWARD_LISTEN", "8080"),
        ("DOORWARD_LISTEN", "unix:"),
        ("DOORWARD_LISTEN", "unix:/"),
        ("DOORWARD_LISTEN", "unix:///run/doorward.sock"),
        ("DOORWARD_LISTEN", "127.0.0.1:1,,127.0.0.1:2"),
        ("DOORWARD_LISTEN", &format!("unix:/{}", "x".repeat(96))),
        ("DOORWARD_SOCKET_MODE", "rw-rw----"),
        ("DOORWARD_SOCKET_MODE", "0060"),
        ("DOORWARD_SOCKET_MODE", "1777"),
        ("DOORWARD_SOCKET_MODE", "+660"),
        ("DOORWARD_MAX_CONNECTIONS", "0"),
        ("DOORWARD_HEADER_TIMEOUT", "0s"),
        ("DOORWARD_IDLE_TIMEOUT", "75"),
        ("DOORWARD_PUBLIC_URL", "auth.example.com"),
        ("DOORWARD_PUBLIC_URL", "https://me:secret@auth.example.com"),
        ("DOORWARD_PUBLIC_URL", "https://auth.example.com/?next=x"),
        ("DOORWARD_BOOTSTRAP_KEY", "short"),
        ("DOORWARD_BOOTSTRAP_KEY", "with spaces with spaces with spaces with spaces"),
        ("DOORWARD_LOG", "tenancy=loud"),
        ("DOORWARD_LOG", "inof"),
        ("DOORWARD_LOG", "info,"),
        ("DOORWARD_LOG_FORMAT", "yaml"),
        ("DOORWARD_DATABASE_CONNECTIONS", "0"),
        ("DOORWARD_DATABASE_CONNECTIONS", "-1"),
        ("DOORWARD_BODY_LIMIT", "0"),
        ("DOORWARD_BODY_LIMIT", "1MB"),
        ("DOORWARD_REQUEST_TIMEOUT", "30"),
        ("DOORWARD_REQUEST_TIMEOUT", "0s"),
        ("DOORWARD_SHUTDOWN_TIMEOUT", "soon"),
        ("DOORWARD_CORS_ORIGINS", "*"),
        ("DOORWARD_CORS_ORIGINS", "https://a.example/path"),
        ("DOORWARD_CORS_ORIGINS", "https://a.example/"),
        ("DOORWARD_CORS_ORIGINS", "https://a.example,,https://b.example"),
        ("DOORWARD_DECISION_LOG", "kafka"),
        ("DOORWARD_DECISION_LOG", "off,postgres"),
        ("DOORWARD_DECISION_LOG", "postgres,"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "0.1"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "*=10%"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "*=1.1"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "*=-0.1"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "*=NaN"),
        ("DOORWARD_DECISION_LOG_SAMPLE", "=1"),
        ("DOORWARD_DECISION_LOG_MASK", "a,,b"),
        ("DOORWARD_DECISION_LOG_MASK", "none,ip"),
        ("DOORWARD_DECISION_LOG_RETENTION", "30"),
        ("DOORWARD_DECISION_LOG_RETENTION", "23h"),
        ("DOORWARD_DECISION_LOG_RETENTION", "1000y"),
    ] {
        let error = from_env(&[(name, value)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} in the environment must be ")), "{value}: {error}");
    }
    for text in [
        "listen = 8080",
        "listen = []",
        "data = [\"a\"]",
        "data = \"\"",
        "body_limit = 1.5",
        "cors_origins = [1]",
        "log = true",
    ] {
        let file = file(text);
        let error = Config::load(Some(file.path()), []).unwrap_err().to_string();
        let key = text.split(' ').next().unwrap();
        assert!(
            error.starts_with(&format!("{key} in {} must be ", file.path().display())),
            "{text}: {error}"
        );
    }
}

// proves OPS-5
#[test]
fn an_empty_variable_is_an_absent_one() {
    let names: Vec<_> = KEYS.iter().map(|key| (key.env, "")).collect();
    assert_eq!(from_env(&names).unwrap().listen, [Listen::Tcp("127.0.0.1:8080".parse().unwrap())]);
    from_env(&[("DOORWARD_NONSENSE", "")]).unwrap();
}

// proves OPS-5
#[test]
fn origins_are_a_list_in_the_file_and_separated_by_commas_in_the_environment() {
    let config = from_file("cors_origins = [\"https://a.example\", \"http://localhost:3000\"]").unwrap();
    assert_eq!(config.cors_origins, ["https://a.example", "http://localhost:3000"]);
    let config =
        from_env(&[("DOORWARD_CORS_ORIGINS", "https://a.example:443, http://LOCALHOST:3000")]).unwrap();
    assert_eq!(config.cors_origins, ["https://a.example", "http://localhost:3000"]);
}

// proves OPS-5
#[test]
fn the_public_address_follows_the_listening_one_and_has_no_slash_at_the_end() {
    assert_eq!(from_env(&[("DOORWARD_LISTEN", "[::1]:99")]).unwrap().public_url, "http://[::1]:99");
    let config = from_env(&[("DOORWARD_PUBLIC_URL", "https://example.com/auth/")]).unwrap();
    assert_eq!(config.public_url, "https://example.com/auth");
}

// proves OPS-5
#[test]
fn secrets_are_kept_and_never_shown() {
    let url = format!("postgres://doorward:{SECRET}@db/doorward");
    let config = from_env(&[("DATABASE_URL", &url), ("DOORWARD_BOOTSTRAP_KEY", SECRET)]).unwrap();
    assert_eq!(config.database_url.as_ref().unwrap().expose_secret(), url);
    assert_eq!(config.bootstrap_key.as_ref().unwrap().expose_secret(), SECRET);
    assert!(!format!("{config:?}{:?}", config.shown()).contains("hunter2"));
}

// proves OPS-5
#[test]
fn no_refusal_repeats_a_value() {
    let bad = format!("https://doorward:{SECRET}@db");
    for key in KEYS.iter().filter(|key| !["data", "policies", "bootstrap_key", "secret"].contains(&key.toml))
    {
        let in_env = from_env(&[(key.env, &bad)]).unwrap_err();
        let in_file = from_file(&format!("{} = \"{bad}\"", key.toml)).unwrap_err();
        assert!(!format!("{in_env}{in_env:?}{in_file}{in_file:?}").contains("hunter2"), "{}", key.env);
    }
    let error = from_file(&format!("log = \"info\"\ndatabase_url = \"postgres://x:{SECRET}@db")).unwrap_err();
    assert!(!format!("{error}{error:?}").contains("hunter2"), "{error:?}");
    assert!(error.to_string().contains("line 2"), "{error}");
}

// proves OPS-5
#[test]
fn every_field_has_a_row_in_the_table_and_every_row_a_field() {
    let config = from_env(&[]).unwrap();
    let fields = config.texts().map(|(name, _)| name);
    let rows: Vec<_> = KEYS.iter().map(|key| key.toml).collect();
    assert_eq!(fields.as_slice(), rows);
    for key in KEYS {
        assert_eq!(key.env.trim_start_matches("DOORWARD_").to_lowercase(), key.toml);
    }
    for (key, text) in config.shown() {
        if let Fallback::Value(value) = key.fallback {
            assert_eq!(text.as_deref(), Some(value), "the default of {}", key.env);
        }
    }
}
