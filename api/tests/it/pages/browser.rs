//! A tab of a headless browser, spoken to over WebDriver (W3C).

use std::path::Path;

use base64::Engine as _;
use harness::Browser;
use serde_json::{Value, json};

use crate::support::{TestApp, text, until};

/// How WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that write nothing.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// A browser of its own, with an empty profile and without scripts. It ends with the value.
pub(crate) struct Tab {
    http: reqwest::Client,
    session: String,
    base: String,
    _browser: Browser,
}

impl Tab {
    /// Opens one to look at this Doorward.
    pub(crate) async fn open(app: &TestApp) -> Self {
        let browser = tokio::task::spawn_blocking(Browser::start).await.unwrap().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let begun = http.post(format!("{}/session", browser.url())).body(browser.capabilities());
        let begun: Value = begun.send().await.unwrap().json().await.unwrap();
        let id = begun["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {begun}"));
        let session = format!("{}/session/{id}", browser.url());
        Self { http, session, base: app.base.clone(), _browser: browser }
    }

    async fn post(&self, command: &str, body: Value) -> Value {
        self.attempt(command, body).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    async fn attempt(&self, command: &str, body: Value) -> Result<Value, Value> {
        let sent = self.http.post(format!("{}/{command}", self.session)).json(&body).send();
        Self::value(sent.await.unwrap()).await
    }

    async fn get(&self, command: &str) -> Value {
        let sent = self.http.get(format!("{}/{command}", self.session)).send();
        Self::value(sent.await.unwrap()).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    async fn value(answer: reqwest::Response) -> Result<Value, Value> {
        let is_done = answer.status().is_success();
        let value = answer.json::<Value>().await.unwrap()["value"].take();
        if is_done { Ok(value) } else { Err(value) }
    }

    /// Opens a page, and waits for it.
    pub(crate) async fn goto(&self, path: &str) {
        self.post("url", json!({ "url": format!("{}{path}", self.base) })).await;
    }

    /// The path and query of the page.
    pub(crate) async fn address(&self) -> String {
        text(&self.get("url").await).replacen(&self.base, "", 1)
    }

    /// Waits until these words can be read on the page: the one that follows a click may still be on its way.
    pub(crate) async fn shows(&self, words: &str) {
        let script = json!({ "script": "return document.body.innerText", "args": [] });
        until(words, || async {
            let shown = self.attempt("execute/sync", script.clone()).await;
            shown.is_ok_and(|shown| shown.as_str().is_some_and(|shown| shown.contains(words)))
        })
        .await;
    }

    async fn find(&self, css: &str) -> String {
        let found = self.post("element", json!({ "using": "css selector", "value": css })).await;
        text(&found[ELEMENT])
    }

    /// Fills in a field, whatever was in it.
    pub(crate) async fn write(&self, css: &str, what: &str) {
        let element = self.find(css).await;
        self.post(&format!("element/{element}/clear"), json!({})).await;
        self.post(&format!("element/{element}/value"), json!({ "text": what })).await;
    }

    /// Clicks, and waits for the page that follows.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("element/{element}/click"), json!({})).await;
    }

    /// Presses and releases keys, wherever the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let steps: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": steps }] });
        self.post("actions", keyboard).await;
    }

    /// What an expression gives; WebDriver may look into pages that run no scripts.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        self.post("execute/sync", json!({ "script": format!("return {expression}"), "args": [] })).await
    }

    /// Makes the window so many pixels wide, as on a telephone.
    pub(crate) async fn resize(&self, width: u32) {
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Asks for dark pages, or for light ones.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    /// What the console has warned of since it was asked last, such as breaches of the content security policy; without
    /// what it says of every answer that is an error, and without advice.
    pub(crate) async fn warnings(&self) -> Vec<String> {
        let said = self.post("se/log", json!({ "type": "browser" })).await;
        let lines = said.as_array().unwrap().iter();
        let warnings = lines.filter(|line| matches!(line["level"].as_str(), Some("WARNING" | "SEVERE")));
        let warnings = warnings.map(|line| text(&line["message"]));
        warnings.filter(|line| !line.contains("Failed to load resource")).collect()
    }

    /// Puts a picture of the whole page into `target/pages`, to be looked at.
    pub(crate) async fn picture(&self, name: &str) {
        let picture = text(&self.get("screenshot").await);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pages");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = base64::prelude::BASE64_STANDARD.decode(picture).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }
}
