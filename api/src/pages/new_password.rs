//! Choosing a password by a link: a new one for a forgotten one, or the first one of an account that somebody else made.

use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use tenancy::{Error, LinkPurpose, LinkToken, Request, account, link};

use super::failure::Advice;
use super::page::Page;
use super::sent::Sent;
use super::view::views;
use super::visit::Visit;
use super::wrong::{self, Wrong};
use crate::app::App;
use crate::context::Origin;

/// The form.
pub(super) struct NewPassword {
    token: LinkToken,
    email: String,
    /// Where it goes.
    path: &'static str,
    wrong: Wrong,
}

/// The password is the new one.
pub(super) struct PasswordSet;

views! {
    NewPassword { English: "en/new_password.html", French: "fr/new_password.html" }
    PasswordSet { English: "en/password_set.html", French: "fr/password_set.html" }
}

impl NewPassword {
    /// Whether there was no password before.
    fn is_first(&self) -> bool {
        self.path == FIRST.path
    }
}

/// One of the two occasions.
#[derive(Clone, Copy)]
struct Occasion {
    purpose: LinkPurpose,
    path: &'static str,
    advice: Advice,
}

const RESET: Occasion =
    Occasion { purpose: LinkPurpose::ResetPassword, path: "/reset-password", advice: Advice::AskAgain };

const FIRST: Occasion =
    Occasion { purpose: LinkPurpose::SetPassword, path: "/set-password", advice: Advice::AskAdministrator };

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    token: String,
    password: SecretString,
    repeat: SecretString,
}

/// A new password, by a link
#[utoipa::path(get, path = "/reset-password", tag = "pages", responses((status = 200)))]
pub(crate) async fn show_reset(
    State(app): State<App>,
    visit: Visit,
    Origin(request): Origin,
) -> Result<Page, Page> {
    show(&app, &visit.advising(RESET.advice), request, RESET, Wrong::default()).await
}

/// Choose it
#[utoipa::path(post, path = "/reset-password", tag = "pages", responses((status = 200)))]
pub(crate) async fn reset(
    State(app): State<App>,
    Origin(request): Origin,
    Sent(visit, form): Sent<Chosen>,
) -> Result<Page, Page> {
    choose(&app, visit, request, RESET, form).await
}

/// The first password, by a link
#[utoipa::path(get, path = "/set-password", tag = "pages", responses((status = 200)))]
pub(crate) async fn show_first(
    State(app): State<App>,
    visit: Visit,
    Origin(request): Origin,
) -> Result<Page, Page> {
    show(&app, &visit.advising(FIRST.advice), request, FIRST, Wrong::default()).await
}

/// Choose it
#[utoipa::path(post, path = "/set-password", tag = "pages", responses((status = 200)))]
pub(crate) async fn set_first(
    State(app): State<App>,
    Origin(request): Origin,
    Sent(visit, form): Sent<Chosen>,
) -> Result<Page, Page> {
    choose(&app, visit, request, FIRST, form).await
}

/// The form, with what is wrong with it.
async fn show(
    app: &App,
    visit: &Visit,
    request: Request,
    occasion: Occasion,
    wrong: Wrong,
) -> Result<Page, Page> {
    let token = visit.link()?;
    let link = link::look(&app.db, request, &token, occasion.purpose).await;
    let email = link.map_err(|error| visit.error(error))?.email.unwrap_or_default();
    let status = if wrong.is_any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(status, &NewPassword { token, email, path: occasion.path, wrong }))
}

async fn choose(
    app: &App,
    visit: Visit,
    request: Request,
    occasion: Occasion,
    form: Chosen,
) -> Result<Page, Page> {
    let visit = visit.with_token(form.token).advising(occasion.advice);
    let token = visit.link()?;
    let set = match wrong::typed_twice(&form.password, &form.repeat) {
        Ok(password) => account::set_password(&app.db, request.clone(), &token, &password).await,
        Err(field) => Err(Error::Invalid(vec![field])),
    };
    match set {
        Ok(()) => Ok(visit.last_page(&PasswordSet)),
        Err(Error::Invalid(fields)) => {
            show(app, &visit, request, occasion, Wrong::new(fields, visit.language())).await
        }
        Err(error) => Err(visit.error(error)),
    }
}
