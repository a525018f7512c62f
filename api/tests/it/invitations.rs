//! Invitations over HTTP.

use serde_json::{Value, json};
use tenancy::{Caller, InvitationId, OrgId, org_action as org};

use crate::auth::{PASSWORD, login};
use crate::me::token_of_ann;
use crate::support::{Reply, TestApp, text};
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, NOTHING, OPEN, VIC};

fn path() -> String {
    format!("/api/v1/orgs/{ACME}/invitations")
}

/// The token in the mail of an invitation, as the worker would write it.
pub(crate) async fn token(app: &TestApp, id: &str) -> String {
    let of = |field: &str| app.query(&format!("select {field} from invitations where id = '{id}'"));
    let (org_id, sent) = (OrgId(of("org_id").parse().unwrap()), of("sent").parse().unwrap());
    let mut tx = app.db.begin(tenancy::Request::default()).await.unwrap();
    let allowed = tx.authorize::<org::Mail>(&Caller::Worker, org_id).await.unwrap();
    let id = InvitationId(id.parse().unwrap());
    let mail = tenancy::invitation::to_be_mailed(&mut tx, &allowed, id, sent).await.unwrap().unwrap();
    mail.token.reveal().to_owned()
}

/// Ann, Acme's admin, invites somebody as a member; gives the id and the token.
pub(crate) async fn invited(app: &TestApp, email: &str) -> (String, String) {
    let ann = token_of_ann(app).await;
    let body = json!({ "email": email, "role": "member", "workspace_id": OPEN });
    let made = app.post(&path()).by(&ann).json(&body).send().await.expect(201);
    let id = text(&made.body["id"]);
    let token = token(app, &id).await;
    (id, token)
}

/// Somebody who was brought in gets Ann's password, and signs in.
pub(crate) async fn token_of(app: &TestApp, id: &str) -> String {
    token_of_ann(app).await;
    app.query(&format!(
        "insert into passwords select '{id}', hash, changed_at from passwords where user_id = '{ANN}'
         on conflict do nothing"
    ));
    let email = app.query(&format!("select email from users where id = '{id}'"));
    text(&login(app, &email).await.expect(200).body["access_token"])
}

async fn register(app: &TestApp, token: &str, more: Value) -> Reply {
    let mut body = json!({ "name": "Nora", "password": PASSWORD });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post(&format!("/api/v1/invitations/{token}/register")).json(&body).send().await
}

// proves INV-1, INV-2, INV-3
#[tokio::test]
async fn somebody_with_an_account_is_invited_looks_and_accepts() {
    let app = TestApp::start().await;
    let (id, link) = invited(&app, "GUS@example.com").await;
    let open = format!("/api/v1/invitations/{link}");
    let view = app.get(&open).send().await.expect(200);
    assert_eq!(
        (&view.body["organization"], &view.body["inviter"], &view.body["workspace"], &view.body["email"]),
        (&json!("acme"), &json!("ann"), &json!("open"), &json!("G…@example.com"))
    );
    assert_eq!((&view.body["state"], &view.body["has_account"]), (&json!("pending"), &json!(true)));
    assert!(!view.text.contains(&id) && !view.text.contains(ACME), "{}", view.text);

    let accept = format!("{open}/accept");
    app.post(&accept).send().await.problem(401, "unauthenticated");
    let key = app.org_key(ACME).await;
    app.post(&accept).by(&key).send().await.problem(403, "not_a_person");
    let vic = token_of(&app, VIC).await;
    app.post(&accept).by(&vic).send().await.problem(403, "email_mismatch");
    let gus = token_of(&app, GUS).await;
    let joined = app.post(&accept).by(&gus).send().await.expect(200);
    assert_eq!((&joined.body["org_id"], &joined.body["role"]), (&json!(ACME), &json!("member")));
    assert_eq!(
        (&joined.body["workspace_id"], &joined.body["workspace_role"]),
        (&json!(OPEN), &json!("viewer"))
    );
    assert!(joined.header("doorward-revision").is_some());
    app.post(&accept).by(&gus).send().await.problem(410, "gone");
    assert_eq!(app.get(&open).send().await.expect(200).body["state"], "accepted");
    let ann = token_of_ann(&app).await;
    app.delete(&format!("{}/{id}", path())).by(&ann).send().await.problem(409, "invitation_ended");
    let again = json!({ "email": "gus@example.com", "role": "member" });
    app.post(&path()).by(&ann).json(&again).send().await.problem(409, "already_member");
}

// proves INV-3
#[tokio::test]
async fn somebody_without_an_account_opens_one_with_the_invitation_and_is_signed_in() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "nora@example.com").await;
    register(&app, &link, json!({ "role": "owner" })).await.problem(422, "invalid");
    register(&app, &link, json!({ "password": "acme for ever" }))
        .await
        .problem(422, "invalid")
        .field("password");
    let taken = register(&app, &link, json!({ "locale": "fr" })).await.expect(201);
    assert_eq!(taken.body["user"]["status"], "pending");
    assert_eq!(
        (&taken.body["user"]["email_verified"], &taken.body["user"]["locale"]),
        (&json!(true), &json!("fr"))
    );
    assert_eq!(taken.body["membership"]["org_id"], ACME);
    let access = text(&taken.body["tokens"]["access_token"]);
    let me = app.get("/api/v1/me").by(&access).send().await.expect(200);
    assert_eq!(me.body["id"], taken.body["user"]["id"]);
    register(&app, &link, json!({})).await.problem(410, "gone");
    let (_, other) = invited(&app, "gus@example.com").await;
    register(&app, &other, json!({})).await.problem(409, "account_exists");
}

// proves INV-3, AUT-2
#[tokio::test]
async fn a_browser_gets_the_tokens_of_its_new_account_as_cookies() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "nora@example.com").await;
    let body = json!({ "name": "Nora", "password": PASSWORD, "delivery": "cookie" });
    let post = || app.post(&format!("/api/v1/invitations/{link}/register")).json(&body);
    post().send().await.problem(403, "cross_origin");
    let taken = post().header("origin", "http://127.0.0.1:8080").send().await.expect(201);
    assert!(taken.body["tokens"]["access_token"].is_null(), "{}", taken.text);
    assert_eq!(taken.headers.get_all("set-cookie").iter().count(), 2);
}

// proves API-2
#[tokio::test]
async fn accounts_that_are_opened_with_invitations_are_throttled_as_others() {
    let app = TestApp::setup().setting("DOORWARD_REGISTER_PER_IP", "2/1h").start().await;
    // Ann's password was registered too.
    let (_, link) = invited(&app, "nora@example.com").await;
    register(&app, &link, json!({ "password": "short" })).await.problem(422, "invalid");
    register(&app, &link, json!({})).await.problem(429, "too_many_requests");
    assert_eq!(app.query("select count(*) from users where email = 'nora@example.com'"), "0");
}

// proves INV-2, INV-4
#[tokio::test]
async fn a_token_that_was_replaced_is_as_unknown_as_one_that_never_was() {
    let app = TestApp::start().await;
    let (id, old) = invited(&app, "gus@example.com").await;
    let (ann, gus) = (token_of_ann(&app).await, token_of(&app, GUS).await);
    let sent = app.post(&format!("{}/{id}/resend", path())).by(&ann).send().await.expect(200);
    assert_eq!(sent.body["sent"], 2);
    let unknown = format!("dwi_{:A<43}", "");
    for dead in [&*old, &unknown, "dwi_short", "dwl_", "x", &old.to_uppercase(), &"x".repeat(10_000), "%00"] {
        let open = format!("/api/v1/invitations/{dead}");
        let view = app.get(&open).send().await.problem(404, "not_found");
        assert_eq!(view.body["detail"], "there is no such invitation");
        app.post(&format!("{open}/accept")).by(&gus).send().await.problem(404, "not_found");
        register(&app, dead, json!({})).await.problem(404, "not_found");
    }
    let new = token(&app, &id).await;
    app.delete(&format!("{}/{id}", path())).by(&ann).send().await.expect(204);
    app.delete(&format!("{}/{id}", path())).by(&ann).send().await.expect(204);
    assert_eq!(
        app.get(&format!("/api/v1/invitations/{new}")).send().await.expect(200).body["state"],
        "revoked"
    );
    app.post(&format!("/api/v1/invitations/{new}/accept")).by(&gus).send().await.problem(410, "gone");
    app.post(&format!("{}/{id}/resend", path())).by(&ann).send().await.problem(409, "invitation_ended");
}

// proves INV-1, API-2, API-4
#[tokio::test]
async fn what_is_wrong_with_an_invitation_is_named() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let before = app.contents();
    let long = format!("{}@example.com", "x".repeat(10_000));
    for (wrong, field) in [
        (json!({ "email": "a\u{0}@example.com" }), "email"),
        (json!({ "email": "a\u{202e}b@example.com" }), "email"),
        (json!({ "email": long }), "email"),
        (json!({ "email": "a@example.com\r\nBcc: x@example.com" }), "email"),
        (json!({ "role": "guest" }), "role"),
        (json!({ "days": 0 }), "days"),
        (json!({ "days": 31 }), "days"),
        (json!({ "days": 300 }), "days"),
        (json!({ "locale": "de" }), "locale"),
        (json!({ "workspace_role": "admin" }), "workspace_role"),
        (json!({ "plan": "enterprise" }), "plan"),
    ] {
        let mut body = json!({ "email": "nora@example.com", "role": "member" });
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        app.post(&path()).by(&ann).json(&body).send().await.problem(422, "invalid").field(field);
    }
    for (body, status, code) in [
        (json!({ "email": "n@example.com", "role": "owner" }), 403, "forbidden"),
        (json!({ "email": "n@example.com", "role": "member", "workspace_id": FAR }), 404, "not_found"),
        (json!({ "email": "n@example.com", "role": "member", "workspace_id": NOTHING }), 404, "not_found"),
    ] {
        app.post(&path()).by(&ann).json(&body).send().await.problem(status, code);
    }
    assert_eq!(app.contents(), before);
}

// proves INV-1
#[tokio::test]
async fn rows_of_a_bulk_are_read_and_answered_one_by_one() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let bulk = format!("{}/bulk", path());
    let rows = json!({ "invitations": [
        { "email": "a@example.com", "role": "member" },
        { "email": "no address", "role": "member" },
        { "email": "b@example.com", "role": "owner" },
        { "email": "A@example.com", "role": "admin", "days": 1 },
        "c@example.com",
        { "email": "c@example.com", "role": "member", "platform_role": "admin" },
        { "email": "d@example.com", "role": "admin" },
    ] });
    let done = app.post(&bulk).by(&ann).json(&rows).send().await.expect(200);
    let results = done.body["results"].as_array().unwrap();
    let told: Vec<String> = results
        .iter()
        .map(|row| match &row["problem"] {
            Value::Null => format!("{} {}", text(&row["status"]), text(&row["invitation"]["email"])),
            problem => format!("{} {}", text(&row["status"]), text(&problem["code"])),
        })
        .collect();
    let expected = [
        "created a@example.com",
        "failed invalid",
        "failed forbidden",
        "failed already_invited",
        "failed invalid",
        "failed invalid",
        "created d@example.com",
    ];
    assert_eq!(told, expected, "{}", done.text);
    assert_eq!(results[1]["problem"]["fields"][0]["field"], "email");
    assert_eq!(results[5]["problem"]["fields"][0]["field"], "platform_role");
    let many: Vec<Value> =
        (0..51).map(|n| json!({ "email": format!("n{n}@example.com"), "role": "member" })).collect();
    for bad in [json!({ "invitations": many }), json!({ "invitations": [] })] {
        app.post(&bulk).by(&ann).json(&bad).send().await.problem(422, "invalid").field("invitations");
    }
    let list = app.get(&format!("{}?sort=email&search=EXAMPLE", path())).by(&ann).send().await.expect(200);
    assert_eq!(list.body["total"], 2);
    let narrow =
        app.get(&format!("{}?state=pending&fields=email&sort=-email&limit=1", path())).by(&ann).send().await;
    assert_eq!(narrow.expect(200).body["invitations"], json!([{ "email": "d@example.com" }]));
    app.get(&format!("{}?state=open", path())).by(&ann).send().await.problem(422, "invalid").field("state");
}

// proves API-2
#[tokio::test]
async fn the_invitations_of_another_organization_are_not_there() {
    let app = TestApp::start().await;
    let (id, _) = invited(&app, "nora@example.com").await;
    let gus = token_of(&app, GUS).await;
    let before = app.contents();
    let of = |org: &str| format!("/api/v1/orgs/{org}/invitations");
    let mut answers = vec![];
    for (org, id) in [(ACME, &*id), (NOTHING, &*id), (NOTHING, NOTHING)] {
        let (list, one) = (of(org), format!("{}/{id}", of(org)));
        let body = json!({ "email": "x@example.com", "role": "member" });
        answers.push([
            app.get(&list).by(&gus).send().await.problem(404, "not_found").text,
            app.post(&list).by(&gus).json(&body).send().await.problem(404, "not_found").text,
            app.post(&format!("{one}/resend")).by(&gus).send().await.problem(404, "not_found").text,
            app.delete(&one).by(&gus).send().await.problem(404, "not_found").text,
        ]);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    for id in [&*id, NOTHING] {
        let one = format!("{}/{id}", of(GLOBEX));
        let gone = app.delete(&one).by(&gus).send().await.problem(404, "not_found");
        assert_eq!(gone.body["detail"], "there is no such invitation");
    }
    app.get(&of("current")).by(&gus).send().await.problem(409, "no_current_organization");
    assert_eq!(app.contents(), before);
}

// proves ASVS 16.2.5
#[tokio::test]
async fn a_token_in_a_path_is_in_no_log_and_no_figure() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "gus@example.com").await;
    let gus = token_of(&app, GUS).await;
    let log = crate::pages::logged::Log::default();
    let guard = log.listen();
    app.get(&format!("/api/v1/invitations/{link}")).send().await.expect(200);
    app.get(&format!("/invitation?token={link}")).send().await.expect(200);
    app.post(&format!("/api/v1/invitations/{link}/accept")).by(&gus).send().await.expect(200);
    drop(guard);
    let log = log.text();
    assert!(log.contains("/api/v1/invitations/{token}"), "{log}");
    assert!(!log.contains(&link) && !log.contains("dwi_"), "{log}");
    let figures = app.get("/metrics").send().await.expect(200).text;
    assert!(!figures.contains("dwi_"));
    assert!(!app.contents().contains(&link));
}
