//! What can go wrong with a store.

/// Why a store did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such object or upload.
    #[error("there is no such object")]
    NotFound,
    /// The provider understood and said no.
    #[error(transparent)]
    Refused(Refusal),
    /// The provider did not answer, or said that it cannot for now.
    #[error("the store cannot be reached or is busy: {0}")]
    Unavailable(String),
    /// The provider answered something that is no answer.
    #[error("the store answered what cannot be understood: {0}")]
    Garbage(String),
    /// The address may not be connected to.
    #[error("the address may not be reached from here: {0}")]
    Unreachable(String),
    /// What was asked for cannot be done, or the settings cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The stream that was to be stored ended with an error.
    #[error("what was to be stored broke off: {0}")]
    Source(String),
}

/// A provider's no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store refused with {status} {code}: {message}")]
pub struct Refusal {
    /// The status of HTTP; 403 for what is denied within an answer about many.
    pub status: u16,
    /// The provider's word for it, such as `AccessDenied`; empty where it gave none.
    pub code: String,
    /// The provider's sentence, shortened.
    pub message: String,
}

impl Error {
    /// Whether trying again cannot help until somebody changes settings or rights.
    #[must_use]
    pub fn is_for_good(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Unreachable(_) | Self::Invalid(_) => true,
            Self::NotFound | Self::Unavailable(_) | Self::Garbage(_) | Self::Source(_) => false,
        }
    }

    /// Whether the provider said that there is no such bucket: nothing of it can be left then.
    #[must_use]
    pub fn is_without_bucket(&self) -> bool {
        matches!(self, Self::Refused(Refusal { status: 404, code, .. }) if code == "NoSuchBucket")
    }

    /// Whether the provider said that it does not have such an operation.
    pub(crate) fn is_not_implemented(&self) -> bool {
        let Self::Refused(Refusal { status, code, .. }) = self else { return false };
        matches!(status, 405 | 501) || matches!(code.as_str(), "NotImplemented" | "MethodNotAllowed")
    }
}
