//! Decisions on single actions, compared with a second statement of the rules, and the steps from a
//! pending decision to an authorized change.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up should stop")]

use std::collections::BTreeMap;

use domain::policy::{Action, account_scope, decide, tenant_scope};
use domain::{
    Access, ActionDenied, Actor, Coverage, Decision, Denied, LastProtectedRoleHolder,
    MembershipChange, Operation, Permission, Permissions, Refusal, Role, RoleCatalogue,
    RoleDefinition, TenantId, User,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// The roles by rank: name, read, write, protected.
const ROLES: [(&str, bool, bool, bool); 6] = [
    ("owner", true, true, true),
    ("keeper", true, true, true),
    ("admin", true, true, false),
    ("writer", false, true, false),
    ("viewer", true, false, false),
    ("member", false, false, false),
];
const TENANTS: [&str; 3] = ["acme", "globex", "initech"];

fn catalogue() -> RoleCatalogue {
    let define = |(name, read, write, protected): (&str, bool, bool, bool)| RoleDefinition {
        name: name.parse().expect("a role name"),
        access: [(read, Access::Read), (write, Access::Write)]
            .into_iter()
            .filter_map(|(allowed, access)| allowed.then_some(access))
            .collect(),
        protected,
        default: false,
    };
    RoleCatalogue::new(ROLES.map(define).into()).expect("a catalogue")
}

fn role(name: &str) -> Role {
    catalogue().resolve(name).expect("a role").clone()
}

fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant id")
}

fn rank(role: &Role) -> usize {
    let same = |(name, ..): &(&str, bool, bool, bool)| role.name().as_str() == *name;
    ROLES.iter().position(same).expect("a known role")
}

fn user(name: &str, memberships: &[(&str, &str)]) -> User {
    let id = format!("auth0|{name}").parse().expect("an id");
    let builder = User::builder(id, format!("{name}@example.com").parse().expect("an address"));
    let attach = |builder: domain::UserBuilder, (at, held): &(&str, &str)| {
        builder.membership(tenant(at), role(held))
    };
    memberships.iter().fold(builder, attach).build()
}

fn any_tenant() -> impl Strategy<Value = TenantId> {
    select(TENANTS.to_vec()).prop_map(tenant)
}

fn any_role() -> impl Strategy<Value = Role> {
    select(ROLES.to_vec()).prop_map(|(name, ..)| role(name))
}

fn any_actor() -> impl Strategy<Value = Actor> {
    let coverage = prop_oneof![
        1 => Just(Coverage::All),
        2 => btree_set(any_tenant(), 0..3).prop_map(Coverage::Listed),
        4 => btree_map(any_tenant(), any_role(), 0..4).prop_map(Coverage::Roles),
    ];
    let permissions = prop_oneof![
        6 => Just(Permissions::all()),
        1 => vec(select(Permission::ALL.to_vec()), 0..4).prop_map(Permissions::from_iter),
    ];
    (coverage, permissions).prop_map(|(coverage, permissions)| Actor {
        subject: None,
        permissions,
        coverage,
    })
}

fn any_user(name: &'static str) -> impl Strategy<Value = User> {
    let memberships = btree_map(any_tenant(), any_role(), 0..4);
    (option::weighted(0.8, any_tenant()), memberships, any::<bool>()).prop_map(
        move |(home, memberships, blocked)| {
            let builder = memberships.into_iter().fold(
                User::builder(name.parse().expect("an id"), "a@b.example".parse().expect("email")),
                |builder, (tenant, role)| builder.membership(tenant, role),
            );
            User { home, ..builder.blocked(blocked).build() }
        },
    )
}

/// Whether another user keeps the role that the user holds in the tenant, if that is needed.
fn keeps_holder(user: &User, tenant: &TenantId, new_rank: Option<usize>, others: &[User]) -> bool {
    let Some(held) = user.role_in(tenant).map(rank) else { return true };
    let lost = ROLES.get(held).is_some_and(|role| role.3) && new_rank.is_none_or(|new| new > held);
    let holds = |other: &User| !other.blocked && other.role_in(tenant).map(rank) == Some(held);
    user.blocked || !lost || others.iter().any(holds)
}

/// The denials in the order of their checks, each with whether it applies.
type Checks = Vec<(bool, ActionDenied)>;

fn first(checks: Checks) -> Result<(), ActionDenied> {
    checks.into_iter().find(|(applies, _)| *applies).map_or(Ok(()), |(_, denied)| Err(denied))
}

fn expected_role_change(
    actor: &Actor,
    at: &TenantId,
    user: &User,
    new: Option<&Role>,
    others: &[User],
) -> Result<(), ActionDenied> {
    let own = match &actor.coverage {
        Coverage::Roles(roles) => roles.get(at),
        Coverage::Listed(_) | Coverage::All => None,
    };
    let covered = match &actor.coverage {
        Coverage::All => true,
        Coverage::Listed(tenants) => tenants.contains(at),
        Coverage::Roles(_) => own.is_some(),
    };
    let above =
        |role: Option<&Role>| role.zip(own).is_some_and(|(role, own)| rank(role) < rank(own));
    let held = user.role_in(at);
    let write = Permission::TenantAccessWrite;
    first(vec![
        (!actor.permissions.has(write), Refusal::MissingPermission(write).into()),
        (!covered, Refusal::TenantNotCovered.into()),
        (own.is_some_and(|own| !own.allows(Access::Write)), Refusal::InsufficientRole.into()),
        (held.is_none(), Denied::Hidden.into()),
        (above(held) || above(new), Refusal::RoleAboveOwn.into()),
        (!keeps_holder(user, at, new.map(rank), others), LastProtectedRoleHolder.into()),
    ])
}

fn expected_deletion(actor: &Actor, user: &User, others: &[User]) -> Result<(), ActionDenied> {
    let all = BTreeMap::new();
    let (operator, listed, roles) = match &actor.coverage {
        Coverage::All => (true, Vec::new(), &all),
        Coverage::Listed(tenants) => (false, tenants.iter().collect(), &all),
        Coverage::Roles(roles) => (false, Vec::new(), roles),
    };
    let by_roles = matches!(actor.coverage, Coverage::Roles(_));
    let may_write = |role: &Role| role.allows(Access::Write);
    let reaches = |at: &TenantId| {
        let by_role =
            roles.get(at).is_some_and(|role| may_write(role) || role.allows(Access::Read));
        operator || listed.contains(&at) || by_role
    };
    let home = user.home.as_ref();
    let home_role = home.and_then(|home| roles.get(home));
    let managed =
        operator || home.is_some_and(|home| listed.contains(&home)) || home_role.is_some();
    let above =
        roles.iter().any(|(at, own)| user.role_in(at).is_some_and(|held| rank(held) < rank(own)));
    let keeps = |at| keeps_holder(user, at, None, others);
    let modify = Permission::ModifyUsersAndGroups;
    first(vec![
        (!actor.permissions.has(modify), Refusal::MissingPermission(modify).into()),
        (by_roles && !roles.values().any(may_write), Refusal::InsufficientRole.into()),
        (!operator && !user.memberships.keys().any(reaches), Denied::Hidden.into()),
        (!managed, Refusal::ManagedByAnotherTenant.into()),
        (home_role.is_some_and(|role| !may_write(role)), Refusal::InsufficientRole.into()),
        (above, Refusal::RoleAboveOwn.into()),
        (!user.memberships.keys().all(keeps), LastProtectedRoleHolder.into()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn role_change_is_decided_by_every_rule(
        actor in any_actor(),
        at in any_tenant(),
        user in any_user("auth0|target"),
        new in any_role(),
        others in vec(any_user("auth0|other"), 0..3),
    ) {
        let verdict = decide(&actor, Action::SetRole(&at, &new), &user, &others);
        prop_assert_eq!(verdict, expected_role_change(&actor, &at, &user, Some(&new), &others));
    }

    #[test]
    fn detachment_is_decided_by_every_rule(
        actor in any_actor(),
        at in any_tenant(),
        user in any_user("auth0|target"),
        others in vec(any_user("auth0|other"), 0..3),
    ) {
        let verdict = decide(&actor, Action::Detach(&at), &user, &others);
        prop_assert_eq!(verdict, expected_role_change(&actor, &at, &user, None, &others));
    }

    #[test]
    fn deletion_is_decided_by_every_rule(
        actor in any_actor(),
        user in any_user("auth0|target"),
        others in vec(any_user("auth0|other"), 0..3),
    ) {
        let verdict = decide(&actor, Action::Delete, &user, &others);
        prop_assert_eq!(verdict, expected_deletion(&actor, &user, &others));
    }

    #[test]
    fn user_is_never_its_own_other_holder(
        actor in any_actor(),
        at in any_tenant(),
        user in any_user("auth0|target"),
    ) {
        let alone = decide(&actor, Action::Detach(&at), &user, &[]);
        prop_assert_eq!(decide(&actor, Action::Detach(&at), &user, [&user]), alone);
    }
}

#[test]
fn deletion_needs_a_holder_of_each_role_at_risk() {
    let target = user("target", &[("acme", "owner"), ("globex", "keeper"), ("initech", "admin")]);
    let scope = account_scope(&Actor::operator(), Operation::ModifyUsers).expect("a scope");
    let (owner, keeper) =
        (user("owner", &[("acme", "owner")]), user("keeper", &[("globex", "keeper")]));

    let Ok(Decision::Pending(first)) = scope.authorize_deletion(&target) else {
        panic!("a role is at risk");
    };
    assert_eq!(first.role_at_risk().tenant(), &tenant("acme"));
    assert_eq!(first.clone().resolve([&keeper]), Err(LastProtectedRoleHolder));
    let Ok(Decision::Pending(second)) = first.resolve([&keeper, &owner]) else {
        panic!("another role is at risk");
    };
    assert_eq!(second.role_at_risk().role(), &role("keeper"));
    assert_eq!(second.clone().resolve([&owner]), Err(LastProtectedRoleHolder));
    let Ok(Decision::Authorized(deletion)) = second.resolve([&keeper]) else {
        panic!("nothing is at risk any more");
    };
    assert_eq!(deletion.user(), &target.id);
}

#[test]
fn completing_asks_for_others_only_if_a_role_is_at_risk() {
    let actor = Actor::of_tenants([tenant("acme")]);
    let scope = tenant_scope(&actor, Operation::WriteTenantUsers, Some(&tenant("acme")));
    let scope = scope.expect("a scope");
    let decision = scope.authorize_detach(&user("target", &[("acme", "admin")])).expect("decision");
    let detachment = decision.complete(|_| -> [&User; 0] { panic!("no role is at risk") });
    assert_eq!(detachment.expect("authorized").tenant(), &tenant("acme"));
}

#[test]
fn authorized_change_applies_to_its_own_user_only() {
    let actor = Actor::of_tenants([tenant("acme")]);
    let scope = tenant_scope(&actor, Operation::WriteTenantUsers, Some(&tenant("acme")));
    let scope = scope.expect("a scope");
    let before = user("target", &[("acme", "member"), ("globex", "member")]);
    let name = "Guest".parse().ok();
    let change = MembershipChange { role: Some(role("viewer")), name };
    let authorized = scope.authorize_change(&before, &change).expect("decision");
    let authorized = authorized.complete(|_| []).expect("authorized");

    let mut after = before.clone();
    authorized.apply(&mut after);
    assert_eq!(after.role_in(&tenant("acme")), Some(&role("viewer")));
    assert_eq!(after.role_in(&tenant("globex")), Some(&role("member")));
    assert_eq!(after.name_in(&tenant("acme")), change.name.as_ref());

    let detachment = scope.authorize_detach(&before).expect("decision");
    let detachment = detachment.complete(|_| []).expect("authorized");
    let mut other = user("other", &[("acme", "member")]);
    let unchanged = other.clone();
    authorized.apply(&mut other);
    detachment.apply(&mut other);
    assert_eq!(other, unchanged);
    detachment.apply(&mut after);
    assert_eq!(after.memberships.keys().collect::<Vec<_>>(), [&tenant("globex")]);
}

#[test]
fn actor_constructors_have_the_rights_of_tokens() {
    let ada = user("ada", &[("acme", "admin")]);
    let roles = Coverage::Roles([(tenant("acme"), role("admin"))].into());
    assert_eq!(Actor::from_user(&ada).coverage, roles);
    assert_eq!(Actor::from_user(&ada).subject, Some(ada.id.clone()));
    let member = Actor::member(ada.id.clone(), [(tenant("acme"), role("admin"))]);
    assert_eq!(member, Actor::from_user(&ada));
    let blocked = User { blocked: true, ..ada.clone() };
    assert_eq!(Actor::from_user(&blocked).coverage, Coverage::Roles([].into()));
    let reader = Permissions::from_names(["tenant.access:read"]);
    let limited = Actor::operator().with_permissions(reader).with_subject(ada.id.clone());
    assert_eq!(limited.permissions, reader);
    assert_eq!(limited.subject, Some(ada.id));
    assert_eq!(limited.coverage, Coverage::All);
}

#[test]
fn standard_catalogue_has_the_default_roles() {
    let standard = RoleCatalogue::standard();
    let described: Vec<_> = standard
        .roles()
        .iter()
        .map(|role| {
            let access = Access::ALL.map(|access| role.allows(access));
            (role.name().as_str(), access, role.is_protected())
        })
        .collect();
    let expected = [
        ("owner", [true, true], true),
        ("admin", [true, true], false),
        ("viewer", [true, false], false),
        ("member", [false, false], false),
    ];
    assert_eq!(described, expected);
    assert_eq!(standard.default_role().name().as_str(), "member");
}
