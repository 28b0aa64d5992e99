//! Permission, tenant and the caller's own role, which are checked before the user.

use super::*;

#[test]
fn write_does_not_imply_read_in_contract_a() {
    let writer = actor(&[Permission::TenantAccessWrite], Coverage::All);
    let scope =
        tenant_scope(&writer, Operation::ReadTenantUsers, Some(&tenant("acme")), &context());
    assert_eq!(scope, refused(Refusal::MissingPermission(Permission::TenantAccessRead)));
}

#[test]
fn modify_implies_view_in_contract_b() {
    let modifier = actor(&[Permission::ModifyUsersAndGroups], Coverage::All);
    assert!(account_scope(&modifier, Operation::ViewUsers, &context()).is_ok());
    assert!(
        tenant_scope(&modifier, Operation::ViewUsers, Some(&tenant("acme")), &context()).is_ok()
    );
}

#[test]
fn permissions_do_not_cross_contracts() {
    let a = actor(&[Permission::TenantAccessRead, Permission::TenantAccessWrite], Coverage::All);
    let b =
        actor(&[Permission::ViewUsersAndGroups, Permission::ModifyUsersAndGroups], Coverage::All);
    for (caller, needs) in [
        (a, [Operation::ViewUsers, Operation::ModifyUsers]),
        (b, [Operation::ReadTenantUsers, Operation::WriteTenantUsers]),
    ] {
        for operation in needs {
            assert!(
                tenant_scope(&caller, operation, Some(&tenant("acme")), &context()).is_err(),
                "{operation:?}"
            );
            assert!(account_scope(&caller, operation, &context()).is_err(), "{operation:?}");
        }
    }
}

#[test]
fn permission_names_match_exactly() {
    let names = ["TENANT.ACCESS:READ", "tenant.access:read ", "tenant.access", "*", ""];
    assert_eq!(Permissions::from_names(names), Permissions::default());
    for permission in Permission::ALL {
        let held = Permissions::from_names([permission.as_str()]);
        let all = Permission::ALL.into_iter().filter(|one| held.has(*one));
        assert_eq!(all.collect::<Vec<_>>(), [permission]);
    }
}

#[test]
fn missing_permission_precedes_uncovered_tenant() {
    let caller = actor(&[], Coverage::Listed([tenant("acme")].into()));
    for at in [Some(&tenant("globex")), None] {
        let scope = tenant_scope(&caller, Operation::ReadTenantUsers, at, &context());
        assert_eq!(scope, refused(Refusal::MissingPermission(Permission::TenantAccessRead)));
    }
}

#[test]
fn invalid_tenant_is_covered_by_no_caller() {
    for caller in [covering(&["acme"]), holding(&[("acme", "owner")]), operator()] {
        let scope = tenant_scope(&caller, Operation::ReadTenantUsers, None, &context());
        assert_eq!(scope, refused(Refusal::TenantNotCovered));
    }
}

#[test]
fn permission_without_role_access_is_refused() {
    let member = holding(&[("acme", "member")]);
    for operation in Operation::ALL {
        let at = tenant("acme");
        assert_eq!(
            tenant_scope(&member, operation, Some(&at), &context()),
            refused(Refusal::InsufficientRole)
        );
        assert_eq!(
            account_scope(&member, operation, &context()),
            refused(Refusal::InsufficientRole)
        );
    }
}

#[test]
fn role_access_without_permission_is_refused() {
    let caller = holding(&[("acme", "owner")]).with_permissions(Permissions::default());
    for operation in Operation::ALL {
        let scope = tenant_scope(&caller, operation, Some(&tenant("acme")), &context());
        assert!(matches!(scope, Err(Denied::Refused(Refusal::MissingPermission(_)))));
    }
}

#[test]
fn role_gives_no_access_to_another_tenant() {
    let caller = holding(&[("acme", "owner"), ("globex", "viewer")]);
    let ask = |operation, at| tenant_scope(&caller, operation, Some(&tenant(at)), &context());
    assert!(ask(Operation::WriteTenantUsers, "acme").is_ok());
    assert_eq!(ask(Operation::WriteTenantUsers, "globex"), refused(Refusal::InsufficientRole));
    assert_eq!(ask(Operation::ReadTenantUsers, "initech"), refused(Refusal::TenantNotCovered));
}

#[test]
fn read_scope_authorizes_no_change() {
    let (caller, target) = (operator(), user("target", Some("acme"), &[("acme", "member")]));
    let reading =
        tenant_scope(&caller, Operation::ReadTenantUsers, Some(&tenant("acme")), &context())
            .expect("read");
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
        issuer: "https://issuer.example.com".to_owned(),
        subject: Some(id("caller")),
        subject_kind: SubjectKind::Accounts,
        permissions: Permissions::from_iter(Permission::ALL),
        tenants: ClaimedTenants::Memberships { within: within.map(tenant) },
    }
}

#[test]
fn membership_token_covers_memberships_of_its_subject() {
    let account = user("caller", None, &[("acme", "admin"), ("globex", "viewer")]);
    let roles = [(tenant("acme"), role("admin")), (tenant("globex"), role("viewer"))];
    assert_eq!(looked_up(None).membership_subject(), Some(&id("caller")));
    let actor = looked_up(None).actor(Some(&account), &context());
    assert_eq!(actor.coverage, Coverage::Roles(roles.into()));
}

#[test]
fn issuer_of_one_tenant_covers_no_other() {
    let account = user("caller", None, &[("acme", "admin"), ("globex", "owner")]);
    let actor = looked_up(Some("acme")).actor(Some(&account), &context());
    assert_eq!(actor.coverage, Coverage::Roles([(tenant("acme"), role("admin"))].into()));
}

#[test]
fn blocked_missing_or_wrong_account_covers_no_tenant() {
    let nowhere = Coverage::Roles([].into());
    let own = user("caller", None, &[("acme", "owner")]);
    let of_another = user("another", None, &[("acme", "owner")]);
    for account in [Some(&blocked(own)), None, Some(&of_another)] {
        let actor = looked_up(None).actor(account, &context());
        assert_eq!(actor.coverage, nowhere);
        assert_eq!(
            account_scope(&actor, Operation::ViewUsers, &context()),
            refused(Refusal::InsufficientRole)
        );
        let scope =
            tenant_scope(&actor, Operation::ReadTenantUsers, Some(&tenant("acme")), &context());
        assert_eq!(scope, refused(Refusal::TenantNotCovered));
    }
}

#[test]
fn only_membership_tokens_have_a_membership_subject() {
    let listed = ClaimedTenants::Listed([tenant("acme")].into());
    for tenants in [listed, ClaimedTenants::All] {
        assert_eq!(Bearer { tenants, ..looked_up(None) }.membership_subject(), None);
    }
    assert_eq!(Bearer { subject: None, ..looked_up(None) }.membership_subject(), None);
}
