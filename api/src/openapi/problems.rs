//! The answers that every operation of a kind can give, said once.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    Components, Content, Header, Object, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type,
};

use crate::routes::Access;

/// The media type of problem details (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// What can happen to any request: status, name among the components, and what it means.
const ANYWHERE: [(&str, &str, &str); 3] = [
    ("500", "Internal", "Something went wrong on our side"),
    ("503", "Unavailable", "The store does not answer; try again"),
    ("504", "Timeout", "It took too long and was given up"),
];

/// Puts the answers that operations refer to among the components.
pub(super) fn declare(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    for (status, name, meaning) in ANYWHERE {
        components.responses.insert(name.to_owned(), RefOr::T(with_headers(status, problem(meaning))));
    }
}

/// Says what else an operation may answer, and with which headers.
pub(super) fn describe(operation: &mut Operation, path: &str, access: Access) {
    let may_lack_credentials = matches!(access, Access::Action(_));
    let has_body = operation.request_body.is_some();
    let has_input =
        has_body || operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    let responses = &mut operation.responses.responses;
    // Questions say 400 where others say 422.
    let asks = responses.contains_key("400");
    let mut add = |status: &str, meaning: &str| {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(meaning)));
    };
    if may_lack_credentials {
        add("401", "No credentials, or bad ones");
        add("403", "Not allowed; or the account may do nothing yet, or nothing any more");
        add("429", "Too many requests with the keys of this organization");
    }
    if path.contains("{org_id}") {
        add("409", "`no_current_organization`: the path says `current`, and you work in none");
    }
    if path.contains('{') {
        add("404", "There is no such thing, or you may not know of it");
    }
    if has_input && !asks {
        add("422", "Not valid; `fields` names what is wrong");
    }
    if has_body {
        add("400", "The body cannot be read to its end");
        add("413", "Body too large");
    }
    for (status, name, _) in ANYWHERE {
        let said = RefOr::Ref(Ref::from_response_name(name));
        responses.entry(status.to_owned()).or_insert(said);
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && is_problem(response)
        {
            if let Some(content) = response.content.shift_remove("application/json") {
                response.content.insert(PROBLEM.into(), content);
            }
            *response = with_headers(status, response.clone());
        }
    }
}

fn problem(meaning: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(meaning).content(PROBLEM, content).build()
}

/// The headers that come with a problem of this status.
fn with_headers(status: &str, mut response: Response) -> Response {
    let (name, header) = match status {
        "401" => ("WWW-Authenticate", header(Type::String, "How to send credentials")),
        "429" | "503" => ("Retry-After", header(Type::Integer, "After how many seconds it may go better")),
        _ => return response,
    };
    response.headers.insert(name.to_owned(), RefOr::T(header));
    response
}

fn header(kind: Type, meaning: &str) -> Header {
    HeaderBuilder::new().schema(Some(Object::with_type(kind))).description(Some(meaning)).build()
}

/// `/readyz` answers 503 with its report, which is no problem.
fn is_problem(response: &Response) -> bool {
    response.content.values().any(|content| match content {
        RefOr::T(content) => content.schema.is_some(),
        RefOr::Ref(_) => true,
    })
}
