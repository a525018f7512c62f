//! Asking for a purge: access ends in the transaction that writes the row, or nothing happens.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::block::{self, Subjects};
use super::recipient::{self, PurgeRecipient};
use super::{Purge, PurgeState, PurgeSubject, PurgeToken, list, obstacle};
use crate::action::{Action, Home, Target as _, org, user, workspace};
use crate::administration;
use crate::audit::Change;
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{MembershipId, OrgId, PurgeId, UserId, WorkspaceId};
use crate::jobs::{BuildExport, Job as _, RunPurge, SendMail};
use crate::link::{self, LinkPurpose};
use crate::mail::{Locale, Mail};
use crate::password::{Password, PasswordHash, Verdict};
use crate::revision::Revision;
use crate::session::{self, SessionEnd, Which};
use crate::tx::{Authorized, Request, Tx};
use crate::user::AccountStatus;
use crate::workspace as workspaces;

/// A purge that was asked for, with its token, which is told this once.
#[derive(Debug)]
pub struct Asked {
    /// The purge.
    pub purge: Purge,
    /// Shows it, and calls it off, without an account.
    pub token: PurgeToken,
}

/// A purge to be.
struct Wanted {
    subject: PurgeSubject,
    subject_id: Uuid,
    org: Option<OrgId>,
    previous_status: Option<AccountStatus>,
    with: Subjects,
    recipients: Vec<PurgeRecipient>,
}

/// Deletes one's own account: access ends with the commit, and what one owns is erased after that.
///
/// # Errors
/// [`Error::Invalid`] if the password is wrong; [`Error::SoleOwner`]; [`Error::Conflict`] `last_super_admin` or
/// `already_deleting`; [`Error::Forbidden`] if the session has not proved lately who it is.
pub async fn delete_account(
    db: &Db,
    request: Request,
    caller: &Caller,
    password: &Password,
) -> Result<(Asked, Revision)> {
    let Caller::User(Person { id, .. }) = *caller else { return Err(Error::Unauthenticated) };
    let mut tx = db.begin(request.clone()).await?;
    tx.authorize::<user::Delete>(caller, id).await?;
    let hash = PasswordHash::of(&mut tx, id).await?;
    drop(tx);
    let wrong = || Error::invalid("password", "not the current password");
    let verdict = db.passwords().verify(password, hash.as_ref()).await?;
    let (Some(hash), true) = (hash, verdict != Verdict::Wrong) else { return Err(wrong()) };
    let mut tx = db.begin(request).await?;
    administration::lock(&mut tx).await?;
    let status = block::lock_account(&mut tx, id).await?.ok_or(Error::Unauthenticated)?;
    if status == AccountStatus::Deleting {
        return Err(twice());
    }
    let allowed = tx.authorize::<user::Delete>(caller, id).await?;
    if !hash.is_current(&mut tx, id).await? {
        return Err(wrong());
    }
    let asked = account(&mut tx, &allowed, status).await?;
    Ok((asked, tx.commit().await?))
}

/// Deletes somebody else's account, which has to be disabled before.
///
/// # Errors
/// As [`delete_account`], but for the password; [`Error::Conflict`] `not_disabled`.
pub async fn erase_account(tx: &mut Tx, caller: &Caller, id: UserId) -> Result<Asked> {
    administration::lock(tx).await?;
    let status = block::lock_account(tx, id).await?;
    let allowed = tx.authorize::<user::Erase>(caller, id).await?;
    match status {
        Some(AccountStatus::Disabled) => account(tx, &allowed, AccountStatus::Disabled).await,
        Some(AccountStatus::Deleting) => Err(twice()),
        Some(other) => {
            let message = format!("the account is {}; disable it first", other.as_str());
            Err(Error::conflict("not_disabled", message))
        }
        None => Err(Error::NotFound(UserId::NOUN)),
    }
}

/// Deletes an organization with all that is in it. `name` is its name, typed again.
///
/// # Errors
/// [`Error::Invalid`] for another name; [`Error::Conflict`] `already_deleting` for whoever has deleted it already.
pub async fn delete_org(tx: &mut Tx, caller: &Caller, id: OrgId, name: &str) -> Result<Asked> {
    tx.keep_still(Home::Org(id)).await?;
    refuse_twice(tx, caller, PurgeSubject::Organization, id.0).await?;
    let allowed = tx.authorize::<org::Delete>(caller, id).await?;
    let known = sqlx::query_scalar!("select name from organizations where id = $1", id.0)
        .fetch_one(tx.connection())
        .await?;
    if known != name.trim() {
        return Err(Error::invalid("name", "not the name of the organization"));
    }
    let owners = sqlx::query_scalar!(
        "select m.user_id from memberships m join users u on u.id = m.user_id
         where m.org_id = $1 and m.role = 'owner' and m.suspended_at is null
           and u.status not in ('disabled', 'deleting') and u.email_verified_at is not null
         order by m.created_at, m.user_id",
        id.0
    )
    .fetch_all(tx.connection())
    .await?;
    let mut recipients = vec![];
    for owner in owners {
        recipients.extend(recipient(tx, UserId(owner), Some(&known)).await?);
    }
    let with = Subjects { orgs: vec![id], ..Subjects::default() }.with_workspaces(tx).await?;
    let (subject, subject_id) = (PurgeSubject::Organization, id.0);
    let wanted = Wanted { subject, subject_id, org: Some(id), previous_status: None, with, recipients };
    let asked = begin(tx, caller, wanted).await?;
    record(tx, &allowed, Some(id), Value::Null, &asked.purge).await?;
    Ok(asked)
}

/// Deletes a workspace of an organization with all that is in it.
///
/// # Errors
/// [`Error::Conflict`] `already_deleting` for whoever has deleted it already.
pub async fn delete_workspace(tx: &mut Tx, caller: &Caller, id: WorkspaceId) -> Result<Asked> {
    tx.keep_still(Home::Workspace(id)).await?;
    refuse_twice(tx, caller, PurgeSubject::Workspace, id.0).await?;
    let allowed = tx.authorize::<workspace::Delete>(caller, id).await?;
    let row = sqlx::query!("select name, org_id from workspaces where id = $1 for no key update", id.0)
        .fetch_one(tx.connection())
        .await?;
    let org = row.org_id.map(OrgId);
    let recipients = match caller {
        Caller::User(person) => recipient(tx, person.id, Some(&row.name)).await?.into_iter().collect(),
        _ => vec![],
    };
    let with = Subjects { workspaces: vec![id], ..Subjects::default() };
    let (subject, subject_id) = (PurgeSubject::Workspace, id.0);
    let asked =
        begin(tx, caller, Wanted { subject, subject_id, org, previous_status: None, with, recipients })
            .await?;
    record(tx, &allowed, org, json!({ "name": row.name }), &asked.purge).await?;
    Ok(asked)
}

/// The account is locked, and so are the organizations that its owner belongs to.
async fn account<A: Action<Target = UserId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    status: AccountStatus,
) -> Result<Asked> {
    let id = *allowed.target();
    let memberships = obstacle::memberships(tx, id).await?;
    if !memberships.sole_owner.is_empty() {
        return Err(Error::SoleOwner(memberships.sole_owner));
    }
    administration::spare_last_super_admin(tx, id).await?;
    let mut managed = vec![];
    for org in &memberships.going_on {
        let found = workspaces::managed_by(tx, MembershipId { org: org.id, user: id }).await?;
        managed.push((org.id, found));
    }
    let recipients = recipient(tx, id, None).await?.into_iter().collect();
    sqlx::query!("update users set status = 'deleting' where id = $1", id.0).execute(tx.connection()).await?;
    session::end(tx, id, Which::AllBut(None), SessionEnd::Deleted).await?;
    link::drop_all(tx, id, LinkPurpose::ALL).await?;
    let orgs: Vec<_> = memberships.alone.iter().map(|org| org.id).collect();
    let with = Subjects { users: vec![id], orgs: orgs.clone(), ..Subjects::default() };
    let with = with.with_workspaces(tx).await?;
    let (subject, subject_id, previous_status) = (PurgeSubject::User, id.0, Some(status));
    let wanted = Wanted { subject, subject_id, org: None, previous_status, with, recipients };
    let asked = begin(tx, allowed.actor(), wanted).await?;
    record(tx, allowed, None, json!({ "status": status }), &asked.purge).await?;
    for org in orgs {
        let after = json!({ "purge": asked.purge.id, "due_at": asked.purge.due_at });
        tx.record(allowed, Some(org), &org.uid(), Change { before: Value::Null, after }).await?;
    }
    // Private workspaces of organizations that go on and that nobody could manage any more.
    for (org, managed) in managed {
        for managers in managed {
            if let Some((workspace, heir)) = managers.hand_over(tx).await? {
                let after = json!({ "user_id": heir, "role": "admin" });
                tx.record(allowed, Some(org), &workspace.uid(), Change { before: Value::Null, after })
                    .await?;
            }
        }
    }
    Ok(asked)
}

async fn begin(tx: &mut Tx, caller: &Caller, wanted: Wanted) -> Result<Asked> {
    let Wanted { subject, subject_id, org, previous_status, with, recipients } = wanted;
    let packing_until = packing_until(tx, &with).await?;
    block::shut(tx, &with).await?;
    let (id, now, settings) = (PurgeId(tx.new_id()), tx.now(), tx.account_settings().deletion);
    let token = PurgeToken::of(id, tx.master_key());
    let waits = settings.grace > TimeDelta::zero();
    let state = if waits { PurgeState::Waiting } else { PurgeState::Running };
    let due_at = now + settings.grace;
    sqlx::query!(
        "insert into purges (id, subject, subject_id, org_id, requested_by, state, previous_status, requested_at, due_at,
                             deadline_at, uploads_until, token_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                 greatest($8, (select max(upload_expires_at) from documents where workspace_id = any ($11)), $13), $12)",
        id.0,
        subject.as_str(),
        subject_id,
        org.map(|id| id.0),
        caller.person().map(|person| person.id.0),
        state.as_str(),
        previous_status.map(AccountStatus::as_str),
        now,
        due_at,
        due_at + settings.deadline,
        &with.workspace_ids(),
        &token.hash()[..],
        packing_until,
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        "insert into purge_targets (purge_id, kind, id)
         select $1::uuid, 'user', id from unnest($2::uuid[]) as user_id (id)
         union all select $1, 'organization', id from unnest($3::uuid[]) as org_id (id)
         union all select $1, 'workspace', id from unnest($4::uuid[]) as workspace_id (id)",
        id.0,
        &with.user_ids(),
        &with.org_ids(),
        &with.workspace_ids(),
    )
    .execute(tx.connection())
    .await?;
    for (number, to) in (0..).zip(&recipients) {
        recipient::keep(tx, id, number, to).await?;
        if waits {
            let mail = Mail::DeletionRequested { purge_id: id, recipient: number };
            tx.enqueue(&SendMail(mail)).await?;
        }
    }
    if !waits {
        tx.enqueue(&RunPurge { purge_id: id }).await?;
    }
    Ok(Asked { purge: list::find(tx, id).await?, token })
}

/// Until when a worker may still store an archive of somebody who is being deleted: it learns that its job was called off
/// before its lease ends. Jobs that wait are locked too: none begins any more.
async fn packing_until(tx: &mut Tx, with: &Subjects) -> Result<Option<DateTime<Utc>>> {
    let leases = sqlx::query_scalar!(
        "select lease_until from jobs where kind = $1 and user_id = any ($2) and state in ('pending', 'running')
         order by id for update",
        BuildExport::KIND,
        &with.user_ids(),
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(leases.into_iter().flatten().max())
}

/// How somebody is written to who may be gone by then. What is erased has a name; an account has its address.
async fn recipient(tx: &mut Tx, id: UserId, erased: Option<&str>) -> Result<Option<PurgeRecipient>> {
    let row = sqlx::query!("select email, name, locale from users where id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|row| PurgeRecipient {
        erased: erased.map_or_else(|| row.email.clone(), ToOwned::to_owned),
        email: row.email,
        name: row.name,
        locale: Locale::parse(&row.locale).unwrap_or(Locale::English),
    }))
}

/// Whoever asked already is told so. To everybody else, what is being erased is not there.
async fn refuse_twice(tx: &mut Tx, caller: &Caller, subject: PurgeSubject, id: Uuid) -> Result<()> {
    let asked = sqlx::query_scalar!(
        r#"select exists (select from purges where subject = $1 and subject_id = $2 and requested_by = $3
                            and state in ('waiting', 'running')) as "has!""#,
        subject.as_str(),
        id,
        caller.person().map(|person| person.id.0),
    )
    .fetch_one(tx.connection())
    .await?;
    if asked { Err(twice()) } else { Ok(()) }
}

fn twice() -> Error {
    Error::conflict("already_deleting", "it is being deleted already")
}

async fn record<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    org: Option<OrgId>,
    before: Value,
    purge: &Purge,
) -> Result<()> {
    let after = json!({ "purge": purge.id, "due_at": purge.due_at });
    tx.record(allowed, org, &allowed.uid(), Change { before, after }).await
}
