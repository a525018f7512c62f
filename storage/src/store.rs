//! A place for bytes.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};

use crate::folder::Folder;
use crate::s3::Bucket;
use crate::{Client, Declared, Error, Key, Prefix, Presigned, Reach, Remains, S3, Shown, UploadId, probe};

/// A folder or a bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store(Place);

#[derive(Debug, Clone)]
enum Place {
    Folder(Arc<Folder>),
    Bucket(Arc<Bucket>),
}

/// What was stored, as it was seen going by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// In bytes.
    pub size: u64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

/// An object, or a range of it.
pub struct Object {
    /// The bytes of the whole object, also where only a range of them follows.
    pub size: u64,
    /// The media type, where the store keeps one; a folder does not.
    pub content_type: Option<String>,
    /// The bytes.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

/// What a store knows of an object without giving it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// In bytes.
    pub size: u64,
    /// The media type, where the store keeps one; a folder does not.
    pub content_type: Option<String>,
    /// The SHA-256 of the bytes, where the store knows it: a bucket does of what was put in one piece.
    pub sha256: Option<[u8; 32]>,
}

/// One part of an upload, as it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// From 1 to 10 000.
    pub number: u16,
    /// What the provider answered when it took the part.
    pub etag: String,
}

impl Store {
    /// A folder on this machine, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it cannot be used. Blocks for a moment.
    pub fn folder(path: &Path) -> Result<Self, Error> {
        Ok(Self(Place::Folder(Arc::new(Folder::open(path)?))))
    }

    /// A bucket. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the settings cannot be used, [`Error::Unreachable`] if `reach` has no such address.
    pub fn s3(settings: &S3, reach: &Reach) -> Result<Self, Error> {
        Self::connected(settings, reach.client()?)
    }

    /// A bucket by a client that there is: making one reads all authorities of certificates.
    pub(crate) fn connected(settings: &S3, client: Client) -> Result<Self, Error> {
        Ok(Self(Place::Bucket(Arc::new(Bucket::open(settings, client)?))))
    }

    /// Whether bytes can come and go by signed addresses, without asking us again: those of a bucket do.
    #[must_use]
    pub fn signs_addresses(&self) -> bool {
        matches!(self.0, Place::Bucket(_))
    }

    /// Stores an object, in place of the one of this name. Holds a part of it in memory at a time: 8 MiB, and more only
    /// for what is larger than 8 GiB.
    ///
    /// If the stream fails, or this is dropped before all of it was sent, nothing is stored and what was sent is taken
    /// back. If only the answer is lost, the object may be there.
    ///
    /// # Errors
    /// [`Error::Source`] if the stream fails, or why the store did not take it.
    pub async fn put(
        &self,
        key: &Key,
        content_type: &str,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Stored, Error> {
        let body = std::pin::pin!(body);
        match &self.0 {
            Place::Folder(folder) => folder.put(key, body).await,
            Place::Bucket(bucket) => bucket.put(key, content_type, body).await,
        }
    }

    /// Gives an object.
    ///
    /// # Errors
    /// [`Error::NotFound`], or why it could not be got. The body can fail later.
    pub async fn get(&self, key: &Key) -> Result<Object, Error> {
        match &self.0 {
            Place::Folder(folder) => folder.get(key, None).await,
            Place::Bucket(bucket) => bucket.get(key, None).await,
        }
    }

    /// Gives these bytes of an object, as many of them as there are.
    ///
    /// # Errors
    /// As [`Self::get`]; [`Error::Invalid`] for an empty range, or one that begins behind the end.
    pub async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Object, Error> {
        if range.is_empty() {
            return Err(Error::Invalid("the range is empty".to_owned()));
        }
        match &self.0 {
            Place::Folder(folder) => folder.get(key, Some(range)).await,
            Place::Bucket(bucket) => bucket.get(key, Some(range)).await,
        }
    }

    /// Tells of an object; none if it is not there.
    ///
    /// # Errors
    /// Why the store could not tell.
    pub async fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        match &self.0 {
            Place::Folder(folder) => folder.head(key).await,
            Place::Bucket(bucket) => bucket.head(key).await,
        }
    }

    /// Removes every version of exactly this object. One that is not there is no error.
    ///
    /// # Errors
    /// Why it may still be there.
    pub async fn delete(&self, key: &Key) -> Result<(), Error> {
        match &self.0 {
            Place::Folder(folder) => folder.erase(key.as_str()).await,
            Place::Bucket(bucket) => bucket.delete(key).await,
        }
    }

    /// An address to which somebody else can put what was declared, and nothing else. A folder has none.
    ///
    /// The lifetime is at most 7 days.
    #[must_use]
    pub fn presign_put(
        &self,
        key: &Key,
        declared: &Declared,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Option<Presigned> {
        self.bucket()?.presign_put(key, declared, lifetime, now)
    }

    /// An address from which somebody else can fetch the object. A folder has none.
    #[must_use]
    pub fn presign_get(
        &self,
        key: &Key,
        shown: &Shown,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Option<Presigned> {
        self.bucket()?.presign_get(key, shown, lifetime, now)
    }

    /// Begins an upload whose parts somebody else sends. A folder has none.
    ///
    /// # Errors
    /// Why it did not begin.
    pub async fn begin_parts(&self, key: &Key, content_type: &str) -> Result<Option<UploadId>, Error> {
        match self.bucket() {
            Some(bucket) => bucket.begin_parts(key, content_type).await.map(Some),
            None => Ok(None),
        }
    }

    /// An address to which somebody else can put one part of this size. A folder has none.
    ///
    /// All parts but the last have at least 5 MiB. The answer has an `etag` header, which [`Part`] needs.
    #[must_use]
    pub fn presign_part(
        &self,
        key: &Key,
        upload: &UploadId,
        number: u16,
        size: u64,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Option<Presigned> {
        self.bucket()?.presign_part(key, upload, (number, size), lifetime, now)
    }

    /// Makes the object of its parts, in the order of their numbers.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such upload: also when it was completed before and the answer was lost, which
    /// [`Self::head`] tells. [`Error::Invalid`] for a folder.
    pub async fn complete_parts(&self, key: &Key, upload: &UploadId, parts: &[Part]) -> Result<(), Error> {
        match self.bucket() {
            Some(bucket) => bucket.complete_parts(key, upload, parts).await,
            None => Err(Error::Invalid("a folder knows no uploads in parts".to_owned())),
        }
    }

    /// Ends an upload and removes its parts. One that is not there is no error.
    ///
    /// # Errors
    /// Why it may still be there.
    pub async fn abort_parts(&self, key: &Key, upload: &UploadId) -> Result<(), Error> {
        match self.bucket() {
            Some(bucket) => bucket.abort_parts(key.as_str(), upload).await,
            None => Ok(()),
        }
    }

    /// Everything that is left under a prefix: first unfinished uploads, then objects in all their versions and the
    /// markers of deleted ones. A store that knows no versions gives its objects, a folder its files, unfinished ones
    /// too. Asks for one page at a time, when it is needed; ends with the first error.
    #[must_use]
    pub fn remains(&self, prefix: &Prefix) -> BoxStream<'static, Result<Remains, Error>> {
        match &self.0 {
            Place::Folder(folder) => Folder::remains(Arc::clone(folder), prefix).boxed(),
            Place::Bucket(bucket) => Bucket::remains(Arc::clone(bucket), prefix).boxed(),
        }
    }

    /// Removes these, many at once where the store can; one result each, in their order. What is gone already is no
    /// error. Folders that are empty then go too.
    pub async fn erase(&self, remains: &[Remains]) -> Vec<Result<(), Error>> {
        match &self.0 {
            Place::Folder(folder) => {
                futures::stream::iter(remains).then(|one| folder.erase(one.key())).collect().await
            }
            Place::Bucket(bucket) => bucket.erase(remains).await,
        }
    }

    /// Tries everything that Doorward does with a store, with a small object that it removes again.
    ///
    /// # Errors
    /// The first thing that did not work.
    pub async fn probe(&self) -> Result<(), Error> {
        probe::run(self).await
    }

    fn bucket(&self) -> Option<&Bucket> {
        match &self.0 {
            Place::Folder(_) => None,
            Place::Bucket(bucket) => Some(bucket),
        }
    }
}

/// Without the bytes.
impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object")
            .field("size", &self.size)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
