//! Background work: takes what the store says is due, and does it.

pub mod mail;
mod transport;
