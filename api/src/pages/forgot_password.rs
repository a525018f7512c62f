//! Asking for a link to choose a new password. Every address is answered alike.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenancy::{Address, account};

use super::page::Page;
use super::sent::Sent;
use super::view::views;
use super::visit::Visit;
use super::wrong::{self, Wrong};
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::context::Origin;

/// The form, with what was typed.
#[derive(Default)]
pub(super) struct ForgotPassword {
    email: String,
    wrong: Wrong,
}

/// A mail is on its way, if there is such an account.
pub(super) struct MailOnItsWay {
    email: String,
}

views! {
    ForgotPassword { English: "en/forgot_password.html", French: "fr/forgot_password.html" }
    MailOnItsWay { English: "en/mail_on_its_way.html", French: "fr/mail_on_its_way.html" }
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    email: String,
}

/// For whoever has forgotten their password
#[utoipa::path(get, path = "/forgot-password", tag = "pages", responses((status = 200)))]
pub(crate) async fn show(visit: Visit) -> Page {
    visit.page(StatusCode::OK, &ForgotPassword::default())
}

/// Ask for a link
#[utoipa::path(post, path = "/forgot-password", tag = "pages", responses((status = 200)))]
pub(crate) async fn send(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    Sent(visit, Forgotten { email }): Sent<Forgotten>,
) -> Result<Page, Page> {
    if let Err(error) = email.parse::<Address>() {
        let wrong = Wrong::new(vec![wrong::field("email", error)], visit.language());
        return Err(visit.page(StatusCode::UNPROCESSABLE_ENTITY, &ForgotPassword { email, wrong }));
    }
    visit.counted(client).await?;
    let asked = account::request_password_reset(&app.db, request, &email).await;
    asked.map_err(|error| visit.error(error))?;
    Ok(visit.last_page(&MailOnItsWay { email }))
}
