//! R4: a tenant keeps a holder of each protected role.

use super::*;

fn first_at_risk<C>(decision: Decision<C>) -> Option<Role> {
    match decision {
        Decision::Authorized(_) => None,
        Decision::Pending(pending) => Some(pending.role_at_risk().role().clone()),
    }
}

fn role_at_risk(user: &User, becomes: Option<&str>) -> Option<Role> {
    let scope = writing(&operator(), "acme");
    if let Some(new) = becomes {
        let change = MembershipChange { role: Some(role(new)), name: None };
        first_at_risk(scope.authorize_change(user, &change).expect("a decision"))
    } else {
        first_at_risk(scope.authorize_detach(user).expect("a decision"))
    }
}

fn removal_with(others: &[User]) -> Result<(), LastProtectedRoleHolder> {
    let target = user("target", None, &[("acme", "owner")]);
    let decision = writing(&operator(), "acme").authorize_detach(&target);
    decision.expect("a decision").complete(|_| others).map(drop)
}

#[test]
fn demotion_or_detachment_puts_protected_role_at_risk() {
    let owner = user("target", Some("acme"), &[("acme", "owner")]);
    for becomes in [Some("keeper"), Some("admin"), Some("member"), None] {
        assert_eq!(role_at_risk(&owner, becomes), Some(role("owner")), "{becomes:?}");
    }
}

#[test]
fn setting_the_same_role_puts_nothing_at_risk() {
    assert_eq!(role_at_risk(&user("target", None, &[("acme", "owner")]), Some("owner")), None);
}

#[test]
fn promotion_puts_nothing_at_risk() {
    let keeper = user("target", None, &[("acme", "keeper")]);
    assert_eq!(role_at_risk(&keeper, Some("owner")), None);
    assert_eq!(role_at_risk(&keeper, Some("admin")), Some(role("keeper")));
}

#[test]
fn unprotected_or_foreign_role_is_not_at_risk() {
    assert_eq!(role_at_risk(&user("target", None, &[("acme", "admin")]), None), None);
    let elsewhere = user("target", None, &[("acme", "member"), ("globex", "owner")]);
    assert_eq!(role_at_risk(&elsewhere, None), None);
}

#[test]
fn blocked_holder_does_not_count() {
    let owner = blocked(user("target", None, &[("acme", "owner")]));
    assert_eq!(role_at_risk(&owner, None), None, "and so may go");
    assert_eq!(
        removal_with(&[owner]),
        Err(LastProtectedRoleHolder { tenant: tenant("acme") }),
        "and keeps nothing"
    );
}

#[test]
fn other_holder_in_same_tenant_is_enough() {
    let owner = user("other", None, &[("acme", "owner")]);
    assert_eq!(removal_with(&[user("viewer", None, &[("acme", "viewer")]), owner]), Ok(()));
}

#[test]
fn other_tenant_or_role_is_no_holder() {
    assert_eq!(removal_with(&[]), Err(LastProtectedRoleHolder { tenant: tenant("acme") }));
    for other in [("globex", "owner"), ("acme", "keeper"), ("acme", "admin")] {
        let others = [user("other", None, &[other])];
        assert_eq!(
            removal_with(&others),
            Err(LastProtectedRoleHolder { tenant: tenant("acme") }),
            "{other:?}"
        );
    }
}

#[test]
fn protected_roles_are_checked_per_tenant() {
    let both = user("target", Some("acme"), &[("acme", "member"), ("globex", "owner")]);
    assert_eq!(role_at_risk(&both, None), None);
    let in_globex = writing(&operator(), "globex").authorize_detach(&both);
    assert_eq!(first_at_risk(in_globex.expect("a decision")), Some(role("owner")));
    let deletion = modifying(&operator()).authorize_deletion(&both);
    assert_eq!(first_at_risk(deletion.expect("a decision")), Some(role("owner")));
}
