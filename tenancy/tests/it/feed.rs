//! The change feed: what one replica writes, all others obey.

use std::time::{Duration, Instant};

use serde_json::json;
use tenancy::{Caller, Consistency, Db, Error, ResourceId, Revision, UserId};

use crate::support::{
    ACME, ACME_AGENT, ACME_OPEN, ACME_VAULT, ADAM, CHAPTER, EVE, GREG, MIA, OLGA, VIC, World, ask, document,
    of, shipped_policies, told,
};

async fn asked(
    db: &Db,
    user: UserId,
    action: &str,
    resource: ResourceId,
    consistency: Consistency,
) -> String {
    let asked = ask(of("User", user), action, resource);
    match db.ask_items(&Caller::Operator, &[Ok(asked)], consistency).await {
        Ok(answers) => told(&answers.answers[0]),
        Err(error) => format!("error {error}"),
    }
}

async fn cached(db: &Db, user: UserId, action: &str, resource: ResourceId) -> String {
    asked(db, user, action, resource, Consistency::Cached).await
}

/// Waits until a replica says so by itself.
async fn until(db: &Db, user: UserId, action: &str, resource: &ResourceId, expected: &str) {
    let begun = Instant::now();
    loop {
        let told = cached(db, user, action, resource.clone()).await;
        if told == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{told}, not {expected}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn role(user: UserId, role: &str) -> serde_json::Value {
    json!({ "workspace_member": { "workspace_id": ACME_VAULT, "user_id": user, "role": role } })
}

const MAY: &str = "allow by content.editor.write";
const MAY_NOT: &str = "deny no_policy_allows";

#[tokio::test]
async fn the_next_answer_obeys_a_local_write() {
    // proves PDP-6
    let world = World::new().await;
    for round in 0..30 {
        let (now, expected) = if round % 2 == 0 { ("editor", MAY) } else { ("viewer", MAY_NOT) };
        world.import(&[role(VIC, now)]).await;
        assert_eq!(cached(&world.db, VIC, "Docs::edit", document(CHAPTER)).await, expected, "{round}");
    }
}

#[tokio::test]
async fn another_replica_obeys_soon_and_with_the_revision_at_once() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    assert_eq!(cached(&other, VIC, "Docs::edit", document(CHAPTER)).await, MAY_NOT);
    for round in 0..10 {
        let (now, expected) = if round % 2 == 0 { ("editor", MAY) } else { ("viewer", MAY_NOT) };
        let written = world.import(&[role(VIC, now)]).await;
        let at_least = Consistency::AtLeast(written);
        assert_eq!(asked(&other, VIC, "Docs::edit", document(CHAPTER), at_least).await, expected, "{round}");
    }
    world.import(&[role(VIC, "editor")]).await;
    until(&other, VIC, "Docs::edit", &document(CHAPTER), MAY).await;
    world.import(&[role(VIC, "viewer")]).await;
    assert_eq!(asked(&other, VIC, "Docs::edit", document(CHAPTER), Consistency::Fresh).await, MAY_NOT);
}

#[tokio::test]
async fn a_replica_with_one_connection_follows_too() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(1, &shipped_policies()).await;
    assert_eq!(cached(&other, VIC, "Docs::edit", document(CHAPTER)).await, MAY_NOT);
    world.import(&[role(VIC, "editor")]).await;
    until(&other, VIC, "Docs::edit", &document(CHAPTER), MAY).await;
}

#[tokio::test]
async fn what_is_committed_late_is_not_skipped() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    assert_eq!(cached(&other, VIC, "Docs::edit", document(CHAPTER)).await, MAY_NOT);
    // Its number is taken first, and it is committed last.
    let late = tokio::spawn({
        let database = std::sync::Arc::clone(&world.database);
        async move {
            tokio::task::spawn_blocking(move || {
                database.run(&format!(
                    "begin;
                     update workspace_members set role = 'editor' where user_id = '{VIC}';
                     select pg_sleep(6);
                     commit;"
                ))
            })
            .await
            .unwrap()
            .unwrap();
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    for name in ["early", "earlier"] {
        world
            .import(&[json!({ "user": { "id": GREG, "email": format!("{name}@example.com"), "name": name,
            "status": "active" } })])
            .await;
        assert_eq!(asked(&other, VIC, "Docs::edit", document(CHAPTER), Consistency::Fresh).await, MAY_NOT);
    }
    late.await.unwrap();
    until(&other, VIC, "Docs::edit", &document(CHAPTER), MAY).await;
}

#[tokio::test]
async fn every_kind_of_change_reaches_other_replicas() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    let (org, vault, chapter) = (of("Organization", ACME), of("Workspace", ACME_VAULT), document(CHAPTER));
    let agent = of("Agent", ACME_AGENT);
    let cases = [
        (MIA, "org.update", &org, format!("update memberships set role = 'admin' where user_id = '{MIA}'")),
        (
            MIA,
            "org.update",
            &org,
            format!("update organizations set subscription_status = 'suspended' where id = '{ACME}'"),
        ),
        (
            MIA,
            "org.update",
            &org,
            format!("update organizations set subscription_status = 'active' where id = '{ACME}'"),
        ),
        (VIC, "workspace.view", &vault, format!("delete from workspace_members where user_id = '{VIC}'")),
        (EVE, "Docs::read", &chapter, format!("update users set status = 'disabled' where id = '{EVE}'")),
        (
            GREG,
            "Docs::read",
            &chapter,
            format!(
            "insert into shares (id, resource_type, resource_id, grantee, grantee_user_id, level, created_at)
             values (gen_random_uuid(), 'Docs::Document', '{CHAPTER}', 'user', '{GREG}', 'viewer', now())"),
        ),
        (GREG, "Docs::read", &chapter, "truncate shares".into()),
        (
            ADAM,
            "Docs::read",
            &chapter,
            format!("update resources set workspace_id = '{ACME_OPEN}' where id = '{CHAPTER}'"),
        ),
        (ADAM, "agent.run", &agent, format!("update agents set is_active = false where id = '{ACME_AGENT}'")),
        (ADAM, "Docs::read", &chapter, format!("delete from resources where id = '{CHAPTER}'")),
        (OLGA, "org.view", &org, format!("delete from organizations where id = '{ACME}'")),
    ];
    for (user, action, resource, change) in cases {
        let before = cached(&other, user, action, resource.clone()).await;
        world.try_sql(&change).await.unwrap();
        let begun = Instant::now();
        while cached(&other, user, action, resource.clone()).await == before {
            assert!(begun.elapsed() < Duration::from_secs(10), "{change}: still {before}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_everywhere() {
    // proves KEY-1
    use tenancy::api_key::{self, Scope};
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    let key = world.key(tenancy::KeyOwner::Org(ACME), &[Scope::Authorize]).await;
    for db in [&world.db, &other] {
        assert_eq!(api_key::authenticate(db, &key.token).await.unwrap(), Some(key.caller.clone()));
        assert_eq!(api_key::authenticate(db, &key.token).await.unwrap(), Some(key.caller.clone()));
    }
    crate::support::revoke_key(&world.db, &Caller::Operator, key.id).await.unwrap();
    assert_eq!(api_key::authenticate(&world.db, &key.token).await.unwrap(), None, "here at once");
    let begun = Instant::now();
    while api_key::authenticate(&other, &key.token).await.unwrap().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(10), "elsewhere never");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_revision_that_never_comes_is_an_error_in_bounded_time() {
    // proves PDP-6
    let world = World::new().await;
    let far: Revision = "9000000000000000000".parse().unwrap();
    let begun = Instant::now();
    let asked = ask(of("User", EVE), "Docs::read", document(CHAPTER));
    let refused = world.db.ask_items(&Caller::Operator, &[Ok(asked)], Consistency::AtLeast(far)).await;
    assert!(matches!(&refused, Err(Error::NotReached(revision)) if *revision == far), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn who_missed_changes_that_were_removed_starts_anew() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    assert_eq!(cached(&other, VIC, "Docs::edit", document(CHAPTER)).await, MAY_NOT);
    // As if the other replica had been away for all of the time that changes are kept.
    world
        .try_sql(&format!(
            "begin;
             update workspace_members set role = 'editor' where user_id = '{VIC}';
             delete from changes;
             update change_trim set below = (pg_current_xact_id()::text::bigint + 1)::text::xid8;
             commit;"
        ))
        .await
        .unwrap();
    until(&other, VIC, "Docs::edit", &document(CHAPTER), MAY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_ever_sees_half_of_a_change() {
    // proves PDP-6: Vic is an editor of the vault only while the document lies elsewhere
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    let sql = |place: &str, role: &str| {
        format!(
            "begin;
             update resources set workspace_id = '{place}' where id = '{CHAPTER}';
             update workspace_members set role = '{role}' where user_id = '{VIC}' and workspace_id = '{ACME_VAULT}';
             commit;"
        )
    };
    world.try_sql("delete from resource_parents").await.unwrap();
    world.try_sql(&sql(&ACME_OPEN.to_string(), "editor")).await.unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let askers: Vec<_> =
        (0..4)
            .map(|_| {
                let (db, stop) = (other.clone(), std::sync::Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut count = 0;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        // Vic is looked up first and the document last, with much between them.
                        let asks: Vec<_> =
                            std::iter::once(ask(of("User", VIC), "org.view", of("Organization", ACME)))
                                .chain((0..400).map(|n| {
                                    ask(of("User", EVE), "Docs::read", document(&format!("no {n}")))
                                }))
                                .chain([ask(of("User", VIC), "Docs::edit", document(CHAPTER))])
                                .collect();
                        let answers = db.ask(&Caller::Operator, &asks).await.expect("answers").answers;
                        assert_eq!(told(answers.last().unwrap()), MAY_NOT, "after {count} answers");
                        count += 1;
                        tokio::task::yield_now().await;
                    }
                    count
                })
            })
            .collect();
    for round in 0..60 {
        let (place, role) = if round % 2 == 0 { (ACME_VAULT, "viewer") } else { (ACME_OPEN, "editor") };
        world.try_sql(&sql(&place.to_string(), role)).await.unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for asker in askers {
        assert!(asker.await.expect("never allowed") > 3);
    }
}

#[tokio::test]
async fn a_hundred_thousand_roles_change_in_one_transaction() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    world
        .try_sql(&format!(
            "insert into users (id, email, name, status, email_verified_at, approval_due_at, created_at)
             select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@many.example', 'm', 'active',
                    now(), now(), now()
             from generate_series(1, 100000) n;
             insert into memberships (org_id, user_id, role, created_at)
             select '{ACME}', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'member', now()
             from generate_series(1, 100000) n"
        ))
        .await
        .unwrap();
    let somebody = UserId("00000000-0000-7000-8000-000000000042".parse().unwrap());
    let org = of("Organization", ACME);
    until(&other, somebody, "org.view", &org, "allow by org.member.view").await;
    assert_eq!(cached(&other, somebody, "org.update", org.clone()).await, MAY_NOT);
    world
        .try_sql(&format!(
            "update memberships set role = 'admin' where org_id = '{ACME}' and role = 'member'"
        ))
        .await
        .unwrap();
    until(&other, somebody, "org.update", &org, "allow by org.admin.manage").await;
    let rows: i64 = world.try_sql("select count(*) from changes").await.unwrap().parse().unwrap();
    assert!(rows < 10_000, "{rows} rows tell of it");
    // The same, one statement for each.
    world
        .try_sql(&format!(
            "do $$ declare who uuid; begin
                 for who in select user_id from memberships where org_id = '{ACME}' and role = 'admin' limit 20000 loop
                     update memberships set role = 'member' where org_id = '{ACME}' and user_id = who;
                 end loop;
             end $$;
             update memberships set role = 'member' where user_id = '{somebody}'"
        ))
        .await
        .unwrap();
    until(&other, somebody, "org.update", &org, MAY_NOT).await;
}

#[tokio::test]
async fn old_changes_are_removed_and_nobody_misses_one() {
    // proves PDP-6
    let world = World::new().await;
    let other = world.connect(4, &shipped_policies()).await;
    let count = async || world.try_sql("select count(*) from changes").await.unwrap().parse::<i64>().unwrap();
    for round in 0..6 {
        let (now, expected) = if round % 2 == 0 { ("editor", MAY) } else { ("viewer", MAY_NOT) };
        world.import(&[role(VIC, now)]).await;
        for _ in 0..2 {
            world.db.trim_changes(Duration::ZERO).await.expect("trimmed");
        }
        until(&other, VIC, "Docs::edit", &document(CHAPTER), expected).await;
    }
    let before = count().await;
    world.import(&[role(VIC, "editor")]).await;
    world.db.trim_changes(Duration::from_secs(300)).await.expect("trimmed");
    assert!(count().await > before, "what is young stays");
}

#[tokio::test]
async fn a_restored_dump_of_another_server_does_no_harm() {
    // proves PDP-6: its transactions have numbers that are still to come here
    let world = World::new().await;
    world
        .try_sql(
            "insert into changes (xid, type, id) values ('9000000000000000000', 'User', 'x');
             update change_trim set below = '9000000000000000000', next = '9000000000000000000'",
        )
        .await
        .unwrap();
    for round in 0..4 {
        let (now, expected) = if round % 2 == 0 { ("editor", MAY) } else { ("viewer", MAY_NOT) };
        world.import(&[role(VIC, now)]).await;
        assert_eq!(cached(&world.db, VIC, "Docs::edit", document(CHAPTER)).await, expected);
        world.db.trim_changes(Duration::ZERO).await.expect("trimmed");
    }
    assert_eq!(
        world.try_sql("select count(*) from changes where xid > '8000000000000000000'").await.unwrap(),
        "0"
    );
}
