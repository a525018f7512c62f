//! A tour of every operation, which makes the examples of the OpenAPI document.

mod account;
mod admin_user;
mod agent;
mod audit;
mod connection;
mod decision;
mod deletion;
mod document;
mod export;
mod fits;
mod import;
mod instance;
mod invitation;
mod job;
mod key;
mod me;
mod operation;
mod org;
mod resource;
mod second_factor;
mod session;
mod stable;
mod step;
mod usage;
mod workspace;
mod workspace_share;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use api::TABLE;
use serde_json::Value;

use self::step::Example;

/// Set by `make examples`: what the tour shows is written, and not compared.
const WRITE: &str = "WRITE_EXAMPLES";

/// Method and path of an operation, with what the tour shows of it.
type Examples = BTreeMap<String, Example>;

/// Walks through all nouns. A new one is a file beside these, and a line here.
async fn walk() -> Examples {
    let mut examples = Examples::new();
    let all = &mut examples;
    step::take("account", account::tour, all).await;
    step::take("admin_user", admin_user::tour, all).await;
    step::take("agent", agent::tour, all).await;
    step::take("audit", audit::tour, all).await;
    step::take("connection", connection::tour, all).await;
    step::take("decision", decision::tour, all).await;
    step::take("deletion", deletion::tour, all).await;
    step::take("document", document::tour, all).await;
    step::take("export", export::tour, all).await;
    step::take("import", import::tour, all).await;
    step::take("instance", instance::tour, all).await;
    step::take("invitation", invitation::tour, all).await;
    step::take("job", job::tour, all).await;
    step::take("key", key::tour, all).await;
    step::take("me", me::tour, all).await;
    step::take("operation", operation::tour, all).await;
    step::take("org", org::tour, all).await;
    step::take("admin_org", org::administration, all).await;
    step::take("resource", resource::tour, all).await;
    step::take("second_factor", second_factor::tour, all).await;
    step::take("session", session::tour, all).await;
    step::take("usage", usage::tour, all).await;
    step::take("context", workspace::context, all).await;
    step::take("workspace", workspace::tour, all).await;
    step::take("workspace_share", workspace_share::tour, all).await;
    examples
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples.json")
}

fn committed() -> Examples {
    serde_json::from_str(&fs::read_to_string(file()).unwrap()).unwrap()
}

fn document() -> Value {
    serde_json::to_value(api::document("http://localhost")).unwrap()
}

// proves API-6
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "a test is told by its own environment")]
async fn the_examples_are_what_the_server_answers() {
    let shown = walk().await;
    if std::env::var_os(WRITE).is_some() {
        fs::write(file(), serde_json::to_string_pretty(&shown).unwrap() + "\n").unwrap();
        return;
    }
    let mut committed = committed();
    for (operation, now) in &shown {
        let before = committed.remove(operation);
        assert_eq!(Some(now), before.as_ref(), "{operation} is answered differently: run `make examples`");
    }
    assert!(committed.is_empty(), "{:?} were not shown: run `make examples`", committed.keys());
}

// proves API-6
#[test]
fn every_operation_has_an_example() {
    let document = document();
    // The hosted pages are in no document.
    let operations = TABLE.iter().filter(|(method, path, _)| document["paths"][path][method].is_object());
    let operations: BTreeSet<String> =
        operations.map(|(method, path, _)| format!("{method} {path}")).collect();
    let shown: BTreeSet<String> = committed().into_keys().collect();
    let missing: Vec<_> = operations.difference(&shown).collect();
    assert!(missing.is_empty(), "show these in api/tests/it/tour, and run `make examples`: {missing:#?}");
    let gone: Vec<_> = shown.difference(&operations).collect();
    assert!(gone.is_empty(), "there are no such operations any more, run `make examples`: {gone:#?}");
}

// proves API-6
#[test]
fn every_example_is_in_the_document_and_fits_its_schema() {
    let document = document();
    for (name, example) in committed() {
        let (method, path) = name.split_once(' ').unwrap();
        let operation = &document["paths"][path][method];
        let answer = &operation["responses"][example.status.to_string()];
        assert!(answer.is_object(), "{name} does not tell of {}", example.status);
        check(&name, &document, &answer["content"], example.response.as_ref());
        check(&name, &document, &operation["requestBody"]["content"], example.request.as_ref());
    }
}

/// Insists that the one content that has an example has this one, which fits.
fn check(name: &str, document: &Value, content: &Value, shown: Option<&Value>) {
    let kinds = content.as_object().into_iter().flatten();
    let given: Vec<&Value> = kinds.map(|(_, content)| content).filter(|c| !c["example"].is_null()).collect();
    assert_eq!(given.len(), usize::from(shown.is_some()), "{name}: {content}");
    let (Some(shown), Some(content)) = (shown, given.first()) else { return };
    assert_eq!(&content["example"], shown, "{name}");
    if content["schema"].is_object() {
        fits::check(name, document, &content["schema"], shown);
    }
}
