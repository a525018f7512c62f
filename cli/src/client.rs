//! How the command line talks to a running Doorward: over its control socket, or over HTTP with a key.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use api::ControlSocket;
use runtime::Config;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// Which Doorward to talk to.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The address of a Doorward elsewhere; the one that runs on this machine with this data folder, if left out.
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// A file with the API key for --url; DOORWARD_BOOTSTRAP_KEY, if left out.
    #[arg(long, value_name = "FILE", requires = "url")]
    key_file: Option<PathBuf>,
}

/// A connection to a running Doorward.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<SecretString>,
}

/// What it answered.
pub(crate) struct Reply {
    /// Whether it did what it was asked to.
    pub(crate) is_success: bool,
    /// The body, null if there is none.
    pub(crate) body: Value,
}

impl Reply {
    /// The body of a success.
    pub(crate) fn done(self) -> anyhow::Result<Value> {
        if self.is_success { Ok(self.body) } else { bail!("{}", self.problem()) }
    }

    /// What a problem says.
    pub(crate) fn problem(&self) -> String {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        format!("{} ({})", text("detail"), text("code"))
    }
}

impl Client {
    /// Finds the Doorward that is meant.
    pub(crate) fn new(config: &Config, target: &Target) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(120));
        let Some(url) = &target.url else {
            let socket = config.data.join(ControlSocket::NAME);
            if !socket.exists() {
                bail!(
                    "no Doorward runs here: there is no {}. Start one with `doorward`, or name one with --url",
                    socket.display()
                );
            }
            let http = http.unix_socket(socket).build()?;
            return Ok(Self { http, base: "http://localhost".into(), token: None });
        };
        let token = match &target.key_file {
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
                SecretString::from(text.trim().to_owned())
            }
            None => config
                .bootstrap_key
                .clone()
                .context("--url needs a key: give --key-file, or set DOORWARD_BOOTSTRAP_KEY")?,
        };
        Ok(Self { http: http.build()?, base: url.trim_end_matches('/').to_owned(), token: Some(token) })
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(self.http.get(self.address(path))).await
    }

    /// With parameters, encoded as they have to be.
    pub(crate) async fn get_with(&self, path: &str, parameters: &[(&str, String)]) -> anyhow::Result<Reply> {
        let url = reqwest::Url::parse_with_params(&self.address(path), parameters)
            .with_context(|| format!("{} is no address", self.address(path)))?;
        self.send(self.http.get(url)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> anyhow::Result<Reply> {
        self.send(self.http.post(self.address(path)).body(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(self.http.delete(self.address(path))).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> anyhow::Result<Reply> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let response = request.send().await.context("Doorward cannot be reached; is it running?")?;
        let is_success = response.status().is_success();
        let status = response.status();
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(
                |_| serde_json::json!({ "detail": text, "code": status.as_u16().to_string() }),
            )
        };
        Ok(Reply { is_success, body })
    }
}
