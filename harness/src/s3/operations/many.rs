//! Lists, and deleting many at once.

use s3s::S3Response;
use s3s::dto::{
    DeleteMarkerEntry, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsV2Input, ListObjectsV2Output, MultipartUpload, Object, ObjectVersion,
};

use super::{Answer, Provider, bucket, now};
use crate::s3::guard::code;
use crate::s3::lists::{encode, most};

impl Provider {
    pub(super) fn delete_many(&self, input: &DeleteObjectsInput) -> Answer<DeleteObjectsOutput> {
        let mut buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for one in &input.delete.objects {
            let (key, version_id) = (Some(one.key.clone()), one.version_id.clone());
            if let Some(status) = self.0.faults.refuses(&one.key) {
                let code = Some(code(status).as_str().to_owned());
                let message = Some("A fault of the test.".to_owned());
                errors.push(Error { code, key, message, version_id });
                continue;
            }
            buckets.remove(&input.bucket, &one.key, one.version_id.as_deref());
            deleted.push(DeletedObject { key, version_id, ..Default::default() });
        }
        let deleted = (!input.delete.quiet.unwrap_or_default()).then_some(deleted);
        Ok(S3Response::new(DeleteObjectsOutput { deleted, errors: Some(errors), ..Default::default() }))
    }

    pub(super) fn list_objects(&self, input: ListObjectsV2Input) -> Answer<ListObjectsV2Output> {
        let buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let behind = input.continuation_token.as_deref().or(input.start_after.as_deref());
        let page = buckets.names(&input.bucket, prefix, behind, most(input.max_keys));
        let next = page.found.last().filter(|_| page.more).map(|(key, _)| key.clone());
        let encoding = input.encoding_type.as_ref();
        let contents = page.found.iter().map(|(key, size)| Object {
            key: Some(encode(key, encoding)),
            size: Some(*size),
            last_modified: Some(now()),
            ..Default::default()
        });
        Ok(S3Response::new(ListObjectsV2Output {
            contents: Some(contents.collect()),
            is_truncated: Some(page.more),
            next_continuation_token: next,
            encoding_type: input.encoding_type.clone(),
            ..Default::default()
        }))
    }

    pub(super) fn list_versions(&self, input: ListObjectVersionsInput) -> Answer<ListObjectVersionsOutput> {
        let buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let behind = (input.key_marker.as_deref(), input.version_id_marker.as_deref());
        let page = buckets.versions(&input.bucket, prefix, behind, most(input.max_keys));
        let encoding = input.encoding_type.as_ref();
        let last = page.found.last().filter(|_| page.more);
        let next_key_marker = last.map(|one| encode(&one.key, encoding));
        let next_version_id_marker = last.map(|one| one.version.clone());
        let (markers, versions): (Vec<_>, Vec<_>) = page.found.into_iter().partition(|one| one.is_marker);
        let versions = versions.into_iter().map(|one| ObjectVersion {
            key: Some(encode(&one.key, encoding)),
            version_id: Some(one.version),
            size: Some(one.size),
            is_latest: Some(one.is_latest),
            last_modified: Some(now()),
            ..Default::default()
        });
        let markers = markers.into_iter().map(|one| DeleteMarkerEntry {
            key: Some(encode(&one.key, encoding)),
            version_id: Some(one.version),
            is_latest: Some(one.is_latest),
            last_modified: Some(now()),
            ..Default::default()
        });
        Ok(S3Response::new(ListObjectVersionsOutput {
            versions: Some(versions.collect()),
            delete_markers: Some(markers.collect()),
            is_truncated: Some(page.more),
            next_key_marker,
            next_version_id_marker,
            encoding_type: input.encoding_type.clone(),
            ..Default::default()
        }))
    }

    pub(super) fn list_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> Answer<ListMultipartUploadsOutput> {
        let buckets = self.0.buckets();
        bucket(&buckets, &input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let behind = (input.key_marker.as_deref(), input.upload_id_marker.as_deref());
        let page = buckets.uploads(&input.bucket, prefix, behind, most(input.max_uploads));
        let encoding = input.encoding_type.as_ref();
        let last = page.found.last().filter(|_| page.more);
        let next_key_marker = last.map(|(key, _)| encode(key, encoding));
        let next_upload_id_marker = last.map(|(_, id)| id.clone());
        let uploads = page.found.into_iter().map(|(key, id)| MultipartUpload {
            key: Some(encode(&key, encoding)),
            upload_id: Some(id),
            initiated: Some(now()),
            ..Default::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            is_truncated: Some(page.more),
            next_key_marker,
            next_upload_id_marker,
            encoding_type: input.encoding_type.clone(),
            ..Default::default()
        }))
    }
}
