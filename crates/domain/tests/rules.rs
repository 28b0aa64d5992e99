//! The rules R1 to R5 at their corners, a module each. `policy_table.txt` has the whole plain.

#![allow(clippy::expect_used, reason = "a test may stop at what cannot be")]

use domain::policy::{account_scope, own_password_scope, tenant_scope};
use domain::{
    Access, AccountScope, Actor, Bearer, ClaimedTenants, Coverage, Decision, Denied, DisplayName,
    LastProtectedRoleHolder, MembershipChange, Operation, Permission, Permissions, Refusal, Role,
    RoleCatalogue, RoleDefinition, TenantId, TenantScope, User, UserId,
};

const READ_WRITE: &[Access] = &[Access::Read, Access::Write];

// --- Who and where ---

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

/// `home`: where it is at home; `attached`: pairs of tenant and role.
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

fn actor(permissions: &[Permission], coverage: Coverage) -> Actor {
    Actor {
        subject: Some(id("caller")),
        permissions: permissions.iter().copied().collect(),
        coverage,
    }
}

/// A caller with every permission in these tenants, and no known role.
fn covering(tenants: &[&str]) -> Actor {
    actor(&Permission::ALL, Coverage::Listed(tenants.iter().map(|name| tenant(name)).collect()))
}

/// A caller with every permission and these memberships.
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
    tenant_scope(caller, Operation::WriteTenantUsers, Some(&tenant(at))).expect("the way in")
}

/// Whether the scope allows changing the user's membership, the role aside.
fn rename(scope: &TenantScope, user: &User) -> Result<(), Denied> {
    scope.authorize_change(user, &MembershipChange::default()).map(drop)
}

fn modifying(caller: &Actor) -> AccountScope {
    account_scope(caller, Operation::ModifyUsers).expect("the way in")
}

fn viewing(caller: &Actor) -> AccountScope {
    account_scope(caller, Operation::ViewUsers).expect("the way in")
}

/// Permission, tenant and the caller's own role, which come before any rule about an account.
mod the_way_in {
    use super::*;

    #[test]
    fn write_does_not_imply_read_in_contract_a() {
        let writer = actor(&[Permission::TenantAccessWrite], Coverage::All);
        let scope = tenant_scope(&writer, Operation::ReadTenantUsers, Some(&tenant("acme")));
        assert_eq!(scope, refused(Refusal::MissingPermission(Permission::TenantAccessRead)));
    }

    #[test]
    fn modify_implies_view_in_contract_b() {
        let modifier = actor(&[Permission::ModifyUsersAndGroups], Coverage::All);
        assert!(account_scope(&modifier, Operation::ViewUsers).is_ok());
        assert!(tenant_scope(&modifier, Operation::ViewUsers, Some(&tenant("acme"))).is_ok());
    }

    #[test]
    fn the_permissions_of_one_contract_open_nothing_in_the_other() {
        let a =
            actor(&[Permission::TenantAccessRead, Permission::TenantAccessWrite], Coverage::All);
        let b = actor(
            &[Permission::ViewUsersAndGroups, Permission::ModifyUsersAndGroups],
            Coverage::All,
        );
        for (caller, needs) in [
            (a, [Operation::ViewUsers, Operation::ModifyUsers]),
            (b, [Operation::ReadTenantUsers, Operation::WriteTenantUsers]),
        ] {
            for operation in needs {
                assert!(
                    tenant_scope(&caller, operation, Some(&tenant("acme"))).is_err(),
                    "{operation:?}"
                );
                assert!(account_scope(&caller, operation).is_err(), "{operation:?}");
            }
        }
    }

    #[test]
    fn permissions_are_known_by_their_exact_names_only() {
        let names = ["TENANT.ACCESS:READ", "tenant.access:read ", "tenant.access", "*", ""];
        assert_eq!(Permissions::from_names(names), Permissions::default());
        for permission in Permission::ALL {
            let held = Permissions::from_names([permission.as_str()]);
            let all = Permission::ALL.into_iter().filter(|one| held.has(*one));
            assert_eq!(all.collect::<Vec<_>>(), [permission]);
        }
    }

    #[test]
    fn a_missing_permission_is_told_before_an_uncovered_tenant() {
        let caller = actor(&[], Coverage::Listed([tenant("acme")].into()));
        for at in [Some(&tenant("globex")), None] {
            let scope = tenant_scope(&caller, Operation::ReadTenantUsers, at);
            assert_eq!(scope, refused(Refusal::MissingPermission(Permission::TenantAccessRead)));
        }
    }

    #[test]
    fn a_text_that_names_no_tenant_is_covered_by_nobody_not_even_an_operator() {
        for caller in [covering(&["acme"]), holding(&[("acme", "owner")]), operator()] {
            let scope = tenant_scope(&caller, Operation::ReadTenantUsers, None);
            assert_eq!(scope, refused(Refusal::TenantNotCovered));
        }
    }

    #[test]
    fn the_scope_alone_does_not_help_a_role_without_access() {
        let member = holding(&[("acme", "member")]);
        for operation in Operation::ALL {
            let at = tenant("acme");
            assert_eq!(
                tenant_scope(&member, operation, Some(&at)),
                refused(Refusal::InsufficientRole)
            );
            assert_eq!(account_scope(&member, operation), refused(Refusal::InsufficientRole));
        }
    }

    #[test]
    fn the_role_alone_does_not_help_a_token_without_the_permission() {
        let caller = Actor { permissions: Permissions::default(), ..holding(&[("acme", "owner")]) };
        for operation in Operation::ALL {
            let scope = tenant_scope(&caller, operation, Some(&tenant("acme")));
            assert!(matches!(scope, Err(Denied::Refused(Refusal::MissingPermission(_)))));
        }
    }

    #[test]
    fn a_role_in_one_tenant_gives_nothing_in_another() {
        let caller = holding(&[("acme", "owner"), ("globex", "viewer")]);
        let ask = |operation, at| tenant_scope(&caller, operation, Some(&tenant(at)));
        assert!(ask(Operation::WriteTenantUsers, "acme").is_ok());
        assert_eq!(ask(Operation::WriteTenantUsers, "globex"), refused(Refusal::InsufficientRole));
        assert_eq!(ask(Operation::ReadTenantUsers, "initech"), refused(Refusal::TenantNotCovered));
    }

    #[test]
    fn a_scope_for_seeing_cannot_change_anything() {
        let (caller, target) = (operator(), user("target", Some("acme"), &[("acme", "member")]));
        let reading =
            tenant_scope(&caller, Operation::ReadTenantUsers, Some(&tenant("acme"))).expect("read");
        let refusals = [
            reading.authorize_grant(&role("member")),
            rename(&reading, &target),
            reading.authorize_detach(&target).map(drop),
            viewing(&caller).authorize_change(&target),
            viewing(&caller).authorize_deletion(&target).map(drop),
            viewing(&caller).authorize_password(&target),
            AccountScope::from(&reading).authorize_change(&target),
            AccountScope::from(&writing(&caller, "acme")).authorize_change(&target),
        ];
        for refusal in refusals {
            assert!(
                matches!(refusal, Err(Denied::Refused(Refusal::MissingPermission(_)))),
                "{refusal:?}"
            );
        }
    }

    fn looked_up(within: Option<&str>) -> Bearer {
        Bearer {
            caller: domain::CallerKey::new([0; 32]),
            subject: Some(id("caller")),
            permissions: Permissions::from_iter(Permission::ALL),
            tenants: ClaimedTenants::Memberships { within: within.map(tenant) },
        }
    }

    #[test]
    fn a_membership_token_covers_the_memberships_of_its_subject() {
        let account = user("caller", None, &[("acme", "admin"), ("globex", "viewer")]);
        let roles = [(tenant("acme"), role("admin")), (tenant("globex"), role("viewer"))];
        assert_eq!(looked_up(None).membership_subject(), Some(&id("caller")));
        let actor = looked_up(None).actor(Some(&account));
        assert_eq!(actor.coverage, Coverage::Roles(roles.into()));
    }

    #[test]
    fn an_issuer_of_one_tenant_speaks_for_no_other() {
        let account = user("caller", None, &[("acme", "admin"), ("globex", "owner")]);
        let actor = looked_up(Some("acme")).actor(Some(&account));
        assert_eq!(actor.coverage, Coverage::Roles([(tenant("acme"), role("admin"))].into()));
    }

    #[test]
    fn a_blocked_a_missing_and_a_mistaken_account_act_nowhere() {
        let nowhere = Coverage::Roles([].into());
        let own = user("caller", None, &[("acme", "owner")]);
        let of_another = user("another", None, &[("acme", "owner")]);
        for account in [Some(&blocked(own)), None, Some(&of_another)] {
            let actor = looked_up(None).actor(account);
            assert_eq!(actor.coverage, nowhere);
            assert_eq!(
                account_scope(&actor, Operation::ViewUsers),
                refused(Refusal::InsufficientRole)
            );
            let scope = tenant_scope(&actor, Operation::ReadTenantUsers, Some(&tenant("acme")));
            assert_eq!(scope, refused(Refusal::TenantNotCovered));
        }
    }

    #[test]
    fn only_a_membership_token_needs_its_account_looked_up() {
        let listed = ClaimedTenants::Listed([tenant("acme")].into());
        for tenants in [listed, ClaimedTenants::All] {
            assert_eq!(Bearer { tenants, ..looked_up(None) }.membership_subject(), None);
        }
        assert_eq!(Bearer { subject: None, ..looked_up(None) }.membership_subject(), None);
    }
}

mod r1_isolation {
    use super::*;

    #[test]
    fn a_stranger_cannot_see_the_user() {
        let target = user("target", Some("globex"), &[("globex", "member")]);
        for caller in [covering(&["acme"]), holding(&[("acme", "owner")]), covering(&[])] {
            assert!(!viewing(&caller).can_see(&target));
            assert_eq!(modifying(&caller).authorize_change(&target), Err(Denied::Hidden));
            assert_eq!(modifying(&caller).authorize_password(&target), Err(Denied::Hidden));
        }
        assert_eq!(rename(&writing(&covering(&["acme"]), "acme"), &target), Err(Denied::Hidden));
    }

    #[test]
    fn a_home_that_was_left_sees_nothing() {
        let detached = user("target", Some("acme"), &[("globex", "member")]);
        for caller in [covering(&["acme"]), holding(&[("acme", "owner")])] {
            assert!(!viewing(&caller).can_see(&detached));
            assert!(!writing(&caller, "acme").can_see(&detached));
            assert_eq!(modifying(&caller).authorize_change(&detached), Err(Denied::Hidden));
        }
    }

    #[test]
    fn an_account_that_is_attached_to_nothing_is_seen_by_operators_alone() {
        let loose = user("target", Some("acme"), &[]);
        assert!(!viewing(&covering(&["acme"])).can_see(&loose));
        assert!(viewing(&operator()).can_see(&loose));
        assert_eq!(viewing(&operator()).visible_tenant(&loose), None);
        assert_eq!(rename(&writing(&operator(), "acme"), &loose), Err(Denied::Hidden));
    }

    #[test]
    fn a_user_is_shown_through_its_home_or_else_the_first_covered_tenant_by_name() {
        let target = user(
            "target",
            Some("beta"),
            &[("acme", "member"), ("beta", "member"), ("zeta", "member")],
        );
        let through = |caller: &Actor| viewing(caller).visible_tenant(&target).cloned();
        assert_eq!(through(&covering(&["acme", "beta", "zeta"])), Some(tenant("beta")));
        assert_eq!(through(&operator()), Some(tenant("beta")));
        assert_eq!(through(&covering(&["zeta", "acme"])), Some(tenant("acme")));
        assert_eq!(through(&covering(&["zeta"])), Some(tenant("zeta")));
        assert_eq!(through(&covering(&["other"])), None);
    }

    #[test]
    fn a_user_is_not_shown_through_a_home_that_was_left() {
        let detached = user("target", Some("acme"), &[("globex", "member")]);
        let both = covering(&["acme", "globex"]);
        assert_eq!(viewing(&both).visible_tenant(&detached), Some(&tenant("globex")));
    }

    #[test]
    fn nobody_sees_through_a_tenant_where_their_role_allows_no_look() {
        let caller = holding(&[("acme", "member"), ("globex", "admin")]);
        let target = user("target", Some("acme"), &[("acme", "member")]);
        assert!(!viewing(&caller).can_see(&target));
        assert_eq!(modifying(&caller).authorize_change(&target), Err(Denied::Hidden));
        let of_both = user("target", Some("acme"), &[("acme", "member"), ("globex", "member")]);
        assert_eq!(viewing(&caller).visible_tenant(&of_both), Some(&tenant("globex")));
    }

    #[test]
    fn whoever_may_change_but_not_read_is_told_why_instead_of_a_404() {
        let caller = holding(&[("acme", "writer"), ("globex", "viewer")]);
        let target = user("target", Some("acme"), &[("acme", "member")]);
        assert!(!viewing(&caller).can_see(&target));
        assert_eq!(modifying(&caller).authorize_change(&target), Ok(()));
    }

    #[test]
    fn a_tenant_scope_sees_through_its_own_tenant_alone() {
        let elsewhere = user("target", Some("acme"), &[("globex", "member")]);
        let scope = AccountScope::from(&writing(&operator(), "acme"));
        assert!(!scope.can_see(&elsewhere));
    }
}

mod r2_home_authority {
    use super::*;

    #[test]
    fn a_tenant_that_attached_a_stranger_cannot_take_the_account_over() {
        let attached = user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
        for caller in [covering(&["acme"]), holding(&[("acme", "owner")])] {
            let scope = modifying(&caller);
            assert_eq!(scope.authorize_change(&attached), refused(Refusal::ManagedByAnotherTenant));
            assert_eq!(
                scope.authorize_password(&attached),
                refused(Refusal::ManagedByAnotherTenant)
            );
            assert_eq!(rename(&writing(&caller, "acme"), &attached), Ok(()));
        }
    }

    #[test]
    fn the_home_may_change_an_account_that_others_attached_too() {
        let attached = user("target", Some("globex"), &[("acme", "owner"), ("globex", "member")]);
        for caller in [covering(&["globex"]), holding(&[("globex", "admin")])] {
            assert_eq!(modifying(&caller).authorize_change(&attached), Ok(()));
        }
    }

    #[test]
    fn an_account_without_a_home_belongs_to_operators() {
        let homeless = user("target", None, &[("acme", "member"), ("globex", "member")]);
        for caller in
            [covering(&["acme", "globex"]), holding(&[("acme", "owner"), ("globex", "owner")])]
        {
            let refusal = modifying(&caller).authorize_change(&homeless);
            assert_eq!(refusal, refused(Refusal::ManagedByAnotherTenant));
        }
        assert_eq!(modifying(&operator()).authorize_change(&homeless), Ok(()));
        assert_eq!(modifying(&operator()).authorize_password(&homeless), Ok(()));
    }

    #[test]
    fn the_role_at_home_decides_not_the_one_elsewhere() {
        let target = user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
        let reader_at_home = holding(&[("acme", "owner"), ("globex", "viewer")]);
        let refusal = modifying(&reader_at_home).authorize_change(&target);
        assert_eq!(refusal, refused(Refusal::InsufficientRole));
        let reader_elsewhere = holding(&[("acme", "viewer"), ("globex", "admin")]);
        assert_eq!(modifying(&reader_elsewhere).authorize_change(&target), Ok(()));
    }

    #[test]
    fn another_home_is_told_before_a_role_above() {
        let owner = user("target", Some("globex"), &[("acme", "owner")]);
        let refusal = modifying(&holding(&[("acme", "admin")])).authorize_change(&owner);
        assert_eq!(refusal, refused(Refusal::ManagedByAnotherTenant));
    }

    /// The account's own name, then what it is called in acme and in globex.
    fn names(user: &User) -> [Option<&str>; 3] {
        [user.display_name.as_ref(), user.name_in(&tenant("acme")), user.name_in(&tenant("globex"))]
            .map(|name| name.map(DisplayName::as_str))
    }

    #[test]
    fn a_name_given_by_another_tenant_shows_in_that_tenant_alone() {
        let mut target =
            user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
        target.rename_in(&tenant("globex"), "At Home".parse().expect("a name"));
        target.rename_in(&tenant("acme"), "Guest".parse().expect("a name"));
        assert_eq!(names(&target), [Some("At Home"), Some("Guest"), Some("At Home")]);
    }

    #[test]
    fn a_name_given_by_the_home_is_the_account_s_and_leaves_other_tenants_their_own() {
        let mut target =
            user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
        target.rename_in(&tenant("acme"), "Guest".parse().expect("a name"));
        target.rename_in(&tenant("globex"), "Renamed".parse().expect("a name"));
        assert_eq!(names(&target), [Some("Renamed"), Some("Guest"), Some("Renamed")]);
    }

    #[test]
    fn nobody_but_a_tenant_where_it_is_attached_can_rename_an_account() {
        let mut detached = user("target", Some("acme"), &[("globex", "member")]);
        detached.rename_in(&tenant("acme"), "From Afar".parse().expect("a name"));
        assert_eq!(names(&detached), [None, None, None]);
    }

    #[test]
    fn an_account_without_a_home_keeps_its_name_when_a_tenant_renames_it() {
        let mut homeless = user("target", None, &[("acme", "member"), ("globex", "member")]);
        homeless.rename_in(&tenant("acme"), "Guest".parse().expect("a name"));
        assert_eq!(names(&homeless), [None, Some("Guest"), None]);
    }
}

mod r3_role_ceiling {
    use super::*;

    #[test]
    fn nobody_grants_a_role_above_their_own() {
        let admin = writing(&holding(&[("acme", "admin")]), "acme");
        assert_eq!(admin.authorize_grant(&role("owner")), refused(Refusal::RoleAboveOwn));
        assert_eq!(admin.authorize_grant(&role("admin")), Ok(()));
        assert_eq!(admin.authorize_grant(&role("member")), Ok(()));
    }

    #[test]
    fn nobody_changes_or_removes_a_holder_of_a_role_above_their_own() {
        let admin = writing(&holding(&[("acme", "admin")]), "acme");
        let holder = |held| user("target", Some("acme"), &[("acme", held)]);
        assert_eq!(rename(&admin, &holder("owner")), refused(Refusal::RoleAboveOwn));
        assert_eq!(rename(&admin, &holder("admin")), Ok(()));
        assert_eq!(rename(&admin, &holder("viewer")), Ok(()));
    }

    #[test]
    fn names_password_and_deletion_of_a_holder_of_a_higher_role_are_out_of_reach_too() {
        let owner = user("target", Some("acme"), &[("acme", "owner")]);
        let scope = modifying(&holding(&[("acme", "admin")]));
        assert_eq!(scope.authorize_change(&owner), refused(Refusal::RoleAboveOwn));
        assert_eq!(scope.authorize_password(&owner), refused(Refusal::RoleAboveOwn));
    }

    #[test]
    fn the_ceiling_holds_in_every_tenant_where_the_caller_s_role_is_known() {
        let target = user("target", Some("acme"), &[("acme", "member"), ("globex", "admin")]);
        let low_elsewhere = modifying(&holding(&[("acme", "owner"), ("globex", "member")]));
        assert_eq!(low_elsewhere.authorize_change(&target), refused(Refusal::RoleAboveOwn));
        let unknown_elsewhere = modifying(&holding(&[("acme", "admin")]));
        assert_eq!(unknown_elsewhere.authorize_change(&target), Ok(()));
    }

    #[test]
    fn a_role_in_another_tenant_lifts_no_ceiling_here() {
        let scope = writing(&holding(&[("acme", "admin"), ("globex", "owner")]), "acme");
        assert_eq!(scope.authorize_grant(&role("owner")), refused(Refusal::RoleAboveOwn));
    }

    #[test]
    fn whoever_s_own_role_is_unknown_has_no_ceiling() {
        let owner = user("target", Some("acme"), &[("acme", "owner")]);
        for caller in [covering(&["acme"]), operator()] {
            assert_eq!(writing(&caller, "acme").authorize_grant(&role("owner")), Ok(()));
            assert_eq!(rename(&writing(&caller, "acme"), &owner), Ok(()));
            assert_eq!(modifying(&caller).authorize_change(&owner), Ok(()));
        }
    }

    #[test]
    fn a_hidden_account_stays_hidden_whatever_the_roles() {
        let elsewhere = user("target", Some("globex"), &[("globex", "owner")]);
        let admin = writing(&holding(&[("acme", "admin")]), "acme");
        assert_eq!(rename(&admin, &elsewhere), Err(Denied::Hidden));
    }
}

mod r4_protected_roles {
    use super::*;

    fn first_at_risk<C>(decision: Decision<C>) -> Option<Role> {
        match decision {
            Decision::Authorized(_) => None,
            Decision::Pending(pending) => Some(pending.role_at_risk().role().clone()),
        }
    }

    fn at_stake(user: &User, becomes: Option<&str>) -> Option<Role> {
        let scope = writing(&operator(), "acme");
        if let Some(new) = becomes {
            let change = MembershipChange { role: Some(role(new)), name: None };
            first_at_risk(scope.authorize_change(user, &change).expect("a decision"))
        } else {
            first_at_risk(scope.authorize_detach(user).expect("a decision"))
        }
    }

    fn kept_by(others: &[User]) -> Result<(), LastProtectedRoleHolder> {
        let target = user("target", None, &[("acme", "owner")]);
        let decision = writing(&operator(), "acme").authorize_detach(&target);
        decision.expect("a decision").complete(|_| others).map(drop)
    }

    #[test]
    fn a_protected_role_is_at_stake_when_its_holder_falls_or_goes() {
        let owner = user("target", Some("acme"), &[("acme", "owner")]);
        for becomes in [Some("keeper"), Some("admin"), Some("member"), None] {
            assert_eq!(at_stake(&owner, becomes), Some(role("owner")), "{becomes:?}");
        }
    }

    #[test]
    fn staying_what_one_is_puts_nothing_at_stake() {
        assert_eq!(at_stake(&user("target", None, &[("acme", "owner")]), Some("owner")), None);
    }

    #[test]
    fn rising_is_no_demotion() {
        let keeper = user("target", None, &[("acme", "keeper")]);
        assert_eq!(at_stake(&keeper, Some("owner")), None);
        assert_eq!(at_stake(&keeper, Some("admin")), Some(role("keeper")));
    }

    #[test]
    fn an_unprotected_role_and_another_tenant_put_nothing_at_stake() {
        assert_eq!(at_stake(&user("target", None, &[("acme", "admin")]), None), None);
        let elsewhere = user("target", None, &[("acme", "member"), ("globex", "owner")]);
        assert_eq!(at_stake(&elsewhere, None), None);
    }

    #[test]
    fn a_blocked_holder_counts_for_nothing() {
        let owner = blocked(user("target", None, &[("acme", "owner")]));
        assert_eq!(at_stake(&owner, None), None, "and so may go");
        assert_eq!(kept_by(&[owner]), Err(LastProtectedRoleHolder), "and keeps nothing");
    }

    #[test]
    fn another_holder_in_the_same_tenant_keeps_the_role() {
        let owner = user("other", None, &[("acme", "owner")]);
        assert_eq!(kept_by(&[user("viewer", None, &[("acme", "viewer")]), owner]), Ok(()));
    }

    #[test]
    fn nobody_keeps_the_role_from_another_tenant_or_with_another_role() {
        assert_eq!(kept_by(&[]), Err(LastProtectedRoleHolder));
        for other in [("globex", "owner"), ("acme", "keeper"), ("acme", "admin")] {
            let others = [user("other", None, &[other])];
            assert_eq!(kept_by(&others), Err(LastProtectedRoleHolder), "{other:?}");
        }
    }

    #[test]
    fn every_tenant_is_asked_on_its_own() {
        let both = user("target", Some("acme"), &[("acme", "member"), ("globex", "owner")]);
        assert_eq!(at_stake(&both, None), None);
        let in_globex = writing(&operator(), "globex").authorize_detach(&both);
        assert_eq!(first_at_risk(in_globex.expect("a decision")), Some(role("owner")));
        let deletion = modifying(&operator()).authorize_deletion(&both);
        assert_eq!(first_at_risk(deletion.expect("a decision")), Some(role("owner")));
    }
}

mod r5_own_password {
    use super::*;

    /// A token of the account itself, without any permission.
    fn own_token(account: &User, coverage: Coverage) -> Actor {
        Actor { subject: Some(account.id.clone()), ..actor(&[], coverage) }
    }

    fn admit(caller: &Actor, account: &User) -> Result<(), Denied> {
        own_password_scope(caller, &account.id)?.authorize_password(account)
    }

    #[test]
    fn no_permission_is_needed() {
        let account = user("self", Some("acme"), &[("acme", "member")]);
        let listed = Coverage::Listed([tenant("acme")].into());
        let looked_up = Coverage::Roles([(tenant("acme"), role("member"))].into());
        for coverage in [listed, looked_up, Coverage::All] {
            assert_eq!(admit(&own_token(&account, coverage), &account), Ok(()));
        }
    }

    #[test]
    fn any_covered_tenant_will_do_whatever_the_home() {
        let listed = || Coverage::Listed([tenant("globex")].into());
        for home in [Some("acme"), Some("globex"), None] {
            let account = user("self", home, &[("acme", "member"), ("globex", "member")]);
            assert_eq!(admit(&own_token(&account, listed()), &account), Ok(()), "{home:?}");
        }
        let attached_elsewhere = user("self", Some("globex"), &[("acme", "member")]);
        let caller = own_token(&attached_elsewhere, listed());
        assert_eq!(admit(&caller, &attached_elsewhere), Err(Denied::Hidden));
    }

    #[test]
    fn a_blocked_account_cannot_change_its_password() {
        let account = blocked(user("self", Some("acme"), &[("acme", "owner")]));
        for coverage in [Coverage::Listed([tenant("acme")].into()), Coverage::All] {
            let caller = own_token(&account, coverage);
            assert_eq!(admit(&caller, &account), refused(Refusal::AccountBlocked));
        }
    }

    #[test]
    fn another_s_password_needs_the_permission_and_the_rules() {
        let account = user("self", Some("acme"), &[("acme", "owner")]);
        let stranger = actor(&[], Coverage::All);
        let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
        assert_eq!(admit(&stranger, &account), refused(missing));
        assert_eq!(admit(&covering(&["globex"]), &account), Err(Denied::Hidden));
        let admin = holding(&[("acme", "admin")]);
        assert_eq!(admit(&admin, &account), refused(Refusal::RoleAboveOwn));
        assert_eq!(admit(&operator(), &account), Ok(()));
    }

    #[test]
    fn a_token_without_a_subject_owns_nothing() {
        let account = user("self", Some("acme"), &[("acme", "member")]);
        let anonymous = Actor { subject: None, ..actor(&[], Coverage::All) };
        let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
        assert_eq!(admit(&anonymous, &account), refused(missing));
    }

    #[test]
    fn the_scope_of_the_own_password_is_good_for_nothing_else() {
        let account = user("self", Some("acme"), &[("acme", "member")]);
        let another = user("another", Some("acme"), &[("acme", "member")]);
        let caller = own_token(&account, Coverage::Listed([tenant("acme")].into()));
        let scope = own_password_scope(&caller, &account.id).expect("the own");
        let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
        assert_eq!(scope.authorize_change(&account), refused(missing));
        assert_eq!(scope.authorize_password(&another), refused(missing));
    }
}

mod the_catalogue {
    use super::*;
    use domain::InvalidRoleCatalogue;

    #[test]
    fn the_least_powerful_role_is_the_default_where_none_is_marked() {
        let definitions = ["owner", "member"].map(|name| definition(name, &[], false));
        let catalogue = RoleCatalogue::new(definitions.into()).expect("a catalogue");
        assert_eq!(catalogue.default_role().name().as_str(), "member");
    }

    #[test]
    fn a_marked_role_is_the_default_wherever_it_stands() {
        let marked = RoleDefinition { default: true, ..definition("admin", &[], false) };
        let definitions = vec![marked, definition("member", &[], false)];
        let catalogue = RoleCatalogue::new(definitions).expect("a catalogue");
        assert_eq!(catalogue.default_role().name().as_str(), "admin");
    }

    #[test]
    fn none_two_of_a_name_or_two_defaults_are_no_catalogue() {
        let marked = |name| RoleDefinition { default: true, ..definition(name, &[], false) };
        let name = |text: &str| text.parse().expect("a role's name");
        assert_eq!(RoleCatalogue::new(vec![]), Err(InvalidRoleCatalogue::Empty));
        assert_eq!(
            RoleCatalogue::new(vec![definition("a", &[], true), definition("a", &[], false)]),
            Err(InvalidRoleCatalogue::Duplicate(name("a")))
        );
        assert_eq!(
            RoleCatalogue::new(vec![marked("a"), marked("b")]),
            Err(InvalidRoleCatalogue::TwoDefaults(name("a"), name("b")))
        );
    }

    #[test]
    fn a_role_of_another_catalogue_outranks_every_role() {
        let define = |name: &str| RoleDefinition {
            name: name.parse().unwrap(),
            access: [].into(),
            protected: false,
            default: false,
        };
        let catalogue = |names: &[&str]| {
            RoleCatalogue::new(names.iter().map(|name| define(name)).collect()).unwrap()
        };
        let before = catalogue(&["owner", "admin", "member"]);
        let after = catalogue(&["root", "owner", "admin", "member"]);
        for old in before.roles() {
            for new in after.roles() {
                assert!(old.outranks(new) && new.outranks(old), "{old:?} and {new:?}");
            }
        }
        // The same roles are the same catalogue, whoever has read them.
        let again = catalogue(&["owner", "admin", "member"]);
        let [owner, admin] = ["owner", "admin"].map(|name| again.resolve(name).unwrap());
        assert!(before.resolve("owner").unwrap().outranks(admin));
        assert!(!before.resolve("admin").unwrap().outranks(owner));
        assert!(!before.resolve("admin").unwrap().outranks(admin));
    }

    #[test]
    fn a_role_outranks_those_below_it_and_never_itself() {
        assert!(role("owner").outranks(&role("admin")));
        assert!(!role("admin").outranks(&role("owner")));
        assert!(!role("owner").outranks(&role("owner")));
    }

    #[test]
    fn a_name_outside_the_catalogue_or_in_another_case_is_no_role() {
        let definitions = vec![definition("owner", READ_WRITE, true)];
        let catalogue = RoleCatalogue::new(definitions).expect("a catalogue");
        for name in ["Owner", "OWNER", "owner ", "root", ""] {
            assert!(catalogue.resolve(name).is_none(), "{name:?}");
        }
        assert!(catalogue.resolve("owner").is_some());
    }
}
