//! Requests as bytes, made before anything is measured, with the answers that they must get.

use std::fmt;

use serde_json::{Value, json};

use crate::world::{Question, World};

/// The API key of every server that is measured.
pub(crate) const KEY: &str = "dw_the-key-that-every-benchmark-asks-with";

pub(crate) const SINGLE: &str = "/api/v1/authorize";
pub(crate) const BATCH: &str = "/api/v1/authorize/batch";

/// How a server writes a decision: what stands before each, and the word for an allow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) before: &'static str,
    pub(crate) allow: &'static str,
}

pub(crate) const DOORWARD: Dialect = Dialect { before: "\"decision\":\"", allow: "allow\"" };

/// An answer that is not the expected one: no figure may come of it.
#[derive(Debug)]
pub(crate) struct Wrong {
    status: u16,
    message: String,
}

impl Wrong {
    /// The server did not take the request for one.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status != 200
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Wrong {}

/// A request, and what must come back.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// The whole of it for HTTP/1.1.
    pub(crate) bytes: Vec<u8>,
    body: usize,
    /// Whether each decision of the answer is an allow, in order.
    pub(crate) expects: Vec<bool>,
    dialect: Dialect,
}

impl Request {
    /// A request with a JSON body.
    pub(crate) fn new(method: &str, path: &str, body: &str, expects: Vec<bool>, dialect: Dialect) -> Self {
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        let at = bytes.len();
        bytes.extend_from_slice(body.as_bytes());
        Self { path: path.to_owned(), bytes, body: at, expects, dialect }
    }

    /// One question.
    pub(crate) fn single(world: World, question: &Question) -> Self {
        Self::asking(question.body(), world.allows(question))
    }

    /// One question with one more field.
    pub(crate) fn single_with(world: World, question: &Question, field: &str, value: Value) -> Self {
        let mut body = question.body();
        body[field] = value;
        Self::asking(body, world.allows(question))
    }

    fn asking(body: Value, expects: bool) -> Self {
        Self::new("POST", SINGLE, &body.to_string(), vec![expects], DOORWARD)
    }

    /// Many questions.
    pub(crate) fn batch(world: World, questions: &[Question]) -> Self {
        let bodies: Vec<Value> = questions.iter().map(Question::body).collect();
        let expects = questions.iter().map(|question| world.allows(question)).collect();
        Self::new("POST", BATCH, &json!({ "requests": bodies }).to_string(), expects, DOORWARD)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }

    /// Compares an answer with what is expected.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn check(&self, status: u16, body: &[u8]) -> Result<(), Wrong> {
        let body = String::from_utf8_lossy(body);
        let wrong = |what: &str| {
            let asked = String::from_utf8_lossy(self.body());
            let (asked, body) = (asked.get(..400).unwrap_or(&asked), body.get(..400).unwrap_or(&body));
            let message = format!("{what}: {} {asked} was answered with {status} {body}", self.path);
            Wrong { status, message }
        };
        if status != 200 {
            return Err(wrong("not 200"));
        }
        let mut decisions = body.match_indices(self.dialect.before);
        for expected in &self.expects {
            let (at, _) = decisions.next().ok_or_else(|| wrong("a decision is missing"))?;
            let allows = body[at + self.dialect.before.len()..].starts_with(self.dialect.allow);
            if allows != *expected {
                return Err(wrong(if allows { "allow for deny" } else { "deny for allow" }));
            }
        }
        Ok(())
    }
}
