//! What nobody thought of, drawn from the document by Schemathesis: every answer is one that the document tells of.

use std::process::{Command, Output, Stdio};

use harness::Schemathesis;
use serde_json::json;

use crate::admin_users::administrator;
use crate::auth::PASSWORD;
use crate::support::{ROOT, TestApp};

/// What every answer is held against. Whether bad input is refused and good input taken is not asked: what is valid here
/// is more than a schema can say.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

/// A bounded run; the seed fixes what is sent.
const BOUNDS: [&str; 9] = [
    "--phases=examples,coverage,fuzzing",
    "--max-examples=4",
    "--seed=7",
    "--generation-database=none",
    "--no-shrink",
    "--continue-on-failure",
    "--suppress-health-check=all",
    "--request-timeout=20",
    "--warnings=off",
];

/// What only people do, or nobody in particular: a key need not do it too. And what ends the key itself, which is found in the list
/// of keys.
const NOT_FOR_A_KEY: [&str; 5] = [
    "--exclude-tag=admin",
    "--exclude-tag=auth",
    "--exclude-tag=me",
    "--exclude-name=POST /api/v1/keys/{key_id}/rotate",
    "--exclude-name=DELETE /api/v1/keys/{key_id}",
];

/// What takes away the session that it is done with: everything after it would be 401, and prove nothing. That a good call
/// is answered as documented is shown by the tour.
const ENDINGS: [&str; 7] = [
    "--exclude-name=POST /api/v1/auth/logout",
    "--exclude-name=POST /api/v1/me/deactivate",
    // It finds the session in the list of them.
    "--exclude-name=DELETE /api/v1/me/sessions/{session_id}",
    "--exclude-name=POST /api/v1/admin/signing-key/rotate",
    // New tokens, and the old ones are dead.
    "--exclude-name=POST /api/v1/switch/organization",
    "--exclude-name=POST /api/v1/switch/workspace",
    "--exclude-name=PUT /api/v1/orgs/current",
];

/// A Doorward that does not tire of tries from one address.
async fn app() -> TestApp {
    let setup = TestApp::setup().setting("DOORWARD_DECISION_LOG", "postgres");
    let setup = setup.setting("DOORWARD_SIGN_IN_PER_IP", "100000/1s");
    setup.setting("DOORWARD_REGISTER_PER_IP", "100000/1s").start().await
}

/// Runs it with these credentials, without some operations.
async fn run(app: &TestApp, token: &str, without: &[&str]) -> Output {
    let mut command = Command::new(Schemathesis::find().unwrap().program());
    command.arg("run").args(BOUNDS).arg(format!("--checks={CHECKS}"));
    command.args(["--url", &app.base, "--header", &format!("Authorization: Bearer {token}")]);
    command.args(without).arg(format!("{}/api/v1/openapi.json", app.base));
    command.env("SCHEMATHESIS_HOOKS", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemathesis/hooks.py"));
    // Nobody's settings, and nothing left behind.
    let folder = tempfile::tempdir().unwrap();
    command.current_dir(folder.path()).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn judge(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

// proves API-6
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_key_gets_answers_that_the_document_tells_of() {
    let app = app().await;
    judge(&run(&app, ROOT, &NOT_FOR_A_KEY).await);
    // Had the key been lost on the way, everything after it was 401, and proves nothing.
    let why = app.query("select to_jsonb(k) from api_keys k where org_id is null");
    assert_eq!(app.get("/api/v1/keys").by(ROOT).send().await.status, 200, "the key was lost: {why}");
}

// proves API-6
#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_answers_that_the_document_tells_of() {
    let app = app().await;
    let sam = administrator(&app).await;
    // With the password of the examples they would prove again who they are, and their token would end.
    let other = json!({ "current_password": PASSWORD, "new_password": "in none of the examples" });
    app.post("/api/v1/me/password").by(&sam).json(&other).send().await.expect(204);
    judge(&run(&app, &sam, &ENDINGS).await);
    // As above.
    let why = app.query("select string_agg(distinct revoked_because, ', ') from sessions");
    assert_eq!(app.get("/api/v1/me").by(&sam).send().await.status, 200, "the session ended: {why}");
}
