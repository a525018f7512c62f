//! AI agents.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenancy::agent::{self, Agent, AgentFilter, AgentUpdate, NewAgent};
use tenancy::{AgentId, Caller, KeyOwner, Request, agent_action as action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query, present};
use crate::context::{Asker, Me, Origin};
use crate::etag::{IfMatch, IfNoneMatch, Versioned};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of agents.
    AgentList { agents: Agent }
);

/// An agent to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateAgent {
    /// What kind of agent it is, for programs: one of each for an owner, and never changed.
    #[schema(min_length = 1, max_length = 100, example = "support-chat")]
    agent_type: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it does.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// What it is made of, for whoever runs it: at most 16 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

impl From<CreateAgent> for NewAgent {
    fn from(body: CreateAgent) -> Self {
        let CreateAgent { agent_type, name, description, settings } = body;
        Self { agent_type, name, description, settings }
    }
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateAgent {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What it does; null: nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Option<Option<String>>,
    /// What it is made of, all of it.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// List agents
///
/// Free ones, those of your organizations, and those that are shared with them.
#[utoipa::path(
    get, path = "/api/v1/agents", tag = "agents", params(Listing::<AgentFilter>),
    responses(
        (status = 200, description = "A page of agents", body = AgentList),
        (status = 403, description = "An API key", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing<AgentFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    list.json(AgentList::from(agent::list(&mut tx, &me.caller, &list.filter, list.page).await?))
}

/// Create a free agent
#[utoipa::path(
    post, path = "/api/v1/agents", tag = "agents", request_body = CreateAgent,
    params(Create::<CreateAgent>),
    responses(
        (status = 201, description = "The agent", body = Agent),
        (status = 409, description = "`agent_type_taken`", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    new: Create<CreateAgent>,
) -> Result<Response, Problem> {
    create_for(&app, &caller, request, KeyOwner::Platform, new).await
}

/// Create an organization's agent
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/agents", tag = "agents", request_body = CreateAgent,
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        Create::<CreateAgent>,
    ),
    responses(
        (status = 201, description = "The agent", body = Agent),
        (status = 409, description = "`agent_type_taken`, `limit_reached`, `no_current_organization`", body = Problem),
    ),
)]
pub(crate) async fn create_in_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<CreateAgent>,
) -> Result<Response, Problem> {
    create_for(&app, &caller, request, KeyOwner::Org(org.of(&caller)?), new).await
}

async fn create_for(
    app: &App,
    caller: &Caller,
    request: Request,
    owner: KeyOwner,
    new: Create<CreateAgent>,
) -> Result<Response, Problem> {
    new.run(app, request, caller, async |tx, body| {
        let allowed = tx.authorize::<action::Create>(caller, owner).await?;
        let agent = agent::create(tx, &allowed, &body.into()).await?;
        Ok(Created::at(format!("/api/v1/agents/{}", agent.id), agent))
    })
    .await
}

/// See an agent
#[utoipa::path(
    get, path = "/api/v1/agents/{agent_id}", tag = "agents",
    params(("agent_id" = AgentId, Path, description = "The agent"), Fields, IfNoneMatch),
    responses(
        (status = 200, description = "The agent", body = Agent, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<AgentId>,
    if_none_match: IfNoneMatch,
    Query(fields): Query<Fields>,
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::View>(&caller, id).await?;
    let agent = agent::agent(&mut tx, &allowed).await?;
    Ok(if_none_match.answer(Versioned::new(agent.version, &fields.json(agent)?.0)?))
}

/// Change an agent
#[utoipa::path(
    patch, path = "/api/v1/agents/{agent_id}", tag = "agents", request_body = UpdateAgent,
    params(("agent_id" = AgentId, Path, description = "The agent"), IfMatch),
    responses(
        (status = 200, description = "The agent as it is now", body = Agent, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<AgentId>,
    if_match: IfMatch,
    Json(body): Json<UpdateAgent>,
) -> Result<impl IntoResponse, Problem> {
    let update = AgentUpdate { name: body.name, description: body.description, settings: body.settings };
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Update>(&caller, id).await?;
    let seen = tx.authorize::<action::View>(&caller, id).await?;
    if_match.check(agent::agent(&mut tx, &seen).await?.version)?;
    let agent = agent::update(&mut tx, &allowed, &update).await?;
    let answer = Versioned::new(agent.version, &agent)?;
    Ok((At(tx.commit().await?), answer))
}

/// Take an agent out of use
///
/// Nobody runs it from then on, and only those see it who can take it into use again.
#[utoipa::path(
    delete, path = "/api/v1/agents/{agent_id}", tag = "agents",
    params(("agent_id" = AgentId, Path, description = "The agent")),
    responses((status = 204, description = "Out of use, now or before")),
)]
pub(crate) async fn deactivate(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<AgentId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Deactivate>(&caller, id).await?;
    agent::deactivate(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// Take an agent into use again
#[utoipa::path(
    post, path = "/api/v1/agents/{agent_id}/reactivate", tag = "agents",
    params(("agent_id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "The agent, in use", body = Agent)),
)]
pub(crate) async fn reactivate(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<AgentId>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Reactivate>(&caller, id).await?;
    let agent = agent::reactivate(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(agent)))
}
