//! Resolves names and removes addresses that violate the network policy.
//!
//! The client connects only to the addresses returned here, so that DNS cannot give one answer to
//! the check and another to the connection (DNS rebinding).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use dns_lookup::LookupErrorKind;
use ports::is_localhost;
use reqwest::dns::{Name, Resolve, Resolving};
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::network_policy::NetworkPolicy;

/// A pending name lookup.
type LookupFuture = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// A function that looks up names.
pub(crate) type NameLookup = Arc<dyn Fn(String) -> LookupFuture + Send + Sync>;

/// Returns the lookup of the operating system. Its error for a name that does not exist is
/// [`io::ErrorKind::NotFound`].
pub(crate) fn system_lookup() -> NameLookup {
    let lookup = |name: String| {
        // The client sets the port.
        dns_lookup::lookup_host(&name)
            .map(|addresses| addresses.map(|address| SocketAddr::new(address, 0)).collect())
            .map_err(|error| {
                if matches!(error.kind(), LookupErrorKind::NoName) {
                    io::ErrorKind::NotFound.into()
                } else {
                    error.into()
                }
            })
    };
    Arc::new(move |name| Box::pin(async move { spawn_blocking(move || lookup(name)).await? }))
}

/// The name does not exist (NXDOMAIN), as far as the resolver knows. The name is left out.
#[derive(Debug, Error)]
#[error("the name does not exist")]
pub(crate) struct NameNotFound;

/// A name resolved to forbidden addresses only. The addresses are left out.
#[derive(Debug, Error)]
#[error("the name resolves to a forbidden address: {}", .0.violation())]
struct ForbiddenAddress(NetworkPolicy);

/// A resolver that enforces a network policy.
///
/// `localhost` and its subdomains always resolve to loopback, because plain http is allowed for
/// them (RFC 6761 §6.3).
pub(crate) struct Resolver {
    policy: NetworkPolicy,
    lookup: NameLookup,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Resolver {
    pub(crate) fn new(policy: NetworkPolicy, lookup: &NameLookup) -> Self {
        Self { policy, lookup: Arc::clone(lookup) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, lookup) = (self.policy, Arc::clone(&self.lookup));
        Box::pin(async move {
            let mut addresses = if is_localhost(name.as_str()) {
                let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
                loopback.map(|address| SocketAddr::new(address, 0)).to_vec()
            } else {
                match lookup(name.as_str().to_owned()).await {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        return Err(NameNotFound.into());
                    }
                    outcome => outcome?,
                }
            };
            let has_answer = !addresses.is_empty();
            addresses.retain(|address| policy.allows(address.ip()));
            if has_answer && addresses.is_empty() {
                return Err(ForbiddenAddress(policy).into());
            }
            Ok(Box::new(addresses.into_iter()) as _)
        })
    }
}
