//! `doorward` and `doorward serve`: puts the parts together, and takes them apart again in order.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use api::{App, ControlSocket, Listener};
use authz::Live;
use runtime::config::Listen;
use runtime::health::Part;
use runtime::{Clock, Config, Health, Metrics, Random, Shutdown, Telemetry};
use secrecy::{ExposeSecret as _, SecretString};
use tenancy::decision_log::{LogTask, Settings};
use tenancy::{CacheLimits, Db, DecisionLog, Token, api_key};

use crate::exit;

/// How often the store is asked whether it answers.
const PING: Duration = Duration::from_secs(2);

/// The store, and what has to be stopped after it.
struct Store {
    url: SecretString,
    connections: u32,
    described: String,
    #[cfg(feature = "embedded")]
    embedded: Option<runtime::Embedded>,
}

impl Store {
    async fn start(config: &Config) -> anyhow::Result<Self> {
        fs::create_dir_all(&config.data)
            .and_then(|()| fs::set_permissions(&config.data, fs::Permissions::from_mode(0o700)))
            .with_context(|| format!("the data folder {} cannot be used", config.data.display()))?;
        if let Some(url) = &config.database_url {
            return Ok(Self {
                url: url.clone(),
                connections: config.database_connections.get(),
                described: "Postgres of DATABASE_URL".into(),
                #[cfg(feature = "embedded")]
                embedded: None,
            });
        }
        #[cfg(feature = "embedded")]
        {
            let embedded = runtime::Embedded::start(&config.data).await?;
            let connection = embedded.connection();
            Ok(Self {
                url: connection.url().into(),
                connections: connection.connections,
                described: format!("embedded Postgres in {}/", config.data.display()),
                embedded: Some(embedded),
            })
        }
        #[cfg(not(feature = "embedded"))]
        anyhow::bail!("this build has no embedded Postgres: set DATABASE_URL")
    }

    async fn connect(&self, policies: Arc<Live>, clock: Clock, random: Random) -> anyhow::Result<Db> {
        let db = Db::connect(&self.url, self.connections, policies, clock, random).await;
        let db = db.context("the store does not answer")?;
        db.migrate().await.context("the store's schema cannot be brought up to date")?;
        Ok(db)
    }

    async fn stop(self, db: Db) -> anyhow::Result<()> {
        db.close().await;
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// Loads the policies, or prints everything that is wrong with them.
fn policies(config: &Config, clock: &Clock) -> Option<Arc<Live>> {
    match Live::open(&config.policies, tenancy::ACTIONS, clock.clone()) {
        Ok(live) => Some(live),
        Err(report) => {
            eprintln!("{report}");
            eprintln!(
                "doorward: the policy folder {} is broken; nothing was started",
                config.policies.display()
            );
            None
        }
    }
}

/// Brings the schema up to date.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<u8> {
    let clock = Clock::system();
    let Some(live) = policies(config, &clock) else { return Ok(exit::FAILED) };
    let store = Store::start(config).await?;
    let db = store.connect(live, clock, Random::system()).await?;
    println!("the schema is up to date ({})", store.described);
    store.stop(db).await?;
    Ok(0)
}

/// Follows the audit log's chains and tells where they do not hold.
pub(crate) async fn verify_audit(config: &Config) -> anyhow::Result<u8> {
    let clock = Clock::system();
    let Some(live) = policies(config, &clock) else { return Ok(exit::FAILED) };
    let store = Store::start(config).await?;
    let db = store.connect(live, clock, Random::system()).await?;
    let (entries, breaks) = db.verify_audit().await?;
    for found in &breaks {
        println!("chain {} entry {}: {}", found.chain, found.seq, found.problem);
    }
    println!("{entries} entries, {} breaks", breaks.len());
    store.stop(db).await?;
    Ok(if breaks.is_empty() { 0 } else { exit::FAILED })
}

/// Serves until a signal.
pub(crate) async fn serve(config: &Config) -> anyhow::Result<u8> {
    let (clock, random) = (Clock::system(), Random::system());
    let Some(live) = policies(config, &clock) else { return Ok(exit::FAILED) };
    let bootstrap = match &config.bootstrap_key {
        Some(key) => Some(Token::parse(key.expose_secret()).context("DOORWARD_BOOTSTRAP_KEY is no token")?),
        None => None,
    };
    let telemetry = Telemetry::start(config)?;
    let metrics = Metrics::install()?;
    let health = Health::new(clock.clone());
    let (database, facts) = (health.part("database"), health.part("facts"));
    let folder = health.part("policies");
    let shutdown = Shutdown::new();
    shutdown.listen()?;

    // The addresses first: a second Doorward should fail before it touches the store.
    let mut listeners = vec![];
    for at in &config.listen {
        let listener = Listener::open(at, config.socket_mode).await;
        listeners.push(listener.with_context(|| format!("cannot listen on {at} (DOORWARD_LISTEN)"))?);
    }
    let addresses: Vec<String> = listeners.iter().map(Listener::to_string).collect();
    let store = Store::start(config).await?;
    let limits = CacheLimits { bytes: config.cache_bytes as u64, staleness: config.max_staleness };
    let log = DecisionLog::new(Settings::from(config));
    let db = store.connect(live.clone(), clock, random.clone()).await?.with_cache(limits).with_log(log);
    let log = LogTask::start(&db);
    let first_key = api_key::bootstrap(&db, bootstrap.as_ref()).await?;
    let control = ControlSocket::open(&config.data).context("the control socket cannot be opened")?;

    tell(&live, &folder);
    let watch = live.watch(move |live| tell(live, &folder))?;
    database.ready();
    shutdown.spawn(ping(db.clone(), (database, facts), config.max_staleness, shutdown.clone()));
    let app = App::new(db.clone(), health, metrics, random, config);
    let api = shutdown.spawn({
        let (app, stop) = (app.clone(), shutdown.clone());
        async move { api::serve(&app, listeners, stop).await }
    });
    let control = shutdown.spawn({
        let (app, stop) = (app, shutdown.clone());
        async move { control.serve(&app, stop).await }
    });

    println!("Doorward listens on {} ({})", addresses.join(" and "), store.described);
    for at in &config.listen {
        if let Listen::Unix(path) = at {
            println!("Try: curl --unix-socket {} http://localhost/healthz", path.display());
        }
    }
    if let Some(token) = first_key {
        println!("API key for this first run: {}  (shown once)", token.reveal());
    }
    let served = tokio::select! {
        () = shutdown.stopping() => Ok(()),
        ended = api => ended.context("the API ended"),
        ended = control => ended.context("the control socket ended"),
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
    served.map(|()| 0)
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

/// Shows in /readyz whether the store answers, and whether decisions still have facts that are young enough.
async fn ping(db: Db, (store, facts): (Part, Part), bound: Duration, shutdown: Shutdown) {
    loop {
        match db.facts_age() {
            Some(age) if age > bound => {
                facts
                    .failed(format!("the store was read {:.0} s ago; nothing is decided", age.as_secs_f64()));
            }
            _ => facts.ready(),
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
