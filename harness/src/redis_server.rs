//! The program of a Redis that is installed on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that Doorward supports: apalis' scripts use what came with it.
const OLDEST: (u32, u32) = (6, 2);

/// Redis, and its successor, which understands the same.
const NAMES: [&str; 2] = ["redis-server", "valkey-server"];

/// Where packages put it, for those whose `$PATH` is short.
const PLACES: [&str; 4] =
    ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin"];

/// A `redis-server` of a version that Doorward supports.
#[derive(Clone, Debug)]
pub struct RedisServer {
    program: PathBuf,
}

impl RedisServer {
    /// Looks at `$REDIS_BIN`, then in `$PATH`, then where packages put Redis.
    ///
    /// # Errors
    /// Nothing usable was found; the message says what to do.
    pub fn find() -> anyhow::Result<Self> {
        let usable = |program: &Path| version(program).is_some_and(|version| version >= OLDEST);
        if let Some(program) = std::env::var_os("REDIS_BIN") {
            let program = PathBuf::from(program);
            anyhow::ensure!(
                usable(&program),
                "REDIS_BIN is {}, which is no Redis of version {}.{} or later",
                program.display(),
                OLDEST.0,
                OLDEST.1
            );
            return Ok(Self { program });
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(PLACES.map(PathBuf::from));
        let mut programs = folders.flat_map(|folder| NAMES.map(|name| folder.join(name)));
        match programs.find(|program| usable(program)) {
            Some(program) => Ok(Self { program }),
            None => anyhow::bail!(
                "no Redis {}.{} or later found: run `harness/install.sh`, or set REDIS_BIN to the path of redis-server",
                OLDEST.0,
                OLDEST.1
            ),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }
}

/// Major and minor version; `None` when there is no such program.
fn version(program: &Path) -> Option<(u32, u32)> {
    let answer = Command::new(program).arg("--version").output().ok()?;
    // "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=…"
    let answer = String::from_utf8(answer.stdout).ok()?;
    let version = answer.split_whitespace().find_map(|word| word.strip_prefix("v="))?;
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}
