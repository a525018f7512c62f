//! The keys that seal credentials of connections. Each is sealed itself, with the secret of the installation; the newest
//! one seals.

mod rotation;

pub use rotation::{Progress, begin, proceed};

use secrecy::{ExposeSecret as _, SecretSlice};
use uuid::Uuid;

use crate::error::Result;
use crate::id::ConnectionId;
use crate::master_key::{self, Purpose, Unopened};
use crate::tx::Tx;

/// Credentials as they are stored.
pub(crate) struct Sealed {
    /// With which key.
    pub(crate) key: Uuid,
    pub(crate) text: Vec<u8>,
}

/// Seals credentials of a connection with the newest key, which stays until this transaction ends.
pub(crate) async fn seal(tx: &mut Tx, whose: ConnectionId, clear: &[u8]) -> Result<Sealed> {
    // Waits while a new key is being made, and keeps this one from being removed.
    let newest =
        sqlx::query!("select id, sealed from encryption_keys order by seq desc limit 1 for key share")
            .fetch_optional(tx.connection())
            .await?;
    let opened = newest
        .and_then(|row| Some((row.id, tx.master_key().open(PURPOSE, row.id.as_bytes(), &row.sealed).ok()?)));
    // The first one; or the newest is broken, and what it sealed is lost in any case.
    let (key, secret) = match opened {
        Some(opened) => opened,
        None => make(tx).await?,
    };
    let text = master_key::seal(secret.expose_secret(), whose.0.as_bytes(), clear)?;
    Ok(Sealed { key, text })
}

/// Opens credentials of a connection with their key, as it is stored.
pub(crate) fn open(
    tx: &Tx,
    whose: ConnectionId,
    sealed: &Sealed,
    key: &[u8],
) -> Result<SecretSlice<u8>, Unopened> {
    let key = tx.master_key().open(PURPOSE, sealed.key.as_bytes(), key)?;
    master_key::open(key.expose_secret(), whose.0.as_bytes(), &sealed.text)
}

const PURPOSE: Purpose = Purpose::EncryptionKey;

/// Makes a new key, which seals from now on.
async fn make(tx: &mut Tx) -> Result<(Uuid, SecretSlice<u8>)> {
    let (id, now) = (tx.new_id(), tx.now());
    let key = SecretSlice::from(tx.random().bytes::<32>().to_vec());
    let sealed = tx.master_key().seal(PURPOSE, id.as_bytes(), key.expose_secret())?;
    sqlx::query!("insert into encryption_keys (id, sealed, created_at) values ($1, $2, $3)", id, sealed, now)
        .execute(tx.connection())
        .await?;
    Ok((id, key))
}
