//! The hosts that are this machine: the one rule that decides where plain HTTP is safe.

use std::net::IpAddr;

/// Returns whether a name always resolves to loopback (RFC 6761 §6.3).
pub fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Returns whether the host of a URL is a loopback address or a name for one.
///
/// The host is in the normal form of the WHATWG URL standard: a name in lower case, or an address,
/// an IPv6 address in brackets.
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().map_or_else(|_| is_localhost(host), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_and_localhost_names_are_loopback() {
        for host in ["localhost", "acme.localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "localhost.example.com",
            "notlocalhost",
            "10.0.0.1",
            "128.0.0.1",
            "[::2]",
            "0.0.0.0",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
