//! Entities as the command line writes them: `Type::id`.

use anyhow::Context as _;
use serde_json::{Value, json};

/// Type and id.
pub(crate) fn parse(text: &str) -> anyhow::Result<(&str, &str)> {
    text.rsplit_once("::").with_context(|| format!("{text:?} is not written Type::id"))
}

/// As the API takes it.
pub(crate) fn json(text: &str) -> anyhow::Result<Value> {
    let (kind, id) = parse(text)?;
    Ok(json!({ "type": kind, "id": id }))
}

/// As the command line writes what the API gives.
pub(crate) fn named(entity: &Value) -> String {
    match (entity["type"].as_str(), entity["id"].as_str()) {
        (Some(kind), Some(id)) => format!("{kind}::{id}"),
        _ => "?".to_owned(),
    }
}
