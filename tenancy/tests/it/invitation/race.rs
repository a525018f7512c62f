use tenancy::OrgRole;

use super::support::{accept, invite, invited, new, resend, revoke, role_of, state, take_up, token, world};
use crate::people::count;
use crate::support::{ACME, OLGA, ZOE, race, said};

// proves INV-4
#[tokio::test]
async fn of_eight_who_accept_at_once_one_does() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    let link = token(&world, &made).await;
    let outcomes = race(8, |_| {
        let (db, link) = (world.db.clone(), link.clone());
        async move { said(&accept(&db, ZOE, &link).await) }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|said| *said == "ok").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|said| *said == "gone").count(), 7, "{outcomes:?}");
    assert_eq!(count(&world, &format!("memberships where user_id = '{ZOE}'")).await, 1);
    assert_eq!(count(&world, "audit where action = 'invitation.accept'").await, 1);
    world.assert_audit_holds().await;
}

// proves INV-4
#[tokio::test]
async fn an_invitation_is_either_accepted_or_revoked() {
    let world = world().await;
    for round in 0..6 {
        let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
        let link = token(&world, &made).await;
        let outcomes = race(2, |number| {
            let (db, link) = (world.db.clone(), link.clone());
            async move {
                match number {
                    0 => said(&accept(&db, ZOE, &link).await),
                    _ => said(&revoke(&db, OLGA, ACME, made.id).await),
                }
            }
        })
        .await;
        let (state, role) = (state(&world, &made).await, role_of(&world, ACME, ZOE).await);
        let is_accepted = state == "accepted ended";
        assert_eq!(role, if is_accepted { "member" } else { "" }, "{round}: {outcomes:?}");
        assert_eq!((outcomes[0] == "ok", outcomes[1] == "ok"), (is_accepted, !is_accepted), "{outcomes:?}");
        world.sql(&format!("delete from memberships where user_id = '{ZOE}'")).await;
    }
}

// proves INV-4
#[tokio::test]
async fn a_link_that_is_replaced_while_it_is_accepted_is_accepted_or_dead() {
    let world = world().await;
    for _ in 0..6 {
        let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
        let link = token(&world, &made).await;
        let outcomes = race(2, |number| {
            let (db, link) = (world.db.clone(), link.clone());
            async move {
                match number {
                    0 => said(&accept(&db, ZOE, &link).await),
                    _ => said(&resend(&db, OLGA, ACME, made.id).await),
                }
            }
        })
        .await;
        assert_eq!((outcomes[0] == "ok", outcomes[1] == "ok"), (outcomes[0] == "ok", outcomes[0] != "ok"));
        world.sql(&format!("delete from memberships where user_id = '{ZOE}'; delete from invitations")).await;
    }
}

// proves INV-5
#[tokio::test]
async fn of_eight_who_invite_one_address_at_once_one_does() {
    let world = world().await;
    let outcomes = race(8, |number| {
        let db = world.db.clone();
        let email = if number % 2 == 0 { "nora@example.com" } else { "NORA@example.com" };
        async move { said(&invite(&db, OLGA, ACME, &new(email, OrgRole::Member)).await) }
    })
    .await;
    let refused = outcomes.iter().filter(|said| said.starts_with("conflict already_invited")).count();
    assert_eq!((outcomes.iter().filter(|said| *said == "ok").count(), refused), (1, 7), "{outcomes:?}");
    assert_eq!((count(&world, "invitations").await, count(&world, "jobs").await), (1, 1));
}

// proves INV-3, INV-4
#[tokio::test]
async fn of_eight_who_open_an_account_with_one_invitation_one_does() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "nora@example.com").await;
    let link = token(&world, &made).await;
    let outcomes = race(8, |_| {
        let (db, link) = (world.db.clone(), link.clone());
        async move { said(&take_up(&db, &link).await) }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|said| *said == "ok").count(), 1, "{outcomes:?}");
    let rest = |said: &&String| *said == "gone" || said.starts_with("conflict account_exists");
    assert_eq!(outcomes.iter().filter(rest).count(), 7, "{outcomes:?}");
    assert_eq!(count(&world, "users where email = 'nora@example.com'").await, 1);
    assert_eq!(count(&world, "sessions").await, 1);
    world.assert_audit_holds().await;
}
