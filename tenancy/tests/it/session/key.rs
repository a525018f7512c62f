use std::time::Duration;

use chrono::TimeDelta;
use runtime::Clock;
use tenancy::signing_key::{self, Rotation};
use tenancy::{Caller, Db, Platform, platform};

use crate::people::{
    SECRET, count, identity, installation, may_ask, person, process, refresh, settings, sign_in, sign_in_by,
};
use crate::support::{connect, race, request, said, shipped_policies};

const OLGA: &str = "olga@example.com";

async fn rotate(db: &Db, rotation: Rotation) -> bool {
    let mut tx = db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<platform::RotateSigningKey>(&Caller::Operator, Platform).await.unwrap();
    let made = signing_key::rotate(&mut tx, &allowed, rotation).await.unwrap();
    tx.commit().await.unwrap();
    made
}

async fn kids(db: &Db) -> Vec<String> {
    db.key_set().await.unwrap().into_iter().map(|key| key.kid).collect()
}

// proves AUT-2
#[tokio::test]
async fn processes_that_sign_for_the_first_time_at_once_make_one_key() {
    let world = installation().await;
    person(&world, OLGA).await;
    let processes = [process(&world).await, process(&world).await];
    let tokens = race(8, |number| {
        let db = processes[number % 2].clone();
        async move { sign_in(&db, OLGA).await }
    })
    .await;
    assert_eq!(count(&world, "signing_keys").await, 1);
    assert_eq!(count(&world, "audit where action = 'platform.rotate_signing_key'").await, 1);
    for tokens in &tokens {
        assert!(may_ask(&processes[0], tokens).await && may_ask(&processes[1], tokens).await);
    }
    assert_eq!(kids(&processes[0]).await, kids(&processes[1]).await);
    let private =
        "select octet_length(sealed_private_key) > 60 and position(public_key in sealed_private_key) = 0
                   from signing_keys";
    assert_eq!(world.sql(private).await.trim(), "t");
}

// proves AUT-2
#[tokio::test]
async fn the_first_key_signs_also_for_a_process_whose_clock_is_behind() {
    let world = installation().await;
    person(&world, OLGA).await;
    sign_in(&world.db, OLGA).await;
    let behind = Clock::fixed(world.db.now() - TimeDelta::seconds(2));
    let db = connect(&world.database.url, 8, &shipped_policies(), &behind).await;
    let db = db.with_identity(identity(SECRET, settings()));
    assert_eq!(said(&sign_in_by(&db, OLGA, crate::people::PASSWORD).await), "ok");
    assert_eq!(count(&world, "signing_keys").await, 1);
}

// proves AUT-2
#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_as_long_as_its_tokens_live() {
    let world = installation().await;
    person(&world, OLGA).await;
    let other = process(&world).await;
    let before = sign_in(&world.db, OLGA).await;
    assert!(!rotate(&world.db, Rotation::WhenOlderThan(TimeDelta::days(30))).await, "it is young");
    world.clock.advance(Duration::from_secs(31 * 24 * 3600));
    let before = match refresh(&world.db, &before.refresh_token).await {
        Ok(tokens) => tokens,
        Err(_) => sign_in(&world.db, OLGA).await,
    };
    assert!(rotate(&world.db, Rotation::WhenOlderThan(TimeDelta::days(30))).await);
    assert!(!rotate(&other, Rotation::WhenOlderThan(TimeDelta::days(30))).await, "once");
    world.clock.advance(Duration::from_secs(31));
    let both = kids(&other).await;
    assert_eq!(both.len(), 2);
    let kid = |tokens: &tenancy::session::Tokens| {
        jsonwebtoken::decode_header(tokens.access_token.reveal()).unwrap().kid.unwrap()
    };
    assert_eq!(kid(&sign_in(&other, OLGA).await), both[0], "the old one signs for another ten minutes");
    world.clock.advance(Duration::from_secs(600));
    let after = sign_in(&other, OLGA).await;
    assert_eq!(kid(&after), both[1]);
    assert!(may_ask(&world.db, &before).await, "to its end");
    assert!(may_ask(&world.db, &after).await);
    world.clock.set(before.access_expires_at);
    assert!(!may_ask(&world.db, &before).await);
    world.clock.advance(Duration::from_secs(3 * 3600));
    rotate(&world.db, Rotation::WhenOlderThan(TimeDelta::days(30))).await;
    assert_eq!(count(&world, "signing_keys").await, 1, "the old one is forgotten");
}

// proves AUT-2
#[tokio::test]
async fn a_key_that_became_known_is_replaced_at_once_and_its_tokens_die() {
    let world = installation().await;
    person(&world, OLGA).await;
    let other = process(&world).await;
    let tokens = sign_in(&world.db, OLGA).await;
    assert!(may_ask(&other, &tokens).await);
    assert!(rotate(&world.db, Rotation::AtOnce).await);
    // Others look at the store again within half a minute.
    world.clock.advance(Duration::from_secs(31));
    assert!(!may_ask(&world.db, &tokens).await && !may_ask(&other, &tokens).await);
    let renewed = refresh(&other, &tokens.refresh_token).await.unwrap();
    assert!(may_ask(&world.db, &renewed).await, "sessions go on");
    assert_eq!(count(&world, "signing_keys").await, 1);
}

// proves AUT-8
#[tokio::test]
async fn a_process_with_another_secret_is_told_so() {
    let world = installation().await;
    let same = process(&world).await;
    let other =
        world.connect(4, &shipped_policies()).await.with_identity(identity("another secret", settings()));
    let outcomes = race(4, |number| {
        let db = [world.db.clone(), same.clone()][number % 2].clone();
        async move { db.recognises_secret().await.unwrap() }
    })
    .await;
    assert_eq!(outcomes, [true; 4]);
    assert!(!other.recognises_secret().await.unwrap());
    assert!(world.db.recognises_secret().await.unwrap());
    person(&world, OLGA).await;
    let tokens = sign_in(&world.db, OLGA).await;
    // It cannot even open the keys.
    assert!(tenancy::session::authenticate(&other, &tokens.access_token).await.is_err());
}

// proves AUT-2
#[tokio::test]
async fn with_a_clock_that_goes_on_the_first_sign_ins_at_once_all_succeed() {
    for _ in 0..2 {
        let world = installation().await;
        let live = authz::Live::open(&shipped_policies(), tenancy::ACTIONS, Clock::system()).unwrap();
        let (url, random) = (world.database.url.clone().into(), runtime::Random::system());
        let db = Db::connect(&url, 8, live, Clock::system(), random).await.unwrap();
        let db = db.with_identity(identity(SECRET, settings()));
        crate::people::register(&db, OLGA).await.unwrap();
        let outcomes = race(6, |_| {
            let db = db.clone();
            async move { said(&sign_in_by(&db, OLGA, crate::people::PASSWORD).await) }
        })
        .await;
        assert_eq!(outcomes, ["ok"; 6]);
    }
}
