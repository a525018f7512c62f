//! The address that a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::app::App;

/// Where proxies write down whom they have taken a request from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How much of an IPv6 address names its owner: whoever has one has the rest of the network too.
const OWN_NETWORK: u32 = 64;

/// The address of the client. None came with what was sent over a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl ClientAddress {
    /// What limits count by: an IPv4 address, or the /64 that an IPv6 address is in. All without an address count as
    /// one.
    pub(crate) fn throttle_key(self) -> String {
        match self.0 {
            None => "none".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let network = address.to_bits() >> OWN_NETWORK << OWN_NETWORK;
                format!("{}/{OWN_NETWORK}", Ipv6Addr::from_bits(network))
            }
        }
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let trusted = &app.settings.trusted_proxies;
        Ok(Self(peer.map(|ConnectInfo(peer)| behind(peer.ip(), &parts.headers, trusted))))
    }
}

/// Who has sent what `peer` hands over: the peer, unless it is a trusted proxy. Then it is whom the last of the trusted
/// proxies has named: what stands further left may be anybody's invention. An entry that cannot be read ends the search
/// at the proxy which wrote it.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    while trusted.iter().any(|network| network.contains(&client)) {
        let Some(named) = hops.next().and_then(address) else { break };
        client = named;
    }
    client
}

/// `203.0.113.7`, `2001:db8::7` or `[2001:db8::7]`, the latter two with or without a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PROXIES: [&str; 2] = ["10.0.0.0/8", "fd00::/8"];

    fn found(peer: &str, lines: &[&[u8]]) -> String {
        let trusted = PROXIES.map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    // proves AUT-7: ASVS 15.3.4, 4.1.3
    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(found("203.0.113.7", &[b"198.51.100.1"]), "203.0.113.7");
        assert_eq!(found("2001:db8::7", &[b"198.51.100.1"]), "2001:db8::7");
        assert_eq!(found("10.0.0.1", &[b"198.51.100.1"]), "198.51.100.1");
        assert_eq!(found("fd00::1", &[b"2001:db8::7"]), "2001:db8::7");
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(behind([10, 0, 0, 1].into(), &HeaderMap::new(), &[]).to_string(), "10.0.0.1");
    }

    // proves AUT-7: ASVS 15.3.4
    #[test]
    fn the_client_is_the_right_most_that_is_no_trusted_proxy() {
        let cases: [(&[&[u8]], &str); 5] = [
            (&[b"192.0.2.66, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            (&[b"192.0.2.66", b"198.51.100.1", b"10.0.0.2,10.0.0.3"], "198.51.100.1"),
            (&[b"198.51.100.1", b"10.0.0.2, fd00::3"], "198.51.100.1"),
            (&[b"10.0.0.66", b"192.0.2.66"], "192.0.2.66"),
            (&[b"10.0.0.9,10.0.0.2"], "10.0.0.9"), // who asks is inside too
        ];
        for (lines, expected) in cases {
            assert_eq!(found("10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    // proves AUT-7: ASVS 15.3.4
    #[test]
    fn an_entry_may_have_brackets_and_a_port() {
        let cases: [(&[u8], &str); 8] = [
            (b"198.51.100.1:4711", "198.51.100.1"),
            (b"\t198.51.100.1 ", "198.51.100.1"),
            (b"2001:db8::7", "2001:db8::7"),
            (b"[2001:db8::7]", "2001:db8::7"),
            (b"[2001:db8::7]:443", "2001:db8::7"),
            (b"::ffff:198.51.100.1", "198.51.100.1"),
            (b"[::ffff:198.51.100.1]:443", "198.51.100.1"),
            (b"192.0.2.66, ::ffff:10.0.0.2", "192.0.2.66"),
        ];
        for (line, expected) in cases {
            assert_eq!(found("10.0.0.1", &[line]), expected, "{}", String::from_utf8_lossy(line));
        }
        assert_eq!(found("::ffff:10.0.0.1", &[b"198.51.100.1"]), "198.51.100.1");
        assert_eq!(found("::ffff:203.0.113.7", &[]), "203.0.113.7");
    }

    // proves AUT-7: ASVS 15.3.4
    #[test]
    fn what_cannot_be_read_ends_the_search_and_hides_nothing_to_its_right() {
        for garbage in ["", "unknown", "_hidden", "198.51.100", "198.51.100.1:port", "[::1", "1.2.3.4;"] {
            let lines = [b"192.0.2.66".as_slice(), garbage.as_bytes(), b"10.0.0.2"];
            assert_eq!(found("10.0.0.1", &lines), "10.0.0.2", "{garbage:?}");
            assert_eq!(found("10.0.0.1", &lines[..2]), "10.0.0.1", "{garbage:?}");
        }
        // Not even bytes that are no text hide what the proxy has written behind them.
        assert_eq!(found("10.0.0.1", &[b"\xff\xfe, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(found("10.0.0.1", &[b"198.51.100.1, \xff"]), "10.0.0.1");
    }

    // proves AUT-7
    #[test]
    fn an_ipv6_network_counts_as_one() {
        let key = |text: &str| ClientAddress(Some(text.parse().unwrap())).throttle_key();
        assert_eq!(key("198.51.100.1"), "198.51.100.1");
        assert_ne!(key("198.51.100.1"), key("198.51.100.2"));
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:1:2::"), key("2001:db8:1:3::"));
        assert_eq!(ClientAddress(None).throttle_key(), "none");
    }
}
