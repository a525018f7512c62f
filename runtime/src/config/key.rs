/// One setting, as documented.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the environment.
    pub env: &'static str,
    /// Its name in the file, and that of the field of `Config`.
    pub toml: &'static str,
    /// What holds when it is not set.
    pub fallback: Fallback,
    /// What a value has to be; completes "must be".
    pub expected: &'static str,
    /// What it does.
    pub about: &'static str,
}

/// What holds when a setting is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// This value, as if somebody had written it.
    Value(&'static str),
    /// No value; the text says what happens then.
    Absent(&'static str),
}

impl std::fmt::Display for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(value) => f.write_str(value),
            Self::Absent(meaning) => write!(f, "({meaning})"),
        }
    }
}

/// Every setting there is. What is not here is refused.
pub const KEYS: &[Key] = &[
    Key {
        env: "DATABASE_URL",
        toml: "database_url",
        fallback: Fallback::Absent("Postgres inside the process"),
        expected: "a URL such as postgres://user:password@host:5432/database",
        about: "The Postgres 15 or later that keeps everything. Secret.",
    },
    Key {
        env: "REDIS_URL",
        toml: "redis_url",
        fallback: Fallback::Absent("jobs are handed over inside the process"),
        expected: "a URL such as redis://user:password@host:6379/0 (rediss:// for TLS)",
        about: "The Redis that tells workers of due jobs. It may lose everything: jobs are kept in Postgres. Secret.",
    },
    Key {
        env: "S3_URL",
        toml: "s3_url",
        fallback: Fallback::Absent("files in DOORWARD_DATA/objects"),
        expected: "a URL such as s3://key:secret@host:9000/bucket?tls=false",
        about: "The bucket that documents and exports are kept in. Secret.",
    },
    Key {
        env: "SMTP_URL",
        toml: "smtp_url",
        fallback: Fallback::Absent(
            "mails become .eml files in DOORWARD_DATA/mail, and their links log lines",
        ),
        expected: "a URL such as smtps://user:password@host, smtp://user:password@host:587?tls=required, or \
                   smtp://host:25 for no encryption",
        about: "The mail server. Secret.",
    },
    Key {
        env: "OTEL_EXPORTER_OTLP_ENDPOINT",
        toml: "otel_exporter_otlp_endpoint",
        fallback: Fallback::Absent("no traces"),
        expected: "a URL such as http://collector:4318, without a password, a query or a fragment",
        about: "The OpenTelemetry collector that receives traces by http/protobuf at /v1/traces below it.",
    },
    Key {
        env: "DOORWARD_LISTEN",
        toml: "listen",
        fallback: Fallback::Value("127.0.0.1:8080"),
        expected: "an IP address and a port such as 127.0.0.1:8080, a socket file such as unix:/run/doorward.sock \
                   (96 bytes of path at most), or several of them, separated by commas (in the file: a list)",
        about: "Where HTTP is served.",
    },
    Key {
        env: "DOORWARD_SOCKET_MODE",
        toml: "socket_mode",
        fallback: Fallback::Value("0660"),
        expected: "permissions in octal digits, from 0600 to 0777",
        about: "Who may open the socket files of DOORWARD_LISTEN. Callers need an API key all the same.",
    },
    Key {
        env: "DOORWARD_DATA",
        toml: "data",
        fallback: Fallback::Value("./.doorward"),
        expected: "the path of a folder",
        about: "The folder of everything that is stored on this machine.",
    },
    Key {
        env: "DOORWARD_POLICIES",
        toml: "policies",
        fallback: Fallback::Value("./policies"),
        expected: "the path of a folder",
        about: "The policy folder.",
    },
    Key {
        env: "DOORWARD_PUBLIC_URL",
        toml: "public_url",
        fallback: Fallback::Absent(
            "http:// and the first port of DOORWARD_LISTEN; http://localhost without one",
        ),
        expected: "a URL such as https://auth.example.com, without a password, a query or a fragment",
        about: "The address by which others reach this server; used in links and metadata.",
    },
    Key {
        env: "DOORWARD_BOOTSTRAP_KEY",
        toml: "bootstrap_key",
        fallback: Fallback::Absent("no such key"),
        expected: "at least 32 printable ASCII characters without spaces",
        about: "A platform API key that is accepted from the first start on, for automation. Secret.",
    },
    Key {
        env: "DOORWARD_LOG",
        toml: "log",
        fallback: Fallback::Value("info"),
        expected: "filter directives such as info or warn,tenancy=debug",
        about: "Which log lines are written.",
    },
    Key {
        env: "DOORWARD_LOG_FORMAT",
        toml: "log_format",
        fallback: Fallback::Value("human"),
        expected: "human or json",
        about: "How log lines are written.",
    },
    Key {
        env: "DOORWARD_DATABASE_CONNECTIONS",
        toml: "database_connections",
        fallback: Fallback::Value("10"),
        expected: "a whole number from 1 to 4294967295",
        about: "How many connections to Postgres are held at most. The one inside the process always has one.",
    },
    Key {
        env: "DOORWARD_CACHE_BYTES",
        toml: "cache_bytes",
        fallback: Fallback::Value("536870912"),
        expected: "a whole number of bytes, at least 1",
        about: "The memory for facts that were asked about before, in bytes; about 5 000 for a user or a resource.",
    },
    Key {
        env: "DOORWARD_MAX_STALENESS",
        toml: "max_staleness",
        fallback: Fallback::Value("2s"),
        expected: "a duration longer than zero, such as 2s or 500ms",
        about: "The oldest facts that a decision is made from. When the store cannot be read for longer, questions are refused.",
    },
    Key {
        env: "DOORWARD_MAX_CONNECTIONS",
        toml: "max_connections",
        fallback: Fallback::Value("10000"),
        expected: "a whole number from 1 to 1000000",
        about: "How many connections of callers are held at most; more wait until one ends.",
    },
    Key {
        env: "DOORWARD_HEADER_TIMEOUT",
        toml: "header_timeout",
        fallback: Fallback::Value("10s"),
        expected: "a duration longer than zero, such as 30s or 2m",
        about: "How long the head of a request may take; at most half as long again, the connection is cut.",
    },
    Key {
        env: "DOORWARD_IDLE_TIMEOUT",
        toml: "idle_timeout",
        fallback: Fallback::Value("1m 15s"),
        expected: "a duration longer than zero, such as 30s or 2m",
        about: "How long a connection without requests is kept. More than a load balancer keeps its own.",
    },
    Key {
        env: "DOORWARD_BODY_LIMIT",
        toml: "body_limit",
        fallback: Fallback::Value("1048576"),
        expected: "a whole number of bytes, at least 1",
        about: "The longest request body that is accepted, in bytes.",
    },
    Key {
        env: "DOORWARD_REQUEST_TIMEOUT",
        toml: "request_timeout",
        fallback: Fallback::Value("30s"),
        expected: "a duration longer than zero, such as 30s or 2m",
        about: "How long a request may take.",
    },
    Key {
        env: "DOORWARD_SHUTDOWN_TIMEOUT",
        toml: "shutdown_timeout",
        fallback: Fallback::Value("10s"),
        expected: "a duration longer than zero, such as 30s or 2m",
        about: "How long a stopping process waits for what it has begun.",
    },
    Key {
        env: "DOORWARD_CORS_ORIGINS",
        toml: "cors_origins",
        fallback: Fallback::Absent("no origins"),
        expected: "origins such as https://app.example.com, separated by commas (in the file: a list), each without a path",
        about: "The web origins from which browsers may call the API.",
    },
    Key {
        env: "DOORWARD_DECISION_LOG",
        toml: "decision_log",
        fallback: Fallback::Value("postgres"),
        expected: "postgres, stdout, both separated by a comma, or off",
        about: "Where decisions are logged to.",
    },
    Key {
        env: "DOORWARD_DECISION_LOG_SAMPLE",
        toml: "decision_log_sample",
        fallback: Fallback::Value("*=1"),
        expected: "actions and rates from 0 to 1 such as Docs::read=0.1,*=1 (in the file: a list)",
        about: "Which part of the allows is logged, by action; * stands for any characters, and the first that fits counts. Denials always are.",
    },
    Key {
        env: "DOORWARD_DECISION_LOG_MASK",
        toml: "decision_log_mask",
        fallback: Fallback::Value(super::decision_log::MASKED),
        expected: "names such as default,*ssn* separated by commas (in the file: a list), or none",
        about: "Context attributes whose values are not logged, at any depth, capital or not. The word default stands for the default ones.",
    },
    Key {
        env: "DOORWARD_DECISION_LOG_RETENTION",
        toml: "decision_log_retention",
        fallback: Fallback::Value("30days"),
        expected: "a duration of at least a day and at most 100 years, such as 30d",
        about: "How long logged decisions are kept in Postgres, in whole days.",
    },
    Key {
        env: "DOORWARD_WORKER_LISTEN",
        toml: "worker_listen",
        fallback: Fallback::Value("127.0.0.1:8081"),
        expected: "as DOORWARD_LISTEN",
        about: "Where `doorward work` serves /healthz, /readyz and /metrics, and nothing else.",
    },
    Key {
        env: "DOORWARD_WORKER_CONCURRENCY",
        toml: "worker_concurrency",
        fallback: Fallback::Value("8"),
        expected: "a whole number from 1 to 1000",
        about: "How many jobs of each queue one process runs at a time.",
    },
    Key {
        env: "DOORWARD_JOB_LEASE",
        toml: "job_lease",
        fallback: Fallback::Value("30s"),
        expected: "a duration from 1s to 1h, such as 30s",
        about: "How long after a worker has died or frozen its jobs go to others, and when a lost hint is given again.",
    },
    Key {
        env: "DOORWARD_JOB_BACKOFF",
        toml: "job_backoff",
        fallback: Fallback::Value("2s"),
        expected: "a duration longer than zero and at most 1h, such as 2s",
        about: "How long a job waits after its first failure; twice as long after each further one, up to an hour.",
    },
    Key {
        env: "DOORWARD_JOB_RETENTION",
        toml: "job_retention",
        fallback: Fallback::Value("7days"),
        expected: "a duration of at least an hour and at most 100 years, such as 7d",
        about: "How long done and cancelled jobs are kept. Dead ones stay until somebody retries or removes them.",
    },
    Key {
        env: "DOORWARD_MAIL_FROM",
        toml: "mail_from",
        fallback: Fallback::Value("Doorward <doorward@localhost>"),
        expected: "an address such as Doorward <no-reply@example.com>",
        about: "The sender of mails.",
    },
    Key {
        env: "DOORWARD_MAIL_PER_ADDRESS",
        toml: "mail_per_address",
        fallback: Fallback::Value("20/1h"),
        expected: "a whole number and a duration such as 20/1h",
        about: "How many mails one address gets in that time; more wait until they may go.",
    },
    Key {
        env: "DOORWARD_MAIL_PER_ORG",
        toml: "mail_per_org",
        fallback: Fallback::Value("1000/1h"),
        expected: "a whole number and a duration such as 1000/1h",
        about: "How many mails are sent for one organization in that time; more wait until they may go.",
    },
    Key {
        env: "DOORWARD_SECRET",
        toml: "secret",
        fallback: Fallback::Absent("a file in DOORWARD_DATA, made at the first start"),
        expected: "at least 32 printable characters without spaces",
        about: "What tokens in links and sealed keys are made with. Every process on one store needs the same. Secret.",
    },
    Key {
        env: "DOORWARD_ADMIN_EMAIL",
        toml: "admin_email",
        fallback: Fallback::Absent("whoever opens the link that is printed says it"),
        expected: "an e-mail address",
        about: "The address of the first administrator, who is set up by a link that is printed at start.",
    },
    Key {
        env: "DOORWARD_APP_URL",
        toml: "app_url",
        fallback: Fallback::Absent("DOORWARD_PUBLIC_URL"),
        expected: "an http or https URL without query",
        about: "Where people sign in: mails and hosted pages lead there.",
    },
    Key {
        env: "DOORWARD_TRUSTED_PROXIES",
        toml: "trusted_proxies",
        fallback: Fallback::Absent("none: X-Forwarded-For is not read"),
        expected: "networks such as 10.0.0.0/8,fd00::/8 separated by commas (in the file: a list)",
        about: "From whom X-Forwarded-For is believed when the address of a client is looked for.",
    },
    Key {
        env: "DOORWARD_TRIAL",
        toml: "trial",
        fallback: Fallback::Value("2days"),
        expected: "a duration of at least a minute and at most 10 years, such as 48h",
        about: "How long a new account has full rights without the approval of an administrator.",
    },
    Key {
        env: "DOORWARD_QUOTA",
        toml: "quota",
        fallback: Fallback::Value("5368709120"),
        expected: "a whole number of bytes",
        about: "The storage of a new account, in bytes.",
    },
    Key {
        env: "DOORWARD_ACCESS_TOKEN_LIFETIME",
        toml: "access_token_lifetime",
        fallback: Fallback::Value("15m"),
        expected: "a duration from 1m to 1h, such as 15m",
        about: "How long an access token is good.",
    },
    Key {
        env: "DOORWARD_SESSION_IDLE",
        toml: "session_idle",
        fallback: Fallback::Value("14days"),
        expected: "a duration of at least 5m and at most a year, such as 14d",
        about: "How long a session lives without a refresh.",
    },
    Key {
        env: "DOORWARD_SESSION_LIFETIME",
        toml: "session_lifetime",
        fallback: Fallback::Value("30days"),
        expected: "a duration of at least 5m and at most a year, such as 30d",
        about: "How long a session lives at most.",
    },
    Key {
        env: "DOORWARD_REFRESH_GRACE",
        toml: "refresh_grace",
        fallback: Fallback::Value("30s"),
        expected: "a duration of at most 5m, such as 30s",
        about: "How long a refresh token that was used gives the same successor again; later it ends the session.",
    },
    Key {
        env: "DOORWARD_SIGNING_KEY_LIFETIME",
        toml: "signing_key_lifetime",
        fallback: Fallback::Value("30days"),
        expected: "a duration of at least a day and at most 10 years, such as 30d",
        about: "After how long access tokens are signed with a new key.",
    },
    Key {
        env: "DOORWARD_PASSWORD_MEMORY",
        toml: "password_memory",
        fallback: Fallback::Value("19456"),
        expected: "a whole number of KiB from 19456 to 4194304",
        about: "The memory that hashing a password takes (argon2id), in KiB.",
    },
    Key {
        env: "DOORWARD_PASSWORD_PASSES",
        toml: "password_passes",
        fallback: Fallback::Value("2"),
        expected: "a whole number from 2 to 100",
        about: "How often hashing a password goes over that memory (argon2id).",
    },
    Key {
        env: "DOORWARD_PASSWORD_CONCURRENCY",
        toml: "password_concurrency",
        fallback: Fallback::Value("2"),
        expected: "a whole number from 1 to 1000",
        about: "How many passwords are hashed at a time; others wait.",
    },
    Key {
        env: "DOORWARD_SIGN_IN_PER_IP",
        toml: "sign_in_per_ip",
        fallback: Fallback::Value("30/15m"),
        expected: "a whole number and a duration such as 20/1h",
        about: "How many failed sign-ins one address (IPv6: one /64) may make.",
    },
    Key {
        env: "DOORWARD_SIGN_IN_PER_ACCOUNT",
        toml: "sign_in_per_account",
        fallback: Fallback::Value("10/15m"),
        expected: "a whole number and a duration such as 20/1h",
        about: "How many failed sign-ins one address may make at one account; a third of it while the account is under attack from many.",
    },
    Key {
        env: "DOORWARD_REGISTER_PER_IP",
        toml: "register_per_ip",
        fallback: Fallback::Value("20/1h"),
        expected: "a whole number and a duration such as 20/1h",
        about: "How many accounts one address may open, and how many links for forgotten passwords ask for.",
    },
    Key {
        env: "DOORWARD_UPLOAD_LIFETIME",
        toml: "upload_lifetime",
        fallback: Fallback::Value("15m"),
        expected: "a duration from 1m to 12h, such as 15m",
        about: "How long an address for an upload or a download is good. A purge waits this long for uploads under way.",
    },
    Key {
        env: "DOORWARD_CONNECTION_NETWORKS",
        toml: "connection_networks",
        fallback: Fallback::Absent("public addresses only"),
        expected: "networks such as 10.1.0.0/16,fd00::/8 separated by commas (in the file: a list)",
        about: "Private networks that providers of connections may be in.",
    },
    Key {
        env: "DOORWARD_DELETION_GRACE",
        toml: "deletion_grace",
        fallback: Fallback::Value("0s"),
        expected: "a duration of at most 90d, such as 7d; 0s for none",
        about: "How long a deletion waits before it begins. Until then it can be called off; access ends at once all the same.",
    },
    Key {
        env: "DOORWARD_PURGE_DEADLINE",
        toml: "purge_deadline",
        fallback: Fallback::Value("7days"),
        expected: "a duration from 1m to 365d, such as 7d",
        about: "How long a purge tries to reach a store that does not answer, before it goes on and says so in its receipt.",
    },
    Key {
        env: "DOORWARD_EXPORT_LIFETIME",
        toml: "export_lifetime",
        fallback: Fallback::Value("7days"),
        expected: "a duration from 1m to 90d, such as 7d",
        about: "How long an export can be fetched before it is removed.",
    },
];
