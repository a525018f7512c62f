//! The programs of a Chromium that is installed on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The driver.
const DRIVERS: [&str; 1] = ["chromedriver"];

/// The browser, as packages and folders of programs name it.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "Chromium", "Google Chrome"];

/// Where packages put them, for those whose `$PATH` is short.
const PLACES: [&str; 7] = [
    "/usr/bin",
    "/usr/local/bin",
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/opt/homebrew/bin",
    "/Applications/Chromium.app/Contents/MacOS",
    "/Applications/Google Chrome.app/Contents/MacOS",
];

/// A `chromedriver` and the browser of the same major version, which is the only one that it understands.
#[derive(Clone, Debug)]
pub struct BrowserPrograms {
    driver: PathBuf,
    browser: PathBuf,
}

impl BrowserPrograms {
    /// Looks at `$CHROMEDRIVER_BIN` and `$CHROMIUM_BIN`, then in `$PATH`, then where packages put them.
    ///
    /// # Errors
    /// Nothing usable was found; the message says what to do.
    pub fn find() -> anyhow::Result<Self> {
        let drivers = named("CHROMEDRIVER_BIN", &DRIVERS);
        let browsers: Vec<(u32, PathBuf)> = named("CHROMIUM_BIN", &BROWSERS)
            .into_iter()
            .filter_map(|browser| Some((major(&browser)?, browser)))
            .collect();
        for driver in drivers {
            let Some(version) = major(&driver) else { continue };
            if let Some((_, browser)) = browsers.iter().find(|(other, _)| *other == version) {
                return Ok(Self { driver, browser: browser.clone() });
            }
        }
        anyhow::bail!(
            "no chromedriver with a Chromium of its version found: run `harness/install.sh`, or set CHROMEDRIVER_BIN \
             and CHROMIUM_BIN to their paths"
        )
    }

    /// Where the driver is.
    #[must_use]
    pub fn driver(&self) -> &Path {
        &self.driver
    }

    /// Where the browser is.
    #[must_use]
    pub fn browser(&self) -> &Path {
        &self.browser
    }
}

/// The program that a variable names, else all with one of these names.
fn named(variable: &str, names: &[&str]) -> Vec<PathBuf> {
    if let Some(program) = std::env::var_os(variable) {
        return vec![program.into()];
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(PLACES.map(PathBuf::from));
    let all = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    all.filter(|program| program.exists()).collect()
}

/// The major version; `None` when it is no such program.
fn major(program: &Path) -> Option<u32> {
    let answer = Command::new(program).arg("--version").output().ok()?;
    // "ChromeDriver 150.0.7871.100 (…)", "Chromium 150.0.7871.100 built on Debian GNU/Linux 12 (bookworm)"
    let answer = String::from_utf8(answer.stdout).ok()?;
    answer.split_whitespace().find_map(|word| word.split_once('.')?.0.parse().ok())
}
