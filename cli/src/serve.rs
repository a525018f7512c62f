//! Running processes: puts the parts together, and takes them apart again in order.

use std::time::Duration;

use anyhow::Context as _;
use api::{App, ControlSocket, Listener};
use authz::Live;
use futures::future::select_all;
use runtime::config::Listen;
use runtime::health::Part;
use runtime::{Clock, Config, Health, Metrics, Random, Shutdown, Telemetry};
use secrecy::ExposeSecret as _;
use storage::Stores;
use tenancy::decision_log::{LogTask, Settings};
use tenancy::{CacheLimits, Db, DecisionLog, Token, account, api_key};
use worker::Worker;

use crate::exit;
use crate::store::{Store, policies};

/// How often the store is asked whether it answers.
const PING: Duration = Duration::from_secs(2);

/// How often the bucket is tried, which costs some requests each time.
const PROBE: Duration = Duration::from_secs(30);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything there is to do.
    Everything,
    /// It answers requests.
    Api,
    /// It does background work.
    Worker,
}

impl Role {
    fn serves(self) -> bool {
        self != Self::Worker
    }

    fn works(self) -> bool {
        self != Self::Api
    }

    /// Where it listens, and the setting that says so.
    fn listen(self, config: &Config) -> (&[Listen], &'static str) {
        if self.serves() {
            (&config.listen, "DOORWARD_LISTEN")
        } else {
            (&config.worker_listen, "DOORWARD_WORKER_LISTEN")
        }
    }
}

/// Runs until a signal.
pub(crate) async fn run(config: &Config, role: Role) -> anyhow::Result<u8> {
    let (clock, random) = (Clock::system(), Random::system());
    let Some(live) = policies(config, &clock) else { return Ok(exit::FAILED) };
    let bootstrap = match &config.bootstrap_key {
        Some(key) => Some(Token::parse(key.expose_secret()).context("DOORWARD_BOOTSTRAP_KEY is no token")?),
        None => None,
    };
    let telemetry = Telemetry::start(config)?;
    let metrics = Metrics::install()?;
    let health = Health::new(clock.clone());
    let shutdown = Shutdown::new();
    shutdown.listen()?;

    // The addresses first: a second Doorward should fail before it touches the store.
    let (at, setting) = role.listen(config);
    let mut listeners = vec![];
    for at in at {
        let listener = Listener::open(at, config.socket_mode).await;
        listeners.push(listener.with_context(|| format!("cannot listen on {at} ({setting})"))?);
    }
    let addresses: Vec<String> = listeners.iter().map(Listener::to_string).collect();
    let store = Store::start(config).await?;
    let limits = CacheLimits { bytes: config.cache_bytes as u64, staleness: config.max_staleness };
    let log = if role.serves() { DecisionLog::new(Settings::from(config)) } else { DecisionLog::off() };
    let db =
        store.connect(config, live.clone(), clock, random.clone()).await?.with_cache(limits).with_log(log);
    let stores = Stores::configured(config).context("documents have no place")?;
    let log = LogTask::start(&db);
    let worker = match role.works() {
        true => {
            let settings = config.into();
            Some(Worker::new(db.clone(), settings, stores.clone(), random.clone(), health.clone()).await?)
        }
        false => None,
    };
    let set_up_link = match role.serves() {
        true => account::set_up_link(&db).await?,
        false => None,
    };
    let first_key = match role.serves() {
        true => api_key::bootstrap(&db, bootstrap.as_ref()).await?,
        false => None,
    };

    let folder = health.part("policies");
    tell(&live, &folder);
    let watch = live.watch(move |live| tell(live, &folder))?;
    let database = health.part("database");
    database.ready();
    let facts = role.serves().then(|| health.part("facts"));
    if config.s3_url.is_some() {
        let bucket = health.side_part("objects");
        shutdown.spawn(probe(stores.clone(), bucket, shutdown.clone()));
    }
    shutdown.spawn(ping(db.clone(), database, facts, config.max_staleness, shutdown.clone()));
    let app = App::new(db.clone(), stores, health, metrics, random, config)?;
    let described = worker.as_ref().map(|worker| format!(", {}", worker.describe())).unwrap_or_default();
    let mut parts = vec![];
    let (stop, serving) = (shutdown.clone(), app.clone());
    if role.serves() {
        let control = ControlSocket::open(&config.data).context("the control socket cannot be opened")?;
        parts.push(shutdown.spawn(async move { api::serve(&serving, listeners, stop).await }));
        let stop = shutdown.clone();
        parts.push(shutdown.spawn(async move { control.serve(&app, stop).await }));
    } else {
        parts.push(shutdown.spawn(async move { api::serve_operations(&serving, listeners, stop).await }));
    }
    if let Some(worker) = worker {
        let stop = shutdown.clone();
        parts.push(shutdown.spawn(async move { worker.run(stop).await }));
    }

    let what = if role.serves() { "listens on" } else { "works on" };
    println!("Doorward {what} {} ({}{described})", addresses.join(" and "), store.described);
    for at in at {
        if let Listen::Unix(path) = at {
            println!("Try: curl --unix-socket {} http://localhost/healthz", path.display());
        }
    }
    if let Some(token) = first_key {
        println!("API key for this first run: {}  (shown once)", token.reveal());
    }
    if let Some(token) = set_up_link {
        println!("Become the first administrator: {}/set-up?token={}", config.public_url, token.reveal());
    }
    let ended = tokio::select! {
        () = shutdown.stopping() => Ok(()),
        (ended, ..) = select_all(parts) => ended.context("a part of the process ended"),
    };
    shutdown.begin();
    tracing::info!("stopping");
    drop(watch);
    if let Err(error) = shutdown.finish(config.shutdown_timeout).await {
        tracing::warn!(%error, "not everything was finished");
    }
    if let Err(error) = log.finish(config.shutdown_timeout).await {
        tracing::warn!(%error, "the decision log was not finished");
    }
    store.stop(db).await?;
    if let Err(error) = telemetry.stop().await {
        eprintln!("doorward: {error}");
    }
    ended.map(|()| 0)
}

/// Does the work that is due, and ends.
pub(crate) async fn work_once(config: &Config) -> anyhow::Result<u8> {
    let (clock, random) = (Clock::system(), Random::system());
    let Some(live) = policies(config, &clock) else { return Ok(exit::FAILED) };
    let telemetry = Telemetry::start(config)?;
    let stores = Stores::configured(config).context("documents have no place")?;
    let store = Store::start(config).await?;
    let db = store.connect(config, live, clock.clone(), random.clone()).await?;
    let shutdown = Shutdown::new();
    shutdown.listen()?;
    let drained = async {
        let worker = Worker::new(db.clone(), config.into(), stores, random, Health::new(clock)).await?;
        worker.drain(&shutdown).await
    };
    let drained = drained.await;
    store.stop(db).await?;
    if let Err(error) = telemetry.stop().await {
        eprintln!("doorward: {error}");
    }
    let tally = drained?;
    println!("{tally}");
    Ok(if tally.dead() == 0 { 0 } else { exit::FAILED })
}

/// Shows in /readyz how the policy folder is.
fn tell(live: &Live, part: &Part) {
    match live.status().broken {
        None => part.ready(),
        Some((since, report)) => {
            let first = report
                .errors()
                .next()
                .map(|error| format!("{}:{}:{}: {}", error.file, error.line, error.column, error.message));
            let first = first.unwrap_or_default();
            let errors = report.errors().count();
            part.degraded(format!("broken on disk since {since}; the last good policies are in force; {errors} errors, first {first}"));
        }
    }
}

/// Shows in /readyz whether the bucket of the installation can be used. Nothing but documents and exports needs it.
async fn probe(stores: Stores, bucket: Part, shutdown: Shutdown) {
    loop {
        match stores.installation().probe().await {
            Ok(()) => bucket.ready(),
            Err(error) => bucket.degraded(error.to_string()),
        }
        tokio::select! {
            () = shutdown.stopping() => return,
            () = tokio::time::sleep(PROBE) => {}
        }
    }
}

/// Shows in /readyz whether the store answers, and whether decisions still have facts that are young enough.
async fn ping(db: Db, store: Part, facts: Option<Part>, bound: Duration, shutdown: Shutdown) {
    loop {
        match (&facts, db.facts_age()) {
            (Some(facts), Some(age)) if age > bound => {
                facts
                    .failed(format!("the store was read {:.0} s ago; nothing is decided", age.as_secs_f64()));
            }
            (Some(facts), _) => facts.ready(),
            (None, _) => {}
        }
        tokio::select! {
            () = shutdown.stopping() => return,
            () = tokio::time::sleep(PING) => {}
        }
        match db.ping().await {
            Ok(()) => store.ready(),
            Err(error) => {
                tracing::error!(%error, "the store does not answer");
                store.failed("the store does not answer");
            }
        }
    }
}
