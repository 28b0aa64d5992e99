//! Checks whether the configured Auth0 tenant is set up for Usher, and says how to fix what is not.
//!
//! Nothing is changed there. A check that depends on a failed one is [`FindingStatus::Skipped`].

mod accounts;
mod check_names;
mod checks;
mod examination;
mod finding;
mod scopes;

pub use examination::examine;
pub use finding::{Finding, FindingStatus};
