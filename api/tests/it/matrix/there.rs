//! Something of Acme's for every id that a path can name.

use serde_json::json;

use crate::jobs::job;
use crate::me::token_of_ann;
use crate::routes::body;
use crate::support::{TestApp, text};
use crate::world::{ACME, AGENT, GLOBEX, GUS, NOTHING, OPEN, VIC};

/// Ids of what is Acme's.
pub(super) struct There {
    key: String,
    job: String,
    workspace_share: String,
    agent_share: String,
    instance: String,
    invitation: String,
    connection: String,
    document: String,
}

const INVITATION: &str = "019aa000-0000-7000-8000-0000000002aa";

impl There {
    pub(super) async fn in_acme(app: &TestApp) -> Self {
        app.query(&format!(
            "update organizations set plan = 'enterprise' where id in ('{ACME}', '{GLOBEX}')"
        ));
        let (key, _) = app.key(Some(ACME), &["authorize"]).await;
        let ann = token_of_ann(app).await;
        let made = async |path: &str, body: serde_json::Value| {
            let reply = app.post(path).by(&ann).json(&body).send().await.expect(201);
            text(&reply.body["id"])
        };
        let org = |rest: &str| format!("/api/v1/orgs/{ACME}/{rest}");
        let share = json!({ "grantee": "user", "email": "gus@example.com", "level": "viewer" });
        let workspace_share = made(&org(&format!("workspaces/{OPEN}/shares")), share).await;
        // Gus must see nothing of Acme's.
        app.query(&format!(
            "update shares set grantee = 'platform', grantee_user_id = null where id = '{workspace_share}'"
        ));
        let connection = json!({
            "name": "models", "provider": "openai", "settings": { "base_url": "https://localhost" },
            "credentials": { "api_key": "k" },
        });
        let connection = made(&org("connections"), connection).await;
        let documents = format!("/api/v1/workspaces/{OPEN}/documents");
        let document: serde_json::Value = serde_json::from_str(&body("post", &documents)).unwrap();
        let document = made(&documents, document).await;
        let agent_share = made(&format!("/api/v1/agents/{AGENT}/shares"), json!({ "org": "globex" })).await;
        app.query(&format!("update shares set expires_at = '2026-01-01' where id = '{agent_share}'"));
        let instance = made(&org("instances"), json!({ "name": "shop" })).await;
        app.query(&format!(
            "insert into invitations (id, org_id, email, role, hash, sent_at, created_at, expires_at)
             values ('{INVITATION}', '{ACME}', 'ivy@example.com', 'member', '\\x00', now(), now(), '2027-01-01')"
        ));
        app.query(&format!(
            "insert into workspace_members (workspace_id, user_id, role, created_at) values ('{OPEN}', '{VIC}', 'viewer', now())
             on conflict do nothing"
        ));
        app.query(&format!("insert into former_members values ('{ACME}', '{GUS}', now())"));
        let job = job("dead").org(ACME).insert(app);
        let invitation = INVITATION.to_owned();
        Self { key, job, workspace_share, agent_share, instance, invitation, connection, document }
    }

    /// A path about what is Acme's.
    pub(super) fn fill(&self, path: &str) -> String {
        self.named(path, ACME)
    }

    /// A path about what is Acme's, under Globex.
    pub(super) fn fill_in_globex(&self, path: &str) -> String {
        self.named(path, GLOBEX)
    }

    fn named(&self, path: &str, org: &str) -> String {
        let share = if path.contains("/agents/") { &self.agent_share } else { &self.workspace_share };
        path.replace("{org_id}", org)
            .replace("{workspace_id}", OPEN)
            .replace("{user_id}", VIC)
            .replace("{share_id}", share)
            .replace("{agent_id}", AGENT)
            .replace("{instance_id}", &self.instance)
            .replace("{invitation_id}", &self.invitation)
            .replace("{connection_id}", &self.connection)
            .replace("{document_id}", &self.document)
            .replace("{key_id}", &self.key)
            .replace("{decision_id}", NOTHING)
            .replace("{job_id}", &self.job)
            .replace("{session_id}", NOTHING)
            .replace("{purge_id}", NOTHING)
            .replace("{token}", "dwi_nothing")
            .replace("{type}", "Resource")
            .replace("{id}", "plan")
            .replace("{kind}", "greet")
    }
}

/// The same path about nothing.
pub(super) fn nowhere(path: &str) -> String {
    without_ids(&path.replace("{org_id}", NOTHING))
}

/// The same path about nothing, under Globex.
pub(super) fn nowhere_in_globex(path: &str) -> String {
    without_ids(&path.replace("{org_id}", GLOBEX))
}

fn without_ids(path: &str) -> String {
    let mut path = path.replace("{type}", "Resource").replace("{id}", "nothing").replace("{kind}", "greet");
    while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
        path.replace_range(start..=end, NOTHING);
    }
    path
}
