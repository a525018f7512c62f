use std::time::Instant;

use super::*;

const SETTINGS: [(&str, &str); 1] = [("DOORWARD_REGISTER_PER_IP", "3/1h")];

/// How many of so many registrations from one address pass.
async fn passed(throttle: &Throttle, number: u32) -> usize {
    let mut passed = 0;
    for _ in 0..10 {
        passed += usize::from(throttle.registration(client(number)).await.is_ok());
    }
    passed
}

/// Registers from ever new addresses until Redis has counted one.
async fn until_redis_counts(throttle: &Throttle, server: &harness::Redis) {
    let begin = Instant::now();
    for number in 1_000.. {
        assert!(throttle.registration(client(number)).await.is_ok());
        if ask::<usize>(server, &["DBSIZE"]).await > 0 {
            return;
        }
        assert!(begin.elapsed() < PATIENT, "Redis does not count");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

// proves AUT-7: ASVS 16.5.2
#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_process_counts_by_itself_and_comes_back() {
    let metrics = Metrics::install().unwrap();
    let mut server = server();
    let throttle = throttle(Some(&server), PATIENT, &SETTINGS);
    let before = throttle.spend(Limit::RegisterPerIp, "somebody").await.unwrap();
    assert_eq!(ask::<usize>(&server, &["DBSIZE"]).await, 1);
    block_in_place(|| server.kill()).unwrap();
    assert_eq!(passed(&throttle, 1).await, 3);
    before.give_back().await;
    assert!(metrics.render().contains("doorward_throttle_alone_total 1"), "{}", metrics.render());

    // Empty, so that it has forgotten the script too.
    block_in_place(|| server.restart_empty()).unwrap();
    until_redis_counts(&throttle, &server).await;
    assert_eq!(passed(&throttle, 2).await, 3);
    assert_eq!(ask::<usize>(&server, &["DBSIZE"]).await, 2);
}

// proves AUT-7: ASVS 16.5.2
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_silent_keeps_nobody_waiting_for_it() {
    let server = server();
    let throttle = throttle(Some(&server), PATIENCE, &SETTINGS);
    until_redis_counts(&throttle, &server).await;
    server.freeze().unwrap();
    assert_eq!(passed(&throttle, 1).await, 3);
    server.thaw().unwrap();
    let _: () = ask(&server, &["FLUSHALL"]).await;
    until_redis_counts(&throttle, &server).await;
}

// proves AUT-7
#[tokio::test]
async fn a_redis_that_was_never_there_is_no_error_either() {
    let nowhere = config(&[("REDIS_URL", "redis://127.0.0.1:1/0"), SETTINGS[0]]);
    let clock = Clock::fixed("2026-11-21T12:00:00Z".parse().unwrap());
    let throttle = Throttle::new(&nowhere, clock.clock()).unwrap();
    assert_eq!(passed(&throttle, 1).await, 3);
    let bad = config(&[("REDIS_URL", "redis://127.0.0.1/not-a-number")]);
    let refused = Throttle::new(&bad, clock.clock()).unwrap_err();
    assert!(refused.to_string().starts_with("REDIS_URL is not the URL of a Redis server"), "{refused}");
}
