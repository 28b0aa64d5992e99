//! Converts `[http]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::bounds::{at_most, at_most_an_hour, in_range, nonzero, positive};
use super::error::{Errors, InvalidSettings, SettingsResult};
use super::model::HttpSettings;
use super::raw;
use crate::request::trusted_proxies::TrustedProxies;
use crate::server::cors::AllowedOrigins;

/// Stands for an invalid address.
const PLACEHOLDER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Converts the section. If there are errors, placeholders stand for the invalid values.
pub(super) fn http(mut raw: raw::Http, errors: &mut Errors) -> HttpSettings {
    // An empty variable means an empty list.
    raw.cors_origins.retain(|origin| !origin.is_empty());
    raw.trusted_proxies.retain(|network| !network.is_empty());
    for (index, origin) in raw.cors_origins.iter().enumerate() {
        if !is_exact_origin(origin) {
            let reason = "must be an exact origin such as https://admin.example.com";
            errors.add(InvalidSettings::value(format!("http.cors_origins[{index}]"), reason));
        }
    }
    let trusted_proxies = trusted_proxies(&raw.trusted_proxies, errors);
    let admin_listen = raw.admin_listen.map(|text| address("http.admin_listen", &text));
    let public_url = raw
        .public_url
        .map(|url| url.parse().map_err(|error| InvalidSettings::value("http.public_url", error)));
    let mut size = |key, size, max| errors.check_or_default(in_range(key, size, max));
    let max_connections = size("http.max_connections", raw.max_connections, 1_000_000);
    // The limits of the framework.
    let max_uri_bytes = size("http.max_uri_bytes", raw.max_uri_bytes, 65_534);
    let max_header_bytes = size("http.max_header_bytes", raw.max_header_bytes, 131_072);
    let mut short = |key, millis| errors.check_or_default(at_most_an_hour(key, millis));
    HttpSettings {
        header_timeout: short("http.header_timeout_ms", raw.header_timeout_ms),
        idle_timeout: short("http.idle_timeout_ms", raw.idle_timeout_ms),
        shutdown_timeout: short("http.shutdown_timeout_ms", raw.shutdown_timeout_ms),
        shutdown_delay: errors
            .millis_at_most_an_hour("http.shutdown_delay_ms", raw.shutdown_delay_ms),
        request_timeout: errors
            .check_or_default(positive("http.request_timeout_ms", raw.request_timeout_ms)),
        listen: errors.check(address("http.listen", &raw.listen)).unwrap_or(PLACEHOLDER),
        admin_listen: admin_listen.and_then(|address| errors.check(address)),
        public_url: public_url.and_then(|url| errors.check(url)),
        workers: errors.check_or_default(at_most("http.workers", raw.workers, 1024)),
        max_connections,
        max_uri_bytes,
        max_header_bytes,
        max_body_bytes: errors.check_or_default(nonzero("http.max_body_bytes", raw.max_body_bytes)),
        trusted_proxies,
        docs: raw.docs,
        cors_origins: AllowedOrigins { exact: raw.cors_origins, loopback: false },
    }
}

fn is_exact_origin(origin: &str) -> bool {
    url::Url::parse(origin).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == *origin
    })
}

fn address(key: &str, text: &str) -> SettingsResult<SocketAddr> {
    let reason = "must be an address and a port, such as 127.0.0.1:8080";
    text.parse().map_err(|_| InvalidSettings::value(key, reason))
}

/// Parses networks; an address without a prefix length is a network of one address.
fn trusted_proxies(raw: &[String], errors: &mut Errors) -> TrustedProxies {
    let networks = raw.iter().enumerate().filter_map(|(index, text)| {
        let single_address = || text.parse::<IpAddr>().map(IpNet::from);
        errors.check(text.parse::<IpNet>().or_else(|_| single_address()).map_err(|_| {
            let reason = "must be an IP address or a network such as 10.0.0.0/8";
            InvalidSettings::value(format!("http.trusted_proxies[{index}]"), reason)
        }))
    });
    TrustedProxies::new(networks.collect())
}
