//! Mails that tell what happened to an account.

use chrono::{DateTime, Utc};
use tenancy::{Locale, Mail, account};

use super::support::{ANN, APP_URL, PUBLIC_URL, World, password, said, token};

fn at() -> DateTime<Utc> {
    "2026-11-20T09:05:00Z".parse().unwrap()
}

// proves AUT-7, ACC-1
#[tokio::test]
async fn whoever_registers_an_address_again_makes_a_mail_to_its_owner_and_no_account() {
    let world = World::new().await;
    world.somebody(ANN).await;
    world.register("Ann@Example.org", Locale::French).await;
    world.work().await;
    let [mail] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    assert_eq!(mail.to, [ANN]);
    let said = said(mail);
    assert!(said.contains("You already have an account") && said.contains(APP_URL), "{said}");
    assert!(said.contains(&format!("{PUBLIC_URL}/forgot-password")) && !said.contains("token"), "{said}");
    assert_eq!(world.sql("select count(*) from users").await, "1");
}

// proves AUT-5
#[tokio::test]
async fn a_new_password_and_a_new_second_factor_are_told_with_their_time() {
    let world = World::new().await;
    let user_id = world.somebody(ANN).await;
    world.send(Mail::PasswordChanged { user_id, at: at() }).await;
    world.work().await;
    world.send(Mail::SecondFactorChanged { user_id, at: at() }).await;
    world.work().await;
    assert_eq!(world.subjects(), ["Your password was changed", "Your second factor was changed"]);
    for mail in world.mails() {
        let said = said(&mail);
        assert!(said.contains("20 November 2026 at 9:05 UTC"), "{said}");
        assert!(said.contains(&format!("{PUBLIC_URL}/forgot-password")), "{said}");
    }
}

// proves AUT-6
#[tokio::test]
async fn a_password_that_was_chosen_by_a_link_is_told() {
    let world = World::new().await;
    world.somebody(ANN).await;
    world.forget_password(ANN).await;
    world.work().await;
    let link = token(&world.mails()[0], "reset-password");
    account::set_password(&world.db, Default::default(), &link, &password()).await.unwrap();
    world.work().await;
    assert_eq!(world.subjects(), ["Choose a new password", "Your password was changed"]);
}

// proves MAIL-1
#[tokio::test]
async fn a_mail_that_is_sent_twice_is_the_same_to_the_byte() {
    let world = World::new().await;
    world.register(ANN, Locale::English).await;
    world.work().await;
    // As if the worker had been lost between the server's answer and its own commit.
    world
        .sql(
            "update jobs set state = 'pending', finished_at = null, relayed_at = null, run_at = now()
             where kind = 'mail.send'",
        )
        .await;
    world.work().await;
    let [one, two] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    assert_eq!(one, two);
    token(one, "verify-email");
}
