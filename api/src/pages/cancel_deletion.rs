//! Calling a deletion off while it waits. Only the button does it: programs that look at links in mails must not.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenancy::{Error, Purge, PurgeState, PurgeSubject, PurgeToken, Request, purge};

use super::page::Page;
use super::sent::Sent;
use super::view::views;
use super::visit::Visit;
use crate::app::App;
use crate::context::Origin;

/// What is being deleted, and the button as long as it waits.
pub(super) struct CancelDeletion {
    token: PurgeToken,
    purge: Purge,
}

/// It stays.
pub(super) struct DeletionCancelled {
    purge: Purge,
}

views! {
    CancelDeletion { English: "en/cancel_deletion.html", French: "fr/cancel_deletion.html" }
    DeletionCancelled { English: "en/deletion_cancelled.html", French: "fr/deletion_cancelled.html" }
}

impl CancelDeletion {
    /// When it is erased, in the one way that both languages read.
    fn due(&self) -> String {
        self.purge.due_at.format("%Y-%m-%d %H:%M UTC").to_string()
    }

    fn is_waiting(&self) -> bool {
        self.purge.state == PurgeState::Waiting
    }

    fn is_cancelled(&self) -> bool {
        self.purge.state == PurgeState::Cancelled
    }
}

/// What the button sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keep {
    token: String,
}

/// What is being deleted
#[utoipa::path(get, path = "/cancel-deletion", tag = "pages", responses((status = 200)))]
pub(crate) async fn show(
    State(app): State<App>,
    visit: Visit,
    Origin(request): Origin,
) -> Result<Page, Page> {
    look(&app, request, &visit).await
}

/// Keep it
#[utoipa::path(post, path = "/cancel-deletion", tag = "pages", responses((status = 200)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Origin(request): Origin,
    Sent(visit, form): Sent<Keep>,
) -> Result<Page, Page> {
    let visit = visit.with_token(form.token);
    match purge::cancel(&app.db, request.clone(), &visit.purge()?).await {
        Ok((purge, _)) => Ok(visit.last_page(&DeletionCancelled { purge })),
        // The page says why.
        Err(Error::Conflict { code: "not_waiting", .. }) => look(&app, request, &visit).await,
        Err(error) => Err(visit.error(error)),
    }
}

async fn look(app: &App, request: Request, visit: &Visit) -> Result<Page, Page> {
    let token = visit.purge()?;
    let purge = purge::look(&app.db, request, &token).await.map_err(|error| visit.error(error))?;
    Ok(visit.page(StatusCode::OK, &CancelDeletion { token, purge }))
}
