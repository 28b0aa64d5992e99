//! Users, roles and permission rules of Usher, as pure values and pure functions.
//!
//! Other tools may reuse this crate: it has no async, no I/O, no serialization, no clock and no
//! randomness, and depends on nothing but `thiserror`.
//! Whatever needs one of these belongs to another crate; what varies from call to call, such as
//! the present moment, is a parameter.
//!
//! - [`id`], [`text`], [`password`], [`timestamp`]: values that have rules, parsed once at the
//!   edge. Each has a private field and one error type.
//! - [`role`]: the catalogue of roles, and what each lets its holders do.
//! - [`account`]: a user, the tenants it is attached to, and changes to either.
//! - [`listing`]: the total and stable order of lists, and pages cut from it.
//! - [`actor`]: what a token says, and the actor that it makes.
//! - [`policy`]: rules R1 to R5. It alone makes a [`scope::TenantScope`] or a
//!   [`scope::AccountScope`], without which no port can be called.
//!
//! To add a rule: write it in [`policy`] or as a question a scope answers, give it rows in
//! `tests/policy_table.rs`, and a clause in the contract suite of `ports` if an adapter has to
//! keep it in one step with a change.

pub mod account;
pub mod actor;
pub mod id;
pub mod listing;
pub mod password;
pub mod policy;
pub mod role;
pub mod scope;
pub mod text;
pub mod timestamp;

pub use account::{AccountChange, Membership, MembershipChange, NewMember, NewUser, User};
pub use actor::{Actor, Bearer, CallerKey, ClaimedTenants, Coverage, Permission, Permissions};
pub use id::{InvalidTenantId, InvalidUserId, TenantId, UserId};
pub use listing::{ListQuery, Page, PageRequest, Sort, SortField};
pub use password::{CurrentPassword, InvalidPassword, Password};
pub use policy::{Denied, Operation, Refusal};
pub use role::{Access, InvalidRoleCatalogue, Role, RoleCatalogue, RoleDefinition, RoleName};
pub use scope::{AccountScope, TenantScope};
pub use text::{DisplayName, EmailAddress, PersonName, Username};
pub use timestamp::Timestamp;
