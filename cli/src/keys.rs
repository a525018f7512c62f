//! `doorward keys …`

use clap::Subcommand;
use runtime::Config;
use serde_json::{Value, json};

use crate::client::{Client, Target};
use crate::exit;

/// Look after the keys that credentials of connections are sealed with.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new key, and seal all credentials anew with it.
    ///
    /// Keys that seal nothing any more are removed. Exit code 1 if there are credentials that cannot be opened: they are left
    /// as they are, and want to be given anew.
    Rotate {
        /// Go on with a rotation that was cut off: the key that it made.
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        #[command(flatten)]
        target: Target,
    },
}

const PATH: &str = "/api/v1/admin/encryption-keys/rotate";

/// Runs a command against a running Doorward.
pub(crate) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    let Command::Rotate { key, target } = command;
    let client = Client::new(config, target)?;
    let mut body = json!({ "key_id": key });
    let (mut resealed, mut unreadable) = (0, 0);
    loop {
        let progress = client.post(PATH, body.to_string()).await?.done()?;
        let left = progress["unreadable"].as_array().map(Vec::as_slice).unwrap_or_default();
        for connection in left.iter().filter_map(Value::as_str) {
            eprintln!(
                "doorward: the credentials of connection {connection} cannot be opened; give them anew"
            );
        }
        resealed += progress["resealed"].as_u64().unwrap_or_default();
        unreadable += left.len();
        let (key, remaining) = (&progress["key_id"], &progress["remaining"]);
        if progress["after"].is_null() {
            println!("{} seals; {resealed} sealed anew, {unreadable} cannot be opened", text(key));
            return Ok(if unreadable == 0 { 0 } else { exit::FAILED });
        }
        println!("{}: {resealed} sealed anew, {remaining} left", text(key));
        body = json!({ "key_id": key, "after": progress["after"] });
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
