//! Which agents organizations use, and what that costs them.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tenancy::agent::{self, AgentUse, NewAgentUse};
use tenancy::{AgentId, org_action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path};
use crate::context::{Asker, Origin};
use crate::once;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// A use to be recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UseAgent {
    /// What is used.
    agent_id: AgentId,
    /// What tells it from other uses: the same key is the same use, and charged once.
    #[schema(min_length = 1, max_length = 100, example = "chat-4711-turn-3")]
    key: String,
}

/// Record that an organization uses an agent
///
/// Own and free agents cost nothing. For one that another organization shares at a price, that price is taken out of the
/// wallet and put into the other's: both or neither.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/agent-uses", tag = "agents", request_body = UseAgent,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 201, description = "The use, and what was charged", body = AgentUse),
        (status = 200, description = "The same, recorded before with this key", body = AgentUse),
        (status = 404, description = "No such organization, or no such agent that it may use now", body = Problem),
        (
            status = 409,
            description = "`insufficient_funds`; `key_reused`: the key came before for another agent; \
                           `no_current_organization`",
            body = Problem,
        ),
    ),
)]
pub(crate) async fn record(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Json(body): Json<UseAgent>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::Spend>(&caller, org).await?;
    let new = NewAgentUse { agent: body.agent_id, key: body.key };
    let used = agent::use_agent(&mut tx, &allowed, &new).await?;
    Ok(once::answer(tx.commit().await?, used))
}
