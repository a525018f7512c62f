//! Registered resources: objects of applications.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenancy::api_key::Scope;
use tenancy::import::{self, ImportedResource};
use tenancy::resource::{self, MayWrite, NewResource, ResourcePatch, Written};
use tenancy::{Caller, KeyOwner, ResourceId, UserId, WorkspaceId, workspace_action as workspace};
use uuid::Uuid;

use crate::support::{
    ACME, ACME_DEFAULT, ACME_OPEN, ACME_VAULT, CHAPTER, GARY, GLOBEX, GLOBEX_DEFAULT, HANDBOOK, OLGA, RECIPE,
    World, ZOE_HOME, delete, document, document_in, folder_in, get, object, of, patch, put, race, request,
    said, share, start,
};

const OPERATOR: Caller = Caller::Operator;

fn folder(id: &str) -> ResourceId {
    of("Docs::Folder", id)
}

async fn acme(world: &World) -> Caller {
    world.key(KeyOwner::Org(ACME), &[Scope::ResourcesRead, Scope::ResourcesWrite]).await.caller
}

fn changed(attributes: Value) -> ResourcePatch {
    ResourcePatch { attributes: Some(object(attributes)), ..ResourcePatch::default() }
}

fn under(parents: &[ResourceId]) -> ResourcePatch {
    ResourcePatch { parents: Some(parents.to_vec()), ..ResourcePatch::default() }
}

fn moved(workspace: WorkspaceId) -> ResourcePatch {
    ResourcePatch { workspace_id: Some(workspace), ..ResourcePatch::default() }
}

/// Where a resource lies, as the store says on a connection of its own.
async fn lies_in(world: &World, id: &ResourceId) -> String {
    world.sql(&format!("select workspace_id from resources where id = '{}'", id.id)).await
}

/// Nothing lies in itself, and nothing in another workspace than its parents.
async fn assert_nested_well(world: &World) {
    let circles = "with recursive above as (
            select child_type, child_id, parent_type, parent_id from resource_parents
            union
            select a.child_type, a.child_id, p.parent_type, p.parent_id
            from above a join resource_parents p on p.child_type = a.parent_type and p.child_id = a.parent_id
        )
        select count(*) from above where child_type = parent_type and child_id = parent_id";
    assert_eq!(world.sql(circles).await, "0", "a circle");
    let apart = "select count(*) from resource_parents p
        join resources c on c.type = p.child_type and c.id = p.child_id
        join resources r on r.type = p.parent_type and r.id = p.parent_id
        where c.workspace_id <> r.workspace_id";
    assert_eq!(world.sql(apart).await, "0", "a child apart from its parent");
}

#[tokio::test]
async fn a_resource_is_registered_read_replaced_changed_and_removed() {
    // proves RES-1
    let world = World::new().await;
    let acme = acme(&world).await;
    let id = document("new");
    let mut new = document_in(ACME_OPEN);
    assert_eq!(put(&world.db, &acme, &id, &new).await.expect("registered").0, Written::Created);

    world.clock.set(start() + chrono::TimeDelta::hours(1));
    new.owner_id = Some(OLGA);
    new.attributes.insert("classification".into(), "secret".into());
    assert_eq!(put(&world.db, &acme, &id, &new).await.expect("replaced").0, Written::Replaced);
    let found = get(&world.db, &acme, &id).await.expect("there");
    assert_eq!((&found.kind, &found.id), (&id.kind, &id.id));
    assert_eq!((found.workspace_id, found.owner_id), (ACME_OPEN, Some(OLGA)));
    assert_eq!(found.attributes, new.attributes);
    assert_eq!(
        (found.created_at, found.updated_at - found.created_at),
        (start(), chrono::TimeDelta::hours(1))
    );

    let nobody = ResourcePatch { owner_id: Some(None), ..changed(json!({ "legal_hold": true })) };
    let patched = patch(&world.db, &acme, &id, nobody).await.expect("patched");
    assert_eq!(patched.owner_id, None);
    assert_eq!(patched.attributes, object(json!({ "classification": "secret", "legal_hold": true })));
    assert_eq!(get(&world.db, &acme, &id).await.expect("there"), patched, "what is left out stays");

    world.import(&[share(1, &id, &of("User", OLGA), "viewer", None)]).await;
    delete(&world.db, &acme, &id).await.expect("removed");
    assert_eq!(said(&get(&world.db, &acme, &id).await), "not found: resource");
    assert_eq!(said(&delete(&world.db, &acme, &id).await), "not found: resource");
    assert_eq!(said(&patch(&world.db, &acme, &id, moved(ACME_OPEN)).await), "not found: resource");
    assert_eq!(world.sql("select count(*) from shares where resource_id = 'new'").await, "0");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn what_does_not_fit_its_type_is_refused_by_field() {
    // proves RES-1, RES-3
    let world = World::new().await;
    let write = |id: ResourceId, new: NewResource| {
        let db = world.db.clone();
        async move { said(&put(&db, &OPERATOR, &id, &new).await) }
    };
    let plain = || document_in(ACME_OPEN);
    let with = |name: &str, value: Value| {
        let mut new = document_in(ACME_OPEN);
        new.attributes.insert(name.into(), value);
        new
    };
    for kind in ["User", "Organization", "Workspace", "Platform", "ShareList", "Plan", "Scope"] {
        let told = write(of(kind, "x"), plain()).await;
        assert_eq!(told, format!("invalid type: {kind} is one of Doorward's own types"));
    }
    for kind in ["Docs::Nothing", "docs::document", "", "Docs::Document\0", "Action", "Docs::Action"] {
        let told = write(of(kind, "x"), plain()).await;
        assert!(told.starts_with("invalid type: the policy folder declares no type"), "{kind}: {told}");
    }
    let id = "invalid id: 1 to 512 characters, none of them NUL";
    assert_eq!(write(document(""), plain()).await, id);
    assert_eq!(write(document("a\0b"), plain()).await, id);
    assert_eq!(write(document(&"é".repeat(513)), plain()).await, id);
    assert_eq!(write(document(&"é".repeat(512)), plain()).await, "ok");
    for (name, value, hint) in [
        ("classification", json!(7), "classification"),
        ("classification", json!("a\0b"), "NUL"),
        ("pages", json!(7), "pages"),
        ("legal_hold", json!("true"), "legal_hold"),
        ("legal_hold", json!(null), "null"),
        ("workspace", json!({ "type": "Workspace", "id": GLOBEX_DEFAULT }), "set by Doorward"),
        ("owner", json!({ "type": "User", "id": OLGA }), "set by Doorward"),
        ("shared_editors", json!({ "type": "ShareList", "id": "x" }), "set by Doorward"),
        ("a\0b", json!(1), "NUL"),
    ] {
        let told = write(document("x"), with(name, value)).await;
        assert!(told.starts_with("invalid attributes: ") && told.contains(hint), "{name}: {told}");
    }
    let mut missing = plain();
    missing.attributes.remove("legal_hold");
    let told = write(document("x"), missing).await;
    assert!(told.starts_with("invalid attributes: ") && told.contains("legal_hold"), "{told}");
    let stranger = "invalid owner_id: not a member of the workspace's organization, nor somebody whom the workspace is \
                    shared with";
    let nobodys = NewResource { owner_id: Some(UserId(Uuid::nil())), ..plain() };
    assert_eq!(write(document("x"), nobodys).await, stranger);
    let garys = NewResource { owner_id: Some(GARY), ..plain() };
    assert_eq!(write(document("x"), garys).await, stranger, "whether Gary exists is not Acme's to know");
    assert_eq!(
        said(&patch(&world.db, &OPERATOR, &document(CHAPTER), changed(json!({ "legal_hold": null }))).await)
            .split(": ")
            .next(),
        Some("invalid attributes"),
        "a patch is checked as a whole"
    );
    assert_eq!(world.sql("select count(*) from resources where id = 'x'").await, "0");
}

#[tokio::test]
async fn a_foreign_workspace_and_what_lies_in_it_is_not_there() {
    // proves KEY-1, RES-1
    let world = World::new().await;
    let acme = acme(&world).await;
    let missing = WorkspaceId(Uuid::nil());
    for workspace in [GLOBEX_DEFAULT, ZOE_HOME, missing] {
        assert_eq!(
            said(&put(&world.db, &acme, &document("x"), &document_in(workspace)).await),
            "not found: workspace"
        );
        assert_eq!(
            said(&patch(&world.db, &acme, &document(CHAPTER), moved(workspace)).await),
            "not found: workspace"
        );
    }
    let recipe = document(RECIPE);
    assert_eq!(said(&get(&world.db, &acme, &recipe).await), "not found: workspace", "routes say resource");
    assert_eq!(said(&delete(&world.db, &acme, &recipe).await), "not found: workspace");
    assert_eq!(said(&put(&world.db, &acme, &recipe, &document_in(ACME_OPEN)).await), "not found: workspace");
    assert_eq!(lies_in(&world, &recipe).await, GLOBEX_DEFAULT.to_string());
    let nobody = get(&world.db, &Caller::Anonymous, &document(CHAPTER)).await;
    assert_eq!(said(&nobody), "unauthenticated");
    assert_eq!(said(&get(&world.db, &Caller::Anonymous, &document("x")).await), "unauthenticated");
}

#[tokio::test]
async fn a_move_takes_the_proofs_of_both_workspaces() {
    // proves RES-1
    let world = World::new().await;
    let (db, id) = (&world.db, document(CHAPTER));
    let new = document_in(ACME_OPEN);
    let mut tx = db.begin(request()).await.expect("a transaction");
    let open = tx.authorize::<workspace::WriteResources>(&OPERATOR, ACME_OPEN).await.expect("allowed");
    let vault = tx.authorize::<workspace::WriteResources>(&OPERATOR, ACME_VAULT).await.expect("allowed");
    let other = tx.authorize::<workspace::WriteResources>(&OPERATOR, ACME_DEFAULT).await.expect("allowed");
    let without = resource::put(&mut tx, MayWrite { to: &open, from: None }, &id, &new).await;
    assert_eq!(said(&without), "not found: resource");
    let wrong = resource::put(&mut tx, MayWrite { to: &open, from: Some(&other) }, &id, &new).await;
    assert_eq!(said(&wrong), "not found: resource");
    let elsewhere = resource::put(&mut tx, MayWrite { to: &other, from: Some(&vault) }, &id, &new).await;
    assert_eq!(said(&elsewhere), "not found: workspace", "the proof is for another one");
    let there = resource::put(&mut tx, MayWrite { to: &open, from: Some(&vault) }, &id, &new).await;
    assert_eq!(there.expect("moved").1, Written::Replaced);
    tx.commit().await.expect("committed");
    assert_eq!(lies_in(&world, &id).await, ACME_OPEN.to_string());
    let back = ResourcePatch { parents: Some(vec![folder(HANDBOOK)]), ..moved(ACME_VAULT) };
    assert_eq!(patch(db, &OPERATOR, &id, back).await.expect("moved back").workspace_id, ACME_VAULT);
    assert_eq!(
        said(&patch(db, &OPERATOR, &id, moved(ACME_OPEN)).await),
        "invalid parents: there is no Docs::Folder \"handbook\" in this workspace",
        "a parent stays behind"
    );
}

#[tokio::test]
async fn parents_are_there_in_the_same_workspace_and_of_a_type_that_may_be_one() {
    // proves RES-1
    let world = World::new().await;
    put(&world.db, &OPERATOR, &folder("open"), &folder_in(ACME_OPEN, &[])).await.expect("a folder");
    let write = |parents: Vec<ResourceId>| {
        let db = world.db.clone();
        async move { said(&put(&db, &OPERATOR, &folder("new"), &folder_in(ACME_VAULT, &parents)).await) }
    };
    let no = |id: &str| format!("invalid parents: there is no Docs::Folder {id:?} in this workspace");
    assert_eq!(write(vec![folder("none")]).await, no("none"));
    assert_eq!(write(vec![folder("open")]).await, no("open"));
    assert_eq!(
        write(vec![folder("a\0b")]).await,
        "invalid parents: an id of 1 to 512 characters, none of them NUL"
    );
    assert_eq!(
        write(vec![of("User", OLGA)]).await,
        "invalid parents: User is not a type of registered resources"
    );
    assert_eq!(write(vec![folder("new")]).await, "invalid parents: a resource cannot lie in itself");
    let told = write(vec![document(CHAPTER)]).await;
    assert!(told.starts_with("invalid attributes: "), "a document holds no folders: {told}");
    assert_eq!(world.sql("select count(*) from resources where id = 'new'").await, "0");
    assert_eq!(write(vec![folder(HANDBOOK), folder(HANDBOOK)]).await, "ok");
    let found = get(&world.db, &OPERATOR, &folder("new")).await.expect("there");
    assert_eq!(found.parents, [folder(HANDBOOK)]);
    let told = said(&patch(&world.db, &OPERATOR, &folder(HANDBOOK), under(&[folder("new")])).await);
    assert_eq!(told, "invalid parents: a resource cannot lie in itself", "round two corners");
    assert_nested_well(&world).await;
}

#[tokio::test]
async fn the_longest_ids_can_be_parent_and_child() {
    // proves RES-1: 512 characters are up to 2 048 bytes, and no index entry of Postgres holds two of them
    let world = World::new().await;
    let long = |seed: u32| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x1_0000 + (state >> 12)).unwrap_or('x')
        };
        (0..ResourceId::MAX).map(|_| next()).collect()
    };
    let (parent, child) = (folder(&long(1)), folder(&long(2)));
    put(&world.db, &OPERATOR, &parent, &folder_in(ACME_OPEN, &[])).await.expect("a parent");
    let told = put(&world.db, &OPERATOR, &child, &folder_in(ACME_OPEN, std::slice::from_ref(&parent))).await;
    assert_eq!(said(&told), "ok");
    let again =
        put(&world.db, &OPERATOR, &child, &folder_in(ACME_OPEN, &[parent.clone(), parent.clone()])).await;
    assert_eq!(said(&again), "ok");
    assert_eq!(get(&world.db, &OPERATOR, &child).await.expect("there").parents, [parent]);
}

#[tokio::test]
async fn a_parent_that_has_children_stays() {
    // proves RES-1
    let world = World::new().await;
    let handbook = folder(HANDBOOK);
    let told = said(&delete(&world.db, &OPERATOR, &handbook).await);
    assert_eq!(told, "conflict has_children: other resources have this one as their parent");
    let told = said(&patch(&world.db, &OPERATOR, &handbook, moved(ACME_OPEN)).await);
    assert_eq!(told, "conflict has_children: resources in the old workspace have this one as their parent");
    assert_eq!(lies_in(&world, &handbook).await, ACME_VAULT.to_string());
    delete(&world.db, &OPERATOR, &document(CHAPTER)).await.expect("the child goes");
    delete(&world.db, &OPERATOR, &handbook).await.expect("then the parent");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn two_that_would_lie_in_each_other_do_not_both() {
    // proves RES-1
    let world = World::new().await;
    for round in 0..8 {
        let ids = [folder(&format!("a{round}")), folder(&format!("b{round}"))];
        for id in &ids {
            put(&world.db, &OPERATOR, id, &folder_in(ACME_OPEN, &[])).await.expect("a folder");
        }
        let outcomes = race(2, |number| {
            let (db, id, parent) = (world.db.clone(), ids[number].clone(), ids[1 - number].clone());
            async move {
                if round % 2 == 0 {
                    said(&put(&db, &OPERATOR, &id, &folder_in(ACME_OPEN, &[parent])).await)
                } else {
                    said(&patch(&db, &OPERATOR, &id, under(&[parent])).await)
                }
            }
        })
        .await;
        let outcomes: BTreeSet<&str> = outcomes.iter().map(String::as_str).collect();
        assert_eq!(
            outcomes,
            BTreeSet::from(["invalid parents: a resource cannot lie in itself", "ok"]),
            "round {round}"
        );
    }
    assert_nested_well(&world).await;
}

#[tokio::test]
async fn patches_at_once_lose_nothing() {
    // proves RES-1
    let world = World::new().await;
    let id = document(CHAPTER);
    let owner = ResourcePatch { owner_id: Some(Some(OLGA)), ..ResourcePatch::default() };
    let patches = [
        changed(json!({ "classification": "secret" })),
        changed(json!({ "legal_hold": true })),
        owner,
        under(&[]),
    ];
    for _ in 0..4 {
        put(&world.db, &OPERATOR, &id, &document_in(ACME_VAULT)).await.expect("as before");
        patch(&world.db, &OPERATOR, &id, under(&[folder(HANDBOOK)])).await.expect("as before");
        let outcomes = race(4, |number| {
            let (db, id, change) = (world.db.clone(), id.clone(), patches[number].clone());
            async move { said(&patch(&db, &OPERATOR, &id, change).await) }
        })
        .await;
        assert_eq!(outcomes, ["ok"; 4]);
        let found = get(&world.db, &OPERATOR, &id).await.expect("there");
        assert_eq!(found.attributes, object(json!({ "classification": "secret", "legal_hold": true })));
        assert_eq!((found.owner_id, found.parents), (Some(OLGA), vec![]));
    }
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn of_two_that_register_one_id_in_two_workspaces_one_wins() {
    // proves KEY-1, RES-1
    let world = World::new().await;
    let mut keys = vec![];
    for org in [ACME, GLOBEX] {
        keys.push(world.key(KeyOwner::Org(org), &[Scope::ResourcesRead, Scope::ResourcesWrite]).await.caller);
    }
    let workspaces = [ACME_OPEN, GLOBEX_DEFAULT];
    for round in 0..8 {
        let id = document(&format!("new {round}"));
        let outcomes = race(2, |number| {
            let (db, caller, id) = (world.db.clone(), keys[number].clone(), id.clone());
            async move { put(&db, &caller, &id, &document_in(workspaces[number])).await }
        })
        .await;
        let winners: Vec<usize> = (0..2).filter(|number| outcomes[*number].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        assert_eq!(outcomes[winners[0]].as_ref().expect("won").0, Written::Created);
        assert!(said(&outcomes[1 - winners[0]]).starts_with("not found: "), "{outcomes:?}");
        assert_eq!(lies_in(&world, &id).await, workspaces[winners[0]].to_string());
    }
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn of_eight_that_register_one_id_in_one_workspace_one_creates_it() {
    // proves RES-1, AUD-1
    let world = World::new().await;
    let outcomes = race(8, |_| {
        let db = world.db.clone();
        async move { put(&db, &OPERATOR, &document("new"), &document_in(ACME_OPEN)).await.expect("written").0 }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|written| **written == Written::Created).count(), 1, "{outcomes:?}");
    let news = "select count(*) from audit join audit_details using (chain, seq)
                where target_id = 'new' and details::jsonb -> 'before' = 'null'";
    assert_eq!(world.sql(news).await, "1", "seven replaced something, and say so");
}

#[tokio::test]
async fn a_child_does_not_stay_behind_a_parent_that_moves() {
    // proves RES-1
    let world = World::new().await;
    for round in 0..8 {
        let parent = folder(&format!("parent {round}"));
        put(&world.db, &OPERATOR, &parent, &folder_in(ACME_OPEN, &[])).await.expect("a folder");
        let outcomes = race(2, |number| {
            let (db, parent) = (world.db.clone(), parent.clone());
            async move {
                if number == 0 {
                    said(&patch(&db, &OPERATOR, &parent, moved(ACME_VAULT)).await)
                } else {
                    let child = folder(&format!("child {round}"));
                    said(&put(&db, &OPERATOR, &child, &folder_in(ACME_OPEN, &[parent])).await)
                }
            }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|told| *told == "ok").count(), 1, "{outcomes:?}");
        assert!(!outcomes.iter().any(|told| told.starts_with("store")), "{outcomes:?}");
    }
    assert_nested_well(&world).await;
}

#[tokio::test]
async fn a_child_does_not_outlive_a_parent_that_goes() {
    // proves RES-1
    let world = World::new().await;
    for round in 0..8 {
        let parent = folder(&format!("parent {round}"));
        put(&world.db, &OPERATOR, &parent, &folder_in(ACME_OPEN, &[])).await.expect("a folder");
        let outcomes = race(2, |number| {
            let (db, parent) = (world.db.clone(), parent.clone());
            async move {
                if number == 0 {
                    said(&delete(&db, &OPERATOR, &parent).await)
                } else {
                    let child = folder(&format!("child {round}"));
                    said(&put(&db, &OPERATOR, &child, &folder_in(ACME_OPEN, &[parent])).await)
                }
            }
        })
        .await;
        let expected = if outcomes[0] == "ok" {
            format!("invalid parents: there is no Docs::Folder \"parent {round}\" in this workspace")
        } else {
            assert_eq!(outcomes[0], "conflict has_children: other resources have this one as their parent");
            "ok".into()
        };
        assert_eq!(outcomes[1], expected);
    }
}

#[tokio::test]
async fn of_eight_that_remove_one_resource_one_does() {
    // proves RES-1, AUD-1
    let world = World::new().await;
    let outcomes = race(8, |_| {
        let db = world.db.clone();
        async move { said(&delete(&db, &OPERATOR, &document(CHAPTER)).await) }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|told| *told == "ok").count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|told| told == "ok" || told == "not found: resource"), "{outcomes:?}");
    let removals = format!("select count(*) from audit where target_id = '{CHAPTER}'");
    assert_eq!(world.sql(&removals).await, "1");
}

async fn bulk(world: &World, caller: &Caller, lines: &[Value]) -> tenancy::Result<usize> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let lines: Vec<(usize, ImportedResource)> = import::parse(&text)?;
    let mut tx = world.db.begin(request()).await?;
    let written = import::resources(&mut tx, caller, &lines).await?;
    tx.commit().await?;
    Ok(written)
}

fn line(id: &str, workspace: WorkspaceId) -> Value {
    json!({ "type": "Docs::Folder", "id": id, "workspace_id": workspace })
}

#[tokio::test]
async fn many_are_registered_together_or_not_at_all() {
    // proves RES-1
    let world = World::new().await;
    let acme = acme(&world).await;
    let good = [line("one", ACME_OPEN), line("two", ACME_VAULT), line("three", ACME_OPEN)];
    assert_eq!(bulk(&world, &acme, &good).await.expect("written"), 3);
    let entries = "select target_id, details::jsonb #>> '{after,resources}' from audit
                   join audit_details using (chain, seq) where action = 'workspace.write_resources'";
    let entries = world.sql(entries).await;
    let entries: BTreeSet<&str> = entries.lines().collect();
    let named = |id: &str| format!("{{\"id\": \"{id}\", \"type\": \"Docs::Folder\"}}");
    let expected = [
        format!("{ACME_OPEN}|[{}, {}]", named("one"), named("three")),
        format!("{ACME_VAULT}|[{}]", named("two")),
    ];
    assert_eq!(entries, expected.iter().map(String::as_str).collect());
    for (bad, told) in [
        (line("four", GLOBEX_DEFAULT), "invalid line 2: there is no such workspace"),
        (line(RECIPE, ACME_OPEN), "ok"),
        (
            json!({ "type": "User", "id": "x", "workspace_id": ACME_OPEN }),
            "invalid line 2: type: User is one of Doorward's own types",
        ),
        (
            json!({ "type": "Docs::Document", "id": RECIPE, "workspace_id": ACME_OPEN,
            "attributes": { "classification": "x", "legal_hold": false } }),
            "invalid line 2: there is no such workspace",
        ),
    ] {
        let first = line("first", ACME_OPEN);
        assert_eq!(said(&bulk(&world, &acme, &[first, bad]).await), told);
        let there = if told == "ok" { "1" } else { "0" };
        assert_eq!(world.sql("select count(*) from resources where id = 'first'").await, there);
        world.sql("delete from resources where id = 'first'").await;
    }
    let reader = world.key(KeyOwner::Org(ACME), &[Scope::ResourcesRead]).await.caller;
    assert_eq!(said(&bulk(&world, &reader, &good).await), "forbidden workspace.write_resources by []");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn batches_that_cross_do_not_stop_each_other() {
    // proves RES-1: whoever writes in a workspace waits for its lock before anything else
    let world = World::new().await;
    let platform = world.key(KeyOwner::Platform, &[Scope::ResourcesWrite]).await.caller;
    let workspaces = [ACME_OPEN, GLOBEX_DEFAULT, ACME_VAULT, ZOE_HOME];
    let lines: Vec<Value> =
        (0..40).map(|number| line(&format!("folder {number}"), workspaces[number % 4])).collect();
    bulk(&world, &platform, &lines).await.expect("written");
    let world = std::sync::Arc::new(world);
    let outcomes = race(8, |number| {
        let (world, caller, mut lines) = (std::sync::Arc::clone(&world), platform.clone(), lines.clone());
        async move {
            match number % 4 {
                0 => said(&bulk(&world, &caller, &lines).await),
                1 => {
                    lines.reverse();
                    said(&bulk(&world, &caller, &lines).await)
                }
                2 => said(&patch(&world.db, &caller, &folder("folder 7"), under(&[])).await),
                _ => said(&put(&world.db, &caller, &folder("folder 38"), &folder_in(ACME_VAULT, &[])).await),
            }
        }
    })
    .await;
    assert_eq!(outcomes, ["ok"; 8]);
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_patch_and_new_children_do_not_stop_each_other() {
    // proves RES-1
    let world = World::new().await;
    let parent = folder(HANDBOOK);
    for round in 0..4 {
        let outcomes = race(6, |number| {
            let (db, parent) = (world.db.clone(), parent.clone());
            async move {
                if number % 2 == 0 {
                    said(&patch(&db, &OPERATOR, &parent, under(&[])).await)
                } else {
                    let child = folder(&format!("child {round} {number}"));
                    said(&put(&db, &OPERATOR, &child, &folder_in(ACME_VAULT, &[parent])).await)
                }
            }
        })
        .await;
        assert_eq!(outcomes, ["ok"; 6]);
    }
}
