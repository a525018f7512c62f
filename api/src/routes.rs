//! Every route, with the action that decides it.

mod admin_orgs;
mod admin_queue;
mod admin_users;
mod agent_shares;
mod agent_uses;
mod agents;
mod audit;
mod audit_export;
mod auth;
mod authorize;
mod connections;
mod decisions;
mod deletions;
mod documents;
mod downloads;
mod encryption_keys;
mod exports;
mod health;
mod import;
mod instance_activations;
mod instances;
mod invitation_tokens;
mod invitations;
mod job_kinds;
mod keys;
mod mail;
mod me;
mod members;
mod my_connections;
mod org_connections;
mod org_registration;
mod orgs;
mod personal_workspace;
mod policies;
mod providers;
mod purges;
mod queue;
mod quota;
mod resource_shares;
mod resources;
mod second_factor;
pub(crate) mod sessions;
mod shares;
mod signing_key;
mod stats;
mod switch;
mod upload_parts;
mod uploads;
mod usage;
mod wallet;
mod workspace_members;
mod workspace_shares;
mod workspaces;

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, BULK_LIMIT};
use crate::openapi::Document;

/// What decides a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An action of the policy folder.
    Action(&'static str),
    /// An action too, of somebody who need not be signed in: nobody in particular, or whoever has the token in the body.
    Open(&'static str),
    /// Nothing: it tells nothing of any tenant.
    Public,
}

use Access::{Action, Open, Public};

/// Method, path, and what decides. A test compares this table with the routes that are served.
pub const TABLE: &[(&str, &str, Access)] = &[
    ("post", "/api/v1/authorize", Action("decision.ask")),
    ("post", "/api/v1/authorize/batch", Action("decision.ask")),
    ("get", "/api/v1/decisions", Action("decision.list")),
    ("get", "/api/v1/orgs/{org_id}/decisions", Action("decision.list")),
    ("get", "/api/v1/decisions/{decision_id}", Action("decision.list")),
    ("get", "/api/v1/keys", Action("key.list")),
    ("post", "/api/v1/keys", Action("key.create")),
    ("get", "/api/v1/orgs/{org_id}/keys", Action("key.list")),
    ("post", "/api/v1/orgs/{org_id}/keys", Action("key.create")),
    ("get", "/api/v1/keys/{key_id}", Action("key.view")),
    ("delete", "/api/v1/keys/{key_id}", Action("key.revoke")),
    ("post", "/api/v1/keys/{key_id}/rotate", Action("key.rotate")),
    ("get", "/api/v1/resources/{type}/{id}", Action("workspace.read_resources")),
    ("put", "/api/v1/resources/{type}/{id}", Action("workspace.write_resources")),
    ("patch", "/api/v1/resources/{type}/{id}", Action("workspace.write_resources")),
    ("delete", "/api/v1/resources/{type}/{id}", Action("workspace.write_resources")),
    ("post", "/api/v1/resources/bulk", Action("workspace.write_resources")),
    ("get", "/api/v1/resources/{type}/{id}/shares", Action("workspace.read_resources")),
    ("post", "/api/v1/resources/{type}/{id}/shares", Action("workspace.write_resources")),
    ("delete", "/api/v1/resources/{type}/{id}/shares/{share_id}", Action("workspace.write_resources")),
    ("get", "/api/v1/resources/{type}/{id}/access", Action("workspace.read_resources")),
    ("post", "/api/v1/import", Action("platform.import")),
    ("get", "/api/v1/policies", Action("platform.view_policies")),
    ("get", "/api/v1/queue/jobs", Action("job.list")),
    ("delete", "/api/v1/queue/jobs", Action("job.remove")),
    ("get", "/api/v1/queue/jobs/{job_id}", Action("job.list")),
    ("post", "/api/v1/queue/jobs/{job_id}/cancel", Action("job.cancel")),
    ("post", "/api/v1/queue/jobs/{job_id}/retry", Action("job.retry")),
    ("get", "/api/v1/admin/queue", Action("platform.view_queue")),
    ("get", "/api/v1/admin/queue/schedules", Action("platform.view_queue")),
    ("get", "/api/v1/admin/queue/jobs", Action("platform.view_queue")),
    ("delete", "/api/v1/admin/queue/jobs", Action("platform.manage_queue")),
    ("get", "/api/v1/admin/queue/jobs/{job_id}", Action("platform.view_queue")),
    ("post", "/api/v1/admin/queue/jobs/{job_id}/cancel", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/jobs/{job_id}/retry", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/kinds/{kind}/pause", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/kinds/{kind}/resume", Action("platform.manage_queue")),
    ("post", "/api/v1/admin/queue/kinds/{kind}/retry", Action("platform.manage_queue")),
    ("get", "/api/v1/admin/audit", Action("platform.view_audit")),
    ("get", "/api/v1/admin/audit/export", Action("platform.view_audit")),
    ("get", "/api/v1/orgs/{org_id}/audit", Action("org.view_audit")),
    ("get", "/api/v1/orgs/{org_id}/audit/export", Action("org.view_audit")),
    ("get", "/api/v1/admin/stats", Action("platform.view_stats")),
    ("post", "/api/v1/admin/mail/test", Action("platform.send_test_mail")),
    ("post", "/api/v1/auth/register", Open("user.register")),
    ("post", "/api/v1/auth/verify-email", Open("user.verify_email")),
    ("post", "/api/v1/auth/forgot-password", Open("user.request_password_reset")),
    ("post", "/api/v1/auth/reset-password", Open("user.set_password")),
    ("post", "/api/v1/auth/set-up", Open("platform.set_up")),
    ("post", "/api/v1/auth/login", Open("user.open_session")),
    ("post", "/api/v1/auth/refresh", Open("user.refresh_session")),
    ("post", "/api/v1/auth/reauthenticate", Action("user.reauthenticate")),
    ("post", "/api/v1/auth/logout", Action("user.sign_out")),
    ("get", "/api/v1/me", Action("user.view")),
    ("patch", "/api/v1/me", Action("user.update")),
    ("delete", "/api/v1/me", Action("user.delete")),
    ("get", "/api/v1/me/deletion", Action("user.preview_delete")),
    ("get", "/api/v1/me/purges", Action("user.list_purges")),
    ("get", "/api/v1/me/purge/{purge_id}", Open("purge.view")),
    ("post", "/api/v1/me/purge/{purge_id}/cancel", Open("purge.cancel")),
    ("post", "/api/v1/me/verification", Action("user.resend_verification")),
    ("post", "/api/v1/me/password", Action("user.change_password")),
    ("get", "/api/v1/me/sessions", Action("user.list_sessions")),
    ("delete", "/api/v1/me/sessions", Action("user.revoke_session")),
    ("delete", "/api/v1/me/sessions/{session_id}", Action("user.revoke_session")),
    ("post", "/api/v1/me/deactivate", Action("user.deactivate")),
    ("post", "/api/v1/me/reactivate", Action("user.reactivate")),
    ("get", "/api/v1/me/shares", Action("user.list_shared")),
    ("post", "/api/v1/me/exports", Action("user.export")),
    ("get", "/api/v1/me/exports", Action("user.list_exports")),
    ("get", "/api/v1/me/exports/{export_id}", Action("user.list_exports")),
    ("delete", "/api/v1/me/exports/{export_id}", Action("user.export")),
    ("get", "/api/v1/me/exports/{export_id}/content", Action("user.list_exports")),
    ("get", "/api/v1/me/workspace/shares", Action("workspace.list_shares")),
    ("post", "/api/v1/me/workspace/shares", Action("workspace.share")),
    ("delete", "/api/v1/me/workspace/shares/{share_id}", Action("workspace.revoke_share")),
    ("get", "/api/v1/workspaces", Action("user.list_orgs")),
    ("get", "/api/v1/orgs/{org_id}/workspaces", Action("workspace.list")),
    ("post", "/api/v1/orgs/{org_id}/workspaces", Action("workspace.create")),
    ("get", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}", Action("workspace.view")),
    ("patch", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}", Action("workspace.update")),
    ("delete", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}", Action("workspace.delete")),
    ("get", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/deletion", Action("workspace.preview_delete")),
    ("post", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/default", Action("workspace.set_default")),
    ("post", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/leave", Action("workspace.leave")),
    ("get", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members", Action("workspace.list_members")),
    ("post", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members", Action("workspace.add_member")),
    (
        "patch",
        "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members/{user_id}",
        Action("workspace.set_member_role"),
    ),
    (
        "delete",
        "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/members/{user_id}",
        Action("workspace.remove_member"),
    ),
    ("get", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares", Action("workspace.list_shares")),
    ("post", "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares", Action("workspace.share")),
    (
        "delete",
        "/api/v1/orgs/{org_id}/workspaces/{workspace_id}/shares/{share_id}",
        Action("workspace.revoke_share"),
    ),
    ("post", "/api/v1/switch/organization", Action("user.switch")),
    ("post", "/api/v1/switch/workspace", Action("user.switch")),
    ("get", "/api/v1/switch/current", Action("user.view")),
    ("put", "/api/v1/orgs/current", Action("user.switch")),
    ("get", "/api/v1/orgs/current", Action("org.view")),
    ("patch", "/api/v1/orgs/current", Action("org.update")),
    ("get", "/api/v1/admin/users", Action("user.list")),
    ("post", "/api/v1/admin/users", Action("user.create")),
    ("get", "/api/v1/admin/users/{user_id}", Action("user.inspect")),
    ("delete", "/api/v1/admin/users/{user_id}", Action("user.erase")),
    ("get", "/api/v1/admin/purges", Action("purge.list")),
    ("get", "/api/v1/admin/purges/{purge_id}", Action("purge.list")),
    ("post", "/api/v1/admin/users/{user_id}/approve", Action("user.approve")),
    ("post", "/api/v1/admin/users/{user_id}/disable", Action("user.disable")),
    ("post", "/api/v1/admin/users/{user_id}/enable", Action("user.enable")),
    ("post", "/api/v1/admin/users/{user_id}/password-reset", Action("user.send_password_reset")),
    ("put", "/api/v1/admin/users/{user_id}/quota", Action("user.set_quota")),
    ("put", "/api/v1/admin/users/{user_id}/ai", Action("user.set_ai")),
    ("put", "/api/v1/admin/users/{user_id}/platform-role", Action("user.set_platform_role")),
    ("delete", "/api/v1/admin/users/{user_id}/sessions", Action("user.revoke_sessions")),
    ("post", "/api/v1/orgs/register", Open("org.register")),
    ("get", "/api/v1/orgs", Action("user.list_orgs")),
    ("post", "/api/v1/orgs", Action("org.create")),
    ("get", "/api/v1/orgs/{org_id}", Action("org.view")),
    ("patch", "/api/v1/orgs/{org_id}", Action("org.update")),
    ("delete", "/api/v1/orgs/{org_id}", Action("org.delete")),
    ("get", "/api/v1/orgs/{org_id}/deletion", Action("org.preview_delete")),
    ("post", "/api/v1/orgs/{org_id}/transfer", Action("org.transfer")),
    ("post", "/api/v1/orgs/{org_id}/leave", Action("org.leave")),
    ("get", "/api/v1/orgs/{org_id}/members", Action("member.list")),
    ("post", "/api/v1/orgs/{org_id}/members", Action("member.add")),
    ("get", "/api/v1/orgs/{org_id}/members/{user_id}", Action("membership.view")),
    ("patch", "/api/v1/orgs/{org_id}/members/{user_id}", Action("membership.set_role")),
    ("delete", "/api/v1/orgs/{org_id}/members/{user_id}", Action("membership.remove")),
    ("post", "/api/v1/orgs/{org_id}/members/{user_id}/suspend", Action("membership.suspend")),
    ("post", "/api/v1/orgs/{org_id}/members/{user_id}/resume", Action("membership.resume")),
    ("get", "/api/v1/admin/orgs", Action("org.list")),
    ("put", "/api/v1/admin/orgs/{org_id}/plan", Action("org.set_plan")),
    ("put", "/api/v1/admin/orgs/{org_id}/subscription", Action("org.set_subscription")),
    ("post", "/api/v1/admin/orgs/{org_id}/suspend", Action("org.suspend")),
    ("post", "/api/v1/admin/orgs/{org_id}/resume", Action("org.resume")),
    ("get", "/api/v1/me/second-factor", Action("user.view")),
    ("post", "/api/v1/me/second-factor", Action("user.manage_second_factor")),
    ("delete", "/api/v1/me/second-factor", Action("user.manage_second_factor")),
    ("post", "/api/v1/me/second-factor/confirm", Action("user.manage_second_factor")),
    ("post", "/api/v1/me/second-factor/recovery-codes", Action("user.manage_second_factor")),
    ("post", "/api/v1/admin/signing-key/rotate", Action("platform.rotate_signing_key")),
    ("get", "/api/v1/agents", Action("agent.view")),
    ("post", "/api/v1/agents", Action("agent.create")),
    ("post", "/api/v1/orgs/{org_id}/agents", Action("agent.create")),
    ("get", "/api/v1/agents/{agent_id}", Action("agent.view")),
    ("patch", "/api/v1/agents/{agent_id}", Action("agent.update")),
    ("delete", "/api/v1/agents/{agent_id}", Action("agent.deactivate")),
    ("post", "/api/v1/agents/{agent_id}/reactivate", Action("agent.reactivate")),
    ("get", "/api/v1/agents/{agent_id}/shares", Action("agent.list_shares")),
    ("post", "/api/v1/agents/{agent_id}/shares", Action("agent.share")),
    ("delete", "/api/v1/agents/{agent_id}/shares/{share_id}", Action("agent.share")),
    ("post", "/api/v1/orgs/{org_id}/agent-uses", Action("org.spend")),
    ("get", "/api/v1/orgs/{org_id}/wallet", Action("org.view_wallet")),
    ("get", "/api/v1/orgs/{org_id}/wallet/entries", Action("org.view_wallet")),
    ("post", "/api/v1/orgs/{org_id}/wallet/entries", Action("org.write_wallet")),
    ("get", "/api/v1/orgs/{org_id}/usage", Action("org.view_usage")),
    ("post", "/api/v1/orgs/{org_id}/usage/records", Action("org.record_usage")),
    ("get", "/api/v1/orgs/{org_id}/instances", Action("instance.list")),
    ("post", "/api/v1/orgs/{org_id}/instances", Action("instance.create")),
    ("get", "/api/v1/orgs/{org_id}/instances/{instance_id}", Action("instance.view")),
    ("patch", "/api/v1/orgs/{org_id}/instances/{instance_id}", Action("instance.update")),
    ("delete", "/api/v1/orgs/{org_id}/instances/{instance_id}", Action("instance.delete")),
    ("put", "/api/v1/orgs/{org_id}/instances/{instance_id}/technical", Action("instance.set_technical")),
    ("put", "/api/v1/orgs/{org_id}/instances/{instance_id}/economic", Action("instance.set_economic")),
    ("get", "/api/v1/orgs/{org_id}/invitations", Action("invitation.list")),
    ("post", "/api/v1/orgs/{org_id}/invitations", Action("invitation.create")),
    ("post", "/api/v1/orgs/{org_id}/invitations/bulk", Action("invitation.create")),
    ("post", "/api/v1/orgs/{org_id}/invitations/{invitation_id}/resend", Action("invitation.resend")),
    ("delete", "/api/v1/orgs/{org_id}/invitations/{invitation_id}", Action("invitation.revoke")),
    ("get", "/api/v1/invitations/{token}", Open("invitation.view")),
    ("post", "/api/v1/invitations/{token}/accept", Action("invitation.accept")),
    ("post", "/api/v1/invitations/{token}/register", Open("invitation.take_up")),
    ("get", "/api/v1/me/connections", Action("connection.list")),
    ("post", "/api/v1/me/connections", Action("connection.create")),
    ("get", "/api/v1/me/connections/{connection_id}", Action("connection.view")),
    ("patch", "/api/v1/me/connections/{connection_id}", Action("connection.update")),
    ("delete", "/api/v1/me/connections/{connection_id}", Action("connection.delete")),
    ("post", "/api/v1/me/connections/{connection_id}/test", Action("connection.test")),
    ("put", "/api/v1/me/connections/{connection_id}/credentials", Action("connection.rotate")),
    ("get", "/api/v1/orgs/{org_id}/connections", Action("connection.list")),
    ("post", "/api/v1/orgs/{org_id}/connections", Action("connection.create")),
    ("get", "/api/v1/orgs/{org_id}/connections/{connection_id}", Action("connection.view")),
    ("patch", "/api/v1/orgs/{org_id}/connections/{connection_id}", Action("connection.update")),
    ("delete", "/api/v1/orgs/{org_id}/connections/{connection_id}", Action("connection.delete")),
    ("post", "/api/v1/orgs/{org_id}/connections/{connection_id}/test", Action("connection.test")),
    ("put", "/api/v1/orgs/{org_id}/connections/{connection_id}/credentials", Action("connection.rotate")),
    ("get", "/api/v1/providers/config-status", Action("connection.list")),
    ("post", "/api/v1/admin/encryption-keys/rotate", Action("platform.rotate_encryption_key")),
    ("get", "/api/v1/me/quota", Action("user.view_quota")),
    ("get", "/api/v1/workspaces/{workspace_id}/documents", Action("document.list")),
    ("post", "/api/v1/workspaces/{workspace_id}/documents", Action("document.create")),
    ("get", "/api/v1/workspaces/{workspace_id}/documents/{document_id}", Action("document.read")),
    ("delete", "/api/v1/workspaces/{workspace_id}/documents/{document_id}", Action("document.delete")),
    ("post", "/api/v1/workspaces/{workspace_id}/documents/{document_id}/parts", Action("document.create")),
    ("post", "/api/v1/workspaces/{workspace_id}/documents/{document_id}/complete", Action("document.create")),
    ("get", "/api/v1/workspaces/{workspace_id}/documents/{document_id}/content", Action("document.read")),
    ("put", "/api/v1/workspaces/{workspace_id}/documents/{document_id}/content", Action("document.create")),
    ("post", "/api/v1/workspaces/{workspace_id}/documents/{document_id}/download", Action("document.read")),
    ("put", "/api/v1/uploads/{token}", Open("document.create")),
    ("get", "/api/v1/downloads/{token}", Open("document.read")),
    ("get", "/.well-known/jwks.json", Public),
    ("get", "/", Public),
    ("get", "/verify-email", Public),
    ("post", "/verify-email", Open("user.verify_email")),
    ("get", "/reset-password", Public),
    ("post", "/reset-password", Open("user.set_password")),
    ("get", "/set-password", Public),
    ("post", "/set-password", Open("user.set_password")),
    ("get", "/forgot-password", Public),
    ("post", "/forgot-password", Open("user.request_password_reset")),
    ("get", "/set-up", Public),
    ("post", "/set-up", Open("platform.set_up")),
    ("get", "/cancel-deletion", Open("purge.view")),
    ("post", "/cancel-deletion", Open("purge.cancel")),
    ("get", "/invitation", Open("invitation.view")),
    ("post", "/invitation", Open("invitation.accept")),
    ("get", "/healthz", Public),
    ("get", "/readyz", Public),
    ("get", "/metrics", Public),
];

/// The routes with their documentation.
pub(crate) fn routes() -> OpenApiRouter<App> {
    let bulk = OpenApiRouter::new()
        .routes(routes!(resources::bulk))
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(BULK_LIMIT));
    // As large as was announced, which they look after themselves.
    let bytes = OpenApiRouter::new()
        .routes(routes!(downloads::content, uploads::put_content))
        .routes(routes!(uploads::put))
        .routes(routes!(downloads::get))
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(authorize::authorize))
        .routes(routes!(authorize::batch))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::list_in_org))
        .routes(routes!(decisions::get))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::list_in_org, keys::create_in_org))
        .routes(routes!(keys::get, keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(resources::get, resources::put, resources::patch, resources::delete))
        .routes(routes!(resource_shares::list, resource_shares::share))
        .routes(routes!(resource_shares::revoke))
        .routes(routes!(resource_shares::access))
        .routes(routes!(shares::with_me))
        .routes(routes!(exports::ask, exports::list))
        .routes(routes!(exports::get, exports::remove))
        .routes(routes!(exports::content))
        .merge(bulk)
        .routes(routes!(policies::get))
        .routes(routes!(queue::list, queue::remove))
        .routes(routes!(queue::get))
        .routes(routes!(queue::cancel))
        .routes(routes!(queue::retry))
        .routes(routes!(job_kinds::stats))
        .routes(routes!(job_kinds::schedules))
        .routes(routes!(admin_queue::list, admin_queue::remove))
        .routes(routes!(admin_queue::get))
        .routes(routes!(admin_queue::cancel))
        .routes(routes!(admin_queue::retry))
        .routes(routes!(job_kinds::pause))
        .routes(routes!(job_kinds::resume))
        .routes(routes!(job_kinds::retry_dead))
        .routes(routes!(mail::test))
        .routes(routes!(auth::register))
        .routes(routes!(auth::verify_email))
        .routes(routes!(auth::forgot_password))
        .routes(routes!(auth::reset_password))
        .routes(routes!(auth::set_up))
        .routes(routes!(sessions::login))
        .routes(routes!(sessions::refresh))
        .routes(routes!(sessions::reauthenticate))
        .routes(routes!(sessions::logout))
        .routes(routes!(me::get, me::update, deletions::delete_me))
        .routes(routes!(deletions::plan_me))
        .routes(routes!(purges::list_mine))
        .routes(routes!(purges::look))
        .routes(routes!(purges::cancel))
        .routes(routes!(purges::list))
        .routes(routes!(purges::get))
        .routes(routes!(me::resend_verification))
        .routes(routes!(me::change_password))
        .routes(routes!(sessions::list, sessions::revoke_others))
        .routes(routes!(sessions::revoke))
        .routes(routes!(me::deactivate))
        .routes(routes!(me::reactivate))
        .routes(routes!(personal_workspace::list, personal_workspace::share))
        .routes(routes!(personal_workspace::revoke))
        .routes(routes!(workspaces::list_mine))
        .routes(routes!(workspaces::list, workspaces::create))
        .routes(routes!(workspaces::get, workspaces::update, deletions::delete_workspace))
        .routes(routes!(deletions::plan_workspace))
        .routes(routes!(workspaces::set_default))
        .routes(routes!(workspace_members::leave))
        .routes(routes!(workspace_members::list, workspace_members::add))
        .routes(routes!(workspace_members::set_role, workspace_members::remove))
        .routes(routes!(workspace_shares::list, workspace_shares::share))
        .routes(routes!(workspace_shares::revoke))
        .routes(routes!(switch::organization))
        .routes(routes!(switch::workspace))
        .routes(routes!(switch::current))
        .routes(routes!(switch::put_organization, orgs::get_current, orgs::update_current))
        .routes(routes!(admin_users::list, admin_users::create))
        .routes(routes!(admin_users::get, deletions::erase_user))
        .routes(routes!(admin_users::approve))
        .routes(routes!(admin_users::disable))
        .routes(routes!(admin_users::enable))
        .routes(routes!(admin_users::send_password_reset))
        .routes(routes!(admin_users::set_quota))
        .routes(routes!(admin_users::set_ai))
        .routes(routes!(admin_users::set_platform_role))
        .routes(routes!(admin_users::revoke_sessions))
        .routes(routes!(second_factor::get, second_factor::enrol, second_factor::remove))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(second_factor::renew_recovery_codes))
        .routes(routes!(signing_key::rotate))
        .routes(routes!(sessions::key_set))
        .routes(routes!(audit::list))
        .routes(routes!(audit_export::export))
        .routes(routes!(audit::list_in_org))
        .routes(routes!(audit_export::export_of_org))
        .routes(routes!(stats::get))
        .routes(routes!(org_registration::register))
        .routes(routes!(orgs::list, orgs::create))
        .routes(routes!(orgs::get, orgs::update, deletions::delete_org))
        .routes(routes!(deletions::plan_org))
        .routes(routes!(orgs::transfer))
        .routes(routes!(orgs::leave))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::get, members::update, members::remove))
        .routes(routes!(members::suspend))
        .routes(routes!(members::resume))
        .routes(routes!(admin_orgs::list))
        .routes(routes!(admin_orgs::set_plan))
        .routes(routes!(admin_orgs::set_subscription))
        .routes(routes!(admin_orgs::suspend))
        .routes(routes!(admin_orgs::resume))
        .routes(routes!(agents::list, agents::create))
        .routes(routes!(agents::create_in_org))
        .routes(routes!(agents::get, agents::update, agents::deactivate))
        .routes(routes!(agents::reactivate))
        .routes(routes!(agent_shares::list, agent_shares::share))
        .routes(routes!(agent_shares::revoke))
        .routes(routes!(agent_uses::record))
        .routes(routes!(wallet::get))
        .routes(routes!(wallet::entries, wallet::write))
        .routes(routes!(usage::get))
        .routes(routes!(usage::record))
        .routes(routes!(instances::list, instances::create))
        .routes(routes!(instances::get, instances::update, instances::delete))
        .routes(routes!(instance_activations::set_technical))
        .routes(routes!(instance_activations::set_economic))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::create_many))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invitation_tokens::look))
        .routes(routes!(invitation_tokens::accept))
        .routes(routes!(invitation_tokens::register))
        .routes(routes!(my_connections::list, my_connections::create))
        .routes(routes!(my_connections::get, my_connections::update, my_connections::delete))
        .routes(routes!(my_connections::test))
        .routes(routes!(my_connections::rotate))
        .routes(routes!(org_connections::list, org_connections::create))
        .routes(routes!(org_connections::get, org_connections::update, org_connections::delete))
        .routes(routes!(org_connections::test))
        .routes(routes!(org_connections::rotate))
        .routes(routes!(providers::config_status))
        .routes(routes!(encryption_keys::rotate))
        .routes(routes!(quota::get))
        .routes(routes!(documents::list, documents::create))
        .routes(routes!(documents::get, documents::delete))
        .routes(routes!(upload_parts::parts))
        .routes(routes!(uploads::complete))
        .routes(routes!(downloads::address))
        .merge(bytes)
        .merge(operations())
}

/// The routes of every process, whatever else it does.
pub(crate) fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}
