use serde::Serialize;
use utoipa::ToSchema;

use crate::administration;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId};
use crate::tx::Tx;
use crate::words::words;

words! {
    /// What keeps something from being deleted.
    ObstacleKind {
        /// An organization would be left to its other members without an owner.
        SoleOwner = "sole_owner",
        /// Nobody would be left to look after administrators.
        LastSuperAdmin = "last_super_admin",
        /// It is the workspace that people come to first.
        DefaultWorkspace = "default_workspace",
    }
}

/// An organization by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedOrg {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
}

/// What keeps something from being deleted, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Obstacle {
    /// What, by the code that a deletion is refused with.
    pub code: ObstacleKind,
    /// The organizations that have to get another owner before.
    pub organizations: Vec<NamedOrg>,
}

impl Obstacle {
    pub(super) fn new(code: ObstacleKind) -> Self {
        Self { code, organizations: vec![] }
    }
}

/// What becomes of the organizations that somebody belongs to when their account goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Memberships {
    /// Those that go along: nobody else is in them.
    pub(super) alone: Vec<NamedOrg>,
    /// Those that would have members and no owner.
    pub(super) sole_owner: Vec<NamedOrg>,
    /// Those that go on.
    pub(super) going_on: Vec<NamedOrg>,
}

/// Sorts them. Whoever wants to act on it holds their locks. Members whose own account is being erased do not count once that
/// cannot be called off any more, and owners only if they can act.
pub(super) async fn memberships(tx: &mut Tx, user: UserId) -> Result<Memberships> {
    let now = tx.now();
    let rows = sqlx::query!(
        r#"select o.id, o.name, m.role = 'owner' as "is_owner!", o.deleting_at is not null as "is_deleting!",
               exists (select from memberships x join users u on u.id = x.user_id
                       where x.org_id = o.id and x.user_id <> $1
                         and (u.status <> 'deleting'
                              or exists (select from purges p where p.subject = 'user' and p.subject_id = u.id
                                           and p.state = 'waiting'))) as "has_others!",
               exists (select from memberships x join users u on u.id = x.user_id
                       where x.org_id = o.id and x.user_id <> $1 and x.role = 'owner' and x.suspended_at is null
                         and (u.status = 'active' or u.status = 'pending' and u.approval_due_at > $2)
                         and u.email_verified_at is not null and not u.password_must_change) as "has_other_owner!"
           from memberships m join organizations o on o.id = m.org_id where m.user_id = $1 order by o.name, o.id"#,
        user.0,
        now,
    )
    .fetch_all(tx.connection())
    .await?;
    let mut found = Memberships::default();
    for row in rows {
        let org = NamedOrg { id: OrgId(row.id), name: row.name };
        match (row.is_deleting, row.is_owner, row.has_others) {
            // It has a purge of its own.
            (true, ..) => {}
            (_, true, false) => found.alone.push(org),
            (_, true, true) if !row.has_other_owner => found.sole_owner.push(org),
            _ => found.going_on.push(org),
        }
    }
    Ok(found)
}

/// What keeps an account from being deleted.
pub(super) async fn of_account(
    tx: &mut Tx,
    user: UserId,
    memberships: &Memberships,
) -> Result<Vec<Obstacle>> {
    let mut obstacles = vec![];
    if !memberships.sole_owner.is_empty() {
        let organizations = memberships.sole_owner.clone();
        obstacles.push(Obstacle { code: ObstacleKind::SoleOwner, organizations });
    }
    match administration::spare_last_super_admin(tx, user).await {
        Ok(()) => {}
        Err(Error::Conflict { .. }) => obstacles.push(Obstacle::new(ObstacleKind::LastSuperAdmin)),
        Err(other) => return Err(other),
    }
    Ok(obstacles)
}
