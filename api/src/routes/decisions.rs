//! The log of decisions.

use authz::Outcome;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::decision_log::{self, Filter, Logged};
use tenancy::{Caller, DecisionId, Error, KeyOwner, Request, decision_action as decision};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::list::Fields;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// Which decisions, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionsQuery {
    /// The type of the principal.
    #[param(example = "User")]
    principal_type: Option<String>,
    /// The id of the principal.
    principal_id: Option<String>,
    /// The action.
    #[param(example = "resource.read")]
    action: Option<String>,
    /// The type of the resource.
    resource_type: Option<String>,
    /// The id of the resource.
    resource_id: Option<String>,
    /// `allow` or `deny`.
    #[param(value_type = Option<String>)]
    decision: Option<Outcome>,
    /// A policy among those that decided.
    #[param(example = "content.shared.read")]
    policy: Option<String>,
    /// The code of the reason.
    #[param(example = "forbidden")]
    reason: Option<String>,
    /// Made at this time or later.
    from: Option<DateTime<Utc>>,
    /// Made before this time.
    to: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before this one.
    cursor: Option<String>,
    /// Most decisions of a page.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

fn fifty() -> u32 {
    50
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionPage {
    decisions: Vec<Logged>,
    /// `cursor` of the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Read the log of all decisions
#[utoipa::path(
    get, path = "/api/v1/decisions", tag = "decisions", params(DecisionsQuery),
    responses((status = 200, description = "A page of decisions, newest first", body = DecisionPage)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<DecisionsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    list_of(&app, &caller, request, KeyOwner::Platform, query).await
}

/// Read the log of an organization's decisions
///
/// Those about what belongs to the organization, and those that its keys asked for.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/decisions", tag = "decisions",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), DecisionsQuery),
    responses((status = 200, description = "A page of decisions, newest first", body = DecisionPage)),
)]
pub(crate) async fn list_in_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(query): Query<DecisionsQuery>,
) -> Result<axum::Json<Value>, Problem> {
    list_of(&app, &caller, request, KeyOwner::Org(org.of(&caller)?), query).await
}

async fn list_of(
    app: &App,
    caller: &Caller,
    request: Request,
    owner: KeyOwner,
    query: DecisionsQuery,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<decision::List>(caller, owner).await?;
    let after = query.cursor.as_deref().map(str::parse).transpose()?;
    let (limit, fields) = (query.limit, Fields::named(query.fields.clone()));
    let page = decision_log::list(&mut tx, &allowed, &query.into(), after, limit).await?;
    let next_cursor = page.next.map(|cursor| cursor.to_string());
    fields.page(DecisionPage { decisions: page.decisions, next_cursor })
}

impl From<DecisionsQuery> for Filter {
    fn from(query: DecisionsQuery) -> Self {
        Self {
            principal_type: query.principal_type,
            principal_id: query.principal_id,
            action: query.action,
            resource_type: query.resource_type,
            resource_id: query.resource_id,
            decision: query.decision,
            policy: query.policy,
            reason: query.reason,
            from: query.from,
            to: query.to,
        }
    }
}

/// See a logged decision
///
/// It is there some 200 ms after the answer, if the sampling rules chose it, and until the retention is over.
#[utoipa::path(
    get, path = "/api/v1/decisions/{decision_id}", tag = "decisions",
    params(("decision_id" = Uuid, Path, description = "The decision"), Fields),
    responses((status = 200, description = "The decision", body = Logged)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<DecisionId>,
    Query(fields): Query<Fields>,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let hidden = || Error::NotFound("decision");
    // Those who may read the log of everything are shown everything; others what their organization may see.
    let all = tx.authorize::<decision::List>(&caller, KeyOwner::Platform).await;
    let allowed = match all {
        Err(Error::Forbidden { .. }) => {
            let owner = decision_log::locate(&mut tx, &caller, id).await?.ok_or_else(hidden)?;
            match tx.authorize::<decision::List>(&caller, owner).await {
                Err(Error::Forbidden { .. } | Error::NotFound(_)) => Err(hidden()),
                other => other,
            }
        }
        other => other,
    }?;
    fields.json(decision_log::get(&mut tx, &allowed, id).await?)
}
