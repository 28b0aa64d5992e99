//! R3: no role above the caller's own is granted, changed or removed.

use super::*;

#[test]
fn role_above_own_cannot_be_granted() {
    let admin = writing(&holding(&[("acme", "admin")]), "acme");
    assert_eq!(admin.authorize_grant(&role("owner")), refused(Refusal::RoleAboveOwn));
    assert_eq!(admin.authorize_grant(&role("admin")), Ok(()));
    assert_eq!(admin.authorize_grant(&role("member")), Ok(()));
}

#[test]
fn holder_of_higher_role_cannot_be_changed() {
    let admin = writing(&holding(&[("acme", "admin")]), "acme");
    let holder = |held| user("target", Some("acme"), &[("acme", held)]);
    assert_eq!(rename(&admin, &holder("owner")), refused(Refusal::RoleAboveOwn));
    assert_eq!(rename(&admin, &holder("admin")), Ok(()));
    assert_eq!(rename(&admin, &holder("viewer")), Ok(()));
}

#[test]
fn account_of_higher_role_holder_cannot_be_changed() {
    let owner = user("target", Some("acme"), &[("acme", "owner")]);
    let scope = modifying(&holding(&[("acme", "admin")]));
    assert_eq!(scope.authorize_change(&owner), refused(Refusal::RoleAboveOwn));
    assert_eq!(scope.authorize_password(&owner), refused(Refusal::RoleAboveOwn));
}

#[test]
fn role_ceiling_applies_in_every_tenant_of_the_caller() {
    let target = user("target", Some("acme"), &[("acme", "member"), ("globex", "admin")]);
    let low_elsewhere = modifying(&holding(&[("acme", "owner"), ("globex", "member")]));
    assert_eq!(low_elsewhere.authorize_change(&target), refused(Refusal::RoleAboveOwn));
    let unknown_elsewhere = modifying(&holding(&[("acme", "admin")]));
    assert_eq!(unknown_elsewhere.authorize_change(&target), Ok(()));
}

#[test]
fn role_in_another_tenant_does_not_raise_ceiling() {
    let scope = writing(&holding(&[("acme", "admin"), ("globex", "owner")]), "acme");
    assert_eq!(scope.authorize_grant(&role("owner")), refused(Refusal::RoleAboveOwn));
}

#[test]
fn caller_without_known_role_has_no_ceiling() {
    let owner = user("target", Some("acme"), &[("acme", "owner")]);
    for caller in [covering(&["acme"]), operator()] {
        assert_eq!(writing(&caller, "acme").authorize_grant(&role("owner")), Ok(()));
        assert_eq!(rename(&writing(&caller, "acme"), &owner), Ok(()));
        assert_eq!(modifying(&caller).authorize_change(&owner), Ok(()));
    }
}

#[test]
fn hidden_account_precedes_role_ceiling() {
    let elsewhere = user("target", Some("globex"), &[("globex", "owner")]);
    let admin = writing(&holding(&[("acme", "admin")]), "acme");
    assert_eq!(rename(&admin, &elsewhere), Err(Denied::Hidden));
}
