//! Mails that are not true any more when they would be sent.

use tenancy::{LinkId, Locale, Mail, UserId};

use super::support::{ANN, World, said};

const APPROVED: &str = "update users set status = 'active', approved_at = now()";
const DISABLED: &str = "update users set status = 'disabled', disabled_at = '2026-11-20T09:05:00Z', disabled_reason = 'the contract ended'";
const DELETING: &str = "update users set status = 'deleting'";

/// Every mail about an account, as if all had been asked for at once.
async fn all(world: &World, user_id: UserId) -> Vec<Mail> {
    let link = |purpose: &'static str| async move {
        let id = world
            .sql(&format!(
                "insert into one_time_links (id, purpose, user_id, email, hash, created_at, expires_at)
                 values (gen_random_uuid(), '{purpose}', '{user_id}', '{ANN}', sha256('{purpose}'), now(), now() + '1 hour')
                 returning id"
            ))
            .await;
        LinkId(id.lines().next().unwrap().parse().unwrap())
    };
    let at = world.db.now();
    vec![
        Mail::ApprovalReminder { user_id },
        Mail::Expired { user_id },
        Mail::Verification { user_id, link_id: link("verify_email").await },
        Mail::Welcome { user_id },
        Mail::AlreadyRegistered { user_id },
        Mail::PasswordReset { user_id, link_id: link("reset_password").await },
        Mail::SetPassword { user_id, link_id: link("set_password").await },
        Mail::PasswordChanged { user_id, at },
        Mail::SecondFactorChanged { user_id, at },
        Mail::Approved { user_id },
        Mail::Disabled { user_id },
    ]
}

/// Asks for every mail, makes this true, and tells by their subjects what is sent.
async fn sent(after: &str) -> Vec<String> {
    let world = World::new().await;
    let user_id = world.somebody(ANN).await;
    for mail in all(&world, user_id).await {
        world.send(mail).await;
    }
    world.sql(after).await;
    world.work().await;
    let done = "select count(*) from jobs where kind = 'mail.send' and state = 'done'";
    assert_eq!(world.sql(done).await, "11", "what is not sent is done all the same");
    let mut subjects = world.subjects();
    subjects.sort();
    subjects
}

const OF_EVERY_OPEN_ACCOUNT: [&str; 5] = [
    "Choose a new password",
    "Choose a password for your new account",
    "You already have an account",
    "Your password was changed",
    "Your second factor was changed",
];

fn with(more: &[&str]) -> Vec<String> {
    let mut subjects: Vec<String> =
        OF_EVERY_OPEN_ACCOUNT.iter().chain(more).map(|subject| (*subject).to_owned()).collect();
    subjects.sort();
    subjects
}

// proves MAIL-1, ACC-3
#[tokio::test]
async fn to_an_account_in_its_trial_goes_what_is_true_of_one() {
    let of_the_trial = ["Welcome to Doorward", "Your trial ends soon"];
    assert_eq!(sent("select").await, with(&of_the_trial));
    let unverified = ["Confirm your e-mail address", "Your trial ends soon"];
    assert_eq!(sent("update users set email_verified_at = null").await, with(&unverified));
}

// proves MAIL-1, ACC-4
#[tokio::test]
async fn nobody_is_told_of_an_end_or_an_approval_that_was_undone_meanwhile() {
    assert_eq!(sent(APPROVED).await, with(&["Welcome to Doorward", "Your account is approved"]));
    assert_eq!(sent("update users set status = 'expired'").await, with(&["Your trial has ended"]));
    assert_eq!(sent("update users set status = 'deactivated'").await, with(&[]));
}

// proves MAIL-1, ACC-5
#[tokio::test]
async fn a_closed_account_gets_news_and_no_links_that_open_it_and_an_erased_one_nothing() {
    let news = ["Your account was closed", "Your password was changed", "Your second factor was changed"];
    assert_eq!(sent(DISABLED).await, news);
    assert_eq!(sent(DELETING).await, [""; 0]);
    assert_eq!(sent("delete from users").await, [""; 0]);
}

// proves AUT-6
#[tokio::test]
async fn a_link_that_is_too_old_or_used_is_not_mailed() {
    for dead in ["expires_at = now()", "used_at = now()"] {
        let subjects =
            sent(&format!("update users set email_verified_at = null; update one_time_links set {dead}"))
                .await;
        assert_eq!(
            subjects,
            [
                "You already have an account",
                "Your password was changed",
                "Your second factor was changed",
                "Your trial ends soon"
            ]
        );
    }
}

// proves ACC-5
#[tokio::test]
async fn the_reason_and_the_time_of_a_closed_account_are_in_its_mail() {
    let world = World::new().await;
    let user_id = world.register(ANN, Locale::English).await;
    world.sql(&format!("delete from jobs; {DISABLED}")).await;
    world.send(Mail::Disabled { user_id }).await;
    world.work().await;
    let said = said(&world.mails()[0]);
    assert!(said.contains("“the contract ended”") && said.contains("20 November 2026 at 9:05 UTC"), "{said}");
}
