//! What the audit log remembers of somebody who is gone.

use serde_json::json;
use tenancy::purge::{self, Begun, PurgeTarget};
use tenancy::{Caller, JobId, Platform, PurgeId, purge_action};
use uuid::Uuid;

use crate::support::{ACME, EVE, World, ZOE, ZOE_HOME, request};

/// Asks for a purge, as far as the job of the worker sees it.
pub(super) async fn asked(world: &World, kind: &str, id: Uuid) -> PurgeId {
    let purge = Uuid::from_u128(id.as_u128() ^ 0xffff);
    let now = world.db.now().to_rfc3339();
    world
        .sql(&format!(
            "insert into purges (id, subject, subject_id, state, requested_at, due_at, deadline_at, uploads_until, token_hash)
             values ('{purge}', '{kind}', '{id}', 'running', '{now}', '{now}', '{now}', '{now}', '{purge}');
             insert into purge_targets values ('{purge}', '{kind}', '{id}')"
        ))
        .await;
    PurgeId(purge)
}

/// Erases all rows of a purge, `most` in a transaction, and counts what is left.
pub(super) async fn erase(world: &World, purge: PurgeId, most: i64) -> i64 {
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<purge_action::Run>(&Caller::Worker, Platform).await.unwrap();
    let Begun::Runs(run) = purge::begin(&mut tx, &allowed, purge, JobId(Uuid::nil())).await.unwrap() else {
        panic!("it runs")
    };
    tx.commit().await.unwrap();
    for target in &run.targets {
        loop {
            let mut tx = world.db.begin(request()).await.unwrap();
            let allowed = tx.authorize::<purge_action::Run>(&Caller::Worker, Platform).await.unwrap();
            let is_done = purge::erase(&mut tx, &allowed, &run, *target, most).await.unwrap();
            tx.commit().await.unwrap();
            if is_done {
                break;
            }
        }
    }
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<purge_action::Run>(&Caller::Worker, Platform).await.unwrap();
    let left = purge::verify(&mut tx, &allowed, &run).await.unwrap();
    assert!(matches!(
        run.targets.last(),
        Some(PurgeTarget::User(_) | PurgeTarget::Organization(_) | PurgeTarget::Workspace(_))
    ));
    tx.commit().await.unwrap();
    left
}

/// Entries of the log with somebody's address, name or IP address in them, or about something.
const DETAILS: &str =
    "select count(*) from audit_details where details like '%eve%' or details like '%192.0.2.7%'";

#[tokio::test]
async fn the_log_forgets_who_somebody_was_and_its_chains_hold() {
    // proves PRG-3, AUD-1
    let world = World::new().await;
    // Somebody else invites their address, and puts them out; they do something themselves.
    world
        .sql(&format!(
            "insert into invitations (id, org_id, email, role, hash, sent_at, created_at, expires_at, accepted_at, accepted_by, ended_at)
             values ('{ZOE_HOME}', '{ACME}', 'Eve@example.com', 'member', 'h', now(), now(), now(), now(), '{EVE}', now())"
        ))
        .await;
    let before = world.assert_audit_holds().await;
    assert!(world.sql(DETAILS).await.parse::<i64>().unwrap() > 0, "there is something to forget");
    let purge = asked(&world, "user", EVE.0).await;
    assert_eq!(erase(&world, purge, 1_000).await, 0);
    assert!(world.assert_audit_holds().await > before, "what was done is recorded, and nothing is missing");
    let named = format!(
        "select count(*) from audit a join audit_details d using (chain, seq)
         where d.details is not null and a.action not like '%.purge'
           and (a.actor_id = '{EVE}' or a.target_id = '{EVE}' or a.target_id = '{ACME}/{EVE}')"
    );
    assert_eq!(world.sql(&named).await, "0");
    assert_eq!(world.sql("select count(*) from audit_details where details like '%eve@%'").await, "0");
    assert_eq!(world.sql("select email from invitations").await, "erased@doorward.invalid");
    assert_eq!(world.sql(&format!("select count(*) from users where id = '{EVE}'")).await, "0");
    assert_eq!(
        world.sql("select owner_id is null from resources where id = 'chapter'").await,
        "t",
        "what is in others' workspaces stays, and is nobody's"
    );
    let gone = format!(
        "select details::jsonb -> 'after' from audit_details d join audit a using (chain, seq)
         where a.action = 'user.purge' and a.target_type = 'User' and a.target_id = '{EVE}'"
    );
    assert_eq!(world.sql(&gone).await, json!({ "purge_id": purge }).to_string().replace(':', ": "));
}

#[tokio::test]
async fn nothing_of_others_is_touched_when_a_person_an_organization_and_a_workspace_go() {
    // proves PRG-3, ACC-9
    let world = World::new().await;
    let others =
        "select to_jsonb(w) from workspaces w where org_id is not null and org_id <> 'ORG' order by id;
                  select to_jsonb(m) from memberships m where org_id <> 'ORG' order by 1;
                  select to_jsonb(r) from resources r join workspaces w on w.id = r.workspace_id
                  where w.org_id is not null and w.org_id <> 'ORG' order by r.id"
            .replace("ORG", &ACME.to_string());
    let before = world.sql(&others).await;
    let purge = asked(&world, "user", ZOE.0).await;
    assert_eq!(erase(&world, purge, 1).await, 0, "one row in a transaction");
    assert_eq!(world.sql(&format!("select count(*) from workspaces where id = '{ZOE_HOME}'")).await, "0");
    let recorded = format!(
        "select string_agg(action, ' ' order by seq) from audit
         where action like '%.purge' and chain = '{}' and target_id in ('{ZOE_HOME}', '{ZOE}')",
        Uuid::nil()
    );
    assert_eq!(
        world.sql(&recorded).await,
        "workspace.purge user.purge",
        "each once, however small a page is"
    );
    let purge = asked(&world, "organization", ACME.0).await;
    assert_eq!(erase(&world, purge, 2).await, 0);
    let recorded =
        format!("select count(*) from audit where action = 'workspace.purge' and chain = '{ACME}'");
    assert_eq!(world.sql(&recorded).await, "3", "in the chain of their organization");
    assert_eq!(world.sql(&format!("select count(*) from organizations where id = '{ACME}'")).await, "0");
    assert_eq!(world.sql(&others).await, before);
    assert_eq!(
        world
            .sql(&format!(
                "select count(*) from audit_details where chain = '{ACME}' and details is not null"
            ))
            .await,
        // That its workspaces and itself are gone.
        "4"
    );
    world.assert_audit_holds().await;
}
