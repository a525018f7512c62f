use std::time::Duration;

use tenancy::invitation::{self, Reader};
use tenancy::{Caller, InvitationState, OrgRole, WorkspaceRole};

use super::support::{accept, invite, invited, new, person, revoke, role_of, state, token, world};
use crate::people::{caller, register, sign_in};
use crate::support::{ACME, ACME_DEFAULT, ADAM, GREG, OLGA, ZOE, request, said};

// proves INV-3
#[tokio::test]
async fn an_invitation_is_for_the_verified_address_it_was_sent_to_in_any_case() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "ZOE@Example.com").await;
    let link = token(&world, &made).await;
    for stranger in [GREG, ADAM, OLGA] {
        assert_eq!(
            said(&accept(&world.db, stranger, &link).await),
            "forbidden invitation.accept by [member.invited.nobody_else]"
        );
    }
    world.sql(&format!("update users set email_verified_at = null where id = '{ZOE}'")).await;
    let unverified = said(&accept(&world.db, ZOE, &link).await);
    assert!(unverified.starts_with("forbidden invitation.accept by [account.unverified"), "{unverified}");
    assert_eq!(
        (role_of(&world, ACME, ZOE).await.as_str(), state(&world, &made).await.as_str()),
        ("", "open")
    );
    world.sql(&format!("update users set email_verified_at = now() where id = '{ZOE}'")).await;
    let joined = accept(&world.db, ZOE, &link).await.expect("joined");
    assert_eq!((joined.org_id, joined.role, joined.user_id), (ACME, OrgRole::Member, ZOE));
    assert_eq!(role_of(&world, ACME, ZOE).await, "member");
    assert_eq!(said(&accept(&world.db, ZOE, &link).await), "gone");
    world.assert_audit_holds().await;
}

// proves INV-3
#[tokio::test]
async fn a_domain_beyond_ascii_is_one_address_in_all_its_spellings() {
    let world = world().await;
    register(&world.db, "nora@EXÄMPLE.com").await.expect("an account");
    world.sql("update users set email_verified_at = now() where email like 'nora@%'").await;
    let made = invited(&world, OLGA, ACME, "Nora@exämple.com").await;
    let link = token(&world, &made).await;
    let nora = caller(&world.db, &sign_in(&world.db, "nora@xn--exmple-cua.com").await).await;
    assert_eq!(said(&invitation::accept(&world.db, request(), &nora, &link).await), "ok");
}

// proves INV-4
#[tokio::test]
async fn accepting_changes_no_role_that_somebody_has() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    let link = token(&world, &made).await;
    let owner = "insert into memberships (org_id, user_id, role, suspended_at, created_at) values";
    for (role, suspended) in [("owner", "null"), ("admin", "now()")] {
        world.sql(&format!("{owner} ('{ACME}', '{ZOE}', '{role}', {suspended}, now())")).await;
        let told = said(&accept(&world.db, ZOE, &link).await);
        assert!(told.starts_with("conflict already_member"), "{told}");
        assert_eq!(role_of(&world, ACME, ZOE).await, role);
        assert_eq!(state(&world, &made).await, "open", "nothing has changed");
        let is = "select suspended_at is null from memberships where user_id";
        assert_eq!(
            world.sql(&format!("{is} = '{ZOE}'")).await.trim(),
            if role == "owner" { "t" } else { "f" }
        );
        world.sql(&format!("delete from memberships where user_id = '{ZOE}'")).await;
    }
    // Also where the plan has no seat left: what a member is told is that they are one.
    world.sql(&format!("{owner} ('{ACME}', '{ZOE}', 'owner', null, now())")).await;
    world.sql(&format!("update organizations set plan = 'free' where id = '{ACME}'")).await;
    assert!(said(&accept(&world.db, ZOE, &link).await).starts_with("conflict already_member"));
    let who = invitation::reader(&world.db, request(), &person(ZOE), &link).await.expect("an answer");
    assert_eq!(who, Reader::Member);
}

// proves INV-4
#[tokio::test]
async fn it_makes_no_difference_whether_the_inviter_and_the_workspace_are_still_there() {
    let world = world().await;
    let into = tenancy::invitation::NewInvitation {
        workspace: Some((ACME_DEFAULT, WorkspaceRole::Editor)),
        ..new("zoe@example.com", OrgRole::Admin)
    };
    let made = invite(&world.db, ADAM, ACME, &into).await.expect("an invitation");
    let zoes = token(&world, &made).await;
    let made = invite(
        &world.db,
        ADAM,
        ACME,
        &tenancy::invitation::NewInvitation { email: "greg@example.com".parse().expect("one"), ..into },
    )
    .await
    .expect("an invitation");
    let gregs = token(&world, &made).await;
    world.sql(&format!("delete from memberships where user_id = '{ADAM}'")).await;
    let joined = accept(&world.db, ZOE, &zoes).await.expect("joined");
    assert_eq!(
        (joined.workspace_id, joined.workspace_role),
        (Some(ACME_DEFAULT), Some(WorkspaceRole::Editor))
    );
    let role =
        format!("select role from workspace_members where workspace_id = '{ACME_DEFAULT}' and user_id");
    assert_eq!(world.sql(&format!("{role} = '{ZOE}'")).await.trim(), "editor");

    world.sql(&format!("delete from workspaces where id = '{ACME_DEFAULT}'")).await;
    world.sql(&format!("delete from users where id = '{ADAM}'")).await;
    let view = invitation::look(&world.db, request(), &gregs).await.expect("a view");
    assert_eq!((view.inviter, view.workspace, view.workspace_role), (None, None, None));
    let joined = accept(&world.db, GREG, &gregs).await.expect("joined");
    assert_eq!((joined.role, joined.workspace_id, joined.workspace_role), (OrgRole::Admin, None, None));
}

// proves INV-4
#[tokio::test]
async fn an_invitation_ends_at_the_instant_and_not_before() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    let other = invited(&world, OLGA, ACME, "greg@example.com").await;
    let (zoes, gregs) = (token(&world, &made).await, token(&world, &other).await);
    world.clock.advance(Duration::from_secs(7 * 86_400) - Duration::from_millis(1));
    assert_eq!(said(&accept(&world.db, ZOE, &zoes).await), "ok");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(said(&accept(&world.db, GREG, &gregs).await), "gone");
    let view = invitation::look(&world.db, request(), &gregs).await.expect("it still says what it was");
    assert_eq!(view.state, InvitationState::Expired);
    assert_eq!(role_of(&world, ACME, GREG).await, "");
}

// proves INV-2, INV-4
#[tokio::test]
async fn what_an_invitation_says_names_nobody_by_a_whole_address() {
    let world = world().await;
    let made = invite(&world.db, ADAM, ACME, &new("zoe@example.com", OrgRole::Admin)).await.expect("one");
    let link = token(&world, &made).await;
    let view = invitation::look(&world.db, request(), &link).await.expect("a view");
    assert_eq!((view.organization.as_str(), view.inviter.as_deref()), ("Acme", Some("adam")));
    assert_eq!((view.email.as_str(), view.role, view.has_account), ("z…@example.com", OrgRole::Admin, true));
    for (who, expected) in
        [(ZOE, Reader::Invited), (GREG, Reader::SomebodyElse), (ADAM, Reader::SomebodyElse)]
    {
        let reader = invitation::reader(&world.db, request(), &person(who), &link).await.expect("an answer");
        assert_eq!(reader, expected);
    }
    revoke(&world.db, OLGA, ACME, made.id).await.expect("revoked");
    let view = invitation::look(&world.db, request(), &link).await.expect("a view");
    assert_eq!(view.state, InvitationState::Revoked);
    assert_eq!(said(&accept(&world.db, ZOE, &link).await), "gone");
    assert_eq!(said(&invitation::addressee(&world.db, request(), &link).await), "gone");
    // Nobody in particular, and what is no person, accept nothing.
    for nobody in [Caller::Anonymous, Caller::Worker] {
        let told = said(&invitation::accept(&world.db, request(), &nobody, &link).await);
        assert!(matches!(told.as_str(), "gone" | "unauthenticated"), "{told}");
    }
}
