//! What differs from run to run, and what is secret, in words that stay.

use serde_json::{Value, json};

use crate::support::NOW;

/// An id with a query has fewer letters.
const LONGEST_PART: usize = 90;

/// A path without the tokens that are addresses by themselves.
pub(crate) fn path(path: &str) -> String {
    let part = |part| if str::len(part) > LONGEST_PART { "…" } else { part };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A request without whole secrets.
pub(crate) fn request(body: Value) -> Value {
    walk("", body)
}

/// An answer as it is every time.
pub(crate) fn response(operation: &str, body: Value) -> Value {
    match (operation, body) {
        // Figures of whatever else this process has done.
        ("get /metrics", _) => json!("# TYPE doorward_policies_broken gauge\ndoorward_policies_broken 0\n"),
        // What is shown need not change with every policy.
        ("get /api/v1/policies", Value::Object(mut members)) => {
            for list in members.values_mut().filter_map(Value::as_array_mut) {
                list.truncate(2);
            }
            walk("", Value::Object(members))
        }
        (_, Value::String(text)) => Value::String(text.split_inclusive('\n').map(line).collect()),
        (_, body) => walk("", body),
    }
}

/// A line of an export.
fn line(line: &str) -> String {
    match serde_json::from_str(line) {
        Ok(entry) => walk("", entry).to_string() + "\n",
        Err(_) => line.split_inclusive(',').map(cell).collect(),
    }
}

/// A cell of CSV: ids of requests and hashes are hexadecimal.
fn cell(cell: &str) -> String {
    let text = cell.trim_end_matches([',', '\r', '\n']);
    if text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        cell.replace(text, "…")
    } else {
        cell.to_owned()
    }
}

fn walk(name: &str, value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let of_policy = members.contains_key("file");
            let one = |(name, value): (String, Value)| {
                // Where a policy stands, and how many are beside it.
                let is_place = of_policy && value.is_number();
                let value = if is_place { json!(1) } else { walk(&name, value) };
                (name, value)
            };
            members.into_iter().map(one).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| walk(name, item)).collect(),
        Value::String(text) => Value::String(word(name, text)),
        Value::Number(_) if name == "duration_us" => json!(850),
        // Ages and rates, which are measured.
        Value::Number(number) if number.is_f64() => json!(0.5),
        other => other,
    }
}

fn word(name: &str, text: String) -> String {
    match name {
        "policy_hash" | "hash" | "request_id" | "kid" | "x" | "qr" | "secret" | "recovery_codes" => {
            shown(&text)
        }
        "otpauth_url" => "otpauth://totp/…".into(),
        // Positions in the store's log of changes.
        "revision" => "742".into(),
        _ if text.starts_with("eyJ") => "eyJ…".into(),
        _ if text.starts_with("dw_")
            || text.starts_with("dwl_")
            || text.starts_with("dwr_")
            || text.starts_with("dwp_") =>
        {
            format!("{}_…", text.split('_').next().unwrap_or_default())
        }
        _ if is_measured(&text) => NOW.into(),
        _ => text,
    }
}

/// How long something is cannot be told.
fn shown(text: &str) -> String {
    if text.is_empty() { String::new() } else { "…".into() }
}

/// The clock of a test stands at a whole second; the store's own never does.
fn is_measured(text: &str) -> bool {
    let time = chrono::DateTime::parse_from_rfc3339(text);
    time.is_ok_and(|time| time.timestamp_subsec_nanos() != 0)
}
