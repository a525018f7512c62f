//! An S3 bucket.
use crate::*;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _};
use std::{io, ops::Range, pin::Pin, sync::Arc, time::Duration};

#[derive(Debug)]
pub(crate) struct Bucket;

fn todo() -> Error {
    Error::Invalid("buckets come with the next commit".to_owned())
}

impl Bucket {
    pub(crate) fn open(_: &S3, reach: &Reach) -> Result<Self, Error> {
        reach.client()?;
        Err(todo())
    }
    pub(crate) async fn put<S>(&self, _: &Key, _: &str, _: Pin<&mut S>) -> Result<Stored, Error>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        Err(todo())
    }
    pub(crate) async fn get(&self, _: &Key, _: Option<Range<u64>>) -> Result<Object, Error> {
        Err(todo())
    }
    pub(crate) async fn head(&self, _: &Key) -> Result<Option<Head>, Error> {
        Err(todo())
    }
    pub(crate) async fn delete(&self, _: &Key) -> Result<(), Error> {
        Err(todo())
    }
    pub(crate) fn presign_put(
        &self,
        _: &Key,
        _: &Declared,
        _: Duration,
        _: DateTime<Utc>,
    ) -> Option<Presigned> {
        None
    }
    pub(crate) fn presign_get(&self, _: &Key, _: &Shown, _: Duration, _: DateTime<Utc>) -> Option<Presigned> {
        None
    }
    pub(crate) fn presign_part(
        &self,
        _: &Key,
        _: &UploadId,
        _: (u16, u64),
        _: Duration,
        _: DateTime<Utc>,
    ) -> Option<Presigned> {
        None
    }
    pub(crate) async fn begin_parts(&self, _: &Key, _: &str) -> Result<UploadId, Error> {
        Err(todo())
    }
    pub(crate) async fn complete_parts(&self, _: &Key, _: &UploadId, _: &[Part]) -> Result<(), Error> {
        Err(todo())
    }
    pub(crate) async fn abort_parts(&self, _: &str, _: &UploadId) -> Result<(), Error> {
        Err(todo())
    }
    pub(crate) fn remains(_: Arc<Self>, _: &Prefix) -> impl Stream<Item = Result<Remains, Error>> + 'static {
        futures::stream::iter([Err(todo())]).boxed()
    }
    pub(crate) async fn erase(&self, remains: &[Remains]) -> Vec<Result<(), Error>> {
        remains.iter().map(|_| Err(todo())).collect()
    }
}
