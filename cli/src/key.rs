//! `doorward key …`

use clap::Subcommand;
use runtime::Config;
use serde_json::{Value, json};

use crate::client::{Client, Target};

/// Look after API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a key and print it, once.
    Create {
        /// What people call it.
        name: String,
        /// What it may be used for: authorize, resources:read, resources:write, keys:manage, decisions:read,
        /// audit:read, jobs:read, jobs:write, policies:read, import.
        #[arg(long = "scope", required = true, value_name = "SCOPE")]
        scopes: Vec<String>,
        /// The organization that it belongs to; the platform, if left out.
        #[arg(long, value_name = "ID")]
        org: Option<String>,
        /// When it stops working (RFC 3339); never, if left out.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// List the newest 100 keys of the platform, or of an organization.
    List {
        /// The organization.
        #[arg(long, value_name = "ID")]
        org: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// End a key, at once and for good.
    Revoke {
        /// The key's id.
        id: String,
        #[command(flatten)]
        target: Target,
    },
}

fn keys_of(org: Option<&str>) -> String {
    org.map_or_else(|| "/api/v1/keys".to_owned(), |org| format!("/api/v1/orgs/{org}/keys"))
}

/// Runs a command against a running Doorward.
pub(crate) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    match command {
        Command::Create { name, scopes, org, expires_at, target } => {
            let body = json!({ "name": name, "scopes": scopes, "expires_at": expires_at }).to_string();
            let made = Client::new(config, target)?.post(&keys_of(org.as_deref()), body).await?.done()?;
            println!("{}  (shown once; id {})", text(&made, "token"), text(&made, "id"));
        }
        Command::List { org, target } => {
            let path = format!("{}?limit=100", keys_of(org.as_deref()));
            let page = Client::new(config, target)?.get(&path).await?.done()?;
            for key in page["keys"].as_array().into_iter().flatten() {
                let scopes: Vec<&str> =
                    key["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let state = if key["revoked_at"].is_null() { "" } else { "  revoked" };
                let (id, prefix, name) = (text(key, "id"), text(key, "prefix"), text(key, "name"));
                println!("{id}  {prefix}…  {name}  [{}]{state}", scopes.join(", "));
            }
        }
        Command::Revoke { id, target } => {
            Client::new(config, target)?.delete(&format!("/api/v1/keys/{id}")).await?.done()?;
            println!("{id} is revoked");
        }
    }
    Ok(0)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}
