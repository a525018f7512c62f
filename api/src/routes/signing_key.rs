//! The key that access tokens are signed with.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde::Deserialize;
use tenancy::signing_key::{self, Rotation};
use tenancy::{Platform, platform};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// When the new key takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// Once everybody can know it; tokens that were given out stay good.
    Soon,
    /// Now, because the old one may have become known: every access token that was given out is dead.
    AtOnce,
}

impl From<When> for Rotation {
    fn from(when: When) -> Self {
        match when {
            When::Soon => Self::WhenOlderThan(TimeDelta::zero()),
            When::AtOnce => Self::AtOnce,
        }
    }
}

/// How the key is changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSigningKey {
    when: When,
}

/// Change the key of access tokens
///
/// Happens by itself from time to time. With `at_once`, other processes may take the old key for another 30 seconds.
#[utoipa::path(
    post, path = "/api/v1/admin/signing-key/rotate", tag = "admin", request_body = RotateSigningKey,
    responses((status = 204, description = "Changed; or a new one is on its way already")),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Json(body): Json<RotateSigningKey>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::RotateSigningKey>(&caller, Platform).await?;
    signing_key::rotate(&mut tx, &allowed, body.when.into()).await?;
    tx.commit().await?;
    app.db.forget_signing_keys();
    Ok(StatusCode::NO_CONTENT)
}
