//! Mails with links that open accounts.

use tenancy::user::{self, InvitedUser};
use tenancy::{Error, Locale, Password, Person, Platform, Request, account, user_action};
use tracing::Level;

use super::support::{ANN, APP_URL, PUBLIC_URL, World, password, said, token};
use crate::log::Log;

fn another() -> Password {
    Password::new("a window that rattles".into())
}

// proves ACC-1, AUT-9
#[tokio::test]
async fn a_registration_mails_a_link_that_verifies_the_address_once_and_then_a_welcome() {
    let world = World::new().await;
    world.register(ANN, Locale::French).await;
    world.work().await;
    let [mail] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    assert_eq!(mail.to, [ANN]);
    assert_eq!(mail.header("Subject").unwrap(), "Confirmez votre adresse e-mail");
    let link = token(mail, "verify-email");
    account::verify_email(&world.db, Request::default(), &link).await.unwrap();
    assert_eq!(world.sql("select email_verified_at is not null from users").await, "t");
    let again = account::verify_email(&world.db, Request::default(), &link).await;
    assert!(matches!(again, Err(Error::Gone(_))), "{again:?}");

    world.work().await;
    let [_, welcome] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    let welcome = said(welcome);
    assert!(welcome.contains("Bienvenue sur Doorward") && welcome.contains(APP_URL), "{welcome}");
    assert!(welcome.contains("doit encore être approuvé"), "{welcome}");
}

// proves AUT-6
#[tokio::test]
async fn a_forgotten_password_of_an_unknown_address_sends_nothing_and_of_a_known_one_a_link() {
    let world = World::new().await;
    world.somebody(ANN).await;
    for nobody in ["nobody@example.org", "not an address"] {
        world.forget_password(nobody).await;
    }
    world.work().await;
    assert_eq!(
        world.sql("select count(*) from jobs where kind = 'password.forgotten' and state = 'done'").await,
        "2"
    );
    assert_eq!(world.subjects(), [""; 0]);

    world.forget_password("ANN@example.org").await;
    world.work().await;
    let [mail] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    let link = token(mail, "reset-password");
    account::set_password(&world.db, Request::default(), &link, &another()).await.unwrap();
    drop(world.sign_in(another()).await.unwrap());
    assert!(matches!(world.sign_in(password()).await, Err(Error::BadCredentials)));
}

// proves AUT-6
#[tokio::test]
async fn a_link_that_was_mailed_is_dead_when_a_newer_one_was_asked_for() {
    let world = World::new().await;
    world.somebody(ANN).await;
    for _ in 0..2 {
        world.forget_password(ANN).await;
        world.work().await;
    }
    let [older, newer] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    let link = token(older, "reset-password");
    let used = account::set_password(&world.db, Request::default(), &link, &another()).await;
    assert!(matches!(used, Err(Error::NotFound(_) | Error::Gone(_))), "{used:?}");
    let link = token(newer, "reset-password");
    account::set_password(&world.db, Request::default(), &link, &another()).await.unwrap();
}

// proves AUT-6
#[tokio::test]
async fn of_links_that_were_asked_for_before_any_was_mailed_the_newest_is() {
    let world = World::new().await;
    world.somebody(ANN).await;
    for _ in 0..3 {
        world.forget_password(ANN).await;
    }
    world.work().await;
    let done =
        "select count(*) from jobs where kind in ('password.forgotten', 'mail.send') and state = 'done'";
    assert_eq!(world.sql(done).await, "6");
    let [mail] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    let link = token(mail, "reset-password");
    account::set_password(&world.db, Request::default(), &link, &another()).await.unwrap();
}

// proves ACC-5
#[tokio::test]
async fn whoever_gets_an_account_from_an_administrator_chooses_the_password_by_a_link() {
    let world = World::new().await;
    let admin = world.somebody("admin@example.org").await;
    world.sql("update users set platform_role = 'super_admin', status = 'active', approved_at = now()").await;
    let now = Some(world.db.now());
    let person = Person { authenticated_at: now, second_factor_at: now, ..Person::without_session(admin) };
    let mut tx = world.db.begin(Request::default()).await.unwrap();
    let allowed =
        tx.authorize::<user_action::Create>(&tenancy::Caller::User(person), Platform).await.unwrap();
    let new = InvitedUser { email: ANN.parse().unwrap(), name: "Ann".into(), locale: Locale::English };
    user::create(&mut tx, &allowed, &new).await.unwrap();
    tx.commit().await.unwrap();

    world.work().await;
    let [mail] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    assert_eq!(
        (mail.to[0].as_str(), mail.header("Subject").unwrap().as_str()),
        (ANN, "Choose a password for your new account")
    );
    let link = token(mail, "set-password");
    account::set_password(&world.db, Request::default(), &link, &another()).await.unwrap();
    drop(world.sign_in(another()).await.unwrap());
}

// proves AUT-6, MAIL-1
#[tokio::test]
async fn with_a_mail_server_no_token_is_in_the_log_or_in_the_store() {
    let world = World::new().await;
    world.somebody(ANN).await;
    world.forget_password(ANN).await;
    let (log, guard) = Log::start(Level::TRACE);
    world.work().await;
    drop(guard);
    let [mail] = &world.mails()[..] else { panic!("{:?}", world.subjects()) };
    let link = token(mail, "reset-password");
    assert!(log.text().contains("the mail server took a mail"), "{}", log.text());
    let stored = world
        .sql(
            "select payload, last_error from jobs; select * from one_time_links; select * from audit; select * from audit_details",
        )
        .await;
    for told in [log.text(), stored] {
        assert!(!told.contains(link.reveal()) && !told.contains("dwl_"), "{told}");
    }
}

// proves AUT-9
#[tokio::test]
async fn every_link_that_is_mailed_leads_to_this_server_or_to_the_application() {
    let world = World::new().await;
    world.register(ANN, Locale::English).await;
    world.forget_password(ANN).await;
    world.register("ANN@example.org", Locale::English).await;
    world.work().await;
    assert_eq!(world.mails().len(), 3, "{:?}", world.subjects());
    for mail in world.mails() {
        let said = said(&mail);
        let mut links = said.split("https://").skip(1).peekable();
        assert!(links.peek().is_some(), "{said}");
        for link in links {
            let link = format!("https://{link}");
            assert!(link.starts_with(PUBLIC_URL) || link.starts_with(APP_URL), "{link}");
        }
    }
}
