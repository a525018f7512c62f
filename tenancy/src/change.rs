//! One row of the change feed.

use authz::EntityUid;
use serde::Deserialize;

use crate::id::ResourceId;
use crate::node;

/// With more changes than this since the last look, forgetting everything is cheaper than reading them.
pub(crate) const MOST_CHANGES: i32 = 10_000;

/// An entity that has changed. Without a name: everything may have.
#[derive(Debug, Deserialize)]
pub(crate) struct Changed {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
}

impl Changed {
    /// The entity; none if everything may have changed.
    pub(crate) fn uid(self) -> Option<EntityUid> {
        node::uid(&ResourceId { kind: self.kind?, id: self.id? })
    }
}
