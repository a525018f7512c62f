//! A Postgres server for tests: a private one that this process starts, or one that somebody else did.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::place::{account, temporary};
use crate::psql::Psql;
use crate::watch::{Account, Stop, Watched};

/// The environment variable that names a running server: the URL of its maintenance database.
pub const VARIABLE: &str = "HARNESS_POSTGRES";

/// How long a server may take to answer first; generous, because machines that test also compile.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nothing of it has to survive the machine, so nothing is flushed; but a commit is with the operating system before it is
/// answered, so that it survives [`Postgres::kill`]. Vacuuming only disturbs those who clone a template.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=64MB",
    "fsync=off",
    "full_page_writes=off",
    "max_wal_size=256MB",
    "autovacuum=off",
    "logging_collector=off",
];

/// A server that test databases are made on.
#[derive(Debug)]
pub struct Postgres {
    psql: Psql,
    /// Fields are dropped in this order: first the server stops, then its folder goes.
    server: Option<Watched>,
    folder: Option<TempDir>,
    is_killed: bool,
}

impl Postgres {
    /// A server that somebody else runs, by the URL of a database whose user may create others.
    ///
    /// # Errors
    /// It does not answer.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let program = Binaries::find().map(|binaries| binaries.program("psql")).ok();
        let psql = Psql::new(program.filter(|program| program.exists()), url);
        psql.run("select 1").with_context(|| format!("the Postgres of {VARIABLE} does not answer"))?;
        Ok(Self { psql, server: None, folder: None, is_killed: false })
    }

    /// Starts a server of its own in a temporary folder, reachable only by a socket in there.
    ///
    /// A socket because a folder can be closed to other users without a password, and no other process can take its
    /// place between the choice of a port and the start. It ends with the value, and when this process ends.
    ///
    /// # Errors
    /// No programs, or the server's own words.
    pub fn start() -> anyhow::Result<Self> {
        let binaries = Binaries::find()?;
        let folder = tempfile::Builder::new().prefix("doorward-").tempdir_in(temporary())?;
        let account = account(folder.path())?;
        let root = folder.path().to_str().context("the name of the temporary folder is not UTF-8")?;
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700))?;
        if let Some(account) = account {
            std::os::unix::fs::chown(root, Some(account.user), Some(account.group))
                .context("root must hand the server's folder to another user, and may not")?;
        }

        let data = format!("{root}/data");
        initialize(&binaries, account, folder.path(), &data)?;

        let program = binaries.program("postgres");
        let program = program.to_str().context("the path of Postgres is not UTF-8")?;
        let mut arguments = vec![program, "-D", &data, "-k", root, "-p", "5432"];
        arguments.extend(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        // Two handles: each has its own position, and this one can be read after the file has been removed.
        let path = folder.path().join("log");
        let log = File::options().append(true).create(true).open(&path)?;
        let mut words = File::open(&path)?;
        let mut server = Watched::start(folder.path(), account, &arguments, Stop::Interrupt, log)
            .context("cannot start a shell")?;

        let psql = Psql::new(Some(binaries.program("psql")).filter(|program| program.exists()), &url(root));
        if let Err(error) = wait_for(&psql, &mut server) {
            let mut log = String::new();
            words.read_to_string(&mut log)?;
            return Err(
                error.context(format!("Postgres in {} did not start:\n{log}", binaries.folder().display()))
            );
        }
        Ok(Self { psql, server: Some(server), folder: Some(folder), is_killed: false })
    }

    /// Ends the server as `kill -9` does. Does nothing when it is killed already.
    ///
    /// # Errors
    /// Somebody else runs it.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let is_killed = self.is_killed;
        let (server, folder) = self.own()?;
        if !is_killed {
            let socket = folder.join(".s.PGSQL.5432");
            server.kill()?;
            self.is_killed = true;
            let begin = Instant::now();
            while UnixStream::connect(&socket).is_ok() {
                anyhow::ensure!(begin.elapsed() < PATIENCE, "the server that was killed still answers");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    /// Starts the server at the same place with all that was committed; kills it first when it is running.
    ///
    /// # Errors
    /// Somebody else runs it, or it does not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        let psql = self.psql.clone();
        let (server, _) = self.own()?;
        server.start_again()?;
        wait_for(&psql, server)?;
        self.is_killed = false;
        Ok(())
    }

    fn own(&mut self) -> anyhow::Result<(&mut Watched, PathBuf)> {
        let folder = self.folder.as_ref().map(|folder| folder.path().to_owned());
        self.server.as_mut().zip(folder).context("somebody else runs this server")
    }

    /// The URL of the maintenance database.
    #[must_use]
    pub fn url(&self) -> &str {
        self.psql.url()
    }

    pub(crate) fn psql(&self) -> &Psql {
        &self.psql
    }
}

/// The URL of a server with its socket in `folder`, in a form that both libpq and sqlx read.
fn url(folder: &str) -> String {
    let mut host = String::new();
    for byte in folder.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => host.push(char::from(byte)),
            _ => host.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("postgres://doorward@localhost/postgres?host={host}&port=5432")
}

/// Makes the files of an empty server.
fn initialize(
    binaries: &Binaries,
    account: Option<Account>,
    folder: &Path,
    data: &str,
) -> anyhow::Result<()> {
    let mut command = Command::new(binaries.program("initdb"));
    command.args(["-D", data, "-U", "doorward", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
    command.current_dir(folder);
    if let Some(account) = account {
        account.apply(&mut command);
    }
    let output = command.output().context("cannot run initdb")?;
    anyhow::ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Returns when the server answers.
fn wait_for(psql: &Psql, server: &mut Watched) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let Err(error) = psql.run("select 1") else { return Ok(()) };
        if let Some(status) = server.ended()? {
            anyhow::bail!("it ended: {status}");
        }
        if begin.elapsed() > PATIENCE {
            return Err(error.context(format!("no answer within {PATIENCE:?}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
