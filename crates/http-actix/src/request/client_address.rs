//! The client address of a request, also behind proxies.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::request::trusted_proxies::TrustedProxies;

/// Returns the client address of a request.
pub(crate) fn client_address(request: &HttpRequest, proxies: &TrustedProxies) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    Some(proxies.client(peer, request.headers()))
}
