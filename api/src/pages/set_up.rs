//! Making the first administrator, by the link that is printed at the first start.

use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use tenancy::account::{self, NewAdmin};
use tenancy::{Address, Error, FieldError, LinkPurpose, LinkToken, Locale, Request, link};

use super::failure::{Advice, Failure};
use super::page::Page;
use super::sent::Sent;
use super::view::views;
use super::visit::Visit;
use super::wrong::{self, Wrong};
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::context::Origin;

/// The form, with what was typed; passwords are typed again.
pub(super) struct SetUp {
    token: LinkToken,
    /// The address that the configuration says.
    fixed: Option<String>,
    email: String,
    name: String,
    wrong: Wrong,
}

/// There is an administrator now.
pub(super) struct SetUpDone {
    name: String,
}

views! {
    SetUp { English: "en/set_up.html", French: "fr/set_up.html" }
    SetUpDone { English: "en/set_up_done.html", French: "fr/set_up_done.html" }
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Administrator {
    token: String,
    /// Only where the configuration says none.
    email: Option<String>,
    name: String,
    password: SecretString,
    repeat: SecretString,
}

/// Who will be the first administrator
#[utoipa::path(get, path = "/set-up", tag = "pages", responses((status = 200)))]
pub(crate) async fn show(
    State(app): State<App>,
    visit: Visit,
    Origin(request): Origin,
) -> Result<Page, Page> {
    let visit = visit.advising(Advice::AskOperator);
    let token = look(&app, &visit, request).await?;
    let form = SetUp {
        token,
        fixed: fixed(&app),
        email: String::new(),
        name: String::new(),
        wrong: Wrong::default(),
    };
    Ok(visit.page(StatusCode::OK, &form))
}

/// Make them
#[utoipa::path(post, path = "/set-up", tag = "pages", responses((status = 200)))]
pub(crate) async fn set_up(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    Sent(visit, form): Sent<Administrator>,
) -> Result<Page, Page> {
    let visit = visit.with_token(form.token.clone()).advising(Advice::AskOperator);
    visit.counted(client).await?;
    // Before a password is hashed, which is work that only the holder of a link may ask for.
    let token = look(&app, &visit, request.clone()).await?;
    let fixed = fixed(&app);
    let ((Some(email), None) | (None, Some(email))) = (form.email.clone(), fixed.clone()) else {
        return Err(visit.failure(&Failure::Malformed));
    };
    let done = match form.admin(&email, visit.language()) {
        Ok(admin) => account::set_up(&app.db, request, &token, &admin).await,
        Err(fields) => Err(Error::Invalid(fields)),
    };
    match done {
        Ok(()) => Ok(visit.last_page(&SetUpDone { name: form.name })),
        Err(Error::Invalid(fields)) => {
            let wrong = Wrong::new(fields, visit.language());
            let again = SetUp { token, fixed, email, name: form.name, wrong };
            Err(visit.page(StatusCode::UNPROCESSABLE_ENTITY, &again))
        }
        Err(error) => Err(visit.error(error)),
    }
}

/// The token of the link, if it is good.
async fn look(app: &App, visit: &Visit, request: Request) -> Result<LinkToken, Page> {
    let token = visit.link()?;
    let link = link::look(&app.db, request, &token, LinkPurpose::SetUp).await;
    link.map(|_| token).map_err(|error| visit.error(error))
}

fn fixed(app: &App) -> Option<String> {
    app.db.admin_email().map(Address::to_string)
}

impl Administrator {
    /// Who they are; or which fields cannot be.
    fn admin(&self, email: &str, locale: Locale) -> Result<NewAdmin, Vec<FieldError>> {
        let mut wrong = vec![];
        let email = email.parse::<Address>().map_err(|error| wrong.push(wrong::field("email", error))).ok();
        let password =
            wrong::typed_twice(&self.password, &self.repeat).map_err(|field| wrong.push(field)).ok();
        match (email, password) {
            (Some(email), Some(password)) => {
                Ok(NewAdmin { email, name: self.name.clone(), password, locale })
            }
            _ => Err(wrong),
        }
    }
}
