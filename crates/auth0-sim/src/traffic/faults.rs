//! Faults that are put there on purpose.

use serde::{Deserialize, Serialize};

/// Something that is to go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// On which route, named as [`Control::calls`](crate::Control::calls) names it; `None`: on any
    /// but the control routes.
    #[serde(default)]
    pub route: Option<String>,
    /// How many requests pass before it strikes.
    #[serde(default)]
    pub skip: u64,
    /// How many times it strikes; `None`: until it is cleared.
    #[serde(default)]
    pub times: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What goes wrong.
///
/// "After" means that the request has been carried out and only its answer is spoiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error in Auth0's form, in place of carrying the request out.
    Status {
        /// The status.
        status: u16,
        /// The seconds of a `Retry-After` header, if there is to be one.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The request waits, and is then carried out.
    Delay {
        /// For so many milliseconds of the machine's clock.
        millis: u64,
    },
    /// Never an answer, and nothing is carried out.
    Hang,
    /// Never an answer, after.
    HangAfter,
    /// The connection is reset, and nothing is carried out.
    ResetBefore,
    /// The connection is reset, after.
    ResetAfter,
    /// A success whose body is no JSON, after.
    Malformed,
    /// An answer that ends before its length is reached, after.
    Truncated,
    /// A success with so many bytes, after.
    Oversized {
        /// How many.
        bytes: u64,
    },
    /// A page of HTML, as a proxy on the way answers, in place of carrying the request out.
    Html {
        /// The status.
        status: u16,
    },
    /// A success without a body, after.
    EmptyBody,
}

/// The faults that wait.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that strikes a request, if one does: the first that is due. Each that could have
    /// struck, up to that one, has seen a request pass.
    pub(crate) fn take_due(&mut self, route: &str) -> Option<FaultKind> {
        let due = self.0.iter_mut().find_map(|fault| {
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
        self.0.retain(|fault| fault.times != Some(0));
        due
    }
}
