//! Mails about what Doorward keeps of somebody.

use crate::mail::{Given, Link, Moment, PublicLink, Written};

/// Something will be erased, and can be kept.
#[derive(Debug, Clone)]
pub struct DeletionRequested {
    /// Who is told.
    pub name: Given,
    /// What it is: the address of an account, or the name of an organization or workspace.
    pub erased: Given,
    /// When it was asked for.
    pub asked: Moment,
    /// When it is erased, unless somebody calls it off.
    pub due: Moment,
    /// Where to call it off.
    pub link: PublicLink,
}

impl Written for DeletionRequested {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("keep it", &self.link)]
    }
}

/// What was erased.
#[derive(Debug, Clone)]
pub struct DeletionReceipt {
    /// Who asked; may be empty, since by then they may be forgotten.
    pub name: Given,
    /// What it was: an account, a workspace or an organization, by its name.
    pub erased: Given,
    /// The number of the receipt.
    pub number: Given,
    /// When it was asked for.
    pub asked: Moment,
    /// When the last of it was gone.
    pub finished: Moment,
    /// How many workspaces were erased.
    pub workspaces: u64,
    /// How many resources.
    pub resources: u64,
    /// How many files.
    pub files: u64,
    /// How many shares.
    pub shares: u64,
    /// How many stored credentials.
    pub credentials: u64,
    /// Places that did not answer, so that what lies there could not be erased; empty if the search for leftovers found
    /// nothing.
    pub unreachable: Vec<Given>,
}

impl Written for DeletionReceipt {
    fn links(&self) -> Vec<Link> {
        Vec::new()
    }
}

/// An export can be fetched.
#[derive(Debug, Clone)]
pub struct ExportReady {
    /// Whose data.
    pub name: Given,
    /// When it was asked for.
    pub asked: Moment,
    /// Where to fetch it, after signing in.
    pub link: PublicLink,
    /// Until when it is kept.
    pub deadline: Moment,
}

impl Written for ExportReady {
    fn links(&self) -> Vec<Link> {
        vec![Link::new("fetch the export", &self.link)]
    }
}
