use std::fs;
use std::net::TcpListener;

use crate::support::{Home, repository, until};

#[test]
fn the_health_check_finds_whoever_listens_on_every_address() {
    // proves OPS-3
    let mut home = Home::new();
    let port = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    home.set("DOORWARD_LISTEN", &format!("0.0.0.0:{port}"));
    // For other machines; the check must not ask it.
    home.set("http_proxy", "http://127.0.0.1:1");
    let server = home.serve();
    // The queue may still be starting when everything else is there.
    until("it is ready", || home.run(&["health"]).stdout == "ready\n");
    home.run(&["health"]).expect(0);
    home.run(&["health", &format!("http://127.0.0.1:{port}/")]).expect(0);
    let worker = home.run(&["health", "--worker", "http://127.0.0.1"]).expect(2).stderr;
    assert!(worker.contains("cannot be used with"), "{worker}");

    home.set("DOORWARD_WORKER_LISTEN", &format!("127.0.0.1:{port}"));
    home.set("DOORWARD_LISTEN", "127.0.0.1:1");
    home.run(&["health", "--worker"]).expect(0);
    let other = home.run(&["health"]).expect(1).stdout;
    assert!(other.starts_with("no answer"), "{other}");
    assert_eq!(server.terminate(), Some(0));
    home.run(&["health", "--worker"]).expect(1);
}

#[test]
fn the_health_check_tells_degraded_from_failed_and_names_the_parts() {
    // proves OPS-3, POL-2
    let mut home = Home::new();
    let socket = home.path("api.sock");
    home.set("DOORWARD_LISTEN", &format!("unix:{}", socket.display()));
    let _server = home.serve();
    until("it is ready", || home.run(&["health"]).code == Some(0));
    let path = home.path("policies/user.cedar");
    fs::write(&path, "permit (").unwrap();
    let mut degraded = String::new();
    until("the broken edit is noticed", || {
        degraded = home.run(&["health"]).expect(0).stdout;
        degraded.contains("policies: degraded, broken on disk since")
    });
    assert!(degraded.starts_with("degraded\n"), "{degraded}");
    assert!(degraded.contains("user.cedar:1:"), "{degraded}");
    assert!(!degraded.contains("database:"), "only what is not ready: {degraded}");

    fs::copy(repository().join("policies/user.cedar"), &path).unwrap();
    let (name, beside) = (home.database().name(), harness::postgres().unwrap().empty().unwrap());
    beside
        .run(&format!(
            "alter database {name} allow_connections false;\n\
             select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        ))
        .unwrap();
    until("the store is missed", || home.run(&["health"]).code == Some(1));
    let failed = home.run(&["health"]).expect(1).stdout;
    assert!(failed.starts_with("failed\n"), "{failed}");
    assert!(failed.contains("database: failed, ") || failed.contains("facts: failed, "), "{failed}");
}
