//! `doorward health`: what a container's health check runs, where there is no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::Context as _;
use runtime::Config;
use runtime::config::Listen;
use serde_json::Value;

use crate::exit;

/// How long an answer may take. Whoever runs the check gives up soon after.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ask a Doorward on this machine whether it is ready.
///
/// Exit codes: 0 it is ready, or degraded; 1 it is not, or does not answer. What is not ready is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Another address; the first one of DOORWARD_LISTEN, if left out.
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// Ask the worker, at the first address of DOORWARD_WORKER_LISTEN.
    #[arg(long, conflicts_with = "url")]
    worker: bool,
}

/// Asks.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let listen = if arguments.worker { &config.worker_listen } else { &config.listen };
    // No proxy: those of the environment are not for this machine.
    let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    let (http, base) = match (&arguments.url, listen.first()) {
        (Some(url), _) => (http, url.trim_end_matches('/').to_owned()),
        (None, Some(Listen::Tcp(address))) => {
            (http, format!("http://{}", std::net::SocketAddr::new(reachable(address.ip()), address.port())))
        }
        (None, Some(Listen::Unix(path))) => (http.unix_socket(path.clone()), "http://localhost".to_owned()),
        (None, None) => anyhow::bail!("it listens nowhere"),
    };
    match ask(&http.build()?, &base).await {
        Ok((is_ready, report)) => {
            print(&report);
            Ok(if is_ready { 0 } else { exit::FAILED })
        }
        Err(error) => {
            println!("{error:#}");
            Ok(exit::FAILED)
        }
    }
}

/// Whether it is ready, and what it says about that.
async fn ask(http: &reqwest::Client, base: &str) -> anyhow::Result<(bool, Value)> {
    let response = http.get(format!("{base}/readyz")).send().await.context("no answer")?;
    let status = response.status();
    let text = response.text().await.context("no whole answer")?;
    let report = serde_json::from_str(&text);
    Ok((status.is_success(), report.with_context(|| format!("{status} from something that is no Doorward"))?))
}

/// A line for the whole, and one for each part that is not ready.
fn print(report: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    println!("{}", text(&report["status"]));
    for (name, part) in report["parts"].as_object().into_iter().flatten() {
        if part["status"] != "ready" {
            println!("{name}: {}, {}", text(&part["status"]), text(&part["reason"]));
        }
    }
}

/// Where somebody listens who listens everywhere.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves OPS-3
    #[test]
    fn a_wildcard_is_reached_by_the_loopback_of_its_family() {
        for (listens, reached) in
            [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3"), ("fd00::7", "fd00::7")]
        {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), reached);
        }
    }
}
