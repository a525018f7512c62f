//! The keys that credentials are sealed with.

use axum::extract::State;
use serde::Deserialize;
use tenancy::encryption_key::{self, Progress};
use tenancy::{ConnectionId, Platform, platform};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::body::OptionalJson;
use crate::context::{Asker, Origin};
use crate::problem::Problem;

/// Where a rotation goes on; nothing begins one.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateEncryptionKey {
    /// The new key, as the answer before named it.
    #[serde(default)]
    key_id: Option<Uuid>,
    /// The last connection that was looked at, as the answer before named it.
    #[serde(default)]
    after: Option<ConnectionId>,
}

/// Change the key that credentials are sealed with
///
/// Makes a new key, and seals some of the credentials there are with it. Call it again with the `key_id` and `after` of the
/// answer until `after` is null; `doorward keys rotate` does. Whoever is cut off begins again with `key_id` alone. Keys that
/// seal nothing any more are removed.
#[utoipa::path(
    post, path = "/api/v1/admin/encryption-keys/rotate", tag = "admin", request_body = Option<RotateEncryptionKey>,
    responses(
        (status = 200, description = "How far it has come", body = Progress),
        (status = 409, description = "`superseded`: a newer key was made, and its rotation goes on with everything", body = Problem),
    ),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    OptionalJson(body): OptionalJson<RotateEncryptionKey>,
) -> Result<axum::Json<Progress>, Problem> {
    let key = match body.key_id {
        Some(key) => key,
        None => {
            let mut tx = app.db.begin(request.clone()).await?;
            let allowed = tx.authorize::<platform::RotateEncryptionKey>(&caller, Platform).await?;
            let key = encryption_key::begin(&mut tx, &allowed).await?;
            tx.commit().await?;
            key
        }
    };
    // In a transaction of its own: whoever seals credentials meanwhile holds a connection and waits for the keys.
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::RotateEncryptionKey>(&caller, Platform).await?;
    let progress = encryption_key::proceed(&mut tx, &allowed, key, body.after).await?;
    tx.commit().await?;
    Ok(axum::Json(progress))
}
