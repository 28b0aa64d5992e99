use actix_web::http::header::HeaderValue;

use super::*;

const FORWARDED: &str = "forwarded";
const X_FORWARDED: &str = "x-forwarded-for";

/// The proxies in `10.0.0.0/8` and `fd00::/8` are trusted.
fn client(peer: &str, headers: &[(&'static str, &[u8])]) -> String {
    let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    }
    TrustedProxies::new(networks.to_vec()).client(peer.parse().unwrap(), &map).to_string()
}

/// Returns the client according to `X-Forwarded-For` from a trusted proxy.
fn x_client(values: &[&str]) -> String {
    let headers: Vec<_> = values.iter().map(|value| (X_FORWARDED, value.as_bytes())).collect();
    client("10.0.0.1", &headers)
}

/// Returns the client according to `Forwarded` from a trusted proxy.
fn forwarded_client(values: &[&str]) -> String {
    let headers: Vec<_> = values.iter().map(|value| (FORWARDED, value.as_bytes())).collect();
    client("10.0.0.1", &headers)
}

const CLIENT: &str = "198.51.100.1";
const PROXY: &str = "10.0.0.1";

#[test]
fn headers_of_untrusted_peer_are_ignored() {
    for name in [FORWARDED, X_FORWARDED] {
        for value in ["198.51.100.1", "for=198.51.100.1"] {
            assert_eq!(client("203.0.113.9", &[(name, value.as_bytes())]), "203.0.113.9");
        }
    }
    assert_eq!(
        TrustedProxies::default().client([10, 0, 0, 1].into(), &HeaderMap::new()).to_string(),
        PROXY
    );
}

#[test]
fn last_untrusted_hop_is_the_client() {
    for values in [
        &["198.51.100.1"][..],
        &["6.6.6.6, 198.51.100.1, 10.0.0.2"],
        &["6.6.6.6,198.51.100.1,10.0.0.2,10.9.9.9"],
        &["6.6.6.6", "198.51.100.1"],
        &["6.6.6.6", "198.51.100.1", "10.0.0.2"],
        &["who knows, 198.51.100.1"],
        &["\"6.6.6.6, 198.51.100.1"],
    ] {
        assert_eq!(x_client(values), CLIENT, "{values:?}");
    }
    assert_eq!(client("::ffff:10.0.0.1", &[(X_FORWARDED, b"2001:db8::1")]), "2001:db8::1");
    assert_eq!(client("fd00::1", &[(X_FORWARDED, b"::ffff:198.51.100.1")]), CLIENT);
    assert_eq!(x_client(&["10.0.0.7, 10.0.0.8"]), "10.0.0.7", "all are trusted");
}

#[test]
fn hop_can_have_port_brackets_and_quotes() {
    for value in [
        "198.51.100.1:4711",
        "198.51.100.1:0",
        "\"198.51.100.1\"",
        "\"198.51.100.1:4711\"",
        " \t198.51.100.1\t ",
        "198.51.100.1:4711, 10.0.0.2:80",
        "[::ffff:198.51.100.1]:4711",
        "198.51.100.1, [fd00::2]:443, \"[fd00::3]\"",
    ] {
        assert_eq!(x_client(&[value]), CLIENT, "{value}");
    }
    for value in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711", "\"[2001:db8::1]:4711\""] {
        assert_eq!(x_client(&[value]), "2001:db8::1", "{value}");
        let element = format!("for={value}");
        assert_eq!(forwarded_client(&[&element]), "2001:db8::1", "{value}");
    }
}

#[test]
fn empty_hops_are_skipped() {
    for values in [
        &["198.51.100.1,"][..],
        &["198.51.100.1, , ,10.0.0.2,"],
        &[",198.51.100.1"],
        &["198.51.100.1", "", " "],
        &["198.51.100.1", ","],
    ] {
        assert_eq!(x_client(values), CLIENT, "{values:?}");
        let elements: Vec<_> = values
            .iter()
            .map(|value| value.replace("198", "for=198").replace("10.0", "for=10.0"))
            .collect();
        let elements: Vec<_> = elements.iter().map(String::as_str).collect();
        assert_eq!(forwarded_client(&elements), CLIENT, "{elements:?}");
    }
    for values in [&[""][..], &[" , ,"], &[]] {
        assert_eq!(x_client(values), PROXY, "{values:?}");
        assert_eq!(forwarded_client(values), PROXY, "{values:?}");
    }
}

#[test]
fn malformed_hop_ends_the_search_at_the_last_proxy() {
    for hop in [
        "who knows",
        "unknown",
        "_hidden",
        "198.51.100",
        "198.51.100.1.2",
        "198.51.100.256",
        "0198.51.100.1",
        "198.51.100.1:",
        "198.51.100.1:65536",
        "198.51.100.1:4x",
        "198.51.100.1 4711",
        "[198.51.100.1]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]4711",
        "[2001:db8::1]:",
        "[]",
        "::ffff:198.51.100.1%eth0",
        "fe80::1%25eth0",
        "\"\"",
        "\"198.51.100.1",
        "198.51.100.1\"",
        "'198.51.100.1'",
        "\u{661}\u{669}\u{668}.51.100.1",
    ] {
        assert_eq!(x_client(&[&format!("6.6.6.6, {hop}")]), PROXY, "{hop}");
        assert_eq!(x_client(&[&format!("6.6.6.6, {hop}, 10.0.0.2")]), "10.0.0.2", "{hop}");
        assert_eq!(x_client(&["6.6.6.6", hop]), PROXY, "{hop}");
        assert_eq!(forwarded_client(&["for=6.6.6.6", &format!("for={hop}")]), PROXY, "{hop}");
    }
}

#[test]
fn other_bytes_are_a_malformed_hop() {
    for value in [&b"6.6.6.6, \xff"[..], b"6.6.6.6, \xc3\x28", b"6.6.6.6, 198.51.100.1\xff"] {
        assert_eq!(client(PROXY, &[(X_FORWARDED, value)]), PROXY, "{value:?}");
    }
    // They are not the reason to forget what a proxy has appended.
    assert_eq!(client(PROXY, &[(X_FORWARDED, b"\xff, 198.51.100.1")]), CLIENT);
    assert_eq!(client(PROXY, &[(FORWARDED, b"for=\xff, for=198.51.100.1")]), CLIENT);
    let headers: [(_, &[u8]); 2] = [(X_FORWARDED, b"198.51.100.1"), (X_FORWARDED, b"\xff")];
    assert_eq!(client(PROXY, &headers), PROXY);
}

#[test]
fn forwarded_elements_are_read_from_the_end() {
    for values in [
        &["for=198.51.100.1"][..],
        &["For=198.51.100.1"],
        &["FOR=\"198.51.100.1\""],
        &["for=\"198.51.100.1:4711\";proto=https;by=10.0.0.1"],
        &["proto=https;by=\"[fd00::1]:80\";for=198.51.100.1;host=\"a,b;c\""],
        &["proto = https ; for = 198.51.100.1 ;"],
        &["for=\"198.51.100.1:_port\""],
        &["for=\"198\\.51.100.1\""],
        &["for=6.6.6.6, for=198.51.100.1, for=10.0.0.2"],
        &["for=6.6.6.6", "for=198.51.100.1, for=\"10.0.0.2:80\""],
        &["for=unknown, for=198.51.100.1"],
        &["garbage, for=198.51.100.1;by=_mine"],
        // A quotation mark of the client does not swallow what a proxy appends.
        &["for=6.6.6.6;x=\", for=198.51.100.1"],
        &["for=6.6.6.6;x=\", for=\"198.51.100.1:80\""],
        &["for=6.6.6.6;x=\"\\, for=\"198.51.100.1:80\";host=\"a\\\"b,\""],
    ] {
        assert_eq!(forwarded_client(values), CLIENT, "{values:?}");
    }
}

#[test]
fn forwarded_element_without_an_address_ends_the_search() {
    for element in [
        "for=unknown",
        "for=Unknown",
        "for=_hidden",
        "for=\"_hidden:_port\"",
        "for=",
        "for",
        "=198.51.100.1",
        "198.51.100.1",
        "proto=https;by=198.51.100.1",
        "for=198.51.100.1;for=198.51.100.1",
        "for=6.6.6.6;For=198.51.100.1",
        "for=\"198.51.100.1\"x",
        "for=\"198.51.100.1\\\"",
    ] {
        let value = format!("for=6.6.6.6, {element}");
        assert_eq!(forwarded_client(&[&value]), PROXY, "{element}");
        let value = format!("for=6.6.6.6, {element}, for=10.0.0.2");
        assert_eq!(forwarded_client(&[&value]), "10.0.0.2", "{element}");
    }
}

#[test]
fn two_headers_must_name_the_same_client() {
    let both = |x_forwarded_for: &str, forwarded: &str| {
        let headers =
            [(X_FORWARDED, x_forwarded_for.as_bytes()), (FORWARDED, forwarded.as_bytes())];
        client(PROXY, &headers)
    };
    assert_eq!(both("198.51.100.1", "for=\"198.51.100.1:80\";proto=https"), CLIENT);
    assert_eq!(both("198.51.100.1, 10.0.0.2", "for=198.51.100.1"), CLIENT);
    // A proxy writes one of them, and the client may have written the other.
    assert_eq!(both("198.51.100.1", "for=6.6.6.6"), PROXY);
    assert_eq!(both("6.6.6.6", "for=198.51.100.1"), PROXY);
    assert_eq!(both("198.51.100.1", "for=unknown"), PROXY);
    // An empty header is none.
    assert_eq!(both("", "for=198.51.100.1"), CLIENT);
    assert_eq!(both("198.51.100.1", ","), CLIENT);
}
