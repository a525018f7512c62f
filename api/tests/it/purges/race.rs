//! Deletions that meet one another, and what else happens at the time.

use serde_json::json;

use super::{delete_me, join, status, targets};
use crate::invitations::{invited, token_of};
use crate::support::TestApp;
use crate::world::{ACME, ANN, GLOBEX, GUS, VIC};

/// How often a race is run: what is wrong shows in most runs.
const ROUNDS: usize = 4;

// proves ACC-9, ORG-6
#[tokio::test]
async fn of_two_owners_who_delete_themselves_at_once_one_stays() {
    for _ in 0..ROUNDS {
        let app = TestApp::start().await;
        join(&app, GLOBEX, VIC, "owner");
        join(&app, GLOBEX, ANN, "member");
        let (gus, vic) = (token_of(&app, GUS).await, token_of(&app, VIC).await);
        let (one, two) = tokio::join!(delete_me(&app, &gus), delete_me(&app, &vic));
        let mut told = [one.status, two.status];
        told.sort_unstable();
        assert_eq!(told, [202, 409], "{} {}", one.text, two.text);
        let owners = "select count(*) from memberships m join users u on u.id = m.user_id
                      where m.role = 'owner' and u.status = 'active' and m.org_id = ";
        assert_eq!(app.query(&format!("{owners} '{GLOBEX}'")), "1");
        assert_eq!(app.query("select count(*) from organizations where deleting_at is not null"), "0");
    }
}

// proves ACC-9, PRG-3
#[tokio::test]
async fn the_last_of_those_who_delete_themselves_takes_the_organization_along() {
    let app = TestApp::start().await;
    join(&app, GLOBEX, VIC, "owner");
    let (gus, vic) = (token_of(&app, GUS).await, token_of(&app, VIC).await);
    let (one, two) = tokio::join!(delete_me(&app, &gus), delete_me(&app, &vic));
    let (one, two) = (one.expect(202), two.expect(202));
    let taken = [&one, &two]
        .iter()
        .filter(|asked| targets(&app, &asked.body["id"]).contains(&GLOBEX.to_owned()))
        .count();
    assert_eq!(taken, 1);
    assert_eq!(app.query("select id from organizations where deleting_at is not null"), GLOBEX);
}

// proves ACC-8, PRG-1
#[tokio::test]
async fn two_deletions_at_once_are_one_purge() {
    for _ in 0..ROUNDS {
        let app = TestApp::start().await;
        let (here, there) = (token_of(&app, GUS).await, token_of(&app, GUS).await);
        let (one, two) = tokio::join!(delete_me(&app, &here), delete_me(&app, &there));
        let mut told = [one.status, two.status];
        told.sort_unstable();
        assert!(told == [202, 401] || told == [202, 403] || told == [202, 409], "{} {}", one.text, two.text);
        assert_eq!(app.query("select count(*) from purges"), "1");
        assert_eq!(app.query("select count(*) from jobs where kind = 'purge.run'"), "1");

        let ann = token_of(&app, ANN).await;
        join(&app, ACME, ANN, "owner");
        let path = format!("/api/v1/orgs/{ACME}");
        let delete = || app.delete(&path).by(&ann).json(&json!({ "name": "acme" })).send();
        let (one, two) = tokio::join!(delete(), delete());
        let mut told = [one.status, two.status];
        told.sort_unstable();
        assert_eq!(told, [202, 409], "{} {}", one.text, two.text);
        let purges = format!("select count(*) from purges where subject_id = '{ACME}'");
        assert_eq!(app.query(&purges), "1");
    }
}

// proves ACC-9, INV-4
#[tokio::test]
async fn nobody_joins_an_organization_that_goes_along_with_its_owner() {
    for _ in 0..ROUNDS {
        let app = TestApp::start().await;
        let (_, link) = invited(&app, "gus@example.com").await;
        // Ann is alone in Acme, and owns it.
        app.query(&format!("delete from memberships where user_id = '{VIC}'"));
        join(&app, ACME, ANN, "owner");
        let (ann, gus) = (token_of(&app, ANN).await, token_of(&app, GUS).await);
        let accept = app.post(&format!("/api/v1/invitations/{link}/accept")).by(&gus).send();
        let (deleted, joined) = tokio::join!(delete_me(&app, &ann), accept);
        let is_member = app.query(&format!(
            "select count(*) from memberships where org_id = '{ACME}' and user_id = '{GUS}'"
        ));
        match deleted.status {
            202 => assert!(joined.status >= 400 && is_member == "0", "{}", joined.text),
            _ => {
                deleted.problem(409, "sole_owner");
                assert_eq!(
                    (joined.status, is_member.as_str(), status(&app, ANN).as_str()),
                    (200, "1", "active")
                );
            }
        }
    }
}

// proves ACC-9, ORG-1
#[tokio::test]
async fn nobody_founds_an_organization_that_their_own_deletion_leaves_behind() {
    for _ in 0..ROUNDS {
        let app = TestApp::start().await;
        let gus = token_of(&app, GUS).await;
        let found = app.post("/api/v1/orgs").by(&gus).json(&json!({ "name": "Orphan" })).send();
        let (deleted, founded) = tokio::join!(delete_me(&app, &gus), found);
        assert!([201, 401, 403].contains(&founded.status), "{}", founded.text);
        if deleted.status != 202 {
            deleted.problem(409, "contention");
        }
        let left_behind = "select count(*) from organizations o
             join memberships m on m.org_id = o.id and m.role = 'owner' join users u on u.id = m.user_id
             where o.deleting_at is null and u.status = 'deleting'";
        assert_eq!(app.query(left_behind), "0");
    }
}

// proves PRG-1
#[tokio::test]
async fn what_is_shared_with_somebody_at_the_time_of_their_deletion_is_not_theirs() {
    let app = TestApp::start().await;
    let (ann, vic) = (token_of(&app, ANN).await, token_of(&app, VIC).await);
    let shares = format!("/api/v1/orgs/{ACME}/workspaces/{}/shares", crate::world::OPEN);
    let share = json!({ "grantee": "user", "email": "vic@example.com", "level": "editor" });
    let (deleted, shared) =
        tokio::join!(delete_me(&app, &vic), app.post(&shares).by(&ann).json(&share).send());
    deleted.expect(202);
    assert!(shared.status < 500, "{}", shared.text);
    assert_eq!(app.ask(VIC, "resource.write", ("Resource", "plan")).await["decision"], "deny");
    assert_eq!(app.ask(VIC, "resource.read", ("Resource", "plan")).await["decision"], "deny");
}
