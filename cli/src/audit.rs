//! `doorward audit …`

mod export;
mod filters;
mod list;
mod verify;

use clap::Subcommand;
use runtime::Config;

/// Look after the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what was done, newest first.
    List(list::Arguments),
    /// Write what was done into a file, oldest first.
    ///
    /// It ends with what there was when it began. Exit codes: 0 all of it was written; 3 it was not.
    Export(export::Arguments),
    /// Follow every hash chain from its start and tell where one does not hold.
    ///
    /// It works on the store itself: the embedded one is free for this only while no Doorward runs on it. Exit codes:
    /// 0 all chains hold; 1 one does not, or the policies are broken; 3 the store cannot be read.
    Verify(verify::Arguments),
}

/// Does it.
pub(crate) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    match command {
        Command::List(arguments) => list::run(config, arguments).await,
        Command::Export(arguments) => export::run(config, arguments).await,
        Command::Verify(arguments) => verify::run(config, arguments).await,
    }
}
