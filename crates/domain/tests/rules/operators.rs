//! R2 and R4 of accounts that several tenants rely on: what operators may, and the home.

use super::*;
use domain::policy::{operator_scope, release_scope};
use domain::{Attachment, CredentialStamp, Credentials, StampUpdate};

/// Returns a user who is at home and member in globex, and pending owner of acme.
fn pending_owner(name: &str) -> User {
    let mut target = user(name, Some("globex"), &[("globex", "member")]);
    let attachment = Attachment {
        id: "m1".parse().expect("an id"),
        since: context().now,
        email: target.email.clone(),
    };
    target.attach(&tenant("acme"), role("owner"), None, attachment);
    target
}

fn proven(target: User) -> User {
    let credentials = Credentials { email_verified: true, ..target.credentials.clone() };
    User { credentials, ..target }
}

#[test]
fn only_operators_move_homes_and_vouch() {
    let target = user("target", Some("acme"), &[("acme", "member"), ("globex", "member")]);
    let authorize = |caller: &Actor| modifying(caller).authorize_operator(&target);
    assert_eq!(authorize(&operator()), Ok(()));
    let refusals = [
        (covering(&["acme"]), Refusal::OperatorsOnly),
        (holding(&[("acme", "owner")]), Refusal::OperatorsOnly),
        (covering(&["globex"]), Refusal::ManagedByAnotherTenant),
    ];
    for (caller, refusal) in refusals {
        assert_eq!(authorize(&caller), refused(refusal));
        assert_eq!(operator_scope(&caller, &context()), refused(Refusal::OperatorsOnly));
    }
    assert_eq!(authorize(&covering(&["initech"])), Err(Denied::Hidden));
    let viewer = actor(&[Permission::ViewUsersAndGroups], Coverage::All);
    let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
    assert_eq!(operator_scope(&viewer, &context()), refused(missing));
}

#[test]
fn release_scope_is_operators_and_for_nothing_else() {
    let acme = tenant("acme");
    for caller in [covering(&["acme"]), holding(&[("acme", "owner")])] {
        assert_eq!(
            release_scope(&caller, Some(&acme), &context()),
            refused(Refusal::OperatorsOnly)
        );
        let writes = writing(&caller, "acme").authorize_release();
        assert_eq!(writes, refused(Refusal::OperatorsOnly));
    }
    let invalid = release_scope(&operator(), None, &context());
    assert_eq!(invalid, refused(Refusal::TenantNotCovered));
    let scope = release_scope(&operator(), Some(&acme), &context()).expect("a scope");
    assert_eq!((scope.authorize_release(), scope.tenant()), (Ok(()), &acme));
    let target = user("target", Some("acme"), &[("acme", "member")]);
    for refusal in [
        scope.authorize_grant(&role("member")),
        rename(&scope, &target),
        scope.authorize_detach(&target).map(drop),
        scope.authorize_invitation(&target),
    ] {
        assert!(matches!(refusal, Err(Denied::Refused(Refusal::MissingPermission(_)))));
    }
}

/// Returns the tenant whose last holder a deletion would remove, without any other user.
fn held_by(scope: &AccountScope, target: &User) -> Option<TenantId> {
    let decision = scope.authorize_deletion(target).expect("authorized");
    decision.complete(|_| []).err().map(|last| last.tenant)
}

#[test]
fn deletion_by_home_is_held_by_its_own_rule_alone() {
    let home = modifying(&covering(&["acme"]));
    let guest = user("target", Some("acme"), &[("acme", "member"), ("globex", "owner")]);
    assert_eq!(held_by(&home, &guest), None);
    // A caller of both tenants acts as the home.
    let both = modifying(&holding(&[("acme", "owner"), ("globex", "owner")]));
    assert_eq!(held_by(&both, &guest), None);
    let owner = user("target", Some("acme"), &[("acme", "owner"), ("globex", "owner")]);
    assert_eq!(held_by(&home, &owner), Some(tenant("acme")));
}

#[test]
fn deletion_by_operator_is_held_everywhere_unless_forced() {
    let scope = modifying(&operator());
    for (roles, expected) in [
        ([("acme", "member"), ("globex", "owner")], Some("globex")),
        ([("acme", "owner"), ("globex", "owner")], Some("acme")),
        ([("acme", "owner"), ("globex", "member")], Some("acme")),
        ([("acme", "admin"), ("globex", "member")], None),
    ] {
        let target = user("target", Some("acme"), &roles);
        assert_eq!(held_by(&scope, &target), expected.map(tenant), "{roles:?}");
        let forced = scope.clone().forced().expect("an operator");
        assert_eq!(held_by(&forced, &target), None);
    }
    for caller in [covering(&["acme"]), holding(&[("acme", "owner")])] {
        assert_eq!(modifying(&caller).forced(), refused(Refusal::OperatorsOnly));
    }
}

#[test]
fn only_lasting_active_holders_count() {
    let detach = |target: &User, others: &[User]| {
        let decision = writing(&operator(), "acme").authorize_detach(target).expect("a decision");
        decision.complete(|_| others.iter()).is_ok()
    };
    let owner = user("target", Some("acme"), &[("acme", "owner")]);
    let change = |other: &User, edit: fn(&mut domain::Membership)| {
        let mut other = other.clone();
        edit(other.memberships.get_mut(&tenant("acme")).expect("a member"));
        other
    };
    let other = user("other", Some("acme"), &[("acme", "owner")]);
    let ending = change(&other, |membership| {
        membership.expires_at = Some(context().now.plus_millis(86_400_000));
    });
    let suspended = change(&other, |membership| membership.suspended = true);
    for (no_holder, what) in [
        (pending_owner("other"), "pending"),
        (ending, "ending"),
        (suspended, "suspended"),
        (blocked(other.clone()), "blocked"),
    ] {
        assert!(!detach(&owner, std::slice::from_ref(&no_holder)), "{what} keeps nothing");
        assert!(detach(&no_holder, &[]), "{what} may go");
        assert!(detach(&owner, &[no_holder, other.clone()]), "{what} is no hindrance");
    }
    assert!(detach(&owner, &[proven(pending_owner("other"))]));
}

#[test]
fn pending_role_has_no_vote_in_the_role_ceiling() {
    let admin = writing(&holding(&[("acme", "admin")]), "acme");
    assert_eq!(rename(&admin, &pending_owner("target")), Ok(()));
    assert!(admin.authorize_detach(&pending_owner("target")).is_ok());
    let active = proven(pending_owner("target"));
    assert_eq!(rename(&admin, &active), refused(Refusal::RoleAboveOwn));
    // Nor where the account itself is changed, through its home.
    let both = modifying(&holding(&[("globex", "owner"), ("acme", "member")]));
    assert_eq!(both.authorize_change(&pending_owner("target")), Ok(()));
    assert_eq!(both.authorize_change(&active), refused(Refusal::RoleAboveOwn));
}

#[test]
fn stamp_follows_who_sets_a_password_or_address() {
    let now = context().now;
    let stamp =
        |by: &str, sets_address| CredentialStamp { at: now, by: Some(tenant(by)), sets_address };
    let open = CredentialStamp { at: now.plus_millis(-5000), ..stamp("initech", false) };
    let of_address = CredentialStamp { sets_address: true, ..open.clone() };
    let target = user("target", Some("acme"), &[("acme", "member")]);
    let with_stamp = |stamp: Option<&CredentialStamp>, reset: Option<i64>| User {
        credentials: Credentials {
            stamp: stamp.cloned().map(Box::new),
            last_password_reset: reset.map(|millis| now.plus_millis(millis)),
            ..Credentials::default()
        },
        ..target.clone()
    };
    // The person stays the person if its token covers every tenant.
    let own = |account: &User, coverage| {
        let own = actor(&[], coverage).with_subject(target.id.clone(), SubjectKind::Accounts);
        own_password_scope(&own, &account.id, &context()).expect("a scope")
    };
    // No stamp, an open one, one that a reset has closed; the last two of an address. Whether the
    // next stamp covers an address, and what a password of the person does.
    let renewed = |sets_address| StampUpdate::Set(stamp("initech", sets_address));
    let accounts = [
        (with_stamp(None, None), false, StampUpdate::Keep),
        (with_stamp(Some(&open), None), false, renewed(false)),
        (with_stamp(Some(&open), Some(60_000)), false, StampUpdate::Keep),
        (with_stamp(Some(&of_address), None), true, renewed(true)),
        (with_stamp(Some(&of_address), Some(60_000)), true, StampUpdate::Keep),
    ];
    for (account, sets_address, expected_own) in &accounts {
        let home = modifying(&covering(&["acme"]));
        let left = |sets_address| StampUpdate::Set(stamp("acme", sets_address));
        assert_eq!(home.stamp_after_password(account, now), left(*sets_address));
        assert_eq!(home.stamp_after_address(account, now), left(true));
        let operator = modifying(&operator());
        assert_eq!(operator.stamp_after_password(account, now), StampUpdate::Remove);
        // The reset that closed a stamp was by mail to the old address.
        let has_stamp = account.credentials.stamp.is_some();
        let expected = if has_stamp { renewed(*sets_address) } else { StampUpdate::Keep };
        assert_eq!(operator.stamp_after_address(account, now), expected);
        for coverage in [Coverage::Listed([].into()), Coverage::All] {
            let own = own(account, coverage);
            assert_eq!(own.stamp_after_password(account, now), *expected_own);
        }
    }
    assert!(writing(&covering(&["acme"]), "acme").leaves_stamp());
    assert!(!writing(&operator(), "acme").leaves_stamp());
}
