//! Workspaces of organizations, over HTTP.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::auth::login;
use crate::me::token_of_ann;
use crate::support::{Call, TestApp, text};
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, HOME, NOTHING, OPEN, VAULT, VIC};

/// Lets somebody who was brought in sign in.
pub(crate) async fn token_of(app: &TestApp, id: &str, name: &str) -> String {
    let ann = token_of_ann(app).await;
    if id == ANN {
        return ann;
    }
    let copy = format!(
        "insert into passwords select '{id}', hash, changed_at from passwords where user_id = '{ANN}'
         on conflict do nothing"
    );
    app.query(&copy);
    text(&login(app, &format!("{name}@example.com")).await.expect(200).body["access_token"])
}

fn path(org: &str, rest: &str) -> String {
    format!("/api/v1/orgs/{org}/workspaces{rest}")
}

fn names(list: &Value) -> Vec<&str> {
    list["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workspace| workspace["name"].as_str().unwrap())
        .collect()
}

// proves WSP-1, WSP-3, API-3
#[tokio::test]
async fn a_workspace_is_made_changed_made_the_default_and_deleted() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let create = |body: &Value| app.post(&path(ACME, "")).by(&ann).json(body).send();
    let made = create(&json!({ "name": "Research" })).await.expect(201);
    let id = text(&made.body["id"]);
    assert_eq!(made.header("location"), Some(path(ACME, &format!("/{id}")).as_str()));
    assert!(made.header("doorward-revision").is_some());
    assert_eq!((&made.body["role"], &made.body["visibility"]), (&json!("admin"), &json!("org")));
    create(&json!({ "name": "Research" })).await.problem(409, "name_taken");
    let one = path(ACME, &format!("/{id}"));
    for wrong in [
        json!({ "name": "x", "is_default": true }),
        json!({ "name": "x", "org_id": GLOBEX }),
        json!({ "name": "x", "owner_id": ANN }),
        json!({ "name": "x", "version": 7 }),
        json!({ "name": "x", "visibility": "public" }),
        json!({ "name": "" }),
        json!({ "name": "x".repeat(10_000) }),
        json!({ "name": "a\u{0}b" }),
        json!({ "name": "evil\u{202e}txt" }),
        json!({ "name": ["x"] }),
    ] {
        create(&wrong).await.problem(422, "invalid");
        app.patch(&one).by(&ann).json(&wrong).send().await.problem(422, "invalid");
    }
    create(&json!({})).await.problem(422, "invalid");
    let changed = json!({ "name": "Labs", "visibility": "private" });
    let changed = app.patch(&one).by(&ann).json(&changed).send().await.expect(200).body;
    assert_eq!((&changed["name"], &changed["visibility"]), (&json!("Labs"), &json!("private")));
    let seen = app.get(&format!("{one}?fields=name,version")).by(&ann).send().await.expect(200).body;
    assert_eq!(seen, json!({ "name": "Labs", "version": 2 }));
    let default = path(ACME, &format!("/{OPEN}/default"));
    assert_eq!(app.post(&default).by(&ann).send().await.expect(200).body["is_default"], true);
    let open = path(ACME, &format!("/{OPEN}"));
    app.delete(&open).by(&ann).send().await.problem(409, "default_workspace");
    app.delete(&one).by(&ann).send().await.expect(202);
    app.delete(&one).by(&ann).send().await.problem(409, "already_deleting");
    let listed = app.get(&path(ACME, "?limit=1")).by(&ann).send().await.expect(200).body;
    assert_eq!((names(&listed), &listed["total"]), (vec!["open"], &json!(1)));
    let mine = app.get("/api/v1/workspaces?sort=-name&search=O").by(&token_of(&app, VIC, "vic").await).send();
    assert_eq!(names(&mine.await.expect(200).body), ["open", "home"]);
    app.get(&path(ACME, "?sort=size")).by(&ann).send().await.problem(422, "invalid").field("sort");
}

// proves WSP-1, API-2
#[tokio::test]
async fn a_workspace_under_another_organizations_path_is_nowhere() {
    let app = TestApp::start().await;
    let (ann, gus) = (token_of_ann(&app).await, token_of(&app, GUS, "gus").await);
    let before = app.contents();
    for (by, org, id) in [
        (&ann, ACME, FAR),
        (&ann, GLOBEX, OPEN),
        (&ann, ACME, VAULT),
        (&ann, ACME, HOME),
        (&gus, GLOBEX, OPEN),
        (&gus, ACME, OPEN),
    ] {
        for (method, rest, body) in [
            ("GET", "", json!(null)),
            ("PATCH", "", json!({ "name": "Mine" })),
            ("DELETE", "", json!(null)),
            ("POST", "/default", json!(null)),
            ("POST", "/leave", json!(null)),
            ("GET", "/members", json!(null)),
            ("POST", "/members", json!({ "user_id": ANN, "role": "admin" })),
            ("DELETE", &format!("/members/{VIC}"), json!(null)),
            ("PATCH", &format!("/members/{VIC}"), json!({ "role": "admin" })),
            ("GET", "/shares", json!(null)),
            ("POST", "/shares", json!({ "grantee": "user", "email": "ann@example.com", "level": "editor" })),
            ("DELETE", &format!("/shares/{NOTHING}"), json!(null)),
        ] {
            let send = |id: &str| {
                let call = app.call(method, &path(org, &format!("/{id}{rest}"))).by(by);
                if body.is_null() { call } else { call.json(&body) }.send()
            };
            let real = send(id).await.problem(404, "not_found");
            assert_eq!(
                real.body,
                send(NOTHING).await.problem(404, "not_found").body,
                "{method} {org} {id}{rest}"
            );
        }
    }
    assert_eq!(app.contents(), before);
}

// proves WSP-1, PLN-1
#[tokio::test]
async fn the_last_workspace_of_a_plan_is_made_once() {
    let app = TestApp::start().await;
    let gus = token_of(&app, GUS, "gus").await;
    let create = |name: String| app.post(&path(GLOBEX, "")).by(&gus).json(&json!({ "name": name })).send();
    create("second".into()).await.expect(201);
    let replies = join_all((0..6).map(|number| create(format!("third {number}")))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.into_iter().filter(|reply| reply.status != 201) {
        let limit = reply.problem(409, "limit_reached").body["limit"].clone();
        let expected = json!({ "resource": "workspaces", "current": 3, "limit": 3, "plan": "starter" });
        assert_eq!(limit, expected);
    }
    assert_eq!(app.query(&format!("select count(*) from workspaces where org_id = '{GLOBEX}'")), "3");
}

// proves WSP-2
#[tokio::test]
async fn members_come_and_go_and_the_last_admin_stays() {
    let app = TestApp::start().await;
    let (ann, vic) = (token_of_ann(&app).await, token_of(&app, VIC, "vic").await);
    let made = json!({ "name": "Two", "visibility": "private" });
    let id = text(&app.post(&path(ACME, "")).by(&ann).json(&made).send().await.expect(201).body["id"]);
    let (members, leave) = (path(ACME, &format!("/{id}/members")), path(ACME, &format!("/{id}/leave")));
    let add = |user: &str, role: &str| {
        app.post(&members).by(&ann).json(&json!({ "user_id": user, "role": role })).send()
    };
    add(GUS, "viewer").await.problem(409, "not_a_member");
    add(NOTHING, "viewer").await.problem(409, "not_a_member");
    add(VIC, "owner").await.problem(422, "invalid").field("role");
    assert_eq!(add(VIC, "viewer").await.expect(201).body["email"], "vic@example.com");
    add(VIC, "admin").await.problem(409, "already_member");
    let listed = app.get(&members).by(&vic).send().await.expect(200).body;
    let ids: Vec<&Value> =
        listed["members"].as_array().unwrap().iter().map(|member| &member["user_id"]).collect();
    assert_eq!(ids, [ANN, VIC]);
    app.post(&leave).by(&ann).send().await.problem(409, "last_admin");
    let of_vic = format!("{members}/{VIC}");
    let role = |role: &str| json!({ "role": role });
    app.patch(&of_vic).by(&vic).json(&role("admin")).send().await.problem(403, "forbidden");
    app.patch(&format!("{members}/{NOTHING}"))
        .by(&ann)
        .json(&role("admin"))
        .send()
        .await
        .problem(404, "not_found");
    assert_eq!(
        app.patch(&of_vic).by(&ann).json(&role("admin")).send().await.expect(200).body["role"],
        "admin"
    );
    app.post(&leave).by(&ann).send().await.expect(204);
    app.get(&members).by(&ann).send().await.problem(404, "not_found");
    app.delete(&of_vic).by(&vic).send().await.problem(409, "last_admin");
    app.delete(&of_vic).by(&ann).send().await.problem(404, "not_found");
}

// proves RES-2
#[tokio::test]
async fn a_workspace_is_shared_and_the_body_names_one_grantee() {
    let app = TestApp::start().await;
    let (ann, gus) = (token_of_ann(&app).await, token_of(&app, GUS, "gus").await);
    let shares = path(ACME, &format!("/{OPEN}/shares"));
    let share = |body: Value| app.post(&shares).by(&ann).json(&body).send();
    let open = |by: &str| -> Call { app.get(&path(ACME, &format!("/{OPEN}"))).by(by) };
    open(&gus).send().await.problem(404, "not_found");
    for wrong in [
        json!({ "grantee": "user", "level": "viewer" }),
        json!({ "grantee": "user", "email": "gus@example.com", "user_id": GUS, "level": "viewer" }),
        json!({ "grantee": "organization", "email": "gus@example.com", "level": "viewer" }),
        json!({ "grantee": "platform", "org_id": GLOBEX, "level": "viewer" }),
        json!({ "grantee": "workspace", "level": "viewer" }),
    ] {
        share(wrong).await.problem(422, "invalid").field("grantee");
    }
    let email = |email: &str| json!({ "grantee": "user", "email": email, "level": "editor" });
    share(email("nobody@example.com")).await.problem(422, "invalid").field("email");
    share(json!({ "grantee": "organization", "org_slug": "nope", "level": "viewer" }))
        .await
        .problem(422, "invalid")
        .field("org_slug");
    let made = share(json!({ "grantee": "organization", "org_slug": "globex", "level": "viewer" }))
        .await
        .expect(201);
    assert_eq!((&made.body["org_id"], &made.body["name"]), (&json!(GLOBEX), &json!("globex")));
    assert_eq!(open(&gus).send().await.expect(200).body["name"], "open");
    let mine = app.get("/api/v1/workspaces").by(&gus).send().await.expect(200).body;
    assert_eq!(names(&mine), ["far", "open"]);
    let one = format!("{shares}/{}", text(&made.body["id"]));
    app.delete(&one).by(&gus).send().await.problem(403, "forbidden");
    app.delete(&one).by(&ann).send().await.expect(204);
    open(&gus).send().await.problem(404, "not_found");
    share(email("gus@example.com")).await.expect(201);
    assert_eq!(app.get(&shares).by(&ann).send().await.expect(200).body["total"], 1);
}
