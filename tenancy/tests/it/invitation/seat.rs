use std::time::Duration;

use tenancy::{OrgRole, invitation};

use super::support::{accept, invite, invited, new, person, resend, revoke, role_of, token, world};
use crate::support::{GARY, GLOBEX, OLGA, SPROUT, World, ZOE, race, request, said};

/// What is told of a seat too many on Sprout's plan.
const FULL: &str = "limit: 2 of 2 members on free";

// proves PLN-2, INV-5
#[tokio::test]
async fn eight_who_invite_at_once_for_the_last_seat_get_one() {
    let world = world().await;
    let outcomes = race(8, |number| {
        let db = world.db.clone();
        async move {
            let wanted = new(&format!("n{number}@example.com"), OrgRole::Member);
            said(&invite(&db, OLGA, SPROUT, &wanted).await)
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|said| *said == "ok").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|said| *said == FULL).count(), 7, "{outcomes:?}");
    assert_eq!(world.sql("select count(*) from invitations").await.trim(), "1");
    assert_eq!(world.sql("select count(*) from jobs").await.trim(), "1", "nobody else is written to");
    world.assert_audit_holds().await;
}

async fn told(world: &World, email: &str) -> String {
    said(&invite(&world.db, OLGA, SPROUT, &new(email, OrgRole::Member)).await)
}

// proves PLN-2, INV-5
#[tokio::test]
async fn a_seat_is_free_again_once_its_invitation_is_revoked_or_expired() {
    let world = world().await;
    let made = invited(&world, OLGA, SPROUT, "nora@example.com").await;
    assert_eq!(told(&world, "nils@example.com").await, FULL);
    revoke(&world.db, OLGA, SPROUT, made.id).await.expect("revoked");
    assert_eq!(told(&world, "nils@example.com").await, "ok");
    assert_eq!(told(&world, "nina@example.com").await, FULL);
    world.clock.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(told(&world, "nina@example.com").await, "ok");
    // Whoever is sent an expired one again takes a seat again.
    let nils = world.sql("select id from invitations where email = 'nils@example.com'").await;
    let nils = tenancy::InvitationId(nils.trim().parse().expect("an id"));
    assert_eq!(said(&resend(&world.db, OLGA, SPROUT, nils).await), FULL);
    let state =
        "select sent, expires_at < created_at + interval '8 days' from invitations where email like 'nils%'";
    assert_eq!(world.sql(state).await.trim(), "1|t");
}

// proves INV-5
#[tokio::test]
async fn a_kept_seat_is_taken_and_not_taken_twice() {
    let world = world().await;
    let made = invited(&world, OLGA, SPROUT, "zoe@example.com").await;
    let link = token(&world, &made).await;
    // The organization is full with the invitation itself.
    assert_eq!(said(&accept(&world.db, ZOE, &link).await), "ok");
    assert_eq!(told(&world, "nora@example.com").await, FULL);
    world.sql(&format!("delete from memberships where user_id = '{ZOE}'")).await;
    assert_eq!(told(&world, "nora@example.com").await, "ok");
}

// proves PLN-2, PLN-3
#[tokio::test]
async fn after_a_downgrade_nobody_joins_until_there_is_room() {
    let world = world().await;
    let mut links = vec![];
    for email in ["zoe@example.com", "nora@example.com", "nils@example.com"] {
        let made = invited(&world, GARY, GLOBEX, email).await;
        links.push((token(&world, &made).await, made.id));
    }
    world.sql(&format!("update organizations set plan = 'free' where id = '{GLOBEX}'")).await;
    let refused = accept(&world.db, ZOE, &links[0].0).await;
    assert_eq!(said(&refused), "limit: 5 of 2 members on free");
    let new = super::support::take_up(&world.db, &links[1].0).await;
    assert_eq!(said(&new), "limit: 5 of 2 members on free");
    assert_eq!(world.sql("select count(*) from users where email = 'nora@example.com'").await.trim(), "0");
    assert_eq!(role_of(&world, GLOBEX, ZOE).await, "");
    for (_, id) in &links[1..] {
        revoke(&world.db, GARY, GLOBEX, *id).await.expect("revoked");
    }
    world.sql(&format!("delete from memberships where org_id = '{GLOBEX}' and role = 'member'")).await;
    assert_eq!(said(&accept(&world.db, ZOE, &links[0].0).await), "ok");
}

// proves PLN-3
#[tokio::test]
async fn into_a_read_only_organization_nobody_is_invited_and_nobody_comes() {
    let world = world().await;
    let made = invited(&world, OLGA, SPROUT, "zoe@example.com").await;
    let link = token(&world, &made).await;
    world
        .sql(&format!("update organizations set subscription_status = 'cancelled' where id = '{SPROUT}'"))
        .await;
    assert_eq!(
        said(&accept(&world.db, ZOE, &link).await),
        "forbidden invitation.accept by [limit.org_read_only]"
    );
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let wanted = new("nora@example.com", OrgRole::Member);
    let told = said(&invitation::create(&mut tx, &person(OLGA), SPROUT, &wanted).await);
    assert!(told.starts_with("forbidden invitation.create by ["), "{told}");
    assert!(told.contains("limit.org_read_only"), "{told}");
}
