use std::time::Duration;

use tenancy::{InvitationState, WorkspaceRole, invitation};

use super::support::{accept, invite, invited, mailed, new, resend, revoke, role_of, token, world};
use crate::support::{ACME, ACME_DEFAULT, ADAM, MARY, OLGA, ZOE, request, said};

// proves INV-1, INV-2
#[tokio::test]
async fn sending_again_kills_the_link_before_and_its_mail() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    let old = token(&world, &made).await;
    world.clock.advance(Duration::from_secs(86_400));
    let sent = resend(&world.db, OLGA, ACME, made.id).await.expect("sent again");
    assert_eq!((sent.sent, sent.expires_at - made.expires_at), (2, chrono::TimeDelta::days(1)));
    let new = token(&world, &sent).await;
    assert_ne!(old.reveal(), new.reveal());
    assert!(mailed(&world, ACME, made.id, 1).await.is_none(), "the mail that still waits is not sent");
    assert_eq!(said(&accept(&world.db, ZOE, &old).await), "not found: invitation");
    assert_eq!(said(&invitation::look(&world.db, request(), &old).await), "not found: invitation");
    assert_eq!(said(&accept(&world.db, ZOE, &new).await), "ok");
    world.assert_audit_holds().await;
}

// proves INV-1
#[tokio::test]
async fn an_expired_invitation_comes_back_unless_another_took_its_place() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    let old = token(&world, &made).await;
    world.clock.advance(Duration::from_secs(8 * 86_400));
    let other = invited(&world, OLGA, ACME, "ZOE@example.com").await;
    assert!(said(&resend(&world.db, OLGA, ACME, made.id).await).starts_with("conflict already_invited"));
    revoke(&world.db, OLGA, ACME, other.id).await.expect("revoked");
    let sent = resend(&world.db, OLGA, ACME, made.id).await.expect("sent again");
    assert_eq!(sent.state, InvitationState::Pending);
    assert_eq!(said(&accept(&world.db, ZOE, &old).await), "not found: invitation");
    assert_eq!(said(&accept(&world.db, ZOE, &token(&world, &sent).await).await), "ok");
}

// proves INV-5
#[tokio::test]
async fn whoever_has_become_a_member_is_not_invited_again() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    world
        .sql(&format!(
            "insert into memberships (org_id, user_id, role, created_at) values ('{ACME}', '{ZOE}', 'manager', now())"
        ))
        .await;
    assert!(said(&resend(&world.db, OLGA, ACME, made.id).await).starts_with("conflict already_member"));
    assert_eq!(role_of(&world, ACME, ZOE).await, "manager");
}

// proves ORG-5
#[tokio::test]
async fn whoever_may_not_let_people_into_a_workspace_does_not_do_so_by_sending_again() {
    let world = world().await;
    let wanted = tenancy::invitation::NewInvitation {
        workspace: Some((ACME_DEFAULT, WorkspaceRole::Admin)),
        ..new("zoe@example.com", tenancy::OrgRole::Member)
    };
    let made = invite(&world.db, ADAM, ACME, &wanted).await.expect("an invitation");
    assert_eq!(said(&resend(&world.db, MARY, ACME, made.id).await), "not found: workspace");
    assert_eq!(said(&resend(&world.db, OLGA, ACME, made.id).await), "ok");
    world.sql(&format!("delete from workspaces where id = '{ACME_DEFAULT}'")).await;
    assert_eq!(said(&resend(&world.db, MARY, ACME, made.id).await), "ok", "there is nothing to get into");
}
