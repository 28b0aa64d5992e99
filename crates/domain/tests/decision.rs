//! Decisions on single actions, compared with a second statement of the rules, and the steps from a
//! pending decision to an authorized change.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up should stop")]

use std::collections::BTreeMap;

use domain::policy::{Action, account_scope, decide, tenant_scope};
use domain::{
    Access, ActionDenied, Actor, Attachment, Coverage, CredentialStamp, Credentials, Decision,
    Denied, LastProtectedRoleHolder, Membership, MembershipChange, Operation, Permission,
    Permissions, PolicyContext, Refusal, Role, RoleCatalogue, RoleDefinition, SubjectKind,
    TenantId, User,
};
use proptest::bool::weighted;
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
        2 => btree_set(any_tenant(), 0..3).prop_map(|tenants| Coverage::Listed(tenants.into_iter().collect())),
        4 => btree_map(any_tenant(), any_role(), 0..4).prop_map(Coverage::Roles),
    ];
    let permissions = prop_oneof![
        6 => Just(Permissions::all()),
        1 => vec(select(Permission::ALL.to_vec()), 0..4).prop_map(Permissions::from_iter),
    ];
    (coverage, permissions).prop_map(|(coverage, permissions)| {
        let mut actor = Actor::operator().with_permissions(permissions);
        actor.coverage = coverage;
        actor
    })
}

fn context() -> PolicyContext {
    PolicyContext::at("2026-03-01T12:00:00Z".parse().expect("a time"))
}

/// Returns a membership that is active wherever the account has proof.
fn any_membership() -> impl Strategy<Value = Membership> {
    let since = context().now.plus_millis(-1);
    let attachment = move |email: &str| Attachment {
        id: "m1".parse().expect("an id"),
        since,
        email: email.parse().expect("an address"),
    };
    let attachment = prop_oneof![
        2 => Just(None),
        2 => Just(Some(attachment("a@b.example"))),
        1 => Just(Some(attachment("former@b.example"))),
    ];
    let expires_at = prop_oneof![
        6 => Just(None),
        1 => Just(Some(context().now)),
        1 => Just(Some(context().now.plus_millis(1))),
    ];
    (any_role(), attachment, weighted(0.1), expires_at).prop_map(
        |(role, attachment, suspended, expires_at)| Membership {
            attachment: attachment.map(Box::new),
            suspended,
            expires_at,
            ..Membership::new(role)
        },
    )
}

fn any_user(name: &'static str) -> impl Strategy<Value = User> {
    let memberships = btree_map(any_tenant(), any_membership(), 0..4);
    let stamp = CredentialStamp { at: context().now, by: None, sets_address: false };
    let credentials = (weighted(0.8), weighted(0.1)).prop_map(move |(email_verified, stamped)| {
        let stamp = stamped.then(|| Box::new(stamp.clone()));
        Credentials { email_verified, stamp, ..Credentials::default() }
    });
    (option::weighted(0.8, any_tenant()), memberships, credentials, weighted(0.2)).prop_map(
        move |(home, memberships, credentials, blocked)| {
            let email = "a@b.example".parse().expect("email");
            let user = User::builder(name.parse().expect("an id"), email).blocked(blocked).build();
            User { home, memberships: memberships.into(), credentials, ..user }
        },
    )
}

/// Returns the role in the tenant if it has force, by a second statement of the rule.
fn active<'a>(user: &'a User, at: &TenantId) -> Option<&'a Role> {
    let Membership { role, attachment, suspended, expires_at, name: _ } =
        user.memberships.get(at)?;
    let is_over = expires_at.is_some_and(|end| end.as_unix_millis() <= now_millis());
    let stamped = user.credentials.stamp.is_some();
    let proven = attachment.as_ref().is_none_or(|attachment| {
        user.credentials.email_verified && attachment.email.as_str() == user.email.as_str()
    });
    let has_force = user.home.as_ref() == Some(at) || (proven && !stamped);
    (!is_over && !suspended && has_force).then_some(role)
}

fn now_millis() -> i64 {
    context().now.as_unix_millis()
}

/// Returns the rank of the role in the tenant if the user counts as one of its holders.
fn lasting(user: &User, at: &TenantId) -> Option<usize> {
    let ends = user.memberships.get(at)?.expires_at.is_some();
    active(user, at).filter(|_| !user.blocked && !ends).map(rank)
}

/// Whether another user keeps the role that the user holds in the tenant, if that is needed.
fn keeps_holder(user: &User, tenant: &TenantId, new_rank: Option<usize>, others: &[User]) -> bool {
    let Some(held) = lasting(user, tenant) else { return true };
    let lost = ROLES.get(held).is_some_and(|role| role.3) && new_rank.is_none_or(|new| new > held);
    !lost || others.iter().any(|other| lasting(other, tenant) == Some(held))
}

/// The denials in the order of their checks, each with whether it applies.
type Checks = Vec<(bool, ActionDenied)>;

fn last(tenant: &TenantId) -> ActionDenied {
    LastProtectedRoleHolder { tenant: tenant.clone() }.into()
}

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
    let write = Permission::TenantAccessWrite;
    first(vec![
        (!actor.permissions.has(write), Refusal::MissingPermission(write).into()),
        (!covered, Refusal::TenantNotCovered.into()),
        (own.is_some_and(|own| !own.allows(Access::Write)), Refusal::InsufficientRole.into()),
        (user.role_in(at).is_none(), Denied::Hidden.into()),
        (above(active(user, at)) || above(new), Refusal::RoleAboveOwn.into()),
        (!keeps_holder(user, at, new.map(rank), others), last(at)),
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
        roles.iter().any(|(at, own)| active(user, at).is_some_and(|held| rank(held) < rank(own)));
    // R4 of the home holds; operators are held by every tenant's.
    let at_risk = user
        .memberships
        .keys()
        .find(|at| (operator || home == Some(*at)) && !keeps_holder(user, at, None, others));
    let modify = Permission::ModifyUsersAndGroups;
    first(vec![
        (!actor.permissions.has(modify), Refusal::MissingPermission(modify).into()),
        (by_roles && !roles.values().any(may_write), Refusal::InsufficientRole.into()),
        (!operator && !user.memberships.keys().any(reaches), Denied::Hidden.into()),
        (!managed, Refusal::ManagedByAnotherTenant.into()),
        (home_role.is_some_and(|role| !may_write(role)), Refusal::InsufficientRole.into()),
        (above, Refusal::RoleAboveOwn.into()),
        (at_risk.is_some(), last(at_risk.unwrap_or(&tenant("acme")))),
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
        let verdict = decide(&actor, Action::SetRole(&at, &new), &user, &others, &context());
        prop_assert_eq!(verdict, expected_role_change(&actor, &at, &user, Some(&new), &others));
    }

    #[test]
    fn detachment_is_decided_by_every_rule(
        actor in any_actor(),
        at in any_tenant(),
        user in any_user("auth0|target"),
        others in vec(any_user("auth0|other"), 0..3),
    ) {
        let verdict = decide(&actor, Action::Detach(&at), &user, &others, &context());
        prop_assert_eq!(verdict, expected_role_change(&actor, &at, &user, None, &others));
    }

    #[test]
    fn deletion_is_decided_by_every_rule(
        actor in any_actor(),
        user in any_user("auth0|target"),
        others in vec(any_user("auth0|other"), 0..3),
    ) {
        let verdict = decide(&actor, Action::Delete, &user, &others, &context());
        prop_assert_eq!(verdict, expected_deletion(&actor, &user, &others));
    }

    #[test]
    fn user_is_never_its_own_other_holder(
        actor in any_actor(),
        at in any_tenant(),
        user in any_user("auth0|target"),
    ) {
        let alone = decide(&actor, Action::Detach(&at), &user, &[], &context());
        prop_assert_eq!(decide(&actor, Action::Detach(&at), &user, [&user], &context()), alone);
    }
}

#[test]
fn deletion_needs_a_holder_of_each_role_at_risk() {
    let target = user("target", &[("acme", "owner"), ("globex", "keeper"), ("initech", "admin")]);
    let scope =
        account_scope(&Actor::operator(), Operation::ModifyUsers, &context()).expect("a scope");
    let (owner, keeper) =
        (user("owner", &[("acme", "owner")]), user("keeper", &[("globex", "keeper")]));

    let Ok(Decision::Pending(first)) = scope.authorize_deletion(&target) else {
        panic!("a role is at risk");
    };
    assert_eq!(first.role_at_risk().tenant(), &tenant("acme"));
    assert_eq!(
        first.clone().resolve([&keeper]),
        Err(LastProtectedRoleHolder { tenant: tenant("acme") })
    );
    let Ok(Decision::Pending(second)) = first.resolve([&keeper, &owner]) else {
        panic!("another role is at risk");
    };
    assert_eq!(second.role_at_risk().role(), &role("keeper"));
    assert_eq!(
        second.clone().resolve([&owner]),
        Err(LastProtectedRoleHolder { tenant: tenant("globex") })
    );
    let Ok(Decision::Authorized(deletion)) = second.resolve([&keeper]) else {
        panic!("nothing is at risk any more");
    };
    assert_eq!(deletion.user(), &target.id);
}

#[test]
fn completing_asks_for_others_only_if_a_role_is_at_risk() {
    let actor = Actor::of_tenants([tenant("acme")]);
    let scope =
        tenant_scope(&actor, Operation::WriteTenantUsers, Some(&tenant("acme")), &context());
    let scope = scope.expect("a scope");
    let decision = scope.authorize_detach(&user("target", &[("acme", "admin")])).expect("decision");
    let detachment = decision.complete(|_| -> [&User; 0] { panic!("no role is at risk") });
    assert_eq!(detachment.expect("authorized").tenant(), &tenant("acme"));
}

#[test]
fn authorized_change_applies_to_its_own_user_only() {
    let actor = Actor::of_tenants([tenant("acme")]);
    let scope =
        tenant_scope(&actor, Operation::WriteTenantUsers, Some(&tenant("acme")), &context());
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
    assert_eq!(Actor::from_user(&ada, &context()).coverage, roles);
    assert_eq!(Actor::from_user(&ada, &context()).subject, Some(ada.id.clone()));
    let member = Actor::member(ada.id.clone(), [(tenant("acme"), role("admin"))]);
    assert_eq!(member, Actor::from_user(&ada, &context()));
    let blocked = User { blocked: true, ..ada.clone() };
    assert_eq!(Actor::from_user(&blocked, &context()).coverage, Coverage::Roles([].into()));
    let reader = Permissions::from_names(["tenant.access:read"]);
    let limited = Actor::operator()
        .with_permissions(reader)
        .with_subject(ada.id.clone(), SubjectKind::Accounts);
    assert_eq!(limited.permissions, reader);
    assert_eq!(limited.subject, Some(ada.id));
    assert_eq!(limited.coverage, Coverage::All);
}
