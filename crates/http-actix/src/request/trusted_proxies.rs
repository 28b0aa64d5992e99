//! The client address behind proxies, from `X-Forwarded-For` and `Forwarded` (RFC 7239).

use std::borrow::Cow;
use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

/// The header to which each proxy appends the address of its peer.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks of proxies whose `X-Forwarded-For` and `Forwarded` are trusted.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts proxies in these networks.
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns the client's address: the peer's, or, if the peer is a trusted proxy, the last
    /// address in its headers that is not a trusted proxy.
    ///
    /// If both headers lead to a client, it must be the same one; otherwise the peer counts as the
    /// client. Proxies write only one of the headers, and the other may come from the client.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if self.0.is_empty() {
            return peer;
        }
        let x_forwarded_for = self.last_untrusted(peer, headers, &X_FORWARDED_FOR, hop_address);
        let forwarded = self.last_untrusted(peer, headers, &header::FORWARDED, forwarded_address);
        match (x_forwarded_for, forwarded) {
            (Some(client), Some(other)) if client != other => peer,
            (Some(client), _) | (None, Some(client)) => client,
            (None, None) => peer,
        }
    }

    /// Returns the last address in the header that is not a trusted proxy, or `None` if the header
    /// has no elements.
    ///
    /// The header is read from its end, because only elements appended by trusted proxies are
    /// reliable. An element without a readable address ends the search at the proxy that appended
    /// it.
    fn last_untrusted(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        name: &HeaderName,
        address_of: impl Fn(&[u8]) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let mut hops = elements_from_end(headers, name).peekable();
        hops.peek()?;
        let mut client = peer;
        for hop in hops {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = address_of(hop) else { break };
            client = address.to_canonical();
        }
        Some(client)
    }
}

/// Returns the elements of a header with a list, from the last to the first. Empty elements do not
/// count (RFC 9110 §5.6.1.2).
fn elements_from_end<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).rev().flat_map(|value| split_from_end(value.as_bytes(), b','))
}

/// Returns the parts of a text between separators outside quotation marks, from the last to the
/// first, without blanks around them and without empty ones.
///
/// Quotation marks are paired from the end, because a client may have left one open before what a
/// proxy appends.
fn split_from_end(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    let parts = iter::from_fn(move || {
        let text = rest?;
        let (before, part) = match last_unquoted(text, separator) {
            Some(at) => (text.get(..at), text.get(at + 1..).unwrap_or_default()),
            None => (None, text),
        };
        rest = before;
        Some(part.trim_ascii())
    });
    parts.filter(|part| !part.is_empty())
}

/// Returns the position of the last separator outside quotation marks.
fn last_unquoted(text: &[u8], separator: u8) -> Option<usize> {
    let mut is_quoted = false;
    for (at, byte) in text.iter().enumerate().rev() {
        if *byte == b'"' {
            let before = text.iter().take(at).rev();
            let is_escaped = before.take_while(|byte| **byte == b'\\').count() % 2 == 1;
            is_quoted ^= !is_escaped;
        } else if *byte == separator && !is_quoted {
            return Some(at);
        }
    }
    None
}

/// Returns the address in an element of `Forwarded` (RFC 7239 §4): that of its only parameter `for`.
fn forwarded_address(element: &[u8]) -> Option<IpAddr> {
    let mut node = None;
    for pair in split_from_end(element, b';') {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (parts.next()?.trim_ascii(), parts.next()?.trim_ascii());
        if name.eq_ignore_ascii_case(b"for") && node.replace(value).is_some() {
            return None;
        }
    }
    hop_address(node?)
}

/// Returns the address in a node (RFC 7239 §6), with or without quotation marks, brackets and port.
fn hop_address(node: &[u8]) -> Option<IpAddr> {
    let node = unquote(node)?;
    let node = std::str::from_utf8(&node).ok()?;
    if let Ok(address) = node.parse() {
        return Some(address);
    }
    let (address, port) = if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address = IpAddr::V6(address.parse::<Ipv6Addr>().ok()?);
        if port.is_empty() {
            return Some(address);
        }
        (address, port.strip_prefix(':')?)
    } else {
        let (address, port) = node.split_once(':')?;
        (IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), port)
    };
    is_port(port).then_some(address)
}

/// RFC 7239 §6: `node-port`, a number or an obfuscated identifier.
fn is_port(text: &str) -> bool {
    let is_identifier = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    match text.strip_prefix('_') {
        Some(identifier) => is_identifier(identifier),
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

/// Returns the content of a quoted string (RFC 9110 §5.6.4), or a text that is not one as it is.
fn unquote(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(rest) = text.strip_prefix(b"\"") else { return Some(text.into()) };
    let mut content = Vec::with_capacity(rest.len());
    let mut bytes = rest.iter();
    loop {
        match bytes.next()? {
            b'"' => return bytes.as_slice().is_empty().then(|| content.into()),
            b'\\' => content.push(*bytes.next()?),
            byte => content.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests;
