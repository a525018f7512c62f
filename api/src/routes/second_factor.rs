//! The second factor of one's own account.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use tenancy::second_factor::{self, Enrolment, RecoveryCodes, SecondFactor};
use tenancy::user_action;
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::context::{Me, Origin};
use crate::problem::Problem;
use crate::revision::At;

/// How an account stands with its second factor.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorView {
    /// Whether it is asked for.
    enabled: bool,
    /// Since when.
    enabled_at: Option<DateTime<Utc>>,
    /// How many recovery codes have not been used.
    recovery_codes_left: u32,
}

impl From<SecondFactor> for SecondFactorView {
    fn from(state: SecondFactor) -> Self {
        Self {
            enabled: state.since.is_some(),
            enabled_at: state.since,
            recovery_codes_left: state.recovery_codes_left,
        }
    }
}

/// What an authenticator app needs, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentView {
    /// The secret in base32 (RFC 4648), to be typed. Codes: SHA-1, 6 digits, every 30 seconds.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as a link for an app on the same device.
    #[schema(example = "otpauth://totp/Doorward:ann%40example%2Ecom?secret=…")]
    otpauth_url: String,
    /// The same as a picture to be scanned: a `data:` URL of an SVG.
    #[schema(example = "data:image/svg+xml;base64,…")]
    qr: String,
}

impl From<Enrolment> for EnrolmentView {
    fn from(enrolment: Enrolment) -> Self {
        Self {
            secret: enrolment.secret.expose_secret().to_owned(),
            otpauth_url: enrolment.otpauth_url.expose_secret().to_owned(),
            qr: enrolment.qr.expose_secret().to_owned(),
        }
    }
}

/// A code of the app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorCode {
    /// Six digits; spaces and dashes do not matter.
    #[schema(example = "287082")]
    code: String,
}

/// Recovery codes, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodesView {
    /// Each is good once.
    #[schema(example = json!(["GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV"]))]
    recovery_codes: Vec<String>,
}

impl From<RecoveryCodes> for RecoveryCodesView {
    fn from(codes: RecoveryCodes) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose_secret().to_owned()).collect() }
    }
}

/// See how one's second factor is
#[utoipa::path(
    get, path = "/api/v1/me/second-factor", tag = "me",
    responses(
        (status = 200, description = "How it is", body = SecondFactorView),
        (status = 403, description = "Not allowed, or no person", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<axum::Json<SecondFactorView>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::View>(&me.caller, me.id).await?;
    Ok(axum::Json(second_factor::state(&mut tx, &allowed).await?.into()))
}

/// Begin to set up a second factor
///
/// It is asked for once a code of it was confirmed. Until then this can be called again, and the secret given before is
/// worth nothing.
#[utoipa::path(
    post, path = "/api/v1/me/second-factor", tag = "me",
    responses(
        (status = 200, description = "What the app needs", body = EnrolmentView),
        (status = 403, description = "Not allowed, or the password was given too long ago", body = Problem),
        (status = 409, description = "`second_factor_exists`: there is one", body = Problem),
    ),
)]
pub(crate) async fn enrol(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<(At, axum::Json<EnrolmentView>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ManageSecondFactor>(&me.caller, me.id).await?;
    let enrolment = second_factor::enrol(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(enrolment.into())))
}

/// Put the second factor into force
///
/// All other sessions end.
#[utoipa::path(
    post, path = "/api/v1/me/second-factor/confirm", tag = "me",
    request_body = SecondFactorCode,
    responses(
        (status = 200, description = "It is asked for from now on; the recovery codes", body = RecoveryCodesView),
        (status = 403, description = "Not allowed, or the password was given too long ago", body = Problem),
        (status = 404, description = "Nothing was begun", body = Problem),
        (status = 409, description = "`second_factor_exists`: there is one", body = Problem),
        (status = 422, description = "The code is wrong", body = Problem),
    ),
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Json(body): Json<SecondFactorCode>,
) -> Result<(At, axum::Json<RecoveryCodesView>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ManageSecondFactor>(&me.caller, me.id).await?;
    let codes = second_factor::confirm(&mut tx, &allowed, &body.code).await?;
    Ok((At(tx.commit().await?), axum::Json(codes.into())))
}

/// Take the second factor away
///
/// The recovery codes go with it, and all other sessions end.
#[utoipa::path(
    delete, path = "/api/v1/me/second-factor", tag = "me",
    responses(
        (status = 204, description = "It is not asked for any more"),
        (status = 403, description = "Not allowed, or not proven lately who asks", body = Problem),
        (status = 404, description = "There is none", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<(At, StatusCode), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ManageSecondFactor>(&me.caller, me.id).await?;
    second_factor::remove(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), StatusCode::NO_CONTENT))
}

/// Get new recovery codes
///
/// The old ones are worth nothing any more.
#[utoipa::path(
    post, path = "/api/v1/me/second-factor/recovery-codes", tag = "me",
    responses(
        (status = 200, description = "The new ones", body = RecoveryCodesView),
        (status = 403, description = "Not allowed, or not proven lately who asks", body = Problem),
        (status = 404, description = "There is no second factor", body = Problem),
    ),
)]
pub(crate) async fn renew_recovery_codes(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<(At, axum::Json<RecoveryCodesView>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ManageSecondFactor>(&me.caller, me.id).await?;
    let codes = second_factor::renew_recovery_codes(&mut tx, &allowed).await?;
    Ok((At(tx.commit().await?), axum::Json(codes.into())))
}
