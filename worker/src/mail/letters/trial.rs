//! Mails about the time until an account is approved.

use crate::mail::{Given, Link, Moment, PublicLink, Written};

/// The trial ends soon and nobody has approved the account.
#[derive(Debug, Clone)]
pub struct ApprovalReminder {
    /// Whose trial.
    pub name: Given,
    /// When it ends.
    pub deadline: Moment,
    /// Where to sign in.
    pub link: PublicLink,
}

impl Written for ApprovalReminder {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("sign in", &self.link)]
    }
}

/// The account was approved.
#[derive(Debug, Clone)]
pub struct Approved {
    /// Whose account.
    pub name: Given,
    /// Where to sign in.
    pub link: PublicLink,
}

impl Written for Approved {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("sign in", &self.link)]
    }
}

/// The trial has ended.
#[derive(Debug, Clone)]
pub struct Expired {
    /// Whose trial.
    pub name: Given,
    /// When it ended.
    pub ended: Moment,
    /// Where to sign in.
    pub link: PublicLink,
}

impl Written for Expired {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("sign in", &self.link)]
    }
}
