//! What can go wrong, in the words that clients see.

use std::sync::Arc;

use authz::PolicyInfo;
use serde::Serialize;

use crate::purge::NamedOrg;
use crate::revision::Revision;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One field of the input, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The path in the body, such as `attributes.classification`; `line 7: …` in bulk input.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

/// Why something was not done. In every case nothing was changed and nothing enqueued.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller did not say who they are, or not believably.
    #[error("authentication is required")]
    Unauthenticated,
    /// Address and password do not go together, or the code is wrong.
    #[error("the e-mail address, the password or the code is wrong")]
    BadCredentials,
    /// The password is right, and a code of the second factor is wanted.
    #[error("a code of the second factor is wanted")]
    SecondFactorRequired,
    /// The link is not good any more.
    #[error("{0}")]
    Gone(&'static str),
    /// The caller may know of the thing, but not do this to it.
    #[error("{action} is not allowed")]
    Forbidden {
        /// The action that was asked for.
        action: &'static str,
        /// The policies that forbid it; none where no policy allows it.
        policies: Vec<Arc<PolicyInfo>>,
    },
    /// The caller may not do this, for a reason that no policy tells.
    #[error("{message}")]
    Refused {
        /// A stable word for programs.
        code: &'static str,
        /// The reason.
        message: &'static str,
    },
    /// The caller may do this, and the organization's plan allows no more of it.
    #[error("the plan {plan} allows {limit} {resource}, and there are {current}")]
    LimitReached {
        /// What there is too much of: a limit of plans.json.
        resource: String,
        /// How much there is.
        current: i64,
        /// How much there may be.
        limit: i64,
        /// The organization's plan.
        plan: String,
    },
    /// The person may not store so much.
    #[error("{used} of {limit} bytes are used, and {wanted} more are wanted")]
    QuotaExceeded {
        /// In bytes, with what is announced and not there yet.
        used: i64,
        /// In bytes.
        limit: i64,
        /// In bytes.
        wanted: i64,
    },
    /// There is no such thing, or none that the caller may know of.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The state of things does not allow it.
    #[error("{message}")]
    Conflict {
        /// A stable word for programs.
        code: &'static str,
        /// What stands in the way.
        message: String,
    },
    /// Organizations with other members would lose their only owner.
    #[error(
        "organizations with other members would lose their only owner; make somebody else one, or delete them"
    )]
    SoleOwner(Vec<NamedOrg>),
    /// The input is well-formed and still wrong.
    #[error("the input is not valid")]
    Invalid(Vec<FieldError>),
    /// The store cannot be read, and what was read before is too old.
    #[error("the store cannot be read, and what was read before is too old to be answered from")]
    Unreachable,
    /// The store has not come as far as the caller wants it to have.
    #[error("revision {0} was not reached in time")]
    NotReached(Revision),
    /// The store did not answer, or not as it should.
    #[error("the store failed: {0}")]
    Store(#[source] sqlx::Error),
}

impl Error {
    /// One field is wrong.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// The state of things does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }
}

/// Constraints of the schema, in the words of the field that broke them. A constraint that is not listed is a
/// mistake of ours, and an error of the store.
const CONSTRAINTS: [(&str, &str, &str); 33] = [
    ("users_email", "email", "another account has this address"),
    ("organizations_slug", "slug", "another organization has this slug"),
    ("organizations_slug_check", "slug", "1 to 64 characters"),
    ("memberships_org_id_fkey", "org_id", "there is no such organization"),
    ("memberships_user_id_fkey", "user_id", "there is no such user"),
    ("workspaces_org_id_fkey", "org_id", "there is no such organization"),
    ("workspaces_owner_id_fkey", "owner_id", "there is no such user"),
    ("workspaces_personal", "owner_id", "this user has a personal workspace already"),
    ("workspaces_org_or_owner", "org_id", "a workspace has either an org_id or an owner_id"),
    ("workspaces_personal_private", "visibility", "a personal workspace is private, and no default"),
    ("workspaces_name", "name", "another workspace of the organization has this name"),
    ("workspaces_default", "is_default", "the organization has a default workspace already"),
    ("workspace_members_are_members", "user_id", "not a member of the workspace's organization"),
    ("agents_free_or_org", "license", "a free agent has no org, a proprietary one has"),
    ("agents_type", "agent_type", "the owner has an agent of this type already"),
    ("workspace_members_workspace_id_fkey", "workspace_id", "there is no such workspace"),
    ("workspace_members_user_id_fkey", "user_id", "there is no such user"),
    ("workspace_members_personal", "user_id", "a personal workspace has no members but its owner, as admin"),
    ("agents_org_id_fkey", "org_id", "there is no such organization"),
    ("shares_workspace_id_fkey", "on", "there is no such workspace"),
    ("shares_agent_id_fkey", "on", "there is no such agent"),
    ("shares_resource_type_resource_id_fkey", "on", "there is no such resource"),
    ("shares_grantee_user_id_fkey", "to", "there is no such user"),
    ("shares_grantee_org_id_fkey", "to", "there is no such organization"),
    ("shares_grantee_workspace_id_fkey", "to", "there is no such workspace"),
    ("connections_name", "name", "there is another connection of this name"),
    ("instances_name", "name", "another instance of the organization has this name"),
    ("shares_price", "price_per_use", "more than nothing, and for an organization"),
    ("shares_once", "to", "there is a share with this grantee already"),
    ("shares_platform_reads", "to", "only a workspace can be shared with the platform, and only as viewer"),
    ("shares_agent_runs", "level", "an agent is shared as viewer"),
    ("resources_workspace_id_fkey", "workspace_id", "there is no such workspace"),
    ("resources_owner_id_fkey", "owner_id", "there is no such user"),
];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        if constraint == Some("resource_parents_parent") {
            return Self::conflict("has_children", "other resources have this one as their parent");
        }
        if constraint == Some("wallets_balance") {
            return Self::conflict("insufficient_funds", "there is not so much in the wallet");
        }
        let code = error.as_database_error().and_then(|error| error.code());
        if matches!(code.as_deref(), Some("40P01" | "40001")) {
            return Self::conflict("contention", "another change was in the way; try again");
        }
        match CONSTRAINTS.iter().find(|(name, _, _)| constraint == Some(name)) {
            Some((_, field, message)) => Self::invalid(*field, *message),
            None => Self::Store(error),
        }
    }
}
