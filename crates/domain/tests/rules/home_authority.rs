//! R2: only the home tenant changes the account's own data.

use super::*;

#[test]
fn attaching_tenant_cannot_take_over_account() {
    let attached = user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
    for caller in [covering(&["acme"]), holding(&[("acme", "owner")])] {
        let scope = modifying(&caller);
        assert_eq!(scope.authorize_change(&attached), refused(Refusal::ManagedByAnotherTenant));
        assert_eq!(scope.authorize_password(&attached), refused(Refusal::ManagedByAnotherTenant));
        assert_eq!(rename(&writing(&caller, "acme"), &attached), Ok(()));
    }
}

#[test]
fn home_may_change_account_attached_elsewhere() {
    let attached = user("target", Some("globex"), &[("acme", "owner"), ("globex", "member")]);
    for caller in [covering(&["globex"]), holding(&[("globex", "admin")])] {
        assert_eq!(modifying(&caller).authorize_change(&attached), Ok(()));
    }
}

#[test]
fn account_without_home_is_managed_by_operators() {
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
fn role_in_home_tenant_decides_account_changes() {
    let target = user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
    let reader_at_home = holding(&[("acme", "owner"), ("globex", "viewer")]);
    let refusal = modifying(&reader_at_home).authorize_change(&target);
    assert_eq!(refusal, refused(Refusal::InsufficientRole));
    let reader_elsewhere = holding(&[("acme", "viewer"), ("globex", "admin")]);
    assert_eq!(modifying(&reader_elsewhere).authorize_change(&target), Ok(()));
}

#[test]
fn foreign_home_precedes_role_ceiling() {
    let owner = user("target", Some("globex"), &[("acme", "owner")]);
    let refusal = modifying(&holding(&[("acme", "admin")])).authorize_change(&owner);
    assert_eq!(refusal, refused(Refusal::ManagedByAnotherTenant));
}

/// Returns the account's own name, and its names in acme and in globex.
fn names(user: &User) -> [Option<&str>; 3] {
    [user.display_name.as_ref(), user.name_in(&tenant("acme")), user.name_in(&tenant("globex"))]
        .map(|name| name.map(DisplayName::as_str))
}

#[test]
fn rename_by_foreign_tenant_stays_in_that_tenant() {
    let mut target = user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
    target.rename_in(&tenant("globex"), "At Home".parse().expect("a name"));
    target.rename_in(&tenant("acme"), "Guest".parse().expect("a name"));
    assert_eq!(names(&target), [Some("At Home"), Some("Guest"), Some("At Home")]);
}

#[test]
fn rename_by_home_keeps_names_in_other_tenants() {
    let mut target = user("target", Some("globex"), &[("acme", "member"), ("globex", "member")]);
    target.rename_in(&tenant("acme"), "Guest".parse().expect("a name"));
    target.rename_in(&tenant("globex"), "Renamed".parse().expect("a name"));
    assert_eq!(names(&target), [Some("Renamed"), Some("Guest"), Some("Renamed")]);
}

#[test]
fn rename_without_membership_changes_nothing() {
    let mut detached = user("target", Some("acme"), &[("globex", "member")]);
    detached.rename_in(&tenant("acme"), "From Afar".parse().expect("a name"));
    assert_eq!(names(&detached), [None, None, None]);
}

#[test]
fn rename_of_account_without_home_changes_membership_only() {
    let mut homeless = user("target", None, &[("acme", "member"), ("globex", "member")]);
    homeless.rename_in(&tenant("acme"), "Guest".parse().expect("a name"));
    assert_eq!(names(&homeless), [None, Some("Guest"), None]);
}
