use tenancy::{Error, OrgRole, Result, invitation};

use super::support::{invite, new, person, world};
use crate::people::count;
use crate::support::{ACME, ADAM, EVE, GARY, OLGA, SPROUT, World, request, said};

async fn bulk(
    world: &World,
    by: tenancy::UserId,
    org: tenancy::OrgId,
    rows: Vec<Result<invitation::NewInvitation>>,
) -> Vec<String> {
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    match invitation::create_many(&mut tx, &person(by), org, rows).await {
        Ok(outcomes) => {
            tx.commit().await.expect("committed");
            let brief = |outcome| said(outcome).split(':').next().unwrap_or_default().to_owned();
            outcomes.iter().map(brief).collect()
        }
        Err(error) => vec![said::<()>(&Err(error))],
    }
}

// proves INV-1
#[tokio::test]
async fn fifty_are_invited_at_once_and_fifty_one_are_not() {
    let world = world().await;
    world.sql(&format!("update organizations set plan = 'enterprise' where id = '{ACME}'")).await;
    let rows = |count: usize| -> Vec<_> {
        (0..count).map(|number| Ok(new(&format!("n{number}@example.com"), OrgRole::Member))).collect()
    };
    assert_eq!(bulk(&world, OLGA, ACME, rows(51)).await, ["invalid invitations: 1 to 50"]);
    assert_eq!(bulk(&world, OLGA, ACME, vec![]).await, ["invalid invitations: 1 to 50"]);
    assert_eq!(count(&world, "invitations").await, 0);
    assert_eq!(bulk(&world, OLGA, ACME, rows(50)).await, vec!["ok"; 50]);
    assert_eq!((count(&world, "invitations").await, count(&world, "jobs").await), (50, 50));
    world.assert_audit_holds().await;
}

// proves INV-1, INV-5, ORG-5
#[tokio::test]
async fn each_row_is_told_by_itself_what_became_of_it() {
    let world = world().await;
    invite(&world.db, OLGA, ACME, &new("known@example.com", OrgRole::Member)).await.expect("an invitation");
    let rows = vec![
        Ok(new("mia@example.com", OrgRole::Member)),
        Ok(new("a@example.com", OrgRole::Member)),
        Ok(new("a@EXAMPLE.com", OrgRole::Admin)),
        Ok(new("boss@example.com", OrgRole::Owner)),
        Err(Error::invalid("email", "not an address")),
        Ok(new("Known@example.com", OrgRole::Member)),
        Ok(new("b@example.com", OrgRole::Admin)),
    ];
    let told = bulk(&world, ADAM, ACME, rows).await;
    let expected = [
        "conflict already_member",
        "ok",
        "conflict already_invited",
        "forbidden invitation.create by []",
        "invalid email",
        "conflict already_invited",
        "ok",
    ];
    assert_eq!(told, expected);
    let made = "select string_agg(email || ' ' || role, ', ' order by email) from invitations";
    assert_eq!(
        world.sql(made).await.trim(),
        "a@example.com member, b@example.com admin, known@example.com member"
    );
    assert_eq!(
        (count(&world, "jobs").await, count(&world, "audit where action = 'invitation.create'").await),
        (3, 3)
    );
}

// proves PLN-2
#[tokio::test]
async fn the_rows_beyond_the_last_seat_are_refused() {
    let world = world().await;
    let rows = ["a@example.com", "b@example.com"].map(|email| Ok(new(email, OrgRole::Member))).into();
    assert_eq!(bulk(&world, OLGA, SPROUT, rows).await, ["ok", "limit"]);
    assert_eq!(count(&world, "invitations").await, 1);
}

// proves API-2
#[tokio::test]
async fn strangers_and_members_without_the_right_are_refused_as_a_whole() {
    let world = world().await;
    let rows = || vec![Ok(new("a@example.com", OrgRole::Member))];
    assert_eq!(bulk(&world, GARY, ACME, rows()).await, ["not found: organization"]);
    assert_eq!(bulk(&world, EVE, ACME, rows()).await, ["forbidden invitation.list by []"]);
    assert_eq!(count(&world, "invitations").await, 0);
}
