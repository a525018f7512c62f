//! Identifiers. Each kind has a type of its own, so that one cannot stand in for another.

use chrono::{DateTime, Utc};
use runtime::Random;
use uuid::{Builder, Uuid};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fmt_uuid!();
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

macro_rules! fmt_uuid {
    () => {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fmt(f)
        }
    };
}

ids! {
    /// A person's account.
    UserId;
    /// An organization.
    OrgId;
    /// A workspace.
    WorkspaceId;
    /// An AI agent.
    AgentId;
    /// An API key.
    ApiKeyId;
    /// A share.
    ShareId;
    /// A decision.
    DecisionId;
    /// A background job.
    JobId;
    /// Where a person is signed in.
    SessionId;
    /// A link that is good once.
    LinkId;
    /// An invitation into an organization.
    InvitationId;
    /// An instance of an organization.
    InstanceId;
    /// An entry of an organization's wallet.
    WalletEntryId;
    /// A use of something that is charged by the use.
    UseId;
    /// Credentials of a provider outside.
    ConnectionId;
    /// A file in a workspace.
    DocumentId;
    /// The erasure of an account, an organization or a workspace.
    PurgeId;
    /// A person's data, packed for them.
    ExportId;
}

/// A person's place in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MembershipId {
    /// The organization.
    pub org: OrgId,
    /// The person.
    pub user: UserId,
}

/// As the policies name it: `ORG/USER`.
impl std::fmt::Display for MembershipId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.org, self.user)
    }
}

impl DecisionId {
    /// When the decision was made, as the id says: to the millisecond.
    #[must_use]
    pub fn time(self) -> DateTime<Utc> {
        let (high, _) = self.0.as_u64_pair();
        // 48 bits of milliseconds are a time of this calendar, whatever they are.
        i64::try_from(high >> 16).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
    }
}

/// A new UUIDv7 (RFC 9562, section 5.7): ids made later sort later.
#[must_use]
pub(crate) fn new(now: DateTime<Utc>, random: &Random) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid()
}

/// The id of a registered resource: the application's, under the type it has in the policy folder.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[schema(as = EntityId, description = "An entity of the policy folder: its type, and its id under it.")]
pub struct ResourceId {
    /// The entity type: `Resource`, or an application's such as `Docs::Document`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application's own id, 1 to 512 characters, any but NUL.
    pub id: String,
}

impl ResourceId {
    /// Longest id, in characters.
    pub const MAX: usize = 512;
    /// Most parents of one resource.
    pub const MAX_PARENTS: usize = 64;
    /// Most levels of parents above a resource. What lies deeper is not read, and so denied.
    pub const MAX_HEIGHT: i32 = 32;

    /// Whether the store can hold such an id.
    #[must_use]
    pub fn is_storable(&self) -> bool {
        !self.id.is_empty()
            && !self.id.contains('\0')
            && !self.kind.contains('\0')
            && self.id.chars().count() <= Self::MAX
    }
}
