//! A Redis for tests that this process starts, and that may fail in all the ways a Redis does.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

use crate::redis_server::RedisServer;
use crate::watch::{Stop, Watched};

/// How long a server may take to answer first; generous, because machines that test also compile.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ports to choose from: none that the kernel gives to outgoing connections. While the server is down, clients try to
/// connect again and again; from such a port one of them would reach itself some day, and keep the port.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How often another port is tried when somebody else was faster.
const ATTEMPTS: usize = 20;

/// A private server on 127.0.0.1 with a random password. It ends with the value, and when this process ends.
///
/// What a client has been told is in the log of the server (AOF), so that [`Redis::kill`] and
/// [`Redis::restart_keeping`] lose nothing.
#[derive(Debug)]
pub struct Redis {
    program: RedisServer,
    password: String,
    port: u16,
    running: Option<Running>,
    /// What the server that was killed had written.
    left: Option<TempDir>,
}

/// Fields are dropped in this order: first the server stops, then its folder goes.
#[derive(Debug)]
struct Running {
    _server: Watched,
    folder: TempDir,
    process: String,
}

impl Redis {
    /// Starts an empty server.
    ///
    /// # Errors
    /// No program, or the server's own words.
    pub fn start() -> anyhow::Result<Self> {
        let password = format!("{:016x}", RandomState::new().hash_one("password"));
        let mut redis = Self { program: RedisServer::find()?, password, port: 0, running: None, left: None };
        let mut outcome = Ok(());
        for attempt in 0..ATTEMPTS {
            redis.port = free_port(attempt)?;
            outcome = redis.run(folder()?);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| redis)
    }

    /// The URL that clients connect to, with the password. It stays the same over all restarts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", self.password, self.port)
    }

    /// Ends the server as `kill -9` does. Does nothing when it is not running.
    ///
    /// # Errors
    /// Its files cannot be kept.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let Some(running) = self.running.take() else { return Ok(()) };
        // Its folder goes when it ends. A stopped process writes no more than a killed one.
        running.signal("STOP")?;
        let left = folder()?;
        copy(&running.folder.path().join("data"), &left.path().join("data"))?;
        running.signal("KILL")?;
        self.left = Some(left);
        Ok(())
    }

    /// Starts the server on the same port with all it had been told; kills it first when it is running.
    ///
    /// # Errors
    /// The server's own words.
    pub fn restart_keeping(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        let folder = self.left.take().context("there is nothing to keep")?;
        self.run(folder)
    }

    /// Starts the server on the same port without any data; kills it first when it is running.
    ///
    /// # Errors
    /// The server's own words.
    pub fn restart_empty(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        self.left = None;
        self.run(folder()?)
    }

    /// Stops the server in the middle of what it does: connections stay open, and nobody answers.
    ///
    /// # Errors
    /// It is not running.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.running.as_ref().context("the server is not running")?.signal("STOP")
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// It is not running.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.running.as_ref().context("the server is not running")?.signal("CONT")
    }

    /// Starts a server in a folder, which may hold data of an earlier one.
    fn run(&mut self, folder: TempDir) -> anyhow::Result<()> {
        let root = folder.path();
        let data = root.join("data");
        std::fs::create_dir_all(&data)?;
        // In a file, for everybody may see the arguments of a process.
        let settings = root.join("redis.conf");
        write!(
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&settings)?,
            "bind 127.0.0.1\nport {}\nrequirepass {}\ndir \"{}\"\npidfile \"{}\"\nsave \"\"\nappendonly yes\nappendfsync no\n",
            self.port,
            self.password,
            data.display(),
            root.join("pid").display(),
        )?;
        let program = self.program.program().to_str().context("the path of Redis is not UTF-8")?;
        let settings = settings.to_str().context("the name of the temporary folder is not UTF-8")?;
        let path = root.join("log");
        let log = File::options().append(true).create(true).open(&path)?;
        let mut words = File::open(&path)?;
        // Redis tells what goes wrong on standard output, which nobody reads.
        let logfile = path.to_str().context("the name of the temporary folder is not UTF-8")?;
        let arguments = [program, settings, "--logfile", logfile];
        let mut server =
            Watched::start(root, None, &arguments, Stop::Interrupt, log).context("cannot start a shell")?;
        if let Err(error) = self.wait(&mut server) {
            let mut log = String::new();
            words.read_to_string(&mut log)?;
            return Err(error.context(format!("{program} did not start:\n{log}")));
        }
        let process = std::fs::read_to_string(root.join("pid"))?.trim().to_owned();
        self.running = Some(Running { _server: server, folder, process });
        Ok(())
    }

    /// Returns when the server answers.
    fn wait(&self, server: &mut Watched) -> anyhow::Result<()> {
        let begin = Instant::now();
        loop {
            if self.answers().unwrap_or(false) {
                return Ok(());
            }
            if let Some(status) = server.ended()? {
                anyhow::bail!("it ended: {status}");
            }
            anyhow::ensure!(begin.elapsed() < PATIENCE, "no answer within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether our own server answers: another one on this port would not know the password.
    fn answers(&self) -> std::io::Result<bool> {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(1)))?;
        connection.write_all(format!("AUTH {}\r\nPING\r\nQUIT\r\n", self.password).as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer.contains("+PONG"))
    }
}

impl Running {
    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([&format!("-{name}"), &self.process]).status()?;
        anyhow::ensure!(status.success(), "kill -{name} {} failed: {status}", self.process);
        Ok(())
    }
}

/// A folder that only its owner can read.
fn folder() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("doorward-redis-").tempdir()
}

/// A port that nobody listens on now.
fn free_port(attempt: usize) -> anyhow::Result<u16> {
    let count = u64::from(PORTS.end - PORTS.start);
    let start = RandomState::new().hash_one(attempt) % count;
    let mut candidates = (0..count)
        .filter_map(|step| u16::try_from((start + step) % count).ok())
        .map(|port| PORTS.start + port);
    candidates
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .with_context(|| format!("all ports of {PORTS:?} are taken"))
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
