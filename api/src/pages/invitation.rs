//! Accepting an invitation: with a new account, with the password of the account that the address has, or, for whoever is
//! signed in here with it, with a button.

mod answer;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tenancy::invitation::{self, InvitationView, Reader};
use tenancy::{Caller, Error, InvitationState, InvitationToken, Request, session};

pub(crate) use self::answer::{__path_answer, answer};
use super::failure::Advice;
use super::page::Page;
use super::view::views;
use super::visit::Visit;
use super::wrong::Wrong;
use crate::app::App;
use crate::context::Origin;

/// What the invitation says, and the form.
pub(super) struct Invitation {
    token: InvitationToken,
    about: InvitationView,
    way: Way,
    typed: Typed,
}

/// How a visitor can accept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With a new account.
    Register,
    /// With the password.
    SignIn,
    /// With the password, since they are signed in as somebody else.
    SignInInstead,
    /// With a button: they are signed in.
    Accept,
}

/// What was typed, but for passwords, and what is wrong with it.
#[derive(Default)]
struct Typed {
    name: String,
    /// Whether a code of the second factor is wanted.
    wants_code: bool,
    wrong: Wrong,
}

/// It cannot be accepted any more.
pub(super) struct InvitationOver {
    about: InvitationView,
}

/// Whoever looks is a member.
pub(super) struct AlreadyMember {
    about: InvitationView,
}

/// Somebody has joined.
pub(super) struct Welcome {
    organization: String,
    /// Whether the account is new, and waits for its approval.
    is_new: bool,
}

views! {
    Invitation { English: "en/invitation.html", French: "fr/invitation.html" }
    InvitationOver { English: "en/invitation_over.html", French: "fr/invitation_over.html" }
    AlreadyMember { English: "en/already_member.html", French: "fr/already_member.html" }
    Welcome { English: "en/joined.html", French: "fr/joined.html" }
}

/// What an invitation says
#[utoipa::path(get, path = "/invitation", tag = "pages", responses((status = 200)))]
pub(crate) async fn show(
    State(app): State<App>,
    visit: Visit,
    Origin(request): Origin,
    headers: HeaderMap,
) -> Result<Page, Page> {
    let visit = visit.advising(Advice::AskInviter);
    let caller = signed_in(&app, &visit, &headers).await?;
    open(&app, &visit, request, caller.as_ref(), Typed::default()).await
}

/// Who the browser is signed in as.
async fn signed_in(app: &App, visit: &Visit, headers: &HeaderMap) -> Result<Option<Caller>, Page> {
    let Some(token) = app.cookies.access_token(headers) else { return Ok(None) };
    session::authenticate(&app.db, &token).await.map_err(|error| visit.error(error))
}

/// The page of the invitation as it is now, for this visitor.
async fn open(
    app: &App,
    visit: &Visit,
    request: Request,
    caller: Option<&Caller>,
    typed: Typed,
) -> Result<Page, Page> {
    let token = visit.invitation()?;
    let about = invitation::look(&app.db, request.clone(), &token).await;
    let about = about.map_err(|error| visit.error(error))?;
    if about.state != InvitationState::Pending {
        return Ok(visit.page(StatusCode::GONE, &InvitationOver { about }));
    }
    let reader = match caller.filter(|_| about.has_account) {
        Some(caller) => reader(app, request, caller, &token).await.map_err(|error| visit.error(error))?,
        None => None,
    };
    let way = match (about.has_account, reader) {
        (false, _) => Way::Register,
        (true, None) => Way::SignIn,
        (true, Some(Reader::SomebodyElse)) => Way::SignInInstead,
        (true, Some(Reader::Invited)) => Way::Accept,
        (true, Some(Reader::Member)) => return Ok(visit.page(StatusCode::OK, &AlreadyMember { about })),
    };
    let status = if typed.wrong.is_any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(status, &Invitation { token, about, way, typed }))
}

/// Who somebody is to the invitation; none if they may not even look at their own account.
async fn reader(
    app: &App,
    request: Request,
    caller: &Caller,
    token: &InvitationToken,
) -> Result<Option<Reader>, Error> {
    match invitation::reader(&app.db, request, caller, token).await {
        Ok(reader) => Ok(Some(reader)),
        Err(Error::Forbidden { .. } | Error::Unauthenticated) => Ok(None),
        Err(other) => Err(other),
    }
}
