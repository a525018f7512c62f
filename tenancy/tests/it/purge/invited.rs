//! What becomes of invitations to somebody who is gone, and of what the audit log says of them.

use std::time::Duration;

use tenancy::invitation::{self, NewInvitation};
use tenancy::{Caller, InvitationId, OrgRole, Person, Result};

use super::memory::{asked, erase};
use crate::people::{SECRET, identity, settings};
use crate::support::{ACME, GREG, OLGA, World, ZOE, request, said};

/// The usual facts, in an installation with a secret.
async fn world() -> World {
    let world = World::new().await;
    let db = world.db.clone().with_identity(identity(SECRET, settings()));
    World { db, ..world }
}

fn olga() -> Caller {
    Caller::User(Person::without_session(OLGA))
}

/// The owner of Acme invites somebody.
async fn invite(world: &World, email: &str) -> InvitationId {
    let email = email.parse().expect("an address");
    let new = NewInvitation { email, role: OrgRole::Member, workspace: None, days: 7, locale: None };
    let mut tx = world.db.begin(request()).await.unwrap();
    let made = invitation::create(&mut tx, &olga(), ACME, &new).await.unwrap();
    tx.commit().await.unwrap();
    made.id
}

async fn resend(world: &World, id: InvitationId) -> Result<()> {
    let mut tx = world.db.begin(request()).await?;
    invitation::resend(&mut tx, &olga(), ACME, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn revoke(world: &World, id: InvitationId) {
    let mut tx = world.db.begin(request()).await.unwrap();
    invitation::revoke(&mut tx, &olga(), ACME, id).await.unwrap();
    tx.commit().await.unwrap();
}

/// How many entries of the log have an address in them.
async fn told(world: &World, email: &str) -> String {
    world.sql(&format!("select count(*) from audit_details where lower(details) like '%{email}%'")).await
}

async fn email_of(world: &World, id: InvitationId) -> String {
    world.sql(&format!("select email from invitations where id = '{id}'")).await
}

const NOBODY: &str = "erased@doorward.invalid";

#[tokio::test]
async fn the_log_and_invitations_that_are_over_forget_the_address_of_whoever_is_gone() {
    // proves PRG-3, AUD-1
    let world = world().await;
    let revoked = invite(&world, "Zoe@example.com").await;
    revoke(&world, revoked).await;
    let expired = invite(&world, "zoe@example.com").await;
    resend(&world, expired).await.unwrap();
    let others = invite(&world, "nora@example.com").await;
    world.clock.advance(Duration::from_secs(8 * 86_400));
    assert_ne!(told(&world, "zoe@example.com").await, "0", "there is something to forget");
    let purge = asked(&world, "user", ZOE.0).await;
    assert_eq!(erase(&world, purge, 1).await, 0);
    assert_eq!(told(&world, "zoe@example.com").await, "0");
    assert_eq!(email_of(&world, revoked).await, NOBODY);
    assert_eq!(email_of(&world, expired).await, NOBODY);
    let sent = said(&resend(&world, expired).await);
    assert_eq!(
        sent,
        "conflict invitation_ended: the invitation was for somebody who is gone; make another one"
    );
    assert_eq!(email_of(&world, others).await, "nora@example.com");
    assert_eq!(told(&world, "nora@example.com").await, "1");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn of_two_who_go_after_one_another_each_loses_an_expired_invitation_into_one_organization() {
    // proves PRG-3
    let world = world().await;
    let (zoe, greg) = (invite(&world, "zoe@example.com").await, invite(&world, "greg@example.com").await);
    world.clock.advance(Duration::from_secs(8 * 86_400));
    for (person, invitation) in [(ZOE, zoe), (GREG, greg)] {
        let purge = asked(&world, "user", person.0).await;
        assert_eq!(erase(&world, purge, 1_000).await, 0);
        assert_eq!(email_of(&world, invitation).await, NOBODY);
    }
}

#[tokio::test]
async fn invitations_of_whoever_has_the_address_since_are_not_touched() {
    // proves PRG-3
    let world = world().await;
    let before = invite(&world, "zoe@example.com").await;
    revoke(&world, before).await;
    let purge = asked(&world, "user", ZOE.0).await;
    // Greg takes the address while Zoe could still come back, and is invited.
    world
        .sql(&format!(
            "update users set status = 'deleting' where id = '{ZOE}';
             update users set email = 'zoe@example.com' where id = '{GREG}'"
        ))
        .await;
    world.clock.advance(Duration::from_secs(3_600));
    let accepted = invite(&world, "zoe@example.com").await;
    world
        .sql(&format!(
            "update invitations set accepted_at = created_at, accepted_by = '{GREG}', ended_at = created_at
             where id = '{accepted}'"
        ))
        .await;
    let after = invite(&world, "zoe@example.com").await;
    revoke(&world, after).await;
    assert_eq!(erase(&world, purge, 1_000).await, 0);
    assert_eq!(email_of(&world, before).await, NOBODY);
    assert_eq!(email_of(&world, accepted).await, "zoe@example.com");
    assert_eq!(email_of(&world, after).await, "zoe@example.com");
    // Two were made and one of them was taken back.
    assert_eq!(told(&world, "zoe@example.com").await, "3");
}

#[tokio::test]
async fn an_account_that_never_proved_its_address_takes_no_invitation_along() {
    // proves PRG-3
    let world = world().await;
    let id = invite(&world, "zoe@example.com").await;
    revoke(&world, id).await;
    world.sql(&format!("update users set email_verified_at = null where id = '{ZOE}'")).await;
    let purge = asked(&world, "user", ZOE.0).await;
    assert_eq!(erase(&world, purge, 1_000).await, 0);
    assert_eq!(email_of(&world, id).await, "zoe@example.com");
    assert_eq!(told(&world, "zoe@example.com").await, "2");
}
