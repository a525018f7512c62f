//! Deletions under way, with their receipts.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::purge::{self, PurgeFilter};
use tenancy::{
    Error, Platform, Purge, PurgeId, PurgeToken, Request, Revision, purge_action as action, user_action,
};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::body::{OptionalJson, Path, Query};
use crate::context::{Asker, Me, Origin};
use crate::list::{Fields, Listing, page};
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of purges.
    PurgeList { purges: Purge }
);

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
    get, path = "/api/v1/me/purges", tag = "me", params(Listing),
    responses((status = 200, description = "A page of purges", body = PurgeList)),
)]
pub(crate) async fn list_mine(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ListPurges>(&me.caller, me.id).await?;
    list.json(PurgeList::from(purge::mine(&mut tx, &allowed, list.page).await?))
}

/// See how a purge goes
///
/// For whoever asked for it and is signed in, or has its token: that is good until 30 days after its end.
#[utoipa::path(
    get, path = "/api/v1/me/purge/{purge_id}", tag = "me",
    params(("purge_id" = PurgeId, Path, description = "The purge"), TokenQuery),
    responses(
        (status = 200, description = "The purge, with its receipt once it is done", body = Purge),
        (status = 401, description = "No token of the purge, and nobody signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
    ),
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
/// While it waits. Everything is as it was, but for sessions, links, invitations and jobs, which stay ended, and for workspaces
/// that somebody else manages since.
#[utoipa::path(
    post, path = "/api/v1/me/purge/{purge_id}/cancel", tag = "me", request_body = Option<CancelPurge>,
    params(("purge_id" = PurgeId, Path, description = "The purge")),
    responses(
        (status = 200, description = "The purge as it is now", body = Purge),
        (status = 401, description = "No token of the purge, and nobody signed in", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 409, description = "`not_waiting`; `email_taken`, or `name_taken`: somebody else has it by now; `no_owner`: none of the organization's owners can act", body = Problem),
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
    get, path = "/api/v1/admin/purges", tag = "admin", params(Listing::<PurgeFilter>),
    responses((status = 200, description = "A page of purges", body = PurgeList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    list: Listing<PurgeFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, Platform).await?;
    list.json(PurgeList::from(purge::list(&mut tx, &allowed, list.filter, list.page).await?))
}

/// See any purge
#[utoipa::path(
    get, path = "/api/v1/admin/purges/{purge_id}", tag = "admin",
    params(("purge_id" = PurgeId, Path, description = "The purge"), Fields),
    responses((status = 200, description = "The purge, with its receipt once it is done", body = Purge)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<PurgeId>,
    Query(query): Query<Fields>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, Platform).await?;
    query.json(purge::get(&mut tx, &allowed, id).await?)
}
