//! What actions are done to.

use authz::{EntityUid, core_uid};

use super::{Home, Target};
use crate::id::{
    AgentId, ApiKeyId, ConnectionId, DocumentId, InstanceId, MembershipId, OrgId, UserId, WorkspaceId,
};

/// This installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

impl Target for Platform {
    const NOUN: &'static str = "platform";

    fn uid(&self) -> EntityUid {
        core_uid("Platform", "doorward")
    }

    fn view(&self) -> Option<&'static str> {
        None
    }
}

/// Whose an API key or an agent is, and whom decisions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    /// The platform's.
    Platform,
    /// An organization's.
    Org(OrgId),
}

impl KeyOwner {
    /// The organization, if it is one's.
    #[must_use]
    pub fn org_id(self) -> Option<OrgId> {
        match self {
            Self::Platform => None,
            Self::Org(id) => Some(id),
        }
    }
}

impl Target for KeyOwner {
    const NOUN: &'static str = "organization";

    fn uid(&self) -> EntityUid {
        match self {
            Self::Platform => Platform.uid(),
            Self::Org(id) => id.uid(),
        }
    }

    fn view(&self) -> Option<&'static str> {
        self.org_id().map(|_| "org.view")
    }

    fn org(&self) -> Option<OrgId> {
        self.org_id()
    }
}

/// Whose a job is: a workspace's, else an organization's, else a person's, else the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOwner {
    /// Nobody's in particular.
    Platform,
    /// An organization's.
    Org(OrgId),
    /// A workspace's.
    Workspace(WorkspaceId),
    /// A person's.
    User(UserId),
}

impl JobOwner {
    /// The word for such an owner in errors.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Platform => Platform::NOUN,
            Self::Org(_) => KeyOwner::NOUN,
            Self::Workspace(_) => WorkspaceId::NOUN,
            Self::User(_) => UserId::NOUN,
        }
    }
}

impl Target for JobOwner {
    const NOUN: &'static str = "job";

    fn uid(&self) -> EntityUid {
        match self {
            Self::Platform => Platform.uid(),
            Self::Org(id) => id.uid(),
            Self::Workspace(id) => id.uid(),
            Self::User(id) => id.uid(),
        }
    }

    fn view(&self) -> Option<&'static str> {
        match self {
            Self::Platform => None,
            Self::Org(_) => Some("org.view"),
            Self::Workspace(_) => Some("workspace.view"),
            Self::User(_) => Some("user.view"),
        }
    }

    fn org(&self) -> Option<OrgId> {
        match self {
            Self::Org(id) => Some(*id),
            Self::Platform | Self::Workspace(_) | Self::User(_) => None,
        }
    }
}

impl Target for ApiKeyId {
    const NOUN: &'static str = "API key";

    fn uid(&self) -> EntityUid {
        core_uid("ApiKey", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("key.view")
    }
}

impl Target for OrgId {
    const NOUN: &'static str = "organization";

    fn uid(&self) -> EntityUid {
        core_uid("Organization", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("org.view")
    }

    fn org(&self) -> Option<OrgId> {
        Some(*self)
    }
}

impl Target for UserId {
    const NOUN: &'static str = "user";

    fn uid(&self) -> EntityUid {
        core_uid("User", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("user.view")
    }
}

impl Target for WorkspaceId {
    const NOUN: &'static str = "workspace";

    fn uid(&self) -> EntityUid {
        core_uid("Workspace", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("workspace.view")
    }

    fn home(&self) -> Option<Home> {
        Some(Home::Workspace(*self))
    }
}

impl Target for MembershipId {
    const NOUN: &'static str = "member";

    fn uid(&self) -> EntityUid {
        core_uid("Membership", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("membership.view")
    }

    fn org(&self) -> Option<OrgId> {
        Some(self.org)
    }
}

impl Target for AgentId {
    const NOUN: &'static str = "agent";

    fn uid(&self) -> EntityUid {
        core_uid("Agent", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("agent.view")
    }

    fn home(&self) -> Option<Home> {
        Some(Home::Agent(*self))
    }
}

impl Target for InstanceId {
    const NOUN: &'static str = "instance";

    fn uid(&self) -> EntityUid {
        core_uid("Instance", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("instance.view")
    }

    fn home(&self) -> Option<Home> {
        Some(Home::Instance(*self))
    }
}

/// An organization, for whoever has an invitation into it and so knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inviting(pub OrgId);

impl Target for Inviting {
    const NOUN: &'static str = OrgId::NOUN;

    fn uid(&self) -> EntityUid {
        self.0.uid()
    }

    fn view(&self) -> Option<&'static str> {
        None
    }

    fn org(&self) -> Option<OrgId> {
        Some(self.0)
    }
}

/// Whose a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionOwner {
    /// A person's.
    User(UserId),
    /// An organization's.
    Org(OrgId),
}

impl Target for ConnectionOwner {
    const NOUN: &'static str = "owner";

    fn uid(&self) -> EntityUid {
        match self {
            Self::User(id) => id.uid(),
            Self::Org(id) => id.uid(),
        }
    }

    fn view(&self) -> Option<&'static str> {
        match self {
            Self::User(id) => id.view(),
            Self::Org(id) => id.view(),
        }
    }

    fn org(&self) -> Option<OrgId> {
        match self {
            Self::User(_) => None,
            Self::Org(id) => Some(*id),
        }
    }
}

impl Target for ConnectionId {
    const NOUN: &'static str = "connection";

    fn uid(&self) -> EntityUid {
        core_uid("Connection", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("connection.view")
    }

    fn home(&self) -> Option<Home> {
        Some(Home::Connection(*self))
    }
}

impl Target for DocumentId {
    const NOUN: &'static str = "document";

    fn uid(&self) -> EntityUid {
        core_uid("StoredDocument", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("document.read")
    }

    fn home(&self) -> Option<Home> {
        Some(Home::Document(*self))
    }
}
