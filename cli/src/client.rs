//! How the command line talks to a running Doorward: over its control socket, or over HTTP with a key.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use api::ControlSocket;
use runtime::Config;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(120);

/// How long all of a download may take, and how long nothing of it may come.
const WHOLE_DOWNLOAD: Duration = Duration::from_secs(24 * 3600);
const SILENCE: Duration = ANSWER;

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

/// An answer that comes bit by bit.
pub(crate) struct Download(reqwest::Response);

impl Reply {
    async fn of(response: reqwest::Response) -> anyhow::Result<Self> {
        let status = response.status();
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(
                |_| serde_json::json!({ "detail": text, "code": status.as_u16().to_string() }),
            )
        };
        Ok(Self { is_success: status.is_success(), body })
    }

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
        let http = reqwest::Client::builder().timeout(ANSWER);
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
        self.send(self.http.get(self.address_with(path, parameters)?)).await
    }

    /// With parameters, for an answer that is larger than the memory should be.
    pub(crate) async fn download(
        &self,
        path: &str,
        parameters: &[(&str, String)],
    ) -> anyhow::Result<Download> {
        let request = self.http.get(self.address_with(path, parameters)?).timeout(WHOLE_DOWNLOAD);
        let response = self.response(request).await?;
        if response.status().is_success() {
            return Ok(Download(response));
        }
        bail!("{}", Reply::of(response).await?.problem())
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

    fn address_with(&self, path: &str, parameters: &[(&str, String)]) -> anyhow::Result<reqwest::Url> {
        let address = self.address(path);
        reqwest::Url::parse_with_params(&address, parameters)
            .with_context(|| format!("{address} is no address"))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Reply> {
        Reply::of(self.response(request).await?).await
    }

    async fn response(&self, mut request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        request.send().await.context("Doorward cannot be reached; is it running?")
    }
}

impl Download {
    /// The next bytes; none after the last ones.
    ///
    /// # Errors
    /// If the transfer breaks, so that what came is not all there is.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<impl AsRef<[u8]> + use<>>> {
        let chunk = tokio::time::timeout(SILENCE, self.0.chunk()).await;
        Ok(chunk.context("Doorward has fallen silent")??)
    }
}
