use axum::extract::State;
use axum::http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tenancy::account::{self, Credentials};
use tenancy::invitation::{self, NewAccount};
use tenancy::session::{self, Grant, Tokens};
use tenancy::{Caller, Device, Error, Password, Request};

use super::{Typed, Welcome, open, signed_in};
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::context::Origin;
use crate::pages::failure::{Advice, Failure};
use crate::pages::page::Page;
use crate::pages::same_site::is_from_here;
use crate::pages::sent::Sent;
use crate::pages::visit::Visit;
use crate::pages::wrong::{self, Wrong};
use crate::routes::sessions::device;
use crate::throttle;

/// What the forms send.
#[derive(Deserialize)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Answer {
    /// Whoever has no account.
    Register { token: String, name: String, password: SecretString, repeat: SecretString },
    /// Whoever has one.
    SignIn { token: String, password: SecretString, code: Option<String> },
    /// Whoever is signed in with it.
    Accept { token: String },
}

impl Answer {
    fn token(&self) -> &str {
        match self {
            Self::Register { token, .. } | Self::SignIn { token, .. } | Self::Accept { token } => token,
        }
    }
}

/// What a form is answered with: cookies too, once somebody is signed in.
type Answered = Result<(HeaderMap, Page), Page>;

/// Accept it
#[utoipa::path(post, path = "/invitation", tag = "pages", responses((status = 200)))]
pub(crate) async fn answer(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    headers: HeaderMap,
    Sent(visit, form): Sent<Answer>,
) -> Answered {
    let visit = visit.with_token(form.token().to_owned()).advising(Advice::AskInviter);
    let is_from_here = is_from_here(&headers, app.settings.origin());
    let device = device(&request, &headers);
    let desk = Desk { app: &app, visit: &visit, device, request, client, is_from_here };
    match form {
        Answer::Register { name, password, repeat, .. } => desk.register(name, &password, &repeat).await,
        Answer::SignIn { password, code, .. } => desk.sign_in(&password, code).await,
        Answer::Accept { .. } => desk.accept(&headers).await,
    }
}

/// Where forms are answered.
struct Desk<'a> {
    app: &'a App,
    visit: &'a Visit,
    request: Request,
    device: Device,
    client: ClientAddress,
    /// Whether our own page made the browser send this: else no session is put into it, which may be somebody else's.
    is_from_here: bool,
}

impl Desk<'_> {
    async fn register(&self, name: String, password: &SecretString, repeat: &SecretString) -> Answered {
        let token = self.visit.invitation()?;
        self.visit.counted(self.client).await?;
        let taken = match wrong::typed_twice(password, repeat) {
            Ok(password) => {
                let new = NewAccount { name: name.clone(), password, locale: Some(self.visit.language()) };
                invitation::take_up(&self.app.db, self.request.clone(), &token, &new, &self.device).await
            }
            Err(field) => Err(Error::Invalid(vec![field])),
        };
        match taken {
            Ok(taken) => {
                let welcome = Welcome { organization: taken.joined.organization, is_new: true };
                let (cookies, _) = self.tokens(taken.grant).await?;
                Ok((cookies, self.visit.last_page(&welcome)))
            }
            Err(Error::Invalid(fields)) => self.again(None, Typed { name, ..self.wrong(fields) }).await,
            // The page says what is to be done now: sign in, or nothing any more.
            Err(Error::Conflict { .. } | Error::Gone(_)) => self.again(None, Typed::default()).await,
            Err(error) => Err(self.visit.error(error)),
        }
    }

    /// Signs in as everybody does, throttled by client and account, and accepts.
    async fn sign_in(&self, password: &SecretString, code: Option<String>) -> Answered {
        let token = self.visit.invitation()?;
        let address = match invitation::addressee(&self.app.db, self.request.clone(), &token).await {
            Ok(address) => address,
            Err(Error::Gone(_)) => return self.again(None, Typed::default()).await,
            Err(error) => return Err(self.visit.error(error)),
        };
        let pass = throttle::sign_in(self.app, self.client, address.as_str())
            .await
            .map_err(|problem| self.visit.failure(&Failure::TooMany(problem.retry_after().unwrap_or(1))))?;
        let wants_code = code.is_some();
        let code = code.filter(|code| !code.trim().is_empty());
        let password = Password::new(password.expose_secret().to_owned());
        let given = Credentials { email: address.to_string(), password, code };
        let tried = account::sign_in(&self.app.db, self.request.clone(), &given, &self.device).await;
        match pass.judge(tried).await {
            Ok(grant) => {
                let (cookies, caller) = self.tokens(grant).await?;
                // Signed in they are, whatever becomes of the invitation.
                let page = match caller {
                    Some(caller) => self.join(&caller).await,
                    None => Err(self.visit.error(Error::Unauthenticated)),
                };
                Ok((cookies, page.unwrap_or_else(|page| page)))
            }
            Err(Error::BadCredentials) => {
                let fields = vec![wrong::field("password", wrong::BAD_CREDENTIALS)];
                self.again(None, Typed { wants_code, ..self.wrong(fields) }).await
            }
            Err(Error::SecondFactorRequired) => {
                let fields = vec![wrong::field("code", wrong::CODE_WANTED)];
                self.again(None, Typed { wants_code: true, ..self.wrong(fields) }).await
            }
            Err(error) => Err(self.visit.error(error)),
        }
    }

    /// Accepts by cookie. Whoever has none, or comes from elsewhere, gets the form that asks for the password.
    async fn accept(&self, headers: &HeaderMap) -> Answered {
        let caller = if self.is_from_here { signed_in(self.app, self.visit, headers).await? } else { None };
        match caller {
            Some(caller) => Ok((HeaderMap::new(), self.join(&caller).await?)),
            None => self.again(None, Typed::default()).await,
        }
    }

    async fn join(&self, caller: &Caller) -> Result<Page, Page> {
        let token = self.visit.invitation()?;
        match invitation::accept(&self.app.db, self.request.clone(), caller, &token).await {
            Ok((joined, _)) => {
                Ok(self.visit.last_page(&Welcome { organization: joined.organization, is_new: false }))
            }
            // It was accepted meanwhile, or they are a member.
            Err(Error::Gone(_) | Error::Conflict { code: "already_member", .. }) => {
                open(self.app, self.visit, self.request.clone(), Some(caller), Typed::default()).await
            }
            Err(error) => Err(self.visit.error(error)),
        }
    }

    /// The page once more, as things are now.
    async fn again(&self, caller: Option<&Caller>, typed: Typed) -> Answered {
        let page = open(self.app, self.visit, self.request.clone(), caller, typed).await?;
        Ok((HeaderMap::new(), page))
    }

    fn wrong(&self, fields: Vec<tenancy::FieldError>) -> Typed {
        Typed { wrong: Wrong::new(fields, self.visit.language()), ..Typed::default() }
    }

    /// Cookies for whoever has just signed in, and who they are.
    async fn tokens(&self, grant: Grant) -> Result<(HeaderMap, Option<Caller>), Page> {
        let failed = |error| self.visit.error(error);
        let tokens: Tokens = self.app.db.tokens(grant).await.map_err(failed)?;
        let caller = session::authenticate(&self.app.db, &tokens.access_token).await.map_err(failed)?;
        let cookies = match self.is_from_here {
            true => self.app.cookies.set(&tokens, self.app.db.now()),
            false => HeaderMap::new(),
        };
        Ok((cookies, caller))
    }
}
