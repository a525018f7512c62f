//! Exports: packed, told of, removed.

mod others;
mod trouble;

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use futures::TryStreamExt as _;
use runtime::Random;
use serde_json::Value;
use storage::Key;
use tenancy::{BuildExport, DocumentId, ExportId, TrimExports, UserId, WorkspaceId, document, export};
use uuid::Uuid;

use super::support::{ANN, APP_URL, World, said};

const EXPORT: &str = "019aa000-0000-7000-8000-0000000000e1";

fn export_id() -> ExportId {
    ExportId(EXPORT.parse().unwrap())
}

/// Makes a document in the own workspace of somebody; without content, its object is missing.
async fn store(world: &World, owner: UserId, name: &str, content: Option<&[u8]>) -> DocumentId {
    let workspace = world.sql(&format!("select id from workspaces where owner_id = '{owner}'")).await;
    store_in(world, &workspace, owner, name, content).await
}

/// As [`store`], in any workspace.
async fn store_in(
    world: &World,
    workspace: &str,
    owner: UserId,
    name: &str,
    content: Option<&[u8]>,
) -> DocumentId {
    let id = DocumentId(Uuid::from_u128(u128::from_be_bytes(Random::system().bytes())));
    let insert = format!(
        "insert into documents (id, workspace_id, owner_id, name, content_type, size, sha256, state, upload_expires_at,
                                created_at, ready_at)
         values ('{id}', '{workspace}', '{owner}', '{name}', 'text/plain', 5, sha256('hello'), 'ready', now(), now(), now())"
    );
    world.sql(&insert).await;
    if let Some(content) = content {
        let key = Key::parse(&document::key(WorkspaceId(workspace.parse().unwrap()), id)).unwrap();
        let body = futures::stream::iter([Ok(content.to_vec().into())]);
        world.stores.installation().put(&key, "text/plain", body).await.unwrap();
    }
    id
}

async fn ask(world: &World, user_id: UserId) {
    let row = format!(
        "insert into exports (id, user_id, state, requested_at) values ('{EXPORT}', '{user_id}', 'pending', now())"
    );
    world.sql(&row).await;
    world.enqueue(&BuildExport { user_id, export_id: export_id() }).await;
}

/// The archive, file by file; none if it is not there.
async fn archive(world: &World, user: UserId) -> Option<BTreeMap<String, Vec<u8>>> {
    let key = Key::parse(&export::key(user, export_id())).unwrap();
    let object = world.stores.installation().get(&key).await.ok()?;
    let bytes: Vec<_> = object.body.try_collect().await.unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes.concat())).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(file.enclosed_name().is_some(), "{name} leaves its folder");
        let mut content = vec![];
        file.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    Some(files)
}

// proves ACC-10
#[tokio::test]
async fn an_export_holds_the_data_and_the_files_of_a_person_and_of_nobody_else() {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    let bob = world.somebody("bob@example.org").await;
    let kept = store(&world, ann, "../../etc/passwd", Some(b"hello")).await;
    let empty = store(&world, ann, "nothing.txt", Some(b"")).await;
    let missing = store(&world, ann, "lost.txt", None).await;
    store(&world, bob, "of-bob.txt", Some(b"bob's own")).await;
    ask(&world, ann).await;
    world.work().await;

    let files = archive(&world, ann).await.expect("there is no archive");
    let json = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
    assert_eq!(json("profile.json")[0]["email"], ANN);
    assert_eq!(json("workspaces.json")[0]["is_own"], true);
    assert_eq!(json("documents.json").as_array().unwrap().len(), 3);
    assert_eq!(json("memberships.json"), Value::Array(vec![]));
    assert_eq!(files[&format!("documents/{kept}/_.._etc_passwd")], b"hello");
    assert_eq!(files[&format!("documents/{empty}/nothing.txt")], b"");
    assert_eq!(json("errors.json")[0]["document"], missing.to_string());
    assert_eq!(files.keys().filter(|name| name.starts_with("documents/")).count(), 2);
    let everything = files.values().flatten().copied().collect::<Vec<u8>>();
    let text = String::from_utf8_lossy(&everything);
    for foreign in ["bob", "argon2", "$hash"] {
        assert!(!text.contains(foreign), "{foreign}");
    }

    let row = "select state || ' ' || files_done || '/' || files_total || ' ' || files_failed from exports";
    assert_eq!(world.sql(row).await, "ready 2/3 1");
    let mails = world.mails();
    let mail = said(mails.last().unwrap());
    assert!(mail.contains(&format!("{APP_URL}exports/{EXPORT}")), "{mail}");
}

// proves ACC-10
#[tokio::test]
async fn an_export_is_removed_when_its_time_is_over() {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    ask(&world, ann).await;
    world.work().await;
    assert!(archive(&world, ann).await.is_some());
    world.enqueue(&TrimExports {}).await;
    world.work().await;
    assert!(archive(&world, ann).await.is_some(), "it is removed too early");
    world.sql("update exports set expires_at = now() - interval '1 second'").await;
    world.enqueue(&TrimExports {}).await;
    world.work().await;
    assert!(archive(&world, ann).await.is_none());
    assert_eq!(world.sql("select state from exports").await, "expired");
}

// proves ACC-10, PRG-1
#[tokio::test]
async fn nothing_is_packed_for_who_is_being_deleted_before_it_begins() {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    ask(&world, ann).await;
    world.sql(&format!("delete from exports where user_id = '{ann}'")).await;
    world.work().await;
    assert!(archive(&world, ann).await.is_none());
    assert!(world.mails().is_empty());
}
