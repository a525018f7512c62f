//! Mails as files, where no server is configured.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tenancy::JobId;

use super::error::{SendError, Stage};

/// A folder of `.eml` files, which only the owner may read: links in mails open accounts.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Writes `<job id>.eml`; a file of that name is replaced. Readers see all of it or nothing.
    pub(super) async fn store(&self, id: JobId, mail: Vec<u8>) -> Result<PathBuf, SendError> {
        let file = self.path.join(format!("{}.eml", id.0));
        let unfinished = self.path.join(format!(".{}.eml.tmp", id.0));
        self.blocking(move |folder| {
            make(folder)?;
            write(&unfinished, &mail)?;
            fs::rename(&unfinished, &file)?;
            Ok(file)
        })
        .await
    }

    /// Whether files can be written.
    pub(super) async fn check(&self) -> Result<(), SendError> {
        let probe = self.path.join(".probe.tmp");
        self.blocking(move |folder| {
            make(folder)?;
            write(&probe, b"")?;
            fs::remove_file(&probe)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, SendError> {
        let folder = self.path.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        let done = done.map_err(io::Error::other).and_then(|done| done);
        done.map_err(|error| SendError::unavailable(Stage::Folder, error.to_string()))
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
