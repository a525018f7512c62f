//! `doorward queue …`

mod show;

use clap::Subcommand;
use runtime::Config;
use serde_json::Value;

use crate::client::{Client, Target};

const QUEUE: &str = "/api/v1/admin/queue";

/// What to do; without a command it tells how it goes with each kind of job.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List jobs, newest first.
    Jobs(Jobs),
    /// Show a job, what it carries, and every attempt that failed.
    Show(One),
    /// Let a dead job begin anew.
    Retry(One),
    /// Cancel a job that waits or runs; what a worker has in hand for it is not committed.
    Cancel(One),
    /// Begin no job of a kind any more; those that run are finished.
    Pause(Kind),
    /// Begin jobs of a kind again.
    Resume(Kind),
    /// Let all dead jobs of a kind begin anew, except those to which an equal one waits.
    RetryDead(Kind),
}

/// Which jobs.
#[derive(Debug, clap::Args)]
struct Jobs {
    /// pending, running, done, dead or cancelled.
    #[arg(long)]
    state: Option<String>,
    /// Of this kind.
    #[arg(long)]
    kind: Option<String>,
    /// Done for this organization.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// How many, at most 100.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Which page of so many, from 1.
    #[arg(long, default_value_t = 1)]
    page: u32,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Which job.
#[derive(Debug, clap::Args)]
struct One {
    /// The job's id.
    id: String,
    #[command(flatten)]
    target: Target,
}

/// Which kind of job.
#[derive(Debug, clap::Args)]
struct Kind {
    /// The kind, such as mail.send.
    kind: String,
    #[command(flatten)]
    target: Target,
}

impl Jobs {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("limit", self.limit.to_string()), ("page", self.page.to_string())];
        let others = [("state", &self.state), ("kind", &self.kind), ("org_id", &self.org)];
        parameters.extend(others.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        parameters
    }
}

impl One {
    async fn post(&self, config: &Config, what: &str) -> anyhow::Result<Value> {
        let path = format!("{QUEUE}/jobs/{}/{what}", self.id);
        Client::new(config, &self.target)?.post(&path, "").await?.done()
    }
}

impl Kind {
    async fn post(&self, client: &Client, what: &str) -> anyhow::Result<Value> {
        client.post(&format!("{QUEUE}/kinds/{}/{what}", self.kind), "").await?.done()
    }

    async fn act(&self, config: &Config, what: &str) -> anyhow::Result<Value> {
        self.post(&Client::new(config, &self.target)?, what).await
    }
}

/// Asks a running Doorward and prints.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    match &arguments.command {
        None => {
            let stats = Client::new(config, &arguments.target)?.get(QUEUE).await?.done()?;
            if arguments.json { println!("{stats:#}") } else { show::stats(&stats) }
        }
        Some(Command::Jobs(jobs)) => {
            let client = Client::new(config, &jobs.target)?;
            let page = client.get_with(&format!("{QUEUE}/jobs"), &jobs.parameters()).await?.done()?;
            if jobs.json { println!("{page:#}") } else { show::jobs(&page) }
        }
        Some(Command::Show(one)) => {
            let path = format!("{QUEUE}/jobs/{}", one.id);
            println!("{:#}", Client::new(config, &one.target)?.get(&path).await?.done()?);
        }
        Some(Command::Retry(one)) => {
            one.post(config, "retry").await?;
            println!("{} waits", one.id);
        }
        Some(Command::Cancel(one)) => {
            one.post(config, "cancel").await?;
            println!("{} is cancelled", one.id);
        }
        Some(Command::Pause(kind)) => {
            let paused = kind.act(config, "pause").await?;
            println!("{} is paused since {}", kind.kind, show::text(&paused, "paused_at"));
        }
        Some(Command::Resume(kind)) => {
            kind.act(config, "resume").await?;
            println!("{} is not paused", kind.kind);
        }
        Some(Command::RetryDead(kind)) => retry_dead(config, kind).await?,
    }
    Ok(0)
}

/// One call takes so many; they are repeated until none is left that can be retried.
async fn retry_dead(config: &Config, kind: &Kind) -> anyhow::Result<()> {
    let client = Client::new(config, &kind.target)?;
    let mut retried = 0;
    loop {
        let told = kind.post(&client, "retry").await?;
        let count = |name: &str| told[name].as_i64().unwrap_or_default();
        retried += count("retried");
        if count("retried") == 0 || count("remaining") == 0 {
            println!("{retried} jobs wait, {} are still dead", count("remaining"));
            return Ok(());
        }
    }
}
