//! The use cases of Usher: one function for each published operation, over `domain` and `ports`.
//!
//! - [`Authorizer`] turns a token's bearer into a scope, by the policy alone.
//! - [`TenantUsers`] holds the five operations of contract A, [`Users`] the five of contract B, and
//!   [`Passwords`] its two changes of password. Each takes the scope that [`Authorizer`] gave.
//! - [`UseCaseError`] says what can come of them, in words of the domain.
//!
//! There is no HTTP here, no JSON, and no adapter: [`Services::new`] takes ports, and whoever wires
//! the program chooses what stands behind them.
//! To add a use case: write the function where its neighbours are, taking a scope first.

mod attempts;
mod authorizer;
mod error;
mod passwords;
mod services;
mod tenant_users;
mod users;

pub use attempts::AttemptLimit;
pub use authorizer::Authorizer;
pub use error::UseCaseError;
pub use passwords::Passwords;
pub use services::{Ports, Services};
pub use tenant_users::TenantUsers;
pub use users::Users;
