//! Errors as clients see them: problem details (RFC 9457) with a stable `code`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use authz::{PolicyInfo, refusal_code};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenancy::purge::NamedOrg;
use tenancy::{Error, FieldError};
use utoipa::ToSchema;

/// Codes of policies that say nothing of who asks: the state of things stands in the way, whoever it is.
const OF_STATE: [&str; 1] = ["default_workspace"];

/// A problem (RFC 9457). `code` is stable, `detail` is for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: `code` says more.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, for programs: a word of Doorward's, or the `@code` of a policy that forbids it.
    #[schema(value_type = String, example = "not_found")]
    code: Cow<'static, str>,
    /// What happened, for people.
    detail: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<WrongField>)]
    fields: Vec<FieldError>,
    /// The policies that forbid it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<ForbiddingPolicy>,
    /// The limit of the organization's plan that is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Box<ReachedLimit>>,
    /// The organizations that stand in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizations: Vec<NamedOrg>,
    /// The quota of the person that is too small.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<Box<ExceededQuota>>,
    /// After how many seconds it may go better.
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// A field of the input, and what is wrong with it.
#[derive(Serialize, ToSchema)]
pub(crate) struct WrongField {
    /// The path in the body.
    #[schema(example = "attributes.classification")]
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) message: String,
}

/// A policy that forbids what was asked for.
#[derive(Debug, Serialize, ToSchema)]
struct ForbiddingPolicy {
    id: String,
    description: String,
}

/// A limit of a plan that is reached.
#[derive(Debug, Serialize, ToSchema)]
struct ReachedLimit {
    /// Of what: `workspaces`, `agents`, `members`, `messages_per_month` or `storage_bytes`.
    resource: String,
    /// How much there is; for messages and bytes, with those that were to be added.
    current: i64,
    /// How much there may be.
    limit: i64,
    /// The organization's plan.
    plan: String,
}

/// A person's quota that is too small.
#[derive(Debug, Serialize, ToSchema)]
struct ExceededQuota {
    /// What they store.
    used_bytes: i64,
    /// What they may.
    limit_bytes: i64,
    /// What was to be added.
    wanted_bytes: i64,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
            fields: vec![],
            policies: vec![],
            limit: None,
            organizations: vec![],
            quota: None,
            // The store may be back in a moment.
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }

    /// With the time after which it may go better, in whole seconds and at least one.
    pub(crate) fn with_retry_after(mut self, after: Duration) -> Self {
        let begun = u64::from(after.subsec_nanos() > 0);
        self.retry_after = Some(after.as_secs().saturating_add(begun).max(1));
        self
    }

    /// Whether it says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND.as_u16()
    }

    /// Whether the matter is ours, and may be over in a moment.
    pub(crate) fn is_ours(&self) -> bool {
        self.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16()
    }

    /// In how many seconds another try may do.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub(crate) fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }

    fn with_policies(mut self, policies: &[Arc<PolicyInfo>]) -> Self {
        self.policies = policies
            .iter()
            .map(|policy| ForbiddingPolicy { id: policy.id.clone(), description: policy.description.clone() })
            .collect();
        self
    }

    /// The credentials that came with the request are not (or no longer) good.
    pub(crate) fn bad_credentials() -> Self {
        let detail = "the API key is unknown, expired or revoked, or the session has ended";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", detail)
    }

    /// The session cannot be prolonged with what came.
    pub(crate) fn bad_refresh_token() -> Self {
        let detail = "the refresh token is unknown or was used, or its session has ended; sign in again";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token", detail)
    }

    /// The caller has no account.
    pub(crate) fn not_a_person() -> Self {
        let detail = "this is about the account of whoever asks, and an API key has none";
        Self::new(StatusCode::FORBIDDEN, "not_a_person", detail)
    }

    /// Another site's page made a browser send this.
    pub(crate) fn cross_origin() -> Self {
        let detail = "a session in a cookie changes something from the public URL's own pages only; send Origin, or a token";
        Self::new(StatusCode::FORBIDDEN, "cross_origin", detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "sign in, or send an API key, as a bearer token",
            ),
            Error::BadCredentials => Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail),
            Error::SecondFactorRequired => {
                Self::new(StatusCode::UNAUTHORIZED, "second_factor_required", detail)
            }
            Error::Gone(_) => Self::new(StatusCode::GONE, "gone", detail),
            Error::Forbidden { policies, .. } => {
                let code = refusal_code(&policies).unwrap_or("forbidden").to_owned();
                let is_of_state = OF_STATE.contains(&code.as_str());
                let status = if is_of_state { StatusCode::CONFLICT } else { StatusCode::FORBIDDEN };
                Self::new(status, code, detail).with_policies(&policies)
            }
            Error::Refused { code, .. } => Self::new(StatusCode::FORBIDDEN, code, detail),
            Error::LimitReached { resource, current, limit, plan } => {
                let limit = ReachedLimit { resource, current, limit, plan };
                Self {
                    limit: Some(Box::new(limit)),
                    ..Self::new(StatusCode::CONFLICT, "limit_reached", detail)
                }
            }
            Error::QuotaExceeded { used, limit, wanted } => {
                let quota = ExceededQuota { used_bytes: used, limit_bytes: limit, wanted_bytes: wanted };
                Self {
                    quota: Some(Box::new(quota)),
                    ..Self::new(StatusCode::CONFLICT, "quota_exceeded", detail)
                }
            }
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            Error::Conflict { code, .. } => Self::new(StatusCode::CONFLICT, code, detail),
            Error::SoleOwner(organizations) => {
                Self { organizations, ..Self::new(StatusCode::CONFLICT, "sole_owner", detail) }
            }
            Error::Invalid(fields) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail).with_fields(fields)
            }
            Error::Unreachable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                format!("{detail}; try again"),
            ),
            Error::NotReached(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "revision_not_reached", detail)
            }
            Error::Store(error) => {
                tracing::error!(%error, "the store failed");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store_unavailable",
                    "the store did not answer; try again",
                )
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"doorward\""));
        }
        response
    }
}
