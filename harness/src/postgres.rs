//! A Postgres server for tests: a private one that this process starts, or one that somebody else did.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::psql::Psql;
use crate::watch::{Account, Watched};

/// The environment variable that names a running server: the URL of its maintenance database.
pub const VARIABLE: &str = "HARNESS_POSTGRES";

/// How long a server may take to answer first; generous, because machines that test also compile.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much memory a server's folder may need, in KiB: each test in flight has a database of 8 MB, and there is the
/// log of changes. Containers that do not say otherwise have 64 MB.
const ROOM: u64 = 2 * 1024 * 1024;

/// Nothing of it has to survive, so nothing is flushed. Vacuuming only disturbs those who clone a template.
const SETTINGS: [&str; 9] = [
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=64MB",
    "fsync=off",
    "synchronous_commit=off",
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
    _server: Option<Watched>,
    _folder: Option<TempDir>,
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
        Ok(Self { psql, _server: None, _folder: None })
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
        let mut server =
            Watched::start(folder.path(), account, &arguments, log).context("cannot start a shell")?;

        let psql = Psql::new(Some(binaries.program("psql")).filter(|program| program.exists()), &url(root));
        if let Err(error) = wait_for(&psql, &mut server) {
            let mut log = String::new();
            words.read_to_string(&mut log)?;
            return Err(
                error.context(format!("Postgres in {} did not start:\n{log}", binaries.folder().display()))
            );
        }
        Ok(Self { psql, _server: Some(server), _folder: Some(folder) })
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

/// Where the server's folder goes: into memory where there is room, for databases are cloned there in a tenth of the
/// time; else the usual place, unless a server that must not be root could not get in.
fn temporary() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if is_open(&memory) && free(&memory).is_some_and(|kibibytes| kibibytes >= ROOM) {
        return memory;
    }
    let usual = std::env::temp_dir();
    // The path of a socket must fit into about 100 bytes.
    if is_open(&usual) && usual.as_os_str().len() < 60 { usual } else { "/tmp".into() }
}

/// Whether every user can reach the folder.
fn is_open(folder: &Path) -> bool {
    folder.ancestors().all(|folder| folder.metadata().is_ok_and(|data| data.mode() & 0o001 != 0))
}

/// The free space of a folder in KiB.
fn free(folder: &Path) -> Option<u64> {
    let answer = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let answer = String::from_utf8(answer.stdout).ok()?;
    answer.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// Postgres refuses to run as root: the account to run as instead, when the owner of our own folder is root.
fn account(folder: &Path) -> anyhow::Result<Option<Account>> {
    if folder.metadata()?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = |wanted: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some(Account { user: fields.next()?.ok()?, group: fields.next()?.ok()? })
    };
    let nobody = Account { user: 65534, group: 65534 };
    Ok(Some(named("postgres").or_else(|| named("nobody")).unwrap_or(nobody)))
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
