//! Says in plain words whether the configured Auth0 tenant is fit for Usher.
//!
//! Nothing is changed there. Checks are made in the order in which one is of use without the next:
//! what cannot be made because of an earlier one is [`Verdict::Skipped`].

mod checks;
mod examination;
mod finding;
mod scopes;

pub use examination::examine;
pub use finding::{Finding, FindingStatus};
