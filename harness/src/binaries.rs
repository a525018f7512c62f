//! The programs of a Postgres that is installed on this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest major version that Doorward supports.
const OLDEST: u32 = 15;

/// A folder that holds `initdb` and `postgres` of a version that Doorward supports.
#[derive(Clone, Debug)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Looks in `$PG_BIN`, then where packages put Postgres (newest first), then in `$PATH`.
    ///
    /// # Errors
    /// Nothing usable was found; the message says what to do.
    pub fn find() -> anyhow::Result<Self> {
        if let Some(folder) = std::env::var_os("PG_BIN") {
            let folder = PathBuf::from(folder);
            let major = major(&folder);
            anyhow::ensure!(
                major.is_some_and(|major| major >= OLDEST),
                "PG_BIN is {}, where there is no Postgres of version {OLDEST} or later",
                folder.display()
            );
            return Ok(Self { folder });
        }
        // The sort is stable: of equal versions the earlier place wins.
        let mut found: Vec<(u32, PathBuf)> =
            places().into_iter().filter_map(|place| Some((major(&place)?, place))).collect();
        found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
        match found.into_iter().next() {
            Some((major, folder)) if major >= OLDEST => Ok(Self { folder }),
            Some((major, folder)) => anyhow::bail!(
                "the newest Postgres found is {major}, in {}, and tests need {OLDEST} or later",
                folder.display()
            ),
            None => anyhow::bail!(
                "no Postgres programs found: run `harness/install.sh`, or set PG_BIN to the folder of initdb and postgres"
            ),
        }
    }

    /// The folder that they are in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Folders that may hold Postgres.
fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    // Debian and Ubuntu: one folder for each version; nothing of the server is in PATH.
    places.extend(children("/usr/lib/postgresql", |_| true).map(|version| version.join("bin")));
    // Packages of the Postgres project for Fedora and its family.
    places.extend(children("/usr", |name| name.starts_with("pgsql-")).map(|version| version.join("bin")));
    places.push("/usr/local/pgsql/bin".into());
    for brew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        places.extend(children(brew, |name| name.starts_with("postgresql")).map(|keg| keg.join("bin")));
    }
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path));
    }
    places
}

/// Entries of a folder (which need not exist) with a fitting name.
fn children(folder: &str, fits: impl Fn(&str) -> bool) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(move |path| path.file_name().and_then(OsStr::to_str).is_some_and(&fits))
}

/// The major version of the server in a folder; `None` when it is not complete.
fn major(folder: &Path) -> Option<u32> {
    if !folder.join("initdb").exists() {
        return None;
    }
    let answer = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", or "18beta1" instead of a number with a dot.
    let answer = String::from_utf8(answer.stdout).ok()?;
    let version = answer.split_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
