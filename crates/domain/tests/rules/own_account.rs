//! R5: which accounts are a caller's own, what it may know of them, and how it leaves tenants.

use super::*;
use domain::Standing;
use domain::policy::{leave_scope, own_account_scope};

const KINDS: [SubjectKind; 3] = [SubjectKind::Accounts, SubjectKind::Home, SubjectKind::External];

fn caller(kind: SubjectKind, permissions: &[Permission], tenants: &[&str]) -> Actor {
    let coverage = Coverage::Listed(tenants.iter().map(|name| tenant(name)).collect());
    actor(permissions, coverage).with_subject(id("self"), kind)
}

#[test]
fn own_password_follows_subject_coverage_and_permission() {
    use SubjectKind::{Accounts, External, Home};
    let account = user("self", Some("acme"), &[("acme", "member"), ("globex", "member")]);
    let other = user("other", Some("acme"), &[("acme", "member"), ("globex", "member")]);
    let missing = || refused(Refusal::MissingPermission(Permission::ModifyUsersAndGroups));
    let foreign = || refused(Refusal::ManagedByAnotherTenant);
    let hidden = || Err(Denied::Hidden);
    // For each kind and tenant of the token: the own account with and without MODIFY, and another
    // account with and without it.
    let table = [
        (Accounts, "acme", [Ok(()), Ok(()), Ok(()), missing()]),
        (Accounts, "globex", [Ok(()), Ok(()), foreign(), missing()]),
        (Accounts, "initech", [Ok(()), Ok(()), hidden(), missing()]),
        (Home, "acme", [Ok(()), Ok(()), Ok(()), missing()]),
        (Home, "globex", [foreign(), hidden(), foreign(), missing()]),
        (Home, "initech", [hidden(), hidden(), hidden(), missing()]),
        (External, "acme", [Ok(()), missing(), Ok(()), missing()]),
        (External, "globex", [foreign(), missing(), foreign(), missing()]),
        (External, "initech", [hidden(), missing(), hidden(), missing()]),
    ];
    for (kind, covered, expected) in table {
        let ask = |account: &User, permissions: &[Permission]| {
            let caller = caller(kind, permissions, &[covered]);
            own_password_scope(&caller, &account.id, &context())?.authorize_password(account)
        };
        let verdicts = [
            ask(&account, &Permission::ALL),
            ask(&account, &[]),
            ask(&other, &Permission::ALL),
            ask(&other, &[]),
        ];
        assert_eq!(verdicts, expected, "{kind:?} of {covered}");
    }
}

#[test]
fn home_subject_must_be_at_home_and_attached_in_a_covered_tenant() {
    let owns = |home: Option<&str>, attached: &[(&str, &str)], tenants: &[&str]| {
        let scope = own_account_scope(&caller(SubjectKind::Home, &[], tenants), &context());
        scope.expect("a scope").owns(&user("self", home, attached))
    };
    assert!(owns(Some("acme"), &[("acme", "member")], &["acme"]));
    assert!(owns(Some("acme"), &[("acme", "member")], &["acme", "globex"]));
    assert!(!owns(Some("acme"), &[("acme", "member")], &["globex"]));
    assert!(!owns(Some("acme"), &[("globex", "member")], &["acme", "globex"]));
    assert!(!owns(Some("acme"), &[], &["acme"]));
    assert!(!owns(None, &[("acme", "member")], &["acme"]));
    // A token of operators names no tenant.
    let operator = actor(&[], Coverage::All).with_subject(id("self"), SubjectKind::Home);
    let scope = own_account_scope(&operator, &context()).expect("a scope");
    assert!(!scope.owns(&user("self", Some("acme"), &[("acme", "member")])));
}

#[test]
fn external_or_missing_subject_is_no_account() {
    let external = caller(SubjectKind::External, &Permission::ALL, &["acme"]);
    let mut without = caller(SubjectKind::Accounts, &Permission::ALL, &["acme"]);
    without.subject = None;
    for caller in [external, without] {
        let scope = own_account_scope(&caller, &context());
        assert_eq!(scope, refused(Refusal::SubjectNotAnAccount));
    }
}

#[test]
fn own_memberships_follow_the_kind_of_subject() {
    let account = user("self", Some("acme"), &[("acme", "owner"), ("globex", "member")]);
    let shown = |kind, tenants: &[&str], account: &User| {
        let scope = own_account_scope(&caller(kind, &[], tenants), &context()).expect("a scope");
        let shown = scope.own_memberships(account).map(|(tenant, standing)| {
            assert_eq!(standing, Standing::Active);
            tenant.as_str().to_owned()
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(shown(SubjectKind::Accounts, &[], &account), ["acme", "globex"]);
    assert_eq!(shown(SubjectKind::Home, &["acme"], &account), ["acme"]);
    assert_eq!(shown(SubjectKind::Home, &["acme", "globex"], &account), ["acme", "globex"]);
    assert!(shown(SubjectKind::Home, &["globex"], &account).is_empty());
    let other = user("other", Some("acme"), &[("acme", "owner")]);
    for kind in [SubjectKind::Accounts, SubjectKind::Home] {
        assert!(shown(kind, &["acme"], &other).is_empty());
    }
}

#[test]
fn leaving_needs_the_own_account_and_a_membership() {
    let account = user("self", Some("acme"), &[("acme", "owner"), ("globex", "member")]);
    let leave = |kind, tenants: &[&str], account: &User, at: &str| {
        let scope = own_account_scope(&caller(kind, &[], tenants), &context()).expect("a scope");
        leave_scope(&scope, account, &tenant(at)).map(drop)
    };
    for at in ["acme", "globex"] {
        assert_eq!(leave(SubjectKind::Accounts, &[], &account, at), Ok(()));
    }
    assert_eq!(leave(SubjectKind::Accounts, &[], &account, "initech"), Err(Denied::Hidden));
    assert_eq!(leave(SubjectKind::Home, &["acme"], &account, "globex"), Err(Denied::Hidden));
    let not_own = refused(Refusal::SubjectNotAnAccount);
    assert_eq!(leave(SubjectKind::Home, &["globex"], &account, "globex"), not_own);
    let other = user("other", Some("acme"), &[("acme", "owner")]);
    assert_eq!(leave(SubjectKind::Accounts, &["acme"], &other, "acme"), not_own);
}

#[test]
fn leave_scope_ends_that_membership_only() {
    let account = user("self", Some("acme"), &[("acme", "member"), ("globex", "member")]);
    let own = own_account_scope(&caller(SubjectKind::Accounts, &[], &[]), &context());
    let scope = leave_scope(&own.expect("a scope"), &account, &tenant("globex"));
    let scope = scope.expect("a scope");
    assert!(scope.authorize_detach(&account).is_ok());
    assert_eq!(scope.tenant(), &tenant("globex"));
    let other = user("other", Some("acme"), &[("globex", "member")]);
    assert_eq!(scope.authorize_detach(&other).map(drop), Err(Denied::Hidden));
    let left = user("self", Some("acme"), &[("acme", "member")]);
    assert_eq!(scope.authorize_detach(&left).map(drop), Err(Denied::Hidden));
    let blocked = scope.authorize_detach(&blocked(account.clone())).map(drop);
    assert_eq!(blocked, refused(Refusal::AccountBlocked));
    for refusal in [
        scope.authorize_grant(&role("member")),
        rename(&scope, &account),
        scope.authorize_invitation(&account),
    ] {
        assert!(matches!(refusal, Err(Denied::Refused(Refusal::MissingPermission(_)))));
    }
    assert_eq!(scope.authorize_release(), refused(Refusal::OperatorsOnly));
    // The last owner stays.
    let owner = user("self", Some("acme"), &[("globex", "owner")]);
    let decision = scope.authorize_detach(&owner).expect("a decision");
    let last = LastProtectedRoleHolder { tenant: tenant("globex") };
    assert_eq!(decision.complete(|_| []), Err(last));
}

#[test]
fn own_account_is_seen_whole_and_changed_by_password_only() {
    let account = user("self", Some("acme"), &[("globex", "member")]);
    for kind in KINDS {
        let Ok(scope) = own_account_scope(&caller(kind, &[], &[]), &context()) else { continue };
        let is_own = kind == SubjectKind::Accounts;
        assert_eq!(scope.can_see(&account), is_own, "{kind:?}");
        assert_eq!(scope.view(&account).is_some(), is_own, "{kind:?}");
        assert!(scope.authorize_change(&account).is_err());
        assert!(scope.authorize_deletion(&account).is_err());
        assert!(scope.authorize_operator(&account).is_err());
    }
}
