//! A Doorward in a folder of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with policies and data, in which commands are run.
pub(crate) struct Home {
    folder: TempDir,
    environment: Vec<(String, String)>,
    database: Option<harness::Database>,
}

impl Home {
    /// With the embedded Postgres.
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&repository().join("policies"), &folder.path().join("policies"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let environment = vec![("DOORWARD_LISTEN".to_owned(), format!("127.0.0.1:{port}"))];
        Self { folder, environment, database: None }
    }

    /// With a database of the harness.
    pub(crate) fn new() -> Self {
        // Doorward migrates it itself.
        Self::on(harness::database("empty", |_| Ok(())).unwrap())
    }

    /// With this database.
    pub(crate) fn on(database: harness::Database) -> Self {
        let mut home = Self::embedded();
        home.set("DATABASE_URL", &database.url);
        home.database = Some(database);
        home
    }

    pub(crate) fn database(&self) -> &harness::Database {
        self.database.as_ref().expect("a database of the harness")
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args(arguments).current_dir(self.folder.path()).envs(self.environment.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Starts a server and waits until it has said where it listens, and a key if it makes one.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self.command(&[]))
    }
}

/// A running server, killed when the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) banner: String,
    pub(crate) told: std::sync::mpsc::Receiver<String>,
}

impl Server {
    /// Starts a command that serves, and waits for its banner.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let banner = lines
            .next()
            .unwrap_or_else(|| panic!("ended: {}", Ended::from(wait(&mut child)).stderr))
            .unwrap();
        let address = banner.split_whitespace().nth(3).unwrap().to_owned();
        // Nobody reads the log, and a full pipe would hold the process up.
        let mut log = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, address, banner, told }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop as an operator would, and returns its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Insists on an exit code.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn wait(child: &mut Child) -> Output {
    let mut stderr = vec![];
    std::io::copy(child.stderr.as_mut().unwrap(), &mut stderr).unwrap();
    Output { status: child.wait().unwrap(), stdout: vec![], stderr }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
