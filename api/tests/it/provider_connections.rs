//! Connections to providers, on a real S3 server and real HTTP servers that are not what they say.

use harness::s3::{ACCESS_KEY, Fault, SECRET_KEY};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::me::{token_of, token_of_ann};
use crate::support::{Reply, TestApp, text};
use crate::world::{ACME, GLOBEX, GUS, VIC};

const MINE: &str = "/api/v1/me/connections";

fn acmes() -> String {
    format!("/api/v1/orgs/{ACME}/connections")
}

/// A Doorward whose connections may go to this machine.
pub(crate) async fn start() -> TestApp {
    let app = TestApp::setup().setting("DOORWARD_CONNECTION_NETWORKS", "127.0.0.0/8,::1/128").start().await;
    // What is signed is looked at by a server that has the time of the machine.
    app.clock.set(runtime::Clock::system().now());
    app
}

/// A connection to a bucket of the harness.
pub(crate) fn bucket(server: &harness::S3, name: &str, bucket: &str) -> Value {
    json!({
        "name": name, "provider": "s3",
        "settings": { "endpoint": format!("http://{}", server.address()), "bucket": bucket },
        "credentials": { "access_key": ACCESS_KEY, "secret_key": SECRET_KEY },
    })
}

async fn create(app: &TestApp, token: &str, path: &str, body: &Value) -> String {
    text(&app.post(path).by(token).json(body).send().await.expect(201).body["id"])
}

/// Answers everything with these bytes, and tells what it was sent.
async fn answering(with: &'static str) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap_or_default();
            let _ = tell.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            let _ = stream.write_all(with.as_bytes()).await;
        }
    });
    (address, heard)
}

// proves CON-1
#[tokio::test]
async fn a_connection_is_made_tested_changed_rotated_and_deleted() {
    let (app, server) = (start().await, harness::S3::start().unwrap());
    let ann = token_of_ann(&app).await;
    let made =
        app.post(&acmes()).by(&ann).json(&bucket(&server, "Archive", "plain")).send().await.expect(201);
    let path = format!("{}/{}", acmes(), text(&made.body["id"]));
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!((&made.body["category"], &made.body["tested_at"]), (&json!("object_storage"), &Value::Null));
    assert_eq!(made.body["settings"]["region"], "us-east-1", "what was not said has its default");
    app.post(&acmes())
        .by(&ann)
        .json(&bucket(&server, "ARCHIVE", "plain"))
        .send()
        .await
        .problem(422, "invalid")
        .field("name");

    let tested = app.post(&format!("{path}/test")).by(&ann).send().await.expect(200);
    assert_eq!(tested.body, json!({ "ok": true, "error": null, "detail": null }));
    assert!(server.items("plain", "").is_empty(), "a test leaves nothing");

    let etag = app.get(&path).by(&ann).send().await.expect(200).header("etag").unwrap().to_owned();
    let renamed = json!({ "name": "Vault" });
    let patch = async |tag: &str, body: &Value| {
        app.patch(&path).by(&ann).header("if-match", tag).json(body).send().await
    };
    assert_eq!(patch(&etag, &renamed).await.expect(200).body["name"], "Vault");
    patch(&etag, &renamed).await.problem(412, "precondition_failed");
    // Credentials are not sent to another address than they were given for.
    patch("*", &json!({ "settings": { "endpoint": "https://s3.example.com" } }))
        .await
        .problem(409, "credentials_wanted");
    patch("*", &json!({ "settings": { "colour": "red" } }))
        .await
        .problem(422, "invalid")
        .field("settings.colour");

    let credentials = format!("{path}/credentials");
    let give = async |path: &str, secret: &str| {
        let body = json!({ "credentials": { "access_key": ACCESS_KEY, "secret_key": secret } });
        app.put(path).by(&ann).json(&body).send().await
    };
    give(&credentials, "wrong").await.problem(409, "test_failed");
    assert_eq!(
        app.post(&format!("{path}/test")).by(&ann).send().await.body["ok"],
        true,
        "nothing was changed"
    );
    give(&format!("{credentials}?test=false"), "wrong").await.expect(200);
    let failed = app.post(&format!("{path}/test")).by(&ann).send().await.expect(200);
    assert_eq!((&failed.body["ok"], &failed.body["error"]), (&json!(false), &json!("credentials_refused")));
    let seen = app.get(&path).by(&ann).send().await.expect(200);
    assert_eq!(seen.body["test_error"], "credentials_refused");
    assert_eq!(give(&credentials, SECRET_KEY).await.expect(200).body["test_error"], Value::Null);

    let listed = app.get(&format!("{}?category=ai", acmes())).by(&ann).send().await.expect(200);
    assert_eq!(listed.body["total"], 0);
    let listed = app.get(&format!("{}?provider=s3&fields=name", acmes())).by(&ann).send().await.expect(200);
    assert_eq!(listed.body["connections"], json!([{ "name": "Vault" }]));
    app.delete(&path).by(&ann).send().await.expect(204);
    app.get(&path).by(&ann).send().await.problem(404, "not_found");
}

// proves CON-1
#[tokio::test]
async fn an_organizations_connections_are_managed_by_its_admins_and_hidden_from_others() {
    let (app, server) = (start().await, harness::S3::start().unwrap());
    let ann = token_of_ann(&app).await;
    let vic = token_of(&app, VIC, "vic@example.com").await;
    let gus = token_of(&app, GUS, "gus@example.com").await;
    let body = bucket(&server, "Archive", "plain");
    let path = format!("{}/{}", acmes(), create(&app, &ann, &acmes(), &body).await);
    app.get(&path).by(&vic).send().await.expect(200);
    app.post(&acmes()).by(&vic).json(&body).send().await.problem(403, "forbidden");
    app.post(&format!("{path}/test")).by(&vic).send().await.problem(403, "forbidden");
    app.delete(&path).by(&vic).send().await.problem(403, "forbidden");
    let elsewhere = path.replace(ACME, GLOBEX);
    for (who, at) in [(&gus, &path), (&gus, &elsewhere), (&ann, &elsewhere)] {
        app.get(at).by(who).send().await.problem(404, "not_found");
        app.delete(at).by(who).send().await.problem(404, "not_found");
        app.post(&format!("{at}/test")).by(who).send().await.problem(404, "not_found");
    }
    let own = format!("{MINE}/{}", create(&app, &vic, MINE, &body).await);
    app.get(&own).by(&vic).send().await.expect(200);
    app.get(&own).by(&ann).send().await.problem(404, "not_found");
    app.get(&path.replace(&acmes(), MINE)).by(&ann).send().await.problem(404, "not_found");
}

// proves CON-1
#[tokio::test]
async fn no_connection_reaches_what_only_we_can_reach() {
    // Without an exception for this machine.
    let app = TestApp::start().await;
    let vic = token_of(&app, VIC, "vic@example.com").await;
    let ai = |name: &str, base_url: &str| json!({ "name": name, "provider": "openai", "settings": { "base_url": base_url }, "credentials": { "api_key": "k" } });
    for address in [
        "http://127.0.0.1:5432",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1",
        "http://192.168.1.1",
        "http://0.0.0.0",
        "http://2130706433",
        "http://0x7f.1",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:169.254.169.254]",
        "http://[fe80::1]",
        "http://[fd00:ec2::254]",
        "http://[64:ff9b::7f00:1]",
        "http://[2002:7f00:1::]",
        "http://user:pass@example.com",
        "file:///etc/passwd",
        "gopher://example.com",
    ] {
        let reply = app.post(MINE).by(&vic).json(&ai("x", address)).send().await;
        reply.problem(422, "invalid").field("settings.base_url");
    }
    // Names are looked at when they are resolved.
    for (name, address) in [("a", "http://localhost:1"), ("b", "http://s3.localhost:1")] {
        let id = create(&app, &vic, MINE, &ai(name, address)).await;
        let tested = app.post(&format!("{MINE}/{id}/test")).by(&vic).send().await.expect(200);
        assert_eq!(tested.body["error"], "address_not_allowed", "{address}");
    }
}

// proves CON-1
#[tokio::test]
async fn a_test_follows_no_redirect_and_repeats_nothing_of_what_it_is_told() {
    let app = start().await;
    let vic = token_of(&app, VIC, "vic@example.com").await;
    let (target, mut heard) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {target}/stolen\r\ncontent-length: 0\r\n\r\n");
    let (redirecting, _) = answering(redirect.leak()).await;
    let (talking, mut asked) = answering("HTTP/1.1 401 Nope\r\ncontent-length: 12\r\n\r\nroot:x:0:0:r").await;
    let cases = [
        ("redirecting", &redirecting, "unexpected_answer"),
        ("talking", &talking, "credentials_refused"),
        ("silent", &"http://127.0.0.1:1".to_owned(), "unavailable"),
    ];
    for (name, address, error) in cases {
        let body = json!({
            "name": name, "provider": "anthropic", "settings": { "base_url": format!("{address}/v1") },
            "credentials": { "api_key": "hush-hush" },
        });
        let id = create(&app, &vic, MINE, &body).await;
        let tested = app.post(&format!("{MINE}/{id}/test")).by(&vic).send().await.expect(200);
        assert_eq!((&tested.body["ok"], &tested.body["error"]), (&json!(false), &json!(error)), "{name}");
        assert!(!tested.text.contains("root:"), "{}", tested.text);
    }
    let request = asked.recv().await.unwrap().to_lowercase();
    assert!(
        request.starts_with("get /v1/models http/1.1") && request.contains("x-api-key: hush-hush"),
        "{request}"
    );
    assert!(heard.try_recv().is_err(), "the redirect was followed");
}

// proves CON-1
#[tokio::test]
async fn no_credential_is_in_any_answer_audit_entry_or_table() {
    let (app, server) = (start().await, harness::S3::start().unwrap());
    let ann = token_of_ann(&app).await;
    let path =
        format!("{}/{}", acmes(), create(&app, &ann, &acmes(), &bucket(&server, "Archive", "plain")).await);
    let mut replies: Vec<Reply> = vec![
        app.get(&path).by(&ann).send().await.expect(200),
        app.get(&acmes()).by(&ann).send().await.expect(200),
        app.post(&format!("{path}/test")).by(&ann).send().await.expect(200),
        app.get("/api/v1/providers/config-status").by(&ann).send().await.expect(200),
        app.get(&format!("/api/v1/orgs/{ACME}/audit")).by(&ann).send().await.expect(200),
    ];
    let body = json!({ "credentials": { "access_key": ACCESS_KEY, "secret_key": format!("{SECRET_KEY} ") } });
    replies.push(app.put(&format!("{path}/credentials")).by(&ann).json(&body).send().await.expect(422));
    let body = json!({ "credentials": { "access_key": ACCESS_KEY, "secret_key": SECRET_KEY } });
    replies.push(app.put(&format!("{path}/credentials")).by(&ann).json(&body).send().await.expect(200));
    replies.push(app.delete(&path).by(&ann).send().await.expect(204));
    for reply in &replies {
        assert!(!reply.text.contains(SECRET_KEY) && !reply.text.contains(ACCESS_KEY), "{}", reply.text);
    }
    let entries = app.query("select count(*) from audit_details where details like '%secret_key%'");
    assert_ne!(entries, "0", "it is noted which credentials were given");
    let all = app.contents();
    assert!(all.contains("secret_key") && !all.contains(SECRET_KEY) && !all.contains(ACCESS_KEY));
}

// proves CON-1, PRG-5
#[tokio::test]
async fn credentials_that_cannot_be_opened_any_more_are_said_to_be_so() {
    let (app, server) = (start().await, harness::S3::start().unwrap());
    let vic = token_of(&app, VIC, "vic@example.com").await;
    let id = create(&app, &vic, MINE, &bucket(&server, "Archive", "plain")).await;
    let path = format!("{MINE}/{id}");
    app.query(&format!("update connections set sealed = '\\x00' where id = '{id}' returning 1"));
    let tested = app.post(&format!("{path}/test")).by(&vic).send().await.expect(200);
    assert_eq!(tested.body["error"], "credentials_unreadable");
    let document = json!({
        "name": "a", "content_type": "text/plain", "size": 0, "connection_id": id,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    });
    let home = format!("/api/v1/workspaces/{}/documents", crate::world::HOME);
    app.post(&home).by(&vic).json(&document).send().await.problem(409, "credentials_unreadable");
    // A rotation counts it and leaves it; the key that sealed it stays with it.
    let rotated = app.operator("POST", "/api/v1/admin/encryption-keys/rotate").send().await.expect(200).body;
    assert_eq!((&rotated["unreadable"], &rotated["remaining"]), (&json!([id]), &json!(1)));
    app.get(&path).by(&vic).send().await.expect(200);
    let body = json!({ "credentials": { "access_key": ACCESS_KEY, "secret_key": SECRET_KEY } });
    app.put(&format!("{path}/credentials")).by(&vic).json(&body).send().await.expect(200);
    assert_eq!(app.post(&format!("{path}/test")).by(&vic).send().await.body["ok"], true);
}

// proves CON-1
#[tokio::test]
async fn a_rotation_seals_everything_anew_while_connections_are_made() {
    let (app, server) = (start().await, harness::S3::start().unwrap());
    let vic = token_of(&app, VIC, "vic@example.com").await;
    for number in 0..5 {
        create(&app, &vic, MINE, &bucket(&server, &format!("old {number}"), "plain")).await;
    }
    let before = app.query("select id from encryption_keys");
    let rotation = async || {
        let path = "/api/v1/admin/encryption-keys/rotate";
        let mut body = json!({});
        loop {
            let reply = app.operator("POST", path).json(&body).send().await;
            if reply.status == 409 {
                reply.problem(409, "superseded");
                return;
            }
            let progress = reply.expect(200).body;
            if progress["after"].is_null() {
                return;
            }
            body = json!({ "key_id": progress["key_id"], "after": progress["after"] });
        }
    };
    let making = async || {
        for number in 0..5 {
            create(&app, &vic, MINE, &bucket(&server, &format!("new {number}"), "plain")).await;
        }
    };
    tokio::join!(rotation(), making(), rotation());
    rotation().await;
    let left = app.query("select count(distinct encryption_key_id) || ' ' || (select count(*) from encryption_keys) from connections");
    assert_eq!(left, "1 1", "keys that seal nothing are gone");
    assert_eq!(app.query(&format!("select count(*) from encryption_keys where id = '{before}'")), "0");
    let all = app.get(&format!("{MINE}?limit=100")).by(&vic).send().await.expect(200).body;
    assert_eq!(all["total"], 10);
    for connection in all["connections"].as_array().unwrap() {
        let path = format!("{MINE}/{}/test", text(&connection["id"]));
        assert_eq!(app.post(&path).by(&vic).send().await.expect(200).body["ok"], true);
    }
}

// proves CON-2
#[tokio::test]
async fn what_is_configured_and_what_is_missing_is_told_of_where_one_works() {
    let (app, server) = (start().await, harness::S3::start().unwrap());
    let ann = token_of_ann(&app).await;
    let status = async |token: &str| {
        app.get("/api/v1/providers/config-status").by(token).send().await.expect(200).body
    };
    assert_eq!(status(&ann).await["missing"], json!(["ai", "compute"]));
    let id = create(&app, &ann, &acmes(), &bucket(&server, "Archive", "plain")).await;
    server.faults().on("PutObject", Fault::Status(503));
    app.post(&format!("{}/{id}/test", acmes())).by(&ann).send().await.expect(200);
    let of_s3 = |status: &Value| status["categories"][0]["providers"][0].clone();
    assert_eq!(of_s3(&status(&ann).await)["connections"], json!([]), "her own, of which she has none");
    let body = json!({ "org_id": ACME });
    let switched = app.post("/api/v1/switch/organization").by(&ann).json(&body).send().await.expect(200);
    let ann = text(&switched.body["access_token"]);
    let seen = status(&ann).await;
    assert_eq!((&seen["org_id"], &of_s3(&seen)["configured"]), (&json!(ACME), &json!(true)));
    assert_eq!(of_s3(&seen)["connections"][0]["test_error"], "unavailable");
}
