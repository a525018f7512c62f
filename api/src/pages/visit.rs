//! Who looks at a page: in which language, and from where they have come.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tenancy::{Error, InvitationToken, LinkToken, Locale, PurgeToken};

use super::failure::{Advice, Failure};
use super::language;
use super::page::{Page, STYLE};
use super::view::{Frame, View};
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::throttle;

/// All but what tokens are made of, so that whatever came as one stays within its parameter.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// A look at a page, or a form that was sent from it.
pub(crate) struct Visit {
    app: App,
    path: String,
    language: Locale,
    /// Whether the address names the language.
    chosen: Option<Locale>,
    /// The token of the link that led here, as it came.
    token: Option<String>,
    advice: Advice,
}

/// What an address can say. What else it says is none of ours: mail programs like to add something.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    token: Option<String>,
    lang: Option<String>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let said = Query::<Said>::try_from_uri(&parts.uri).map(|Query(said)| said).unwrap_or_default();
        let chosen = said.lang.as_deref().and_then(Locale::parse);
        Ok(Self {
            app: app.clone(),
            path: parts.uri.path().to_owned(),
            language: chosen.unwrap_or_else(|| language::accepted(&parts.headers)),
            chosen,
            token: said.token,
            advice: Advice::None,
        })
    }
}

impl Visit {
    /// With the token that came in a form.
    pub(super) fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// With what to do when the link is no good.
    pub(super) fn advising(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    /// In which language they read.
    pub(super) fn language(&self) -> Locale {
        self.language
    }

    /// The link that led here; without one, or one that cannot be ours, there is nothing to show.
    pub(super) fn link(&self) -> Result<LinkToken, Page> {
        let token = self.token.as_deref().and_then(LinkToken::parse);
        token.ok_or_else(|| self.failure(&Failure::Unknown(self.advice)))
    }

    /// The invitation that led here.
    pub(super) fn invitation(&self) -> Result<InvitationToken, Page> {
        let token = self.token.as_deref().and_then(InvitationToken::parse);
        token.ok_or_else(|| self.failure(&Failure::Unknown(self.advice)))
    }

    /// The deletion that led here.
    pub(super) fn purge(&self) -> Result<PurgeToken, Page> {
        let token = self.token.as_deref().and_then(PurgeToken::parse);
        token.ok_or_else(|| self.failure(&Failure::Unknown(self.advice)))
    }

    /// Counts what only so many may ask for from one address.
    pub(super) async fn counted(&self, client: ClientAddress) -> Result<(), Page> {
        let counted = throttle::registration(&self.app, client).await;
        counted.map_err(|problem| self.failure(&Failure::TooMany(problem.retry_after().unwrap_or(1))))
    }

    /// A page to look at or to fill in.
    pub(super) fn page(&self, status: StatusCode, view: &impl View) -> Page {
        self.write(status, view, Some(self.here(other(self.language))))
    }

    /// A page that comes after a form, and has no address of its own.
    pub(super) fn last_page(&self, view: &impl View) -> Page {
        self.write(StatusCode::OK, view, None)
    }

    /// A page that says what went wrong.
    pub(super) fn failure(&self, failure: &Failure) -> Page {
        let mut page = self.page(failure.status(), failure);
        page.retry_after = failure.retry_after();
        page
    }

    /// The page of an error. Wrong fields are for the page of the form to show, where there is one.
    pub(super) fn error(&self, error: Error) -> Page {
        self.failure(&Failure::of(error, self.advice))
    }

    fn write(&self, status: StatusCode, view: &impl View, other: Option<String>) -> Page {
        let settings = &self.app.settings;
        let choice = self.chosen.map_or_else(String::new, |locale| format!("?lang={}", locale.as_str()));
        let frame = Frame {
            lang: self.language.as_str(),
            style: STYLE,
            base: settings.base(),
            choice: &choice,
            other,
            app_url: &settings.app_url,
        };
        Page { status, language: self.language, html: view.render(self.language, &frame), retry_after: None }
    }

    /// The address of this page in a language.
    fn here(&self, language: Locale) -> String {
        let mut address = format!("{}{}?", self.app.settings.base(), self.path);
        if let Some(token) = &self.token {
            address.push_str(&format!("token={}&", utf8_percent_encode(token, ESCAPED)));
        }
        address + "lang=" + language.as_str()
    }
}

fn other(language: Locale) -> Locale {
    match language {
        Locale::English => Locale::French,
        Locale::French => Locale::English,
    }
}
