//! Everybody who may ask.

use serde_json::json;

use crate::me::token_of;
use crate::support::{ROOT, TestApp};
use crate::world::{ACME, ANN, GUS, VIC};

/// Who asks, by what is special about them. Those whose account is in some state are admins of Acme.
pub(super) const PERSONAS: [&str; 11] = [
    "anonymous",
    "unverified",
    "pending",
    "expired",
    "member",
    "manager",
    "admin",
    "owner",
    "platform",
    "super",
    "other",
];

/// Everybody's token; anonymous has none.
pub(super) struct Personas(Vec<(&'static str, Option<String>)>);

fn id(number: u32) -> String {
    format!("019aa000-0000-7000-8000-0000000001{number:02x}")
}

impl Personas {
    pub(super) async fn sign_in(app: &TestApp) -> Self {
        let active = json!({ "status": "active", "email_verified_at": "2026-01-01T00:00:00Z" });
        let verified = |more: serde_json::Value| {
            let mut user = active.as_object().unwrap().clone();
            user.extend(more.as_object().unwrap().clone());
            serde_json::Value::Object(user)
        };
        let newcomers = [
            ("unverified", "admin", json!({ "status": "active" })),
            (
                "pending",
                "admin",
                verified(json!({ "status": "pending", "approval_due_at": "2026-11-22T12:00:00Z" })),
            ),
            ("expired", "admin", verified(json!({ "status": "expired" }))),
            ("manager", "manager", active.clone()),
            ("owner", "owner", active.clone()),
            ("platform", "", verified(json!({ "platform_role": "admin" }))),
            ("super", "", verified(json!({ "platform_role": "super_admin" }))),
        ];
        let mut lines = String::new();
        let mut accounts = vec![("member", VIC.to_owned(), "vic@example.com".to_owned())];
        accounts.push(("admin", ANN.to_owned(), "ann@example.com".to_owned()));
        accounts.push(("other", GUS.to_owned(), "gus@example.com".to_owned()));
        for (number, (name, role, mut user)) in (1..).zip(newcomers) {
            let (id, email) = (id(number), format!("{name}@example.org"));
            user["id"] = json!(id);
            user["email"] = json!(email);
            user["name"] = json!(name);
            lines += &format!("{}\n", json!({ "user": user }));
            if !role.is_empty() {
                lines += &format!(
                    "{}\n",
                    json!({ "membership": { "org_id": ACME, "user_id": id, "role": role } })
                );
            }
            accounts.push((name, id, email));
        }
        app.post("/api/v1/import").by(ROOT).body(lines).send().await.expect(200);
        let mut all = vec![];
        for name in PERSONAS {
            let token = match accounts.iter().find(|(known, _, _)| *known == name) {
                Some((_, id, email)) => Some(token_of(app, id, email).await),
                None => None,
            };
            all.push((name, token));
        }
        assert_eq!(all.iter().filter(|(_, token)| token.is_none()).count(), 1, "all but one sign in");
        Self(all)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        self.0.iter().map(|(name, token)| (*name, token.as_deref()))
    }

    pub(super) fn of(&self, name: &str) -> &str {
        self.all().find(|(known, _)| *known == name).and_then(|(_, token)| token).unwrap()
    }
}
