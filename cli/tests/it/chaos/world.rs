//! An API, workers, and all that they stand on.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use harness::{Postgres, Redis, S3, Smtp};
use serde_json::{Value, json};

use super::leavers::BUCKET;
use super::process::Process;
use crate::support::{Home, until};

const KEY: &str = "dw_a-key-that-automation-brings-along";

/// The host in Message-IDs.
pub(crate) const HOST: &str = "door.example.org";

/// How long the API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that can break, and the folder that it runs in.
pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) home: Home,
}

/// What is killed and started again, or broken in other ways.
pub(crate) struct Machine {
    pub(crate) api: Process,
    pub(crate) workers: Vec<Process>,
    pub(crate) redis: Redis,
    pub(crate) smtp: Smtp,
    /// Where the documents of the installation are.
    pub(crate) s3: Arc<S3>,
    /// None where the store is that of all tests.
    pub(crate) postgres: Option<Postgres>,
}

/// What the API said to somebody who wants a mail sent.
pub(crate) enum Reply {
    /// It will be done by this job.
    Accepted(String),
    /// An error of the server, or nothing at all: it may be done or not.
    Unknown,
}

impl World {
    /// On the store of all tests, without workers.
    pub(crate) fn new() -> Self {
        Self::in_home(Home::new(), None)
    }

    /// On a store of its own, which can be killed.
    pub(crate) fn with_own_store() -> Self {
        let postgres = Postgres::start().unwrap();
        Self::in_home(Home::on(postgres.empty().unwrap()), Some(postgres))
    }

    fn in_home(mut home: Home, postgres: Option<Postgres>) -> Self {
        let (redis, smtp, s3) =
            (Redis::start().unwrap(), Smtp::start().unwrap(), Arc::new(S3::start().unwrap()));
        // A socket file: while nobody listens, nobody else gets its place.
        let listen = format!("unix:{}", home.path("api.socket").display());
        for (name, value) in [
            ("DOORWARD_LISTEN", listen.as_str()),
            ("DOORWARD_BOOTSTRAP_KEY", KEY),
            ("DOORWARD_PUBLIC_URL", &format!("https://{HOST}")),
            ("REDIS_URL", &redis.url()),
            ("SMTP_URL", &smtp.url()),
            ("S3_URL", &s3.url(BUCKET)),
            ("DOORWARD_JOB_LEASE", "2s"),
            ("DOORWARD_JOB_BACKOFF", "200ms"),
            ("DOORWARD_MAIL_PER_ADDRESS", "1000/1h"),
            ("DOORWARD_SIGN_IN_PER_IP", "100000/1s"),
            // So that a worker that stops hands back what it cannot end.
            ("DOORWARD_SHUTDOWN_TIMEOUT", "1s"),
        ] {
            home.set(name, value);
        }
        let mut api = Process::new("api", &["serve"], &[]);
        api.start(&home);
        until("the API has started", || {
            api.tend(&home);
            api.is_ready(&home)
        });
        let machine = Machine { api, workers: vec![], redis, smtp, s3, postgres };
        Self { machine, home }
    }

    /// Starts one more worker, with some settings of its own, and returns when it works.
    pub(crate) fn add_worker(&mut self, environment: &[(&str, &str)]) {
        let name = format!("worker-{}", self.machine.workers.len());
        let listen = format!("unix:{}", self.home.path(&format!("{name}.socket")).display());
        let environment = [&[("DOORWARD_WORKER_LISTEN", listen.as_str())], environment].concat();
        let mut worker = Process::new(&name, &["work"], &environment);
        worker.start(&self.home);
        until("the worker works", || {
            worker.tend(&self.home);
            worker.is_ready(&self.home)
        });
        self.machine.workers.push(worker);
    }

    /// Asks the store, which is up.
    pub(crate) fn sql(&self, script: &str) -> String {
        self.home.database().run(script).unwrap()
    }
}

impl Machine {
    pub(crate) fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        std::iter::once(&mut self.api).chain(&mut self.workers)
    }
}

/// Asks the API for a mail.
pub(crate) fn ask(home: &Home, number: usize, address: &str) -> Reply {
    let locale = if number.is_multiple_of(2) { "en" } else { "fr" };
    let body = json!({ "template": "welcome", "locale": locale, "to": address }).to_string();
    let Ok(answer) = request(home, KEY, "POST", "/api/v1/admin/mail/test", &body) else {
        return Reply::Unknown;
    };
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return Reply::Unknown };
    let status = head.split(' ').nth(1).unwrap_or_default();
    let told: Option<Value> = serde_json::from_str(body).ok();
    match (status, told.as_ref().and_then(|told| told["job_id"].as_str())) {
        ("202", Some(job)) => Reply::Accepted(job.to_owned()),
        (status, None) if status.starts_with('5') => Reply::Unknown,
        // Half an answer says nothing.
        ("202", None) if told.is_none() => Reply::Unknown,
        _ => panic!("a good request was refused: {answer}"),
    }
}

/// Sends a request with this token to the API, and returns its whole answer.
pub(crate) fn request(
    home: &Home,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(home.path("api.socket"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
