//! A folder on this machine.

mod walk;

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::{
    GetOptions, GetRange, MultipartUpload as _, ObjectStore as _, ObjectStoreExt as _, PutMultipartOptions,
};
use sha2::{Digest as _, Sha256};

use crate::store::Stored;
use crate::{Error, Head, Key, Object, Prefix, Remains};

/// How much is written at a time, in bytes.
const PIECE: usize = 1024 * 1024;

/// Files under a folder, each in its place only when it is whole and on the disk.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    files: LocalFileSystem,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let unusable = |error: String| Error::Invalid(format!("{}: {error}", path.display()));
        fs::create_dir_all(path).map_err(|error| unusable(error.to_string()))?;
        let root = path.canonicalize().map_err(|error| unusable(error.to_string()))?;
        let files = LocalFileSystem::new_with_prefix(&root)
            .map_err(|error| unusable(error.to_string()))?
            .with_fsync(true);
        Ok(Self { root, files })
    }

    pub(crate) async fn put<S>(&self, key: &Key, mut body: Pin<&mut S>) -> Result<Stored, Error>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        // The unfinished file goes when this is dropped.
        let mut upload = self
            .files
            .put_multipart_opts(&path(key)?, PutMultipartOptions::default())
            .await
            .map_err(failed)?;
        let mut piece = BytesMut::new();
        let (mut size, mut hash) = (0, Sha256::new());
        while let Some(next) = body.next().await {
            let next = next.map_err(|error| Error::Source(error.to_string()))?;
            size += next.len() as u64;
            hash.update(&next);
            piece.extend_from_slice(&next);
            if piece.len() >= PIECE {
                upload.put_part(piece.split().freeze().into()).await.map_err(failed)?;
            }
        }
        if !piece.is_empty() {
            upload.put_part(piece.freeze().into()).await.map_err(failed)?;
        }
        upload.complete().await.map_err(failed)?;
        Ok(Stored { size, sha256: hash.finalize().into() })
    }

    pub(crate) async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Object, Error> {
        if let Some(range) = &range
            && range.start >= self.files.head(&path(key)?).await.map_err(failed)?.size
        {
            return Err(Error::Invalid("the range begins behind the end".to_owned()));
        }
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.files.get_opts(&path(key)?, options).await.map_err(failed)?;
        let size = found.meta.size;
        let body = found.into_stream().map(|piece| piece.map_err(failed)).boxed();
        Ok(Object { size, content_type: None, body })
    }

    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        match self.files.head(&path(key)?).await.map_err(failed) {
            Ok(meta) => Ok(Some(Head { size: meta.size, content_type: None, sha256: None })),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a file, and the folders above that are empty then.
    pub(crate) async fn erase(&self, key: &str) -> Result<(), Error> {
        let file = self.place(key)?;
        let root = self.root.clone();
        let removing = tokio::task::spawn_blocking(move || remove(&root, &file));
        removing.await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    pub(crate) fn remains(
        folder: Arc<Self>,
        prefix: &Prefix,
    ) -> impl Stream<Item = Result<Remains, Error>> + 'static {
        walk::files(folder.root.clone(), prefix.as_str().trim_end_matches('/'))
    }

    /// Where a file of this name lies. The name may be one that was listed, and then is no [`Key`].
    fn place(&self, key: &str) -> Result<PathBuf, Error> {
        let bad = |segment: &str| matches!(segment, "" | "." | "..") || segment.contains(['\0', '\\']);
        if key.split('/').any(bad) {
            return Err(Error::Invalid("this is no name of a file in the folder".to_owned()));
        }
        Ok(self.root.join(key))
    }
}

fn remove(root: &Path, file: &Path) -> Result<(), Error> {
    match fs::remove_file(file) {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        // A folder of this name is another thing than the object.
        Err(_) if file.is_dir() => return Ok(()),
        Err(error) => return Err(Error::Unavailable(error.to_string())),
    }
    let above = file.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root));
    for folder in above {
        match fs::remove_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It is not empty, or somebody else holds it: then it stays.
            Err(_) => break,
        }
    }
    Ok(())
}

fn path(key: &Key) -> Result<object_store::path::Path, Error> {
    object_store::path::Path::parse(key.as_str()).map_err(|error| Error::Invalid(error.to_string()))
}

fn failed(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::NotFound,
        error => Error::Unavailable(error.to_string()),
    }
}
