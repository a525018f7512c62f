//! The refusals that almost every operation knows, in the OpenAPI document.

use utoipa::IntoResponses;

use crate::problem::Problem;

/// What an operation on something of a tenant's refuses with, besides what it says itself.
#[derive(IntoResponses)]
#[allow(dead_code)] // stands in the OpenAPI document for `Problem`s
pub(crate) enum Refusals {
    /// Not signed in
    #[response(status = 401)]
    Unauthenticated(Problem),
    /// Not allowed
    #[response(status = 403)]
    Forbidden(Problem),
    /// There is no such thing, or you may not know of it
    #[response(status = 404)]
    NotFound(Problem),
    /// Not valid
    #[response(status = 422)]
    Invalid(Problem),
}
