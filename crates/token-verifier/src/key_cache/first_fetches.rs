//! Permits for the first fetches of issuers that the settings do not name.
//!
//! Anyone can write such a name into a token. So these fetches share a few permits, and clients take
//! turns: one client's tokens, whose key sources may never respond, delay that client only.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use concurrency::FairQueue;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The network of a client: its IPv4 address, or the first 64 bits of its IPv6 address, since the
/// rest is the client's own choice (RFC 4291 §2.5.4). Clients without a known address share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientNetwork(Option<IpAddr>);

impl ClientNetwork {
    /// Returns the network of a client.
    pub(crate) fn of(client: Option<IpAddr>) -> Self {
        Self(client.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into()
            }
        }))
    }
}

/// Limits on first fetches.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstFetchLimits {
    /// Concurrent fetches.
    pub(super) concurrent: usize,
    /// Of these, for tokens from one network.
    pub(super) per_network: usize,
    /// Requests that wait for a permit. Beyond it, the newest of the network with the most is
    /// evicted.
    pub(super) waiting: usize,
}

/// The permits and the requests that wait for one. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct FirstFetches(Arc<Inner>);

type Queue = FairQueue<ClientNetwork, oneshot::Sender<FirstFetchPermit>>;

#[derive(Debug)]
struct Inner {
    limits: FirstFetchLimits,
    queue: Mutex<Queue>,
}

/// A permit for one fetch; dropping it releases it.
#[derive(Debug)]
pub(super) struct FirstFetchPermit {
    fetches: FirstFetches,
    network: ClientNetwork,
}

impl FirstFetches {
    /// Creates the permits, all free.
    pub(super) fn new(limits: FirstFetchLimits) -> Self {
        Self(Arc::new(Inner { limits, queue: Mutex::default() }))
    }

    /// Waits for a permit. Returns `None` if too many requests wait.
    pub(super) async fn acquire(&self, network: ClientNetwork) -> Option<FirstFetchPermit> {
        match self.acquire_or_enqueue(network) {
            Ok(permit) => Some(permit),
            Err(waiter) => waiter?.await.ok(),
        }
    }

    /// Returns a free permit, or else a waiter in the queue; `None` if the queue is full.
    fn acquire_or_enqueue(
        &self,
        network: ClientNetwork,
    ) -> Result<FirstFetchPermit, Option<oneshot::Receiver<FirstFetchPermit>>> {
        let FirstFetchLimits { concurrent, per_network, waiting } = self.0.limits;
        let mut queue = self.0.queue.lock();
        // No waiter is overtaken: a released permit goes to an eligible waiter at once.
        if queue.held() < concurrent && queue.held_by(&network) < per_network {
            queue.grant(&network);
            return Ok(self.permit(network));
        }
        if queue.waiting() >= waiting {
            // Cancelled waiters are removed first.
            queue.retain(|waiter| !waiter.is_closed());
        }
        if queue.waiting() >= waiting && queue.evict(&network).is_none() {
            return Err(None);
        }
        let (waiter, permit) = oneshot::channel();
        queue.enqueue(&network, waiter);
        Err(Some(permit))
    }

    fn permit(&self, network: ClientNetwork) -> FirstFetchPermit {
        FirstFetchPermit { fetches: self.clone(), network }
    }

    /// Releases a permit and hands free permits to the next waiters.
    fn release(&self, network: &ClientNetwork) {
        let FirstFetchLimits { concurrent, per_network, .. } = self.0.limits;
        let mut granted = Vec::new();
        let mut queue = self.0.queue.lock();
        queue.release(network);
        while queue.held() < concurrent {
            match queue.grant_next(|_| per_network, |waiter| !waiter.is_closed()) {
                Some(next) => granted.push(next),
                None => break,
            }
        }
        drop(queue);
        for (network, waiter) in granted {
            // If the waiter is cancelled, sending drops the permit, which releases it.
            let _ = waiter.send(self.permit(network));
        }
    }
}

impl Drop for FirstFetchPermit {
    fn drop(&mut self) {
        self.fetches.release(&self.network);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::of(Some(address.parse().unwrap()))
    }

    #[test]
    fn ipv6_clients_of_one_64_bit_prefix_are_one_network() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("198.51.100.1"), network("198.51.100.2"));
        assert_eq!(network("198.51.100.1"), network("::ffff:198.51.100.1"));
        assert_ne!(network("198.51.100.1"), ClientNetwork::of(None));
        assert_eq!(ClientNetwork::of(None), ClientNetwork::of(None));
    }
}
