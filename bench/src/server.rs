//! The servers that are measured, each a process of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::connection::{Connection, Place};
use crate::request::KEY;
use crate::store::{SECRET, Store};

/// How long a server may take to become ready.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a starting server is asked.
const PROBE: Duration = Duration::from_millis(1);

/// A running server, killed when the value is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) place: Place,
    /// From the start of the process until it said that it is ready.
    pub(crate) ready_after: Duration,
    /// What it writes, its output among it.
    _folder: tempfile::TempDir,
}

impl Server {
    /// Doorward as it ships, by TCP.
    ///
    /// # Errors
    /// It ended, with its own words.
    pub(crate) fn doorward(store: &Store, policies: &Path) -> anyhow::Result<Self> {
        let place = free_port()?;
        let Place::Tcp(address) = &place else { unreachable!("free_port gives a port") };
        let listen = address.to_string();
        Self::doorward_on(store, policies, place, &listen, tempfile::tempdir()?)
    }

    /// Doorward as it ships, on a Unix socket.
    ///
    /// # Errors
    /// It ended, with its own words.
    pub(crate) fn doorward_by_socket(store: &Store, policies: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("http.sock");
        let listen = format!("unix:{}", path.display());
        Self::doorward_on(store, policies, Place::Unix(path), &listen, folder)
    }

    fn doorward_on(
        store: &Store,
        policies: &Path,
        place: Place,
        listen: &str,
        folder: tempfile::TempDir,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(doorward()?);
        command
            .arg("serve")
            .env("DATABASE_URL", store.url())
            .env("DOORWARD_SECRET", SECRET)
            .env("DOORWARD_LISTEN", listen)
            .env("DOORWARD_DATA", folder.path().join("data"))
            .env("DOORWARD_POLICIES", policies)
            .env("DOORWARD_BOOTSTRAP_KEY", KEY);
        Self::start(&mut command, place, "/readyz", folder)
    }

    /// This program once more, as one of the servers to compare with: `bench <kind> <address> …`.
    ///
    /// # Errors
    /// It ended.
    pub(crate) fn ours(kind: &str, arguments: &[&Path]) -> anyhow::Result<Self> {
        let place = free_port()?;
        let Place::Tcp(address) = &place else { unreachable!("free_port gives a port") };
        let mut command = Command::new(std::env::current_exe()?);
        command.args([kind, &address.to_string()]).args(arguments);
        Self::start(&mut command, place, "/readyz", tempfile::tempdir()?)
    }

    /// Starts a server and waits until `probe` is answered with 200. It runs in `folder`.
    ///
    /// # Errors
    /// It ended, or does not become ready.
    pub(crate) fn start(
        command: &mut Command,
        place: Place,
        probe: &str,
        folder: tempfile::TempDir,
    ) -> anyhow::Result<Self> {
        let log = folder.path().join("log");
        let output = File::create(&log)?;
        command.current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot run {:?}", command.get_program()))?;
        let mut server = Self { child, place, ready_after: Duration::ZERO, _folder: folder };
        let request = format!("GET {probe} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        loop {
            if server.answers(&request) {
                server.ready_after = start.elapsed();
                return Ok(server);
            }
            let said = || fs::read_to_string(&log).unwrap_or_default();
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("it ended with {status}: {}", said());
            }
            anyhow::ensure!(start.elapsed() < PATIENCE, "it does not become ready: {}", said());
            thread::sleep(PROBE);
        }
    }

    fn answers(&self, request: &str) -> bool {
        let ask = || {
            let mut connection = Connection::open(&self.place)?;
            connection.send(request.as_bytes())?;
            connection.receive()
        };
        ask().is_ok_and(|status| status == 200)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
///
/// # Errors
/// There is none.
pub(crate) fn free_port() -> anyhow::Result<Place> {
    Ok(Place::Tcp(TcpListener::bind("127.0.0.1:0")?.local_addr()?))
}

/// The `doorward` that was built beside this program.
///
/// # Errors
/// It was not built.
pub(crate) fn doorward() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("doorward");
    anyhow::ensure!(program.exists(), "there is no doorward beside this program: run `make bench`");
    Ok(program)
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
