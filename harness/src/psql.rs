//! SQL by way of `psql`, so that the harness needs no driver.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// What would make `psql` connect elsewhere than the URL says.
const MISLEADING: [&str; 6] = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGOPTIONS", "PGSSLMODE"];

/// `psql`, connecting to one database.
#[derive(Clone, Debug)]
pub(crate) struct Psql {
    program: PathBuf,
    url: String,
}

impl Psql {
    /// With this program, or the one in `$PATH`.
    pub(crate) fn new(program: Option<PathBuf>, url: &str) -> Self {
        Self { program: program.unwrap_or_else(|| "psql".into()), url: url.to_owned() }
    }

    /// The same server, another database.
    pub(crate) fn on(&self, database: &str) -> Self {
        Self { program: self.program.clone(), url: with_database(&self.url, database) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a script, which stops at its first error, and returns what it printed.
    pub(crate) fn run(&self, script: &str) -> anyhow::Result<String> {
        let mut child = self.command().stderr(Stdio::piped()).spawn().with_context(|| self.missing())?;
        let mut stdin = child.stdin.take().context("psql has no standard input")?;
        // A psql that has failed does not read on: its exit status tells, not the broken pipe.
        let _ = stdin.write_all(script.as_bytes());
        drop(stdin);
        let output = child.wait_with_output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs a file, in one transaction unless its first line is `-- no-transaction`, as sqlx does it.
    pub(crate) fn run_file(&self, file: &Path) -> anyhow::Result<()> {
        let script = std::fs::read_to_string(file)?;
        let script = if script.starts_with("-- no-transaction") {
            script
        } else {
            format!("begin;{script}\n;commit;\n")
        };
        self.run(&script).with_context(|| format!("{}", file.display()))?;
        Ok(())
    }

    /// Waits for the lock of this name, which processes on the same server share; held until the value is dropped.
    pub(crate) fn lock(&self, name: &str) -> anyhow::Result<Lock> {
        let mut session = self.command().stderr(Stdio::inherit()).spawn().with_context(|| self.missing())?;
        let stdin = session.stdin.as_mut().context("psql has no standard input")?;
        // By a query: psql flushes its output after that, and not after \echo.
        writeln!(stdin, "select 'locked' || pg_advisory_lock(hashtext({}))::text;", quoted(name))?;
        stdin.flush()?;
        let mut answer = String::new();
        let stdout = session.stdout.take().context("psql has no standard output")?;
        BufReader::new(stdout).read_line(&mut answer)?;
        let lock = Lock { session };
        anyhow::ensure!(answer.trim() == "locked", "the lock of {name} was not granted: {answer:?}");
        Ok(lock)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d", &self.url]);
        for name in MISLEADING {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    fn missing(&self) -> String {
        format!("cannot run {}", self.program.display())
    }
}

/// A lock on the server, held by an open session.
#[derive(Debug)]
pub(crate) struct Lock {
    session: Child,
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.session.stdin.take());
        // Nothing to do about a session that is gone: the server has released its lock.
        let _ = self.session.wait();
    }
}

/// A string as SQL writes it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The URL with another database in the place of its own.
fn with_database(url: &str, database: &str) -> String {
    let (rest, query) = match url.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (url, String::new()),
    };
    let authority = rest.find("://").map_or(0, |at| at + 3);
    let end = rest[authority..].find('/').map_or(rest.len(), |at| authority + at);
    format!("{}/{database}{query}", &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_a_url_is_replaced() {
        assert_eq!(with_database("postgres://a@b:1/c?host=%2Fd", "e"), "postgres://a@b:1/e?host=%2Fd");
        assert_eq!(with_database("postgres://a:p@b", "e"), "postgres://a:p@b/e");
    }
}
