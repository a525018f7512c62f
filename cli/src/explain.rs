//! `doorward policies explain`

use anyhow::Context as _;
use runtime::Config;
use serde_json::{Map, Value, json};

use crate::client::{Client, Target};

/// Ask a running Doorward one question and print what every policy had to say.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Who, as Type::id: User::019aa000-0000-7000-8000-000000000001.
    #[arg(long)]
    principal: String,

    /// Does what: resource.read, Docs::read.
    #[arg(long)]
    action: String,

    /// To what, as Type::id.
    #[arg(long)]
    resource: String,

    /// Under which circumstances, as a JSON object: '{"mfa": true}'.
    #[arg(long, default_value = "{}")]
    context: String,

    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    target: Target,
}

/// Asks and prints.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let context: Map<String, Value> =
        serde_json::from_str(&arguments.context).context("--context is no JSON object")?;
    let question = json!({
        "principal": entity(&arguments.principal)?,
        "action": arguments.action,
        "resource": entity(&arguments.resource)?,
        "context": context,
        "explain": true,
    });
    let answer = Client::new(config, &arguments.target)?
        .post("/api/v1/authorize", question.to_string())
        .await?
        .done()?;
    if arguments.json {
        println!("{answer:#}");
        return Ok(0);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let why = answer["reason"]["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
    println!("{}{why}", text(&answer["decision"]));
    for policy in answer["explanation"]["policies"].as_array().into_iter().flatten() {
        let said = text(&policy["said"]).replace('_', " ");
        println!(
            "\n{said}: {} {} ({}:{})",
            text(&policy["effect"]),
            text(&policy["id"]),
            text(&policy["file"]),
            policy["line"]
        );
        println!("    {}", text(&policy["description"]));
        for failed in policy["failed"].as_array().into_iter().flatten() {
            let error = failed["error"].as_str().map(|error| format!("  ({error})")).unwrap_or_default();
            let said = text(&failed["text"]);
            match failed["part"].as_str() {
                Some("when") => println!("    does not hold: {said}{error}"),
                Some("unless") => println!("    is an exception: {said}{error}"),
                _ => println!("    is not in scope: {said}{error}"),
            }
        }
    }
    println!("\n{} policies speak of other actions", answer["explanation"]["not_applicable"]);
    Ok(0)
}

fn entity(text: &str) -> anyhow::Result<Value> {
    let (kind, id) = text.rsplit_once("::").with_context(|| format!("{text:?} is not written Type::id"))?;
    Ok(json!({ "type": kind, "id": id }))
}
