//! What is left under a prefix.

use serde::{Deserialize, Serialize};

/// The provider's name for an upload in parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UploadId(pub String);

/// Something that lies under a prefix and costs or tells something.
///
/// Keys are as the provider names them, without the prefix of the settings. They need not be a [`Key`](crate::Key):
/// others may have put things there too, and temporary files of a folder have names of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Remains {
    /// An object of a store without versions; a file, also an unfinished one.
    Object {
        /// Its name.
        key: String,
    },
    /// One version of an object, or the marker that it was deleted.
    Version {
        /// Its name.
        key: String,
        /// The provider's name for the version.
        version: String,
    },
    /// An upload in parts that was neither completed nor aborted.
    Upload {
        /// The name that the object would have got.
        key: String,
        /// The provider's name for the upload.
        upload: UploadId,
    },
}

impl Remains {
    /// The name of the object.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Object { key } | Self::Version { key, .. } | Self::Upload { key, .. } => key,
        }
    }
}
