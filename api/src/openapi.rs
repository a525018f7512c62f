//! The OpenAPI document, made from the code.

use serde_json::json;
use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Response, Server};

use crate::routes::{self, Access, TABLE};

/// Where the document is served.
pub(crate) const PATH: &str = "/api/v1/openapi.json";

/// The frame of the document; the routes fill it.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Doorward",
        description = "May this principal do this to that? Decisions by Cedar policies, for products with many tenants.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&BearerToken),
    security(("api_key" = [])),
    tags(
        (name = "decisions", description = "Questions and answers"),
        (name = "resources", description = "Objects of applications"),
        (name = "keys", description = "API keys"),
        (name = "import", description = "Bringing things in"),
        (name = "policies", description = "The policy folder"),
        (name = "queue", description = "Background work"),
        (name = "auth", description = "Getting an account, and into it"),
        (name = "admin", description = "Accounts, for those who look after them"),
        (name = "invitations", description = "Who is asked into an organization"),
        (name = "me", description = "A person's own account"),
        (name = "audit", description = "Who changed what"),
        (name = "operations", description = "For whoever runs it"),
    ),
)]
pub(crate) struct Document;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key, `dw_…`, or the access token of a session"))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// The document as it is served under a public URL.
#[must_use]
pub fn document(public_url: &str) -> OpenApi {
    finish(routes::routes().into_openapi(), public_url)
}

/// The hosted pages, which the document says nothing of: only their methods and paths.
#[must_use]
pub fn pages() -> OpenApi {
    crate::pages::routes().into_openapi()
}

/// Says for each operation what decides it, and who serves it.
pub(crate) fn finish(mut document: OpenApi, public_url: &str) -> OpenApi {
    document.servers = Some(vec![Server::new(public_url)]);
    for (method, path, access) in TABLE {
        let Some(operation) = document.paths.paths.get_mut(*path).and_then(|item| operation(item, method))
        else {
            continue;
        };
        if path.contains("{org_id}") {
            describe_current(operation);
        }
        describe_problems(operation);
        match access {
            Access::Action(action) => operation.extensions = Some(x_action(action)),
            Access::Open(action) => {
                operation.extensions = Some(x_action(action));
                operation.security = Some(vec![]);
            }
            Access::Public => operation.security = Some(vec![]),
        }
    }
    document
}

fn x_action(action: &str) -> Extensions {
    Extensions::builder().add("x-action", json!(action)).build()
}

fn operation<'i>(item: &'i mut PathItem, method: &str) -> Option<&'i mut Operation> {
    match method {
        "get" => item.get.as_mut(),
        "put" => item.put.as_mut(),
        "post" => item.post.as_mut(),
        "patch" => item.patch.as_mut(),
        "delete" => item.delete.as_mut(),
        _ => None,
    }
}

/// `current` in a path may stand for nothing.
fn describe_current(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if let (false, Some(RefOr::T(problem))) = (responses.contains_key("409"), responses.get("401")) {
        let mut problem = problem.clone();
        problem.description =
            "`no_current_organization`: the path says `current`, and you work in none".into();
        responses.insert("409".into(), RefOr::T(problem));
    }
}

/// Errors are problem details, and every body may be too large.
fn describe_problems(operation: &mut Operation) {
    if operation.request_body.is_some() && !operation.responses.responses.contains_key("413") {
        let problem = operation.responses.responses.get("401").cloned();
        if let Some(RefOr::T(mut problem)) = problem {
            problem.description = "Body too large".into();
            operation.responses.responses.insert("413".into(), RefOr::T(problem));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && is_problem(response)
            && let Some(content) = response.content.shift_remove("application/json")
        {
            response.content.insert("application/problem+json".into(), content);
        }
    }
}

/// `/readyz` answers 503 with its report, which is no problem.
fn is_problem(response: &Response) -> bool {
    response.content.values().any(|content| match content {
        RefOr::T(content) => content.schema.is_some(),
        RefOr::Ref(_) => true,
    })
}
