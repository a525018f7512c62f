use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::{
        fs::{DirBuilderExt as _, PermissionsExt as _},
        net::{SocketAddr, UnixListener},
    },
    path::{Path, PathBuf},
    process,
};

use super::socket;
use crate::{Error, Random};

/// Only its user may enter.
const PRIVATE: u32 = 0o700;

/// Makes a folder that only its user may enter, with those above it, and gives its absolute path.
pub(super) fn private(folder: &Path) -> Result<PathBuf, Error> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(folder);
    let closed = made.and_then(|()| fs::set_permissions(folder, Permissions::from_mode(PRIVATE)));
    closed.and_then(|()| folder.canonicalize()).map_err(|source| refused(folder, source))
}

/// Locks a data folder for this process, until the file is dropped or the process ends in any way.
pub(super) fn lock(data: &Path) -> Result<File, Error> {
    let path = data.join("lock");
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = opened.map_err(|source| refused(&path, source))?;
    match file.try_lock() {
        Ok(()) => (),
        Err(TryLockError::WouldBlock) => {
            return Err(Error::DataInUse { folder: data.to_owned(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(source)) => return Err(refused(&path, source)),
    }
    // Only for the message above, to name who holds it.
    let written = file.set_len(0).and_then(|()| write!(file, "{}", process::id()));
    written.map_err(|source| refused(&path, source))?;
    Ok(file)
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let id = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok());
    id.map_or_else(|| "another process".to_owned(), |id| format!("process {id}"))
}

fn refused(folder: &Path, source: io::Error) -> Error {
    Error::Folder { folder: folder.to_owned(), source }
}

/// Where the socket lies.
#[derive(Debug)]
pub(super) enum SocketFolder {
    /// In the data folder.
    Kept(PathBuf),
    /// In a folder of its own, removed at the end.
    Temporary(PathBuf),
}

impl SocketFolder {
    /// A folder in the data folder, or one for temporary files where the path of the socket would not fit.
    pub(super) fn below(data: &Path) -> Result<Self, Error> {
        let folder = data.join("socket");
        // A path that is not Unicode could not be written into a URL.
        if folder.to_str().is_some() && SocketAddr::from_pathname(socket(&folder)).is_ok() {
            return private(&folder).map(Self::Kept);
        }
        let folder = std::env::temp_dir()
            .join(format!("doorward-{:016x}", u64::from_be_bytes(Random::system().bytes())));
        // Not with those above it, so that a folder that somebody else made is refused.
        DirBuilder::new().mode(PRIVATE).create(&folder).map_err(|source| refused(&folder, source))?;
        Ok(Self::Temporary(folder))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Temporary(path) => path,
        }
    }

    /// Listens on a socket in this folder. One that a killed process left is replaced; the lock on the data folder
    /// shows that nobody listens there.
    pub(super) fn listen(&self, socket: &Path) -> Result<UnixListener, Error> {
        match fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(socket, error)),
            _ => (),
        }
        UnixListener::bind(socket).map_err(|source| refused(socket, source))
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        // What cannot be removed is left: it holds nothing.
        let _ = match self {
            Self::Kept(path) => fs::remove_file(socket(path)),
            Self::Temporary(path) => fs::remove_dir_all(path),
        };
    }
}
