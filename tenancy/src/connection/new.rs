use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::view::{Connection, find};
use super::{Access, check_name};
use crate::action::{ConnectionOwner, Target as _, connection};
use crate::audit::Change;
use crate::encryption_key;
use crate::error::Result;
use crate::id::ConnectionId;
use crate::tx::{Authorized, Tx};

/// A connection to be made.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// What people call it: one of each name, whatever its case.
    pub name: String,
    /// How to get to the provider.
    pub access: Access,
}

/// Makes a connection. Whether it works is not looked at.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a name that cannot be one, or that another one has.
pub async fn create(
    tx: &mut Tx,
    allowed: &Authorized<connection::Create>,
    new: &NewConnection,
) -> Result<Connection> {
    check_name(&new.name)?;
    let (id, now, access) = (ConnectionId(tx.new_id()), tx.now(), &new.access);
    let (org, person) = match *allowed.target() {
        ConnectionOwner::Org(org) => (Some(org), None),
        ConnectionOwner::User(user) => (None, Some(user)),
    };
    let sealed = encryption_key::seal(tx, id, access.credentials().expose_secret().as_bytes()).await?;
    sqlx::query!(
        "insert into connections (id, org_id, owner_id, provider, name, settings, encryption_key_id, sealed, rotated_at,
                                  created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        id.0,
        org.map(|id| id.0),
        person.map(|id| id.0),
        access.provider().as_str(),
        new.name.trim(),
        Value::Object(access.settings().clone()),
        sealed.key,
        sealed.text,
        now,
    )
    .execute(tx.connection())
    .await?;
    let after = json!({
        "name": new.name.trim(), "provider": access.provider(), "settings": access.settings(),
        "credentials": access.credential_names(),
    });
    tx.record(allowed, org, &id.uid(), Change { after, ..Change::default() }).await?;
    find(tx, id).await
}
