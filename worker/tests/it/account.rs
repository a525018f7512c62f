//! What is done for accounts in the background, with real tokens, a real store and a mail server.

mod export;
mod invitation;
mod links;
mod news;
mod stale;
mod support;
mod upkeep;
