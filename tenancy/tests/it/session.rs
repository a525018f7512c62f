//! Sessions, and the tokens by which people are known.

mod access_token;
mod key;
mod list;
mod refresh;
