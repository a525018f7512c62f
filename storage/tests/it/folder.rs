//! What only a folder has.

use std::time::Duration;

use chrono::Utc;
use storage::{Declared, Error, Key, Prefix, Remains, Shown, Store};

use crate::{body, key, prefix, remains};

#[tokio::test]
async fn a_folder_signs_nothing_and_knows_no_parts() {
    // proves DOC-1
    let folder = tempfile::tempdir().unwrap();
    let store = Store::folder(folder.path()).unwrap();
    let (name, hour) = (key("a"), Duration::from_secs(3600));
    let declared = Declared { content_type: "text/plain".to_owned(), size: 1, sha256: [0; 32] };
    assert_eq!(store.presign_put(&name, &declared, hour, Utc::now()), None);
    let shown = Shown { file_name: "a".to_owned(), content_type: "text/plain".to_owned() };
    assert_eq!(store.presign_get(&name, &shown, hour, Utc::now()), None);
    assert_eq!(store.begin_parts(&name, "text/plain").await, Ok(None));
    store.probe().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn all_files_under_a_prefix_are_told_and_their_folders_go_with_them() {
    // proves PRG-1
    let folder = tempfile::tempdir().unwrap();
    let store = Store::folder(folder.path()).unwrap();
    for name in ["ours/a", "ours/b/c/d", "ours/b/e", "oursalso/f"] {
        store.put(&key(name), "text/plain", body("x")).await.unwrap();
    }
    // What a process leaves that dies while it writes.
    std::fs::write(folder.path().join("ours/b/e#1"), "half").unwrap();
    let found = remains(&store, "ours/").await;
    let mut keys: Vec<_> = found.iter().map(Remains::key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["ours/a", "ours/b/c/d", "ours/b/e", "ours/b/e#1"]);
    for _ in 0..2 {
        assert!(store.erase(&found).await.iter().all(Result::is_ok));
        assert_eq!(remains(&store, "ours/").await, []);
    }
    assert!(!folder.path().join("ours").exists());
    assert!(folder.path().join("oursalso/f").exists());
    assert!(folder.path().exists());
    assert_eq!(remains(&store, "never/").await, []);
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    // proves DOC-1
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    std::fs::write(&victim, "x").unwrap();
    let store = Store::folder(&outside.path().join("inside")).unwrap();
    std::os::unix::fs::symlink(outside.path(), outside.path().join("inside/link")).unwrap();
    for bad in ["../victim", "a/../../victim", "/etc/passwd", "", "a//b", "./victim"] {
        let erased = store.erase(&[Remains::Object { key: bad.to_owned() }]).await;
        assert!(matches!(erased[..], [Err(Error::Invalid(_))]), "{bad}: {erased:?}");
        assert!(Key::parse(bad).is_err(), "{bad}");
    }
    // A link is a thing of its own, and what it leads to is not looked at.
    store.put(&key("a/b"), "text/plain", body("x")).await.unwrap();
    std::os::unix::fs::symlink(outside.path(), outside.path().join("inside/a/link")).unwrap();
    let found = remains(&store, "a/").await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(store.erase(&found).await.iter().all(Result::is_ok));
    assert!(victim.exists());
}

#[test]
fn keys_are_plain_paths() {
    // proves DOC-1
    for good in ["a", "a/b", "A.z_0-9/..a", "a/...", &"x".repeat(900)] {
        assert_eq!(Key::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "a/.",
        "..",
        "a/../b",
        "a b",
        "a\\b",
        "é",
        "a\0",
        "a#1",
        "%2e",
        &"x".repeat(901),
    ] {
        assert!(matches!(Key::parse(bad), Err(Error::Invalid(_))), "{bad}");
        assert!(serde_json::from_value::<Key>(bad.into()).is_err());
    }
    assert!(Prefix::parse("a").is_err());
    assert!(Prefix::parse("/").is_err());
    let under = prefix("a/b/");
    assert_eq!(under.key("c/d").unwrap().as_str(), "a/b/c/d");
    for bad in ["", "/c", "../c", "c/"] {
        assert!(under.key(bad).is_err(), "{bad}");
    }
}
