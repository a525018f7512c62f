//! What is not written into the log: values of the context whose names say that they are nobody's business.

use runtime::Pattern;
use serde_json::{Map, Value};

/// What stands in the place of a masked value.
pub(super) const MASKED: &str = "(masked)";

/// The names whose values are masked.
#[derive(Debug)]
pub(super) struct Mask(Vec<Pattern>);

/// A context without what is masked.
pub(super) struct Masked {
    pub(super) context: Map<String, Value>,
    /// Where something was masked: `device.ip`, `signers[1].email`.
    pub(super) paths: Vec<String>,
    /// The texts that were taken out.
    secrets: Vec<String>,
}

impl Mask {
    pub(super) fn new(names: &[Pattern]) -> Self {
        Self(names.to_vec())
    }

    /// Masks at any depth. NUL characters, which the store cannot keep, are replaced.
    pub(super) fn apply(&self, context: &Map<String, Value>) -> Masked {
        let mut masked = Masked { context: Map::new(), paths: vec![], secrets: vec![] };
        masked.context = self.object(context, "", &mut masked);
        masked
    }

    fn object(&self, object: &Map<String, Value>, path: &str, masked: &mut Masked) -> Map<String, Value> {
        let members = object.iter().map(|(name, value)| {
            let name = storable(name);
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let value = if self.0.iter().any(|pattern| pattern.matches_any_case(&name)) {
                texts(value, &mut masked.secrets);
                masked.paths.push(path);
                Value::String(MASKED.to_owned())
            } else {
                self.value(value, &path, masked)
            };
            (name, value)
        });
        members.collect()
    }

    fn value(&self, value: &Value, path: &str, masked: &mut Masked) -> Value {
        match value {
            Value::Object(object) => Value::Object(self.object(object, path, masked)),
            Value::Array(values) => {
                let values = values.iter().enumerate();
                values.map(|(index, value)| self.value(value, &format!("{path}[{index}]"), masked)).collect()
            }
            Value::String(text) => Value::String(storable(text)),
            other => other.clone(),
        }
    }
}

impl Masked {
    /// A message about the question, unless it repeats what was masked: those of Cedar quote values that do not fit.
    pub(super) fn message(&self, message: String) -> String {
        if self.secrets.iter().any(|secret| message.contains(secret.as_str())) {
            return "(masked: it repeats a masked value)".to_owned();
        }
        message
    }
}

/// The texts and numbers inside a value, as a message would quote them.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => found.push(number.to_string()),
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => {
            found.push(text.escape_debug().to_string());
            found.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(object) => object.values().for_each(|value| texts(value, found)),
    }
}

/// A text that the store can keep.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(context: Value) -> Masked {
        let Value::Object(context) = context else { panic!("an object") };
        let names: Vec<Pattern> = ["*token*", "ip"].iter().map(|name| name.parse().unwrap()).collect();
        Mask::new(&names).apply(&context)
    }

    #[test]
    fn values_are_masked_by_their_names_at_any_depth() {
        // proves PDP-7
        let masked = apply(json!({
            "mfa": true, "IP": "192.0.2.1", "note": "a\u{0}b",
            "device": { "accessToken": { "value": [1, "x-secret"] }, "name": "laptop" },
            "hops": [{ "ip": "192.0.2.2" }, "ip"],
        }));
        assert_eq!(
            Value::Object(masked.context.clone()),
            json!({
                "mfa": true, "IP": "(masked)", "note": "a\u{fffd}b",
                "device": { "accessToken": "(masked)", "name": "laptop" },
                "hops": [{ "ip": "(masked)" }, "ip"],
            })
        );
        let mut paths = masked.paths.clone();
        paths.sort();
        assert_eq!(paths, ["IP", "device.accessToken", "hops[0].ip"]);
        for secret in ["expected a number, got \"192.0.2.1\"", "got x-secret"] {
            assert_eq!(masked.message(secret.to_owned()), "(masked: it repeats a masked value)");
        }
        assert_eq!(masked.message("expected laptop".to_owned()), "expected laptop");
    }
}
