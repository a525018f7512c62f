//! The store: a database of a private Postgres, filled with a world.

use std::process::Command;

use anyhow::Context as _;

use crate::cpu::Used;
use crate::server;
use crate::world::{ENTITIES, World};

/// What every process on the store needs to know.
pub(crate) const SECRET: &str = "a-secret-that-is-none-for-measuring-only";

/// A database with a world in it; dropped with the value.
pub(crate) struct Store {
    pub(crate) world: World,
    database: harness::Database,
}

impl Store {
    /// Makes a database with this many entities in it, in steps of a hundred.
    ///
    /// # Errors
    /// No Postgres, or a migration or the filling failed.
    pub(crate) fn with(entities: usize) -> anyhow::Result<Self> {
        let world = World { orgs: entities / ENTITIES };
        let database = harness::postgres()?.empty()?;
        let folder = tempfile::tempdir()?;
        let migrated = Command::new(server::doorward()?)
            .arg("migrate")
            .env("DATABASE_URL", &database.url)
            .env("DOORWARD_SECRET", SECRET)
            .env("DOORWARD_DATA", folder.path())
            .env("DOORWARD_POLICIES", server::repository().join("policies"))
            .output()?;
        let said = String::from_utf8_lossy(&migrated.stderr);
        anyhow::ensure!(migrated.status.success(), "doorward migrate: {said}");
        database
            .run(&format!("\\set orgs {}\n{}", world.orgs, include_str!("fill.sql")))
            .context("the store cannot be filled")?;
        Ok(Self { world, database })
    }

    /// Runs a script, and returns what it prints.
    ///
    /// # Errors
    /// The store does not answer, or something is wrong with the script.
    pub(crate) fn run(&self, script: &str) -> anyhow::Result<String> {
        self.database.run(script)
    }

    pub(crate) fn url(&self) -> &str {
        &self.database.url
    }

    /// The CPU time that the sessions of this database have used.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        let sessions = "select pid from pg_stat_activity where datname = current_database()
                        and pid <> pg_backend_pid()";
        let pids: Vec<u32> =
            self.database.run(sessions)?.lines().filter_map(|pid| pid.parse().ok()).collect();
        Used::by(&pids)
    }
}
