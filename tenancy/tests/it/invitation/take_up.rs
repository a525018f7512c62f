use tenancy::invitation::{self, NewAccount};
use tenancy::{AccountStatus, Device, Locale, OrgRole};

use super::support::{account, invite, invited, new, person, state, take_up, token, world};
use crate::people::{count, may_ask, password, sign_in};
use crate::support::{ACME, ADAM, OLGA, ZOE, request, said};

// proves INV-3, ACC-1
#[tokio::test]
async fn whoever_has_no_account_opens_one_joins_and_is_signed_in() {
    let world = world().await;
    let wanted = tenancy::invitation::NewInvitation {
        locale: Some(Locale::French),
        ..new("Nora@example.com", OrgRole::Admin)
    };
    let made = invite(&world.db, ADAM, ACME, &wanted).await.expect("an invitation");
    let link = token(&world, &made).await;
    assert!(!invitation::look(&world.db, request(), &link).await.expect("a view").has_account);
    let taken = take_up(&world.db, &link).await.expect("an account");
    let (profile, joined) = (&taken.profile, &taken.joined);
    assert_eq!((profile.email.as_str(), profile.email_verified), ("Nora@example.com", true));
    assert_eq!(
        (profile.status, profile.locale, profile.platform_role),
        (AccountStatus::Pending, Locale::French, None)
    );
    assert_eq!((profile.approval_due_at - profile.created_at).num_hours(), 48);
    assert_eq!((joined.org_id, joined.user_id, joined.role), (ACME, profile.id, OrgRole::Admin));
    let tokens = world.db.tokens(taken.grant).await.expect("tokens");
    assert!(may_ask(&world.db, &tokens).await);
    sign_in(&world.db, "nora@example.com").await;
    assert_eq!(state(&world, &made).await, "accepted ended");
    // The address needs no mail that verifies it.
    let mails = "select string_agg(payload ->> 'mail', ' ' order by payload ->> 'mail') from jobs";
    assert_eq!(world.sql(mails).await.trim(), "invitation welcome");
    assert_eq!(
        count(&world, "workspaces w join users u on u.id = w.owner_id where u.name = 'Nora'").await,
        1
    );
    assert!(said(&take_up(&world.db, &link).await).starts_with("gone"));
    world.assert_audit_holds().await;
}

// proves INV-3
#[tokio::test]
async fn an_address_that_has_an_account_signs_in_instead() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "ZOE@example.com").await;
    let link = token(&world, &made).await;
    let before = count(&world, "users").await;
    assert!(said(&take_up(&world.db, &link).await).starts_with("conflict account_exists"));
    assert_eq!((count(&world, "users").await, state(&world, &made).await.as_str()), (before, "open"));
    assert_eq!(said(&invitation::accept(&world.db, request(), &person(ZOE), &link).await), "ok");
}

// proves AUT-1
#[tokio::test]
async fn name_and_password_are_held_to_the_rules_of_every_account() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "nora.k@example.com").await;
    let link = token(&world, &made).await;
    let long = "x".repeat(10_000);
    for (name, secret, wrong) in [
        ("", "zebra stripes at dawn", "invalid name"),
        ("a\0b", "zebra stripes at dawn", "invalid name"),
        ("evil\u{202e}moc", "zebra stripes at dawn", "invalid name"),
        (&long, "zebra stripes at dawn", "invalid name"),
        ("Nora", "seven 7", "invalid password"),
        ("Nora", "password1", "invalid password"),
        ("Nora", "my nora.k password", "invalid password"),
        ("Nora", "we-are-ACME-2026", "invalid password"),
    ] {
        let new = NewAccount { password: password(secret), ..account(name) };
        let told = invitation::take_up(&world.db, request(), &link, &new, &Device::default()).await;
        assert!(said(&told).starts_with(wrong), "{name:.20} {secret}: {}", said(&told));
    }
    assert_eq!(
        (count(&world, "users where email like 'nora%'").await, state(&world, &made).await.as_str()),
        (0, "open")
    );
}

// proves INV-3
#[tokio::test]
async fn an_account_that_cannot_join_is_not_opened() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "nora@example.com").await;
    let link = token(&world, &made).await;
    let before = (count(&world, "users").await, count(&world, "audit").await, count(&world, "jobs").await);
    world
        .sql(
            "create function fail() returns trigger language plpgsql as $$ begin raise exception 'no session'; end $$;
             create trigger fail before insert on sessions for each row execute function fail()",
        )
        .await;
    assert!(said(&take_up(&world.db, &link).await).starts_with("store: "));
    assert_eq!(
        (count(&world, "users").await, count(&world, "audit").await, count(&world, "jobs").await),
        before
    );
    assert_eq!(state(&world, &made).await, "open");
    world.sql("drop trigger fail on sessions").await;
    assert_eq!(said(&take_up(&world.db, &link).await), "ok");
}
