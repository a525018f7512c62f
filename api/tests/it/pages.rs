//! Hosted pages, as HTTP shows them and as a browser does.

mod browser;
mod by_keyboard;
mod in_a_browser;
mod language;
mod link;
mod logged;
mod looks;
mod protection;
mod states;
