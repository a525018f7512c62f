//! What a provider does when it is asked.

mod many;
mod parts;

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use md5::{Digest as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumMode, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, ETag, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsV2Input,
    ListObjectsV2Output, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput,
    UploadPartOutput,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::memory::{Bucket, Buckets, Content};

/// The provider behind the protocol.
pub(super) struct Provider(pub(super) Arc<Shared>);

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Provider {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let input = request.input;
        let bytes = read(input.body, input.checksum_sha256.as_deref(), input.content_md5.as_deref()).await?;
        let mut buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let content = Content::new(bytes, input.content_type, input.checksum_sha256.clone());
        let e_tag = Some(ETag::Strong(content.etag.clone()));
        let version_id = buckets.store(&input.bucket, &input.key, content);
        let checksum_sha256 = input.checksum_sha256;
        Ok(S3Response::new(PutObjectOutput { e_tag, version_id, checksum_sha256, ..Default::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let input = request.input;
        let content = self.content(&input.bucket, &input.key)?;
        let size = content.bytes.len();
        let (bytes, content_range) = match &input.range {
            None => (content.bytes, None),
            Some(range) => {
                let range = range.check(size as u64)?;
                let (first, last) = (range.start as usize, range.end as usize);
                let shown = format!("bytes {first}-{}/{size}", range.end - 1);
                (content.bytes.slice(first..last), Some(shown))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(bytes.len() as i64),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            content_range,
            content_type: input.response_content_type.or(content.content_type),
            content_disposition: input.response_content_disposition,
            e_tag: Some(ETag::Strong(content.etag)),
            last_modified: Some(now()),
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let input = request.input;
        let content = self.content(&input.bucket, &input.key)?;
        let enabled = input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(content.bytes.len() as i64),
            content_type: content.content_type,
            checksum_sha256: content.sha256.filter(|_| enabled),
            e_tag: Some(ETag::Strong(content.etag)),
            last_modified: Some(now()),
            ..Default::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        let input = request.input;
        let mut buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let version_id = buckets.remove(&input.bucket, &input.key, input.version_id.as_deref());
        Ok(S3Response::new(DeleteObjectOutput { version_id, ..Default::default() }))
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        self.delete_many(&request.input)
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        self.list_objects(request.input)
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> Answer<ListObjectVersionsOutput> {
        self.list_versions(request.input)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        self.list_uploads(request.input)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        self.begin(request.input)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let mut input = request.input;
        let body = input.body.take();
        let bytes = read(body, input.checksum_sha256.as_deref(), input.content_md5.as_deref()).await?;
        self.take_part(input, bytes)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        self.complete(request.input)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        self.abort(&request.input)
    }
}

impl Provider {
    fn content(&self, name: &str, key: &str) -> S3Result<Content> {
        let buckets = self.0.buckets();
        let content = bucket(&buckets, name)?.current(key).cloned();
        content.ok_or_else(|| s3_error!(NoSuchKey, "The key does not exist."))
    }
}

impl Buckets {
    /// Deletes as it is asked for: one version, or whatever the bucket makes of it.
    fn remove(&mut self, bucket: &str, key: &str, version: Option<&str>) -> Option<String> {
        if let Some((name, simulated)) = &mut self.simulated
            && name == bucket
        {
            simulated.delete(key);
            return None;
        }
        match version {
            None => self.delete(bucket, key),
            Some(version) => {
                self.delete_version(bucket, key, version);
                Some(version.to_owned())
            }
        }
    }
}

fn bucket<'a>(buckets: &'a Buckets, name: &str) -> S3Result<&'a Bucket> {
    buckets.get(name).ok_or_else(|| s3_error!(NoSuchBucket, "The bucket does not exist."))
}

/// Reads what is sent, and compares it with what was said about it.
async fn read(body: Option<StreamingBlob>, sha256: Option<&str>, md5: Option<&str>) -> S3Result<Bytes> {
    let mut read = BytesMut::new();
    if let Some(mut body) = body {
        while let Some(piece) = body.try_next().await.map_err(|_| s3_error!(IncompleteBody))? {
            read.extend_from_slice(&piece);
        }
    }
    if sha256.is_some_and(|said| said != STANDARD.encode(Sha256::digest(&read))) {
        return Err(s3_error!(BadDigest, "The SHA-256 is another."));
    }
    if md5.is_some_and(|said| said != STANDARD.encode(Md5::digest(&read))) {
        return Err(s3_error!(BadDigest, "The MD5 is another."));
    }
    Ok(read.freeze())
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
