//! Getting objects and looking at them.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _, try_unfold};
use object_store::{Attribute, GetOptions, GetRange, ObjectStore as _};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use rusty_s3::Method;

use super::Bucket;
use super::answer::translate;
use super::ask::Ask;
use crate::client::PATIENCE;
use crate::{Error, Head, Key, Object};

impl Bucket {
    pub(crate) async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Object, Error> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found =
            self.objects.get_opts(&self.path(key)?, options).await.map_err(|error| translate(&error))?;
        let content_type =
            found.attributes.get(&Attribute::ContentType).map(|value| value.as_ref().to_owned());
        let size = found.meta.size;
        Ok(Object { size, content_type, body: patient(found.into_stream()) })
    }

    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        let full = self.full(key.as_str());
        let ask = Ask::object(Method::Head, &full).header("x-amz-checksum-mode", "ENABLED".to_owned());
        let answer = match self.ask(&ask).await {
            Ok(answer) => answer,
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let headers = answer.headers();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let size = text(CONTENT_LENGTH.as_str()).and_then(|size| size.parse().ok());
        let size = size.ok_or_else(|| Error::Garbage("an object without a size".to_owned()))?;
        let content_type = text(CONTENT_TYPE.as_str()).map(str::to_owned);
        Ok(Some(Head { size, content_type, sha256: sha256(headers) }))
    }
}

/// The digest of the whole object. That of digests of parts ends with their number, and is another thing.
fn sha256(headers: &HeaderMap) -> Option<[u8; 32]> {
    let text = headers.get("x-amz-checksum-sha256")?.to_str().ok()?;
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// The stream, which ends with an error when nothing comes any more.
fn patient(
    stream: BoxStream<'static, object_store::Result<Bytes>>,
) -> BoxStream<'static, Result<Bytes, Error>> {
    let next = |mut stream: BoxStream<'static, object_store::Result<Bytes>>| async move {
        match tokio::time::timeout(2 * PATIENCE, stream.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => Ok(Some((piece, stream))),
            Ok(Some(Err(error))) => Err(translate(&error)),
            Err(_) => Err(Error::Unavailable("the object broke off".to_owned())),
        }
    };
    try_unfold(stream, next).boxed()
}
