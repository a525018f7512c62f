//! Postgres inside the process, so that `doorward` alone is enough. Unix only.
//!
//! The engine (`pglite-oxide`, Postgres 17 as WebAssembly) serves **one connection at a time**: a second one waits
//! until the first has gone. It listens on a Unix socket in a folder that only its user may enter, and never on TCP,
//! because it knows no passwords.

mod folder;

use std::{
    fs::File,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use pglite_oxide::{PgliteProxy, install_and_init_in};
use tokio::sync::oneshot;
use url::form_urlencoded::byte_serialize;

use crate::Error;
use folder::SocketFolder;

/// How long a stop waits for the last connection to go.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause after a connection broke, so that a lasting fault does not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(20);

/// Only names the socket file: `.s.PGSQL.5432`.
const PORT: u16 = 5432;

/// A running embedded Postgres. Dropping it lets it end after its last connection.
#[derive(Debug)]
pub struct Embedded {
    connection: Connection,
    stop: Arc<AtomicBool>,
    ended: oneshot::Receiver<()>,
}

/// How to connect. There is no password: who may enter the folder may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The folder of the socket, absolute.
    pub folder: PathBuf,
    /// The port, which only names the socket file.
    pub port: u16,
    /// The role, a superuser.
    pub user: &'static str,
    /// The database.
    pub database: &'static str,
    /// How many connections it serves at a time.
    pub connections: u32,
}

impl Connection {
    /// The same as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        let Self { folder, port, user, database, .. } = self;
        // `byte_serialize` writes a space as `+`, which only forms understand.
        let folder =
            byte_serialize(folder.to_string_lossy().as_bytes()).collect::<String>().replace('+', "%20");
        format!("postgresql:///{database}?host={folder}&port={port}&user={user}&sslmode=disable")
    }

    fn socket(&self) -> PathBuf {
        socket(&self.folder)
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

impl Embedded {
    /// Starts Postgres with its files in `<data>/postgres`, which is made if it is not there.
    ///
    /// The socket lies in `<data>/socket`, or in a new private folder for temporary files where that path is too long
    /// for a socket.
    ///
    /// # Errors
    ///
    /// [`Error::DataInUse`] when another process works on the folder, [`Error::Folder`] when it cannot be made or
    /// read, [`Error::Embedded`] when the engine fails.
    pub async fn start(data: &Path) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let (started, start) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let (data, stopping) = (data.to_owned(), Arc::clone(&stop));
        // The engine blocks its thread and must not meet an async runtime there.
        thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                match Engine::open(&data, stopping) {
                    Ok(engine) => {
                        // An error means that nobody waits any more: then the flag is set, and serving ends at once.
                        let _ = started.send(Ok(engine.connection()));
                        engine.serve();
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
                let _ = end.send(());
            })
            .map_err(|error| Error::Embedded(error.to_string()))?;
        let connection = start.await.map_err(|_| Error::Embedded("it ended while starting".to_owned()))??;
        Ok(Self { connection, stop, ended })
    }

    /// How to connect.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Ends Postgres and frees the data folder. Close the connection before.
    ///
    /// # Errors
    ///
    /// [`Error::Embedded`] when a connection is still open after five seconds. What was committed is safe even then.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.ask_to_stop();
        tokio::time::timeout(PATIENCE, &mut self.ended)
            .await
            .map_err(|_| Error::Embedded("a connection to it is still open".to_owned()))?
            .map_err(|_| Error::Embedded("it ended before it was asked to".to_owned()))
    }

    fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread if it waits for a connection.
        let _ = UnixStream::connect(self.connection.socket());
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

/// What the thread owns; the data folder stays locked for as long as this lives.
struct Engine {
    proxy: PgliteProxy,
    listener: UnixListener,
    stop: Arc<AtomicBool>,
    sockets: SocketFolder,
    _lock: File,
}

impl Engine {
    fn open(data: &Path, stop: Arc<AtomicBool>) -> Result<Self, Error> {
        let data = folder::private(data)?;
        let lock = folder::lock(&data)?;
        let files = folder::private(&data.join("postgres"))?;
        let sockets = SocketFolder::below(&data)?;
        install_and_init_in(&files).map_err(|error| Error::Embedded(format!("{error:#}")))?;
        let listener = sockets.listen(&socket(sockets.path()))?;
        Ok(Self { proxy: PgliteProxy::new(files), listener, stop, sockets, _lock: lock })
    }

    fn connection(&self) -> Connection {
        Connection {
            folder: self.sockets.path().to_owned(),
            port: PORT,
            user: "postgres",
            database: "postgres",
            connections: 1,
        }
    }

    fn serve(self) {
        while !self.stop.load(Ordering::SeqCst) {
            // A client that goes away in the middle of an answer is an error here; the next one must be served.
            if let Err(error) = self.proxy.accept_unix_once(&self.listener) {
                tracing::warn!(error = format!("{error:#}"), "a connection to the embedded Postgres broke");
                thread::sleep(PAUSE);
            }
        }
    }
}
