//! Asking for an export.

use serde_json::json;

use super::Export;
use super::list::read;
use crate::action::user;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::ExportId;
use crate::jobs::BuildExport;
use crate::tx::{Authorized, Tx};

/// Has a person's data packed.
///
/// # Errors
/// [`Error::Conflict`] `export_under_way` while another one is being packed.
pub async fn ask(tx: &mut Tx, allowed: &Authorized<user::Export>) -> Result<Export> {
    let (user, id) = (*allowed.target(), ExportId(tx.new_id()));
    let made = sqlx::query!(
        "insert into exports (id, user_id, state, requested_at) values ($1, $2, 'pending', $3)
         on conflict (user_id) where state = 'pending' do nothing",
        id.0,
        user.0,
        tx.now(),
    )
    .execute(tx.connection())
    .await?;
    if made.rows_affected() == 0 {
        return Err(Error::conflict("export_under_way", "your data is being packed already"));
    }
    let after = json!({ "export": id });
    tx.record(allowed, None, &allowed.uid(), Change { after, ..Change::default() }).await?;
    tx.enqueue(&BuildExport { user_id: user, export_id: id }).await?;
    read(tx, user, id).await
}
