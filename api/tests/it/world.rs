//! The small world that tests begin with: two organizations that know nothing of each other.

/// Acme, on plan pro.
pub(crate) const ACME: &str = "019aa000-0000-7000-8000-0000000000a1";
/// Globex, on plan starter.
pub(crate) const GLOBEX: &str = "019aa000-0000-7000-8000-0000000000b1";

/// Admin of Acme.
pub(crate) const ANN: &str = "019aa000-0000-7000-8000-0000000000a2";
/// Member of Acme, viewer in [`OPEN`], with [`HOME`] of their own.
pub(crate) const VIC: &str = "019aa000-0000-7000-8000-0000000000a3";
/// Owner of Globex.
pub(crate) const GUS: &str = "019aa000-0000-7000-8000-0000000000b2";

/// Acme's workspace that admins get into.
pub(crate) const OPEN: &str = "019aa000-0000-7000-8000-0000000000a4";
/// Acme's private workspace.
pub(crate) const VAULT: &str = "019aa000-0000-7000-8000-0000000000a5";
/// Globex's workspace.
pub(crate) const FAR: &str = "019aa000-0000-7000-8000-0000000000b4";
/// Vic's personal workspace.
pub(crate) const HOME: &str = "019aa000-0000-7000-8000-0000000000a6";

/// Acme's agent.
pub(crate) const AGENT: &str = "019aa000-0000-7000-8000-0000000000a7";

/// An id of nothing.
pub(crate) const NOTHING: &str = "019aa000-0000-7000-8000-00000000dead";

/// Everything that is in the store: one line of each kind at least.
pub(crate) fn lines() -> String {
    let user = |id: &str, name: &str| {
        format!(
            r#"{{"user": {{"id": "{id}", "email": "{name}@example.com", "name": "{name}", "status": "active", "email_verified_at": "2026-01-01T00:00:00Z"}}}}"#
        )
    };
    let org = |id: &str, slug: &str, plan: &str| {
        format!(
            r#"{{"organization": {{"id": "{id}", "slug": "{slug}", "name": "{slug}", "plan": "{plan}", "subscription_status": "active"}}}}"#
        )
    };
    let member = |org: &str, user: &str, role: &str| {
        format!(r#"{{"membership": {{"org_id": "{org}", "user_id": "{user}", "role": "{role}"}}}}"#)
    };
    let workspace = |id: &str, org: &str, name: &str, visibility: &str| {
        format!(
            r#"{{"workspace": {{"id": "{id}", "org_id": "{org}", "name": "{name}", "visibility": "{visibility}"}}}}"#
        )
    };
    let resource = |id: &str, workspace: &str| {
        format!(
            r#"{{"resource": {{"type": "Resource", "id": "{id}", "workspace_id": "{workspace}", "attributes": {{"kind": "note"}}}}}}"#
        )
    };
    [
        user(ANN, "ann"),
        user(VIC, "vic"),
        user(GUS, "gus"),
        org(ACME, "acme", "pro"),
        org(GLOBEX, "globex", "starter"),
        member(ACME, ANN, "admin"),
        member(ACME, VIC, "member"),
        member(GLOBEX, GUS, "owner"),
        workspace(OPEN, ACME, "open", "org"),
        workspace(VAULT, ACME, "vault", "private"),
        workspace(FAR, GLOBEX, "far", "org"),
        format!(
            r#"{{"workspace": {{"id": "{HOME}", "owner_id": "{VIC}", "name": "home", "visibility": "private"}}}}"#
        ),
        format!(
            r#"{{"workspace_member": {{"workspace_id": "{OPEN}", "user_id": "{VIC}", "role": "viewer"}}}}"#
        ),
        format!(
            r#"{{"agent": {{"id": "{AGENT}", "org_id": "{ACME}", "agent_type": "helper", "name": "Helper", "license": "proprietary"}}}}"#
        ),
        resource("plan", OPEN),
        resource("gold", VAULT),
        resource("far", FAR),
        resource("diary", HOME),
        format!(
            r#"{{"resource": {{"type": "Docs::Document", "id": "memo", "workspace_id": "{OPEN}", "attributes": {{"classification": "secret", "legal_hold": false}}}}}}"#
        ),
        format!(
            r#"{{"share": {{"id": "019aa000-0000-7000-8000-0000000000a8", "on": {{"type": "Resource", "id": "gold"}}, "to": {{"type": "User", "id": "{VIC}"}}, "level": "viewer"}}}}"#
        ),
    ]
    .join("\n")
}
