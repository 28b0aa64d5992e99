//! The use cases: one function for each published operation, over `domain` and `ports`.
//!
//! - [`Authorizer`] turns a token's bearer into a scope, by the policy alone, and tells which roles
//!   the bearer may give ([`Grants`]).
//! - [`TenantUsers`] has the five operations of contract A, [`Users`] the five of contract B, and
//!   [`Passwords`] its two password changes. Each takes a scope of the [`Authorizer`].
//! - [`UseCaseError`] is their error, in terms of the domain.
//!
//! There is no HTTP here, no JSON, and no adapter: [`Services::new`] takes ports.
//!
//! # Example
//!
//! ```
//! use application::{AttemptLimit, Ports, Services, UseCaseError};
//! use domain::{AccountRules, Bearer, Operation, TenantId, UserId, UserView};
//!
//! fn services(ports: Ports) -> Services {
//!     Services::new(ports, AttemptLimit::default(), AccountRules::default())
//! }
//!
//! async fn get(
//!     services: &Services,
//!     bearer: &Bearer,
//!     tenant: &TenantId,
//!     user: &UserId,
//! ) -> Result<UserView<'static>, UseCaseError> {
//!     let operation = Operation::ReadTenantUsers;
//!     let scope = services.authorizer.tenant(bearer, operation, Some(tenant)).await?;
//!     services.tenant_users.get(&scope, user).await
//! }
//! ```
//!
//! To add a use case: add a method to the type of its contract, with a scope as the first parameter.

mod attempts;
mod authorizer;
mod error;
mod invitations;
mod own_memberships;
mod passwords;
mod services;
mod tenant_users;
mod users;

pub use attempts::AttemptLimit;
pub use authorizer::{Authorizer, Grants};
pub use error::UseCaseError;
pub use own_memberships::{OwnMembership, OwnMemberships};
pub use passwords::Passwords;
pub use services::{Ports, Services};
pub use tenant_users::TenantUsers;
pub use users::{UpdatedUser, Users};
