//! Reads facts from the store, for any number of questions together.

use std::collections::HashSet;

use authz::{EntityUid, LEVEL, Snapshot};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::Result;
use crate::facts::{Fact, Facts};
use crate::id::ResourceId;
use crate::revision::Revision;
use crate::slice::entity_references;

/// What to read, by kind.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    users: Vec<Uuid>,
    orgs: Vec<Uuid>,
    membership_orgs: Vec<Uuid>,
    membership_users: Vec<Uuid>,
    workspaces: Vec<Uuid>,
    agents: Vec<Uuid>,
    api_keys: Vec<Uuid>,
    resource_types: Vec<String>,
    resource_ids: Vec<String>,
}

impl Wanted {
    /// Adds an entity. What cannot be in the store (a user whose id is no UUID, say) is not looked for.
    pub(crate) fn add(&mut self, snapshot: &Snapshot, uid: &EntityUid) {
        let kind = uid.type_name().to_string();
        let id: &str = uid.id().unescaped();
        let list = match kind.as_str() {
            "User" => &mut self.users,
            "Organization" => &mut self.orgs,
            "Workspace" => &mut self.workspaces,
            "Agent" => &mut self.agents,
            "ApiKey" => &mut self.api_keys,
            "Membership" => {
                if let Some((org, user)) = id.split_once('/')
                    && let (Some(org), Some(user)) = (canonical(org), canonical(user))
                {
                    self.membership_orgs.push(org);
                    self.membership_users.push(user);
                }
                return;
            }
            _ => {
                let resource = ResourceId { kind, id: id.to_owned() };
                if snapshot.is_resource_type(&resource.kind) && resource.is_storable() {
                    self.resource_types.push(resource.kind);
                    self.resource_ids.push(resource.id);
                }
                return;
            }
        };
        list.extend(canonical(id));
    }
}

/// A UUID in its one written form: others would be read from the store, but not be found under their name after.
fn canonical(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id).ok().filter(|uuid| uuid.to_string() == id)
}

/// Reads what is wanted, and everything that policies can reach from there: one statement, and one more for each level
/// of entities that applications' attributes name.
pub(crate) async fn facts(
    connection: &mut PgConnection,
    snapshot: &Snapshot,
    mut wanted: Wanted,
) -> Result<(Facts, Revision)> {
    let (mut facts, mut first, mut asked) = (Facts::default(), None, HashSet::new());
    for _ in 0..LEVEL {
        let (read, revision) = statement(connection, &wanted).await?;
        first.get_or_insert(revision);
        wanted = Wanted::default();
        let mut is_more = false;
        for fact in read {
            if let Fact::Resource(resource) = &fact {
                for named in entity_references(&resource.attributes) {
                    if let Some(uid) = snapshot.uid(&named.kind, &named.id)
                        && asked.insert(uid.clone())
                    {
                        wanted.add(snapshot, &uid);
                        is_more = true;
                    }
                }
            }
            facts.add(fact);
        }
        if !is_more {
            break;
        }
    }
    let revision = first.ok_or_else(|| sqlx::Error::Protocol("the store names no revision".into()))?;
    Ok((facts, revision))
}

async fn statement(connection: &mut PgConnection, wanted: &Wanted) -> Result<(Vec<Fact>, Revision)> {
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
    )
    .fetch_all(connection)
    .await?;
    let (mut facts, mut revision) = (vec![], None);
    for row in rows {
        match (row.kind.as_str(), row.fact) {
            ("revision", Value::String(text)) => revision = text.parse().ok(),
            (kind, fact) => {
                let tagged = Value::Object([(kind.to_owned(), fact)].into_iter().collect());
                facts
                    .push(serde_json::from_value(tagged).map_err(|error| sqlx::Error::Decode(error.into()))?);
            }
        }
    }
    let revision = revision.ok_or_else(|| sqlx::Error::Protocol("the store names no revision".into()))?;
    Ok((facts, revision))
}
