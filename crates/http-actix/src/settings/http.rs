//! Converts `[http]`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use super::bounds::{at_most, at_most_an_hour, nonzero, positive};
use super::error::{InvalidSettings, SettingsResult};
use super::model::HttpSettings;
use super::raw;
use crate::request::trusted_proxies::TrustedProxies;
use crate::server::cors::AllowedOrigins;

pub(super) fn http(mut raw: raw::Http) -> SettingsResult<HttpSettings> {
    // An empty variable means an empty list.
    raw.cors_origins.retain(|origin| !origin.is_empty());
    raw.trusted_proxies.retain(|network| !network.is_empty());
    for (index, origin) in raw.cors_origins.iter().enumerate() {
        let is_exact = url::Url::parse(origin).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.origin().ascii_serialization() == *origin
        });
        if !is_exact {
            let reason = "must be an exact origin such as https://admin.example.com";
            return Err(InvalidSettings::value(format!("http.cors_origins[{index}]"), reason));
        }
    }
    Ok(HttpSettings {
        listen: address("http.listen", &raw.listen)?,
        admin_listen: raw
            .admin_listen
            .map(|text| address("http.admin_listen", &text))
            .transpose()?,
        public_url: raw
            .public_url
            .map(|url| {
                url.parse().map_err(|error| InvalidSettings::value("http.public_url", error))
            })
            .transpose()?,
        workers: at_most("http.workers", raw.workers, 1024)?,
        max_connections: at_most(
            "http.max_connections",
            nonzero("http.max_connections", raw.max_connections)?,
            1_000_000,
        )?,
        // The limits of the framework.
        max_uri_bytes: at_most(
            "http.max_uri_bytes",
            nonzero("http.max_uri_bytes", raw.max_uri_bytes)?,
            65_534,
        )?,
        max_header_bytes: at_most(
            "http.max_header_bytes",
            nonzero("http.max_header_bytes", raw.max_header_bytes)?,
            131_072,
        )?,
        header_timeout: at_most_an_hour("http.header_timeout_ms", raw.header_timeout_ms)?,
        idle_timeout: at_most_an_hour("http.idle_timeout_ms", raw.idle_timeout_ms)?,
        max_body_bytes: nonzero("http.max_body_bytes", raw.max_body_bytes)?,
        request_timeout: positive("http.request_timeout_ms", raw.request_timeout_ms)?,
        shutdown_delay: Duration::from_millis(at_most(
            "http.shutdown_delay_ms",
            raw.shutdown_delay_ms,
            3_600_000,
        )?),
        shutdown_timeout: at_most_an_hour("http.shutdown_timeout_ms", raw.shutdown_timeout_ms)?,
        trusted_proxies: trusted_proxies(&raw.trusted_proxies)?,
        docs: raw.docs,
        cors_origins: AllowedOrigins { exact: raw.cors_origins, loopback: false },
    })
}

fn address(key: &str, text: &str) -> SettingsResult<SocketAddr> {
    let reason = "must be an address and a port, such as 127.0.0.1:8080";
    text.parse().map_err(|_| InvalidSettings::value(key, reason))
}

/// Parses networks; an address without a prefix length is a network of one address.
fn trusted_proxies(raw: &[String]) -> SettingsResult<TrustedProxies> {
    let networks = raw.iter().enumerate().map(|(index, text)| {
        let single_address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| single_address()).map_err(|_| {
            let reason = "must be an IP address or a network such as 10.0.0.0/8";
            InvalidSettings::value(format!("http.trusted_proxies[{index}]"), reason)
        })
    });
    Ok(TrustedProxies::new(networks.collect::<SettingsResult<_>>()?))
}
