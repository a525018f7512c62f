//! What callers do through Doorward itself. Each action is a type, its name the one in the policy folder, and
//! [`Authorized`](crate::Authorized) the proof that a policy allowed it.

mod table;
mod target;

use authz::EntityUid;

pub use self::table::*;
pub use self::target::*;
use crate::id::{AgentId, ConnectionId, DocumentId, InstanceId, OrgId, WorkspaceId};

/// Who else may change an organization while an action is decided and done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Anybody.
    None,
    /// Nobody: such actions in one organization are decided and done one after the other, so that what policies are
    /// told of its usage, and what is counted besides (the last owner), is true until the end of the transaction.
    Org,
}

/// An action on one kind of target.
pub trait Action {
    /// The name in the policy folder.
    const NAME: &'static str;
    /// What is kept still from the decision to the end of the transaction.
    const LOCK: Lock;
    /// What it is done to.
    type Target: Target;
}

/// Something that actions are done to.
pub trait Target: Clone + Send + Sync {
    /// The word for it in errors.
    const NOUN: &'static str;

    /// The resource of the policies.
    fn uid(&self) -> EntityUid;

    /// The action whose denial means that the caller may not even know of it; none for what everybody knows of.
    fn view(&self) -> Option<&'static str>;

    /// The organization whose audit chain records what is done; none for the platform's.
    fn org(&self) -> Option<OrgId> {
        None
    }

    /// Whose organization [`Lock::Org`] keeps still; none for what is in none.
    fn home(&self) -> Option<Home> {
        self.org().map(Home::Org)
    }
}

/// By what an organization is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Itself.
    Org(OrgId),
    /// A workspace of its.
    Workspace(WorkspaceId),
    /// An agent of its.
    Agent(AgentId),
    /// An instance of its.
    Instance(InstanceId),
    /// A connection of its.
    Connection(ConnectionId),
    /// A document in a workspace of its.
    Document(DocumentId),
}
