//! With which organizations agents are shared.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenancy::agent::{self, AgentShare, NewAgentShare};
use tenancy::{AgentId, Money, ShareId, agent_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Path;
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Listing, page};
use crate::problem::Problem;
use crate::revision::At;

/// A share to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareAgent {
    /// The organization: its id or its slug.
    #[schema(example = "globex")]
    org: String,
    /// What it pays for each use, more than nothing; nothing, if left out.
    price_per_use: Option<Money>,
    /// From when on it is shared no longer; never, if left out.
    expires_at: Option<DateTime<Utc>>,
}

impl From<ShareAgent> for NewAgentShare {
    fn from(body: ShareAgent) -> Self {
        let ShareAgent { org, price_per_use, expires_at } = body;
        Self { org, price_per_use, expires_at }
    }
}

page!(
    /// A page of shares.
    AgentShareList { shares: AgentShare }
);

/// List the shares of an agent
#[utoipa::path(
    get, path = "/api/v1/agents/{agent_id}/shares", tag = "agents",
    params(("agent_id" = AgentId, Path, description = "The agent"), Listing),
    responses((status = 200, description = "A page of shares, oldest first", body = AgentShareList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<AgentId>,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::ListShares>(&caller, id).await?;
    list.json(AgentShareList::from(agent::shares(&mut tx, &allowed, list.page).await?))
}

/// Share an agent with another organization
///
/// Its members see and run it from then on. Sharing again changes price and end.
#[utoipa::path(
    post, path = "/api/v1/agents/{agent_id}/shares", tag = "agents", request_body = ShareAgent,
    params(("agent_id" = AgentId, Path, description = "The agent"), Create::<ShareAgent>),
    responses(
        (status = 201, description = "The share", body = AgentShare),
        (status = 403, description = "Not allowed, or a free agent", body = Problem),
        (status = 422, description = "Not valid, or no other organization has this id or slug", body = Problem),
    ),
)]
pub(crate) async fn share(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<AgentId>,
    new: Create<ShareAgent>,
) -> Result<Response, Problem> {
    new.run(&app, request, &caller, async |tx, body| {
        let allowed = tx.authorize::<action::Share>(&caller, id).await?;
        Ok(Created::new(agent::share(tx, &allowed, &body.into()).await?))
    })
    .await
}

/// End a share of an agent
#[utoipa::path(
    delete, path = "/api/v1/agents/{agent_id}/shares/{share_id}", tag = "agents",
    params(
        ("agent_id" = AgentId, Path, description = "The agent"),
        ("share_id" = ShareId, Path, description = "The share"),
    ),
    responses((status = 204, description = "Ended")),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((id, share)): Path<(AgentId, ShareId)>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Share>(&caller, id).await?;
    agent::revoke_share(&mut tx, &allowed, share).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}
