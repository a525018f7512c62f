//! Accounts as strangers try them.

mod password;
mod register;
mod rest;
mod set_up;
mod sign_in;
mod verification;
