//! An API and a worker on one store and one folder of data, and somebody who has an account there.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::connection::{Connection, Place};
use crate::server::{self, Server};
use crate::store::{SECRET, Store};
use crate::world::ENTITIES;

const PASSWORD: &str = "a long road through quiet hills";

/// How long something may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

/// How often it is asked whether something is done.
const PROBE: Duration = Duration::from_millis(200);

/// The two processes, and a person who is signed in.
pub(super) struct House {
    pub(super) api: Server,
    pub(super) worker: Server,
    pub(super) store: Store,
    token: String,
    _data: tempfile::TempDir,
}

impl House {
    /// Starts them with this store for objects, or with a folder, and lets somebody register.
    ///
    /// # Errors
    /// They do not start, or do not let anybody in.
    pub(super) fn start(bucket: Option<&str>) -> anyhow::Result<Self> {
        let (store, data) = (Store::with(ENTITIES)?, tempfile::tempdir()?);
        let api = process("serve", "DOORWARD_LISTEN", &store, data.path(), bucket)?;
        let worker = process("work", "DOORWARD_WORKER_LISTEN", &store, data.path(), bucket)?;
        let mut house = Self { api, worker, store, token: String::new(), _data: data };
        let olga = json!({ "email": "olga@example.com", "password": PASSWORD, "name": "Olga" });
        house.ask("POST", "/api/v1/auth/register", &olga)?;
        house.sql("update users set email_verified_at = now() where email = 'olga@example.com'")?;
        let signed_in = house.ask("POST", "/api/v1/auth/login", &olga_again())?;
        signed_in["access_token"].as_str().context("no token")?.clone_into(&mut house.token);
        Ok(house)
    }

    /// The workspace of that person.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) fn workspace(&self) -> anyhow::Result<String> {
        self.sql("select w.id from workspaces w join users u on u.id = w.owner_id where u.email = 'olga@example.com'")
    }

    /// Deletes the account, and tells which purge does it.
    ///
    /// # Errors
    /// It is refused.
    pub(super) fn leave(&self) -> anyhow::Result<String> {
        let asked = self.ask("DELETE", "/api/v1/me", &json!({ "password": PASSWORD }))?;
        Ok(asked["id"].as_str().context("no purge")?.to_owned())
    }

    /// Sends a request by that person, and returns the JSON of its answer; null if there is none.
    ///
    /// # Errors
    /// It is refused.
    pub(super) fn ask(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut connection = self.connect()?;
        connection.send(self.head(method, path, "application/json", body.len() as u64).as_bytes())?;
        connection.send(body.as_bytes())?;
        let status = connection.receive()?;
        let said = String::from_utf8_lossy(&connection.body);
        anyhow::ensure!((200..300).contains(&status), "{method} {path}: {status} {said}");
        Ok(serde_json::from_str(&said).unwrap_or_default())
    }

    /// The head of a request by that person.
    pub(super) fn head(&self, method: &str, path: &str, content_type: &str, length: u64) -> String {
        let token = match self.token.as_str() {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{token}content-type: {content_type}\r\n\
             content-length: {length}\r\n\r\n"
        )
    }

    pub(super) fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(&self.api.place)
    }

    pub(super) fn sql(&self, script: &str) -> anyhow::Result<String> {
        self.store.run(script)
    }

    /// Waits until the store gives this answer.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn until(&self, script: &str, answer: &str) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let told = self.sql(script)?;
            if told == answer {
                return Ok(());
            }
            anyhow::ensure!(start.elapsed() < PATIENCE, "{script}: {told}, and not {answer}");
            thread::sleep(PROBE);
        }
    }
}

fn olga_again() -> Value {
    json!({ "email": "olga@example.com", "password": PASSWORD })
}

fn process(
    command: &str,
    listen: &str,
    store: &Store,
    data: &Path,
    bucket: Option<&str>,
) -> anyhow::Result<Server> {
    let place = server::free_port()?;
    let Place::Tcp(address) = &place else { unreachable!("free_port gives a port") };
    let mut process = Command::new(server::doorward()?);
    process
        .arg(command)
        .env("DATABASE_URL", store.url())
        .env("DOORWARD_SECRET", SECRET)
        .env("DOORWARD_DATA", data.join("data"))
        .env("DOORWARD_POLICIES", server::repository().join("policies"))
        .env("DOORWARD_ACCESS_TOKEN_LIFETIME", "1h")
        .env("DOORWARD_UPLOAD_LIFETIME", "1h")
        .env(listen, address.to_string())
        .env_remove("REDIS_URL");
    if let Some(bucket) = bucket {
        process.env("S3_URL", bucket);
    }
    Server::start(&mut process, place, "/readyz", tempfile::tempdir()?)
}
