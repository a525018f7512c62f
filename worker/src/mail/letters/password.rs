//! Mails about a password.

use crate::mail::{Given, Link, Moment, PublicLink, Written};

/// Choose a new password.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    /// Whose password.
    pub name: Given,
    /// Lets its holder choose; holds a token.
    pub link: PublicLink,
    /// Until when the link works.
    pub deadline: Moment,
}

impl Written for PasswordReset {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("choose a new password", &self.link)]
    }
}

/// Choose the first password of an account that an administrator made.
#[derive(Debug, Clone)]
pub struct SetPassword {
    /// Whose account.
    pub name: Given,
    /// Lets its holder choose; holds a token.
    pub link: PublicLink,
    /// Until when the link works.
    pub deadline: Moment,
}

impl Written for SetPassword {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("choose a password", &self.link)]
    }
}

/// The password was changed.
#[derive(Debug, Clone)]
pub struct PasswordChanged {
    /// Whose password.
    pub name: Given,
    /// When.
    pub changed: Moment,
    /// Where to ask for a new one; holds no token.
    pub link: PublicLink,
}

impl Written for PasswordChanged {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("ask for a new password", &self.link)]
    }
}
