//! Mails about a person's account.

use crate::mail::{Given, Link, Moment, PublicLink, Written};

/// Confirm the address.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Who opened the account.
    pub name: Given,
    /// Confirms the address; holds a token.
    pub link: PublicLink,
    /// Until when the link works.
    pub deadline: Moment,
}

impl Written for Verification {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("confirm the address", &self.link)]
    }
}

/// The address is confirmed.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// Whose account it is.
    pub name: Given,
    /// Where to sign in.
    pub link: PublicLink,
    /// When an account that nobody approves becomes read-only; none if it is approved already.
    pub trial_ends: Option<Moment>,
}

impl Written for Welcome {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("sign in", &self.link)]
    }
}

/// Somebody tried to open an account with an address that has one.
#[derive(Debug, Clone)]
pub struct AlreadyRegistered {
    /// Whose address.
    pub name: Given,
    /// Where to sign in.
    pub link: PublicLink,
    /// Where to ask for a new password; holds no token.
    pub forgotten: PublicLink,
}

impl Written for AlreadyRegistered {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("sign in", &self.link), Link::new("ask for a new password", &self.forgotten)]
    }
}

/// The second factor was set up, renewed or removed.
#[derive(Debug, Clone)]
pub struct SecondFactorChanged {
    /// Whose.
    pub name: Given,
    /// When.
    pub changed: Moment,
    /// Where to ask for a new password; holds no token.
    pub link: PublicLink,
}

impl Written for SecondFactorChanged {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("ask for a new password", &self.link)]
    }
}

/// An admin closed the account.
#[derive(Debug, Clone)]
pub struct Disabled {
    /// Whose account it was.
    pub name: Given,
    /// When.
    pub closed: Moment,
    /// What the admin wrote.
    pub reason: Option<Given>,
}

impl Written for Disabled {
    fn links(&self) -> Vec<Link> {
        Vec::new()
    }
}
