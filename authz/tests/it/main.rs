//! Tests of the policy engine on folders made for them, and on the one that ships.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on should stop

mod ships;
