//! Files of Unix sockets.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// The file of a socket that this process listens on; removed with the value, unless another one has taken its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    /// Listens on a file with these permissions.
    pub(crate) fn open(path: &Path, mode: u32) -> io::Result<(UnixListener, Self)> {
        refuse_unless_free(path)?;
        // Made in a folder that nobody else can enter, and moved: at no moment can others connect.
        let closed = closed_folder(path);
        match fs::create_dir(&closed) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::set_permissions(&closed, fs::Permissions::from_mode(0o700))?,
        }
        let inside = closed.join("s");
        let _ = fs::remove_file(&inside);
        let listener = UnixListener::bind(&inside)?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(mode))?;
        let inode = fs::symlink_metadata(&inside)?.ino();
        fs::rename(&inside, path)?;
        fs::remove_dir(&closed)?;
        Ok((listener, Self { path: path.to_owned(), inode }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Only a socket that nobody listens on may be replaced.
fn refuse_unless_free(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        let said = format!("{} is there already and is no socket", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, said));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        // Accepted, or a queue that is full: somebody is there.
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{} is in use", path.display()))),
    }
}

/// Beside the file, hidden, and named after it: two sockets in one folder do not meet.
fn closed_folder(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}
