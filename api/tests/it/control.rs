//! The control socket, which makes whoever can open it the operator.

use std::collections::BTreeSet;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;

use api::ControlSocket;
use serde_json::json;

use crate::support::TestApp;
use crate::world::{ACME, OPEN, VIC};

// proves OPS-1
#[tokio::test]
async fn the_operator_needs_no_key() {
    let app = TestApp::start().await;
    let new = json!({ "name": "made at the machine", "scopes": ["import", "keys:manage"] });
    let made = app.operator("POST", "/api/v1/keys").json(&new).send().await.expect(201);
    let path = format!("/api/v1/keys/{}", made.body["id"].as_str().unwrap());
    app.operator("GET", &path).send().await.expect(200);
    app.operator("DELETE", &path).send().await.expect(204);
    app.operator("GET", &format!("/api/v1/orgs/{ACME}/keys")).send().await.expect(200);
    app.operator("GET", "/api/v1/policies").send().await.expect(200);
    app.operator("POST", "/api/v1/import").body(crate::world::lines()).send().await.expect(200);
    let new = json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } });
    app.operator("PUT", "/api/v1/resources/Resource/new").json(&new).send().await.expect(201);
    let question = json!({
        "principal": { "type": "User", "id": VIC }, "action": "resource.read",
        "resource": { "type": "Resource", "id": "new" },
    });
    let answer = app.operator("POST", "/api/v1/authorize").json(&question).send().await.expect(200);
    assert_eq!(answer.body["decision"], "allow");
}

// proves OPS-1
#[tokio::test]
async fn nothing_that_is_sent_over_tcp_makes_an_operator() {
    let app = TestApp::start().await;
    for (name, value) in [("host", "localhost"), ("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=unix")]
    {
        let reply = app.get("/api/v1/keys").header(name, value).send().await;
        reply.problem(401, "unauthenticated");
    }
}

// proves OPS-1
#[tokio::test]
async fn only_its_user_may_open_the_socket() {
    let app = TestApp::start().await;
    let meta = std::fs::metadata(app.data.path().join(ControlSocket::NAME)).unwrap();
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    let names = std::fs::read_dir(app.data.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<std::ffi::OsString> = names.collect();
    let expected = BTreeSet::from([ControlSocket::NAME.into(), "objects".into()]);
    assert_eq!(names, expected, "nothing is left of how it was made");
}

// proves OPS-1
#[tokio::test]
async fn a_socket_in_use_is_not_taken_and_a_dead_one_is_replaced() {
    let app = TestApp::start().await;
    let error = ControlSocket::open(app.data.path()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    app.operator("GET", "/api/v1/keys").send().await.expect(200);

    let left = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(left.path().join(ControlSocket::NAME)).unwrap());
    ControlSocket::open(left.path()).unwrap();
}
