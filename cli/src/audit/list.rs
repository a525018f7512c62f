//! `doorward audit list`

use runtime::Config;

use super::filters::Filters;
use crate::client::{Client, Target};
use crate::entity;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filters: Filters,
    /// How many, at most 200.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on where a list with --json ended: its next_cursor.
    #[arg(long)]
    cursor: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Asks a running Doorward and prints.
pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let mut parameters = arguments.filters.parameters()?;
    parameters.push(("limit", arguments.limit.to_string()));
    parameters.extend(arguments.cursor.clone().map(|cursor| ("cursor", cursor)));
    let client = Client::new(config, &arguments.target)?;
    let page = client.get_with(&arguments.filters.path(), &parameters).await?.done()?;
    if arguments.json {
        println!("{page:#}");
        return Ok(0);
    }
    for entry in page["entries"].as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str().unwrap_or("?");
        println!(
            "{}  {}  {} {} {}",
            text("at"),
            entry["seq"],
            entity::named(&entry["actor"]),
            text("action"),
            entity::named(&entry["target"]),
        );
    }
    Ok(0)
}
