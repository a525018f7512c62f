//! Pages that say why nothing was done.

use axum::http::StatusCode;
use tenancy::Error;

use super::view::views;

/// What went wrong, as far as it concerns a visitor.
pub(super) enum Failure {
    /// The link was used, is too old, or was replaced.
    Gone(Advice),
    /// There is no such link.
    Unknown(Advice),
    /// Another site sent the form.
    Elsewhere,
    /// What was sent is not what the form sends.
    Malformed,
    /// More was sent than the form takes.
    TooLarge,
    /// The account, or another rule, does not allow it.
    Refused,
    /// The organization's plan has no seat left.
    Full,
    /// Too many tries; how many seconds to wait.
    TooMany(u64),
    /// The store does not answer.
    Unavailable,
}

/// What a visitor can do whose link is no good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// Nothing that we know of.
    None,
    /// Sign in, and ask there for another link.
    SignIn,
    /// Ask for another link on the page for that.
    AskAgain,
    /// Ask who made the account.
    AskAdministrator,
    /// Ask who runs this server.
    AskOperator,
    /// Ask who sent the invitation.
    AskInviter,
}

impl Failure {
    /// What an error means to a visitor.
    pub(super) fn of(error: Error, advice: Advice) -> Self {
        match error {
            Error::Gone(_) => Self::Gone(advice),
            Error::NotFound("link" | "invitation" | "purge") => Self::Unknown(advice),
            Error::Invalid(_) => Self::Malformed,
            // What a link was for is there, and closed to whoever holds it.
            Error::NotFound(_)
            | Error::Unauthenticated
            | Error::BadCredentials
            | Error::SecondFactorRequired
            | Error::Forbidden { .. }
            | Error::Refused { .. }
            | Error::SoleOwner(_)
            | Error::Conflict { .. } => Self::Refused,
            Error::LimitReached { .. } | Error::QuotaExceeded { .. } => Self::Full,
            Error::Unreachable | Error::NotReached(_) => Self::Unavailable,
            Error::Store(error) => {
                tracing::error!(%error, "the store failed");
                Self::Unavailable
            }
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Gone(_) => StatusCode::GONE,
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Elsewhere | Self::Refused => StatusCode::FORBIDDEN,
            Self::Full => StatusCode::CONFLICT,
            Self::Malformed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// After how many seconds another try may do.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::Unavailable => Some(1),
            _ => None,
        }
    }
}

views! {
    Failure { English: "en/failure.html", French: "fr/failure.html" }
}
