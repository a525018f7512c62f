//! Serving HTTP.

use axum::Router;
use axum::http::StatusCode;
use runtime::Shutdown;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::listener::Listener;
use crate::problem::Problem;
use crate::{accept, layers, openapi, pages, routes};

/// The whole HTTP interface.
pub fn router(app: &App) -> Router {
    let (routes, document) = routes::routes().split_for_parts();
    let (pages, _) = pages::routes().split_for_parts();
    let document = openapi::finish(document, &app.settings.public_url);
    // Unless told not to, the page sends the document's address to a validator elsewhere.
    let config = Config::from(openapi::PATH).validator_url("none");
    let router = routes
        .merge(pages)
        .with_state(app.clone())
        .merge(SwaggerUi::new("/docs").config(config).url(openapi::PATH, document));
    finish(router, app)
}

/// What a process that only works has to say: how it is, and its figures.
fn operations(app: &App) -> Router {
    let (routes, _) = routes::operations().split_for_parts();
    finish(routes.with_state(app.clone()), app)
}

fn finish(router: Router, app: &App) -> Router {
    let router = router
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "no_such_route", "nothing is served here") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this route does not take this method",
            )
        });
    layers::wrap(router, app)
}

/// Serves on all these addresses until the process stops; then no connection is taken any more. `shutdown` waits for
/// the requests that are under way.
pub async fn serve(app: &App, listeners: Vec<Listener>, shutdown: Shutdown) {
    accept::serve(listeners, router(app), app.settings.limits.clone(), shutdown).await;
}

/// Serves health and figures only, otherwise as [`serve`].
pub async fn serve_operations(app: &App, listeners: Vec<Listener>, shutdown: Shutdown) {
    accept::serve(listeners, operations(app), app.settings.limits.clone(), shutdown).await;
}
