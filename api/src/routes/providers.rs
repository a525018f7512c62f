//! Which providers are configured.

use axum::extract::State;
use tenancy::connection::{self, ConfigStatus};
use tenancy::{ConnectionOwner, connection_action as action};

use crate::app::App;
use crate::context::{Me, Origin};
use crate::problem::Problem;

/// See which providers are configured where I work
///
/// In the organization that you work in, or for yourself. Every installation keeps documents somewhere.
#[utoipa::path(
    get, path = "/api/v1/providers/config-status", tag = "connections",
    responses(
        (status = 200, description = "By purpose and provider, with the last test of each connection", body = ConfigStatus),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 404, description = "You are in the organization no longer", body = Problem),
        (status = 422, description = "Not valid", body = Problem),
    ),
)]
pub(crate) async fn config_status(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<axum::Json<ConfigStatus>, Problem> {
    let current = me.caller.person().and_then(|person| person.current.org);
    let owner = current.map_or(ConnectionOwner::User(me.id), ConnectionOwner::Org);
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&me.caller, owner).await?;
    Ok(axum::Json(connection::config_status(&mut tx, &allowed).await?))
}
