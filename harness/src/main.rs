//! `harness`: starts the servers that tests need, once for a run, and looks after sqlx's offline data.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for terminals")]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::Context;
use harness::{Binaries, BrowserPrograms, Postgres, RedisServer, Schemathesis, VARIABLE, queries};

const USAGE: &str = "\
usage:
  harness run -- <command> [arguments]   run a command with a private Postgres, named by HARNESS_POSTGRES
  harness sqlx write                     write tenancy/.sqlx anew
  harness sqlx check                     fail when tenancy/.sqlx does not fit queries and migrations
  harness find-postgres                  print the folder of the Postgres programs that tests will use
  harness find-redis                     print the Redis server that tests will use
  harness find-browser                   print the driver of the browser that tests will use";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["run", "--", program, rest @ ..] => run(program, rest),
        ["sqlx", "write"] => describe(queries::write, "written"),
        ["sqlx", "check"] => describe(queries::check, "as they should be"),
        ["find-postgres"] => find(|| Ok(Binaries::find()?.folder().to_owned())),
        ["find-redis"] => find(|| Ok(RedisServer::find()?.program().to_owned())),
        ["find-browser"] => find(|| Ok(BrowserPrograms::find()?.driver().to_owned())),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("harness: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs a program beside the servers and ends as it ends.
fn run(program: &str, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let postgres = Postgres::start()?;
    let mut command = Command::new(program);
    command.args(arguments).env(VARIABLE, postgres.url());
    // Where there is none, the tests that need it say so.
    if let Ok(schemathesis) = Schemathesis::find() {
        command.env(Schemathesis::VARIABLE, schemathesis.program());
    }
    let status = command.status();
    drop(postgres);
    let status = status.with_context(|| format!("cannot run {program}"))?;
    Ok(code(status))
}

/// The exit code of a program as a shell would tell it.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Does something about the offline data of the workspace in the current folder.
fn describe(work: fn(&Postgres, &Path) -> anyhow::Result<usize>, done: &str) -> anyhow::Result<ExitCode> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the harness is not inside a workspace")?;
    let count = work(&Postgres::start()?, root)?;
    println!("{count} queries in tenancy/.sqlx are {done}");
    Ok(ExitCode::SUCCESS)
}

/// Prints where something is.
fn find(look: impl FnOnce() -> anyhow::Result<PathBuf>) -> anyhow::Result<ExitCode> {
    println!("{}", look()?.display());
    Ok(ExitCode::SUCCESS)
}
