//! On a Postgres, since what is good once is held by its locks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authz::Live;
use data_encoding::BASE32_NOPAD;
use futures::future::join_all;
use runtime::{Clock, FixedClock, Random};
use tokio::task::spawn_blocking;

use super::*;
use crate::caller::{Caller, Person};
use crate::db::Db;
use crate::tx::Request;

const ANN: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));

/// A store with two people in it.
struct World {
    db: Db,
    clock: FixedClock,
    database: Arc<harness::Database>,
}

impl World {
    async fn new() -> Self {
        let clock = Clock::fixed("2026-11-21T12:00:00Z".parse().unwrap());
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        let live = Live::open(&policies, crate::ACTIONS, clock.clock()).unwrap();
        let database = spawn_blocking(|| harness::postgres().unwrap().empty().unwrap()).await.unwrap();
        let url = database.url.clone().into();
        let db = Db::connect(&url, 12, live, clock.clock(), Random::system()).await.unwrap();
        db.migrate().await.unwrap();
        let world = Self { db, clock, database: Arc::new(database) };
        for (id, name) in [(ANN, "ann"), (BOB, "bob")] {
            world
                .sql(&format!(
                    "insert into users (id, email, name, status, email_verified_at, approval_due_at, created_at)
                     values ('{id}', '{name}@example.com', '{name}', 'active', now(), now(), now())"
                ))
                .await;
        }
        world
    }

    async fn sql(&self, script: &str) -> String {
        let (database, script) = (Arc::clone(&self.database), script.to_owned());
        spawn_blocking(move || database.run(&script).unwrap().trim().to_owned()).await.unwrap()
    }

    async fn tx(&self) -> Tx {
        self.db.begin(Request::default()).await.unwrap()
    }

    /// Somebody who has just given their password, and their second factor if they have one.
    fn person(&self, id: UserId) -> Caller {
        let now = Some(self.clock.clock().now());
        Caller::User(Person { authenticated_at: now, second_factor_at: now, ..Person::without_session(id) })
    }

    async fn enrol(&self, id: UserId) -> Result<Secret> {
        let mut tx = self.tx().await;
        let allowed = tx.authorize::<user::ManageSecondFactor>(&self.person(id), id).await?;
        let enrolment = enrol(&mut tx, &allowed).await?;
        tx.commit().await?;
        Secret::of(&BASE32_NOPAD.decode(enrolment.secret.expose_secret().as_bytes()).unwrap())
    }

    async fn confirm(&self, id: UserId, code: &str) -> Result<Vec<String>> {
        let mut tx = self.tx().await;
        let allowed = tx.authorize::<user::ManageSecondFactor>(&self.person(id), id).await?;
        let codes = confirm(&mut tx, &allowed, code).await?;
        tx.commit().await?;
        Ok(codes.iter().map(|code| code.expose_secret().to_owned()).collect())
    }

    async fn renew(&self, id: UserId) -> Result<Vec<String>> {
        let mut tx = self.tx().await;
        let allowed = tx.authorize::<user::ManageSecondFactor>(&self.person(id), id).await?;
        let codes = renew_recovery_codes(&mut tx, &allowed).await?;
        tx.commit().await?;
        Ok(codes.iter().map(|code| code.expose_secret().to_owned()).collect())
    }

    async fn remove(&self, id: UserId) -> Result<()> {
        let mut tx = self.tx().await;
        let allowed = tx.authorize::<user::ManageSecondFactor>(&self.person(id), id).await?;
        remove(&mut tx, &allowed).await?;
        tx.commit().await.map(drop)
    }

    /// Whether it is asked for, and how many recovery codes are left.
    async fn state(&self, id: UserId) -> (bool, u32) {
        let mut tx = self.tx().await;
        let is_set_up = is_set_up(&mut tx, id).await.unwrap();
        let allowed = tx.authorize::<user::View>(&self.person(id), id).await.unwrap();
        let state = state(&mut tx, &allowed).await.unwrap();
        assert_eq!(state.since.is_some(), is_set_up);
        (is_set_up, state.recovery_codes_left)
    }

    async fn accept(&self, id: UserId, code: &str) -> Result<bool> {
        let mut tx = self.tx().await;
        let is_accepted = accept(&mut tx, id, code).await?;
        tx.commit().await?;
        Ok(is_accepted)
    }

    /// How many of so many who try the same code at the same time are accepted.
    async fn accept_in_parallel(&self, id: UserId, code: &str) -> usize {
        let barrier = tokio::sync::Barrier::new(6);
        let tries = (0..6).map(|_| async {
            let mut tx = self.tx().await;
            barrier.wait().await;
            let is_accepted = accept(&mut tx, id, code).await.unwrap();
            tx.commit().await.unwrap();
            is_accepted
        });
        join_all(tries).await.into_iter().filter(|is_accepted| *is_accepted).count()
    }

    /// A second factor in force, and its recovery codes; the code that confirmed it is of an earlier step.
    async fn set_up(&self, id: UserId) -> (Secret, Vec<String>) {
        let secret = self.enrol(id).await.unwrap();
        let codes = self.confirm(id, &self.code(&secret)).await.unwrap();
        self.clock.advance(Duration::from_secs(30));
        (secret, codes)
    }

    /// What the app shows now.
    fn code(&self, secret: &Secret) -> String {
        secret.code(self.clock.clock().now())
    }
}

/// The other digits.
fn wrong(code: &str) -> String {
    code.bytes().map(|digit| char::from(b'0' + (digit - b'0' + 1) % 10)).collect()
}

fn code_of<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome.unwrap_err() {
        Error::Conflict { code, .. } => code.into(),
        Error::Invalid(fields) => format!("invalid {}", fields[0].field),
        Error::NotFound(noun) => format!("no {noun}"),
        Error::Forbidden { policies, .. } => format!("forbidden by {}", policies[0].id),
        other => format!("{other:?}"),
    }
}

// proves AUT-8
#[tokio::test]
async fn a_second_factor_counts_once_its_owner_has_shown_a_code() {
    let world = World::new().await;
    assert_eq!(code_of(world.confirm(ANN, "000000").await), "no second factor");
    let forgotten = world.enrol(ANN).await.unwrap();
    let secret = world.enrol(ANN).await.unwrap();
    assert_eq!(world.state(ANN).await, (false, 0));
    assert!(!world.accept(ANN, &world.code(&secret)).await.unwrap(), "not in force yet");
    assert_eq!(code_of(world.confirm(ANN, &wrong(&world.code(&secret))).await), "invalid code");
    assert_eq!(code_of(world.confirm(ANN, &world.code(&forgotten)).await), "invalid code");

    let code = world.code(&secret);
    assert_eq!(world.confirm(ANN, &format!(" {} - {}", &code[..3], &code[3..])).await.unwrap().len(), 10);
    assert_eq!(world.state(ANN).await, (true, 10));
    assert_eq!(world.state(BOB).await, (false, 0));
    assert_eq!(code_of(world.enrol(ANN).await), "second_factor_exists");
    assert_eq!(code_of(world.confirm(ANN, &code).await), "second_factor_exists");
}

// proves AUT-8: ASVS 6.5.1
#[tokio::test]
async fn a_code_is_good_once_and_nothing_older_is_good_after_it() {
    let world = World::new().await;
    let secret = world.enrol(ANN).await.unwrap();
    let confirming = world.code(&secret);
    world.confirm(ANN, &confirming).await.unwrap();
    assert!(!world.accept(ANN, &confirming).await.unwrap(), "it has confirmed");
    let before = world.code(&secret);
    world.clock.advance(Duration::from_secs(30));
    let now = world.code(&secret);
    assert!(!world.accept(ANN, &wrong(&now)).await.unwrap());
    assert!(!world.accept(BOB, &now).await.unwrap(), "somebody else's");
    assert!(world.accept(ANN, &now).await.unwrap());
    assert!(!world.accept(ANN, &now).await.unwrap(), "a second time");
    assert!(!world.accept(ANN, &before).await.unwrap(), "an older one");
}

// proves AUT-8: ASVS 6.5.5
#[tokio::test]
async fn the_clock_of_the_app_may_be_off_by_a_step() {
    let world = World::new().await;
    let (secret, _) = world.set_up(ANN).await;
    world.clock.advance(Duration::from_secs(300));
    let now = world.clock.clock().now();
    let shown = |seconds| secret.code(now + chrono::TimeDelta::seconds(seconds));
    assert!(!world.accept(ANN, &shown(-60)).await.unwrap());
    assert!(!world.accept(ANN, &shown(60)).await.unwrap());
    assert!(world.accept(ANN, &shown(-30)).await.unwrap());
    assert!(world.accept(ANN, &shown(30)).await.unwrap());
    assert!(!world.accept(ANN, &shown(0)).await.unwrap(), "older than one that was used");
}

// proves AUT-8: ASVS 6.5.1
#[tokio::test]
async fn of_those_who_try_the_same_code_at_once_one_is_accepted() {
    let world = World::new().await;
    let (secret, codes) = world.set_up(ANN).await;
    assert_eq!(world.accept_in_parallel(ANN, &world.code(&secret)).await, 1);
    assert_eq!(world.accept_in_parallel(ANN, &codes[0]).await, 1);
    assert_eq!(world.state(ANN).await, (true, 9));
}

// proves AUT-8: ASVS 6.5.1, 6.5.2
#[tokio::test]
async fn a_recovery_code_is_good_once_for_its_owner_however_it_is_typed() {
    let world = World::new().await;
    let (_, codes) = world.set_up(ANN).await;
    let (_, others) = world.set_up(BOB).await;
    for code in &codes {
        let groups: Vec<&str> = code.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4; 6], "{code}");
    }
    assert!(!world.accept(ANN, &others[0]).await.unwrap());
    assert!(!world.accept(ANN, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA").await.unwrap());
    let typed = codes[3].replace('-', "  ").to_lowercase();
    assert!(world.accept(ANN, &typed).await.unwrap());
    assert!(!world.accept(ANN, &codes[3]).await.unwrap());
    assert_eq!(world.state(ANN).await, (true, 9));
    assert!(world.accept(BOB, &others[0]).await.unwrap());

    let renewed = world.renew(ANN).await.unwrap();
    assert_eq!(world.state(ANN).await, (true, 10));
    assert!(!world.accept(ANN, &codes[4]).await.unwrap(), "an old one");
    assert!(world.accept(ANN, &renewed[9]).await.unwrap());
    let stored = world.sql("select string_agg(r::text, ' ') from recovery_codes r").await;
    assert!(renewed.iter().all(|code| !stored.contains(&code[..4])), "{stored}");
}

// proves AUT-8
#[tokio::test]
async fn of_two_who_renew_recovery_codes_at_once_the_codes_of_one_remain() {
    let world = World::new().await;
    world.set_up(ANN).await;
    for renewed in join_all((0..4).map(|_| world.renew(ANN))).await {
        assert_eq!(renewed.unwrap().len(), 10);
    }
    assert_eq!(world.state(ANN).await, (true, 10));
}

// proves AUT-8: ASVS 6.5.6
#[tokio::test]
async fn what_was_removed_is_worth_nothing_and_can_be_set_up_anew() {
    let world = World::new().await;
    assert_eq!(code_of(world.remove(ANN).await), "no second factor");
    assert_eq!(code_of(world.renew(ANN).await), "no second factor");
    let (secret, codes) = world.set_up(ANN).await;
    world.remove(ANN).await.unwrap();
    assert_eq!(world.state(ANN).await, (false, 0));
    assert!(!world.accept(ANN, &world.code(&secret)).await.unwrap());
    assert!(!world.accept(ANN, &codes[0]).await.unwrap());
    let (other, _) = world.set_up(ANN).await;
    assert!(!world.accept(ANN, &world.code(&secret)).await.unwrap());
    assert!(world.accept(ANN, &world.code(&other)).await.unwrap());
}

// proves AUT-8
#[tokio::test]
async fn a_sealed_secret_opens_for_its_owner_only() {
    let world = World::new().await;
    let (secret, _) = world.set_up(ANN).await;
    world.set_up(BOB).await;
    let stored = world.sql("select encode(sealed_secret, 'hex') from second_factors").await;
    let clear: String = secret.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!stored.contains(&clear));
    let moved = format!(
        "update second_factors set sealed_secret = (select sealed_secret from second_factors where user_id = '{ANN}')
         where user_id = '{BOB}'"
    );
    world.sql(&moved).await;
    let code = world.code(&secret);
    assert!(matches!(world.accept(BOB, &code).await, Err(Error::Store(_))));
    assert!(world.accept(ANN, &code).await.unwrap());
}

// proves AUT-8, AUD-1
#[tokio::test]
async fn every_change_is_in_the_audit_log_and_no_secret_is() {
    let world = World::new().await;
    let secret = world.enrol(ANN).await.unwrap();
    let codes = world.confirm(ANN, &world.code(&secret)).await.unwrap();
    let renewed = world.renew(ANN).await.unwrap();
    world.remove(ANN).await.unwrap();
    let entries = world
        .sql("select string_agg(action || ' ' || actor_id || ' ' || target_id, chr(10) order by seq) from audit")
        .await;
    let entry = format!("user.manage_second_factor {ANN} {ANN}");
    assert_eq!(entries.lines().collect::<Vec<_>>(), [entry.as_str(); 4]);
    let details = world.sql("select string_agg(details, chr(10) order by seq) from audit_details").await;
    let told: Vec<serde_json::Value> =
        details.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let changes = [
        (json!(null), json!({ "second_factor": "unconfirmed" })),
        (json!({ "second_factor": false }), json!({ "second_factor": true, "recovery_codes": 10 })),
        (json!({ "recovery_codes": 10 }), json!({ "recovery_codes": 10 })),
        (json!({ "second_factor": true }), json!({ "second_factor": false })),
    ];
    let changes = changes.map(|(before, after)| json!({ "ip": null, "before": before, "after": after }));
    assert_eq!(told, changes);
    let base32 = BASE32_NOPAD.encode(secret.expose());
    let hidden = codes.iter().chain(&renewed).map(|code| &code[..4]).chain([&base32[..8]]);
    assert!(hidden.into_iter().all(|secret| !details.contains(secret)), "{details}");
    let verified = world.db.verify_audit(|_| ()).await.unwrap();
    assert_eq!((verified.entries, verified.breaks), (4, vec![]));
}

// proves AUT-8
#[tokio::test]
async fn only_its_owner_manages_it_and_with_it_at_hand() {
    let world = World::new().await;
    world.set_up(ANN).await;
    let mut tx = world.tx().await;
    let denied = tx.authorize::<user::ManageSecondFactor>(&world.person(BOB), ANN).await;
    assert_eq!(code_of(denied), "no user");
    let now = Some(world.clock.clock().now());
    let with = |authenticated_at, second_factor_at| {
        Caller::User(Person { authenticated_at, second_factor_at, ..Person::without_session(ANN) })
    };
    let denied = tx.authorize::<user::ManageSecondFactor>(&with(now, None), ANN).await;
    assert_eq!(code_of(denied), "forbidden by sensitive.recent_second_factor");
    let denied = tx.authorize::<user::ManageSecondFactor>(&with(None, now), ANN).await;
    assert_eq!(code_of(denied), "forbidden by sensitive.recent_password");
}
