//! Who asks.

use authz::{EntityUid, core_uid};

use crate::id::ApiKeyId;

/// Whoever sent a request, as a principal of the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// An application.
    ApiKey(ApiKeyId),
    /// The person who runs the process, known by their access to its data folder.
    Operator,
    /// Doorward itself, doing what nobody is there to ask for.
    Worker,
}

impl Caller {
    /// The principal.
    #[must_use]
    pub fn uid(&self) -> EntityUid {
        match self {
            Self::Anonymous => core_uid("Anonymous", "anonymous"),
            Self::ApiKey(id) => core_uid("ApiKey", &id.to_string()),
            Self::Operator => core_uid("Service", "operator"),
            Self::Worker => core_uid("Service", "worker"),
        }
    }
}
