//! Bringing in many things at once: one JSON object a line, all of a batch or nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Action as _, Authorized, Target as _, platform, workspace};
use crate::agent::ImportedAgent;
use crate::audit::Change;
use crate::caller::Caller;
use crate::error::{Error, FieldError, Result};
use crate::id::{OrgId, ResourceId, UserId, WorkspaceId};
use crate::membership::ImportedMembership;
use crate::organization::ImportedOrganization;
use crate::resource::{self, MayWrite, NewResource};
use crate::share::ImportedShare;
use crate::tx::Tx;
use crate::user::ImportedUser;
use crate::workspace::ImportedWorkspace;
use crate::workspace_member::ImportedWorkspaceMember;

/// Most lines of a batch.
pub const MAX_LINES: usize = 1_000;

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
/// Every line that cannot be read, with what is wrong.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<(usize, T)>> {
    let (mut lines, mut wrong) = (vec![], vec![]);
    for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str(text) {
            Ok(line) => lines.push((index + 1, line)),
            Err(error) => wrong.push(FieldError {
                field: format!("line {}", index + 1),
                // The position is always in line 1 of the one line.
                message: error.to_string().replace(" at line 1 column ", " at column "),
            }),
        }
    }
    if lines.len() > MAX_LINES {
        wrong.push(FieldError {
            field: format!("line {}", MAX_LINES + 1),
            message: format!("a batch has at most {MAX_LINES} lines"),
        });
    }
    if wrong.is_empty() { Ok(lines) } else { Err(Error::Invalid(wrong)) }
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
    let mut written = Written::default();
    for (number, line) in lines {
        let outcome = match line {
            Line::User(user) => user.upsert(tx).await,
            Line::Organization(org) => org.upsert(tx).await,
            Line::Membership(membership) => membership.upsert(tx).await,
            Line::Workspace(workspace) => workspace.upsert(tx).await,
            Line::WorkspaceMember(member) => member.upsert(tx).await,
            Line::Agent(agent) => agent.upsert(tx).await,
            Line::Share(share) => share.upsert(tx).await,
            Line::Resource(line) => written.resource(tx, allowed.actor(), line).await,
        };
        outcome.map_err(|error| at_line(*number, error))?;
    }
    let change = Change { after: json!({ "lines": lines.len() }), ..Change::default() };
    tx.record(allowed, None, &allowed.target().uid(), change).await?;
    Ok(lines.len())
}

/// Writes a batch of registered resources; every workspace that it touches must be allowed.
///
/// # Errors
/// As [`run`].
pub async fn resources(tx: &mut Tx, caller: &Caller, lines: &[(usize, ImportedResource)]) -> Result<usize> {
    let mut written = Written::default();
    for (number, line) in lines {
        written.resource(tx, caller, line).await.map_err(|error| at_line(*number, error))?;
    }
    for (id, proof) in &written.proofs {
        let org = sqlx::query_scalar!("select org_id from workspaces where id = $1", id.0)
            .fetch_optional(tx.connection())
            .await?;
        let count = lines.iter().filter(|(_, line)| line.workspace_id == *id).count();
        let change = Change { after: json!({ "resources": count }), ..Change::default() };
        tx.record(proof, org.flatten().map(OrgId), &id.uid(), change).await?;
    }
    Ok(lines.len())
}

/// The workspaces that a batch may write in: each is decided once.
#[derive(Default)]
struct Written {
    proofs: HashMap<WorkspaceId, Authorized<workspace::WriteResources>>,
}

impl Written {
    async fn resource(&mut self, tx: &mut Tx, caller: &Caller, line: &ImportedResource) -> Result<()> {
        let (id, new) = line.parts();
        let (to, from) = (new.workspace_id, resource::locate(tx, caller, &id).await?);
        for workspace in [Some(to), from].into_iter().flatten() {
            if let Entry::Vacant(unproven) = self.proofs.entry(workspace) {
                unproven.insert(tx.authorize::<workspace::WriteResources>(caller, workspace).await?);
            }
        }
        let Some(to) = self.proofs.get(&to) else {
            return Err(Error::Forbidden { action: workspace::WriteResources::NAME, policies: vec![] });
        };
        let may = MayWrite { to, from: from.and_then(|from| self.proofs.get(&from)) };
        resource::write(tx, &may, &id, &new).await?;
        Ok(())
    }
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
        Error::Conflict { message, .. } => Error::invalid(field(""), message),
        other => other,
    }
}

/// The shape of [`Line`] for a test or a document: every kind.
pub const KINDS: [&str; 8] =
    ["user", "organization", "membership", "workspace", "workspace_member", "agent", "resource", "share"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_cannot_be_read_is_named() {
        let text = "{\"user\": {}}\n\n{\"usr\": 1}\nnot json\n";
        let Err(Error::Invalid(wrong)) = parse::<Line>(text) else { panic!("accepted") };
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["line 1", "line 3", "line 4"]);
        for kind in KINDS {
            assert!(wrong[1].message.contains(kind), "{}", wrong[1].message);
        }
    }

    #[test]
    fn a_batch_is_bounded() {
        let text = "{}\n".repeat(MAX_LINES + 1);
        assert!(matches!(parse::<Value>(&text), Err(Error::Invalid(_))));
        assert_eq!(parse::<Value>(&"{}\n".repeat(MAX_LINES)).expect("fits").len(), MAX_LINES);
    }
}
