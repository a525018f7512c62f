//! Getting an account, and into it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tenancy::account::{self, NewAdmin, Registration};
use tenancy::{Address, LinkToken, Locale, Password};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::client_address::ClientAddress;
use crate::context::Origin;
use crate::problem::Problem;
use crate::throttle;

/// An account to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    email: Address,
    /// 8 to 256 characters of any kind, none of the passwords that are tried first.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Password,
    /// How the person calls themselves.
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

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// The token in the link that was printed.
    #[schema(value_type = String, example = "dwl_…")]
    token: LinkToken,
    email: Address,
    /// 8 to 256 characters of any kind, none of the passwords that are tried first.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Password,
    /// How you call yourself.
    #[schema(example = "Sam", min_length = 1, max_length = 200)]
    name: String,
    /// The language of your mails.
    #[serde(default = "english")]
    #[schema(default = "en")]
    locale: Locale,
}

/// A mail is on its way, if there is somebody to get it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Always `accepted`.
    #[schema(example = "accepted")]
    status: &'static str,
}

impl From<Register> for Registration {
    fn from(Register { email, password, name, locale }: Register) -> Self {
        Self { email, name, password, locale }
    }
}

impl Accepted {
    pub(crate) fn answer() -> impl IntoResponse + use<> {
        (StatusCode::ACCEPTED, axum::Json(Self { status: "accepted" }))
    }
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyEmail {
    /// The token in the link of the mail.
    #[schema(value_type = String, example = "dwl_…")]
    token: LinkToken,
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgottenPassword {
    /// The address of the account.
    #[schema(example = "olga@example.com")]
    email: String,
}

/// A new password, by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPassword {
    /// The token in the link of the mail.
    #[schema(value_type = String, example = "dwl_…")]
    token: LinkToken,
    /// 8 to 256 characters of any kind, none of the passwords that are tried first.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Password,
}

/// Open an account
///
/// A mail with a link to verify the address follows. If there is an account with it, its owner gets a mail that says so
/// instead; the answer is the same.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", request_body = Register,
    responses(
        (status = 202, description = "A mail is on its way", body = Accepted),
        (status = 401, description = "The policies let nobody register", body = Problem),
        (status = 429, description = "Too many from this address", body = Problem),
    ),
)]
pub(crate) async fn register(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    Json(body): Json<Register>,
) -> Result<impl IntoResponse, Problem> {
    throttle::registration(&app, client).await?;
    account::register(&app.db, request, &body.into()).await?;
    Ok(Accepted::answer())
}

/// Verify an address
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email", tag = "auth", request_body = VerifyEmail,
    responses(
        (status = 204, description = "Verified"),
        (status = 403, description = "The account is closed", body = Problem),
        (status = 404, description = "No such link", body = Problem),
        (status = 410, description = "Used, replaced or too old", body = Problem),
    ),
)]
pub(crate) async fn verify_email(
    State(app): State<App>,
    Origin(request): Origin,
    Json(body): Json<VerifyEmail>,
) -> Result<StatusCode, Problem> {
    account::verify_email(&app.db, request, &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a link to choose a new password
///
/// The answer and its time are the same whether there is such an account.
#[utoipa::path(
    post, path = "/api/v1/auth/forgot-password", tag = "auth", request_body = ForgottenPassword,
    responses(
        (status = 202, description = "If there is such an account, a mail is on its way", body = Accepted),
        (status = 401, description = "The policies let nobody ask", body = Problem),
        (status = 429, description = "Too many from this address", body = Problem),
    ),
)]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    Json(body): Json<ForgottenPassword>,
) -> Result<impl IntoResponse, Problem> {
    throttle::registration(&app, client).await?;
    account::request_password_reset(&app.db, request, &body.email).await?;
    Ok(Accepted::answer())
}

/// Choose a password by a link
///
/// For forgotten passwords and for the first one of an account that an administrator made. All sessions end. A second
/// factor stays as it is.
#[utoipa::path(
    post, path = "/api/v1/auth/reset-password", tag = "auth", request_body = ResetPassword,
    responses(
        (status = 204, description = "Chosen"),
        (status = 403, description = "The account is closed", body = Problem),
        (status = 404, description = "No such link", body = Problem),
        (status = 410, description = "Used, replaced or too old", body = Problem),
    ),
)]
pub(crate) async fn reset_password(
    State(app): State<App>,
    Origin(request): Origin,
    Json(body): Json<ResetPassword>,
) -> Result<StatusCode, Problem> {
    account::set_password(&app.db, request, &body.token, &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Become the first administrator
///
/// By the link that is printed when a Doorward without one starts. The address counts as verified.
#[utoipa::path(
    post, path = "/api/v1/auth/set-up", tag = "auth", request_body = SetUp,
    responses(
        (status = 204, description = "You are; sign in"),
        (status = 401, description = "The policies let nobody", body = Problem),
        (status = 404, description = "No such link", body = Problem),
        (status = 410, description = "Used or too old, or there is an administrator", body = Problem),
        (status = 429, description = "Too many from this address", body = Problem),
    ),
)]
pub(crate) async fn set_up(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    Json(body): Json<SetUp>,
) -> Result<StatusCode, Problem> {
    throttle::registration(&app, client).await?;
    let SetUp { token, email, password, name, locale } = body;
    account::set_up(&app.db, request, &token, &NewAdmin { email, name, password, locale }).await?;
    Ok(StatusCode::NO_CONTENT)
}
