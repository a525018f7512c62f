use std::time::Duration;

use tenancy::{LinkToken, account};

use crate::people::{
    PASSWORD, caller, count, forgotten, id_of, installation, may_ask, password, person, refresh, register,
    sign_in, sign_in_by,
};
use crate::support::{World, race, request, said};

const OLGA: &str = "olga@example.com";
const NEW: &str = "another one altogether";

async fn set(world: &World, link: &LinkToken, text: &str) -> String {
    said(&account::set_password(&world.db, request(), link, &password(text)).await)
}

// proves AUT-5, AUT-6
#[tokio::test]
async fn a_reset_proves_the_mailbox_and_ends_every_session_and_every_other_link() {
    let world = installation().await;
    register(&world.db, OLGA).await.unwrap();
    let sessions = [sign_in(&world.db, OLGA).await, sign_in(&world.db, OLGA).await];
    let olga = id_of(&world, OLGA).await;
    world
        .sql(&format!(
            "update users set password_must_change = true;
             insert into one_time_links (id, purpose, user_id, email, hash, created_at, expires_at)
             values (gen_random_uuid(), 'set_password', '{olga}', '{OLGA}', 'x', now(), now() + interval '7 d')"
        ))
        .await;
    let first = forgotten(&world, OLGA).await;
    world.clock.advance(Duration::from_secs(1));
    let second = forgotten(&world, OLGA).await;
    assert_eq!(set(&world, &first, NEW).await, "not found: link", "replaced");
    assert!(set(&world, &second, "password1").await.starts_with("invalid password: "));
    assert_eq!(set(&world, &second, NEW).await, "ok");
    for tokens in &sessions {
        assert!(!may_ask(&world.db, tokens).await);
        assert_eq!(said(&refresh(&world.db, &tokens.refresh_token).await), "unauthenticated");
    }
    let user = "select email_verified_at is not null, password_must_change from users";
    assert_eq!(world.sql(user).await.trim(), "t|f");
    let open = "one_time_links where used_at is null and purpose in ('reset_password', 'set_password')";
    assert_eq!(count(&world, open).await, 0);
    assert_eq!(count(&world, "jobs where payload ->> 'mail' = 'password_changed'").await, 1);
    assert_eq!(said(&sign_in_by(&world.db, OLGA, PASSWORD).await), "bad_credentials");
    assert!(sign_in_by(&world.db, OLGA, NEW).await.is_ok());
    world.assert_audit_holds().await;
}

// proves AUT-6
#[tokio::test]
async fn of_eight_who_use_one_link_at_once_one_chooses_the_password() {
    let world = installation().await;
    person(&world, OLGA).await;
    let link = forgotten(&world, OLGA).await;
    let outcomes = race(8, |number| {
        let (db, link) = (world.db.clone(), link.clone());
        let new = password(&format!("{NEW} {number}"));
        async move { said(&account::set_password(&db, request(), &link, &new).await) }
    })
    .await;
    let won: Vec<usize> = (0..8).filter(|number| outcomes[*number] == "ok").collect();
    assert_eq!((won.len(), outcomes.iter().filter(|told| *told == "gone").count()), (1, 7), "{outcomes:?}");
    for number in 0..8 {
        let comes_in = sign_in_by(&world.db, OLGA, &format!("{NEW} {number}")).await.is_ok();
        assert_eq!(comes_in, number == won[0]);
    }
}

// proves AUT-6
#[tokio::test]
async fn a_link_for_a_new_password_is_good_for_half_an_hour_and_one_address() {
    let world = installation().await;
    person(&world, OLGA).await;
    let link = forgotten(&world, OLGA).await;
    world.sql("update users set email = 'new@example.com'").await;
    assert_eq!(set(&world, &link, NEW).await, "gone");
    world.sql(&format!("update users set email = '{OLGA}'")).await;
    world.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(set(&world, &link, NEW).await, "gone");
    assert!(sign_in_by(&world.db, OLGA, PASSWORD).await.is_ok());
}

// proves AUT-6
#[tokio::test]
async fn a_forgotten_password_leaves_the_same_job_for_every_address() {
    let world = installation().await;
    person(&world, OLGA).await;
    for email in [OLGA, "nobody@example.com", "no address", "ol\0ga@example.com", ""] {
        account::request_password_reset(&world.db, request(), email).await.unwrap();
    }
    let asked = "jobs where kind = 'password.forgotten'";
    assert_eq!(count(&world, asked).await, 5);
    assert_eq!(count(&world, &format!("{asked} and payload ->> 'user_id' is not null")).await, 1);
    assert_eq!(
        count(&world, "one_time_links where purpose = 'reset_password'").await,
        0,
        "the worker's part"
    );
}

// proves AUT-6
#[tokio::test]
async fn a_closed_account_gets_no_link() {
    let world = installation().await;
    let olga = person(&world, OLGA).await;
    world.sql("update users set status = 'disabled'").await;
    let mut tx = world.db.begin(request()).await.unwrap();
    account::answer_forgotten(&mut tx, olga).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&world, "jobs where payload ->> 'mail' = 'password_reset'").await, 0);
}

// proves AUT-5, AUT-6
#[tokio::test]
async fn a_change_wants_the_current_password_and_ends_all_other_sessions() {
    let world = installation().await;
    person(&world, OLGA).await;
    let (here, there) = (sign_in(&world.db, OLGA).await, sign_in(&world.db, OLGA).await);
    let who = caller(&world.db, &here).await;
    let change = async |current: &str, new: &str| {
        let (current, new) = (password(current), password(new));
        said(&account::change_password(&world.db, request(), &who, &current, &new).await)
    };
    for wrong in ["", "Zebra stripes at dawn", NEW] {
        assert_eq!(change(wrong, NEW).await, "invalid current_password: not the current password");
    }
    assert!(change(PASSWORD, "my olga password").await.starts_with("invalid new_password: "));
    assert!(may_ask(&world.db, &there).await);
    let link = forgotten(&world, OLGA).await;
    assert_eq!(change(PASSWORD, NEW).await, "ok");
    assert!(may_ask(&world.db, &here).await && !may_ask(&world.db, &there).await);
    assert!(refresh(&world.db, &here.refresh_token).await.is_ok());
    assert_eq!(said(&refresh(&world.db, &there.refresh_token).await), "unauthenticated");
    assert_eq!(set(&world, &link, NEW).await, "not found: link", "links from before are dead");
    assert!(sign_in_by(&world.db, OLGA, NEW).await.is_ok());
}

// proves AUT-6
#[tokio::test]
async fn of_six_changes_with_one_current_password_one_wins() {
    let world = installation().await;
    person(&world, OLGA).await;
    let mut callers = vec![];
    for _ in 0..6 {
        callers.push(caller(&world.db, &sign_in(&world.db, OLGA).await).await);
    }
    let outcomes = race(6, |number| {
        let (db, who) = (world.db.clone(), callers[number].clone());
        let new = password(&format!("{NEW} {number}"));
        async move { said(&account::change_password(&db, request(), &who, &password(PASSWORD), &new).await) }
    })
    .await;
    let won: Vec<usize> = (0..6).filter(|number| outcomes[*number] == "ok").collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    assert!(sign_in_by(&world.db, OLGA, &format!("{NEW} {}", won[0])).await.is_ok());
    assert_eq!(count(&world, "jobs where payload ->> 'mail' = 'password_changed'").await, 1);
}

// proves AUT-5, AUT-6
#[tokio::test]
async fn who_signs_in_with_the_old_password_during_a_change_is_out_after_it() {
    let world = installation().await;
    person(&world, OLGA).await;
    let here = sign_in(&world.db, OLGA).await;
    let who = caller(&world.db, &here).await;
    let outcomes = race(8, |number| {
        let (db, who) = (world.db.clone(), who.clone());
        async move {
            if number == 0 {
                let new = password(NEW);
                return Some(said(
                    &account::change_password(&db, request(), &who, &password(PASSWORD), &new).await,
                ));
            }
            // Who comes in first has tokens, and they are dead by now.
            let _either = sign_in_by(&db, OLGA, PASSWORD).await;
            None
        }
    })
    .await;
    assert_eq!(outcomes[0].as_deref(), Some("ok"));
    assert_eq!(count(&world, "sessions where revoked_at is null").await, 1);
    assert!(may_ask(&world.db, &here).await);
}
