//! How far asking for keys may lead: on the internet, in private networks, or on this machine.
//!
//! A name server may answer with whatever address it likes, and an issuer's discovery document may
//! name whatever host it likes. Neither must make Usher knock at doors that only it can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// How far asking may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To addresses of the internet.
    Public,
    /// To these, and to those of private networks.
    Private,
    /// To this very machine, and no further.
    Loopback,
}

impl Reach {
    /// Whether such an address may be asked.
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        match (self, Place::of(address)) {
            (Self::Public | Self::Private, Place::Internet)
            | (Self::Private, Place::PrivateNetwork)
            | (Self::Loopback, Place::ThisMachine) => true,
            (Self::Public, Place::PrivateNetwork)
            | (Self::Public | Self::Private, Place::ThisMachine)
            | (Self::Loopback, Place::Internet | Place::PrivateNetwork)
            | (_, Place::Nowhere) => false,
        }
    }

    /// What to say of an address that may not be asked.
    pub(crate) fn objection(self) -> &'static str {
        match self {
            Self::Public => "it is in no public network, and private_network is not set",
            Self::Private => "it is in no public or private network",
            Self::Loopback => "it is not on this machine, but the issuer is",
        }
    }
}

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Internet,
    PrivateNetwork,
    ThisMachine,
    /// Where no issuer is: link-local, multicast, reserved, or a cloud's own.
    Nowhere,
}

impl Place {
    fn of(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V6(v6) => match embedded(v6) {
                // A connection to a mapped address goes to the IPv4 address itself (RFC 4291
                // §2.5.5.2).
                Some(Embedded::Mapped(v4)) => IpAddr::V4(v4),
                // RFC 6052 §3.1: only addresses of the internet may stand in this prefix.
                Some(Embedded::Translated(v4)) => {
                    return match Self::of(IpAddr::V4(v4)) {
                        Self::Internet => Self::Internet,
                        Self::PrivateNetwork | Self::ThisMachine | Self::Nowhere => Self::Nowhere,
                    };
                }
                None => address,
            },
            IpAddr::V4(_) => address,
        };
        let special = SPECIAL.iter().find(|(network, _)| network.contains(&address));
        match (special, address) {
            (Some((_, place)), _) => *place,
            (None, IpAddr::V4(_)) => Self::Internet,
            // What is not handed out yet is not the internet.
            (None, IpAddr::V6(_)) if GLOBAL_UNICAST.contains(&address) => Self::Internet,
            (None, IpAddr::V6(_)) => Self::Nowhere,
        }
    }
}

/// An IPv4 address within an IPv6 one.
enum Embedded {
    Mapped(Ipv4Addr),
    Translated(Ipv4Addr),
}

fn embedded(address: Ipv6Addr) -> Option<Embedded> {
    if let Some(v4) = address.to_ipv4_mapped() {
        return Some(Embedded::Mapped(v4));
    }
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            let [.., a, b, c, d] = address.octets();
            Some(Embedded::Translated(Ipv4Addr::new(a, b, c, d)))
        }
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

/// By the first four of eight groups, which is as long as any of these prefixes is; but for single
/// addresses, whose last group follows.
const fn v6(groups: [u16; 4], last: u16, length: u8) -> IpNet {
    let [a, b, c, d] = groups;
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, last), length))
}

const GLOBAL_UNICAST: IpNet = v6([0x2000, 0, 0, 0], 0, 3);

/// The IANA's registries of special-purpose addresses, and what clouds have for themselves; the
/// first that matches counts.
const SPECIAL: [(IpNet, Place); 31] = [
    // What clouds tell their machines, secrets too, where it is not link-local anyway: Azure,
    // Alibaba, AWS and Google.
    (v4(168, 63, 129, 16, 32), Place::Nowhere),
    (v4(100, 100, 100, 200, 32), Place::Nowhere),
    (v6([0xfd00, 0xec2, 0, 0], 0, 32), Place::Nowhere),
    (v6([0xfd20, 0xce, 0, 0], 0, 32), Place::Nowhere),
    // "This network", which reaches this machine on many systems (RFC 791 §3.2).
    (v4(0, 0, 0, 0, 8), Place::Nowhere),
    (v4(10, 0, 0, 0, 8), Place::PrivateNetwork),
    // Shared by carriers, and by clouds within themselves (RFC 6598).
    (v4(100, 64, 0, 0, 10), Place::PrivateNetwork),
    (v4(127, 0, 0, 0, 8), Place::ThisMachine),
    // Link-local: the metadata of most clouds.
    (v4(169, 254, 0, 0, 16), Place::Nowhere),
    (v4(172, 16, 0, 0, 12), Place::PrivateNetwork),
    (v4(192, 0, 0, 0, 24), Place::Nowhere),
    (v4(192, 0, 2, 0, 24), Place::Nowhere),
    (v4(192, 88, 99, 0, 24), Place::Nowhere),
    (v4(192, 168, 0, 0, 16), Place::PrivateNetwork),
    (v4(198, 18, 0, 0, 15), Place::PrivateNetwork),
    (v4(198, 51, 100, 0, 24), Place::Nowhere),
    (v4(203, 0, 113, 0, 24), Place::Nowhere),
    // Multicast, reserved and broadcast.
    (v4(224, 0, 0, 0, 3), Place::Nowhere),
    (v6([0, 0, 0, 0], 1, 128), Place::ThisMachine),
    // Unspecified, and IPv4-compatible addresses, which nobody uses any more.
    (v6([0, 0, 0, 0], 0, 96), Place::Nowhere),
    // Translation within one network (RFC 8215).
    (v6([0x64, 0xff9b, 1, 0], 0, 48), Place::Nowhere),
    (v6([0x100, 0, 0, 0], 0, 64), Place::Nowhere),
    // Teredo and other protocols.
    (v6([0x2001, 0, 0, 0], 0, 23), Place::Nowhere),
    (v6([0x2001, 0xdb8, 0, 0], 0, 32), Place::Nowhere),
    // 6to4, which hides an IPv4 address.
    (v6([0x2002, 0, 0, 0], 0, 16), Place::Nowhere),
    (v6([0x3fff, 0, 0, 0], 0, 20), Place::Nowhere),
    (v6([0x5f00, 0, 0, 0], 0, 16), Place::Nowhere),
    (v6([0xfc00, 0, 0, 0], 0, 7), Place::PrivateNetwork),
    (v6([0xfe80, 0, 0, 0], 0, 10), Place::Nowhere),
    (v6([0xfec0, 0, 0, 0], 0, 10), Place::Nowhere),
    (v6([0xff00, 0, 0, 0], 0, 8), Place::Nowhere),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the three reaches allow an address.
    fn allowed(address: &str) -> [bool; 3] {
        let address = address.parse().unwrap();
        [Reach::Public, Reach::Private, Reach::Loopback].map(|reach| reach.allows(address))
    }

    #[track_caller]
    fn assert_all(addresses: &[&str], expected: [bool; 3]) {
        for address in addresses {
            assert_eq!(allowed(address), expected, "{address}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_asked_unless_the_issuer_is_on_this_machine() {
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
    fn addresses_of_private_networks_are_asked_where_that_is_set() {
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
    fn this_machine_is_asked_for_its_own_issuers_alone() {
        let addresses = ["127.0.0.1", "127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.1"];
        assert_all(&addresses, [false, false, true]);
    }

    #[test]
    fn where_no_issuer_is_nobody_is_asked() {
        let addresses = [
            // Metadata of clouds.
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
            // IPv4 addresses in disguise.
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
            // Not handed out, or no longer.
            "4000::1",
            "fec0::1",
            "e000::1",
        ];
        assert_all(&addresses, [false, false, false]);
    }
}
