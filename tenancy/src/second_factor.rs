//! The second factor.
use crate::error::Result;
use crate::id::UserId;
use crate::tx::Tx;

pub(crate) async fn is_set_up(tx: &mut Tx, user: UserId) -> Result<bool> {
    let is = sqlx::query_scalar!(
        r#"select exists (select from second_factors where user_id = $1 and confirmed_at is not null) as "is!""#,
        user.0
    );
    Ok(is.fetch_one(tx.connection()).await?)
}

pub(crate) async fn accept(_: &mut Tx, _: UserId, _: &str) -> Result<bool> {
    Ok(false)
}
