//! The client address of a request, also behind proxies.

use std::net::IpAddr;

use actix_web::{HttpRequest, web};

use crate::server::state::AppState;

/// Returns the client address of a request.
pub(crate) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let state = request.app_data::<web::Data<AppState>>()?;
    Some(state.trusted_proxies.client(peer, request.headers()))
}
