use serde_json::{Value, json};

use super::list::{Account, find};
use super::{AccountStatus, FirstPassword, Mailbox, NewUser, PlatformRole};
use crate::account::{check_name, mail_link};
use crate::action::{Action, Target as _, user};
use crate::address::Address;
use crate::administration;
use crate::audit::Change;
use crate::caller::{Caller, Person};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::jobs::SendMail;
use crate::link::{self, LinkPurpose};
use crate::mail::{Locale, Mail};
use crate::session::{self, SessionEnd, Which};
use crate::text::check_lines;
use crate::tx::{Authorized, Tx};

/// Most characters of a reason.
const REASON_MAX: usize = 256;

/// Most characters of the name of an AI.
const AI_MAX: usize = 100;

/// An account that an administrator makes for somebody.
#[derive(Debug, Clone)]
pub struct InvitedUser {
    /// Their address.
    pub email: Address,
    /// Their name, 1 to 200 characters.
    pub name: String,
    /// The language of their mails.
    pub locale: Locale,
}

/// Makes an approved account. Its owner gets a mail with a link to choose the password, and can do nothing before.
///
/// # Errors
/// [`Error::Conflict`] if another account has the address; [`Error::Invalid`] for what is wrong with the input.
pub async fn create(tx: &mut Tx, allowed: &Authorized<user::Create>, new: &InvitedUser) -> Result<Account> {
    check_name(&new.name)?;
    let user = NewUser {
        email: &new.email,
        name: new.name.trim(),
        status: AccountStatus::Active,
        platform_role: None,
        locale: new.locale,
        mailbox: Mailbox::ToBeVerified,
        password: FirstPassword::ToBeChosen,
    };
    let Some(id) = user.insert(tx).await? else {
        return Err(Error::conflict("address_taken", "another account has this address"));
    };
    let admin = administrator(allowed.actor());
    sqlx::query!("update users set approved_by = $2 where id = $1", id.0, admin.map(|id| id.0))
        .execute(tx.connection())
        .await?;
    mail_link(tx, id, LinkPurpose::SetPassword).await?;
    let after = json!({ "email": new.email, "name": new.name, "status": AccountStatus::Active });
    tx.record(allowed, None, &id.uid(), Change { before: Value::Null, after }).await?;
    find(tx, id).await
}

/// Lets somebody stay for good, before or after their trial has ended. Approving twice is no error.
///
/// # Errors
/// [`Error::Conflict`] if the account is closed, at rest or being erased.
pub async fn approve(tx: &mut Tx, allowed: &Authorized<user::Approve>) -> Result<Account> {
    let (id, now) = (*allowed.target(), tx.now());
    let before = status(tx, id).await?;
    match before {
        AccountStatus::Pending | AccountStatus::Expired => {
            sqlx::query!(
                "update users set status = 'active', approved_at = $2, approved_by = $3 where id = $1",
                id.0,
                now,
                administrator(allowed.actor()).map(|id| id.0),
            )
            .execute(tx.connection())
            .await?;
            record(tx, allowed, json!({ "status": before }), json!({ "status": AccountStatus::Active }))
                .await?;
            tx.enqueue(&SendMail(Mail::Approved { user_id: id })).await?;
        }
        AccountStatus::Active => {}
        AccountStatus::Deactivated | AccountStatus::Disabled | AccountStatus::Deleting => {
            return Err(cannot("not_approvable", before));
        }
    }
    find(tx, id).await
}

/// Closes somebody's account: they are signed out everywhere and cannot sign in. Nothing is deleted.
///
/// # Errors
/// [`Error::Conflict`] for the last super admin, and for accounts that are closed or being erased; [`Error::Invalid`] for a
/// reason that is too long.
pub async fn disable(
    tx: &mut Tx,
    allowed: &Authorized<user::Disable>,
    reason: Option<&str>,
) -> Result<Account> {
    check_lines("reason", reason, REASON_MAX)?;
    let (id, now) = (*allowed.target(), tx.now());
    let before = status(tx, id).await?;
    if matches!(before, AccountStatus::Disabled | AccountStatus::Deleting) {
        return Err(cannot("already_closed", before));
    }
    administration::spare_last_super_admin(tx, id).await?;
    sqlx::query!(
        "update users set status = 'disabled', disabled_at = $2, disabled_by = $3, disabled_reason = $4 where id = $1",
        id.0,
        now,
        administrator(allowed.actor()).map(|id| id.0),
        reason,
    )
    .execute(tx.connection())
    .await?;
    session::end(tx, id, Which::AllBut(None), SessionEnd::Disabled).await?;
    link::drop_all(tx, id, LinkPurpose::ALL).await?;
    let after = json!({ "status": AccountStatus::Disabled, "reason": reason });
    record(tx, allowed, json!({ "status": before }), after).await?;
    tx.enqueue(&SendMail(Mail::Disabled { user_id: id })).await?;
    find(tx, id).await
}

/// Opens an account again that was closed: at rest or approved as before, or in what is left of its trial, or as a guest.
///
/// # Errors
/// [`Error::Conflict`] if it is not closed.
pub async fn enable(tx: &mut Tx, allowed: &Authorized<user::Enable>) -> Result<Account> {
    let (id, now) = (*allowed.target(), tx.now());
    let before = status(tx, id).await?;
    if before != AccountStatus::Disabled {
        return Err(cannot("not_disabled", before));
    }
    let after = sqlx::query_scalar!(
        "update users set disabled_at = null, disabled_by = null, disabled_reason = null, status = case
             when deactivated_at is not null then 'deactivated' when approved_at is not null then 'active' when approval_due_at > $2 then 'pending' else 'expired' end
         where id = $1 returning status",
        id.0,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    record(tx, allowed, json!({ "status": before }), json!({ "status": after })).await?;
    find(tx, id).await
}

/// Mails somebody a link to choose a password. The administrator never sees it.
///
/// # Errors
/// [`Error::Conflict`] if the account is closed or being erased.
pub async fn send_password_reset(tx: &mut Tx, allowed: &Authorized<user::SendPasswordReset>) -> Result<()> {
    let id = *allowed.target();
    let status = status(tx, id).await?;
    if matches!(status, AccountStatus::Disabled | AccountStatus::Deactivated | AccountStatus::Deleting) {
        return Err(cannot("not_open", status));
    }
    let purpose = match find(tx, id).await?.profile.password_must_change {
        true => LinkPurpose::SetPassword,
        false => LinkPurpose::ResetPassword,
    };
    mail_link(tx, id, purpose).await?;
    record(tx, allowed, Value::Null, Value::Null).await
}

/// Changes how much somebody may store, in bytes. Less than they do store keeps what is there, and lets nothing more in.
///
/// # Errors
/// [`Error::Invalid`] for less than nothing.
pub async fn set_quota(tx: &mut Tx, allowed: &Authorized<user::SetQuota>, bytes: i64) -> Result<Account> {
    if bytes < 0 {
        return Err(Error::invalid("quota_bytes", "at least 0"));
    }
    let id = *allowed.target();
    let before = find(tx, id).await?.profile.quota_bytes;
    sqlx::query!(
        "insert into user_quotas (user_id, limit_bytes) values ($1, $2) on conflict (user_id) do update set limit_bytes = $2",
        id.0,
        bytes
    )
    .execute(tx.connection())
    .await?;
    record(tx, allowed, json!({ "quota_bytes": before }), json!({ "quota_bytes": bytes })).await?;
    find(tx, id).await
}

/// Changes which AI somebody works with; none takes the setting away.
///
/// # Errors
/// [`Error::Invalid`] for names that are too long, and for a model without a provider.
pub async fn set_ai(
    tx: &mut Tx,
    allowed: &Authorized<user::SetAi>,
    provider: Option<&str>,
    model: Option<&str>,
) -> Result<Account> {
    check_lines("ai_provider", provider, AI_MAX)?;
    check_lines("ai_model", model, AI_MAX)?;
    if provider.is_none() && model.is_some() {
        return Err(Error::invalid("ai_provider", "a model has a provider"));
    }
    let id = *allowed.target();
    let before = find(tx, id).await?.profile;
    sqlx::query!("update users set ai_provider = $2, ai_model = $3 where id = $1", id.0, provider, model)
        .execute(tx.connection())
        .await?;
    let told =
        |provider: Option<&str>, model: Option<&str>| json!({ "ai_provider": provider, "ai_model": model });
    let before = told(before.ai_provider.as_deref(), before.ai_model.as_deref());
    record(tx, allowed, before, told(provider, model)).await?;
    find(tx, id).await
}

/// Gives or takes a platform role.
///
/// # Errors
/// [`Error::Conflict`] if that would leave no active super admin.
pub async fn set_platform_role(
    tx: &mut Tx,
    allowed: &Authorized<user::SetPlatformRole>,
    role: Option<PlatformRole>,
) -> Result<Account> {
    let id = *allowed.target();
    if role != Some(PlatformRole::SuperAdmin) {
        administration::spare_last_super_admin(tx, id).await?;
    }
    let before = find(tx, id).await?.profile.platform_role;
    sqlx::query!("update users set platform_role = $2 where id = $1", id.0, role.map(PlatformRole::as_str))
        .execute(tx.connection())
        .await?;
    record(tx, allowed, json!({ "platform_role": before }), json!({ "platform_role": role })).await?;
    find(tx, id).await
}

async fn record<A: Action<Target = UserId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    before: Value,
    after: Value,
) -> Result<()> {
    tx.record(allowed, None, &allowed.uid(), Change { before, after }).await
}

/// Where the account is on its way, which nobody else changes until the transaction ends.
async fn status(tx: &mut Tx, id: UserId) -> Result<AccountStatus> {
    let status = sqlx::query_scalar!("select status from users where id = $1 for update", id.0)
        .fetch_optional(tx.connection())
        .await?;
    status.as_deref().and_then(AccountStatus::parse).ok_or(Error::NotFound(UserId::NOUN))
}

fn administrator(actor: &Caller) -> Option<UserId> {
    match actor {
        Caller::User(Person { id, .. }) => Some(*id),
        _ => None,
    }
}

fn cannot(code: &'static str, status: AccountStatus) -> Error {
    Error::conflict(code, format!("the account is {}", status.as_str()))
}
