//! Mails to those who are invited.

use tenancy::invitation::{self, Invitation, NewInvitation};
use tenancy::{Caller, InvitationId, Locale, OrgId, OrgRole, Person, Request, UserId};

use super::support::{ANN, PUBLIC_URL, World, said};

const ACME: &str = "019aa000-0000-7000-8000-0000000000a1";
const GLOBEX: &str = "019aa000-0000-7000-8000-0000000000b1";

/// Two organizations without a limit of seats, which Ann owns.
async fn world() -> (World, UserId) {
    let world = World::new().await;
    let ann = world.somebody(ANN).await;
    for (org, name) in [(ACME, "acme"), (GLOBEX, "globex")] {
        world
            .sql(&format!(
                "insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at)
                 values ('{org}', '{name}', '{name}', 'enterprise', 'active', now(), now());
                 insert into memberships (org_id, user_id, role, created_at) values ('{org}', '{ann}', 'owner', now())"
            ))
            .await;
    }
    (world, ann)
}

fn id(org: &str) -> OrgId {
    OrgId(org.parse().unwrap())
}

async fn invite(world: &World, by: UserId, org: &str, email: &str, locale: Option<Locale>) -> Invitation {
    let new = NewInvitation {
        email: email.parse().unwrap(),
        role: OrgRole::Manager,
        workspace: None,
        days: 7,
        locale,
    };
    let mut tx = world.db.begin(Request::default()).await.unwrap();
    let caller = Caller::User(Person::without_session(by));
    let made = invitation::create(&mut tx, &caller, id(org), &new).await.unwrap();
    tx.commit().await.unwrap();
    made
}

async fn resend(world: &World, by: UserId, of: InvitationId) {
    let mut tx = world.db.begin(Request::default()).await.unwrap();
    let caller = Caller::User(Person::without_session(by));
    invitation::resend(&mut tx, &caller, id(ACME), of).await.unwrap();
    tx.commit().await.unwrap();
}

// proves MAIL-2, INV-2
#[tokio::test]
async fn whoever_is_invited_gets_a_link_that_is_the_invitations_in_their_language() {
    let (world, ann) = world().await;
    world
        .sql("update organizations set name = '<b>x</b> http://evil.example\u{202e}' where slug = 'acme'")
        .await;
    let made = invite(&world, ann, ACME, "nora@example.org", None).await;
    world.work().await;
    let mail = &world.mails()[0];
    let text = said(mail);
    assert!(text.contains("Ann invites you") && text.contains("a manager"), "{text}");
    assert!(!text.contains("<b>x</b> http") || text.contains("&#60;b&#62;x"), "{text}");
    assert!(!text.contains("http://evil.example"), "{text}");
    let (_, behind) = text.split_once(&format!("{PUBLIC_URL}/invitation?token=")).expect(&text);
    let token = tenancy::InvitationToken::parse(&behind[..47]).expect(behind);
    let view = invitation::look(&world.db, Request::default(), &token).await.unwrap();
    assert_eq!(view.email, "n…@example.org");
    assert!(
        !world
            .sql(&format!("select payload from jobs where payload ->> 'invitation_id' = '{}'", made.id))
            .await
            .contains("dwi_")
    );

    // The reader's own language, else the one that was chosen, else the inviter's.
    world.register("francine@example.org", Locale::French).await;
    world.sql("delete from jobs; update organizations set name = 'Acme'").await;
    for (email, chosen, expected) in [
        ("Francine@example.org", Some(Locale::English), "rejoindre Acme"),
        ("a@example.org", Some(Locale::French), "rejoindre Acme"),
        ("b@example.org", None, "to join Acme"),
    ] {
        invite(&world, ann, ACME, email, chosen).await;
        world.work().await;
        let subject = world.subjects().pop().unwrap();
        assert!(subject.ends_with(expected), "{email}: {subject}");
    }
}

// proves MAIL-1, INV-1
#[tokio::test]
async fn an_invitation_that_ended_or_was_sent_again_meanwhile_is_not_mailed() {
    for (meanwhile, mails) in [
        ("select", 1),
        ("update invitations set revoked_at = now(), ended_at = now()", 0),
        ("update invitations set accepted_at = now(), ended_at = now()", 0),
        ("update invitations set expires_at = now()", 0),
        ("delete from invitations", 0),
        ("delete from organizations", 0),
        ("delete from users", 1),
    ] {
        let (world, ann) = world().await;
        invite(&world, ann, ACME, "nora@example.org", None).await;
        world.sql(meanwhile).await;
        world.work().await;
        assert_eq!(world.mails().len(), mails, "{meanwhile}");
    }
    let (world, ann) = world().await;
    let made = invite(&world, ann, ACME, "nora@example.org", None).await;
    resend(&world, ann, made.id).await;
    world.work().await;
    assert_eq!(world.mails().len(), 1, "of the two mails only the last is sent");
}

// proves INV-5, MAIL-1
#[tokio::test]
async fn an_organization_beyond_its_budget_waits_and_the_others_do_not() {
    let (world, ann) = world().await;
    for number in 0..4 {
        invite(&world, ann, ACME, &format!("a{number}@example.org"), None).await;
    }
    world.work_within("2/1h").await;
    for number in 0..2 {
        invite(&world, ann, GLOBEX, &format!("g{number}@example.org"), None).await;
    }
    world.work_within("2/1h").await;
    let subjects = world.subjects();
    let to = |org: &str| subjects.iter().filter(|subject| subject.ends_with(org)).count();
    assert_eq!((to("acme"), to("globex")), (2, 2), "{subjects:?}");
    let waiting = "select count(*) from jobs where kind = 'mail.send' and state <> 'done'
                   and org_id = '019aa000-0000-7000-8000-0000000000a1'";
    assert_eq!(world.sql(waiting).await, "2");
    // Time fills the budget.
    world
        .sql(
            "update mail_budgets set spent_until = now() - interval '1 hour'; update jobs set run_at = now()",
        )
        .await;
    world.work_within("2/1h").await;
    assert_eq!(world.subjects().len(), 6);
}
