//! The private server, its templates and its databases.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Database, Postgres, VARIABLE};

/// A name that no other test and no earlier run on the same server has used.
fn template(name: &str) -> String {
    format!("{name}_{}", std::process::id())
}

/// A stand-in for migrations: the URL is all that a caller gets.
fn table(url: &str) -> Result<(), String> {
    let output = Command::new("psql").args(["-Xqc", "create table note (text text)", "-d", url]).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn notes(database: &Database) -> String {
    database.run("select count(*) from note").expect("notes can be counted")
}

#[test]
fn two_databases_of_one_template_are_independent() {
    let template = template("independent");
    let first = harness::database(&template, table).expect("a first database");
    let second = harness::database(&template, |_| Err("made twice".into())).expect("a second database");
    first.run("insert into note values ('only here')").expect("an insert");
    assert_ne!(first.url, second.url);
    assert_eq!(notes(&first), "1");
    assert_eq!(notes(&second), "0");
}

#[test]
fn eight_first_users_at_once_make_one_template() {
    let template = template("parallel");
    let prepared = AtomicUsize::new(0);
    let prepare = |url: &str| {
        prepared.fetch_add(1, Ordering::SeqCst);
        table(url)?;
        std::thread::sleep(Duration::from_millis(200)); // time for the others to come too early
        Ok(())
    };
    std::thread::scope(|scope| {
        let users: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| harness::database(&template, prepare).map(|database| notes(&database))))
            .collect();
        for user in users {
            assert_eq!(user.join().expect("no panic").expect("a database"), "0");
        }
    });
    assert_eq!(prepared.load(Ordering::SeqCst), 1);
}

#[test]
fn a_failing_prepare_leaves_no_template() {
    let template = template("failing");
    let server = harness::postgres().expect("a server");
    let fails = |url: &str| table(url).and(Err("no luck".to_owned()));
    let error = harness::database(&template, fails).expect_err("prepare fails");
    assert!(error.to_string().contains("no luck"), "{error}");
    assert!(!server.has(&template).expect("an answer"), "the template is there");
    assert!(!server.has(&format!("{template}_draft")).expect("an answer"), "the draft is there");

    let later = harness::database(&template, table).expect("the next one makes it");
    assert_eq!(notes(&later), "0");
}

#[test]
fn what_a_killed_process_left_halfway_is_made_anew() {
    let template = template("halfway");
    let server = harness::postgres().expect("a server");
    let other = server.empty().expect("a database");
    other.run(&format!("create database {template}_draft")).expect("a draft");
    let database = harness::database(&template, table).expect("a database");
    assert_eq!(notes(&database), "0");
}

#[test]
fn a_template_can_be_made_while_its_maker_is_still_connected() {
    let template = template("connected");
    let mut session = None;
    let prepare = |url: &str| {
        table(url)?;
        let waiting = Command::new("psql").args(["-Xqc", "select pg_sleep(60)", "-d", url]).spawn();
        session = Some(waiting.map_err(|error| error.to_string())?);
        std::thread::sleep(Duration::from_millis(200)); // time to connect
        Ok(())
    };
    let database = harness::database(&template, prepare);
    session.expect("prepare ran").wait().expect("the session was ended by the server");
    assert_eq!(notes(&database.expect("a database")), "0");
}

#[test]
fn a_dropped_database_is_gone_although_somebody_is_connected() {
    let server = harness::postgres().expect("a server");
    let database = server.empty().expect("a database");
    let name = database.name().to_owned();
    let mut session = Command::new("psql")
        .args(["-Xqc", "select pg_sleep(60)", "-d", &database.url])
        .spawn()
        .expect("psql");
    drop(database);
    assert!(!server.has(&name).expect("an answer"));
    assert!(!session.wait().expect("the session ends").success());
}

#[test]
fn a_killed_server_is_gone_and_comes_back_with_what_was_committed() {
    let mut server = Postgres::start().expect("a server");
    let database = server.empty().expect("a database");
    table(&database.url).expect("a table");
    for round in 1..=3 {
        // Somebody is in the middle of something.
        let mut session = Command::new("psql")
            .args([
                "-Xqc",
                "insert into note values ('never committed'), (pg_sleep(60)::text)",
                "-d",
                &database.url,
            ])
            .stderr(Stdio::null())
            .spawn()
            .expect("psql");
        database.run("insert into note values ('kept')").expect("an insert");
        server.kill().expect("it is killed");
        server.kill().expect("nothing happens");
        assert!(database.run("select 1").is_err(), "it still answers");
        session.wait().expect("the session has ended");
        server.restart().expect("it starts");
        assert_eq!(notes(&database), round.to_string());
    }
    server.restart().expect("it is killed and starts");
    assert_eq!(notes(&database), "3");
    let folder = database.url.split("host=").nth(1).and_then(|rest| rest.split('&').next());
    let folder = folder.expect("a socket folder").replace("%2F", "/");
    server.kill().expect("it is killed");
    assert!(Path::new(&folder).exists(), "{folder}");
    drop(database);
    drop(server);
    assert!(!Path::new(&folder).exists(), "{folder} is still there");
}

#[test]
fn a_name_that_sql_would_have_to_quote_is_refused() {
    for name in ["", "Upper", "1st", "a b", "a\"b", &"x".repeat(41)] {
        assert!(harness::database(name, |_| Ok(())).is_err(), "{name:?}");
    }
}

#[test]
fn a_run_ends_with_the_code_of_its_command() {
    let run = |script: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
        command.args(["run", "--", "sh", "-c", script]).output().expect("harness runs")
    };
    let good = run(&format!("psql -XAtd \"${VARIABLE}\" -c 'select 41 + 1'"));
    assert_eq!(String::from_utf8_lossy(&good.stdout), "42\n", "{good:?}");
    assert!(good.status.success());
    assert_eq!(run("exit 7").status.code(), Some(7));
    assert_eq!(run("kill -TERM $$").status.code(), Some(128 + 15));
}

#[test]
fn a_server_ends_and_leaves_nothing_when_its_owner_is_killed() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    let script = format!("echo \"${VARIABLE}\"; kill -KILL $PPID");
    let output = command.args(["run", "--", "sh", "-c", &script]).output().expect("harness runs");
    assert!(!output.status.success());
    let url = String::from_utf8_lossy(&output.stdout).into_owned();
    let folder = url.split("host=").nth(1).and_then(|rest| rest.split('&').next()).expect("a socket folder");
    let folder = folder.replace("%2F", "/");
    assert!(folder.contains("doorward-"), "{folder}");

    let begin = Instant::now();
    while Path::new(&folder).exists() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{folder} is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}
