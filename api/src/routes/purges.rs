//! Deletions under way, with their receipts.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenancy::purge::{self, PurgeFilter};
use tenancy::{
    Error, Platform, Purge, PurgeId, PurgeState, PurgeSubject, PurgeToken, Request, Revision,
    purge_action as action, user_action,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::body::{OptionalJson, Path, Query};
use crate::context::{Asker, Me, Origin};
use crate::list::{FieldsQuery, ListQuery, PageView, first, twenty};
use crate::problem::Problem;
use crate::refusals::Refusals;
use crate::revision::At;

/// Which purges, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PurgesQuery {
    /// So far on their way.
    #[param(inline)]
    state: Option<PurgeState>,
    /// Of these.
    #[param(inline)]
    subject: Option<PurgeSubject>,
    /// Of this account, organization or workspace.
    subject_id: Option<Uuid>,
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

/// A page of purges.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct PurgeList {
    purges: Vec<Purge>,
    #[serde(flatten)]
    page: PageView,
}

/// How a purge is seen without an account.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenQuery {
    /// The token that was told when it was asked for; left out by whoever asked and is signed in.
    token: Option<String>,
}

/// How a purge is called off without an account.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelPurge {
    /// The token that was told when it was asked for; left out by whoever asked and is signed in.
    #[schema(example = "dwp_…")]
    token: Option<String>,
}

/// What cannot be the token of this purge shows nothing, and nothing of it is repeated.
async fn with_token(
    app: &App,
    request: Request,
    id: PurgeId,
    text: &str,
) -> Result<(PurgeToken, Purge), Problem> {
    let unknown = || Problem::from(Error::NotFound("purge"));
    let token = PurgeToken::parse(text).ok_or_else(unknown)?;
    let purge = purge::look(&app.db, request, &token).await?;
    if purge.id == id { Ok((token, purge)) } else { Err(unknown()) }
}

/// List my purges
///
/// The deletions that you asked for, the latest first.
#[utoipa::path(
    get, path = "/api/v1/me/purges", tag = "me", params(ListQuery),
    responses((status = 200, description = "A page of purges", body = PurgeList), Refusals),
)]
pub(crate) async fn list_mine(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, Problem> {
    let page = query.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ListPurges>(&me.caller, me.id).await?;
    query.json("purges", purge::mine(&mut tx, &allowed, page).await?)
}

/// See how a purge goes
///
/// For whoever asked for it and is signed in, or has its token: that is good until 30 days after its end.
#[utoipa::path(
    get, path = "/api/v1/me/purge/{purge_id}", tag = "me",
    params(("purge_id" = PurgeId, Path, description = "The purge"), TokenQuery),
    responses((status = 200, description = "The purge, with its receipt once it is done", body = Purge), Refusals),
)]
pub(crate) async fn look(
    State(app): State<App>,
    me: Result<Me, Response>,
    Origin(request): Origin,
    Path(id): Path<PurgeId>,
    Query(query): Query<TokenQuery>,
) -> Result<axum::Json<Purge>, Response> {
    let seen = match query.token {
        Some(text) => with_token(&app, request, id, &text).await.map(|(_, purge)| purge),
        None => own(&app, request, &me?, id).await,
    };
    seen.map(axum::Json).map_err(Problem::into_response)
}

async fn own(app: &App, request: Request, me: &Me, id: PurgeId) -> Result<Purge, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ListPurges>(&me.caller, me.id).await?;
    Ok(purge::one_of_mine(&mut tx, &allowed, id).await?)
}

/// Call a purge off
///
/// While it waits. Everything is as it was, but for sessions, links, invitations and jobs, which stay ended.
#[utoipa::path(
    post, path = "/api/v1/me/purge/{purge_id}/cancel", tag = "me", request_body = Option<CancelPurge>,
    params(("purge_id" = PurgeId, Path, description = "The purge")),
    responses(
        (status = 200, description = "The purge as it is now", body = Purge),
        (status = 409, description = "`not_waiting`; or `email_taken`, or `name_taken`: somebody else has it by now", body = Problem),
        Refusals,
    ),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    me: Result<Me, Response>,
    Origin(request): Origin,
    Path(id): Path<PurgeId>,
    OptionalJson(body): OptionalJson<CancelPurge>,
) -> Result<(At, axum::Json<Purge>), Response> {
    let cancelled = match body.token {
        Some(text) => cancel_by_token(&app, request, id, &text).await,
        None => cancel_own(&app, request, &me?, id).await,
    };
    cancelled.map(|(purge, revision)| (At(revision), axum::Json(purge))).map_err(Problem::into_response)
}

async fn cancel_by_token(
    app: &App,
    request: Request,
    id: PurgeId,
    text: &str,
) -> Result<(Purge, Revision), Problem> {
    let (token, _) = with_token(app, request.clone(), id, text).await?;
    Ok(purge::cancel(&app.db, request, &token).await?)
}

async fn cancel_own(app: &App, request: Request, me: &Me, id: PurgeId) -> Result<(Purge, Revision), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::CancelPurge>(&me.caller, me.id).await?;
    let purge = purge::cancel_mine(&mut tx, &allowed, id).await?;
    Ok((purge, tx.commit().await?))
}

/// List all purges
#[utoipa::path(
    get, path = "/api/v1/admin/purges", tag = "admin", params(PurgesQuery),
    responses((status = 200, description = "A page of purges", body = PurgeList), Refusals),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Query(query): Query<PurgesQuery>,
) -> Result<impl IntoResponse, Problem> {
    let PurgesQuery { state, subject, subject_id, page, limit, fields } = query;
    let list = ListQuery::new(page, limit, fields);
    let page = list.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, Platform).await?;
    let filter = PurgeFilter { state, subject, subject_id };
    list.json("purges", purge::list(&mut tx, &allowed, filter, page).await?)
}

/// See any purge
#[utoipa::path(
    get, path = "/api/v1/admin/purges/{purge_id}", tag = "admin",
    params(("purge_id" = PurgeId, Path, description = "The purge"), FieldsQuery),
    responses((status = 200, description = "The purge, with its receipt once it is done", body = Purge), Refusals),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<PurgeId>,
    Query(query): Query<FieldsQuery>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, Platform).await?;
    query.json(purge::get(&mut tx, &allowed, id).await?)
}
