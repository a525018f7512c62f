//! Mails.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenancy::{JobId, Locale, MailTemplate, Platform, mail, platform};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::context::{Asker, Origin};
use crate::problem::Problem;
use crate::revision::At;

/// A mail with invented content.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestMail {
    /// Which.
    #[schema(value_type = String, example = "verification")]
    template: MailTemplate,
    /// In which language: `en` or `fr`.
    #[schema(value_type = String, example = "en")]
    locale: Locale,
    /// The address.
    #[schema(example = "ops@example.com")]
    to: String,
}

/// A job that was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enqueued {
    /// The job.
    #[schema(value_type = Uuid)]
    job_id: JobId,
}

/// Send a test mail
///
/// Any template with invented content, to see whether mails arrive and how they look.
#[utoipa::path(
    post, path = "/api/v1/admin/mail/test", tag = "queue", request_body = TestMail,
    responses((status = 202, description = "The job that sends it", body = Enqueued)),
)]
pub(crate) async fn test(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Json(body): Json<TestMail>,
) -> Result<(StatusCode, At, axum::Json<Enqueued>), Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::SendTestMail>(&caller, Platform).await?;
    let job_id = mail::send_sample(&mut tx, &allowed, body.template, body.locale, &body.to).await?;
    Ok((StatusCode::ACCEPTED, At(tx.commit().await?), axum::Json(Enqueued { job_id })))
}
