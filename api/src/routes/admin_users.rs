//! Accounts, for those who look after them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenancy::user::{self, Account, InvitedUser, UserFilter};
use tenancy::{
    Action, Address, Authorized, Locale, Platform, PlatformRole, Request, Tx, UserId, administration,
    session, user_action as action,
};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, OptionalJson, Path, Query};
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::auth::Accepted;
use crate::routes::sessions::Ended;

page!(
    /// A page of accounts.
    AccountList { users: Account }
);

/// An account to be made for somebody. Its owner chooses the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    email: Address,
    #[schema(example = "Olga", min_length = 1, max_length = 200)]
    name: String,
    /// The language of their mails.
    #[serde(default = "english")]
    #[schema(default = "en")]
    locale: Locale,
}

fn english() -> Locale {
    Locale::English
}

/// Why an account is closed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisableUser {
    /// In your words; its owner gets to read it.
    #[schema(max_length = 256)]
    reason: Option<String>,
}

/// How much somebody may store.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetQuota {
    /// In bytes.
    #[schema(minimum = 0)]
    quota_bytes: i64,
}

/// An account with another quota.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithWarnings {
    #[serde(flatten)]
    account: Account,
    /// What to think of: `below_usage` if more is stored already than may be.
    warnings: Vec<&'static str>,
}

/// Which AI somebody works with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAi {
    /// Whose; null for none.
    #[schema(max_length = 100)]
    ai_provider: Option<String>,
    /// Which one.
    #[schema(max_length = 100)]
    ai_model: Option<String>,
}

/// What somebody may do for the whole installation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPlatformRole {
    /// Null takes the role away.
    #[serde(deserialize_with = "Option::deserialize")]
    platform_role: Option<PlatformRole>,
}

/// A transaction in which administrators act one after the other, and the proof that this one may.
async fn administer<A: Action<Target = UserId>>(
    app: &App,
    request: Request,
    Asker(caller): &Asker,
    id: UserId,
) -> Result<(Tx, Authorized<A>), Problem> {
    let mut tx = app.db.begin(request).await?;
    administration::lock(&mut tx).await?;
    let allowed = tx.authorize::<A>(caller, id).await?;
    Ok((tx, allowed))
}

async fn done(tx: Tx, account: Account) -> Result<impl IntoResponse, Problem> {
    Ok((At(tx.commit().await?), axum::Json(account)))
}

/// List accounts
///
/// A trial that is over counts as `expired` from that moment on.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "admin", params(Listing::<UserFilter>),
    responses((status = 200, description = "A page of accounts", body = AccountList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    list: Listing<UserFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, Platform).await?;
    list.json(AccountList::from(user::list(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Make an account for somebody
///
/// It is approved from the start. Its owner gets a mail with a link to choose the password, and can do nothing before.
#[utoipa::path(
    post, path = "/api/v1/admin/users", tag = "admin", request_body = CreateUser, params(Create::<CreateUser>),
    responses(
        (status = 201, description = "The account", body = Account),
        (status = 409, description = "`address_taken`", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    new: Create<CreateUser>,
) -> Result<Response, Problem> {
    let create = async |tx: &mut Tx, body: CreateUser| {
        let new = InvitedUser { email: body.email, name: body.name, locale: body.locale };
        administration::lock(tx).await?;
        let allowed = tx.authorize::<action::Create>(&caller, Platform).await?;
        let account = user::create(tx, &allowed, &new).await?;
        Ok(Created::at(format!("/api/v1/admin/users/{}", account.profile.id), account))
    };
    new.run(&app, request, &caller, create).await
}

/// See an account
#[utoipa::path(
    get, path = "/api/v1/admin/users/{user_id}", tag = "admin",
    params(("user_id" = UserId, Path, description = "The account"), Fields),
    responses((status = 200, description = "The account", body = Account)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
    Query(query): Query<Fields>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::Inspect>(&caller, id).await?;
    query.json(user::account(&mut tx, &allowed).await?)
}

/// Approve an account
///
/// Before or after the trial has ended; all rights are back at once. Approving twice is no error.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{user_id}/approve", tag = "admin",
    params(("user_id" = UserId, Path, description = "The account")),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 409, description = "`not_approvable`: closed, at rest or being erased", body = Problem),
    ),
)]
pub(crate) async fn approve(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::Approve>(&app, request, &asker, id).await?;
    let account = user::approve(&mut tx, &allowed).await?;
    done(tx, account).await
}

/// Close an account
///
/// Its owner is signed out everywhere and cannot sign in. Nothing is deleted.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{user_id}/disable", tag = "admin", request_body = Option<DisableUser>,
    params(("user_id" = UserId, Path, description = "The account")),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 409, description = "`already_closed`, or `last_super_admin`", body = Problem),
    ),
)]
pub(crate) async fn disable(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
    OptionalJson(body): OptionalJson<DisableUser>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::Disable>(&app, request, &asker, id).await?;
    let account = user::disable(&mut tx, &allowed, body.reason.as_deref()).await?;
    done(tx, account).await
}

/// Open an account again
///
/// Approved as before, or in what is left of its trial, or as a guest.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{user_id}/enable", tag = "admin",
    params(("user_id" = UserId, Path, description = "The account")),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 409, description = "`not_disabled`", body = Problem),
    ),
)]
pub(crate) async fn enable(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::Enable>(&app, request, &asker, id).await?;
    let account = user::enable(&mut tx, &allowed).await?;
    done(tx, account).await
}

/// Set the AI of an account
#[utoipa::path(
    put, path = "/api/v1/admin/users/{user_id}/ai", tag = "admin", request_body = SetAi,
    params(("user_id" = UserId, Path, description = "The account")),
    responses((status = 200, description = "The account as it is now", body = Account)),
)]
pub(crate) async fn set_ai(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
    Json(body): Json<SetAi>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::SetAi>(&app, request, &asker, id).await?;
    let account =
        user::set_ai(&mut tx, &allowed, body.ai_provider.as_deref(), body.ai_model.as_deref()).await?;
    done(tx, account).await
}

/// Set the platform role of an account
#[utoipa::path(
    put, path = "/api/v1/admin/users/{user_id}/platform-role", tag = "admin", request_body = SetPlatformRole,
    params(("user_id" = UserId, Path, description = "The account")),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 409, description = "`last_super_admin`", body = Problem),
    ),
)]
pub(crate) async fn set_platform_role(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
    Json(body): Json<SetPlatformRole>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::SetPlatformRole>(&app, request, &asker, id).await?;
    let account = user::set_platform_role(&mut tx, &allowed, body.platform_role).await?;
    done(tx, account).await
}

/// Set the quota of an account
///
/// Less than is stored keeps what is there, and lets nothing more in: the answer then has a warning.
#[utoipa::path(
    put, path = "/api/v1/admin/users/{user_id}/quota", tag = "admin", request_body = SetQuota,
    params(("user_id" = UserId, Path, description = "The account")),
    responses((status = 200, description = "The account as it is now", body = WithWarnings)),
)]
pub(crate) async fn set_quota(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
    Json(body): Json<SetQuota>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::SetQuota>(&app, request, &asker, id).await?;
    let account = user::set_quota(&mut tx, &allowed, body.quota_bytes).await?;
    let is_below = account.profile.quota_bytes < account.profile.used_bytes;
    let warnings = if is_below { vec!["below_usage"] } else { vec![] };
    Ok((At(tx.commit().await?), axum::Json(WithWarnings { account, warnings })))
}

/// Mail somebody a link to choose a password
///
/// You never see it.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{user_id}/password-reset", tag = "admin",
    params(("user_id" = UserId, Path, description = "The account")),
    responses(
        (status = 202, description = "A mail is on its way", body = Accepted),
        (status = 409, description = "`not_open`", body = Problem),
    ),
)]
pub(crate) async fn send_password_reset(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
) -> Result<impl IntoResponse, Problem> {
    let (mut tx, allowed) = administer::<action::SendPasswordReset>(&app, request, &asker, id).await?;
    user::send_password_reset(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(Accepted::answer())
}

/// Sign somebody out everywhere
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{user_id}/sessions", tag = "admin",
    params(("user_id" = UserId, Path, description = "The account")),
    responses((status = 200, description = "How many sessions were ended", body = Ended)),
)]
pub(crate) async fn revoke_sessions(
    State(app): State<App>,
    asker: Asker,
    Origin(request): Origin,
    Path(id): Path<UserId>,
) -> Result<axum::Json<Ended>, Problem> {
    let (mut tx, allowed) = administer::<action::RevokeSessions>(&app, request, &asker, id).await?;
    let ended = session::revoke_all(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(axum::Json(Ended { ended }))
}
