//! The store, and everything else that a transaction needs to decide and to write.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use authz::{Live, Snapshot};
use chrono::{DateTime, Utc};
use runtime::{Clock, Random};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::sync::{Notify, Semaphore};

use crate::access_token::Issuer;
use crate::address::Address;
use crate::announcements::Announcements;
use crate::cache::{Cache, CacheLimits};
use crate::decision_log::DecisionLog;
use crate::error::Result;
use crate::feed::{Feed, Follower, Line};
use crate::identity::{AccountSettings, Identity};
use crate::master_key::MasterKey;
use crate::password::Passwords;
use crate::permits::Permits;
use crate::signing_key::SigningKeys;
use crate::tx::{Request, Tx};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// From so many connections on, two of them are kept for looking at the store.
const SEPARATE: u32 = 4;

/// How many tokens are looked up at a time: a flood of unknown ones must not take all connections.
const TOKEN_LOOKUPS: usize = 2;

/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

/// The same for the one connection of the embedded engine, which everybody shares and which is slow to open.
const ACQUIRE_ONLY: Duration = Duration::from_secs(20);

/// The store with the policies, the clock and the randomness that go with it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    /// How the feed looks at the store: on a connection of its own, so that writers who take all others hold no
    /// decision up, and with another one to hear of changes. None where there are too few connections for that.
    own: Option<(PgConnectOptions, PgPool)>,
    token_lookups: Arc<Semaphore>,
    policies: Arc<Live>,
    clock: Clock,
    random: Random,
    cache: Arc<Cache>,
    feed: Arc<OnceLock<Feed>>,
    announcements: Arc<OnceLock<Announcements>>,
    jobs_due: Arc<Notify>,
    permits: Arc<Permits>,
    log: DecisionLog,
    identity: Arc<Identity>,
    request: Option<Arc<str>>,
}

impl Db {
    /// Connects to a Postgres (15 or later) with at most `connections` connections.
    ///
    /// # Errors
    /// If the URL is malformed or the store does not answer.
    pub async fn connect(
        url: &SecretString,
        connections: u32,
        policies: Arc<Live>,
        clock: Clock,
        random: Random,
    ) -> Result<Self> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let options = options.application_name("doorward");
        let separate = if connections < SEPARATE { 0 } else { 2 };
        let pool = pool(connections - separate).connect_with(options.clone()).await?;
        let own = (separate > 0).then(|| (options.clone(), self::pool(1).connect_lazy_with(options)));
        let cache = Arc::new(Cache::new(CacheLimits::default(), clock.clone()));
        let identity =
            Identity::new(AccountSettings::default(), MasterKey::ephemeral(&random), random.clone());
        Ok(Self {
            pool,
            own,
            token_lookups: Arc::new(Semaphore::new(TOKEN_LOOKUPS)),
            policies,
            clock,
            random,
            cache,
            feed: Arc::default(),
            announcements: Arc::default(),
            jobs_due: Arc::default(),
            permits: Arc::default(),
            log: DecisionLog::off(),
            identity: Arc::new(identity),
            request: None,
        })
    }

    /// The same store with other limits to its cache.
    #[must_use]
    pub fn with_cache(self, limits: CacheLimits) -> Self {
        let cache = Arc::new(Cache::new(limits, self.clock.clone()));
        Self { cache, feed: Arc::default(), ..self }
    }

    /// The same with a decision log; there is none to begin with.
    #[must_use]
    pub fn with_log(self, log: DecisionLog) -> Self {
        Self { log, ..self }
    }

    /// The same with what an installation knows of itself; to begin with, it has a secret that is known to nobody else.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        Self { identity: Arc::new(identity), ..self }
    }

    /// The address of the first administrator, if it is fixed.
    #[must_use]
    pub fn admin_email(&self) -> Option<&Address> {
        self.identity.settings.admin_email.as_ref()
    }

    /// The same for the questions of one request: its id stands in the decision log.
    #[must_use]
    pub fn serving(&self, request: &Request) -> Self {
        let id = (self.log.is_on() && !request.id.is_empty()).then(|| request.id.as_str().into());
        Self { request: id, ..self.clone() }
    }

    /// Waits until jobs may have become due, in this process or another. Once for each time that it happens.
    pub async fn jobs_due(&self) {
        self.announcements();
        self.jobs_due.notified().await;
    }

    /// Brings the schema up to date. Replicas that start together wait for one another.
    ///
    /// # Errors
    /// If a migration fails, or the store was migrated by a later version.
    pub async fn migrate(&self) -> Result<()> {
        MIGRATIONS.run(&self.pool).await.map_err(|error| crate::Error::Store(error.into()))
    }

    /// Begins a transaction for a request.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn begin(&self, request: Request) -> Result<Tx> {
        let inner = self.pool.begin().await?;
        let (snapshot, cache) = (self.policies.snapshot(), Arc::clone(&self.cache));
        let jobs_due = Arc::clone(&self.jobs_due);
        let (now, random) = (self.clock.now(), self.random.clone());
        Ok(Tx::new(inner, snapshot, cache, jobs_due, Arc::clone(&self.identity), now, random, request))
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        if let Some((_, listens)) = &self.own {
            listens.close().await;
        }
        self.pool.close().await;
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &Arc<Live> {
        &self.policies
    }

    /// The decision log.
    #[must_use]
    pub fn log(&self) -> &DecisionLog {
        &self.log
    }

    /// The id of the request that is served, if it is known.
    pub(crate) fn request(&self) -> Option<Arc<str>> {
        self.request.clone()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.policies.snapshot()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn random(&self) -> &Random {
        &self.random
    }

    /// The clock of the rules.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.identity.master_key
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.identity.passwords
    }

    pub(crate) fn signing_keys(&self) -> &SigningKeys {
        &self.identity.signing_keys
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.identity.settings.issuer
    }

    /// To be held while a token is looked up.
    pub(crate) fn token_lookups(&self) -> &Semaphore {
        &self.token_lookups
    }

    pub(crate) fn permits(&self) -> &Permits {
        &self.permits
    }

    pub(crate) fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// The feed; the first one who needs it sets it going.
    pub(crate) fn feed(&self) -> &Feed {
        self.feed.get_or_init(|| {
            let line = match &self.own {
                Some((options, _)) => {
                    Line::Own { options: Box::new(options.clone()), connection: None, count: 0 }
                }
                None => Line::Shared(self.pool.clone()),
            };
            let follower = Follower {
                line,
                pool: self.pool.clone(),
                cache: Arc::clone(&self.cache),
                policies: Arc::clone(&self.policies),
                clock: self.clock.clone(),
                is_failing: false,
            };
            Feed::follow(follower, Arc::clone(&self.announcements().changes))
        })
    }

    /// What other processes announce; the first one who wants to hear it begins the listening.
    pub(crate) fn announcements(&self) -> &Announcements {
        self.announcements.get_or_init(|| {
            let listens = self.own.as_ref().map(|(_, listens)| listens.clone());
            Announcements::listen(listens, Arc::clone(&self.jobs_due))
        })
    }
}

fn pool(connections: u32) -> PgPoolOptions {
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
    if connections > 1 {
        return pool;
    }
    // The embedded engine: its one connection is dear to open, so it is kept.
    pool.acquire_timeout(ACQUIRE_ONLY).min_connections(1).idle_timeout(None).max_lifetime(None)
}
