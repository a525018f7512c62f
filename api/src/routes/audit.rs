//! The audit log, newest first.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::audit::{self, Filter, Recorded};
use tenancy::{Caller, DecisionId, Platform, ReadsAudit, Request, ResourceId, org_action as org, platform};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::list::Fields;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// Which entries, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// The type of who did it.
    #[param(example = "User")]
    actor_type: Option<String>,
    /// The id of who did it.
    actor_id: Option<String>,
    /// What was done; with `.*` at its end, all that begins so.
    #[param(example = "user.*")]
    action: Option<String>,
    /// The type of what it was done to.
    target_type: Option<String>,
    /// The id of what it was done to.
    target_id: Option<String>,
    /// `X-Request-Id` of the request.
    request_id: Option<String>,
    /// The decision that allowed it.
    #[param(value_type = Option<Uuid>)]
    decision_id: Option<DecisionId>,
    /// Done at this time or later.
    from: Option<DateTime<Utc>>,
    /// Done before this time.
    to: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before this one.
    cursor: Option<String>,
    /// Most entries of a page.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

fn fifty() -> u32 {
    50
}

/// What somebody did.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its place in the chain, from 1.
    pub(crate) seq: i64,
    /// When it was done.
    pub(crate) at: DateTime<Utc>,
    /// Who did it.
    pub(crate) actor: ResourceId,
    /// What was done.
    #[schema(example = "workspace.write_resources")]
    pub(crate) action: String,
    /// What it was done to.
    pub(crate) target: ResourceId,
    /// `X-Request-Id` of the request; empty for what nobody asked for over HTTP.
    pub(crate) request_id: String,
    /// The decision that allowed it.
    pub(crate) decision_id: Uuid,
    /// The address of the client; null where there was none, and once it was forgotten.
    pub(crate) ip: Option<String>,
    /// The changed fields before; null where there was nothing, and once they were forgotten.
    #[schema(value_type = Option<Object>)]
    pub(crate) before: Value,
    /// The changed fields after; null where nothing was left, and once they were forgotten.
    #[schema(value_type = Option<Object>)]
    pub(crate) after: Value,
    /// Its hash in the chain, in hexadecimal digits.
    pub(crate) hash: String,
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    entries: Vec<AuditEntry>,
    /// `cursor` of the next page; null on the last one.
    next_cursor: Option<String>,
}

impl From<Recorded> for AuditEntry {
    fn from(recorded: Recorded) -> Self {
        Self {
            seq: recorded.seq,
            at: recorded.at,
            actor: recorded.actor,
            action: recorded.action,
            target: recorded.target,
            request_id: recorded.request_id,
            decision_id: recorded.decision_id.0,
            ip: recorded.ip,
            before: recorded.before,
            after: recorded.after,
            hash: recorded.hash,
        }
    }
}

impl From<AuditQuery> for Filter {
    fn from(query: AuditQuery) -> Self {
        Self {
            actor_type: query.actor_type,
            actor_id: query.actor_id,
            action: query.action,
            target_type: query.target_type,
            target_id: query.target_id,
            request_id: query.request_id,
            decision_id: query.decision_id,
            from: query.from,
            to: query.to,
        }
    }
}

/// Read the audit log of the platform
///
/// What was done to nothing that belongs to an organization.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page of entries, newest first", body = AuditPage)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<AuditQuery>,
) -> Result<axum::Json<Value>, Problem> {
    list_of::<platform::ViewAudit>(&app, &caller, request, Platform, query).await
}

/// Read the audit log of an organization
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/audit", tag = "audit",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), AuditQuery),
    responses((status = 200, description = "A page of entries, newest first", body = AuditPage)),
)]
pub(crate) async fn list_in_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(query): Query<AuditQuery>,
) -> Result<axum::Json<Value>, Problem> {
    list_of::<org::ViewAudit>(&app, &caller, request, org.of(&caller)?, query).await
}

async fn list_of<A: ReadsAudit>(
    app: &App,
    caller: &Caller,
    request: Request,
    target: A::Target,
    query: AuditQuery,
) -> Result<axum::Json<Value>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<A>(caller, target).await?;
    let after = query.cursor.as_deref().map(str::parse).transpose()?;
    let (limit, fields) = (query.limit, Fields::named(query.fields.clone()));
    let page = audit::list(&mut tx, &allowed, &query.into(), after, limit).await?;
    let next_cursor = page.next.map(|cursor| cursor.to_string());
    fields.page(AuditPage { entries: page.entries.into_iter().map(AuditEntry::from).collect(), next_cursor })
}
