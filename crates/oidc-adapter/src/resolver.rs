//! Looks names up, and leaves out the addresses that must not be asked.
//!
//! The client connects to what comes out of here and asks nobody else, so that a name server
//! cannot say one thing to a check and another to the connection.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Name, Resolve, Resolving};
use thiserror::Error;
use tokio::net::lookup_host;

use crate::address::is_localhost;
use crate::reach::Reach;

/// The answer of a name server, sooner or later.
type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// How names are looked up.
pub(crate) type NameLookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// As the machine does it.
pub(crate) fn by_the_machine() -> NameLookup {
    // The port is filled in by the client.
    Arc::new(|name| Box::pin(async move { Ok(lookup_host((name, 0)).await?.collect()) }))
}

/// A name leads only to where nobody may be asked. Which addresses is left out.
#[derive(Debug, Error)]
#[error("the name leads to an address that must not be asked: {}", .0.objection())]
struct OutOfReach(Reach);

/// Looks names up within a reach.
///
/// Plain http is taken for `localhost` and all below it, so that these must be this machine
/// whatever a name server says (RFC 6761 §6.3).
pub(crate) struct Resolver {
    reach: Reach,
    lookup: NameLookup,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl Resolver {
    pub(crate) fn new(reach: Reach, lookup: &NameLookup) -> Self {
        Self { reach, lookup: Arc::clone(lookup) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, lookup) = (self.reach, Arc::clone(&self.lookup));
        Box::pin(async move {
            let mut found = if is_localhost(name.as_str()) {
                let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
                loopback.map(|address| SocketAddr::new(address, 0)).to_vec()
            } else {
                lookup(name.as_str().to_owned()).await?
            };
            let any = !found.is_empty();
            found.retain(|address| reach.allows(address.ip()));
            if any && found.is_empty() {
                return Err(OutOfReach(reach).into());
            }
            Ok(Box::new(found.into_iter()) as _)
        })
    }
}
