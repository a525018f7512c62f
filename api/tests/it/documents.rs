//! Documents, in a folder and in buckets of a real S3 server, which is sent to by plain HTTP.

use futures::SinkExt as _;
use harness::S3;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::me::{token_of, token_of_ann};
use crate::provider_connections::bucket;
use crate::support::{Reply, TestApp, text};
use crate::world::{ACME, ANN, FAR, GUS, HOME, OPEN, VAULT, VIC};

fn documents(workspace: &str) -> String {
    format!("/api/v1/workspaces/{workspace}/documents")
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn about(name: &str, bytes: &[u8]) -> Value {
    json!({ "name": name, "content_type": "text/plain", "size": bytes.len(), "sha256": hex(bytes) })
}

/// A Doorward with the time of the machine, on a folder, or on a bucket.
async fn start(s3_url: Option<&str>) -> TestApp {
    let setup = TestApp::setup().setting("DOORWARD_CONNECTION_NETWORKS", "127.0.0.0/8,::1/128");
    let setup = match s3_url {
        Some(url) => setup.setting("S3_URL", url),
        None => setup,
    };
    let app = setup.start().await;
    app.clock.set(runtime::Clock::system().now());
    app
}

async fn announce(app: &TestApp, token: &str, workspace: &str, body: &Value) -> Reply {
    app.post(&documents(workspace)).by(token).json(body).send().await
}

/// A client that finds the buckets that have hosts of their own, on this machine.
fn client(url: &str) -> reqwest::Client {
    let host = url.split('/').nth(2).unwrap().split(':').next().unwrap();
    let here = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    reqwest::Client::builder().no_proxy().resolve(host, here).build().unwrap()
}

/// Sends bytes as the answer to an announcement says; an address of ours is that of this Doorward.
async fn send(app: &TestApp, address: &Value, bytes: &[u8]) -> reqwest::Response {
    let url = text(&address["url"]);
    let url = match url.find("/api/v1/") {
        Some(at) => format!("{}{}", app.base, &url[at..]),
        None => url,
    };
    let mut request = client(&url).request(text(&address["method"]).parse().unwrap(), url);
    for (name, value) in address["headers"].as_object().unwrap() {
        // That of a body is set by itself, unless there is nothing in it.
        if name != "content-length" || bytes.is_empty() {
            request = request.header(name, text(value));
        }
    }
    request.body(bytes.to_vec()).send().await.unwrap()
}

/// What an address of ours or of a store gives.
async fn fetch(app: &TestApp, token: &str, path: &str) -> (Vec<u8>, String) {
    let url = text(&app.post(&format!("{path}/download")).by(token).send().await.expect(200).body["url"]);
    let url = url.find("/api/v1/").map_or(url.clone(), |at| format!("{}{}", app.base, &url[at..]));
    let response = client(&url).get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let shown = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    (response.bytes().await.unwrap().to_vec(), shown)
}

async fn used(app: &TestApp, token: &str) -> i64 {
    app.get("/api/v1/me/quota").by(token).send().await.expect(200).body["used_bytes"].as_i64().unwrap()
}

/// Up and down, on whatever store there is.
async fn round_trip(app: &TestApp, connection: Option<&str>) {
    let ann = token_of_ann(app).await;
    for bytes in [&b""[..], b"minutes"] {
        let mut body = about("Größe.txt", bytes);
        body["connection_id"] = json!(connection);
        let made = announce(app, &ann, OPEN, &body).await.expect(201);
        let path = format!("{}/{}", documents(OPEN), text(&made.body["id"]));
        assert_eq!((made.header("location"), &made.body["state"]), (Some(&*path), &json!("uploading")));
        let complete = format!("{path}/complete");
        app.post(&complete).by(&ann).send().await.problem(409, "not_uploaded");
        app.get(&format!("{path}/content")).by(&ann).send().await.problem(409, "not_ready");
        let sent = send(app, &made.body["upload"], bytes).await;
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
        let ready = app.post(&complete).by(&ann).send().await.expect(200);
        assert_eq!(ready.body["state"], "ready");
        assert_eq!(app.post(&complete).by(&ann).send().await.expect(200).body, ready.body, "again");

        let content = app.get(&format!("{path}/content")).by(&ann).send().await.expect(200);
        assert_eq!(content.text.as_bytes(), bytes);
        let shown = "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt";
        let headers = ["content-type", "content-disposition", "x-content-type-options"];
        let told = headers.map(|name| content.header(name).unwrap());
        assert_eq!(told, ["text/plain", shown, "nosniff"]);
        assert_eq!(fetch(app, &ann, &path).await, (bytes.to_vec(), shown.to_owned()));
    }
    assert_eq!(used(app, &ann).await, 7);
    let usage = app.get(&format!("/api/v1/orgs/{ACME}/usage")).by(&ann).send().await.expect(200);
    assert_eq!(usage.body["items"]["storage_bytes"]["current"], 7);
}

// proves DOC-1
#[tokio::test]
async fn a_document_goes_into_a_folder_and_comes_back() {
    round_trip(&start(None).await, None).await;
}

// proves DOC-1
#[tokio::test]
async fn a_document_goes_into_a_bucket_and_comes_back() {
    let server = S3::start().unwrap();
    let app = start(Some(&server.url("versioned"))).await;
    round_trip(&app, None).await;
    assert!(server.items("versioned", &format!("workspaces/{OPEN}/documents/")).len() == 2);
}

// proves DOC-1
#[tokio::test]
async fn a_document_goes_into_a_bucket_of_a_host_of_its_own_and_comes_back() {
    let server = S3::start().unwrap();
    round_trip(&start(Some(&server.virtual_host_url("plain"))).await, None).await;
}

// proves DOC-1, CON-1
#[tokio::test]
async fn a_document_goes_through_a_connection_which_is_in_use_then() {
    let (app, server) = (start(None).await, S3::start().unwrap());
    let ann = token_of_ann(&app).await;
    let connections = format!("/api/v1/orgs/{ACME}/connections");
    let mut body = bucket(&server, "Archive", "plain");
    body["settings"]["prefix"] = json!("acme/docs");
    let made = app.post(&connections).by(&ann).json(&body).send().await.expect(201);
    let id = text(&made.body["id"]);
    round_trip(&app, Some(&id)).await;
    assert_eq!(server.items("plain", &format!("acme/docs/workspaces/{OPEN}/documents/")).len(), 2);
    let path = format!("{connections}/{id}");
    app.delete(&path).by(&ann).send().await.problem(409, "in_use");
    for settings in [json!({ "bucket": "versioned" }), json!({ "prefix": "" })] {
        app.patch(&path).by(&ann).json(&json!({ "settings": settings })).send().await.problem(409, "in_use");
    }
    app.patch(&path).by(&ann).json(&json!({ "name": "Old" })).send().await.expect(200);
    // Not for the workspace of a person, nor for that of another organization.
    let vic = token_of(&app, VIC, "vic@example.com").await;
    let gus = token_of(&app, GUS, "gus@example.com").await;
    let mut body = about("a", b"");
    body["connection_id"] = json!(id);
    announce(&app, &vic, HOME, &body).await.problem(409, "wrong_connection");
    announce(&app, &gus, FAR, &body).await.problem(404, "not_found");
}

// proves DOC-1
#[tokio::test]
async fn what_is_not_what_was_announced_is_refused_and_not_kept() {
    let server = S3::start().unwrap();
    for app in [start(None).await, start(Some(&server.url("plain"))).await] {
        let ann = token_of_ann(&app).await;
        for wrong in [&b"longer than it"[..], b"short", b"minutez"] {
            let made = announce(&app, &ann, OPEN, &about("a", b"minutes")).await.expect(201);
            assert!(!send(&app, &made.body["upload"], wrong).await.status().is_success());
            let mut other = made.body["upload"].clone();
            other["headers"]["content-type"] = json!("text/html");
            assert!(!send(&app, &other, b"minutes").await.status().is_success());
            let path = format!("{}/{}", documents(OPEN), text(&made.body["id"]));
            app.post(&format!("{path}/complete")).by(&ann).send().await.problem(409, "not_uploaded");
            app.put(&format!("{path}/content"))
                .by(&ann)
                .body(wrong.to_vec())
                .send()
                .await
                .problem(409, "upload_mismatch");
            let through =
                app.put(&format!("{path}/content")).by(&ann).body("minutes").send().await.expect(200);
            assert_eq!(through.body["state"], "ready");
        }
        assert_eq!(used(&app, &ann).await, 21);
    }
    // Somebody who has the bucket puts something else there.
    let app = start(Some(&server.url("plain"))).await;
    let ann = token_of_ann(&app).await;
    for wrong in ["minutes too", "minutez"] {
        let made = announce(&app, &ann, OPEN, &about("a", b"minutes")).await.expect(201);
        let id = text(&made.body["id"]);
        let key = format!("workspaces/{OPEN}/documents/{id}");
        server.put("plain", &key, wrong);
        let path = format!("{}/{id}", documents(OPEN));
        app.post(&format!("{path}/complete")).by(&ann).send().await.problem(409, "upload_mismatch");
        app.get(&path).by(&ann).send().await.problem(404, "not_found");
    }
    // By jobs, which give the quota back too.
    let erasures = "select count(*) from jobs where kind = 'document.erase' and state = 'pending'";
    assert_eq!((app.query(erasures).as_str(), used(&app, &ann).await), ("2", 14));
}

// proves DOC-1
#[tokio::test]
async fn a_large_document_is_sent_in_parts() {
    let server = S3::start().unwrap();
    let app = start(Some(&server.url("plain"))).await;
    let ann = token_of_ann(&app).await;
    let bytes = vec![7; (64 << 20) + 5];
    let made = announce(&app, &ann, OPEN, &about("film", &bytes)).await.expect(201);
    assert_eq!(made.body["upload"], Value::Null);
    let path = format!("{}/{}", documents(OPEN), text(&made.body["id"]));
    let parts = app.post(&format!("{path}/parts")).by(&ann).send().await.expect(200).body;
    app.clock.advance(std::time::Duration::from_secs(600));
    let again = app.post(&format!("{path}/parts")).by(&ann).send().await.expect(200).body;
    assert_eq!(again["upload_parts"].as_array().unwrap().len(), 2);
    let ends = |of: &Value| text(&of["upload_parts"][0]["expires_at"]);
    assert!(ends(&again) > ends(&parts), "whoever is slow asks for more time");
    app.put(&format!("{path}/content")).by(&ann).body("film").send().await.problem(409, "sent_in_parts");
    let mut sent = vec![];
    let mut at = 0;
    for part in parts["upload_parts"].as_array().unwrap() {
        let size = usize::try_from(part["size"].as_u64().unwrap()).unwrap();
        let reply = send(&app, part, &bytes[at..at + size]).await;
        assert!(reply.status().is_success(), "{}", reply.text().await.unwrap());
        sent.push(json!({ "number": part["number"], "etag": reply.headers()["etag"].to_str().unwrap() }));
        at += size;
    }
    let complete = format!("{path}/complete");
    app.post(&complete).by(&ann).send().await.problem(422, "invalid").field("parts");
    let ready = app.post(&complete).by(&ann).json(&json!({ "parts": sent })).send().await.expect(200);
    assert_eq!(ready.body["state"], "ready");
    assert_eq!(server.requests("CreateMultipartUpload"), 1);
    app.post(&format!("{path}/parts")).by(&ann).send().await.problem(409, "already_uploaded");
}

// proves DOC-1, PRG-1
#[tokio::test]
async fn what_is_being_sent_when_its_workspace_is_deleted_is_not_kept() {
    let app = start(None).await;
    let ann = token_of_ann(&app).await;
    let half = vec![7; 1 << 20];
    let made = announce(&app, &ann, OPEN, &about("a", &half.repeat(2))).await.expect(201);
    let url = format!("{}{}/{}/content", app.base, documents(OPEN), text(&made.body["id"]));
    let (mut pieces, body) = futures::channel::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(0);
    let request = client(&url).put(&url).bearer_auth(&ann).body(reqwest::Body::wrap_stream(body));
    let sending = tokio::spawn(request.send());
    pieces.send(Ok(half.clone())).await.unwrap();
    let ready = app.query(&format!(
        "update workspaces set deleting_at = now() where id = '{OPEN}' returning
             (select state from documents where id = '{}')",
        text(&made.body["id"])
    ));
    assert_eq!(ready, "uploading");
    pieces.send(Ok(half)).await.unwrap();
    drop(pieces);
    assert_eq!(sending.await.unwrap().unwrap().status(), 404);
    assert_eq!(files(&app.data.path().join("objects")), 0);
}

/// How many files there are in a folder and those below.
fn files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

// proves DOC-1
#[tokio::test]
async fn an_address_ends_and_opens_nothing_that_its_holder_may_not() {
    let app = start(None).await;
    let ann = token_of_ann(&app).await;
    let made = announce(&app, &ann, OPEN, &about("a", b"x")).await.expect(201);
    let url = text(&made.body["upload"]["url"]);
    let token = url.rsplit('/').next().unwrap().to_owned();
    let put = async |token: &str| app.put(&format!("/api/v1/uploads/{token}")).body("x").send().await;
    let mut changed = token.clone().into_bytes();
    changed[30] = if changed[30] == b'A' { b'B' } else { b'A' };
    put(&String::from_utf8(changed).unwrap()).await.problem(404, "not_found");
    put(&token[..20]).await.problem(404, "not_found");
    app.get(&format!("/api/v1/downloads/{token}")).send().await.problem(404, "not_found");
    // She is no member any more.
    app.query(&format!("update memberships set suspended_at = now() where user_id = '{ANN}' returning 1"));
    put(&token).await.problem(404, "not_found");
    app.query(&format!("update memberships set suspended_at = null where user_id = '{ANN}' returning 1"));
    app.clock.advance(std::time::Duration::from_secs(12 * 3600));
    put(&token).await.problem(410, "gone");
    let ann = token_of_ann(&app).await;
    let path = format!("{}/{}", documents(OPEN), text(&made.body["id"]));
    app.put(&format!("{path}/content")).by(&ann).body("x").send().await.problem(410, "gone");
}

// proves DOC-1, WSP-4
#[tokio::test]
async fn documents_are_for_those_who_are_in_the_workspace() {
    let app = start(None).await;
    let ann = token_of_ann(&app).await;
    let vic = token_of(&app, VIC, "vic@example.com").await;
    let gus = token_of(&app, GUS, "gus@example.com").await;
    let made = announce(&app, &ann, OPEN, &about("plan.txt", b"x")).await.expect(201);
    let path = format!("{}/{}", documents(OPEN), text(&made.body["id"]));
    app.put(&format!("{path}/content")).by(&ann).body("x").send().await.expect(200);
    // Vic is viewer there.
    app.get(&format!("{path}/content")).by(&vic).send().await.expect(200);
    app.delete(&path).by(&vic).send().await.problem(403, "forbidden");
    announce(&app, &vic, OPEN, &about("b", b"")).await.problem(403, "forbidden");
    app.post(&format!("{path}/complete")).by(&vic).send().await.problem(403, "forbidden");
    // Of the private one, an admin learns nothing.
    announce(&app, &ann, VAULT, &about("b", b"")).await.problem(404, "not_found");
    for at in [&path, &path.replace(OPEN, FAR)] {
        app.get(at).by(&gus).send().await.problem(404, "not_found");
        app.get(&format!("{at}/content")).by(&gus).send().await.problem(404, "not_found");
        app.post(&format!("{at}/download")).by(&gus).send().await.problem(404, "not_found");
        app.delete(at).by(&gus).send().await.problem(404, "not_found");
    }
    let listed =
        app.get(&format!("{}?search=PLAN&content_type=text/", documents(OPEN))).by(&vic).send().await;
    assert_eq!(listed.expect(200).body["total"], 1);
    let none = app.get(&format!("{}?owner_id={VIC}", documents(OPEN))).by(&vic).send().await.expect(200);
    assert_eq!(none.body["total"], 0);
    for body in [
        json!({ "name": "../a" }),
        json!({ "content_type": "text" }),
        json!({ "size": -1 }),
        json!({ "sha256": "00" }),
        json!({ "state": "ready" }),
    ] {
        let mut whole = about("a", b"");
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        announce(&app, &ann, OPEN, &whole).await.problem(422, "invalid");
    }
    app.delete(&path).by(&ann).send().await.expect(204);
    for at in [path.clone(), format!("{path}/content")] {
        app.get(&at).by(&ann).send().await.problem(404, "not_found");
    }
    app.delete(&path).by(&ann).send().await.problem(404, "not_found");
    assert_eq!(used(&app, &ann).await, 1, "until it is erased");
}

// proves DOC-2, PLN-2
#[tokio::test]
async fn parallel_uploads_never_pass_a_quota_or_the_limit_of_a_plan() {
    let app = start(None).await;
    let ann = token_of_ann(&app).await;
    let outcomes = async || {
        let uploads = (0..12).map(|number| {
            let body = about(&format!("{number}"), &[1; 100]);
            let (app, ann) = (&app, &ann);
            async move { announce(app, ann, OPEN, &body).await }
        });
        let replies: Vec<Reply> = futures::future::join_all(uploads).await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        (made, replies.into_iter().find(|reply| reply.status != 201).unwrap())
    };
    app.query(&format!("insert into user_quotas (user_id, limit_bytes) values ('{ANN}', 550) returning 1"));
    let (made, refused) = outcomes().await;
    assert_eq!(made, 5);
    let told = refused.problem(409, "quota_exceeded").body["quota"].clone();
    assert_eq!(told, json!({ "used_bytes": 500, "limit_bytes": 550, "wanted_bytes": 100 }));
    assert_eq!(used(&app, &ann).await, 500);
    // Less than there is keeps it.
    app.query(&format!("update user_quotas set limit_bytes = 100 where user_id = '{ANN}' returning 1"));
    let quota = app.get("/api/v1/me/quota").by(&ann).send().await.expect(200).body;
    assert_eq!((&quota["percent"], &quota["warnings"]), (&json!(500), &json!(["near", "reached"])));

    app.query(&format!(
        "update user_quotas set limit_bytes = 9000000000000 where user_id = '{ANN}' returning 1"
    ));
    // Starter has 10 GiB.
    app.query(&format!("update organizations set plan = 'starter' where id = '{ACME}' returning 1"));
    app.query(&format!(
        "update storage_usage set used_bytes = 10737418240 - 350 where org_id = '{ACME}' returning 1"
    ));
    let (made, refused) = outcomes().await;
    assert_eq!(made, 3);
    let told = refused.problem(409, "limit_reached").body["limit"].clone();
    assert_eq!((&told["resource"], &told["plan"]), (&json!("storage_bytes"), &json!("starter")));
}
