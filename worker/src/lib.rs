//! Background work: takes what the store says is due, and does it.

mod transport;
