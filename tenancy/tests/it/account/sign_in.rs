use std::time::Duration;

use tenancy::PasswordHashing;

use crate::people::{
    PASSWORD, count, hashing, installation, person, process_with, settings, sign_in, sign_in_by,
};
use crate::support::{facts, race, said};

const OLGA: &str = "olga.k@example.com";

// proves AUT-7
#[tokio::test]
async fn whoever_does_not_come_in_is_answered_alike() {
    let world = installation().await;
    person(&world, OLGA).await;
    world.import(&facts()).await;
    for (email, text) in [
        (OLGA, "Zebra stripes at dawn"),
        (OLGA, ""),
        ("nobody@example.com", PASSWORD),
        ("adam@example.com", PASSWORD), // has no password
        ("no address", PASSWORD),
        ("' or true --", PASSWORD),
        ("", ""),
    ] {
        assert_eq!(said(&sign_in_by(&world.db, email, text).await), "bad_credentials", "{email:?}");
    }
    world.sql(&format!("update users set status = 'deleting' where email = '{OLGA}'")).await;
    assert_eq!(said(&sign_in_by(&world.db, OLGA, PASSWORD).await), "bad_credentials");
}

// proves AUT-7
#[tokio::test]
async fn a_password_is_compared_for_an_address_that_nobody_has_too() {
    let world = installation().await;
    person(&world, OLGA).await;
    world.import(&facts()).await;
    // Nothing is ever compared here, so whoever compares never ends.
    let passwords = PasswordHashing { concurrency: 0, ..hashing(1) };
    let stuck = process_with(&world, tenancy::AccountSettings { passwords, ..settings() }).await;
    for email in [OLGA, "nobody@example.com", "adam@example.com", "no address", "olga.\u{212a}@example.com"] {
        let ended =
            tokio::time::timeout(Duration::from_millis(300), sign_in_by(&stuck, email, PASSWORD)).await;
        assert!(ended.is_err(), "{email} is answered without a comparison");
    }
}

// proves AUT-1, AUT-7
#[tokio::test]
async fn an_address_is_found_in_any_case_and_not_by_what_only_looks_like_it() {
    let world = installation().await;
    person(&world, OLGA).await;
    for same in ["OLGA.K@EXAMPLE.COM", "  olga.k@example.com ", "olga.k@ｅxample.com"] {
        assert!(sign_in_by(&world.db, same, PASSWORD).await.is_ok(), "{same}");
    }
    for other in [
        "olga.\u{212a}@example.com", // the sign for kelvin, which is a small k in lower case
        "ol\0ga.k@example.com",
        "olga.k@example.com\0",
        "оlga.k@example.com", // a Cyrillic o
        "ｏlga.k@example.com",
        "olga.k@exаmple.com",
        "olga.k@example.com.",
        "olgak@example.com",
        "olga_k@example.com",
        "%",
    ] {
        assert_eq!(said(&sign_in_by(&world.db, other, PASSWORD).await), "bad_credentials", "{other:?}");
    }
}

// proves AUT-1
#[tokio::test]
async fn a_hash_of_older_settings_is_made_anew_also_when_two_sign_in_at_once() {
    let world = installation().await;
    person(&world, OLGA).await;
    let hash = "select left(hash, 24) from passwords";
    assert!(world.sql(hash).await.starts_with("$argon2id$v=19$m=64,t=1,"), "{}", world.sql(hash).await);
    let newer = process_with(&world, tenancy::AccountSettings { passwords: hashing(3), ..settings() }).await;
    assert_eq!(said(&sign_in_by(&newer, OLGA, "wrong password").await), "bad_credentials");
    assert!(world.sql(hash).await.contains("t=1"), "a wrong password is not kept");
    let outcomes = race(6, |_| {
        let db = newer.clone();
        async move { said(&sign_in_by(&db, OLGA, PASSWORD).await) }
    })
    .await;
    assert_eq!(outcomes, ["ok"; 6]);
    assert!(world.sql(hash).await.contains("t=3"), "{}", world.sql(hash).await);
    let kept = world.sql("select hash from passwords").await;
    sign_in(&newer, OLGA).await;
    assert_eq!(world.sql("select hash from passwords").await, kept, "once");
    sign_in(&world.db, OLGA).await;
}

// proves AUT-3
#[tokio::test]
async fn the_right_password_of_a_closed_account_is_told_so() {
    let world = installation().await;
    person(&world, OLGA).await;
    world.sql("update users set status = 'disabled'").await;
    let told = said(&sign_in_by(&world.db, OLGA, PASSWORD).await);
    assert_eq!(told, "forbidden user.open_session by [account.inactive]");
    assert_eq!(said(&sign_in_by(&world.db, OLGA, "wrong password").await), "bad_credentials");
    assert_eq!(count(&world, "sessions").await, 0);
    world.sql("update users set status = 'deactivated'").await;
    sign_in(&world.db, OLGA).await;
}
