//! Invitations, for whoever has the link.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tenancy::invitation::{self, InvitationView, Joined, NewAccount};
use tenancy::user::Profile;
use tenancy::{Error, InvitationToken, Locale, Password};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path};
use crate::client_address::ClientAddress;
use crate::context::{FromUs, Me, Origin};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::sessions::{Delivery, TokensView, device, tokens};
use crate::throttle;

/// An account to be opened with an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeUp {
    /// How the person calls themselves.
    #[schema(example = "Olga", min_length = 1, max_length = 200)]
    name: String,
    /// 8 to 256 characters of any kind, none of the passwords that are tried first.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Password,
    /// The language of their mails; the invitation's if left out.
    locale: Option<Locale>,
    #[serde(default)]
    delivery: Delivery,
}

/// A new account, in the organization, and signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct TakenUp {
    user: Profile,
    membership: Joined,
    tokens: TokensView,
}

/// The token in a path. What cannot be one is one that nobody has: nothing of it is repeated.
fn token(text: &str) -> Result<InvitationToken, Problem> {
    InvitationToken::parse(text).ok_or_else(|| Error::NotFound("invitation").into())
}

/// See what an invitation says
///
/// For whoever has the link. An invitation that has ended says so in its `state`; a token that was replaced when the
/// invitation was sent again is none any more.
#[utoipa::path(
    get, path = "/api/v1/invitations/{token}", tag = "invitations",
    params(("token" = String, Path, description = "The token in the link of the mail", example = "dwi_…")),
    responses(
        (status = 200, description = "The invitation", body = InvitationView),
        (status = 401, description = "The policies let nobody look", body = Problem),
    ),
)]
pub(crate) async fn look(
    State(app): State<App>,
    Origin(request): Origin,
    Path(text): Path<String>,
) -> Result<axum::Json<InvitationView>, Problem> {
    Ok(axum::Json(invitation::look(&app.db, request, &token(&text)?).await?))
}

/// Accept an invitation
///
/// As the account with the address that it was sent to, which has to be verified. Whoever is a member already stays as they
/// are.
#[utoipa::path(
    post, path = "/api/v1/invitations/{token}/accept", tag = "invitations",
    params(("token" = String, Path, description = "The token in the link of the mail", example = "dwi_…")),
    responses(
        (status = 200, description = "The place in the organization", body = Joined),
        (status = 403, description = "`email_mismatch`: it is for another address; or not allowed", body = Problem),
        (status = 409, description = "`already_member`, or `limit_reached`: the plan has fewer seats by now", body = Problem),
        (status = 410, description = "Accepted or revoked already, or expired", body = Problem),
    ),
)]
pub(crate) async fn accept(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(text): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (joined, revision) = invitation::accept(&app.db, request, &me.caller, &token(&text)?).await?;
    Ok((At(revision), axum::Json(joined)))
}

/// Open an account with an invitation
///
/// And accept it, and sign in, all in one. The address counts as verified: the link came to it. The account waits for its
/// approval as every other. Tokens come as from `POST /api/v1/auth/login`.
#[utoipa::path(
    post, path = "/api/v1/invitations/{token}/register", tag = "invitations", request_body = TakeUp,
    params(("token" = String, Path, description = "The token in the link of the mail", example = "dwi_…")),
    responses(
        (status = 201, description = "The account, its place in the organization, and tokens", body = TakenUp),
        (status = 401, description = "The policies let nobody", body = Problem),
        (status = 403, description = "Not allowed", body = Problem),
        (status = 409, description = "`account_exists`: sign in and accept; or `limit_reached`", body = Problem),
        (status = 410, description = "Accepted or revoked already, or expired", body = Problem),
        (status = 429, description = "Too many from this address", body = Problem),
    ),
)]
pub(crate) async fn register(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    from_us: FromUs,
    Path(text): Path<String>,
    headers: HeaderMap,
    Json(body): Json<TakeUp>,
) -> Result<impl IntoResponse, Problem> {
    let TakeUp { name, password, locale, delivery } = body;
    if delivery == Delivery::Cookie {
        from_us.check()?;
    }
    throttle::registration(&app, client).await?;
    let (token, device) = (token(&text)?, device(&request, &headers));
    let account = NewAccount { name, password, locale };
    let taken = invitation::take_up(&app.db, request, &token, &account, &device).await?;
    let (cookies, tokens) = tokens(&app, taken.grant, delivery).await?;
    let view = TakenUp { user: taken.profile, membership: taken.joined, tokens };
    Ok((StatusCode::CREATED, cookies, axum::Json(view)))
}
