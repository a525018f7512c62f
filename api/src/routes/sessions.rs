//! Signing in and out, and what comes of it.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenancy::account::{self, Credentials, Reauthentication};
use tenancy::session::{self, Grant, Session, Tokens};
use tenancy::signing_key::{Jwk, PUBLISHED_BEFORE};
use tenancy::{Address, Device, Error, Password, RefreshToken, Request, SessionId, user_action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, OptionalJson, Path};
use crate::client_address::ClientAddress;
use crate::context::{FromUs, Me, Origin};
use crate::list::{Listing, page};
use crate::problem::Problem;
use crate::throttle;

/// Where tokens are put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Delivery {
    /// Into the answer: for applications.
    #[default]
    Body,
    /// Into cookies that scripts cannot read: for browsers on the public URL.
    Cookie,
}

impl Delivery {
    /// As the tokens came that a request was sent with.
    pub(crate) fn as_sent(headers: &HeaderMap) -> Self {
        if headers.contains_key(header::AUTHORIZATION) { Self::Body } else { Self::Cookie }
    }
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The address of the account.
    #[schema(example = "olga@example.com")]
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// A code of the second factor, or a recovery code; wanted where one is set up.
    #[schema(example = "123456")]
    code: Option<String>,
    #[serde(default)]
    delivery: Delivery,
}

/// Proof that the person at the keyboard is still the one who signed in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reauthenticate {
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// A code of the second factor, or a recovery code; wanted where one is set up.
    code: Option<String>,
    /// As the tokens came that are replaced, if left out.
    delivery: Option<Delivery>,
}

/// A session to be prolonged.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// The refresh token; left out by browsers, which send it as a cookie.
    #[schema(value_type = Option<String>, example = "dwr_…")]
    refresh_token: Option<RefreshToken>,
}

/// Tokens for whoever is signed in. Those in cookies are not repeated here.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokensView {
    session_id: SessionId,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// A JWT for the header `Authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// When the access token ends.
    access_expires_at: DateTime<Utc>,
    /// For new tokens; good once.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// When the refresh token ends.
    refresh_expires_at: DateTime<Utc>,
}

page!(
    /// A page of sessions.
    SessionList { sessions: Session }
);

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ended {
    pub(crate) ended: u64,
}

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(crate) struct KeySet {
    keys: Vec<Jwk>,
}

/// What is known of whoever sent this.
pub(crate) fn device(request: &Request, headers: &HeaderMap) -> Device {
    let user_agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    Device::new(request.ip, user_agent.map(String::from_utf8_lossy).as_deref())
}

/// Signs what was granted, and puts it where it is wanted.
pub(crate) async fn deliver(app: &App, grant: Grant, delivery: Delivery) -> Result<Response, Problem> {
    let (cookies, view) = tokens(app, grant, delivery).await?;
    Ok((cookies, axum::Json(view)).into_response())
}

/// The tokens of what was granted, in cookies or in the view.
pub(crate) async fn tokens(
    app: &App,
    grant: Grant,
    delivery: Delivery,
) -> Result<(HeaderMap, TokensView), Problem> {
    Ok(put(app, &app.db.tokens(grant).await?, delivery))
}

/// Puts tokens where they are wanted.
pub(crate) fn put(app: &App, tokens: &Tokens, delivery: Delivery) -> (HeaderMap, TokensView) {
    let reveal = |text: &str| (delivery == Delivery::Body).then(|| text.to_owned());
    let view = TokensView {
        session_id: tokens.session,
        token_type: "Bearer",
        access_token: reveal(tokens.access_token.reveal()),
        access_expires_at: tokens.access_expires_at,
        refresh_token: reveal(tokens.refresh_token.reveal()),
        refresh_expires_at: tokens.refresh_expires_at,
    };
    let cookies = match delivery {
        Delivery::Body => HeaderMap::new(),
        Delivery::Cookie => app.cookies.set(tokens, app.db.now()),
    };
    (cookies, view)
}

/// Sign in
///
/// Unknown addresses and wrong passwords are answered alike. With `"delivery": "cookie"` the tokens come as cookies, and
/// requests that change something have to come from the public URL's own pages.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", request_body = SignIn,
    responses(
        (status = 200, description = "Signed in", body = TokensView),
        (status = 401, description = "`invalid_credentials`; or `second_factor_required`: send a code too", body = Problem),
        (status = 403, description = "The password is right, and the account may not sign in", body = Problem),
        (status = 429, description = "Too many failures", body = Problem),
    ),
)]
pub(crate) async fn login(
    State(app): State<App>,
    Origin(request): Origin,
    client: ClientAddress,
    from_us: FromUs,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<Response, Problem> {
    let SignIn { email, password, code, delivery } = body;
    if delivery == Delivery::Cookie {
        from_us.check()?;
    }
    let device = device(&request, &headers);
    // In the spelling by which the account is found, so that no other one has tries of its own.
    let account = email.parse::<Address>().map_or_else(|_| email.clone(), |address| address.to_string());
    let pass = throttle::sign_in(&app, client, &account).await?;
    let credentials = Credentials { email, password, code };
    let grant = pass.judge(account::sign_in(&app.db, request, &credentials, &device).await).await?;
    deliver(&app, grant, delivery).await
}

/// Stay signed in
///
/// The refresh token is good once; its successor comes with the answer, in the way that this one came. Who sends it again
/// within a short grace gets the same successor; later, the session ends, since two have its token.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", request_body = Refresh,
    responses(
        (status = 200, description = "New tokens", body = TokensView),
        (status = 401, description = "`invalid_refresh_token`: unknown, used, or of a session that has ended", body = Problem),
        (status = 403, description = "The account may not stay signed in; or a cookie that other pages made use of", body = Problem),
    ),
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Origin(request): Origin,
    from_us: FromUs,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<Refresh>,
) -> Result<Response, Problem> {
    let (token, delivery) = match (body.refresh_token, app.cookies.refresh_token(&headers)) {
        (Some(token), _) => (token, Delivery::Body),
        (None, Some(token)) => {
            from_us.check()?;
            (token, Delivery::Cookie)
        }
        (None, None) => return Err(Problem::bad_refresh_token()),
    };
    let device = device(&request, &headers);
    // Cookies stay as they are when this fails: another tab may have just got better ones.
    let grant = match session::refresh(&app.db, request, &token, &device).await {
        Err(Error::Unauthenticated) => return Err(Problem::bad_refresh_token()),
        other => other?,
    };
    deliver(&app, grant, delivery).await
}

/// Prove again who you are
///
/// What is dangerous wants the password, and the second factor where there is one, given in the last ten minutes; without it
/// the answer is 403 `reauthentication_required` or `second_factor_required`. The session gets new tokens; the old ones end.
#[utoipa::path(
    post, path = "/api/v1/auth/reauthenticate", tag = "auth", request_body = Reauthenticate,
    responses(
        (status = 200, description = "New tokens", body = TokensView),
        (status = 401, description = "Not signed in, or `invalid_credentials`, or `second_factor_required`", body = Problem),
        (status = 429, description = "Too many failures", body = Problem),
    ),
)]
pub(crate) async fn reauthenticate(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    client: ClientAddress,
    headers: HeaderMap,
    Json(body): Json<Reauthenticate>,
) -> Result<Response, Problem> {
    let Reauthenticate { password, code, delivery } = body;
    let delivery = delivery.unwrap_or_else(|| Delivery::as_sent(&headers));
    let proof = Reauthentication { password, code };
    let pass = throttle::sign_in(&app, client, &me.id.to_string()).await?;
    let grant = pass.judge(account::reauthenticate(&app.db, request, &me.caller, &proof).await).await?;
    deliver(&app, grant, delivery).await
}

/// Sign out
///
/// Ends this session at once, with all of its tokens, and takes cookies away.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth",
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn logout(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::SignOut>(&me.caller, me.id).await?;
    session::sign_out(&mut tx, &allowed).await?;
    tx.commit().await?;
    let forget = [(HeaderName::from_static("clear-site-data"), r#""cache", "cookies", "storage""#)];
    Ok((StatusCode::NO_CONTENT, app.cookies.clear(), forget))
}

/// List my sessions
///
/// Where you are signed in, last seen first.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "me", params(Listing),
    responses((status = 200, description = "A page of sessions", body = SessionList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    list: Listing,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::ListSessions>(&me.caller, me.id).await?;
    list.json(SessionList::from(session::list(&mut tx, &allowed, list.page).await?))
}

/// End one of my sessions
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{session_id}", tag = "me",
    params(("session_id" = SessionId, Path, description = "The session")),
    responses((status = 204, description = "Ended, now or before")),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::RevokeSession>(&me.caller, me.id).await?;
    session::revoke(&mut tx, &allowed, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all my other sessions
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 200, description = "How many were ended", body = Ended)),
)]
pub(crate) async fn revoke_others(
    State(app): State<App>,
    me: Me,
    Origin(request): Origin,
) -> Result<axum::Json<Ended>, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<user_action::RevokeSession>(&me.caller, me.id).await?;
    let ended = session::revoke_others(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(axum::Json(Ended { ended }))
}

/// Keys of access tokens
///
/// The public keys that access tokens are signed with (EdDSA), those that will be soon and those that were until a short
/// while ago. May be kept for five minutes.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = 200, description = "The key set", body = KeySet)),
)]
pub(crate) async fn key_set(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let keys = app.db.key_set().await?;
    // Half as long as a new key is published before it signs.
    let kept = format!("public, max-age={}", PUBLISHED_BEFORE.num_seconds() / 2);
    Ok(([(header::CACHE_CONTROL, kept)], axum::Json(KeySet { keys })))
}
