//! Attaching: which account, what it does, and what confirming keeps.

use super::*;
use domain::{AmbiguousAccount, AttachStep, Attachment, CredentialStamp, Credentials, Standing};

fn with(name: &str, email_verified: bool, connections_allowed: bool) -> User {
    let credentials = Credentials { email_verified, connections_allowed, ..Credentials::default() };
    User { credentials, ..user(name, None, &[]) }
}

fn stamped(account: User) -> User {
    let stamp = CredentialStamp { at: context().now, by: None, sets_address: false };
    let stamp = Some(Box::new(stamp));
    let credentials = Credentials { stamp, ..account.credentials.clone() };
    User { credentials, ..account }
}

type Choice = Result<Option<UserId>, AmbiguousAccount>;

#[test]
fn account_to_attach_is_the_proven_or_the_allowed_one() {
    let scope = writing(&covering(&["acme"]), "acme");
    let chosen = |accounts: &[User]| {
        scope.account_to_attach(accounts).map(|chosen| chosen.map(|account| account.id.clone()))
    };
    let proven = || with("proven", true, true);
    let allowed = || with("allowed", false, true);
    let social = || with("social", true, false);
    let (a, b) = (|| with("a", true, true), || with("b", false, true));
    let the = |name: &str| Ok(Some(id(name)));
    // The accounts with the address, and which is chosen.
    let table: [(&[User], Choice); 12] = [
        (&[], Ok(None)),
        (&[allowed()], the("allowed")),
        (&[social()], the("social")),
        (&[stamped(proven())], the("proven")),
        (&[social(), proven()], the("proven")),
        (&[proven(), allowed()], the("proven")),
        (&[proven(), social(), allowed()], the("proven")),
        (&[social(), allowed()], the("allowed")),
        (&[social(), stamped(proven())], the("proven")),
        (&[proven(), a()], Err(AmbiguousAccount)),
        (&[allowed(), b()], Err(AmbiguousAccount)),
        (&[social(), with("social2", true, false)], Err(AmbiguousAccount)),
    ];
    for (accounts, expected) in table {
        let names: Vec<_> = accounts.iter().map(|account| account.id.as_str()).collect();
        assert_eq!(chosen(accounts), expected, "{names:?}");
        // The order of the accounts decides nothing.
        let reversed: Vec<_> = accounts.iter().rev().cloned().collect();
        assert_eq!(chosen(&reversed), expected, "{names:?} reversed");
    }
}

fn attachment(number: &str, email: &str) -> Attachment {
    Attachment {
        id: number.parse().expect("an id"),
        since: context().now,
        email: email.parse().expect("an address"),
    }
}

#[test]
fn attach_step_follows_the_standing() {
    let scope = writing(&holding(&[("acme", "admin")]), "acme");
    let mut target = user("target", Some("globex"), &[("globex", "member")]);
    let step = |target: &User| scope.authorize_attach(target, &role("member"));
    assert_eq!(step(&target), Ok(AttachStep::Add));
    let given = attachment("m1", "target@example.com");
    target.attach(&tenant("acme"), role("owner"), None, given);
    assert_eq!(step(&target), Ok(AttachStep::Confirm), "the pending role does not count");
    let mut refused_target = target.clone();
    assert_eq!(scope.authorize_attach(&target, &role("owner")), refused(Refusal::RoleAboveOwn));
    target.credentials.email_verified = true;
    assert_eq!(step(&target), Ok(AttachStep::AlreadyAttached));
    let membership = refused_target.memberships.get_mut(&tenant("acme")).expect("attached");
    membership.suspended = true;
    assert_eq!(step(&refused_target), Ok(AttachStep::AlreadyAttached), "suspended");
    let membership = refused_target.memberships.get_mut(&tenant("acme")).expect("attached");
    membership.expires_at = Some(context().now);
    assert_eq!(step(&refused_target), Ok(AttachStep::AlreadyAttached), "expired");
}

#[test]
fn operators_are_bound_by_proof_too() {
    let mut target = user("target", Some("globex"), &[("globex", "member")]);
    target.attach(&tenant("acme"), role("owner"), None, attachment("m1", "target@example.com"));
    assert_eq!(target.standing_in(&tenant("acme"), &context()), Some(Standing::Pending));
    let scope = writing(&operator(), "acme");
    assert_eq!(scope.authorize_attach(&target, &role("owner")), Ok(AttachStep::Confirm));
}

#[test]
fn confirming_replaces_all_but_the_name() {
    let mut target = user("target", Some("globex"), &[("globex", "member")]);
    let name = |text: &str| text.parse::<DisplayName>().expect("a name");
    let acme = tenant("acme");
    target.attach(&acme, role("owner"), Some(name("Guest")), attachment("m1", "a@example.com"));
    let second = attachment("m2", "target@example.com");
    target.attach(&acme, role("viewer"), None, second.clone());
    assert_eq!(target.role_in(&acme), Some(&role("viewer")));
    assert_eq!(target.name_in(&acme), Some(&name("Guest")));
    let stored = target.memberships.get(&acme).expect("attached");
    assert_eq!(stored.attachment.as_deref(), Some(&second));
    target.attach(&acme, role("viewer"), Some(name("Eve")), second);
    assert_eq!(target.name_in(&acme), Some(&name("Eve")));
    assert_eq!(target.display_name, None, "the account's own name is its home's");
}

#[test]
fn invitation_is_for_accounts_at_home_or_pending() {
    let scope = writing(&holding(&[("acme", "admin")]), "acme");
    let at_home = user("target", Some("acme"), &[("acme", "member")]);
    assert_eq!(scope.authorize_invitation(&at_home), Ok(()));
    let above = user("target", Some("acme"), &[("acme", "owner")]);
    assert_eq!(scope.authorize_invitation(&above), refused(Refusal::RoleAboveOwn));
    let elsewhere = user("target", Some("acme"), &[("globex", "member")]);
    assert_eq!(scope.authorize_invitation(&elsewhere), Err(Denied::Hidden));
    let mut pending = user("target", Some("globex"), &[]);
    pending.attach(&tenant("acme"), role("owner"), None, attachment("m1", "target@example.com"));
    assert_eq!(scope.authorize_invitation(&pending), Ok(()));
    let membership = pending.memberships.get_mut(&tenant("acme")).expect("attached");
    (membership.suspended, membership.role) = (true, role("member"));
    assert_eq!(scope.authorize_invitation(&pending), refused(Refusal::ManagedByAnotherTenant));
    let foreign = user("target", Some("globex"), &[("acme", "member")]);
    assert_eq!(scope.authorize_invitation(&foreign), refused(Refusal::ManagedByAnotherTenant));
    let reading =
        tenant_scope(&operator(), Operation::ReadTenantUsers, Some(&tenant("acme")), &context());
    let read_only = reading.expect("a scope").authorize_invitation(&at_home);
    assert!(matches!(read_only, Err(Denied::Refused(Refusal::MissingPermission(_)))));
}
