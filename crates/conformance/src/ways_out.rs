//! Ways out: moving and clearing homes, releasing a tenant's label, leaving, and invitations.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::policy::leave_scope;
use domain::{Denied, Refusal, Standing, SubjectKind, TenantId, User};
use ports::PortError::{Conflict as Conflicts, NotFound, Refused};
use ports::{Conflict, ReleaseOutcome};

use crate::caller::{Caller, acme, changes, globex, operates, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{StoreEvent, StoredAccount, Subject, assert_fails};
use crate::values::valid;

// Homes.

pub async fn operator_moves_and_clears_a_home(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    let moved = directory.move_home(&operates(), &ada, Some(globex())).await.unwrap();
    assert_eq!(moved, User { home: Some(globex()), updated_at: moved.updated_at, ..ada.clone() });
    assert_eq!(subject.current(&ada.id).await.as_ref(), Some(&moved));
    // The new home has authority, the old one has none.
    let password = || valid("correct-horse");
    assert_fails!(
        directory.set_password(&changes(&acme()), &moved, password()).await,
        Refused(Refusal::ManagedByAnotherTenant)
    );
    directory.set_password(&changes(&globex()), &moved, password()).await.unwrap();
    assert_eq!(subject.standing(&acme(), &moved).await, Some(Standing::Pending));

    let cleared = directory.move_home(&operates(), &moved, None).await.unwrap();
    assert_eq!(cleared.home, None);
    for tenant in [acme(), globex()] {
        assert_fails!(
            directory.set_password(&changes(&tenant), &cleared, password()).await,
            Refused(Refusal::ManagedByAnotherTenant)
        );
        assert_eq!(subject.standing(&tenant, &cleared).await, Some(Standing::Pending));
    }
}

pub async fn home_moves_only_to_attached_tenants(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    subject.create(&globex(), "bob", "member").await;
    let directory = &subject.directory;
    assert_fails!(
        directory.move_home(&operates(), &ada, Some(globex())).await,
        Conflicts(Conflict::NotAttached)
    );
    subject.assert_untouched(&ada).await;
    // Where it is attached but pending, it may.
    let ada = subject.attach_unproven(&globex(), "ada", "member").await;
    let moved = directory.move_home(&operates(), &ada, Some(globex())).await.unwrap();
    assert_eq!(subject.standing(&globex(), &moved).await, Some(Standing::Active));
    assert_eq!(subject.standing(&acme(), &moved).await, Some(Standing::Pending));
}

pub async fn only_operators_move_a_home(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    for home in [Some(globex()), Some(acme()), None] {
        let by_home = directory.move_home(&changes(&acme()), &ada, home.clone()).await;
        assert_fails!(by_home, Refused(Refusal::OperatorsOnly));
        let by_other = directory.move_home(&changes(&globex()), &ada, home).await;
        assert_fails!(by_other, Refused(Refusal::ManagedByAnotherTenant));
    }
    subject.assert_untouched(&ada).await;
    assert_fails!(Caller::of([acme()]).operates(), Denied::Refused(Refusal::OperatorsOnly));
}

// Releasing a tenant's label.

async fn release(subject: &Subject, tenant: &TenantId, limit: usize) -> ReleaseOutcome {
    let scope = Caller::operator().releases(tenant).unwrap();
    subject.directory.release_tenant(&scope, limit).await.unwrap()
}

pub async fn release_removes_memberships_and_homes(subject: &Subject) {
    // The last owner, a guest, one who is only at home there, and one of the other tenant.
    let owner = subject.create(&acme(), "owner", "owner").await;
    subject.create(&globex(), "guest", "member").await;
    let guest = subject.attach(&acme(), "guest", "admin").await;
    let detached = subject.create_shared(&acme(), &globex(), "detached").await;
    subject.directory.detach(&writes(&acme()), &detached).await.unwrap();
    let shared = subject.create_shared(&acme(), &globex(), "shared").await;
    let other = subject.create(&globex(), "other", "owner").await;

    let outcome = release(subject, &acme(), 500).await;
    assert_eq!(outcome, ReleaseOutcome { done: 4, left: 0 });
    assert_eq!(subject.users_of(&acme()).await, []);
    for (user, home) in [(owner, None), (guest, Some(globex())), (detached, None), (shared, None)] {
        let now = subject.current(&user.id).await.unwrap();
        assert_eq!((now.home.clone(), now.role_in(&acme())), (home, None), "{}", user.id);
        assert_eq!(now.role_in(&globex()), user.role_in(&globex()));
    }
    subject.assert_untouched(&other).await;
    assert_eq!(release(subject, &acme(), 500).await, ReleaseOutcome { done: 0, left: 0 });
}

pub async fn release_changes_at_most_the_limit(subject: &Subject) {
    for number in 0..5 {
        subject.create(&acme(), &format!("user{number}"), "owner").await;
    }
    let kept = subject.create(&globex(), "other", "owner").await;
    let mut done = 0;
    for expected in [2, 2, 1, 0] {
        let outcome = release(subject, &acme(), 2).await;
        assert_eq!(outcome.done, expected);
        done += outcome.done;
        let left = subject.users_of(&acme()).await.len() as u64;
        assert_eq!((left, outcome.left), (5 - done, 5 - done));
    }
    subject.assert_untouched(&kept).await;
}

pub async fn release_removes_unknown_stored_roles(subject: &Subject) {
    let planted = StoredAccount::named("ada").with_role(acme(), "retired");
    let ada = subject.insert(planted.with_role(globex(), "member")).await;
    assert_eq!(release(subject, &acme(), 500).await, ReleaseOutcome { done: 1, left: 0 });
    let roles = crate::catalogue::catalogue_with("retired");
    let reopened = subject.store.reopen(roles).await;
    let now = reopened.find(&Caller::operator().views(), &ada.id).await.unwrap().unwrap();
    assert_eq!(now.memberships.keys().collect::<Vec<_>>(), [&globex()]);
}

pub async fn only_operators_release_a_tenant(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let refused = Denied::Refused(Refusal::OperatorsOnly);
    assert_eq!(Caller::of([acme()]).releases(&acme()), Err(refused.clone()));
    assert_eq!(Caller::ranked([(acme(), "owner")]).releases(&acme()), Err(refused));
    for scope in [writes(&acme()), Caller::operator().writes(&acme())] {
        assert_fails!(
            subject.directory.release_tenant(&scope, 500).await,
            Refused(Refusal::OperatorsOnly)
        );
    }
    // And a scope for that changes nothing else.
    let scope = Caller::operator().releases(&acme()).unwrap();
    assert!(subject.directory.detach(&scope, &ada).await.is_err());
    subject.assert_untouched(&ada).await;
}

// Leaving.

/// Returns the scope by which the person itself leaves the tenant.
fn leaves(user: &User, tenant: &TenantId) -> Result<domain::TenantScope, Denied> {
    let own = Caller::of([]).without_permissions(&user.id).owns();
    leave_scope(&own, user, tenant)
}

pub async fn person_leaves_a_tenant_and_no_other(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let bob = subject.create_shared(&globex(), &acme(), "bob").await;
    let scope = leaves(&ada, &globex()).unwrap();
    assert_fails!(subject.directory.detach(&scope, &bob).await, NotFound);
    subject.directory.detach(&scope, &ada).await.unwrap();
    assert_fails!(subject.directory.detach(&scope, &ada).await, NotFound);
    let left = subject.current(&ada.id).await.unwrap();
    assert_eq!((left.role_in(&globex()), left.role_in(&acme())), (None, ada.role_in(&acme())));
    assert_fails!(leaves(&left, &globex()), Denied::Hidden);
    subject.assert_untouched(&bob).await;
    // Also its home, which stays its home.
    subject.directory.detach(&leaves(&left, &acme()).unwrap(), &left).await.unwrap();
    assert_eq!(subject.current(&ada.id).await.unwrap().home, Some(acme()));
}

pub async fn last_active_holder_cannot_leave(subject: &Subject) {
    subject.create(&acme(), "ada", "owner").await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    let directory = &subject.directory;
    assert_fails!(
        directory.detach(&leaves(&ada, &acme()).unwrap(), &ada).await,
        Conflicts(Conflict::LastProtectedRoleHolder(_))
    );
    let active = subject.vouch(&ada).await;
    assert_fails!(
        directory.detach(&leaves(&active, &globex()).unwrap(), &active).await,
        Conflicts(Conflict::LastProtectedRoleHolder(_))
    );
    // What is pending can be left, and so can any role beside another holder.
    let pending = directory.set_email_verified(&operates(), &active, false).await.unwrap();
    directory.detach(&leaves(&pending, &globex()).unwrap(), &pending).await.unwrap();
    subject.create(&acme(), "spare", "owner").await;
    let ada = subject.current(&ada.id).await.unwrap();
    directory.detach(&leaves(&ada, &acme()).unwrap(), &ada).await.unwrap();
}

pub async fn blocked_person_cannot_leave(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let scope = leaves(&ada, &globex()).unwrap();
    subject.store.happen(&ada.id, StoreEvent::Blocked).await;
    let blocked = subject.current(&ada.id).await.unwrap();
    assert_fails!(subject.directory.detach(&scope, &ada).await, Refused(Refusal::AccountBlocked));
    subject.assert_untouched(&blocked).await;
}

pub async fn tenants_issuer_lets_own_accounts_leave_there_only(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let own = |tenants: &[TenantId], kind| {
        let caller = match tenants {
            [] => Caller::of([]),
            [one] => Caller::of([one.clone()]),
            _ => Caller::of([acme(), globex()]),
        };
        caller.without_permissions(&ada.id).with_subject(&ada.id, kind).owns()
    };
    let home = own(&[acme()], SubjectKind::Home);
    assert_fails!(leave_scope(&home, &ada, &globex()), Denied::Hidden);
    let foreign = own(&[globex()], SubjectKind::Home);
    assert_fails!(
        leave_scope(&foreign, &ada, &globex()),
        Denied::Refused(Refusal::SubjectNotAnAccount)
    );
    let both = own(&[acme(), globex()], SubjectKind::Home);
    let scope = leave_scope(&both, &ada, &globex()).unwrap();
    subject.directory.detach(&scope, &ada).await.unwrap();
    let left = subject.current(&ada.id).await.unwrap();
    assert_eq!(left.role_in(&acme()), Some(&role("member")));
}

// Invitations.

pub async fn invitation_is_authorized_before_mail(subject: &Subject) {
    subject.create(&globex(), "boss", "owner").await;
    subject.create(&globex(), "ada", "member").await;
    let ada = subject.attach_unproven(&acme(), "ada", "owner").await;
    let directory = &subject.directory;
    let reads = Caller::of([acme()]).reads(&acme());
    assert_fails!(
        directory.send_invitation(&reads, &ada).await,
        Refused(Refusal::MissingPermission(_))
    );
    let elsewhere = subject.create(&globex(), "bob", "member").await;
    assert_fails!(directory.send_invitation(&writes(&acme()), &elsewhere).await, NotFound);
    // Pending here, by anybody who may write: its role does not count yet.
    assert_sent(subject, directory.send_invitation(&ranked_writes(&acme(), "admin"), &ada).await);
    // At home, whatever is proven.
    assert_sent(subject, directory.send_invitation(&writes(&globex()), &ada).await);
    let active = subject.vouch(&ada).await;
    assert_fails!(
        directory.send_invitation(&ranked_writes(&acme(), "admin"), &active).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(
        directory.send_invitation(&writes(&acme()), &active).await,
        Refused(Refusal::ManagedByAnotherTenant)
    );
}

fn assert_sent(subject: &Subject, result: ports::PortResult<()>) {
    if subject.store.sends_mail() {
        result.unwrap();
    } else {
        assert_fails!(result, Conflicts(Conflict::MailUnavailable));
    }
}
