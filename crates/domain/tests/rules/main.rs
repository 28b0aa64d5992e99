//! Edge cases of the rules R1 to R5, one module each. `policy_table.txt` has the regular cases.

#![allow(clippy::expect_used, reason = "a test that cannot be set up should stop")]

mod attaching;
mod catalogue;
mod home_authority;
mod isolation;
mod operators;
mod own_account;
mod own_password;
mod protected_roles;
mod renewal;
mod role_ceiling;
mod scopes;
mod standing;
mod views;

use domain::policy::{account_scope, own_password_scope, tenant_scope};
use domain::{
    Access, AccountScope, Actor, Bearer, ClaimedTenants, Coverage, Decision, Denied, DisplayName,
    LastProtectedRoleHolder, MembershipChange, Operation, Permission, Permissions, PolicyContext,
    Refusal, Role, RoleCatalogue, RoleDefinition, SubjectKind, TenantId, TenantScope, User, UserId,
};

const READ_WRITE: &[Access] = &[Access::Read, Access::Write];

fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant's name")
}

fn id(name: &str) -> UserId {
    format!("auth0|{name}").parse().expect("an id")
}

fn definition(name: &str, access: &[Access], protected: bool) -> RoleDefinition {
    RoleDefinition {
        name: name.parse().expect("a role's name"),
        access: access.iter().copied().collect(),
        protected,
        default: false,
    }
}

fn role(name: &str) -> Role {
    let catalogue = RoleCatalogue::new(vec![
        definition("owner", READ_WRITE, true),
        definition("keeper", READ_WRITE, true),
        definition("admin", READ_WRITE, false),
        definition("writer", &[Access::Write], false),
        definition("viewer", &[Access::Read], false),
        definition("member", &[], false),
    ]);
    catalogue.expect("a catalogue").resolve(name).expect("a role of it").clone()
}

/// Returns a user with this home and these memberships (tenant, role).
fn user(name: &str, home: Option<&str>, attached: &[(&str, &str)]) -> User {
    let builder =
        User::builder(id(name), format!("{name}@example.com").parse().expect("an address"));
    let builder = home.into_iter().fold(builder, |builder, home| builder.home(tenant(home)));
    attached
        .iter()
        .fold(builder, |builder, (at, held)| builder.membership(tenant(at), role(held)))
        .build()
}

fn blocked(user: User) -> User {
    User { blocked: true, ..user }
}

fn context() -> PolicyContext {
    PolicyContext::at("2026-03-01T12:00:00Z".parse().expect("a time"))
}

fn actor(permissions: &[Permission], coverage: Coverage) -> Actor {
    let mut actor = Actor::operator().with_subject(id("caller"), SubjectKind::Accounts);
    actor.coverage = coverage;
    actor.with_permissions(permissions.iter().copied().collect())
}

/// Returns a caller with every permission in these tenants, whose role is unknown.
fn covering(tenants: &[&str]) -> Actor {
    actor(&Permission::ALL, Coverage::Listed(tenants.iter().map(|name| tenant(name)).collect()))
}

/// Returns a caller with every permission and these roles.
fn holding(roles: &[(&str, &str)]) -> Actor {
    let roles = roles.iter().map(|(at, held)| (tenant(at), role(held))).collect();
    actor(&Permission::ALL, Coverage::Roles(roles))
}

fn operator() -> Actor {
    actor(&Permission::ALL, Coverage::All)
}

fn refused<T>(refusal: Refusal) -> Result<T, Denied> {
    Err(Denied::Refused(refusal))
}

fn writing(caller: &Actor, at: &str) -> TenantScope {
    tenant_scope(caller, Operation::WriteTenantUsers, Some(&tenant(at)), &context())
        .expect("a scope")
}

/// Whether the scope allows changing the user's membership, the role aside.
fn rename(scope: &TenantScope, user: &User) -> Result<(), Denied> {
    scope.authorize_change(user, &MembershipChange::default()).map(drop)
}

fn modifying(caller: &Actor) -> AccountScope {
    account_scope(caller, Operation::ModifyUsers, &context()).expect("a scope")
}

fn viewing(caller: &Actor) -> AccountScope {
    account_scope(caller, Operation::ViewUsers, &context()).expect("a scope")
}
