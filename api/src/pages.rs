//! Hosted pages: where the links in mails lead. Plain HTML from the server, without a script. Only `/invitation`
//! looks at cookies and sets them: whoever accepts is signed in.
//!
//! Every page is made in two languages ([`visit`]), with headers that let it load nothing and be shown in nothing
//! ([`page`]). They stay out of the OpenAPI document: they are for people.

mod cancel_deletion;
mod failure;
mod forgot_password;
mod home;
mod invitation;
mod language;
mod new_password;
mod page;
mod same_site;
mod sent;
mod set_up;
mod verify_email;
mod view;
mod visit;
mod wrong;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes. Their documents only tell which there are.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(home::show))
        .routes(routes!(verify_email::show, verify_email::confirm))
        .routes(routes!(new_password::show_reset, new_password::reset))
        .routes(routes!(new_password::show_first, new_password::set_first))
        .routes(routes!(forgot_password::show, forgot_password::send))
        .routes(routes!(set_up::show, set_up::set_up))
        .routes(routes!(cancel_deletion::show, cancel_deletion::cancel))
        .routes(routes!(invitation::show, invitation::answer))
}
