//! What keeps those who look after a Doorward from locking everybody out.

use crate::error::{Error, Result};
use crate::id::UserId;
use crate::tx::Tx;

/// Administrators act one after the other: taken before the policies are asked, so that who has just lost the right to act
/// has lost it, and the last super admin is counted right. Released with the transaction.
///
/// # Errors
/// If the store does not answer.
pub async fn lock(tx: &mut Tx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('doorward administration', 0)) as _lock")
        .fetch_one(tx.connection())
        .await?;
    Ok(())
}

/// Refuses what would leave no active super admin. The caller holds [`lock`].
pub(crate) async fn spare_last_super_admin(tx: &mut Tx, id: UserId) -> Result<()> {
    let is_last = sqlx::query_scalar!(
        r#"select exists (select from users where id = $1 and platform_role = 'super_admin' and status = 'active')
              and not exists (select from users where id <> $1 and platform_role = 'super_admin' and status = 'active')
              as "is!""#,
        id.0
    )
    .fetch_one(tx.connection())
    .await?;
    if is_last {
        return Err(Error::conflict(
            "last_super_admin",
            "nobody else would be left to look after administrators",
        ));
    }
    Ok(())
}
