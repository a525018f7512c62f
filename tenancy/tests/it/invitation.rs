//! Invitations into organizations.

mod accept;
mod bulk;
mod create;
mod race;
mod resend;
mod role;
mod seat;
mod support;
mod take_up;
