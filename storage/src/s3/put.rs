//! Storing objects, in one piece or in parts.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use object_store::{
    Attribute, Attributes, MultipartUpload, ObjectStore as _, PutMultipartOptions, PutOptions, PutPayload,
};
use sha2::{Digest as _, Sha256};

use super::Bucket;
use super::answer::translate;
use crate::store::Stored;
use crate::{Error, Key};

/// The size of the first parts, in bytes. Some providers want all to be the same.
const PART: u64 = 8 * 1024 * 1024;

/// How many have it.
const SAME: u64 = 1000;

/// How much larger each one after those is, in bytes: 9000 of them reach 5 TiB.
const GROWTH: u64 = 136 * 1024;

/// How large the part of this number is, from 0.
fn part_size(number: u64) -> u64 {
    PART + GROWTH * number.saturating_sub(SAME)
}

/// A stream that is cut into parts of exact sizes.
struct Pieces<'a, S> {
    body: Pin<&'a mut S>,
    /// What belongs to the next part.
    rest: Bytes,
    size: u64,
    hash: Sha256,
}

/// Whether another part follows.
enum More {
    Yes,
    No,
}

impl<S: Stream<Item = io::Result<Bytes>> + Send> Pieces<'_, S> {
    /// The next part, of this size unless it is the last.
    async fn next(&mut self, size: u64) -> Result<(PutPayload, More), Error> {
        let (mut pieces, mut left) = (Vec::new(), size);
        loop {
            while self.rest.is_empty() {
                let Some(next) = self.body.next().await else {
                    return Ok((pieces.into_iter().collect(), More::No));
                };
                self.rest = next.map_err(|error| Error::Source(error.to_string()))?;
                self.size += self.rest.len() as u64;
                self.hash.update(&self.rest);
            }
            if left == 0 {
                return Ok((pieces.into_iter().collect(), More::Yes));
            }
            let take = self.rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            pieces.push(self.rest.split_to(take));
            left -= take as u64;
        }
    }
}

/// An upload that is aborted unless it is completed.
struct Upload(Option<Box<dyn MultipartUpload>>);

impl Drop for Upload {
    fn drop(&mut self) {
        // Whoever was waiting has gone. Where there is no runtime any more, the process ends; the upload is listed.
        if let (Some(mut upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { upload.abort().await });
        }
    }
}

impl Bucket {
    pub(crate) async fn put<S>(
        &self,
        key: &Key,
        content_type: &str,
        body: Pin<&mut S>,
    ) -> Result<Stored, Error>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        if !content_type.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Error::Invalid("the content type has characters that no header has".to_owned()));
        }
        let path = self.path(key)?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type.to_owned())]);
        let mut pieces = Pieces { body, rest: Bytes::new(), size: 0, hash: Sha256::new() };
        let (first, more) = pieces.next(part_size(0)).await?;
        match more {
            More::No => {
                let options = PutOptions { attributes, ..PutOptions::default() };
                self.objects.put_opts(&path, first, options).await.map_err(|error| translate(&error))?;
            }
            More::Yes => {
                let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
                let upload = self.objects.put_multipart_opts(&path, options).await;
                let mut upload = Upload(Some(upload.map_err(|error| translate(&error))?));
                let sent = send(&mut upload, first, &mut pieces).await;
                if let (Err(_), Some(mut failed)) = (&sent, upload.0.take()) {
                    // What cannot be aborted now is listed among the remains.
                    let _ = failed.abort().await;
                }
                sent?;
            }
        }
        Ok(Stored { size: pieces.size, sha256: pieces.hash.finalize().into() })
    }
}

async fn send<S>(upload: &mut Upload, first: PutPayload, pieces: &mut Pieces<'_, S>) -> Result<(), Error>
where
    S: Stream<Item = io::Result<Bytes>> + Send,
{
    let (mut part, mut more, mut number) = (first, More::Yes, 0);
    let Some(open) = upload.0.as_mut() else { return Ok(()) };
    loop {
        open.put_part(part).await.map_err(|error| lost(translate(&error)))?;
        if matches!(more, More::No) {
            break;
        }
        number += 1;
        (part, more) = pieces.next(part_size(number)).await?;
    }
    open.complete().await.map_err(|error| lost(translate(&error)))?;
    // It is complete: there is nothing to abort.
    upload.0 = None;
    Ok(())
}

/// An upload that is gone was aborted by somebody, or completed by a request whose answer was lost. Nothing that was
/// asked for is missing, as `NotFound` would say.
fn lost(error: Error) -> Error {
    match error {
        Error::NotFound => Error::Unavailable("the upload is no longer there".to_owned()),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_hold_the_largest_object_and_none_is_larger_than_s3_takes() {
        // proves DOC-1
        let all: u64 = (0..10_000).map(part_size).sum();
        assert!(all >= 5 << 40, "{all}");
        assert!((0..10_000).all(|number| (5 << 20..=5 << 30).contains(&part_size(number))));
    }
}
