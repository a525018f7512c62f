//! Uploads whose parts somebody else sends.

use rusty_s3::Method;

use super::ask::Ask;
use super::{Bucket, answer, xml};
use crate::{Error, Key, Part, UploadId};

impl Bucket {
    pub(crate) async fn begin_parts(&self, key: &Key, content_type: &str) -> Result<UploadId, Error> {
        let full = self.full(key.as_str());
        let ask = Ask::object(Method::Post, &full)
            .query("uploads", "")
            .header("content-type", content_type.to_owned());
        let body = answer::read(self.ask(&ask).await?).await?;
        let begun: xml::InitiateMultipartUploadResult = answered("InitiateMultipartUploadResult", &body)?;
        Ok(UploadId(begun.upload_id))
    }

    pub(crate) async fn complete_parts(
        &self,
        key: &Key,
        upload: &UploadId,
        parts: &[Part],
    ) -> Result<(), Error> {
        let mut parts: Vec<_> = parts
            .iter()
            .map(|part| xml::CompletePart { etag: &part.etag, part_number: part.number })
            .collect();
        parts.sort_by_key(|part| part.part_number);
        let full = self.full(key.as_str());
        let ask = Ask::object(Method::Post, &full)
            .query("uploadId", &upload.0)
            .body(xml::write(&xml::CompleteParts { parts })?);
        let body = answer::read(self.ask(&ask).await?).await?;
        answered::<xml::CompleteMultipartUploadResult>("CompleteMultipartUploadResult", &body).map(drop)
    }

    /// Also by a name that was listed, which need not be a [`Key`].
    pub(crate) async fn abort_parts(&self, key: &str, upload: &UploadId) -> Result<(), Error> {
        let full = self.full(key);
        let ask = Ask::object(Method::Delete, &full).query("uploadId", &upload.0);
        answer::gone(self.ask(&ask).await).await
    }
}

/// Reads an answer of 200, which can be an error all the same: the status was sent before it was known.
fn answered<T: serde::de::DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, Error> {
    match xml::error(body) {
        Some(told) => Err(answer::named(200, &told.code, &told.message)),
        None => xml::read(name, body),
    }
}
