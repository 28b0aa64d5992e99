//! R5: users change their own password without a permission.

use super::*;

/// Returns the account itself as an actor, without any permission.
fn own_token(account: &User, coverage: Coverage) -> Actor {
    actor(&[], coverage).with_subject(account.id.clone(), SubjectKind::Accounts)
}

fn authorize(caller: &Actor, account: &User) -> Result<(), Denied> {
    own_password_scope(caller, &account.id, &context())?.authorize_password(account)
}

#[test]
fn own_password_needs_no_permission() {
    let account = user("self", Some("acme"), &[("acme", "member")]);
    let listed = Coverage::Listed([tenant("acme")].into());
    let looked_up = Coverage::Roles([(tenant("acme"), role("member"))].into());
    for coverage in [listed, looked_up, Coverage::All] {
        assert_eq!(authorize(&own_token(&account, coverage), &account), Ok(()));
    }
}

#[test]
fn blocked_account_cannot_change_own_password() {
    let account = blocked(user("self", Some("acme"), &[("acme", "owner")]));
    for coverage in [Coverage::Listed([tenant("acme")].into()), Coverage::All] {
        let caller = own_token(&account, coverage);
        assert_eq!(authorize(&caller, &account), refused(Refusal::AccountBlocked));
    }
}

#[test]
fn other_users_password_needs_permission_and_rules() {
    let account = user("self", Some("acme"), &[("acme", "owner")]);
    let outsider = actor(&[], Coverage::All);
    let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
    assert_eq!(authorize(&outsider, &account), refused(missing));
    assert_eq!(authorize(&covering(&["globex"]), &account), Err(Denied::Hidden));
    let admin = holding(&[("acme", "admin")]);
    assert_eq!(authorize(&admin, &account), refused(Refusal::RoleAboveOwn));
    assert_eq!(authorize(&operator(), &account), Ok(()));
}

#[test]
fn token_without_subject_owns_no_account() {
    let account = user("self", Some("acme"), &[("acme", "member")]);
    let mut anonymous = actor(&[], Coverage::All);
    anonymous.subject = None;
    let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
    assert_eq!(authorize(&anonymous, &account), refused(missing));
}

#[test]
fn own_password_scope_authorizes_nothing_else() {
    let account = user("self", Some("acme"), &[("acme", "member")]);
    let another = user("another", Some("acme"), &[("acme", "member")]);
    let caller = own_token(&account, Coverage::Listed([tenant("acme")].into()));
    let scope = own_password_scope(&caller, &account.id, &context()).expect("the own");
    let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
    assert_eq!(scope.authorize_change(&account), refused(missing));
    assert_eq!(scope.authorize_password(&another), Err(Denied::Hidden));
}
