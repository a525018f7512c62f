//! A headless Chromium for tests, driven over WebDriver.

use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

use crate::browser_programs::BrowserPrograms;
use crate::watch::{Stop, Watched};

/// How long the driver may take to answer first; generous, because machines that test also compile.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a browser may go on writing after its end was asked for.
const LEFTOVERS: Duration = Duration::from_secs(5);

/// What the driver says when it is ready, before its port.
const READY: &str = "was started successfully on port ";

/// How the browser is started: alone, without a window, and without calling home.
///
/// It is spoken to over a pipe, not a port: when the driver is gone, however it went, the pipe closes and the browser
/// ends. There is no sandbox, since tests also run as root and in containers; they only open pages of ours.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// A private WebDriver server on 127.0.0.1. It ends with the value, and when this process ends, and all browsers with it.
///
/// Each session is a browser of its own with an empty profile.
#[derive(Debug)]
pub struct Browser {
    programs: BrowserPrograms,
    port: u16,
    /// Before the folder: first the server stops.
    _driver: Watched,
    _folder: Folder,
}

/// The folder of profiles and logs. Browsers that were told to end may still write into it for a moment.
#[derive(Debug)]
struct Folder(TempDir);

impl Drop for Folder {
    fn drop(&mut self) {
        let begin = Instant::now();
        while std::fs::remove_dir_all(self.0.path()).is_err() && begin.elapsed() < LEFTOVERS {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Browser {
    /// Starts the driver. A browser only starts with a session.
    ///
    /// # Errors
    /// No program, or the driver's own words.
    pub fn start() -> anyhow::Result<Self> {
        let programs = BrowserPrograms::find()?;
        let folder = tempfile::Builder::new().prefix("doorward-browser-").tempdir()?;
        let root = folder.path();
        let path = root.join("log");
        let (log, mut words) = (File::create(&path)?, File::open(&path)?);
        let program = programs.driver().to_str().context("the path of chromedriver is not UTF-8")?;
        // Profiles, caches and crash reports are all in the folder, and go with it.
        let home = root.to_str().context("the name of the temporary folder is not UTF-8")?;
        let home =
            ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"].map(|name| format!("{name}={home}"));
        let mut command: Vec<&str> = vec!["env"];
        command.extend(home.iter().map(String::as_str));
        // It tells its port on standard output, which nobody would read.
        command.extend(["sh", "-c", "exec \"$0\" --port=0 >&2", program]);
        let mut driver =
            Watched::start(root, None, &command, Stop::Terminate, log).context("cannot start a shell")?;
        match port(&mut driver, &path) {
            Ok(port) => Ok(Self { programs, port, _driver: driver, _folder: Folder(folder) }),
            Err(error) => {
                let mut log = String::new();
                words.read_to_string(&mut log)?;
                Err(error.context(format!("{program} did not start:\n{log}")))
            }
        }
    }

    /// Where WebDriver is spoken.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What begins a session (the body of WebDriver's `POST /session`): the browser without scripts, and with a log of what
    /// its console says.
    #[must_use]
    pub fn capabilities(&self) -> String {
        let flags = FLAGS.map(|flag| format!("{flag:?}")).join(",");
        let program = self.programs.browser().display().to_string();
        format!(
            r#"{{"capabilities":{{"alwaysMatch":{{
                "goog:chromeOptions":{{
                    "binary":{program:?},"args":[{flags}],
                    "prefs":{{"profile.managed_default_content_settings.javascript":2}}
                }},
                "goog:loggingPrefs":{{"browser":"ALL"}}
            }}}}}}"#
        )
    }
}

/// The port that the driver has chosen, as soon as it answers there.
fn port(driver: &mut Watched, log: &Path) -> anyhow::Result<u16> {
    let begin = Instant::now();
    loop {
        let said = std::fs::read_to_string(log)?;
        let port = said.split_once(READY).and_then(|(_, rest)| rest.split_once('.')?.0.parse().ok());
        if let Some(port) = port
            && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        {
            return Ok(port);
        }
        if let Some(status) = driver.ended()? {
            anyhow::bail!("it ended: {status}");
        }
        anyhow::ensure!(begin.elapsed() < PATIENCE, "no answer within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
