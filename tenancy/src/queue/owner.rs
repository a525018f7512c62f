use uuid::Uuid;

use crate::action::{Action, JobOwner, Target, job};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{JobId, OrgId, UserId, WorkspaceId};
use crate::tx::{Authorized, Tx};

pub(super) const NOUN: &str = JobOwner::NOUN;

/// Which jobs a proof is about, as the statements want it: a word, and the id of the owner.
///
/// They compare it so, for the planner to leave one of the conditions:
///
/// ```sql
/// case $1 when 'all' then true
///         when 'workspace' then workspace_id = $2
///         when 'org' then workspace_id is null and org_id = $2
///         when 'user' then workspace_id is null and org_id is null and user_id = $2
///         else workspace_id is null and org_id is null and user_id is null end
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) whose: &'static str,
    pub(super) id: Option<Uuid>,
}

impl Reach {
    /// Everybody's.
    pub(super) const ALL: Self = Self { whose: "all", id: None };
}

impl From<JobOwner> for Reach {
    fn from(owner: JobOwner) -> Self {
        match owner {
            JobOwner::Platform => Self { whose: "platform", id: None },
            JobOwner::Org(id) => Self { whose: "org", id: Some(id.0) },
            JobOwner::Workspace(id) => Self { whose: "workspace", id: Some(id.0) },
            JobOwner::User(id) => Self { whose: "user", id: Some(id.0) },
        }
    }
}

/// As whom a caller owns jobs: a person as themselves, an organization's key as that organization, the others as the
/// platform.
///
/// # Errors
/// [`Error::Unauthenticated`] for nobody in particular; [`Error::Store`].
pub async fn own(tx: &mut Tx, caller: &Caller) -> Result<JobOwner> {
    match caller {
        Caller::Anonymous => Err(Error::Unauthenticated),
        Caller::Operator | Caller::Worker => Ok(JobOwner::Platform),
        Caller::User(person) => Ok(JobOwner::User(person.id)),
        Caller::ApiKey(id) => {
            let org = sqlx::query_scalar!("select org_id from api_keys where id = $1", id.0)
                .fetch_optional(tx.connection())
                .await?;
            Ok(org.flatten().map_or(JobOwner::Platform, |org| JobOwner::Org(OrgId(org))))
        }
    }
}

/// Asks the policies whether the caller may do `A` to those whose job this is. A job of which the caller may not know is
/// answered as one that does not exist, whatever its state.
///
/// # Errors
/// [`Error::Unauthenticated`] for nobody in particular; [`Error::NotFound`]; [`Error::Forbidden`] if they may see it and
/// not do this; [`Error::Store`].
pub async fn authorize<A: Action<Target = JobOwner>>(
    tx: &mut Tx,
    caller: &Caller,
    id: JobId,
) -> Result<Authorized<A>> {
    if *caller == Caller::Anonymous {
        return Err(Error::Unauthenticated);
    }
    let found = sqlx::query!("select workspace_id, org_id, user_id from jobs where id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?
        .ok_or(Error::NotFound(NOUN))?;
    let owner = match (found.workspace_id, found.org_id, found.user_id) {
        (Some(id), _, _) => JobOwner::Workspace(WorkspaceId(id)),
        (None, Some(id), _) => JobOwner::Org(OrgId(id)),
        (None, None, Some(id)) => JobOwner::User(UserId(id)),
        (None, None, None) => JobOwner::Platform,
    };
    match tx.authorize::<A>(caller, owner).await {
        Err(refused @ Error::Forbidden { .. }) => match tx.authorize::<job::List>(caller, owner).await {
            Ok(_) => Err(refused),
            Err(Error::Forbidden { .. } | Error::NotFound(_)) => Err(Error::NotFound(NOUN)),
            Err(other) => Err(other),
        },
        other => other,
    }
}
