//! Reads facts from the store, for any number of questions together.

use std::collections::HashSet;

use authz::{EntityUid, LEVEL, Snapshot};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::change::{Changed, MOST_CHANGES};
use crate::error::Result;
use crate::facts::Facts;
use crate::id::ResourceId;
use crate::revision::{Position, Revision};

/// What to read, by kind.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    users: Vec<Uuid>,
    orgs: Vec<Uuid>,
    membership_orgs: Vec<Uuid>,
    membership_users: Vec<Uuid>,
    workspaces: Vec<Uuid>,
    agents: Vec<Uuid>,
    instances: Vec<Uuid>,
    connections: Vec<Uuid>,
    documents: Vec<Uuid>,
    api_keys: Vec<Uuid>,
    resource_types: Vec<String>,
    resource_ids: Vec<String>,
}

/// Whether the store can hold such an entity at all.
pub(crate) fn is_storable(snapshot: &Snapshot, uid: &EntityUid) -> bool {
    Wanted::default().add(snapshot, uid)
}

impl Wanted {
    /// All of these.
    pub(crate) fn of<'u>(snapshot: &Snapshot, uids: impl IntoIterator<Item = &'u EntityUid>) -> Self {
        let mut wanted = Self::default();
        for uid in uids {
            wanted.add(snapshot, uid);
        }
        wanted
    }

    /// Adds an entity. What cannot be in the store (a user whose id is no UUID, say) is not looked for.
    ///
    /// Returns whether it is.
    fn add(&mut self, snapshot: &Snapshot, uid: &EntityUid) -> bool {
        let kind = uid.type_name().to_string();
        let id: &str = uid.id().unescaped();
        let list = match kind.as_str() {
            "User" => &mut self.users,
            "Organization" => &mut self.orgs,
            "Workspace" => &mut self.workspaces,
            "Agent" => &mut self.agents,
            "Instance" => &mut self.instances,
            "Connection" => &mut self.connections,
            "StoredDocument" => &mut self.documents,
            "ApiKey" => &mut self.api_keys,
            "Membership" => {
                if let Some((org, user)) = id.split_once('/')
                    && let (Some(org), Some(user)) = (canonical(org), canonical(user))
                {
                    self.membership_orgs.push(org);
                    self.membership_users.push(user);
                    return true;
                }
                return false;
            }
            _ => {
                let resource = ResourceId { kind, id: id.to_owned() };
                if snapshot.is_resource_type(&resource.kind) && resource.is_storable() {
                    self.resource_types.push(resource.kind);
                    self.resource_ids.push(resource.id);
                    return true;
                }
                return false;
            }
        };
        let id = canonical(id);
        list.extend(id);
        id.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            users,
            orgs,
            membership_orgs,
            membership_users: _,
            workspaces,
            agents,
            instances,
            connections,
            documents,
            api_keys,
            resource_types,
            resource_ids: _,
        } = self;
        let ids =
            [users, orgs, membership_orgs, workspaces, agents, instances, connections, documents, api_keys];
        ids.iter().all(|ids| ids.is_empty()) && resource_types.is_empty()
    }
}

/// A UUID in its one written form: others would be read from the store, but not be found under their name after.
fn canonical(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id).ok().filter(|uuid| uuid.to_string() == id)
}

/// What one statement read.
pub(crate) struct Read {
    pub(crate) facts: Facts,
    /// What was changed since the position that was asked about.
    pub(crate) changes: Vec<Changed>,
    /// Everything below this number was trimmed from the change feed.
    pub(crate) trimmed: u64,
    pub(crate) position: Position,
    /// Which server it was, since when, and which table: where one of them differs, positions cannot be compared.
    pub(crate) server: String,
}

/// Reads what is wanted, and everything that policies can reach from there: one statement, and one more for each level
/// of entities that applications' attributes name.
pub(crate) async fn facts(
    connection: &mut PgConnection,
    snapshot: &Snapshot,
    mut wanted: Wanted,
    now: DateTime<Utc>,
) -> Result<(Facts, Revision)> {
    let (mut facts, mut first, mut asked) = (Facts::default(), None, HashSet::new());
    for _ in 0..LEVEL {
        let read = statement(connection, &wanted, None, now).await?;
        first.get_or_insert(read.position.revision());
        wanted = Wanted::default();
        for node in read.facts.nodes() {
            for uid in node.named.iter().filter(|uid| asked.insert((*uid).clone())) {
                wanted.add(snapshot, uid);
            }
        }
        facts.merge(read.facts);
        if wanted.is_empty() {
            break;
        }
    }
    let revision = first.ok_or_else(|| sqlx::Error::Protocol("the store names no revision".into()))?;
    Ok((facts, revision))
}

/// Reads what is wanted with everything that the store ties to it, and what has changed since a position: all as of
/// one moment.
pub(crate) async fn statement(
    connection: &mut PgConnection,
    wanted: &Wanted,
    since: Option<&Position>,
    now: DateTime<Utc>,
) -> Result<Read> {
    let rows = sqlx::query_file!(
        "src/lookup.sql",
        &wanted.users,
        &wanted.orgs,
        &wanted.membership_orgs,
        &wanted.membership_users,
        &wanted.workspaces,
        &wanted.agents,
        &wanted.api_keys,
        &wanted.resource_types,
        &wanted.resource_ids,
        ResourceId::MAX_HEIGHT,
        since.map(ToString::to_string),
        MOST_CHANGES,
        &wanted.instances,
        now,
        &wanted.connections,
        &wanted.documents,
    )
    .fetch_all(connection)
    .await?;
    let decode = |error: serde_json::Error| sqlx::Error::Decode(error.into());
    let (mut facts, mut changes, mut position, mut trimmed) = (Facts::default(), vec![], None, 0);
    let mut server = String::new();
    for row in rows {
        match (row.kind.as_str(), row.fact) {
            ("position", Value::String(text)) => position = text.parse().ok(),
            ("server", Value::String(text)) => server = text,
            ("trimmed", Value::String(text)) => trimmed = text.parse().unwrap_or(u64::MAX),
            ("change", fact) => changes.push(serde_json::from_value(fact).map_err(decode)?),
            (kind, fact) => {
                let tagged = Value::Object([(kind.to_owned(), fact)].into_iter().collect());
                facts.add(serde_json::from_value(tagged).map_err(decode)?);
            }
        }
    }
    let position =
        position.ok_or_else(|| sqlx::Error::Protocol("the store does not say where it stands".into()))?;
    Ok(Read { facts, changes, trimmed, position, server })
}
