//! `doorward audit verify`

use std::io::{self, IsTerminal as _};

use runtime::{Clock, Config, Random};

use crate::exit;
use crate::store::{Store, policies};

/// How many entries there are between two words about them.
const STEP: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print what was found as JSON, with the head of every chain: keep these elsewhere.
    #[arg(long)]
    json: bool,
}

/// Follows the chains and tells where they do not hold.
pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let clock = Clock::system();
    let Some(live) = policies(config, &clock) else { return Ok(exit::FAILED) };
    let store = Store::start(config).await?;
    let db = store.connect(config, live, clock, Random::system()).await?;
    let is_watched = io::stderr().is_terminal();
    let verified = db.verify_audit(|entries| {
        if is_watched && entries.is_multiple_of(STEP) {
            eprint!("\r{entries} entries");
        }
    });
    let verified = verified.await?;
    if is_watched && verified.entries >= STEP {
        eprintln!();
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&verified)?);
    } else {
        for found in &verified.breaks {
            println!("chain {} entry {}: {}", found.chain, found.seq, found.problem);
        }
        println!("{} entries, {} breaks", verified.entries, verified.breaks.len());
    }
    store.stop(db).await?;
    Ok(if verified.breaks.is_empty() { 0 } else { exit::FAILED })
}
