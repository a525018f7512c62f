//! Whether a value is what a schema says, as far as schemas here say something.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

/// Insists that a value fits a schema of the document.
pub(crate) fn check(at: &str, document: &Value, schema: &Value, value: &Value) {
    let wrong = misfits(document, schema, value);
    assert!(wrong.is_empty(), "{at}: {wrong:#?}");
}

/// What does not fit.
fn misfits(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let Some(schema) = document.pointer(name.trim_start_matches('#')) else {
            return vec![format!("there is no {name}")];
        };
        return misfits(document, schema, value);
    }
    let mut wrong = vec![];
    for part in schema["allOf"].as_array().into_iter().flatten() {
        wrong.extend(misfits(document, part, value));
    }
    for any in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[any].as_array()
            && choices.iter().all(|choice| !misfits(document, choice, value).is_empty())
        {
            wrong.push(format!("{value} is none of {choices:?}"));
        }
    }
    if !is_of_type(&schema["type"], value) {
        wrong.push(format!("{value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        wrong.push(format!("{value} is none of {}", schema["enum"]));
    }
    if let Some(text) = value.as_str()
        && !has_format(schema["format"].as_str(), text)
    {
        wrong.push(format!("{text:?} is no {}", schema["format"]));
    }
    wrong.extend(misfits_inside(document, schema, value));
    wrong
}

fn misfits_inside(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = vec![];
    for item in value.as_array().into_iter().flatten() {
        if schema["items"].is_object() {
            wrong.extend(misfits(document, &schema["items"], item));
        }
    }
    let Some(members) = value.as_object() else { return wrong };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(name.as_str().unwrap_or_default()) {
            wrong.push(format!("{name} is missing"));
        }
    }
    for (name, value) in members {
        let inside = misfits(document, &schema["properties"][name], value);
        wrong.extend(inside.into_iter().map(|said| format!("{name}: {said}")));
    }
    wrong
}

fn is_of_type(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| is_of_type(kind, value)),
        Value::String(kind) => match kind.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            _ => false,
        },
        _ => true,
    }
}

fn has_format(format: Option<&str>, text: &str) -> bool {
    match format {
        Some("uuid") => text.parse::<Uuid>().is_ok(),
        Some("date-time") => DateTime::parse_from_rfc3339(text).is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::misfits;

    // The check that examples rest on finds what it looks for.
    #[test]
    fn what_does_not_fit_is_found() {
        let document =
            json!({ "components": { "schemas": { "Id": { "type": "string", "format": "uuid" } } } });
        let schema = json!({
            "type": "object", "required": ["id"],
            "properties": {
                "id": { "$ref": "#/components/schemas/Id" },
                "at": { "type": ["string", "null"], "format": "date-time" },
                "in": { "oneOf": [{ "type": "null" }, { "enum": ["a", "b"] }] },
                "of": { "type": "array", "items": { "type": "integer" } },
            },
        });
        let id = "019aa000-0000-7000-8000-0000000000a1";
        for good in [
            json!({ "id": id, "at": null, "in": null, "of": [] }),
            json!({ "id": id, "at": "2026-11-21T12:00:00Z", "in": "a", "of": [1] }),
        ] {
            assert_eq!(misfits(&document, &schema, &good), Vec::<String>::new());
        }
        for bad in [
            json!([]),
            json!({}),
            json!({ "id": "a" }),
            json!({ "id": null }),
            json!({ "id": id, "at": "now" }),
            json!({ "id": id, "in": "c" }),
            json!({ "id": id, "of": [1.5] }),
        ] {
            assert!(!misfits(&document, &schema, &bad).is_empty(), "{bad}");
        }
    }
}
