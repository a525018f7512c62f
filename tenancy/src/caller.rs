//! Who asks.

use authz::{EntityUid, core_uid};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::id::{ApiKeyId, OrgId, SessionId, UserId, WorkspaceId};

/// Whoever sent a request, as a principal of the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// A person who is signed in, or who has come by a link that was mailed to them.
    User(Person),
    /// An application.
    ApiKey(ApiKeyId),
    /// The person who runs the process, known by their access to its data folder.
    Operator,
    /// Doorward itself, doing what nobody is there to ask for.
    Worker,
}

/// A person, and how it is known that it is them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their account.
    pub id: UserId,
    /// Where they are signed in; none for who came by a link.
    pub session: Option<SessionId>,
    /// When they last gave their password in this session.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// When they last confirmed the second factor in this session.
    pub second_factor_at: Option<DateTime<Utc>>,
    /// Where they work in this session.
    pub current: Current,
}

/// Where somebody works. What they may do there, policies decide anew each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Current {
    /// In which organization; none: on their own.
    pub org: Option<OrgId>,
    /// In which workspace.
    pub workspace: Option<WorkspaceId>,
}

impl Person {
    /// Who holds a link that was mailed to them, or has given the password and has no session yet.
    #[must_use]
    pub fn without_session(id: UserId) -> Self {
        Self {
            id,
            session: None,
            authenticated_at: None,
            second_factor_at: None,
            current: Current::default(),
        }
    }
}

impl Caller {
    /// The principal.
    #[must_use]
    pub fn uid(&self) -> EntityUid {
        match self {
            Self::Anonymous => core_uid("Anonymous", "anonymous"),
            Self::User(person) => core_uid("User", &person.id.to_string()),
            Self::ApiKey(id) => core_uid("ApiKey", &id.to_string()),
            Self::Operator => core_uid("Service", "operator"),
            Self::Worker => core_uid("Service", "worker"),
        }
    }

    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::User(person) => Some(person),
            _ => None,
        }
    }

    /// What policies are told of how it is known who asks.
    pub(crate) fn context(&self) -> Map<String, Value> {
        let mut context = Map::new();
        if let Self::User(person) = self {
            context.insert("mfa".into(), person.second_factor_at.is_some().into());
            let times = [("mfa_at", person.second_factor_at), ("authenticated_at", person.authenticated_at)];
            for (name, time) in times.into_iter().filter_map(|(name, time)| Some((name, time?))) {
                context.insert(name.into(), authz::datetime_json(time));
            }
        }
        context
    }
}
