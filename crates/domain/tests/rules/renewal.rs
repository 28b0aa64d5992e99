//! Renewing a scope: a caller who has lost its role since the scope was made may do nothing.

use super::*;
use domain::policy::own_account_scope;
use domain::{Attachment, Membership};

fn looked_up(account: &User, within: Option<&str>) -> Actor {
    let bearer = Bearer {
        caller: domain::CallerKey::new([0; 32]),
        issuer: "https://issuer.example.com".to_owned(),
        subject: Some(account.id.clone()),
        subject_kind: SubjectKind::Accounts,
        permissions: Permissions::from_iter(Permission::ALL),
        tenants: ClaimedTenants::Memberships { within: within.map(tenant) },
    };
    bearer.actor(Some(account), &context())
}

fn edited(account: &User, edit: impl FnOnce(&mut Membership)) -> User {
    let mut account = account.clone();
    edit(account.memberships.get_mut(&tenant("acme")).expect("a member"));
    account
}

/// Returns what a caller may have become since the scope was made, of an administrator of acme.
fn losses(admin: &User) -> Vec<(&'static str, Option<User>)> {
    let pending = edited(admin, |membership| {
        membership.attachment = Some(Box::new(Attachment {
            id: "m1".parse().expect("an id"),
            since: context().now,
            email: "caller@example.com".parse().expect("an address"),
        }));
    });
    let removed = User { memberships: [].into(), ..admin.clone() };
    let ended = edited(admin, |membership| membership.expires_at = Some(context().now));
    vec![
        ("deleted", None),
        ("another account", Some(user("another", None, &[("acme", "admin")]))),
        ("removed", Some(removed)),
        ("demoted", Some(user("caller", None, &[("acme", "member")]))),
        ("blocked", Some(blocked(admin.clone()))),
        ("suspended", Some(edited(admin, |membership| membership.suspended = true))),
        ("expired", Some(ended)),
        ("pending", Some(pending)),
    ]
}

#[test]
fn caller_without_its_role_renews_no_scope() {
    let admin = user("caller", None, &[("acme", "admin")]);
    let actor = looked_up(&admin, None);
    let (tenant_scope, account_scope) = (writing(&actor, "acme"), modifying(&actor));
    assert_eq!(tenant_scope.caller_account(), Some(&admin.id));
    assert_eq!(account_scope.caller_account(), Some(&admin.id));
    let now = context().now;
    assert_eq!(tenant_scope.renew(Some(&admin), now), Ok(tenant_scope.clone()));
    assert_eq!(account_scope.renew(Some(&admin), now), Ok(account_scope.clone()));
    for (what, account) in losses(&admin) {
        assert!(tenant_scope.renew(account.as_ref(), now).is_err(), "{what}");
        assert!(account_scope.renew(account.as_ref(), now).is_err(), "{what}");
        let viewing = viewing(&actor).renew(account.as_ref(), now);
        assert_eq!(viewing, refused(Refusal::InsufficientRole), "{what}");
    }
}

#[test]
fn renewed_scope_has_the_present_role_and_moment() {
    let admin = user("caller", None, &[("acme", "admin")]);
    let scope = writing(&looked_up(&admin, None), "acme");
    let later = context().now.plus_millis(1000);
    let keeper = user("caller", None, &[("acme", "keeper")]);
    let renewed = scope.renew(Some(&keeper), later).expect("a scope");
    assert_eq!(renewed.context().now, later);
    assert_eq!(scope.authorize_grant(&role("keeper")), refused(Refusal::RoleAboveOwn));
    assert_eq!(renewed.authorize_grant(&role("keeper")), Ok(()));
    let writer = user("caller", None, &[("acme", "writer")]);
    let renewed = renewed.renew(Some(&writer), later).expect("a scope");
    assert_eq!(renewed.authorize_grant(&role("admin")), refused(Refusal::RoleAboveOwn));
}

#[test]
fn renewal_reads_no_tenant_beyond_the_issuers() {
    let account = user("caller", None, &[("acme", "admin"), ("globex", "owner")]);
    let scope = modifying(&looked_up(&account, Some("acme")));
    let target = user("target", Some("globex"), &[("globex", "member")]);
    let renewed = scope.renew(Some(&account), context().now).expect("a scope");
    assert_eq!(renewed.authorize_change(&target), Err(Denied::Hidden));
}

#[test]
fn renewed_expiry_counts_from_the_later_moment() {
    let admin = user("caller", None, &[("acme", "admin")]);
    let ending = edited(&admin, |membership| {
        membership.expires_at = Some(context().now.plus_millis(1000));
    });
    let scope = writing(&looked_up(&ending, None), "acme");
    assert!(scope.renew(Some(&ending), context().now.plus_millis(999)).is_ok());
    let late = scope.renew(Some(&ending), context().now.plus_millis(1000));
    assert_eq!(late, refused(Refusal::TenantNotCovered));
}

#[test]
fn scopes_of_tokens_with_tenants_depend_on_no_account() {
    let now = context().now;
    for caller in [covering(&["acme"]), operator(), holding(&[("acme", "admin")])] {
        let (tenant_scope, account_scope) = (writing(&caller, "acme"), modifying(&caller));
        assert_eq!((tenant_scope.caller_account(), account_scope.caller_account()), (None, None));
        assert_eq!(tenant_scope.renew(None, now), Ok(tenant_scope.clone()));
        assert_eq!(account_scope.renew(None, now), Ok(account_scope.clone()));
    }
}

#[test]
fn own_account_scope_stays_without_a_role() {
    let member = user("caller", None, &[("acme", "admin")]);
    let own = own_account_scope(&looked_up(&member, None), &context()).expect("a scope");
    let removed = User { memberships: [].into(), ..member.clone() };
    let renewed = own.renew(Some(&removed), context().now).expect("a scope");
    assert!(renewed.owns(&removed));
    assert_eq!(renewed.authorize_password(&removed), Ok(()));
}
