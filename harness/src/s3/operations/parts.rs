//! Uploads in parts.

use bytes::{Bytes, BytesMut};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Response, S3Result, s3_error};

use super::{Answer, Provider, bucket};
use crate::s3::memory::{Content, Upload};

/// How small a part may be that is not the last, in bytes.
const SMALLEST: usize = 5 * 1024 * 1024;

impl Provider {
    pub(super) fn begin(&self, input: CreateMultipartUploadInput) -> Answer<CreateMultipartUploadOutput> {
        let mut buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let id = buckets.id("upload");
        let upload = Upload { content_type: input.content_type, ..Upload::default() };
        if let Some(bucket) = buckets.get_mut(&input.bucket) {
            bucket.uploads.insert((input.key.clone(), id.clone()), upload);
        }
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    pub(super) fn take_part(&self, input: UploadPartInput, bytes: Bytes) -> Answer<UploadPartOutput> {
        let mut buckets = self.0.buckets();
        let uploads = buckets.get_mut(&input.bucket).map(|bucket| &mut bucket.uploads);
        let upload = uploads.and_then(|uploads| uploads.get_mut(&(input.key, input.upload_id)));
        let upload = upload.ok_or_else(|| s3_error!(NoSuchUpload, "The upload does not exist."))?;
        if !(1..=10_000).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "A part has a number from 1 to 10000."));
        }
        let content = Content::new(bytes, None, input.checksum_sha256.clone());
        let e_tag = Some(ETag::Strong(content.etag.clone()));
        upload.parts.insert(input.part_number, content);
        let checksum_sha256 = input.checksum_sha256;
        Ok(S3Response::new(UploadPartOutput { e_tag, checksum_sha256, ..Default::default() }))
    }

    pub(super) fn complete(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let mut buckets = self.0.buckets();
        let missing = || s3_error!(NoSuchUpload, "The upload does not exist.");
        let name = (input.key.clone(), input.upload_id.clone());
        let uploads = buckets.get_mut(&input.bucket).map(|bucket| &mut bucket.uploads).ok_or_else(missing)?;
        let bytes = assembled(uploads.get(&name).ok_or_else(missing)?, &input)?;
        let upload = uploads.remove(&name).ok_or_else(missing)?;
        let mut content = Content::new(bytes, upload.content_type, None);
        content.etag = format!("{}-{}", content.etag, upload.parts.len());
        let e_tag = Some(ETag::Strong(content.etag.clone()));
        let version_id = buckets.store(&input.bucket, &input.key, content);
        let (bucket, key) = (Some(input.bucket), Some(input.key));
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket,
            key,
            e_tag,
            version_id,
            ..Default::default()
        }))
    }

    pub(super) fn abort(&self, input: &AbortMultipartUploadInput) -> Answer<AbortMultipartUploadOutput> {
        let mut buckets = self.0.buckets();
        let name = (input.key.clone(), input.upload_id.clone());
        let uploads = buckets.get_mut(&input.bucket).map(|bucket| &mut bucket.uploads);
        match uploads.and_then(|uploads| uploads.remove(&name)) {
            Some(_) => Ok(S3Response::new(AbortMultipartUploadOutput::default())),
            None => Err(s3_error!(NoSuchUpload, "The upload does not exist.")),
        }
    }
}

/// The parts that are named, one after the other.
fn assembled(upload: &Upload, input: &CompleteMultipartUploadInput) -> S3Result<Bytes> {
    let parts = input.multipart_upload.as_ref().and_then(|named| named.parts.as_ref());
    let parts = parts.filter(|parts| !parts.is_empty()).ok_or_else(|| s3_error!(MalformedXML))?;
    let mut bytes = BytesMut::new();
    for (at, named) in parts.iter().enumerate() {
        let part = named.part_number.and_then(|number| upload.parts.get(&number));
        let part = part.ok_or_else(|| s3_error!(InvalidPart, "There is no such part."))?;
        if named.e_tag.as_ref().is_none_or(|etag| etag.value() != part.etag) {
            return Err(s3_error!(InvalidPart, "The part is another."));
        }
        if named.checksum_sha256.is_some() && named.checksum_sha256 != part.sha256 {
            return Err(s3_error!(InvalidPart, "The SHA-256 of the part is another."));
        }
        if at > 0 && parts.get(at - 1).is_some_and(|before| before.part_number >= named.part_number) {
            return Err(s3_error!(InvalidPartOrder));
        }
        if at + 1 < parts.len() && part.bytes.len() < SMALLEST {
            return Err(s3_error!(EntityTooSmall, "Only the last part may be smaller than 5 MiB."));
        }
        bytes.extend_from_slice(&part.bytes);
    }
    Ok(bytes.freeze())
}
