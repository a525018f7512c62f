use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::access::{Access, check_settings};
use super::provider::{Kind, Provider};
use super::trial::TestOutcome;
use super::view::{Connection, find};
use super::{chain_of, check_name};
use crate::action::{Target as _, connection};
use crate::audit::Change;
use crate::encryption_key;
use crate::error::{Error, Result};
use crate::id::ConnectionId;
use crate::tx::{Authorized, Tx};

/// What to change of a connection; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct ConnectionUpdate {
    /// What people call it.
    pub name: Option<String>,
    /// These settings; null takes one away.
    pub settings: Option<Map<String, Value>>,
}

/// The settings of a bucket that say where the documents are.
const WHERE: [&str; 4] = ["endpoint", "region", "bucket", "prefix"];

/// Changes name and settings.
///
/// # Errors
/// [`Error::Conflict`] `in_use` if documents would be looked for somewhere else then; [`Error::Conflict`]
/// `credentials_wanted` for another address: credentials that somebody gave for one must not be sent to another.
pub async fn update(
    tx: &mut Tx,
    allowed: &Authorized<connection::Update>,
    update: &ConnectionUpdate,
) -> Result<Connection> {
    update.name.as_deref().map_or(Ok(()), check_name)?;
    let id = *allowed.target();
    // Against documents that come to it meanwhile.
    let old = sqlx::query!("select provider, name, settings from connections where id = $1 for update", id.0)
        .fetch_one(tx.connection())
        .await?;
    let provider = Provider::parse(&old.provider).ok_or(Error::NotFound(ConnectionId::NOUN))?;
    let was = old.settings.as_object().cloned().unwrap_or_default();
    let settings = match &update.settings {
        Some(given) => merged(provider, &was, given)?,
        None => was.clone(),
    };
    if WHERE.iter().any(|name| was.get(*name) != settings.get(*name)) {
        refuse_in_use(tx, id, "documents are stored there").await?;
    }
    if moves(provider, &was, &settings) {
        let message = "another address is given with its credentials: PUT …/credentials with settings";
        return Err(Error::conflict("credentials_wanted", message));
    }
    let name = update.name.as_deref().map_or(old.name.as_str(), str::trim);
    let (mut before, mut after) = (Map::new(), Map::new());
    let (was, settings) = (Value::Object(was), Value::Object(settings));
    for (field, was, is) in [("name", json!(old.name), json!(name)), ("settings", was, settings.clone())] {
        if was != is {
            before.insert(field.into(), was);
            after.insert(field.into(), is);
        }
    }
    if !after.is_empty() {
        sqlx::query!("update connections set name = $2, settings = $3 where id = $1", id.0, name, settings)
            .execute(tx.connection())
            .await?;
        let org = chain_of(tx, id).await?;
        let change = Change { before: before.into(), after: after.into() };
        tx.record(allowed, org, &allowed.uid(), change).await?;
    }
    find(tx, id).await
}

fn merged(
    provider: Provider,
    was: &Map<String, Value>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>> {
    let mut settings = was.clone();
    settings.extend(given.clone());
    check_settings(provider, settings)
}

/// Whether credentials would go somewhere else.
fn moves(provider: Provider, was: &Map<String, Value>, is: &Map<String, Value>) -> bool {
    let addresses = provider.spec().settings.iter().filter(|field| field.kind == Kind::Endpoint);
    addresses.into_iter().any(|field| was.get(field.name) != is.get(field.name))
}

/// What a connection would be with other credentials, and other settings where some are given. Nothing is changed.
///
/// # Errors
/// [`Error::Invalid`] for what the provider does not know.
pub async fn draft(
    tx: &mut Tx,
    allowed: &Authorized<connection::Rotate>,
    credentials: Map<String, Value>,
    settings: Option<&Map<String, Value>>,
) -> Result<Access> {
    let old = find(tx, *allowed.target()).await?;
    let settings = match settings {
        Some(given) => merged(old.provider, &old.settings, given)?,
        None => old.settings,
    };
    Access::checked(old.provider, settings, credentials)
}

/// Gives a connection other credentials, with the settings that go with them. `tested` says how a test of these went, if
/// there was one.
///
/// # Errors
/// [`Error::Conflict`] `in_use` if documents would be looked for somewhere else then.
pub async fn rotate(
    tx: &mut Tx,
    allowed: &Authorized<connection::Rotate>,
    access: &Access,
    tested: Option<&TestOutcome>,
) -> Result<Connection> {
    let (id, now) = (*allowed.target(), tx.now());
    let old = sqlx::query!("select settings from connections where id = $1 for update", id.0)
        .fetch_one(tx.connection())
        .await?;
    let settings = access.settings();
    if WHERE.iter().any(|name| old.settings.get(*name) != settings.get(*name)) {
        refuse_in_use(tx, id, "documents are stored there").await?;
    }
    let sealed = encryption_key::seal(tx, id, access.credentials().expose_secret().as_bytes()).await?;
    let (tested_at, test_error) = match tested {
        Some(outcome) => (Some(now), outcome.error.map(|error| error.as_str())),
        None => (None, None),
    };
    sqlx::query!(
        "update connections set settings = $2, encryption_key_id = $3, sealed = $4, rotated_at = $5, tested_at = $6,
                                test_error = $7
         where id = $1",
        id.0,
        Value::Object(settings.clone()),
        sealed.key,
        sealed.text,
        now,
        tested_at,
        test_error,
    )
    .execute(tx.connection())
    .await?;
    let org = chain_of(tx, id).await?;
    let change = Change {
        before: json!({ "settings": old.settings }),
        after: json!({ "settings": settings, "credentials": access.credential_names() }),
    };
    tx.record(allowed, org, &allowed.uid(), change).await?;
    find(tx, id).await
}

/// Deletes a connection, with its credentials.
///
/// # Errors
/// [`Error::Conflict`] `in_use` while documents are stored by it.
pub async fn delete(tx: &mut Tx, allowed: &Authorized<connection::Delete>) -> Result<()> {
    let id = *allowed.target();
    let org = chain_of(tx, id).await?;
    sqlx::query!("select id from connections where id = $1 for update", id.0)
        .fetch_one(tx.connection())
        .await?;
    refuse_in_use(tx, id, "documents are stored by it").await?;
    let gone = sqlx::query!("delete from connections where id = $1 returning name, provider, settings", id.0)
        .fetch_one(tx.connection())
        .await?;
    let before = json!({ "name": gone.name, "provider": gone.provider, "settings": gone.settings });
    tx.record(allowed, org, &allowed.uid(), Change { before, ..Change::default() }).await
}

async fn refuse_in_use(tx: &mut Tx, id: ConnectionId, why: &str) -> Result<()> {
    let documents =
        sqlx::query_scalar!(r#"select count(*) as "count!" from documents where connection_id = $1"#, id.0)
            .fetch_one(tx.connection())
            .await?;
    if documents == 0 { Ok(()) } else { Err(Error::conflict("in_use", format!("{documents} {why}"))) }
}
