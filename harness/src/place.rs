//! Where the folder of a server goes, and as whom the server runs.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::watch::Account;

/// How much memory a server's folder may need, in KiB: each test in flight has a database of 8 MB, and there is the
/// log of changes. Containers that do not say otherwise have 64 MB.
const ROOM: u64 = 2 * 1024 * 1024;

/// Where the server's folder goes: into memory where there is room, for databases are cloned there in a tenth of the
/// time; else the usual place, unless a server that must not be root could not get in.
pub(crate) fn temporary() -> PathBuf {
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
pub(crate) fn account(folder: &Path) -> anyhow::Result<Option<Account>> {
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
