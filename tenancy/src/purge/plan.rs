//! What a deletion would do, counted now.

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::block::Subjects;
use super::obstacle::{self, NamedOrg, Obstacle, ObstacleKind};
use super::{Counts, PurgeSubject};
use crate::action::{org, user, workspace};
use crate::error::Result;
use crate::tx::{Authorized, Tx};

/// What a deletion would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeletionPlan {
    /// Of what.
    pub subject: PurgeSubject,
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub subject_id: Uuid,
    /// What would be erased, by class: `organizations`, `workspaces`, `documents`, `document_bytes`, `resources`, `shares`,
    /// `connections`, `agents`, `instances`, `api_keys`, and `members`: how many others lose access.
    pub erased: Counts,
    /// Organizations that go along, since nobody else is in them.
    pub organizations: Vec<NamedOrg>,
    /// Organizations that go on without the person.
    pub stays: Vec<NamedOrg>,
    /// What the person owns in workspaces of others, and what stays there without an owner: `documents`, `resources`.
    pub orphaned: Counts,
    /// What stands in the way; empty if nothing does.
    pub obstacles: Vec<Obstacle>,
    /// For how many seconds it could be called off.
    pub grace_seconds: i64,
}

/// What would go with one's account.
///
/// # Errors
/// If the store does not answer.
pub async fn plan_account(tx: &mut Tx, allowed: &Authorized<user::PreviewDelete>) -> Result<DeletionPlan> {
    let id = *allowed.target();
    let memberships = obstacle::memberships(tx, id).await?;
    let obstacles = obstacle::of_account(tx, id, &memberships).await?;
    let orgs = memberships.alone.iter().map(|org| org.id).collect();
    let with = all(tx, Subjects { users: vec![id], orgs, ..Subjects::default() }).await?;
    let mut plan = plan(tx, PurgeSubject::User, id.0, &with).await?;
    plan.orphaned = orphaned(tx, id.0, &with.workspace_ids()).await?;
    (plan.organizations, plan.obstacles) = (memberships.alone, obstacles);
    plan.stays = [memberships.going_on, memberships.sole_owner].concat();
    Ok(plan)
}

/// What would go with an organization.
///
/// # Errors
/// If the store does not answer.
pub async fn plan_org(tx: &mut Tx, allowed: &Authorized<org::PreviewDelete>) -> Result<DeletionPlan> {
    let id = *allowed.target();
    let with = all(tx, Subjects { orgs: vec![id], ..Subjects::default() }).await?;
    plan(tx, PurgeSubject::Organization, id.0, &with).await
}

/// What would go with a workspace.
///
/// # Errors
/// If the store does not answer.
pub async fn plan_workspace(
    tx: &mut Tx,
    allowed: &Authorized<workspace::PreviewDelete>,
) -> Result<DeletionPlan> {
    let id = *allowed.target();
    let with = Subjects { workspaces: vec![id], ..Subjects::default() };
    let mut plan = plan(tx, PurgeSubject::Workspace, id.0, &with).await?;
    let is_default = sqlx::query_scalar!("select is_default from workspaces where id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    if is_default == Some(true) {
        plan.obstacles.push(Obstacle::new(ObstacleKind::DefaultWorkspace));
    }
    Ok(plan)
}

/// With the workspaces, which nobody is kept from.
async fn all(tx: &mut Tx, mut with: Subjects) -> Result<Subjects> {
    let ids = sqlx::query_scalar!(
        "select id from workspaces where owner_id = any ($1) or org_id = any ($2) order by id",
        &with.user_ids(),
        &with.org_ids(),
    )
    .fetch_all(tx.connection())
    .await?;
    with.workspaces.extend(ids.into_iter().map(crate::id::WorkspaceId));
    Ok(with)
}

async fn plan(tx: &mut Tx, subject: PurgeSubject, id: Uuid, with: &Subjects) -> Result<DeletionPlan> {
    let row = sqlx::query!(
        r#"select
               (select count(*) from documents where workspace_id = any ($3)) as "documents!",
               (select coalesce(sum(size), 0)::bigint from documents where workspace_id = any ($3)) as "document_bytes!",
               (select count(*) from resources where workspace_id = any ($3)) as "resources!",
               (select count(*) from shares s where s.workspace_id = any ($3) or s.grantee_workspace_id = any ($3)
                    or s.grantee_org_id = any ($2) or s.grantee_user_id = any ($1)
                    or s.agent_id in (select id from agents where org_id = any ($2))
                    or exists (select from resources r where r.workspace_id = any ($3)
                                 and r.type = s.resource_type and r.id = s.resource_id)) as "shares!",
               (select count(*) from connections where owner_id = any ($1) or org_id = any ($2)) as "connections!",
               (select count(*) from agents where org_id = any ($2)) as "agents!",
               (select count(*) from instances where org_id = any ($2)) as "instances!",
               (select count(*) from api_keys where org_id = any ($2)) as "api_keys!",
               (select count(distinct user_id) from (
                    select user_id from memberships where org_id = any ($2)
                    union select user_id from workspace_members where workspace_id = any ($3)
                ) as member where user_id <> all ($1)) as "members!""#,
        &with.user_ids(),
        &with.org_ids(),
        &with.workspace_ids(),
    )
    .fetch_one(tx.connection())
    .await?;
    let count = |things: usize| i64::try_from(things).unwrap_or(i64::MAX);
    let erased = [
        ("organizations", count(with.orgs.len())),
        ("workspaces", count(with.workspaces.len())),
        ("documents", row.documents),
        ("document_bytes", row.document_bytes),
        ("resources", row.resources),
        ("shares", row.shares),
        ("connections", row.connections),
        ("agents", row.agents),
        ("instances", row.instances),
        ("api_keys", row.api_keys),
        ("members", row.members),
    ];
    let grace = tx.account_settings().deletion.grace.max(TimeDelta::zero());
    Ok(DeletionPlan {
        subject,
        subject_id: id,
        erased: erased.into_iter().map(|(class, count)| (class.to_owned(), count)).collect(),
        organizations: vec![],
        stays: vec![],
        orphaned: Counts::new(),
        obstacles: vec![],
        grace_seconds: grace.num_seconds(),
    })
}

async fn orphaned(tx: &mut Tx, user: Uuid, workspaces: &[Uuid]) -> Result<Counts> {
    let row = sqlx::query!(
        r#"select (select count(*) from documents where owner_id = $1 and workspace_id <> all ($2)) as "documents!",
                  (select count(*) from resources where owner_id = $1 and workspace_id <> all ($2)) as "resources!""#,
        user,
        workspaces,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok([("documents".to_owned(), row.documents), ("resources".to_owned(), row.resources)].into())
}
