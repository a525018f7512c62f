//! The organization in a path: its id, or `current` for the one that the session works in.

use axum::http::StatusCode;
use serde::de::{Deserialize, Deserializer, Error as _};
use tenancy::{Caller, OrgId};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::problem::Problem;

/// An organization as a path names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrgRef {
    /// The one that the caller works in.
    Current,
    /// This one.
    Id(OrgId),
}

impl OrgRef {
    /// Which one it is.
    ///
    /// # Errors
    /// 409 `no_current_organization`.
    pub(crate) fn of(self, caller: &Caller) -> Result<OrgId, Problem> {
        match self {
            Self::Id(id) => Ok(id),
            Self::Current => caller.person().and_then(|person| person.current.org).ok_or_else(|| {
                let detail = "you work in no organization now; switch to one, or name it by its id";
                Problem::new(StatusCode::CONFLICT, "no_current_organization", detail)
            }),
        }
    }
}

impl<'de> Deserialize<'de> for OrgRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "current" {
            return Ok(Self::Current);
        }
        let id = Uuid::try_parse(&text).map_err(|_| D::Error::custom("neither a UUID nor `current`"))?;
        Ok(Self::Id(OrgId(id)))
    }
}

/// A string, in the OpenAPI document: mostly a UUID.
impl PartialSchema for OrgRef {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

impl ToSchema for OrgRef {}
