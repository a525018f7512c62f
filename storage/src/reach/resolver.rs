//! Names become addresses at the moment of connecting, and only those within reach.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;

/// Asks the system, and gives only addresses within reach. A connection takes one of these, so that a name that points
/// elsewhere a moment later changes nothing.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(pub(crate) Arc<Reach>);

/// A name none of whose addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name has no address that may be connected to")]
pub(crate) struct Forbidden;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found = lookup(name.as_str()).await?;
            let allowed: Vec<SocketAddr> = found.into_iter().filter(|at| reach.allows(at.ip())).collect();
            if allowed.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

async fn lookup(name: &str) -> io::Result<Vec<SocketAddr>> {
    // These names are this machine whatever a server of names says (RFC 6761), and not all systems know that.
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    }
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}
