//! One operation after the other, and what is kept of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Examples, stable};
use crate::support::{Call, Reply, TestApp, template_of};

/// What is sent to an operation and what it answers. Nothing in it differs from run to run, and no secret is whole.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Example {
    /// With its parameters.
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Value>,
    pub(crate) status: u16,
    /// Left out for JSON, and where there is no body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<Value>,
}

/// A Doorward of a noun's own, with the usual world in it: what is shown of one noun changes nothing about another.
pub(crate) struct Tour<'e> {
    pub(crate) app: TestApp,
    examples: &'e mut Examples,
}

/// Shows a noun.
pub(crate) async fn take(noun: &str, walk: impl AsyncFnOnce(&mut Tour<'_>), examples: &mut Examples) {
    // Every noun has ids of its own.
    let seed = noun.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let setup = TestApp::setup().setting("DOORWARD_DECISION_LOG", "postgres").seeded(seed);
    let mut tour = Tour { app: setup.start().await, examples };
    walk(&mut tour).await;
}

impl<'e> Tour<'e> {
    pub(crate) fn get(&mut self, path: &str) -> Step<'_, 'e> {
        self.step("get", path)
    }

    pub(crate) fn post(&mut self, path: &str) -> Step<'_, 'e> {
        self.step("post", path)
    }

    pub(crate) fn put(&mut self, path: &str) -> Step<'_, 'e> {
        self.step("put", path)
    }

    pub(crate) fn patch(&mut self, path: &str) -> Step<'_, 'e> {
        self.step("patch", path)
    }

    pub(crate) fn delete(&mut self, path: &str) -> Step<'_, 'e> {
        self.step("delete", path)
    }

    fn step(&mut self, method: &'static str, path: &str) -> Step<'_, 'e> {
        let call = self.app.call(&method.to_uppercase(), path);
        Step { tour: self, method, path: path.to_owned(), call, body: None }
    }
}

/// A request that becomes the example of its operation.
pub(crate) struct Step<'t, 'e> {
    tour: &'t mut Tour<'e>,
    method: &'static str,
    path: String,
    call: Call,
    body: Option<Value>,
}

impl Step<'_, '_> {
    /// With this token.
    pub(crate) fn by(mut self, token: &str) -> Self {
        self.call = self.call.by(token);
        self
    }

    pub(crate) fn json(mut self, body: Value) -> Self {
        self.call = self.call.json(&body);
        self.body = Some(body);
        self
    }

    /// A body that is no JSON.
    pub(crate) fn text(mut self, body: &str) -> Self {
        self.call = self.call.body(body.to_owned());
        self.body = Some(body.into());
        self
    }

    /// Sends it, expects this status, and keeps it as the example.
    pub(crate) async fn shows(self, status: u16) -> Reply {
        let Self { tour, method, path, call, body } = self;
        let name = format!("{method} {}", template_of(method, &path).expect("a path of the table"));
        let reply = call.send().await.expect(status);
        let kind = reply.header("content-type").map(|kind| kind.split(';').next().unwrap().to_owned());
        let response = match kind.as_deref() {
            None => None,
            Some("application/json" | "application/problem+json") => Some(reply.body.clone()),
            Some(_) => Some(Value::String(reply.text.clone())),
        };
        let example = Example {
            path: stable::path(&path),
            request: body.map(stable::request),
            status,
            content_type: kind.filter(|kind| kind != "application/json"),
            response: response.map(|response| stable::response(&name, response)),
        };
        let before = tour.examples.insert(name.clone(), example);
        assert!(before.is_none(), "{name} is shown twice");
        reply
    }
}
