//! The OpenAPI document, made from the code.

mod examples;
mod problems;

use serde_json::json;
use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Server};

use crate::org_ref::OrgRef;
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
    components(schemas(OrgRef)),
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
        (name = "orgs", description = "Organizations"),
        (name = "members", description = "Who belongs to an organization"),
        (name = "invitations", description = "Who is to belong to one"),
        (name = "workspaces", description = "Folders of content, and who gets into them"),
        (name = "documents", description = "Files in workspaces"),
        (name = "connections", description = "Credentials of providers outside, sealed"),
        (name = "context", description = "Where one works"),
        (name = "agents", description = "AI agents, with whom they are shared, and who used them"),
        (name = "instances", description = "An organization's installations of something"),
        (name = "usage", description = "What an organization uses, and its wallet"),
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

/// Says for each operation what decides it, who serves it, what can happen to it, and how it looks.
pub(crate) fn finish(mut document: OpenApi, public_url: &str) -> OpenApi {
    document.servers = Some(vec![Server::new(public_url)]);
    problems::declare(&mut document);
    for (method, path, access) in TABLE {
        let Some(operation) = document.paths.paths.get_mut(*path).and_then(|item| operation(item, method))
        else {
            continue;
        };
        operation.operation_id = Some(name(method, path));
        problems::describe(operation, path, *access);
        examples::show(operation, method, path);
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

/// The id of an operation, which no other one has: `get_orgs_by_org_id_keys`. Those of handlers are unique in their file only.
fn name(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1").replace('{', "by_").replace('}', "");
    let parts = path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|part| !part.is_empty());
    parts.fold(method.to_owned(), |name, part| name + "_" + part)
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
