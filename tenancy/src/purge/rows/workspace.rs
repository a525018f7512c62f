use super::class::{Class, change, decisions, delete, details};

/// What is in a workspace, and itself. Entries of the decision log about its objects are the organization's, and go with
/// their day.
pub(super) const CLASSES: &[Class] = &[
    // What was said of its objects, in the chain of its organization or of the platform.
    details(
        "details is not null and (chain, seq) in (
             select a.chain, a.seq from resources r
             join audit a on a.target_id = r.id and a.target_type = r.type and a.chain = coalesce(
                 (select org_id from workspaces where id = $1), '00000000-0000-0000-0000-000000000000')
             where r.workspace_id = $1)",
    ),
    details(
        "details is not null and (chain, seq) in (
             select a.chain, a.seq from documents d
             join audit a on a.target_id = d.id::text and a.target_type = 'StoredDocument' and a.chain = coalesce(
                 (select org_id from workspaces where id = $1), '00000000-0000-0000-0000-000000000000')
             where d.workspace_id = $1)",
    ),
    delete("documents", "workspace_id = $1"),
    delete(
        "resource_parents",
        "(child_type, child_id) in (select type, id from resources where workspace_id = $1)",
    ),
    // Objects elsewhere that lie in its objects stay, with one parent less.
    delete(
        "resource_parents",
        "(parent_type, parent_id) in (select type, id from resources where workspace_id = $1)",
    ),
    delete(
        "shares",
        "(resource_type, resource_id) in (select type, id from resources where workspace_id = $1)",
    ),
    delete("shares", "workspace_id = $1"),
    delete("shares", "grantee_workspace_id = $1"),
    delete("resources", "workspace_id = $1"),
    delete("jobs", "workspace_id = $1"),
    decisions("resource_type = 'Workspace' and resource_id = $1::text"),
    delete("workspace_members", "workspace_id = $1"),
    change("invitations", "workspace_id = null, workspace_role = null", "workspace_id = $1"),
    change("sessions", "workspace_id = null", "workspace_id = $1"),
    delete("workspaces", "id = $1"),
];
