//! `doorward policies explain`

mod replay;

use anyhow::Context as _;
use runtime::Config;
use serde_json::{Map, Value, json};

use crate::client::{Client, Target};
use crate::entity;

/// Ask a running Doorward one question and print what every policy had to say. With --decision, ask a question of the
/// log of decisions again, and tell what is different now.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Who, as Type::id: User::019aa000-0000-7000-8000-000000000001.
    #[arg(long, required_unless_present = "decision")]
    principal: Option<String>,

    /// Does what: resource.read, Docs::read.
    #[arg(long, required_unless_present = "decision")]
    action: Option<String>,

    /// To what, as Type::id.
    #[arg(long, required_unless_present = "decision")]
    resource: Option<String>,

    /// Under which circumstances, as a JSON object: '{"mfa": true}'.
    #[arg(long)]
    context: Option<String>,

    /// The id of a logged decision, instead of a question.
    #[arg(long, value_name = "ID", conflicts_with_all = ["principal", "action", "resource", "context"])]
    decision: Option<String>,

    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    target: Target,
}

/// Asks and prints.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let client = Client::new(config, &arguments.target)?;
    if let Some(id) = &arguments.decision {
        replay::run(&client, id, arguments.json).await?;
        return Ok(0);
    }
    let given = |argument: &Option<String>| argument.clone().unwrap_or_default();
    let context: Map<String, Value> = serde_json::from_str(arguments.context.as_deref().unwrap_or("{}"))
        .context("--context is no JSON object")?;
    let question = json!({
        "principal": entity::json(&given(&arguments.principal))?,
        "action": arguments.action,
        "resource": entity::json(&given(&arguments.resource))?,
        "context": context,
        "explain": true,
    });
    let answer = client.post("/api/v1/authorize", question.to_string()).await?.done()?;
    if arguments.json {
        println!("{answer:#}");
        return Ok(0);
    }
    println!("{}", outcome(&answer));
    print_opinions(&answer);
    Ok(0)
}

/// An answer in a line: `deny: no policy allows it`.
fn outcome(answer: &Value) -> String {
    let why = answer["reason"]["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{}{why}", text(&answer["decision"]))
}

/// What every policy had to say.
fn print_opinions(answer: &Value) {
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
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
