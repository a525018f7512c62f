//! Hosted pages, as HTTP shows them and as a browser does.

mod browser;
mod by_keyboard;
mod in_a_browser;
mod invitation;
mod language;
mod link;
pub(crate) mod logged;
mod looks;
mod protection;
mod states;
