//! The front page.

use axum::http::StatusCode;

use super::page::Page;
use super::view::views;
use super::visit::Visit;

/// What this is, and where to go from here.
pub(super) struct Home;

views! {
    Home { English: "en/home.html", French: "fr/home.html" }
}

/// The front page
#[utoipa::path(get, path = "/", tag = "pages", responses((status = 200)))]
pub(crate) async fn show(visit: Visit) -> Page {
    visit.page(StatusCode::OK, &Home)
}
