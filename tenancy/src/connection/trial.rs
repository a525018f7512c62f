use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::access::{Access, Unreadable};
use super::chain_of;
use super::provider::Provider;
use crate::action::{Action, Target as _, connection};
use crate::audit::Change;
use crate::encryption_key::{self, Sealed};
use crate::error::{Error, Result};
use crate::id::ConnectionId;
use crate::master_key::Unopened;
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// Why a provider cannot be used.
    TestFailure {
        /// It does not accept the credentials.
        CredentialsRefused = "credentials_refused",
        /// It accepts them, and does not let them do what is needed.
        NotAllowed = "not_allowed",
        /// There is no such bucket or address.
        NotFound = "not_found",
        /// It does not answer, or is busy.
        Unavailable = "unavailable",
        /// What it answers is nothing that this provider says.
        UnexpectedAnswer = "unexpected_answer",
        /// Connections may not go to its address.
        AddressNotAllowed = "address_not_allowed",
        /// The settings cannot be used.
        InvalidSettings = "invalid_settings",
        /// The credentials cannot be read any more.
        CredentialsUnreadable = "credentials_unreadable",
    }
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TestOutcome {
    /// Whether the provider can be used.
    pub ok: bool,
    /// Why not.
    pub error: Option<TestFailure>,
    /// The same for people.
    pub detail: Option<String>,
}

/// The actions for which credentials are opened.
pub trait OpensConnection: Action<Target = ConnectionId> {}

impl OpensConnection for connection::Use {}
impl OpensConnection for connection::Test {}
impl OpensConnection for connection::Rotate {}
impl OpensConnection for connection::Update {}

/// How to get to the provider of a connection, and when it was given these credentials.
///
/// # Errors
/// If the store does not answer; [`Unreadable`] inside if the credentials cannot be opened any more.
pub async fn open<A: OpensConnection>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
) -> Result<Result<(Access, DateTime<Utc>), Unreadable>> {
    unseal(tx, *allowed.target()).await
}

/// For whoever in this crate has a proof of another kind: [`Error::NotFound`] if the connection is gone.
pub(crate) async fn unseal(
    tx: &mut Tx,
    id: ConnectionId,
) -> Result<Result<(Access, DateTime<Utc>), Unreadable>> {
    // Both at one moment: a rotation removes a key as soon as it seals nothing.
    let row = sqlx::query!(
        r#"select c.provider, c.settings, c.encryption_key_id, c.sealed, c.rotated_at, k.sealed as "key_sealed?"
           from connections c left join encryption_keys k on k.id = c.encryption_key_id where c.id = $1"#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(ConnectionId::NOUN))?;
    let sealed = Sealed { key: row.encryption_key_id, text: row.sealed };
    let opened = row.key_sealed.ok_or(Unopened).and_then(|key| encryption_key::open(tx, id, &sealed, &key));
    Ok(match (opened, Provider::parse(&row.provider)) {
        (Ok(clear), Some(provider)) => Access::stored(provider, row.settings, clear.expose_secret())
            .map(|access| (access, row.rotated_at)),
        _ => Err(Unreadable),
    })
}

/// Keeps how a test of credentials went, unless there are others by now.
///
/// # Errors
/// If the store does not answer.
pub async fn record_test(
    tx: &mut Tx,
    allowed: &Authorized<connection::Test>,
    of: Option<DateTime<Utc>>,
    outcome: &TestOutcome,
) -> Result<()> {
    let (id, now) = (*allowed.target(), tx.now());
    sqlx::query!(
        "update connections set tested_at = $2, test_error = $3 where id = $1 and ($4::timestamptz is null or rotated_at = $4)",
        id.0,
        now,
        outcome.error.map(TestFailure::as_str),
        of,
    )
    .execute(tx.connection())
    .await?;
    let org = chain_of(tx, id).await?;
    let after = json!({ "ok": outcome.ok, "error": outcome.error });
    tx.record(allowed, org, &allowed.uid(), Change { after, ..Change::default() }).await
}
