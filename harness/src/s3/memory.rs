//! What is stored.

use std::collections::BTreeMap;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::simulated::Simulated;

/// Whether a bucket keeps what is written over and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// It keeps all versions, and puts a marker where something is deleted.
    On,
    /// It keeps the last one.
    Off,
}

/// Something in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The bytes of an object, now or before.
    Version {
        /// Its name.
        key: String,
        /// `null` in a bucket without versions.
        version: String,
        /// Its bytes.
        content: Bytes,
        /// Its media type.
        content_type: Option<String>,
    },
    /// It was deleted.
    DeleteMarker {
        /// Its name.
        key: String,
        /// That of the marker.
        version: String,
    },
    /// An upload in parts that is neither complete nor aborted.
    Upload {
        /// The name it would have got.
        key: String,
        /// That of the upload.
        upload: String,
    },
}

/// The bytes of an object, and what is known of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<String>,
    /// As it was sent.
    pub(super) sha256: Option<String>,
    pub(super) etag: String,
}

impl Content {
    pub(super) fn new(bytes: Bytes, content_type: Option<String>, sha256: Option<String>) -> Self {
        let etag = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, content_type, sha256, etag }
    }
}

/// A version; without content it is the marker of a deletion.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) content: Option<Content>,
}

/// An upload in parts.
#[derive(Debug, Default)]
pub(super) struct Upload {
    pub(super) content_type: Option<String>,
    pub(super) parts: BTreeMap<i32, Content>,
}

#[derive(Debug)]
pub(super) struct Bucket {
    versioning: Versioning,
    /// The versions of each name, oldest first.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
    /// By name and id.
    pub(super) uploads: BTreeMap<(String, String), Upload>,
}

/// All buckets.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    all: BTreeMap<String, Bucket>,
    pub(super) simulated: Option<(String, Simulated)>,
    next: u64,
}

impl Buckets {
    pub(super) fn create(&mut self, name: &str, versioning: Versioning) {
        let bucket = Bucket { versioning, objects: BTreeMap::new(), uploads: BTreeMap::new() };
        self.all.insert(name.to_owned(), bucket);
    }

    pub(super) fn simulate(&mut self, name: &str, within: &str, objects: u64) {
        self.create(name, Versioning::Off);
        self.simulated = Some((name.to_owned(), Simulated::new(within, objects)));
    }

    pub(super) fn left(&self) -> u64 {
        self.simulated.as_ref().map_or(0, |(_, simulated)| simulated.left())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Bucket> {
        self.all.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Bucket> {
        self.all.get_mut(name)
    }

    /// An id that is given once.
    pub(super) fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{:08}", self.next)
    }

    pub(super) fn put(&mut self, bucket: &str, key: &str, bytes: Bytes) {
        self.store(bucket, key, Content::new(bytes, None, None));
    }

    /// Writes an object; the id of its version, where there are any.
    pub(super) fn store(&mut self, bucket: &str, key: &str, content: Content) -> Option<String> {
        self.add(bucket, key, Some(content))
    }

    /// Deletes an object as its bucket does it: with a marker, or for good. The id of the marker.
    pub(super) fn delete(&mut self, bucket: &str, key: &str) -> Option<String> {
        let kept = self.get(bucket)?.versioning;
        match kept {
            Versioning::On => self.add(bucket, key, None),
            Versioning::Off => {
                self.get_mut(bucket)?.objects.remove(key);
                None
            }
        }
    }

    /// Deletes one version for good.
    pub(super) fn delete_version(&mut self, bucket: &str, key: &str, id: &str) {
        let Some(bucket) = self.get_mut(bucket) else { return };
        if let Some(versions) = bucket.objects.get_mut(key) {
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                bucket.objects.remove(key);
            }
        }
    }

    pub(super) fn content(&self, bucket: &str, key: &str) -> Option<Bytes> {
        Some(self.get(bucket)?.current(key)?.bytes.clone())
    }

    pub(super) fn items(&self, bucket: &str, prefix: &str) -> Vec<Item> {
        let Some(bucket) = self.get(bucket) else { return Vec::new() };
        let versions = bucket.objects.iter().flat_map(|(key, versions)| {
            versions.iter().rev().map(|version| {
                let (key, id) = (key.clone(), version.id.clone());
                match &version.content {
                    None => Item::DeleteMarker { key, version: id },
                    Some(Content { bytes, content_type, .. }) => {
                        let (content, content_type) = (bytes.clone(), content_type.clone());
                        Item::Version { key, version: id, content, content_type }
                    }
                }
            })
        });
        let uploads = bucket
            .uploads
            .keys()
            .map(|(key, upload)| Item::Upload { key: key.clone(), upload: upload.clone() });
        versions.chain(uploads).filter(|item| item.key().starts_with(prefix)).collect()
    }

    fn add(&mut self, bucket: &str, key: &str, content: Option<Content>) -> Option<String> {
        let id = self.id("version");
        let bucket = self.get_mut(bucket)?;
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        match bucket.versioning {
            Versioning::On => versions.push(Version { id: id.clone(), content }),
            Versioning::Off => *versions = vec![Version { id: "null".to_owned(), content }],
        }
        (bucket.versioning == Versioning::On).then_some(id)
    }
}

impl Bucket {
    /// What is there now.
    pub(super) fn current(&self, key: &str) -> Option<&Content> {
        self.objects.get(key)?.last()?.content.as_ref()
    }
}

impl Item {
    /// The name of the object.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Version { key, .. } | Self::DeleteMarker { key, .. } | Self::Upload { key, .. } => key,
        }
    }
}
