//! Confirming an address. Only the button does it: programs that look at links in mails must not.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenancy::{LinkPurpose, LinkToken, account, link};

use super::failure::Advice;
use super::page::Page;
use super::sent::Sent;
use super::view::views;
use super::visit::Visit;
use crate::app::App;
use crate::context::Origin;

/// Whose address it is, and the button.
pub(super) struct VerifyEmail {
    token: LinkToken,
    email: String,
}

/// It is confirmed.
pub(super) struct EmailVerified;

views! {
    VerifyEmail { English: "en/verify_email.html", French: "fr/verify_email.html" }
    EmailVerified { English: "en/email_verified.html", French: "fr/email_verified.html" }
}

/// What the button sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    token: String,
}

/// Whose address a link confirms
#[utoipa::path(get, path = "/verify-email", tag = "pages", responses((status = 200)))]
pub(crate) async fn show(
    State(app): State<App>,
    visit: Visit,
    Origin(request): Origin,
) -> Result<Page, Page> {
    let visit = visit.advising(Advice::SignIn);
    let token = visit.link()?;
    let link = link::look(&app.db, request, &token, LinkPurpose::VerifyEmail).await;
    let email = link.map_err(|error| visit.error(error))?.email.unwrap_or_default();
    Ok(visit.page(StatusCode::OK, &VerifyEmail { token, email }))
}

/// Confirm it
#[utoipa::path(post, path = "/verify-email", tag = "pages", responses((status = 200)))]
pub(crate) async fn confirm(
    State(app): State<App>,
    Origin(request): Origin,
    Sent(visit, form): Sent<Confirm>,
) -> Result<Page, Page> {
    let visit = visit.with_token(form.token).advising(Advice::SignIn);
    let token = visit.link()?;
    account::verify_email(&app.db, request, &token).await.map_err(|error| visit.error(error))?;
    Ok(visit.last_page(&EmailVerified))
}
