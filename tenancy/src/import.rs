//! Bringing in many things at once: one JSON object a line, all of a batch or nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::action::{Target as _, platform, workspace};
use crate::agent::ImportedAgent;
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::{Error, FieldError, Result};
use crate::id::{OrgId, ResourceId, UserId, WorkspaceId};
use crate::membership::ImportedMembership;
use crate::organization::ImportedOrganization;
use crate::resource::{self, NewResource};
use crate::share::ImportedShare;
use crate::tx::{Authorized, Tx};
use crate::user::ImportedUser;
use crate::workspace::ImportedWorkspace;
use crate::workspace_member::ImportedWorkspaceMember;

/// Most lines of a batch.
pub const MAX_LINES: usize = 1_000;
/// Most lines that an error names.
const MAX_ERRORS: usize = 50;

/// One line: what it is, and all about it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A person.
    User(ImportedUser),
    /// An organization.
    Organization(ImportedOrganization),
    /// A person's place in an organization.
    Membership(ImportedMembership),
    /// A workspace.
    Workspace(ImportedWorkspace),
    /// A person's role in a workspace.
    WorkspaceMember(ImportedWorkspaceMember),
    /// An agent.
    Agent(ImportedAgent),
    /// A registered resource.
    Resource(ImportedResource),
    /// A share.
    Share(ImportedShare),
}

/// A resource as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // those of ResourceId and NewResource
pub struct ImportedResource {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
    pub workspace_id: WorkspaceId,
    #[serde(default)]
    pub owner_id: Option<UserId>,
    #[serde(default)]
    pub attributes: Map<String, Value>,
    #[serde(default)]
    pub parents: Vec<ResourceId>,
}

impl ImportedResource {
    fn parts(&self) -> (ResourceId, NewResource) {
        let id = ResourceId { kind: self.kind.clone(), id: self.id.clone() };
        let new = NewResource {
            workspace_id: self.workspace_id,
            owner_id: self.owner_id,
            attributes: self.attributes.clone(),
            parents: self.parents.clone(),
        };
        (id, new)
    }
}

/// Reads lines of JSON. Empty lines count, and are passed over.
///
/// # Errors
/// The lines that cannot be read, with what is wrong; after [`MAX_ERRORS`] of them it stops looking.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<(usize, T)>> {
    let (mut lines, mut wrong) = (vec![], vec![]);
    let mut refuse = |number: usize, message: String| {
        wrong.push(FieldError { field: format!("line {number}"), message });
        wrong.len() < MAX_ERRORS
    };
    let numbered = text.lines().enumerate().map(|(index, text)| (index + 1, text));
    for (index, (number, text)) in numbered.filter(|(_, text)| !text.trim().is_empty()).enumerate() {
        let goes_on = if index == MAX_LINES {
            refuse(number, format!("a batch has at most {MAX_LINES} lines"));
            false
        } else if text.contains("\\u0000") {
            refuse(number, "texts cannot hold NUL".into())
        } else {
            match serde_json::from_str(text) {
                Ok(line) => {
                    lines.push((number, line));
                    true
                }
                // The position is always in line 1 of the one line.
                Err(error) => refuse(number, error.to_string().replace(" at line 1 column ", " at column ")),
            }
        };
        if !goes_on {
            break;
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    if lines.is_empty() {
        return Err(Error::invalid("", "no lines"));
    }
    Ok(lines)
}

/// Writes a batch. What is there under the same id is replaced, so that a batch can be sent again.
///
/// # Errors
/// The first line that could not be written, by number; then nothing of the batch was.
pub async fn run(
    tx: &mut Tx,
    allowed: &Authorized<platform::Import>,
    lines: &[(usize, Line)],
) -> Result<usize> {
    // One import after the other: their lines may touch the same things in any order.
    sqlx::query("select pg_advisory_xact_lock(hashtext('doorward import'))").execute(tx.connection()).await?;
    let workspaces = lines.iter().filter_map(|(_, line)| match line {
        Line::Workspace(workspace) => Some(workspace.id),
        Line::Resource(resource) => Some(resource.workspace_id),
        _ => None,
    });
    resource::queue_up(tx, &workspaces.collect::<Vec<_>>()).await?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in lines {
        let (kind, outcome) = match line {
            Line::User(user) => ("user", user.upsert(tx).await),
            Line::Organization(org) => ("organization", org.upsert(tx).await),
            Line::Membership(membership) => ("membership", membership.upsert(tx).await),
            Line::Workspace(workspace) => ("workspace", workspace.upsert(tx).await),
            Line::WorkspaceMember(member) => ("workspace_member", member.upsert(tx).await),
            Line::Agent(agent) => ("agent", agent.upsert(tx).await),
            Line::Share(share) => ("share", share.upsert(tx).await),
            Line::Resource(line) => ("resource", import_resource(tx, allowed, line).await),
        };
        outcome.map_err(|error| at_line(*number, error))?;
        *kinds.entry(kind).or_default() += 1;
    }
    let change = Change { after: json!(kinds), ..Change::default() };
    tx.record(allowed, None, &allowed.target().uid(), change).await?;
    Ok(lines.len())
}

/// An import may write everywhere.
async fn import_resource(
    tx: &mut Tx,
    allowed: &Authorized<platform::Import>,
    line: &ImportedResource,
) -> Result<()> {
    let (id, new) = line.parts();
    let from = resource::locate(tx, allowed.actor(), &id).await?.unwrap_or(new.workspace_id);
    if from != new.workspace_id {
        resource::queue_up(tx, &[from]).await?;
    }
    resource::write(tx, new.workspace_id, from, &id, &new).await?;
    Ok(())
}

/// Writes a batch of registered resources; every workspace that it touches must be allowed.
///
/// # Errors
/// As [`run`].
pub async fn resources(tx: &mut Tx, caller: &Caller, lines: &[(usize, ImportedResource)]) -> Result<usize> {
    let ids: Vec<ResourceId> = lines.iter().map(|(_, line)| line.parts().0).collect();
    let mut lies_in = resource::locate_all(tx, caller, &ids).await?;
    let mut touched: BTreeMap<WorkspaceId, Touched> = BTreeMap::new();
    for ((number, line), id) in lines.iter().zip(&ids) {
        for workspace in [Some(line.workspace_id), lies_in.get(id).copied()].into_iter().flatten() {
            if let Entry::Vacant(unproven) = touched.entry(workspace) {
                let proof = tx.authorize::<workspace::WriteResources>(caller, workspace).await;
                let proof = proof.map_err(|error| at_line(*number, error))?;
                unproven.insert(Touched { proof, resources: vec![] });
            }
        }
    }
    let workspaces: Vec<WorkspaceId> = touched.keys().copied().collect();
    resource::queue_up(tx, &workspaces).await?;
    for (number, line) in lines {
        let (id, new) = line.parts();
        let to = new.workspace_id;
        let from = lies_in.insert(id.clone(), to).unwrap_or(to);
        resource::write(tx, to, from, &id, &new).await.map_err(|error| at_line(*number, error))?;
        for (_, touched) in
            touched.iter_mut().filter(|(workspace, _)| **workspace == to || **workspace == from)
        {
            touched.resources.push(id.clone());
        }
    }
    let workspaces: Vec<Uuid> = workspaces.into_iter().map(|id| id.0).collect();
    // In the order of the chains, so that two batches never wait for each other's.
    let workspaces = sqlx::query!(
        "select id, org_id from workspaces where id = any ($1) order by org_id nulls first, id",
        &workspaces
    )
    .fetch_all(tx.connection())
    .await?;
    for workspace in workspaces {
        let id = WorkspaceId(workspace.id);
        let Some(Touched { proof, resources }) = touched.get(&id) else { continue };
        let change = Change { after: json!({ "resources": resources }), ..Change::default() };
        tx.record(proof, workspace.org_id.map(OrgId), &id.uid(), change).await?;
    }
    Ok(lines.len())
}

/// A workspace that a batch writes in, decided once.
struct Touched {
    proof: Authorized<workspace::WriteResources>,
    resources: Vec<ResourceId>,
}

/// Says which line it was.
fn at_line(number: usize, error: Error) -> Error {
    let field = |name: &str| {
        if name.is_empty() { format!("line {number}") } else { format!("line {number}: {name}") }
    };
    match error {
        Error::Invalid(fields) => Error::Invalid(
            fields
                .into_iter()
                .map(|wrong| FieldError { field: field(&wrong.field), message: wrong.message })
                .collect(),
        ),
        Error::NotFound(noun) => Error::invalid(field(""), format!("there is no such {noun}")),
        Error::Conflict { code, message } if code != "contention" => Error::invalid(field(""), message),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_cannot_be_read_is_named() {
        let text = "{\"user\": {}}\n\n{\"usr\": 1}\nnot json\n";
        let Err(Error::Invalid(wrong)) = parse::<Line>(text) else { panic!("accepted") };
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["line 1", "line 3", "line 4"]);
        assert!(wrong[1].message.contains("`workspace_member`"), "{}", wrong[1].message);
    }

    #[test]
    fn a_batch_is_bounded() {
        let text = "{}\n".repeat(MAX_LINES + 1);
        assert!(matches!(parse::<Value>(&text), Err(Error::Invalid(_))));
        assert_eq!(parse::<Value>(&"{}\n".repeat(MAX_LINES)).expect("fits").len(), MAX_LINES);
    }
}
