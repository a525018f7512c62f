use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use runtime::Shutdown;

/// Set in the process that receives the signals: this test binary again, running one "test" that is the program.
const PROGRAM: &str = "RUNTIME_TEST_PROGRAM";

/// Runs until it is told to stop, then takes long to end.
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "how a test tells itself from the program that it starts")]
async fn program() {
    let Ok(ending) = std::env::var(PROGRAM) else { return };
    let shutdown = Shutdown::new();
    shutdown.listen().unwrap();
    eprintln!("listening");
    shutdown.stopping().await;
    eprintln!("stopping");
    if ending == "stuck" {
        std::future::pending::<()>().await;
    }
    shutdown.finish(Duration::from_secs(60)).await.unwrap();
}

fn start(ending: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "signals::program", "--nocapture"])
        .env(PROGRAM, ending)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn send(program: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &program.id().to_string()]).status().unwrap().success());
}

fn ends_after(ending: &str, signals: &[&str]) -> Option<i32> {
    let mut program = start(ending);
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    for (signal, line) in signals.iter().zip(["listening", "stopping"]) {
        assert_eq!(lines.next().unwrap().unwrap(), line);
        send(&program, signal);
    }
    lines.for_each(drop);
    program.wait().unwrap().code()
}

// proves OPS-3
#[test]
fn one_signal_of_either_kind_stops_in_order() {
    assert_eq!(ends_after("prompt", &["-TERM"]), Some(0));
    assert_eq!(ends_after("prompt", &["-INT"]), Some(0));
}

// proves OPS-3
#[test]
fn a_second_signal_stops_at_once_with_code_130() {
    assert_eq!(ends_after("stuck", &["-TERM", "-INT"]), Some(130));
}
