//! `doorward policies explain --decision`: a logged decision, and the same question again.

use std::collections::BTreeSet;

use anyhow::bail;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::entity::named;

/// What the log has in the place of a masked value.
const MASKED: &str = "(masked)";

/// Fetches the decision, asks again and prints both.
pub(super) async fn run(client: &Client, id: &str, as_json: bool) -> anyhow::Result<()> {
    let then = client.get(&format!("/api/v1/decisions/{id}")).await?.done()?;
    let now = client.post("/api/v1/authorize", question(&then)?.to_string()).await?.done()?;
    let comparison = Comparison::new(&then, &now);
    if as_json {
        println!("{:#}", json!({ "then": then, "now": now, "comparison": comparison.json() }));
        return Ok(());
    }
    println!("decision {id}, asked by {} at {}", named(&then["caller"]), text(&then["at"]));
    println!("{} {} {}\n", named(&then["principal"]), text(&then["action"]), named(&then["resource"]));
    comparison.print();
    println!("\nwhat every policy says now:");
    super::print_opinions(&now);
    Ok(())
}

/// The logged question, as far as it can be asked again.
fn question(then: &Value) -> anyhow::Result<Value> {
    if then["principal"].is_null() || then["resource"].is_null() {
        bail!("what was asked was no question ({}): there is nothing to ask again", then["reason"]["code"]);
    }
    let has_masks = then["masked"].as_array().is_some_and(|masked| !masked.is_empty());
    Ok(json!({
        "principal": then["principal"],
        "action": then["action"],
        "resource": then["resource"],
        "context": if has_masks { unmasked(&then["context"]) } else { then["context"].clone() },
        "explain": true,
    }))
}

/// A value without the members that are masked.
fn unmasked(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let members = object.iter().filter(|(_, value)| *value != MASKED);
            Value::Object(members.map(|(name, value)| (name.clone(), unmasked(value))).collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(unmasked).collect(),
        other => other.clone(),
    }
}

/// How the answers differ.
struct Comparison<'a> {
    then: &'a Value,
    now: &'a Value,
    newly_deciding: Vec<String>,
    no_longer_deciding: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn new(then: &'a Value, now: &'a Value) -> Self {
        let ids = |policies: &'a Value, id: fn(&'a Value) -> &'a str| -> BTreeSet<&'a str> {
            policies.as_array().into_iter().flatten().map(id).collect()
        };
        let before = ids(&then["policies"], text);
        let after = ids(&now["policies"], |policy| text(&policy["id"]));
        let but = |all: &BTreeSet<&str>, others: &BTreeSet<&str>| {
            all.difference(others).map(|id| (*id).to_owned()).collect()
        };
        Self { then, now, newly_deciding: but(&after, &before), no_longer_deciding: but(&before, &after) }
    }

    fn is_same(&self, member: &str) -> bool {
        self.then[member] == self.now[member]
    }

    fn json(&self) -> Value {
        json!({
            "decision": if self.is_same("decision") { "same" } else { "changed" },
            "newly_deciding": self.newly_deciding,
            "no_longer_deciding": self.no_longer_deciding,
            "policy_hash": if self.is_same("policy_hash") { "same" } else { "different" },
            "revision": { "then": self.then["revision"], "now": self.now["revision"] },
            "left_out": self.then["masked"],
        })
    }

    fn print(&self) {
        println!("then: {}", super::outcome(self.then));
        println!("now:  {}", super::outcome(self.now));
        println!("the decision {}", if self.is_same("decision") { "is the same" } else { "changed" });
        for id in &self.newly_deciding {
            println!("    newly decides: {id}");
        }
        for id in &self.no_longer_deciding {
            println!("    no longer decides: {id}");
        }
        let short = |value: &'a Value| text(value).get(..12).unwrap_or_default();
        match self.is_same("policy_hash") {
            true => println!("the policies are the same ({}…)", short(&self.now["policy_hash"])),
            false => println!(
                "the policies differ ({}… then, {}… now)",
                short(&self.then["policy_hash"]),
                short(&self.now["policy_hash"])
            ),
        }
        println!("revision {} then, {} now", text(&self.then["revision"]), text(&self.now["revision"]));
        println!("\nthe facts and the time are today's: the answer may differ for that reason alone");
        let masked: Vec<&str> = self.then["masked"].as_array().into_iter().flatten().map(text).collect();
        if !masked.is_empty() {
            println!(
                "left out of the context, because the log has them masked: {}. The question is not quite the same",
                masked.join(", ")
            );
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
