use serde_json::{Value, json};

use super::block::Subjects;
use super::{Purge, PurgeState, PurgeSubject, PurgeToken, list, look};
use crate::action::{Action, Platform, Target as _, purge as action, user};
use crate::audit::Change;
use crate::caller::Caller;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{OrgId, PurgeId, UserId, WorkspaceId};
use crate::revision::Revision;
use crate::tx::{Authorized, Request, Tx};

/// Calls a purge off that waits, by its token: everything is as it was, but for sessions, invitations, links and jobs, which
/// stay ended, and for workspaces that somebody else manages since.
///
/// # Errors
/// [`Error::NotFound`] for a token that is none; [`Error::Conflict`] `not_waiting` if it runs or has ended, `email_taken` or
/// `name_taken` if somebody else has the address or the name by now, `no_owner` if an organization would come back without one.
pub async fn cancel(db: &Db, request: Request, token: &PurgeToken) -> Result<(Purge, Revision)> {
    let mut tx = db.begin(request).await?;
    let allowed = tx.authorize::<action::Cancel>(&Caller::Anonymous, Platform).await?;
    let id = look::by_token(&mut tx, token).await?.id;
    let purge = call_off(&mut tx, &allowed, id).await?;
    Ok((purge, tx.commit().await?))
}

/// Calls one off that the caller asked for, as [`cancel`].
///
/// # Errors
/// As [`cancel`].
pub async fn cancel_mine(tx: &mut Tx, allowed: &Authorized<user::CancelPurge>, id: PurgeId) -> Result<Purge> {
    let purge = list::find(tx, id).await?;
    if purge.requested_by != Some(*allowed.target()) {
        return Err(Error::NotFound(list::NOUN));
    }
    call_off(tx, allowed, id).await
}

async fn call_off<A: Action>(tx: &mut Tx, allowed: &Authorized<A>, id: PurgeId) -> Result<Purge> {
    let with = targets(tx, id).await?;
    lock(tx, &with).await?;
    let now = tx.now();
    let ended = sqlx::query!(
        "update purges set state = 'cancelled', finished_at = $2 where id = $1 and state = 'waiting'
         returning previous_status",
        id.0,
        now
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = ended else {
        let message = "it is under way or has ended, and is not called off any more";
        return Err(Error::conflict("not_waiting", message));
    };
    refuse_ownerless(tx, &with).await?;
    restore(tx, &with, row.previous_status.as_deref()).await?;
    sqlx::query!("delete from purge_recipients where purge_id = $1", id.0).execute(tx.connection()).await?;
    let purge = list::find(tx, id).await?;
    debug_assert!(purge.state == PurgeState::Cancelled);
    let subject = match purge.subject {
        PurgeSubject::User => UserId(purge.subject_id).uid(),
        PurgeSubject::Organization => OrgId(purge.subject_id).uid(),
        PurgeSubject::Workspace => WorkspaceId(purge.subject_id).uid(),
    };
    let change = Change { before: json!({ "purge": id, "due_at": purge.due_at }), after: Value::Null };
    tx.record(allowed, purge.org_id, &subject, change).await?;
    Ok(purge)
}

async fn targets(tx: &mut Tx, id: PurgeId) -> Result<Subjects> {
    let rows = sqlx::query!("select kind, id from purge_targets where purge_id = $1 order by id", id.0)
        .fetch_all(tx.connection())
        .await?;
    let mut with = Subjects::default();
    for row in rows {
        match PurgeSubject::parse(&row.kind) {
            Some(PurgeSubject::User) => with.users.push(UserId(row.id)),
            Some(PurgeSubject::Organization) => with.orgs.push(OrgId(row.id)),
            Some(PurgeSubject::Workspace) => with.workspaces.push(WorkspaceId(row.id)),
            None => {}
        }
    }
    Ok(with)
}

/// Organizations, then accounts, as everywhere.
async fn lock(tx: &mut Tx, with: &Subjects) -> Result<()> {
    sqlx::query!(
        "select o.id from organizations o
         where id = any ($1) or id in (select org_id from workspaces where id = any ($2))
         order by o.id for no key update",
        &with.org_ids(),
        &with.workspace_ids(),
    )
    .fetch_all(tx.connection())
    .await?;
    sqlx::query!("select id from users where id = any ($1) order by id for update", &with.user_ids())
        .fetch_all(tx.connection())
        .await?;
    Ok(())
}

/// An organization comes back to an owner only: one who can act, or who comes back with it.
async fn refuse_ownerless(tx: &mut Tx, with: &Subjects) -> Result<()> {
    let now = tx.now();
    let is_ownerless = sqlx::query_scalar!(
        r#"select exists (
               select from unnest($1::uuid[]) as org (id) where not exists (
                   select from memberships m join users u on u.id = m.user_id
                   where m.org_id = org.id and m.role = 'owner'
                     and (m.user_id = any ($2) or m.suspended_at is null
                          and (u.status = 'active' or u.status = 'pending' and u.approval_due_at > $3)
                          and u.email_verified_at is not null and not u.password_must_change))) as "is!""#,
        &with.org_ids(),
        &with.user_ids(),
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    if is_ownerless {
        let message = "none of its owners can act; keep the account of one of them first";
        return Err(Error::conflict("no_owner", message));
    }
    Ok(())
}

async fn restore(tx: &mut Tx, with: &Subjects, status: Option<&str>) -> Result<()> {
    let taken = |error: sqlx::Error| {
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        match constraint {
            Some("users_email") => Error::conflict("email_taken", "another account has the address by now"),
            Some("workspaces_name") => {
                Error::conflict("name_taken", "another workspace of the organization has the name by now")
            }
            _ => error.into(),
        }
    };
    sqlx::query!(
        "update users set status = $2 where id = any ($1) and status = 'deleting' and $2::text is not null",
        &with.user_ids(),
        status,
    )
    .execute(tx.connection())
    .await
    .map_err(taken)?;
    sqlx::query!("update organizations set deleting_at = null where id = any ($1)", &with.org_ids())
        .execute(tx.connection())
        .await?;
    // Not those that were deleted by themselves before, and are under way.
    sqlx::query!(
        "update workspaces w set deleting_at = null where id = any ($1) and not exists (
             select from purges p where p.subject = 'workspace' and p.subject_id = w.id and p.state = 'running')",
        &with.workspace_ids(),
    )
    .execute(tx.connection())
    .await
    .map_err(taken)?;
    Ok(())
}
