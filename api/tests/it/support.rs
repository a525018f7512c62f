//! A Doorward for one test.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use api::{App, ControlSocket, Listener, TABLE};
use authz::Live;
use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use runtime::health::Part;
use runtime::{Clock, Config, FixedClock, Health, Metrics, Random, Shutdown};
use serde_json::{Map, Value, json};
use storage::Stores;
use tenancy::decision_log::{Settings, Writer};
use tenancy::{AccountSettings, Db, DecisionLog, Identity, MasterKey, Token, api_key};

use crate::world;

/// The platform key that is there from the start, with every scope.
pub(crate) const ROOT: &str = "dw_the-key-that-every-test-begins-with";

/// The secret of the installation.
const SECRET: &str = "the secret that every test begins with";

/// When every test takes place, until it moves the clock.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// What an organization's key can have.
const ORG_SCOPES: &[&str] = &[
    "authorize",
    "resources:read",
    "resources:write",
    "keys:manage",
    "decisions:read",
    "audit:read",
    "jobs:read",
    "jobs:write",
    "usage:write",
];

/// How long a test waits for what happens in the background.
const PATIENCE: Duration = Duration::from_secs(30);

/// The policies that ship.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

/// A Doorward that serves on a port of its own. Everything of it goes away with the value.
pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) clock: FixedClock,
    pub(crate) db: Db,
    pub(crate) live: std::sync::Arc<Live>,
    /// The store's part of `/readyz`, which the binary keeps up to date.
    pub(crate) store: Part,
    /// The policy folder's.
    pub(crate) folder: Part,
    /// The folder with the control socket.
    pub(crate) data: tempfile::TempDir,
    http: reqwest::Client,
    operator: reqwest::Client,
    shutdown: Shutdown,
    /// Last, so that it is dropped last.
    pub(crate) database: harness::Database,
}

/// What differs from one test to another.
pub(crate) struct Setup {
    policies: PathBuf,
    settings: Vec<(String, String)>,
    lines: String,
    random: Random,
}

impl Setup {
    /// Another policy folder.
    pub(crate) fn policies(mut self, folder: &Path) -> Self {
        self.policies = folder.to_owned();
        self
    }

    /// A setting, as in the environment.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Ids and tokens that are the same in every run.
    pub(crate) fn seeded(mut self, seed: u64) -> Self {
        self.random = Random::seeded(seed);
        self
    }

    /// Nothing in the store but [`ROOT`].
    pub(crate) fn empty(mut self) -> Self {
        self.lines.clear();
        self
    }

    /// Starts it.
    pub(crate) async fn start(self) -> TestApp {
        let database = database().await;
        let data = tempfile::tempdir().unwrap();
        // Off unless a test says something else: most compare what is in the store.
        let mut settings = vec![
            ("DATABASE_URL".to_owned(), database.url.clone()),
            ("DOORWARD_DECISION_LOG".to_owned(), "off".to_owned()),
            ("DOORWARD_DATA".to_owned(), data.path().display().to_string()),
        ];
        settings.extend(self.settings);
        let config = Config::load(None, settings).unwrap();
        let clock = Clock::fixed(NOW.parse().unwrap());
        let live = Live::open(&self.policies, tenancy::ACTIONS, clock.clock()).unwrap();
        let url = config.database_url.clone().unwrap();
        let connections = config.database_connections.get();
        let db = Db::connect(&url, connections, live.clone(), clock.clock(), self.random).await.unwrap();
        let db = db.with_log(DecisionLog::new(Settings::from(&config)));
        let accounts = AccountSettings::try_from(&config).unwrap();
        let db = db.with_identity(Identity::new(accounts, MasterKey::new(&SECRET.into()), Random::system()));
        api_key::bootstrap(&db, Token::parse(ROOT).as_ref()).await.unwrap();
        let health = Health::new(clock.clock());
        let (store, folder) = (health.part("database"), health.part("policies"));
        store.ready();
        folder.ready();
        let stores = Stores::configured(&config).unwrap();
        let metrics = Metrics::install().unwrap();
        let app = App::new(db.clone(), stores, health, metrics, Random::system(), &config).unwrap();

        let listener = Listener::open(&"127.0.0.1:0".parse().unwrap(), 0o600).await.unwrap();
        let base = listener.to_string();
        let shutdown = Shutdown::new();
        let control = ControlSocket::open(data.path()).unwrap();
        let operator = reqwest::Client::builder().unix_socket(data.path().join(ControlSocket::NAME));
        shutdown.spawn({
            let (app, stop) = (app.clone(), shutdown.clone());
            async move { api::serve(&app, vec![listener], stop).await }
        });
        shutdown.spawn({
            let stop = shutdown.clone();
            async move { control.serve(&app, stop).await }
        });
        let started = TestApp {
            base,
            clock,
            db,
            live,
            store,
            folder,
            data,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            operator: operator.build().unwrap(),
            shutdown,
            database,
        };
        if !self.lines.is_empty() {
            let reply = started.post("/api/v1/import").by(ROOT).body(self.lines).send().await;
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        started
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

/// A migrated database of its own.
pub(crate) async fn database() -> harness::Database {
    let runtime = tokio::runtime::Handle::current();
    let made = tokio::task::spawn_blocking(move || {
        harness::database(&template(), |url| {
            runtime.block_on(migrate(url)).map_err(|error| error.to_string())
        })
    });
    made.await.unwrap().unwrap()
}

async fn migrate(url: &str) -> tenancy::Result<()> {
    let clock = Clock::system();
    let live = Live::open(&shipped(), tenancy::ACTIONS, clock.clone()).unwrap();
    let db = Db::connect(&url.to_owned().into(), 1, live, clock, Random::system()).await?;
    db.migrate().await?;
    db.close().await;
    Ok(())
}

/// Named by the migrations, so that a changed one makes a new template.
fn template() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut hasher = DefaultHasher::new();
    for path in files.collect::<BTreeSet<_>>() {
        (path.file_name().map(ToOwned::to_owned), fs::read(&path).unwrap()).hash(&mut hasher);
    }
    format!("migrated_{:016x}", hasher.finish())
}

impl TestApp {
    /// The usual one, with [`world::lines`] in it.
    pub(crate) async fn start() -> Self {
        Self::setup().start().await
    }

    pub(crate) fn setup() -> Setup {
        Setup { policies: shipped(), settings: vec![], lines: world::lines(), random: Random::system() }
    }

    /// The wish to stop that everything of it heeds.
    pub(crate) fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    pub(crate) fn put(&self, path: &str) -> Call {
        self.call("PUT", path)
    }

    pub(crate) fn patch(&self, path: &str) -> Call {
        self.call("PATCH", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let known = method.parse().unwrap();
        Call {
            method: method.to_ascii_lowercase(),
            path: path.to_owned(),
            request: self.http.request(known, format!("{}{path}", self.base)),
        }
    }

    /// A call over the control socket.
    pub(crate) fn operator(&self, method: &str, path: &str) -> Call {
        let known = method.parse().unwrap();
        Call {
            method: method.to_ascii_lowercase(),
            path: path.to_owned(),
            request: self.operator.request(known, format!("http://localhost{path}")),
        }
    }

    /// Makes a key of the platform or of an organization; gives its id and its token.
    pub(crate) async fn key(&self, org: Option<&str>, scopes: &[&str]) -> (String, String) {
        let body = json!({ "name": "test", "scopes": scopes });
        let made = self.post(&keys_of(org)).by(ROOT).json(&body).send().await.expect(201);
        (text(&made.body["id"]), text(&made.body["token"]))
    }

    /// The token of an organization's key with every scope that one can have.
    pub(crate) async fn org_key(&self, org: &str) -> String {
        self.key(Some(org), ORG_SCOPES).await.1
    }

    /// Writes the decision log, and tells how many entries that were.
    pub(crate) async fn write_log(&self) -> usize {
        Writer::of(&self.db).expect("DOORWARD_DECISION_LOG is postgres").flush().await.unwrap()
    }

    /// Asks whether a user may do something to a registered resource, with the platform's key.
    pub(crate) async fn ask(&self, user: &str, action: &str, (kind, id): (&str, &str)) -> Value {
        let body = json!({
            "principal": { "type": "User", "id": user }, "action": action, "resource": { "type": kind, "id": id },
        });
        self.post("/api/v1/authorize").by(ROOT).json(&body).send().await.expect(200).body
    }

    /// A fingerprint of everything in the store, read over another connection.
    pub(crate) fn contents(&self) -> String {
        let all = "select string_agg(query_to_xml(format('select * from %I x order by x::text', table_name),
                       true, false, '')::text, '' order by table_name)
                   from information_schema.tables where table_schema = 'public'";
        // When a key was used is no change of anything.
        self.database.run("update api_keys set last_used_at = null").unwrap();
        self.database.run(all).unwrap()
    }

    /// The one value that a query gives, read over another connection.
    pub(crate) fn query(&self, sql: &str) -> String {
        self.database.run(sql).unwrap().trim().to_owned()
    }
}

pub(crate) fn keys_of(org: Option<&str>) -> String {
    org.map_or_else(|| "/api/v1/keys".to_owned(), |org| format!("/api/v1/orgs/{org}/keys"))
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

pub(crate) fn time(value: &Value) -> DateTime<Utc> {
    text(value).parse().unwrap()
}

/// A request to be sent.
pub(crate) struct Call {
    method: String,
    path: String,
    request: reqwest::RequestBuilder,
}

impl Call {
    /// With this API key.
    pub(crate) fn by(mut self, token: &str) -> Self {
        self.request = self.request.bearer_auth(token);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = reqwest::header::HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// Sends it, and holds the answer against the OpenAPI document.
    pub(crate) async fn send(self) -> Reply {
        let response = self.request.send().await.unwrap_or_else(|error| panic!("{error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let reply = Reply { status, headers, text, body };
        // proves API-6
        if let Some(documented) = documented(&self.method, &self.path) {
            let at = format!("{} {} answers {status}", self.method, self.path);
            let answer = documented.get(&status.to_string()).unwrap_or_else(|| panic!("{at}"));
            check_fields(&at, &reply.body, &answer["content"]["application/json"]["schema"]);
        }
        let is_page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if status >= 400 && !is_page && reply.headers["content-type"] != "application/json" {
            reply.check_problem();
        }
        reply
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Expects a problem with this code.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        self
    }

    /// Expects a problem that names this field.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &Self {
        let fields = self.body["fields"].as_array().cloned().unwrap_or_default();
        assert!(fields.iter().any(|field| field["field"] == name), "{name:?} is not named: {}", self.text);
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    // proves API-1
    #[track_caller]
    fn check_problem(&self) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        assert_eq!(self.body["type"], "about:blank", "{}", self.text);
        assert_eq!(self.body["status"], self.status, "{}", self.text);
        for member in ["title", "code", "detail"] {
            assert!(self.body[member].as_str().is_some_and(|said| !said.is_empty()), "{}", self.text);
        }
        assert_eq!(self.status == 401, self.headers.contains_key("www-authenticate"), "{self:?}");
    }
}

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(api::document("http://localhost")).unwrap());

/// The route of the table that takes a path.
pub(crate) fn template_of(method: &str, path: &str) -> Option<&'static str> {
    let path: Vec<&str> = path.split('?').next()?.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == path.len()
            && parts.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let fitting = TABLE.iter().filter(|(known, template, _)| *known == method && fits(template));
    // As the router does: what is spelt out goes before what a parameter takes.
    fitting.map(|(_, template, _)| *template).min_by_key(|template| template.matches('{').count())
}

/// The answers that the document tells of by their status, for a path of a route.
fn documented(method: &str, path: &str) -> Option<&'static Map<String, Value>> {
    let template = template_of(method, path)?;
    DOCUMENT["paths"][template][method]["responses"].as_object()
}

/// The fields that a schema tells of, with their schemas; none where it leaves them open.
fn fields(schema: &'static Value) -> Option<Vec<(&'static String, &'static Value)>> {
    if let Some(name) = schema["$ref"].as_str() {
        return fields(DOCUMENT.pointer(name.trim_start_matches('#'))?);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts: Option<Vec<_>> = parts.iter().map(fields).collect();
        return Some(parts?.into_iter().flatten().collect());
    }
    Some(schema["properties"].as_object()?.iter().collect())
}

/// Insists that an answer has no fields but those that its schema tells of.
fn check_fields(at: &str, value: &Value, schema: &'static Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| check_fields(at, item, &schema["items"])),
        Value::Object(given) => {
            let Some(known) = fields(schema) else { return };
            for (name, value) in given {
                let field = known.iter().find(|(known, _)| *known == name);
                let (_, schema) = field.unwrap_or_else(|| panic!("{at}: {name} is not documented"));
                check_fields(at, value, schema);
            }
        }
        _ => {}
    }
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A copy of the shipped policies that a test may change.
pub(crate) fn copied_policies() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&shipped(), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}
