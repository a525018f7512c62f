//! In process and on a Redis of their own each.

mod outages;

use std::net::{IpAddr, Ipv4Addr};

use ::redis::FromRedisValue;
use axum::http::header;
use axum::response::IntoResponse as _;
use futures::future::join_all;
use runtime::Metrics;
use tokio::task::block_in_place;

use super::*;
use crate::client_address::ClientAddress;

/// So long that it is never what ends a test.
const PATIENT: Duration = Duration::from_secs(30);

fn server() -> harness::Redis {
    block_in_place(harness::Redis::start).expect("a Redis")
}

fn config(settings: &[(&str, &str)]) -> Config {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(None, settings).expect("a configuration")
}

/// The limits of one process, whose own clock stands still.
fn throttle(redis: Option<&harness::Redis>, patience: Duration, settings: &[(&str, &str)]) -> Throttle {
    let url = redis.map(harness::Redis::url).unwrap_or_default();
    let config = config(&[settings, &[("REDIS_URL", &url)]].concat());
    let clock = Clock::fixed("2026-11-21T12:00:00Z".parse().expect("a time"));
    Throttle::with_patience(&config, clock.clock(), patience).expect("a URL")
}

/// Asks Redis itself.
async fn ask<T: FromRedisValue>(server: &harness::Redis, words: &[&str]) -> T {
    let client = ::redis::Client::open(server.url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    ::redis::Cmd::new().arg(words).query_async(&mut connection).await.expect("an answer")
}

/// A client of a number.
fn client(number: u32) -> ClientAddress {
    ClientAddress(Some(IpAddr::V4(Ipv4Addr::from_bits(0xc633_6400 + number))))
}

/// How many of so many tries that fail may be made.
async fn failures(throttle: &Throttle, client: ClientAddress, account: &str, tries: usize) -> usize {
    let mut tried = 0;
    for _ in 0..tries {
        tried += usize::from(throttle.sign_in(client, account).await.is_ok());
    }
    tried
}

// proves AUT-7: ASVS 2.4.1
#[tokio::test(flavor = "multi_thread")]
async fn tries_that_run_in_parallel_never_pass_the_limit_together() {
    let (server, settings) = (server(), [("DOORWARD_REGISTER_PER_IP", "7/1h")]);
    let alone = throttle(None, PATIENT, &settings);
    let [one, two] = [(); 2].map(|()| throttle(Some(&server), PATIENT, &settings));
    for processes in [[&alone, &alone], [&one, &two]] {
        let tries = (0..60).map(|number| {
            let process = processes[number % 2].clone();
            tokio::spawn(async move { process.registration(client(1)).await.is_ok() })
        });
        let passed = join_all(tries).await.into_iter().filter(|passed| *passed.as_ref().unwrap()).count();
        assert_eq!(passed, 7);
    }
    assert!(alone.registration(client(2)).await.is_ok(), "another address has its own");
}

// proves AUT-7
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_budget_in_redis_where_nobody_reads_whose_it_is() {
    let (server, settings) = (server(), [("DOORWARD_SIGN_IN_PER_ACCOUNT", "3/1h")]);
    let [one, two] = [(); 2].map(|()| throttle(Some(&server), PATIENT, &settings));
    assert_eq!(failures(&one, client(1), "ann@example.com", 2).await, 2);
    assert_eq!(failures(&two, client(1), " Ann@Example.com", 2).await, 1);
    assert_eq!(failures(&one, client(1), "ann@example.com", 1).await, 0);

    let keys: Vec<String> = ask(&server, &["KEYS", "*"]).await;
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in keys {
        let name = key.strip_prefix("doorward:throttle:").expect("ours");
        assert!(name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        let lives: i64 = ask(&server, &["PTTL", &key]).await;
        assert!((1..=3_600_000).contains(&lives), "{key} lives for {lives} ms");
    }
}

// proves AUT-7
#[tokio::test(flavor = "multi_thread")]
async fn only_failures_count() {
    let server = server();
    let settings = [("DOORWARD_SIGN_IN_PER_ACCOUNT", "3/1h"), ("DOORWARD_SIGN_IN_PER_IP", "5/1h")];
    for throttle in [throttle(None, PATIENT, &settings), throttle(Some(&server), PATIENT, &settings)] {
        for _ in 0..20 {
            throttle.sign_in(client(1), "ann@example.com").await.unwrap().succeeded().await;
        }
        if throttle.0.redis.is_some() {
            assert_eq!(ask::<usize>(&server, &["DBSIZE"]).await, 0, "all is given back");
        }
        assert_eq!(failures(&throttle, client(1), "ann@example.com", 2).await, 2);
        throttle.sign_in(client(1), "ann@example.com").await.unwrap().succeeded().await;
        assert_eq!(
            failures(&throttle, client(1), "ann@example.com", 9).await,
            1,
            "success forgives no failure"
        );
        // Those nine, of which one was tried, have cost the address one.
        assert_eq!(failures(&throttle, client(1), "bob@example.com", 9).await, 2, "the address has five");
        assert_eq!(failures(&throttle, client(2), "bob@example.com", 9).await, 3);
    }
}

// proves AUT-7: ASVS 6.3.1
#[tokio::test(flavor = "multi_thread")]
async fn whoever_attacks_an_account_the_right_password_gets_in_from_elsewhere() {
    let server = server();
    for redis in [None, Some(&server)] {
        let throttle = throttle(redis, PATIENT, &[]);
        // As it is by default: one address fails ten times.
        assert_eq!(failures(&throttle, client(1), "ann@example.com", 20).await, 10);
        throttle.sign_in(client(2), "ann@example.com").await.unwrap().succeeded().await;
        // Five times as many make an attack, and each address that is new has a third of the tries.
        for attacker in 3..7 {
            assert_eq!(failures(&throttle, client(attacker), "ann@example.com", 20).await, 10, "{attacker}");
        }
        for attacker in 7..30 {
            assert_eq!(failures(&throttle, client(attacker), "ann@example.com", 20).await, 3, "{attacker}");
        }
        throttle.sign_in(client(2), "ann@example.com").await.unwrap().succeeded().await;
        throttle.sign_in(client(99), "ann@example.com").await.unwrap().succeeded().await;
        assert_eq!(failures(&throttle, client(99), "bob@example.com", 20).await, 10, "others have peace");
    }
}

// proves AUT-7
#[tokio::test]
async fn while_an_account_is_under_attack_there_is_a_try_even_of_the_smallest_budget() {
    let throttle = throttle(None, PATIENT, &[("DOORWARD_SIGN_IN_PER_ACCOUNT", "1/1h")]);
    for attacker in 0..20 {
        assert_eq!(failures(&throttle, client(attacker), "ann@example.com", 3).await, 1);
    }
}

// proves AUT-7
#[tokio::test]
async fn addresses_of_one_ipv6_network_share_a_budget() {
    let throttle = throttle(None, PATIENT, &[("DOORWARD_REGISTER_PER_IP", "2/1h")]);
    let at = |text: &str| ClientAddress(Some(text.parse().unwrap()));
    assert!(throttle.registration(at("2001:db8:1:2::1")).await.is_ok());
    assert!(throttle.registration(at("2001:db8:1:2:ffff::2")).await.is_ok());
    assert!(throttle.registration(at("2001:db8:1:2::3")).await.is_err());
    assert!(throttle.registration(at("2001:db8:1:3::1")).await.is_ok());
}

// proves AUT-7, API-2
#[tokio::test]
async fn a_refusal_says_after_how_many_seconds_to_come_back_and_is_counted() {
    let metrics = Metrics::install().unwrap();
    let throttle = throttle(None, PATIENT, &[("DOORWARD_REGISTER_PER_IP", "2/3s")]);
    assert!(throttle.registration(client(1)).await.is_ok());
    assert!(throttle.registration(client(1)).await.is_ok());
    let refused = throttle.registration(client(1)).await.unwrap_err().into_response();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "2", "a second and a half");
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
    let body = axum::body::to_bytes(refused.into_body(), 1 << 16).await.unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["code"], "too_many_requests");
    let at_once = Problem::from(Retry(Duration::from_micros(1))).into_response();
    assert_eq!(at_once.headers()[header::RETRY_AFTER], "1");
    let counted = "doorward_throttled_total{limit=\"register_per_ip\"} 1";
    assert!(metrics.render().contains(counted), "{}", metrics.render());
}
