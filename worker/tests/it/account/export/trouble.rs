//! Exports that something comes in the way of.

use harness::S3;
use harness::s3::{ACCESS_KEY, Fault, SECRET_KEY};
use serde_json::{Value, json};
use storage::Key;
use tenancy::connection::{self, Access, NewConnection, Provider};
use tenancy::{
    Caller, ConnectionOwner, Person, Request, TrimExports, UserId, connection_action, document, export, purge,
};

use super::{archive, ask, export_id, store};
use crate::account::support::{ANN, World, password};

/// Lets a document lie in a bucket of its owner's.
async fn connect(world: &World, server: &S3, owner: UserId) {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let access = Access::checked(
        Provider::S3,
        object(json!({ "endpoint": format!("http://{}", server.address()), "bucket": "versioned" })),
        object(json!({ "access_key": ACCESS_KEY, "secret_key": SECRET_KEY })),
    )
    .unwrap();
    let caller = Caller::User(Person::without_session(owner));
    let mut tx = world.db.begin(Request::default()).await.unwrap();
    let allowed =
        tx.authorize::<connection_action::Create>(&caller, ConnectionOwner::User(owner)).await.unwrap();
    connection::create(&mut tx, &allowed, &NewConnection { name: "Archive".into(), access }).await.unwrap();
    tx.commit().await.unwrap();
    world.sql("update documents set connection_id = (select id from connections)").await;
}

/// Puts something where the archive would be.
async fn leave_archive(world: &World, user: UserId) {
    let key = Key::parse(&export::key(user, export_id())).unwrap();
    let body = futures::stream::iter([Ok("an archive".into())]);
    world.stores.installation().put(&key, "application/zip", body).await.unwrap();
}

async fn has_archive(world: &World, user: UserId) -> bool {
    let key = Key::parse(&export::key(user, export_id())).unwrap();
    world.stores.installation().head(&key).await.unwrap().is_some()
}

// proves ACC-10
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_is_waited_for_and_then_left_out() {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    let away = store(&world, ann, "away.txt", None).await;
    let server = S3::start().unwrap();
    connect(&world, &server, ann).await;
    let workspace = world.sql("select workspace_id from documents").await;
    let key = document::key(tenancy::WorkspaceId(workspace.parse().unwrap()), away);
    server.put("versioned", &key, "hello");
    server.faults().on("GetObject", Fault::Status(503));
    ask(&world, ann).await;

    world.work_within("100/1h").await;
    let job = "select state || ' ' || attempt from jobs where kind = 'export.build'";
    assert_eq!(world.sql(job).await, "pending 1");
    assert!(archive(&world, ann).await.is_none());

    world.sql("update jobs set attempt = 4, run_at = now() where kind = 'export.build'").await;
    world.work().await;
    let files = archive(&world, ann).await.expect("there is no archive");
    let errors: Value = serde_json::from_slice(&files["errors.json"]).unwrap();
    assert_eq!((&errors[0]["document"], &errors[0]["is_partial"]), (&json!(away), &json!(false)));
    let row = "select state || ' ' || files_done || '/' || files_total || ' ' || files_failed from exports";
    assert_eq!(world.sql(row).await, "ready 0/1 1");
}

// proves ACC-10
#[tokio::test]
async fn an_export_that_nobody_packs_any_more_is_given_up_with_what_was_stored_for_it() {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    for end in ["dead", "cancelled"] {
        world.sql("delete from exports; delete from jobs").await;
        ask(&world, ann).await;
        world.sql("update jobs set run_at = now() + interval '1 hour'").await;
        leave_archive(&world, ann).await;
        world.enqueue(&TrimExports {}).await;
        world.work().await;
        assert_eq!(world.sql("select state from exports").await, "pending", "its job waits");
        assert!(has_archive(&world, ann).await);

        let ended = format!(
            "update jobs set state = '{end}', finished_at = now() where kind = 'export.build' and state = 'pending'"
        );
        world.sql(&ended).await;
        world.enqueue(&TrimExports {}).await;
        world.work().await;
        assert_eq!(world.sql("select state, expires_at is null from exports").await, "failed|t", "{end}");
        assert!(!has_archive(&world, ann).await, "{end}");
    }
}

// proves ACC-10, PRG-1
#[tokio::test]
async fn no_archive_is_left_of_an_export_that_is_called_off_while_it_is_packed() {
    for called_off in [
        "update jobs set state = 'cancelled', finished_at = now(), lease_token = null, lease_until = null
         where kind = 'export.build'",
        "new.state := 'failed'; new.finished_at := now()",
    ] {
        let world = World::new().await;
        let ann = world.somebody(ANN).await;
        store(&world, ann, "a.txt", Some(b"hello")).await;
        // As soon as the first file is packed.
        world
            .sql(&format!(
                "create function call_off() returns trigger language plpgsql as $$
                 begin {called_off}; return new; end $$;
                 create trigger call_off before update on exports for each row when (new.files_done > 0)
                     execute function call_off()"
            ))
            .await;
        ask(&world, ann).await;
        world.work().await;
        assert_ne!(world.sql("select files_done from exports").await, "0", "it was not begun");
        assert!(!has_archive(&world, ann).await, "{called_off}");
    }
}

// proves PRG-1
#[tokio::test]
async fn a_purge_looks_again_when_a_worker_can_store_no_archive_any_more() {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    world
        .sql(&format!(
            "insert into jobs (id, kind, user_id, payload, state, attempt, lease_token, lease_until, started_at)
             values (gen_random_uuid(), 'export.build', '{ann}', '{{}}', 'running', 1, gen_random_uuid(),
                     now() + interval '1 hour', now())"
        ))
        .await;
    let now = runtime::Clock::system().now();
    let caller = Caller::User(Person { authenticated_at: Some(now), ..Person::without_session(ann) });
    purge::delete_account(&world.db, Request::default(), &caller, &password()).await.unwrap();
    let looks = "select uploads_until > now() + interval '59 minutes' from purges";
    assert_eq!(world.sql(looks).await, "t");
    assert_eq!(world.sql("select state from jobs where kind = 'export.build'").await, "cancelled");
}
