//! The XML of S3.

use quick_xml::events::Event;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What a provider says when it refuses.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Told {
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}

/// One page of all versions under a prefix.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListVersionsResult {
    #[serde(default)]
    pub(super) version: Vec<Version>,
    #[serde(default)]
    pub(super) delete_marker: Vec<Version>,
    #[serde(default)]
    pub(super) is_truncated: bool,
    pub(super) next_key_marker: Option<String>,
    pub(super) next_version_id_marker: Option<String>,
    pub(super) encoding_type: Option<String>,
}

/// A version, or the marker that an object was deleted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Version {
    pub(super) key: String,
    pub(super) version_id: Option<String>,
}

/// One page of the objects under a prefix.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListBucketResult {
    #[serde(default)]
    pub(super) contents: Vec<Version>,
    #[serde(default)]
    pub(super) is_truncated: bool,
    pub(super) next_continuation_token: Option<String>,
    pub(super) encoding_type: Option<String>,
}

/// One page of the unfinished uploads under a prefix.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMultipartUploadsResult {
    #[serde(default)]
    pub(super) upload: Vec<Upload>,
    #[serde(default)]
    pub(super) is_truncated: bool,
    pub(super) next_key_marker: Option<String>,
    pub(super) next_upload_id_marker: Option<String>,
    pub(super) encoding_type: Option<String>,
}

/// An unfinished upload.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) upload_id: String,
}

/// An upload that has begun.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateMultipartUploadResult {
    pub(super) upload_id: String,
}

/// An upload that is complete.
#[derive(Debug, Deserialize)]
pub(super) struct CompleteMultipartUploadResult {}

/// What became of many that were to be deleted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteResult {
    #[serde(default)]
    pub(super) deleted: Vec<Version>,
    #[serde(default)]
    pub(super) error: Vec<NotDeleted>,
}

/// One that was not.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NotDeleted {
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}

/// The parts of an upload, in their order.
#[derive(Debug, Serialize)]
#[serde(rename = "CompleteMultipartUpload")]
pub(super) struct CompleteParts<'a> {
    #[serde(rename = "Part")]
    pub(super) parts: Vec<CompletePart<'a>>,
}

/// One of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CompletePart<'a> {
    #[serde(rename = "ETag")]
    pub(super) etag: &'a str,
    pub(super) part_number: u16,
}

/// Many to be deleted.
#[derive(Debug, Serialize)]
pub(super) struct Delete<'a> {
    #[serde(rename = "Object")]
    pub(super) objects: Vec<DeleteOne<'a>>,
}

/// One of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteOne<'a> {
    pub(super) key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version_id: Option<&'a str>,
}

/// The name of the outermost element; none if this is no XML.
pub(super) fn root(body: &[u8]) -> Option<String> {
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return String::from_utf8(element.local_name().as_ref().to_vec()).ok();
            }
            Event::Eof => return None,
            _ => buffer.clear(),
        }
    }
}

/// What a provider says, if it is an error of S3.
pub(super) fn error(body: &[u8]) -> Option<Told> {
    if root(body)? == "Error" { quick_xml::de::from_reader(body).ok() } else { None }
}

/// Reads an answer whose outermost element has this name.
pub(super) fn read<T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, Error> {
    match root(body) {
        Some(root) if root == name => {}
        Some(_) => return Err(Error::Garbage(format!("the answer is no {name}"))),
        None => return Err(Error::Garbage("the answer is no XML".to_owned())),
    }
    quick_xml::de::from_reader(body).map_err(|error| Error::Garbage(format!("{name}: {error}")))
}

/// Writes what is sent.
pub(super) fn write(value: &impl Serialize) -> Result<String, Error> {
    quick_xml::se::to_string(value).map_err(|error| Error::Invalid(error.to_string()))
}
