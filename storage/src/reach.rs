//! Which addresses connections may go to.

mod address;
mod resolver;

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::{Host, Url};

pub(crate) use resolver::{Forbidden, Resolver};

use crate::{Client, Error};

/// Which addresses connections may go to. An operator's own settings may name any; those of users only public ones, or
/// they could ask us for what only we can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To all.
    Anywhere,
    /// To those of the public internet, and to these networks.
    Public {
        /// Networks that are allowed too, such as that of a storage in the same house.
        except: Vec<IpNet>,
    },
}

impl Reach {
    /// A client that connects to nothing else. It follows no redirects and knows no proxies.
    ///
    /// # Errors
    /// If the system's TLS cannot be used.
    pub fn client(&self) -> Result<Client, Error> {
        Client::new(Arc::new(self.clone()))
    }

    /// Refuses early what could never be connected to: another scheme than http and https, a user or password in the
    /// address, an address in numbers that is out of reach. Names are resolved when a connection is made.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub fn check(&self, url: &Url) -> Result<(), Error> {
        let unreachable = |what: &str| Err(Error::Unreachable(what.to_owned()));
        if !matches!(url.scheme(), "http" | "https") {
            return unreachable("only http and https are");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return unreachable("it has a user or a password");
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(_)) => return Ok(()),
            None => return unreachable("it has no host"),
        };
        if self.allows(ip) { Ok(()) } else { unreachable("the address is not public") }
    }

    /// Whether a connection may go to this address.
    #[must_use]
    pub fn allows(&self, ip: IpAddr) -> bool {
        let except: &[IpNet] = match self {
            Self::Anywhere => return true,
            Self::Public { except } => except,
        };
        // An IPv4 address is the same in its IPv6 form, for those who allow as for those who refuse.
        let plain = ip.to_canonical();
        address::is_public(ip) || except.iter().any(|net| net.contains(&ip) || net.contains(&plain))
    }
}
