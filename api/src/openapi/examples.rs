//! The examples of operations, as `api/tests/it/tour` saw them answered.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Content, RefOr};

/// What was sent to an operation, and what it answered.
#[derive(Debug, Deserialize)]
struct Example {
    /// With its parameters.
    path: String,
    request: Option<Value>,
    status: u16,
    /// Of the answer; JSON if left out.
    content_type: Option<String>,
    response: Option<Value>,
}

/// The content type of answers that have one of their own each time.
const ANY: &str = "*/*";

/// By method and path, as in `TABLE`. A file that could not be read would leave all of them out, which a test notices.
static EXAMPLES: LazyLock<BTreeMap<String, Example>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../examples.json")).unwrap_or_default());

/// Puts its example into an operation.
pub(super) fn show(operation: &mut Operation, method: &str, path: &str) {
    let Some(example) = EXAMPLES.get(&format!("{method} {path}")) else { return };
    show_parameters(operation, path, &example.path);
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(content) = body.content.values_mut().next()
    {
        put(content, example.request.as_ref());
    }
    let kind = example.content_type.as_deref().unwrap_or("application/json");
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(&example.status.to_string())
        && let kind = if response.content.contains_key(kind) { kind } else { ANY }
        && let Some(content) = response.content.get_mut(kind)
    {
        put(content, example.response.as_ref());
    }
}

fn put(content: &mut RefOr<Content>, value: Option<&Value>) {
    if let RefOr::T(content) = content {
        content.example = value.cloned();
    }
}

/// What stood in the path for each of its parameters.
fn show_parameters(operation: &mut Operation, template: &str, path: &str) {
    let path = path.split('?').next().unwrap_or_default();
    for (part, given) in template.split('/').zip(path.split('/')) {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { continue };
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && parameter.parameter_in == ParameterIn::Path
                && parameter.name == name
            {
                *parameter = ParameterBuilder::from(parameter.clone()).example(Some(given.into())).build();
            }
        }
    }
}
