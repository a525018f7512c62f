//! Opening and closing the store, for everything that works on it directly.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use authz::Live;
use runtime::{Clock, Config, Random};
use secrecy::SecretString;
use tenancy::Db;

use crate::{exit, identity};

/// How long connections may take to be given back at the end.
const CLOSE: Duration = Duration::from_secs(5);

/// The store, and what has to be stopped after it.
pub(crate) struct Store {
    url: SecretString,
    connections: u32,
    /// Which one it is, for people.
    pub(crate) described: String,
    #[cfg(feature = "embedded")]
    embedded: Option<runtime::Embedded>,
}

impl Store {
    pub(crate) async fn start(config: &Config) -> anyhow::Result<Self> {
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

    pub(crate) async fn connect(
        &self,
        config: &Config,
        policies: Arc<Live>,
        clock: Clock,
        random: Random,
    ) -> anyhow::Result<Db> {
        let db = Db::connect(&self.url, self.connections, policies, clock, random.clone()).await;
        let db = db.context("the store does not answer")?;
        db.migrate().await.context("the store's schema cannot be brought up to date")?;
        identity::give(db, config, &random).await
    }

    pub(crate) async fn stop(self, db: Db) -> anyhow::Result<()> {
        // A task that outlived the stop may still hold a connection: then the process leaves without it.
        if tokio::time::timeout(CLOSE, db.close()).await.is_err() {
            tracing::warn!("a connection to the store was still in use");
        }
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// Loads the policies, or prints everything that is wrong with them.
pub(crate) fn policies(config: &Config, clock: &Clock) -> Option<Arc<Live>> {
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
    let db = store.connect(config, live, clock, Random::system()).await?;
    println!("the schema is up to date ({})", store.described);
    store.stop(db).await?;
    Ok(0)
}
