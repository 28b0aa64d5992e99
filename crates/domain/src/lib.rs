//! Users, roles and permission rules, as pure values and pure functions.
//!
//! This crate is the core of Usher and a library for other tools. It has no async, no I/O, no clock
//! and no randomness; it never will. Values that change from call to call, such as the present
//! moment, are parameters.
//!
//! # Example
//!
//! An administrator may make a member a viewer, but may not change an owner.
//!
//! ```
//! use domain::policy::{Action, decide};
//! use domain::{Actor, PolicyContext, Refusal, RoleCatalogue, TenantId, Timestamp, User};
//!
//! let catalogue = RoleCatalogue::standard();
//! let role = |name: &str| catalogue.resolve(name).cloned().ok_or("unknown role");
//! let acme: TenantId = "acme".parse()?;
//! let user = |id: &str, role| -> Result<User, Box<dyn std::error::Error>> {
//!     let builder = User::builder(id.parse()?, "someone@example.com".parse()?);
//!     Ok(builder.membership(acme.clone(), role).build())
//! };
//! let (ada, eve) = (user("auth0|ada", role("owner")?)?, user("auth0|eve", role("member")?)?);
//! let admin = Actor::member("auth0|bob".parse()?, [(acme.clone(), role("admin")?)]);
//!
//! let to_viewer = Action::SetRole(&acme, &role("viewer")?);
//! let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
//! assert_eq!(decide(&admin, to_viewer, &eve, [&ada], &context), Ok(()));
//! let refusal = decide(&admin, to_viewer, &ada, [&eve], &context);
//! assert_eq!(refusal, Err(Refusal::RoleAboveOwn.into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Contents
//!
//! - Values with rules, parsed once where they enter: [`UserId`], [`TenantId`], [`EmailAddress`],
//!   [`Username`], [`PersonName`], [`DisplayName`], [`Password`], [`Timestamp`]. Each has a private
//!   field and one error type.
//! - [`RoleCatalogue`], [`Role`], [`Access`]: the roles and what they allow.
//! - [`User`], [`Membership`], and changes to them. [`standing`](fn@standing) tells whether a membership has
//!   force: a foreign one only while the account is provably the person's own.
//! - [`UserView`]: a user as a caller sees it.
//! - [`ListQuery`], [`Sort`], [`Page`]: the total and stable order of lists, and their pages.
//! - [`Bearer`] and [`Actor`]: the caller as its token states it, and with its rights resolved.
//! - [`policy`]: rules R1 to R5. [`policy::decide`] checks all of them for one action. The policy
//!   alone makes a [`TenantScope`] or an [`AccountScope`], without which no port can be called.
//! - [`Decision`]: a change that the rules about the caller allow. It becomes an authorized change
//!   once each protected role has another holder.
//!
//! Features: `serde` (de)serializes values as their text and serializes users; `system-scope` is
//! for Usher's own lookups, which bypass the policy.
//!
//! To add a rule: write it in [`policy`] or as a method of a scope, add rows to
//! `tests/policy_table`, and a case to the conformance suite if an adapter must check it in one
//! step with a change.

mod account;
mod account_scope;
mod actor;
mod change;
mod character;
mod context;
mod id;
mod listing;
mod membership;
mod memberships;
mod operation;
mod password;
mod permission;
pub mod policy;
mod refusal;
mod role;
#[cfg(feature = "serde")]
mod serde;
mod sort_value;
mod stamp_update;
mod standing;
mod tenant_scope;
mod tenant_set;
mod text;
mod text_value;
mod timestamp;
mod user_builder;
mod view;

pub use account::{AccountChange, MembershipChange, NameOwner, NewMember, NewUser, User};
pub use account_scope::AccountScope;
pub use actor::{Actor, Bearer, CallerKey, ClaimedTenants, Coverage, SubjectKind};
pub use change::{
    AuthorizedChange, AuthorizedDeletion, AuthorizedDetachment, Decision, PendingChange, RoleAtRisk,
};
pub use context::{AccountRules, AttachRule, ForeignProfile, PolicyContext};
pub use id::{InvalidTenantId, InvalidUserId, TenantId, UserId};
pub use listing::{InvalidSort, ListQuery, Page, PageRequest, Sort};
pub use membership::{
    Attachment, CredentialStamp, Credentials, InvalidMembershipId, Membership, MembershipId,
};
pub use memberships::Memberships;
pub use operation::Operation;
pub use password::{CurrentPassword, InvalidPassword, Password};
pub use permission::{InvalidPermission, Permission, Permissions};
pub use policy::Action;
pub use refusal::{ActionDenied, Denied, LastProtectedRoleHolder, Refusal};
pub use role::{
    Access, InvalidAccess, InvalidRoleCatalogue, InvalidRoleName, Role, RoleCatalogue,
    RoleDefinition, RoleName,
};
pub use sort_value::{SortField, SortValue, lower_case};
pub use stamp_update::StampUpdate;
pub use standing::{Standing, standing};
pub use tenant_scope::{AmbiguousAccount, AttachStep, TenantScope};
pub use tenant_set::TenantSet;
pub use text::{
    DisplayName, EmailAddress, InvalidEmailAddress, InvalidName, InvalidUsername, PersonName,
    Username,
};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use user_builder::UserBuilder;
pub use view::UserView;
