//! Network policies for outgoing requests: which IP addresses may be contacted.
//!
//! DNS answers and discovery documents may name any address. Neither may direct a request to hosts
//! that only Usher can reach (server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The set of addresses that requests for an issuer may contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkPolicy {
    /// Public addresses.
    Public,
    /// Public addresses and those of private networks.
    Private,
    /// Loopback addresses only.
    Loopback,
}

impl NetworkPolicy {
    /// Returns whether the address may be contacted.
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        match (self, AddressScope::of(address)) {
            (Self::Public | Self::Private, AddressScope::Public)
            | (Self::Private, AddressScope::Private)
            | (Self::Loopback, AddressScope::Loopback) => true,
            (Self::Public, AddressScope::Private)
            | (Self::Public | Self::Private, AddressScope::Loopback)
            | (Self::Loopback, AddressScope::Public | AddressScope::Private)
            | (_, AddressScope::Forbidden) => false,
        }
    }

    /// Returns why an address violates the policy.
    pub(crate) fn violation(self) -> &'static str {
        match self {
            Self::Public => "not in a public network, and private_network is not set",
            Self::Private => "not in a public or private network",
            Self::Loopback => "not a loopback address, although the issuer is local",
        }
    }
}

/// The kind of network that an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressScope {
    Public,
    Private,
    Loopback,
    /// Never contacted: link-local, multicast, reserved and cloud metadata addresses.
    Forbidden,
}

impl AddressScope {
    fn of(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V6(v6) => match embedded_ipv4(v6) {
                // A connection to a mapped address goes to the IPv4 address itself (RFC 4291
                // §2.5.5.2).
                Some(EmbeddedIpv4::Mapped(v4)) => IpAddr::V4(v4),
                // RFC 6052 §3.1: this prefix represents public addresses only.
                Some(EmbeddedIpv4::Translated(v4)) => {
                    return match Self::of(IpAddr::V4(v4)) {
                        Self::Public => Self::Public,
                        Self::Private | Self::Loopback | Self::Forbidden => Self::Forbidden,
                    };
                }
                None => address,
            },
            IpAddr::V4(_) => address,
        };
        let special = SPECIAL_NETWORKS.iter().find(|(network, _)| network.contains(&address));
        match (special, address) {
            (Some((_, scope)), _) => *scope,
            (None, IpAddr::V4(_)) => Self::Public,
            // Space outside global unicast is unallocated.
            (None, IpAddr::V6(_)) if GLOBAL_UNICAST.contains(&address) => Self::Public,
            (None, IpAddr::V6(_)) => Self::Forbidden,
        }
    }
}

/// An IPv4 address embedded in an IPv6 address.
enum EmbeddedIpv4 {
    Mapped(Ipv4Addr),
    Translated(Ipv4Addr),
}

fn embedded_ipv4(address: Ipv6Addr) -> Option<EmbeddedIpv4> {
    if let Some(v4) = address.to_ipv4_mapped() {
        return Some(EmbeddedIpv4::Mapped(v4));
    }
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            let [.., a, b, c, d] = address.octets();
            Some(EmbeddedIpv4::Translated(Ipv4Addr::new(a, b, c, d)))
        }
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

/// Returns an IPv6 network from the first four groups and, for single addresses, the last group.
const fn v6(groups: [u16; 4], last: u16, length: u8) -> IpNet {
    let [a, b, c, d] = groups;
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, last), length))
}

const GLOBAL_UNICAST: IpNet = v6([0x2000, 0, 0, 0], 0, 3);

/// The IANA special-purpose address registries and cloud metadata addresses. The first match
/// applies.
const SPECIAL_NETWORKS: [(IpNet, AddressScope); 31] = [
    // Metadata services outside the link-local range: Azure, Alibaba, AWS, Google.
    (v4(168, 63, 129, 16, 32), AddressScope::Forbidden),
    (v4(100, 100, 100, 200, 32), AddressScope::Forbidden),
    (v6([0xfd00, 0xec2, 0, 0], 0, 32), AddressScope::Forbidden),
    (v6([0xfd20, 0xce, 0, 0], 0, 32), AddressScope::Forbidden),
    // "This network", which many systems route to loopback (RFC 791 §3.2).
    (v4(0, 0, 0, 0, 8), AddressScope::Forbidden),
    (v4(10, 0, 0, 0, 8), AddressScope::Private),
    // Shared address space of carriers and clouds (RFC 6598).
    (v4(100, 64, 0, 0, 10), AddressScope::Private),
    (v4(127, 0, 0, 0, 8), AddressScope::Loopback),
    // Link-local, including the metadata service of most clouds.
    (v4(169, 254, 0, 0, 16), AddressScope::Forbidden),
    (v4(172, 16, 0, 0, 12), AddressScope::Private),
    (v4(192, 0, 0, 0, 24), AddressScope::Forbidden),
    (v4(192, 0, 2, 0, 24), AddressScope::Forbidden),
    (v4(192, 88, 99, 0, 24), AddressScope::Forbidden),
    (v4(192, 168, 0, 0, 16), AddressScope::Private),
    (v4(198, 18, 0, 0, 15), AddressScope::Private),
    (v4(198, 51, 100, 0, 24), AddressScope::Forbidden),
    (v4(203, 0, 113, 0, 24), AddressScope::Forbidden),
    // Multicast, reserved and broadcast.
    (v4(224, 0, 0, 0, 3), AddressScope::Forbidden),
    (v6([0, 0, 0, 0], 1, 128), AddressScope::Loopback),
    // Unspecified and IPv4-compatible (deprecated).
    (v6([0, 0, 0, 0], 0, 96), AddressScope::Forbidden),
    // Local-use IPv4/IPv6 translation (RFC 8215).
    (v6([0x64, 0xff9b, 1, 0], 0, 48), AddressScope::Forbidden),
    (v6([0x100, 0, 0, 0], 0, 64), AddressScope::Forbidden),
    // Teredo and other protocols.
    (v6([0x2001, 0, 0, 0], 0, 23), AddressScope::Forbidden),
    (v6([0x2001, 0xdb8, 0, 0], 0, 32), AddressScope::Forbidden),
    // 6to4, which embeds an IPv4 address.
    (v6([0x2002, 0, 0, 0], 0, 16), AddressScope::Forbidden),
    (v6([0x3fff, 0, 0, 0], 0, 20), AddressScope::Forbidden),
    (v6([0x5f00, 0, 0, 0], 0, 16), AddressScope::Forbidden),
    (v6([0xfc00, 0, 0, 0], 0, 7), AddressScope::Private),
    (v6([0xfe80, 0, 0, 0], 0, 10), AddressScope::Forbidden),
    (v6([0xfec0, 0, 0, 0], 0, 10), AddressScope::Forbidden),
    (v6([0xff00, 0, 0, 0], 0, 8), AddressScope::Forbidden),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether each policy allows an address: public, private, loopback.
    fn allowed(address: &str) -> [bool; 3] {
        let address = address.parse().unwrap();
        [NetworkPolicy::Public, NetworkPolicy::Private, NetworkPolicy::Loopback]
            .map(|policy| policy.allows(address))
    }

    #[track_caller]
    fn assert_all(addresses: &[&str], expected: [bool; 3]) {
        for address in addresses {
            assert_eq!(allowed(address), expected, "{address}");
        }
    }

    #[test]
    fn public_addresses_are_forbidden_only_for_loopback_issuers() {
        let addresses = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2001:200::",
            "2606:4700::1111",
            "2003::1",
            "3ffe:ffff::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ];
        assert_all(&addresses, [true, true, false]);
    }

    #[test]
    fn private_addresses_require_the_private_network_setting() {
        let addresses = [
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "fc00::",
            "fd12:3456::1",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "::ffff:10.0.0.1",
            "::ffff:192.168.1.1",
        ];
        assert_all(&addresses, [false, true, false]);
    }

    #[test]
    fn loopback_addresses_are_allowed_only_for_loopback_issuers() {
        let addresses = ["127.0.0.1", "127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.1"];
        assert_all(&addresses, [false, false, true]);
    }

    #[test]
    fn metadata_and_reserved_addresses_are_always_forbidden() {
        let addresses = [
            // Cloud metadata services.
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            // Link-local.
            "169.254.0.0",
            "169.254.255.255",
            "fe80::1",
            "febf:ffff::1",
            // Unspecified, multicast, broadcast, reserved.
            "0.0.0.0",
            "0.255.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            // Documentation, benchmarks, discards, protocols.
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "100::1",
            "2001:db8::1",
            "2001:2::1",
            "3fff::1",
            "5f00::1",
            // Embedded IPv4 addresses.
            "::10.0.0.1",
            "::8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:808:808::1",
            "2001::1",
            "::ffff:0:10.0.0.1",
            "::ffff:0.0.0.0",
            // Unallocated or deprecated.
            "4000::1",
            "fec0::1",
            "e000::1",
        ];
        assert_all(&addresses, [false, false, false]);
    }
}
