//! Organizations and members over HTTP.

use serde_json::{Value, json};

use crate::admin_users::administrator;
use crate::auth::PASSWORD;
use crate::me::{token_of, token_of_ann};
use crate::support::{TestApp, text};
use crate::world::{ACME, ANN, GLOBEX, GUS, NOTHING, VIC};

fn org(id: &str, rest: &str) -> String {
    format!("/api/v1/orgs/{id}{rest}")
}

// proves ORG-1, ORG-4, API-5
#[tokio::test]
async fn an_organization_is_founded_seen_changed_and_kept_by_its_only_member() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let new = json!({ "name": "Initech", "billing_email": "bills@example.com" });
    let create = || app.post("/api/v1/orgs").by(&ann).header("idempotency-key", b"one").json(&new);
    let founded = create().send().await.expect(201);
    let id = text(&founded.body["id"]);
    assert_eq!(founded.header("location"), Some(&*org(&id, "")));
    assert_eq!((&founded.body["role"], &founded.body["slug"]), (&json!("owner"), &json!("initech")));
    assert_eq!(create().send().await.expect(201).body, founded.body, "created once");

    let seen = app.get(&org(&id, "")).by(&ann).send().await.expect(200);
    assert_eq!(seen.body["wallet_balance"], json!("0.00"));
    assert_eq!(seen.body["members"][0]["role"], json!("owner"));
    assert_eq!(seen.body["workspaces"][0]["name"], json!("Default"));
    let tag = seen.header("etag").unwrap().to_owned();
    let unchanged = app.get(&org(&id, "")).by(&ann).header("if-none-match", tag.as_bytes()).send().await;
    assert_eq!(unchanged.status, 304);
    let rename = |name: &str| {
        let body = json!({ "name": name });
        app.patch(&org(&id, "")).by(&ann).header("if-match", tag.as_bytes()).json(&body)
    };
    assert_eq!(rename("Initech II").send().await.expect(200).body["name"], "Initech II");
    rename("Initech III").send().await.problem(412, "precondition_failed");
    let both = json!({ "full_name": "Initech Inc.", "billing_email": null });
    let changed = app.patch(&org(&id, "")).by(&ann).json(&both).send().await.expect(200);
    assert_eq!(changed.body["full_name"], json!("Initech Inc."));
    assert_eq!(changed.body["billing_email"], Value::Null);
    app.post(&org(&id, "/leave")).by(&ann).send().await.problem(409, "last_member");
    let fields = app.get(&org(&id, "?fields=name,role")).by(&ann).send().await.expect(200);
    assert_eq!(fields.body, json!({ "name": "Initech II", "role": "owner" }));
}

// proves API-4
#[tokio::test]
async fn plan_wallet_and_subscription_are_nobodys_to_set_by_the_way() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    for field in ["plan", "subscription_status", "wallet_balance", "trial_ends_at", "id", "role", "version"] {
        let body = json!({ "name": "Acme", field: "pro" });
        app.patch(&org(ACME, "")).by(&ann).json(&body).send().await.problem(422, "invalid");
        app.post("/api/v1/orgs").by(&ann).json(&body).send().await.problem(422, "invalid");
    }
    let body = json!({ "user_id": VIC, "role": "member", "org_id": GLOBEX });
    app.post(&org(ACME, "/members")).by(&ann).json(&body).send().await.problem(422, "invalid");
    let bills = json!({ "billing_email": "x@example.com" });
    app.patch(&org(ACME, "")).by(&ann).json(&bills).send().await.problem(403, "forbidden");
}

// proves API-2, ORG-4
#[tokio::test]
async fn another_organization_is_as_if_it_were_not_there() {
    let app = TestApp::start().await;
    let gus = token_of(&app, GUS, "gus@example.com").await;
    let member = json!({ "user_id": GUS, "role": "owner" });
    for (method, rest, body) in [
        ("GET", String::new(), json!({})),
        ("PATCH", String::new(), json!({ "name": "Mine" })),
        ("GET", "/members".into(), json!({})),
        ("POST", "/members".into(), member),
        ("GET", format!("/members/{VIC}"), json!({})),
        ("PATCH", format!("/members/{VIC}"), json!({ "role": "owner" })),
        ("DELETE", format!("/members/{VIC}"), json!({})),
        ("POST", "/leave".into(), json!({})),
        ("POST", "/transfer".into(), json!({ "user_id": GUS })),
    ] {
        let send = |id: &str| app.call(method, &org(id, &rest)).by(&gus).json(&body);
        let (there, nowhere) = (send(ACME).send().await, send(NOTHING).send().await);
        assert_eq!((there.status, &there.body), (404, &nowhere.body), "{method} {rest}");
    }
    app.get(&org(GLOBEX, &format!("/members/{VIC}"))).by(&gus).send().await.problem(404, "not_found");
}

// proves CTX-4
#[tokio::test]
async fn current_is_the_organization_that_one_works_in_and_none_is_told_so() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    app.query("update sessions set org_id = null, workspace_id = null");
    app.get(&org("current", "/members")).by(&ann).send().await.problem(409, "no_current_organization");
    app.query(&format!("update sessions set org_id = '{ACME}' where user_id = '{ANN}'"));
    let members = app.get(&org("current", "/members")).by(&ann).send().await.expect(200);
    assert_eq!(members.body["total"], 2);
    app.get(&org("somewhere", "/members")).by(&ann).send().await.problem(422, "invalid");
}

// proves ORG-2
#[tokio::test]
async fn an_organization_registers_with_its_owner_in_one_call() {
    let app = TestApp::start().await;
    let body = |email: &str| {
        json!({
            "organization": { "name": "Hooli", "phone": "+15125550100" },
            "user": { "email": email, "password": PASSWORD, "name": "Gavin" },
        })
    };
    let register = |body: Value| app.post("/api/v1/orgs/register").json(&body);
    let new = register(body("gavin@example.com")).send().await.expect(201);
    let token = text(&new.body["tokens"]["access_token"]);
    let me = app.get("/api/v1/me").by(&token).send().await.expect(200);
    assert_eq!(me.body["email_verified"], false);
    let rename = json!({ "name": "H" });
    app.patch(&org("current", "")).by(&token).json(&rename).send().await.problem(403, "email_unverified");
    let taken = register(body("vic@example.com")).send().await.expect(201);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for part in ["organization", "user", "tokens"] {
        assert_eq!(keys(&new.body[part]), keys(&taken.body[part]));
    }
    assert_eq!(taken.body["user"]["email"], "vic@example.com");
    let dead = text(&taken.body["tokens"]["access_token"]);
    app.get("/api/v1/me").by(&dead).send().await.problem(401, "invalid_token");
    assert_eq!(app.query("select count(*) from organizations where name = 'Hooli'"), "1");
    let user = body("x@example.com")["user"].clone();
    let planned = json!({ "organization": { "name": "X", "plan": "pro" }, "user": user });
    register(planned).send().await.problem(422, "invalid");
}

// proves ORG-11, PLN-2, PLN-3
#[tokio::test]
async fn the_platform_sets_plans_and_stops_organizations_and_sees_nothing_in_them() {
    let app = TestApp::start().await;
    let (sam, gus) = (administrator(&app).await, token_of(&app, GUS, "gus@example.com").await);
    let admin = |rest: &str| format!("/api/v1/admin/orgs/{GLOBEX}/{rest}");
    let listed = app.get("/api/v1/admin/orgs?plan=starter").by(&sam).send().await.expect(200);
    assert_eq!(listed.body["total"], json!(1));
    assert_eq!(listed.body["organizations"][0]["slug"], json!("globex"));
    app.get("/api/v1/admin/orgs").by(&gus).send().await.problem(403, "forbidden");
    let plan = |plan: &str| app.put(&admin("plan")).json(&json!({ "plan": plan }));
    plan("pro").by(&gus).send().await.problem(403, "forbidden");
    plan("golden").by(&sam).send().await.problem(422, "invalid");
    assert_eq!(plan("free").by(&sam).send().await.expect(200).body["plan"], "free");
    let known = format!(
        "insert into former_members values ('{GLOBEX}', '{VIC}', now()), ('{GLOBEX}', '{ANN}', now())"
    );
    app.query(&known);
    // One member more than the owner, and the plan is full.
    let add = |user: &str| {
        let body = json!({ "user_id": user, "role": "member" });
        app.post(&org(GLOBEX, "/members")).by(&gus).json(&body)
    };
    add(VIC).send().await.expect(201);
    let refused = add(ANN).send().await.problem(409, "limit_reached");
    let limit = json!({ "resource": "members", "current": 2, "limit": 2, "plan": "free" });
    assert_eq!(refused.body["limit"], limit);
    let rename = || app.patch(&org(GLOBEX, "")).by(&gus).json(&json!({ "name": "G" }));
    app.post(&admin("suspend")).by(&sam).json(&json!({ "reason": "unpaid" })).send().await.expect(200);
    rename().send().await.problem(403, "organization_read_only");
    app.get(&org(GLOBEX, "")).by(&gus).send().await.expect(200);
    app.post(&admin("resume")).by(&sam).send().await.expect(200);
    rename().send().await.expect(200);
    let seen = app.get(&org(GLOBEX, "")).by(&sam).send().await.expect(200);
    assert_eq!((&seen.body["members"], &seen.body["workspaces"]), (&Value::Null, &Value::Null));
    app.get(&org(GLOBEX, "/members")).by(&sam).send().await.problem(403, "forbidden");
}
