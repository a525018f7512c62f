//! A database for one test, cloned from a template that a run makes once.

use std::hash::{BuildHasher, RandomState};

use anyhow::Context;

use crate::postgres::Postgres;
use crate::psql::{Psql, quoted};

/// Names of databases end at 63 bytes, and ours get an ending of 17.
const LONGEST: usize = 40;

/// A database of its own. Dropping the value drops the database, and whoever is still connected with it.
#[derive(Debug)]
pub struct Database {
    /// Where it is.
    pub url: String,
    name: String,
    server: Psql,
}

impl Postgres {
    /// A new database, cloned from `template`; see [`crate::database`].
    ///
    /// # Errors
    /// A bad name, or what `prepare` or the server said.
    pub fn database(
        &self,
        template: &str,
        prepare: impl FnOnce(&str) -> Result<(), String>,
    ) -> anyhow::Result<Database> {
        let ours = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        anyhow::ensure!(
            template.starts_with(|first: char| first.is_ascii_lowercase())
                && template.len() <= LONGEST
                && template.bytes().all(ours),
            "{template:?} cannot name a template: a letter, then letters, digits and _, all lower-case, at most {LONGEST}"
        );
        if let Some(database) = self.copy(template)? {
            return Ok(database);
        }
        let lock = self.psql().lock(template)?;
        // Another one may have made it while this one waited for the lock.
        if !self.has(template)? {
            self.make(template, prepare)?;
        }
        drop(lock);
        self.copy(template)?.with_context(|| format!("the template {template} is gone"))
    }

    /// An empty database.
    ///
    /// # Errors
    /// What the server said.
    pub fn empty(&self) -> anyhow::Result<Database> {
        self.copy("template1")?.context("the server has no template1")
    }

    /// Whether there is a database of that name.
    ///
    /// # Errors
    /// What the server said.
    pub fn has(&self, name: &str) -> anyhow::Result<bool> {
        let rows = self.psql().run(&format!("select 1 from pg_database where datname = {}", quoted(name)))?;
        Ok(!rows.is_empty())
    }

    /// A new database like the template; `None` when there is no template yet.
    ///
    /// One run of psql for both: this is what every test waits for.
    fn copy(&self, template: &str) -> anyhow::Result<Option<Database>> {
        // Random, not counted: test processes that know nothing of each other share the server.
        let name = format!("{template}_{:016x}", RandomState::new().hash_one(template));
        let made = self.psql().run(&format!(
            "select exists(select from pg_database where datname = {}) as known \\gset\n\
             \\if :known\n\
             create database {name} template {template};\n\
             select 'made';\n\
             \\endif\n",
            quoted(template)
        ))?;
        if made.is_empty() {
            return Ok(None);
        }
        let url = self.psql().on(&name).url().to_owned();
        Ok(Some(Database { url, name, server: self.psql().clone() }))
    }

    /// Makes the template under another name, and gives it its own when it is complete.
    fn make(&self, template: &str, prepare: impl FnOnce(&str) -> Result<(), String>) -> anyhow::Result<()> {
        let draft = format!("{template}_draft");
        let remove = format!("drop database if exists {draft} with (force);");
        // What a process left that was killed halfway.
        self.psql().run(&format!("{remove}\ncreate database {draft};"))?;
        if let Err(error) = prepare(self.psql().on(&draft).url()) {
            self.psql().run(&remove)?;
            anyhow::bail!("cannot prepare the template {template}: {error}");
        }
        // Nobody may be connected with a database that is renamed or cloned: not now, not later.
        self.psql().run(&format!(
            "alter database {draft} allow_connections false;\n\
             select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{draft}';\n\
             alter database {draft} rename to {template};"
        ))?;
        Ok(())
    }
}

impl Database {
    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL with `psql`: values of a row separated by `|`, rows by line ends.
    ///
    /// # Errors
    /// What the server said.
    pub fn run(&self, script: &str) -> anyhow::Result<String> {
        self.server.on(&self.name).run(script)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Not worth failing a test: the whole server goes away after the run.
        let _ = self.server.run(&format!("drop database if exists {} with (force)", self.name));
    }
}
