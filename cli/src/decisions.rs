//! `doorward decisions …`

use clap::Subcommand;
use runtime::Config;
use serde_json::Value;

use crate::client::{Client, Target};
use crate::entity;

/// Look into the log of decisions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List logged decisions, newest first.
    List(List),
}

/// Which decisions.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Those of an organization; all, if left out.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// Of this principal, as Type::id.
    #[arg(long, value_name = "TYPE::ID")]
    principal: Option<String>,
    /// Of this action.
    #[arg(long)]
    action: Option<String>,
    /// About this resource, as Type::id.
    #[arg(long, value_name = "TYPE::ID")]
    resource: Option<String>,
    /// allow or deny.
    #[arg(long)]
    decision: Option<String>,
    /// That this policy decided.
    #[arg(long, value_name = "ID")]
    policy: Option<String>,
    /// With this reason: forbidden, no_policy_allows, …
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Made at this time (RFC 3339) or later.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Made before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
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

impl List {
    /// The filters as parameters.
    fn parameters(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut parameters = vec![("limit", self.limit.to_string())];
        for (kind, id, given) in [
            ("principal_type", "principal_id", &self.principal),
            ("resource_type", "resource_id", &self.resource),
        ] {
            if let Some(given) = given {
                let (given_kind, given_id) = entity::parse(given)?;
                parameters.extend([(kind, given_kind.to_owned()), (id, given_id.to_owned())]);
            }
        }
        let others = [
            ("action", &self.action),
            ("decision", &self.decision),
            ("policy", &self.policy),
            ("reason", &self.reason),
            ("from", &self.from),
            ("to", &self.to),
            ("cursor", &self.cursor),
        ];
        parameters.extend(others.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        Ok(parameters)
    }
}

/// Asks a running Doorward and prints.
pub(crate) async fn run(config: &Config, Command::List(list): &Command) -> anyhow::Result<u8> {
    let path = list
        .org
        .as_ref()
        .map_or_else(|| "/api/v1/decisions".to_owned(), |org| format!("/api/v1/orgs/{org}/decisions"));
    let page = Client::new(config, &list.target)?.get_with(&path, &list.parameters()?).await?.done()?;
    if list.json {
        println!("{page:#}");
        return Ok(0);
    }
    for logged in page["decisions"].as_array().into_iter().flatten() {
        let text = |name: &str| logged[name].as_str().unwrap_or("?");
        let why = match &logged["reason"]["code"] {
            Value::String(code) => format!("  {code}"),
            _ => String::new(),
        };
        let policies: Vec<&str> =
            logged["policies"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        println!(
            "{}  {}  {}  {} {} {}{why}  [{}]",
            text("at"),
            text("id"),
            text("decision"),
            entity::named(&logged["principal"]),
            text("action"),
            entity::named(&logged["resource"]),
            policies.join(", ")
        );
    }
    Ok(0)
}
