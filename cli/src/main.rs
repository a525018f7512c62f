//! The `doorward` binary.
//!
//! Without a command it is everything in one process, on embedded defaults.
#![allow(clippy::print_stdout, clippy::print_stderr)] // talking to the terminal is what it is for

mod audit;
mod client;
mod config;
mod decisions;
mod entity;
mod exit;
mod explain;
mod health;
mod identity;
mod import;
mod key;
mod keys;
mod mail;
mod policies;
mod queue;
mod serve;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use runtime::Config;

use crate::serve::Role;

/// Allocates and frees for every decision; this one does it in less time than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Doorward answers one question: may this principal do this to that?
///
/// Without a command it starts everything in one process, with an embedded Postgres in ./.doorward/ where
/// DATABASE_URL is not set.
///
/// Exit codes: 0 done; 1 the answer is no (tests failed, policies are broken, lines were refused); 2 wrong command
/// line; 3 a part is missing or cannot be reached; 4 the configuration cannot be used.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, max_term_width = 100)]
struct Cli {
    /// The configuration file; doorward.toml, if there is one and this is left out.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, and leave background work to `doorward work`.
    Serve,
    /// Do background work: jobs and mails. Any number of machines may.
    Work(WorkArguments),
    /// Bring the store's schema up to date and stop.
    Migrate,
    Health(health::Arguments),
    /// Bring in users, organizations, resources and all the rest from a file of NDJSON.
    Import(import::Arguments),
    /// Work on the policy folder.
    #[command(subcommand)]
    Policies(policies::Command),
    /// Look after API keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Look after the keys that credentials of connections are sealed with.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Look into the log of decisions.
    #[command(subcommand)]
    Decisions(decisions::Command),
    /// Look after the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at the mails that Doorward writes, and try whether they arrive.
    #[command(subcommand)]
    Mail(mail::Command),
    /// Look after background work.
    ///
    /// Without a command: how it goes with each kind of job.
    Queue(queue::Arguments),
    /// Print every setting with its value and meaning. Secrets are not shown.
    Config,
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, clap::Args)]
struct WorkArguments {
    /// Do what is due now, and end. Exit code 1 if a job failed for good. Needs no Redis.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::load(cli.config.as_deref(), runtime::config::environment()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("doorward: {error}");
            return exit::MISCONFIGURED.into();
        }
    };
    if !matches!(cli.command, None | Some(Command::Serve | Command::Work(_))) {
        // A server has to outlive the connections that are closed on it.
        sigpipe::reset();
    }
    match run(cli.command, &config) {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("doorward: {error:#}");
            exit::BROKEN.into()
        }
    }
}

#[tokio::main]
async fn run(command: Option<Command>, config: &Config) -> anyhow::Result<u8> {
    let Some(command) = command else { return serve::run(config, Role::Everything).await };
    match command {
        Command::Serve => serve::run(config, Role::Api).await,
        Command::Work(WorkArguments { once: true }) => serve::work_once(config).await,
        Command::Work(WorkArguments { once: false }) => serve::run(config, Role::Worker).await,
        Command::Migrate => store::migrate(config).await,
        Command::Health(arguments) => health::run(config, &arguments).await,
        Command::Import(arguments) => import::run(config, &arguments).await,
        Command::Policies(policies::Command::Explain(arguments)) => explain::run(config, &arguments).await,
        Command::Policies(command) => policies::run(&command, &config.policies),
        Command::Key(command) => key::run(config, &command).await,
        Command::Keys(command) => keys::run(config, &command).await,
        Command::Decisions(command) => decisions::run(config, &command).await,
        Command::Audit(command) => audit::run(config, &command).await,
        Command::Mail(command) => mail::run(config, &command).await,
        Command::Queue(arguments) => queue::run(config, &arguments).await,
        Command::Config => {
            config::print(config);
            Ok(0)
        }
        Command::Openapi => {
            println!("{}", api::document(&config.public_url).to_pretty_json()?);
            Ok(0)
        }
    }
}
