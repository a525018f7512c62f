//! A person's own account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenancy::user::{self, Profile, ProfileUpdate};
use tenancy::{Locale, Password, account, administration, user_action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Query};
use crate::client_address::ClientAddress;
use crate::context::{Me, Origin};
use crate::etag::{IfMatch, IfNoneMatch, Versioned};
use crate::list::Fields;
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::auth::Accepted;
use crate::throttle;

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateMe {
    /// How you call yourself.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The language of your mails.
    locale: Option<Locale>,
}

/// A new password, with the current one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    #[schema(value_type = String, format = Password)]
    current_password: Password,
    /// 8 to 256 characters of any kind, none of the passwords that are tried first.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    new_password: Password,
}

/// See my account
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me", params(Fields, IfNoneMatch),
    responses(
        (status = 200, description = "The account", body = Profile, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 304, description = "You have it"),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    if_none_match: IfNoneMatch,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::View>(&me.caller, me.id).await?;
    let profile = user::profile(&mut tx, &allowed).await?;
    let version = profile.version;
    Ok(if_none_match.answer(Versioned::new(version, &query.json(profile)?.0)?))
}

/// Change my account
///
/// With `If-Match`, only if nobody has changed name or language since you looked.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "me", request_body = UpdateMe, params(IfMatch),
    responses(
        (status = 200, description = "The account as it is now", body = Profile, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 412, description = "`precondition_failed`", body = Problem),
    ),
)]
pub(crate) async fn update(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    if_match: IfMatch,
    Json(body): Json<UpdateMe>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::Update>(&me.caller, me.id).await?;
    if_match.check(user::lock_version(&mut tx, &allowed).await?)?;
    let update = ProfileUpdate { name: body.name, locale: body.locale };
    let profile = user::update(&mut tx, &allowed, &update).await?;
    let answer = Versioned::new(profile.version, &profile)?;
    Ok((At(tx.commit().await?), answer))
}

/// Send the verification mail again
///
/// The link that was sent before is dead from then on.
#[utoipa::path(
    post, path = "/api/v1/me/verification", tag = "me",
    responses(
        (status = 202, description = "A mail is on its way", body = Accepted),
        (status = 409, description = "`already_verified`", body = Problem),
        (status = 429, description = "Too many from this address", body = Problem),
    ),
)]
pub(crate) async fn resend_verification(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    client: ClientAddress,
) -> Result<impl IntoResponse, Problem> {
    throttle::registration(&app, client).await?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ResendVerification>(&me.caller, me.id).await?;
    account::resend_verification(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(Accepted::answer())
}

/// Change my password
///
/// All other sessions end; this one goes on.
#[utoipa::path(
    post, path = "/api/v1/me/password", tag = "me", request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 422, description = "The current password is wrong, or the new one not good", body = Problem),
        (status = 429, description = "Too many failures", body = Problem),
    ),
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    client: ClientAddress,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let (current, new) = (&body.current_password, &body.new_password);
    let pass = throttle::sign_in(&app, client, &me.id.to_string()).await?;
    pass.judge(account::change_password(&app.db, request, &me.caller, current, new).await).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put my account to rest
///
/// All sessions end and the data stays. Whoever signs in again can take it up again, or delete it, and nothing else.
#[utoipa::path(
    post, path = "/api/v1/me/deactivate", tag = "me",
    responses(
        (status = 204, description = "At rest"),
        (status = 409, description = "`last_super_admin`", body = Problem),
    ),
)]
pub(crate) async fn deactivate(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    administration::lock(&mut tx).await?;
    let allowed = tx.authorize::<user_action::Deactivate>(&me.caller, me.id).await?;
    account::deactivate(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// Take my account up again
///
/// An approved account is active again, another one goes on with what is left of its trial, or is a guest.
#[utoipa::path(
    post, path = "/api/v1/me/reactivate", tag = "me",
    responses(
        (status = 200, description = "The account as it is now", body = Profile),
        (status = 409, description = "`not_deactivated`", body = Problem),
    ),
)]
pub(crate) async fn reactivate(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::Reactivate>(&me.caller, me.id).await?;
    account::reactivate(&mut tx, &allowed).await?;
    let allowed = tx.authorize::<user_action::View>(&me.caller, me.id).await?;
    let profile = user::profile(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(profile)))
}
