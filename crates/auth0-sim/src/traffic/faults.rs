//! Injected faults.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A fault to inject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The affected route, as named by [`Control::calls`](crate::Control::calls). `None` means
    /// every route except the control routes.
    #[serde(default)]
    pub route: Option<String>,
    /// How many matching requests pass before the fault applies.
    #[serde(default)]
    pub skip: u64,
    /// How many times the fault applies. `None` means until it is removed.
    #[serde(default)]
    pub times: Option<u64>,
    /// The kind of fault.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// The kind of fault.
///
/// "After" means that the request has been carried out and only its response is affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error in Auth0's format. The request is not carried out.
    Status {
        /// The status.
        status: u16,
        /// The seconds of a `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// A delay, after which the request is carried out.
    Delay {
        /// The delay in milliseconds of the system clock.
        millis: u64,
    },
    /// The request waits until [`Control::release_held`](crate::Control::release_held), and is then
    /// carried out.
    Hold,
    /// The response waits until [`Control::release_held`](crate::Control::release_held), after.
    HoldAfter,
    /// No response. The request is not carried out.
    Hang,
    /// No response, after.
    HangAfter,
    /// A connection reset. The request is not carried out.
    ResetBefore,
    /// A connection reset, after.
    ResetAfter,
    /// A success whose body is not JSON, after.
    Malformed,
    /// A response shorter than its announced length, after.
    Truncated,
    /// A success with a large body, after.
    Oversized {
        /// The size of the body.
        bytes: u64,
    },
    /// An HTML page, as from an intermediate proxy. The request is not carried out.
    Html {
        /// The status.
        status: u16,
    },
    /// A success without a body, after.
    EmptyBody,
}

/// The active faults, and the number of times that held requests were released.
#[derive(Default)]
pub(crate) struct Faults {
    active: Vec<Fault>,
    releases: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.active.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// Lets all held requests continue.
    pub(crate) fn release_held(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// Returns a receiver that changes when held requests are released, or when the faults are
    /// dropped.
    pub(crate) fn releases(&self) -> watch::Receiver<u64> {
        self.releases.subscribe()
    }

    /// Returns the first fault that is due for a request of this route, and uses it up once.
    /// Matching faults before it that still skip requests count this one.
    pub(crate) fn take_due(&mut self, route: &str) -> Option<FaultKind> {
        let due = self.active.iter_mut().find_map(|fault| {
            if fault.route.as_deref().is_some_and(|only| only != route) || fault.times == Some(0) {
                return None;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                return None;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            Some(fault.kind.clone())
        });
        self.active.retain(|fault| fault.times != Some(0));
        due
    }
}
