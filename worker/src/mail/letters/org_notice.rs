//! The mail to owners about what the platform did with their organization.

use crate::mail::{Given, Link, PublicLink, Written};

/// The platform did something with an organization.
#[derive(Debug, Clone)]
pub struct OrgNotice {
    /// An owner.
    pub name: Given,
    /// The organization.
    pub organization: Given,
    /// What was done.
    pub event: OrgEvent,
    /// Where to sign in.
    pub link: PublicLink,
}

/// What the platform did with an organization.
#[derive(Debug, Clone)]
pub enum OrgEvent {
    /// It is on this plan now.
    Plan(Given),
    /// Its subscription is a trial again.
    Trial,
    /// Its subscription is active.
    Active,
    /// Its subscription has ended.
    Cancelled,
    /// It was stopped.
    Suspended,
    /// It goes on.
    Resumed,
}

impl Written for OrgNotice {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("sign in", &self.link)]
    }
}
