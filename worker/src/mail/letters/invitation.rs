//! The mail to somebody who is invited.

use crate::mail::{Given, Link, Moment, PublicLink, Written};

/// Join an organization.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Who invites; none once their account is gone.
    pub inviter: Option<Given>,
    /// To what.
    pub organization: Given,
    /// The role's name in the store; those that the templates have no word for are shown as they are.
    pub role: Given,
    /// The workspace that comes with it.
    pub workspace: Option<Given>,
    /// Shows the invitation; holds a token.
    pub link: PublicLink,
    /// Until when it can be accepted.
    pub deadline: Moment,
}

impl Written for Invitation {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("see the invitation", &self.link)]
    }
}
