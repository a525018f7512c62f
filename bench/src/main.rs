//! `bench`: what a decision and a job cost, beside the least that they could cost and beside what others take.
//!
//! `make bench` and `make bench-peers` build what this needs and run it.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a program for people who measure")]
#![allow(clippy::cast_precision_loss, reason = "figures are read with three digits")]

mod case;
mod cedar;
mod change;
mod claims;
mod connection;
mod cpu;
mod echo;
mod folder;
mod growth;
mod h2c;
mod http;
mod inside;
mod jobs;
mod load;
mod memory;
mod own;
mod peers;
mod report;
mod request;
mod server;
mod start;
mod store;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::case::Pace;

/// As Doorward has it: ratios should tell of the code, not of the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage:
  bench own <page> [option…]     measure Doorward, and write its part of the page
  bench jobs <page> [option…]    measure its background work, and write that part
  bench memory <page> [option…]  measure how much memory much data takes, and write that part
  bench peers <page> [option…]   measure others beside it, and write their part
  bench echo <address>           serve answers without decisions
  bench cedar <address> <folder> serve decisions of Cedar alone
  bench claims <address> <store> take jobs and do nothing with them
options:
  --rounds <number>     rounds of each case (15)
  --millis <number>     how long a case runs in each (400)
  --largest <number>    entities of the largest store (1000000)
  --objects <number>    objects that are listed and erased (1000000)
  --mebibytes <number>  size of the file that is sent, fetched and exported (5120)
  --decisions <file>    what the bench of the engine has printed, for the page
  --folder <folder>     where downloads are kept (target/peers)";

/// What the command line asks for beside the command.
struct Options {
    pace: Pace,
    largest: usize,
    much: memory::Much,
    decisions: Option<PathBuf>,
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["own", page, rest @ ..] => options(rest).and_then(|options| {
            own::run(Path::new(page), options.pace, options.largest, options.decisions.as_deref())
        }),
        ["jobs", page, rest @ ..] => {
            options(rest).and_then(|options| jobs::run(Path::new(page), options.pace.rounds))
        }
        ["memory", page, rest @ ..] => {
            options(rest).and_then(|options| memory::run(Path::new(page), options.much))
        }
        ["peers", page, rest @ ..] => {
            options(rest).and_then(|options| peers::run(Path::new(page), options.pace, &options.folder))
        }
        ["echo", address] => serve(address, echo::serve),
        ["cedar", address, folder] => {
            serve(address, |address| async move { cedar::serve(address, Path::new(folder)).await })
        }
        ["claims", address, database] => {
            serve(address, |address| async move { claims::serve(address, database).await })
        }
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(words: &[&str]) -> anyhow::Result<Options> {
    let mut options = Options {
        pace: Pace { rounds: 15, round: Duration::from_millis(400) },
        largest: 1_000_000,
        much: memory::Much { objects: 1_000_000, mebibytes: 5 * 1024 },
        decisions: None,
        folder: "target/peers".into(),
    };
    for pair in words.chunks(2) {
        let &[name, value] = pair else { anyhow::bail!("{USAGE}") };
        let number = || value.parse::<u32>().with_context(|| format!("{name} {value}"));
        match name {
            "--rounds" => options.pace.rounds = number()? as usize,
            "--millis" => options.pace.round = Duration::from_millis(number()?.into()),
            "--largest" => options.largest = number()? as usize,
            "--objects" => options.much.objects = number()?.into(),
            "--mebibytes" => options.much.mebibytes = number()?.into(),
            "--decisions" => options.decisions = Some(value.into()),
            "--folder" => options.folder = value.into(),
            _ => anyhow::bail!("{USAGE}"),
        }
    }
    Ok(options)
}

fn serve<F: Future<Output = anyhow::Result<()>>>(
    address: &str,
    server: impl FnOnce(std::net::SocketAddr) -> F,
) -> anyhow::Result<()> {
    let address = address.parse().context("this is no address")?;
    tokio::runtime::Runtime::new()?.block_on(server(address))
}
