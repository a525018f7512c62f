//! What an export holds of organizations, and of what others did.

use serde_json::Value;
use tenancy::UserId;

use super::{archive, ask, store, store_in};
use crate::account::support::{ANN, World};

const ACME: &str = "019aa000-0000-7000-8000-0000000000a1";
const ACME_TEAM: &str = "019aa000-0000-7000-8000-0000000000a2";
const GLOBEX: &str = "019aa000-0000-7000-8000-0000000000b1";
const GLOBEX_TEAM: &str = "019aa000-0000-7000-8000-0000000000b2";

/// Ann is in Globex, and was in Acme, each with a workspace that she could write in.
async fn world() -> (World, UserId) {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    for (org, workspace, name) in [(ACME, ACME_TEAM, "acme"), (GLOBEX, GLOBEX_TEAM, "globex")] {
        world
            .sql(&format!(
                "insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at)
                 values ('{org}', '{name}', '{name}', 'enterprise', 'active', now(), now());
                 insert into memberships (org_id, user_id, role, created_at) values ('{org}', '{ann}', 'member', now());
                 insert into workspaces (id, org_id, name, visibility, created_at)
                 values ('{workspace}', '{org}', 'team', 'private', now());
                 insert into workspace_members (workspace_id, user_id, role, created_at)
                 values ('{workspace}', '{ann}', 'editor', now());
                 insert into resources (type, id, workspace_id, owner_id, attributes, created_at, updated_at)
                 values ('Resource', '{name}-plan', '{workspace}', '{ann}', '{{\"kind\": \"plan\"}}', now(), now())"
            ))
            .await;
    }
    world.sql(&format!("delete from memberships where org_id = '{ACME}'")).await;
    (world, ann)
}

fn json(content: &[u8]) -> Value {
    serde_json::from_slice(content).unwrap()
}

// proves ACC-10
#[tokio::test]
async fn what_somebody_left_in_an_organization_is_not_handed_out_to_them() {
    let (world, ann) = world().await;
    let own = store(&world, ann, "own.txt", Some(b"own")).await;
    let there = store_in(&world, GLOBEX_TEAM, ann, "there.txt", Some(b"there")).await;
    store_in(&world, ACME_TEAM, ann, "left.txt", Some(b"of acme")).await;
    ask(&world, ann).await;
    world.work().await;

    let files = archive(&world, ann).await.expect("there is no archive");
    assert_eq!(files[&format!("documents/{own}/own.txt")], b"own");
    assert_eq!(files[&format!("documents/{there}/there.txt")], b"there");
    let names = |file: &str, field: &str| -> Vec<String> {
        let rows = json(&files[file]);
        let mut names: Vec<_> =
            rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("documents.json", "name"), ["own.txt", "there.txt"]);
    assert_eq!(names("resources.json", "id"), ["globex-plan"]);
    assert!(!files.contains_key("errors.json"), "what is left out is not told of");
    let text = String::from_utf8_lossy(&files.values().flatten().copied().collect::<Vec<u8>>()).into_owned();
    for foreign in ["left.txt", "of acme", "acme-plan"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    let row = "select state || ' ' || files_done || '/' || files_total || ' ' || files_failed from exports";
    assert_eq!(world.sql(row).await, "ready 2/2 0");
}

// proves ACC-10
#[tokio::test]
async fn an_export_tells_of_organizations_that_were_left_of_invitations_sent_and_of_what_others_did() {
    let (world, ann) = world().await;
    let bob = world.somebody("bob@example.org").await;
    world
        .sql(&format!(
            "insert into invitations (id, org_id, email, role, invited_by, hash, sent_at, created_at, expires_at)
             values (gen_random_uuid(), '{GLOBEX}', 'ina@example.org', 'member', '{ann}', 'x', now(), now(), now());
             insert into purges (id, subject, subject_id, requested_by, state, requested_at, due_at, deadline_at,
                                 uploads_until, finished_at, token_hash)
             values (gen_random_uuid(), 'workspace', '{ACME_TEAM}', '{ann}', 'cancelled', now(), now(), now(), now(), now(), 'x');
             insert into audit_chains (chain, length, head) values ('{GLOBEX}', 0, '');
             insert into audit (chain, seq, at, actor_type, actor_id, action, target_type, target_id, request_id,
                                decision_id, details_hash, previous, hash)
             values ('{GLOBEX}', 1, now(), 'User', '{bob}', 'membership.set_role', 'Membership', '{GLOBEX}/{ann}', 'r-1',
                     gen_random_uuid(), '', '', '');
             update users set disabled_reason = 'a long pause' where id = '{ann}'"
        ))
        .await;
    ask(&world, ann).await;
    world.work().await;

    let files = archive(&world, ann).await.expect("there is no archive");
    assert_eq!(json(&files["profile.json"])[0]["disabled_reason"], "a long pause");
    assert_eq!(json(&files["profile.json"])[0]["second_factor"], false);
    assert_eq!(json(&files["former_memberships.json"])[0]["organization"], "acme");
    assert_eq!(json(&files["memberships.json"])[0]["organization"], "globex");
    assert_eq!(json(&files["sent_invitations.json"])[0]["role"], "member");
    assert_eq!(json(&files["exports.json"])[0]["state"], "pending");
    assert_eq!(json(&files["purges.json"])[0]["subject"], "workspace");
    let about = json(&files["audit_about.json"]);
    let is_told = |row: &Value| row["action"] == "membership.set_role";
    assert!(about.as_array().unwrap().iter().any(is_told), "{about}");
    let text = String::from_utf8_lossy(&files.values().flatten().copied().collect::<Vec<u8>>()).into_owned();
    for foreign in ["ina@example.org".to_owned(), bob.to_string()] {
        assert!(!text.contains(&foreign), "{foreign}");
    }
}
