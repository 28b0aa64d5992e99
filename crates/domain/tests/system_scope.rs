//! The scope that bypasses the policy: it sees every account, and changes none.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

use domain::policy::{account_scope, own_password_scope, tenant_scope};
use domain::{
    AccountScope, Actor, Denied, Operation, PolicyContext, Refusal, TenantId, Timestamp, User,
    UserId,
};

#[test]
fn only_a_system_scope_has_a_bypass_reason() {
    assert_eq!(AccountScope::system("to test").bypass_reason(), Some("to test"));
    let tenant: TenantId = "acme".parse().unwrap();
    let actor = Actor::operator();
    let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
    let id: UserId = "auth0|known".parse().unwrap();
    for operation in Operation::ALL {
        let scope = tenant_scope(&actor, operation, Some(&tenant), &context).unwrap();
        assert_eq!(AccountScope::from(&scope).bypass_reason(), None);
        assert_eq!(account_scope(&actor, operation, &context).unwrap().bypass_reason(), None);
    }
    let own = own_password_scope(&actor, &id, &context).unwrap();
    assert_eq!(own.bypass_reason(), None);
}

#[test]
fn system_scope_sees_every_account_and_changes_none() {
    let email = "ada@example.com".parse().unwrap();
    let user = User::builder("auth0|ada".parse().unwrap(), email).build();
    let scope = AccountScope::system("to test");
    assert!(scope.can_see(&user));
    let refusals = [
        scope.authorize_change(&user),
        scope.authorize_password(&user),
        scope.authorize_deletion(&user).map(drop),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(Denied::Refused(Refusal::MissingPermission(_)))),
            "{refusal:?}"
        );
    }
}
