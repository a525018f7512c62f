use std::time::Duration;

use chrono::TimeDelta;
use tenancy::account::{self, Reauthentication};
use tenancy::session::Tokens;
use tenancy::{AccountSettings, RefreshToken};

use crate::people::{
    PASSWORD, caller, count, forgotten, installation, may_ask, password, person, process, process_with,
    refresh, settings, sign_in,
};
use crate::support::{World, race, request, said};

const OLGA: &str = "olga@example.com";

async fn signed_in() -> (World, Tokens) {
    let world = installation().await;
    person(&world, OLGA).await;
    let tokens = sign_in(&world.db, OLGA).await;
    (world, tokens)
}

async fn ended_because(world: &World) -> String {
    world.sql("select coalesce(revoked_because, 'lives') from sessions").await.trim().to_owned()
}

async fn step_up(world: &World, tokens: &Tokens) -> Tokens {
    let who = caller(&world.db, tokens).await;
    let proof = Reauthentication { password: password(PASSWORD), code: None };
    let grant = account::reauthenticate(&world.db, request(), &who, &proof).await.expect("a new grant");
    world.db.tokens(grant).await.expect("tokens")
}

// proves AUT-4
#[tokio::test]
async fn two_and_eight_who_refresh_at_once_get_the_same_successor_and_it_works() {
    let (world, tokens) = signed_in().await;
    let processes = [process(&world).await, process(&world).await];
    let mut token = tokens.refresh_token;
    for count in [2, 8] {
        let successors = race(count, |number| {
            let (db, token) = (processes[number % 2].clone(), token.clone());
            async move {
                let next = refresh(&db, &token).await.unwrap_or_else(|error| panic!("{error:?}"));
                assert!(may_ask(&db, &next).await);
                next.refresh_token.reveal().to_owned()
            }
        })
        .await;
        assert!(successors.iter().all(|next| *next == successors[0]), "{successors:?}");
        assert_ne!(successors[0], token.reveal());
        token = RefreshToken::parse(&successors[0]).unwrap();
    }
    assert!(refresh(&world.db, &token).await.is_ok(), "the last of the chain");
    assert_eq!(count(&world, "refresh_tokens").await, 4);
    assert_eq!(ended_because(&world).await, "lives");
}

// proves AUT-4
#[tokio::test]
async fn a_token_that_is_used_again_after_the_grace_ends_the_session_and_is_recorded() {
    let (world, first) = signed_in().await;
    let elsewhere = sign_in(&world.db, OLGA).await;
    let second = refresh(&world.db, &first.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_secs(30));
    let again = refresh(&world.db, &first.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token.reveal(), second.refresh_token.reveal(), "to the end of the grace");
    assert!(may_ask(&world.db, &second).await);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(said(&refresh(&world.db, &first.refresh_token).await), "unauthenticated");
    for tokens in [&first, &second, &again] {
        assert!(!may_ask(&world.db, tokens).await);
        assert_eq!(said(&refresh(&world.db, &tokens.refresh_token).await), "unauthenticated");
    }
    let ended = "select revoked_because from sessions where revoked_at is not null";
    assert_eq!(world.sql(ended).await.trim(), "token_reused");
    let recorded = "select actor_id from audit where action = 'user.end_session'";
    assert_eq!(world.sql(recorded).await.trim(), "worker");
    assert!(may_ask(&world.db, &elsewhere).await, "other sessions go on");
    world.assert_audit_holds().await;
}

// proves AUT-4
#[tokio::test]
async fn of_eight_who_reuse_a_token_after_the_grace_one_ends_the_session() {
    let (world, first) = signed_in().await;
    refresh(&world.db, &first.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_secs(31));
    let outcomes = race(8, |_| {
        let (db, token) = (world.db.clone(), first.refresh_token.clone());
        async move { said(&refresh(&db, &token).await) }
    })
    .await;
    assert_eq!(outcomes, ["unauthenticated"; 8]);
    assert_eq!(count(&world, "audit where action = 'user.end_session'").await, 1);
}

// proves AUT-4
#[tokio::test]
async fn a_chain_of_refreshes_works_and_an_old_link_of_it_ends_it() {
    let (world, first) = signed_in().await;
    let mut tokens = vec![first];
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(60));
        let next = refresh(&world.db, &tokens[tokens.len() - 1].refresh_token).await.unwrap();
        assert!(tokens.iter().all(|old| old.refresh_token.reveal() != next.refresh_token.reveal()));
        tokens.push(next);
    }
    assert!(may_ask(&world.db, &tokens[5]).await);
    // The last but one was used just now: its successor again. The third long ago: thieves.
    let again = refresh(&world.db, &tokens[4].refresh_token).await.unwrap();
    assert_eq!(again.refresh_token.reveal(), tokens[5].refresh_token.reveal());
    assert_eq!(said(&refresh(&world.db, &tokens[2].refresh_token).await), "unauthenticated");
    assert_eq!(said(&refresh(&world.db, &tokens[5].refresh_token).await), "unauthenticated");
    assert_eq!(ended_because(&world).await, "token_reused");
}

// proves AUT-3, AUT-4
#[tokio::test]
async fn a_closed_account_is_not_refreshed_and_can_be_again_when_it_is_open() {
    let (world, tokens) = signed_in().await;
    world.sql("update users set status = 'disabled'").await;
    let told = said(&refresh(&world.db, &tokens.refresh_token).await);
    assert_eq!(told, "forbidden user.refresh_session by [account.inactive]");
    assert_eq!(count(&world, "refresh_tokens").await, 1, "nothing was used up");
    world.sql("update users set status = 'active'").await;
    assert!(refresh(&world.db, &tokens.refresh_token).await.is_ok());
}

// proves AUT-5, AUT-6
#[tokio::test]
async fn a_session_from_before_a_reset_is_not_refreshed_within_the_grace_either() {
    let (world, first) = signed_in().await;
    let second = refresh(&world.db, &first.refresh_token).await.unwrap();
    let link = forgotten(&world, OLGA).await;
    account::set_password(&world.db, request(), &link, &password("another one altogether")).await.unwrap();
    for token in [&first.refresh_token, &second.refresh_token] {
        assert_eq!(said(&refresh(&world.db, token).await), "unauthenticated");
    }
    assert_eq!(ended_because(&world).await, "password_changed");
}

// proves AUT-4
#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_in_the_end_whatever_happens() {
    let world = installation().await;
    person(&world, OLGA).await;
    let mut limited = AccountSettings { ..settings() };
    limited.sessions.idle = TimeDelta::minutes(60);
    limited.sessions.lifetime = TimeDelta::minutes(150);
    let db = process_with(&world, limited).await;
    let idle = sign_in(&db, OLGA).await;
    let mut used = sign_in(&db, OLGA).await;
    let ends = db.now() + TimeDelta::minutes(150);
    assert_eq!(idle.refresh_expires_at, db.now() + TimeDelta::minutes(60));
    for minutes in [59, 59, 27] {
        world.clock.advance(Duration::from_secs(minutes * 60));
        used = refresh(&db, &used.refresh_token).await.unwrap();
        assert!(used.refresh_expires_at <= ends && used.access_expires_at <= ends);
    }
    assert_eq!((used.refresh_expires_at, used.access_expires_at), (ends, ends), "never beyond its end");
    assert_eq!(
        said(&refresh(&db, &idle.refresh_token).await),
        "unauthenticated",
        "idle for longer than an hour"
    );
    assert!(may_ask(&db, &used).await);
    world.clock.set(ends);
    assert!(!may_ask(&db, &used).await);
    assert_eq!(said(&refresh(&db, &used.refresh_token).await), "unauthenticated");
}

// proves AUT-2, AUT-4
#[tokio::test]
async fn what_was_given_out_before_a_step_up_is_dead_and_only_old_news_is_taken_for_theft() {
    let (world, first) = signed_in().await;
    let second = refresh(&world.db, &first.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let stepped = step_up(&world, &second).await;
    assert_eq!(stepped.session, first.session);
    assert!(may_ask(&world.db, &stepped).await);
    for old in [&first, &second] {
        assert!(!may_ask(&world.db, old).await);
        assert_eq!(said(&refresh(&world.db, &old.refresh_token).await), "unauthenticated");
    }
    assert!(may_ask(&world.db, &stepped).await, "another tab that has not heard of it ends nothing");
    let next = refresh(&world.db, &stepped.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(said(&refresh(&world.db, &second.refresh_token).await), "unauthenticated");
    assert!(!may_ask(&world.db, &next).await);
    assert_eq!(ended_because(&world).await, "token_reused");
}

// proves AUT-4
#[tokio::test]
async fn a_refresh_and_a_step_up_at_once_are_never_in_each_others_way() {
    let (world, mut tokens) = signed_in().await;
    for _ in 0..20 {
        let outcomes = race(4, |number| {
            let (db, token, access) =
                (world.db.clone(), tokens.refresh_token.clone(), tokens.access_token.clone());
            async move {
                if number % 2 == 0 {
                    return said(&refresh(&db, &token).await);
                }
                let Some(who) = crate::people::who(&db, &access).await else { return "too late".into() };
                let proof = Reauthentication { password: password(PASSWORD), code: None };
                said(&account::reauthenticate(&db, request(), &who, &proof).await)
            }
        })
        .await;
        let known = ["ok", "too late", "unauthenticated"];
        assert!(outcomes.iter().all(|told| known.contains(&told.as_str())), "{outcomes:?}");
        tokens = sign_in(&world.db, OLGA).await;
    }
}

// proves AUT-4
#[tokio::test]
async fn what_is_no_token_of_ours_refreshes_nothing() {
    let (world, tokens) = signed_in().await;
    let revealed = tokens.refresh_token.reveal().to_owned();
    for text in ["", "dwr_", "dwr_AAAA", &revealed[4..], &format!("{revealed}="), &revealed.to_uppercase()] {
        assert!(RefreshToken::parse(text).is_none(), "{text}");
    }
    let invented = RefreshToken::parse(&format!("dwr_{}", "A".repeat(43))).unwrap();
    assert_eq!(said(&refresh(&world.db, &invented).await), "unauthenticated");
    assert_eq!(
        count(&world, &format!("refresh_tokens where encode(hash, 'escape') like '%{revealed}%'")).await,
        0
    );
}
