//! Concurrent calls: of two that exclude each other, exactly one succeeds.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::policy::leave_scope;
use domain::{AccountChange, MembershipChange, NewUser, Standing, User};
use ports::PortError::{self, Conflict as Conflicts};
use ports::{Conflict, PortResult, UserDirectory};

use crate::caller::{Caller, acme, changes, globex, writes};
use crate::catalogue::role;
use crate::subject::{Subject, assert_fails, single_failure};
use crate::values::{address, new_member, new_user, valid};

/// The number of runs of each race, since a single one may miss the interleaving.
const ROUNDS: usize = 48;

/// Runs two calls concurrently, on two threads if the runtime has them.
async fn race<A: Send + 'static, B: Send + 'static>(
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let arrived = Arc::new(AtomicUsize::new(0));
    let arrived_too = Arc::clone(&arrived);
    let one = tokio::spawn(async move {
        wait_for_both(&arrived).await;
        one.await
    });
    let other = tokio::spawn(async move {
        wait_for_both(&arrived_too).await;
        other.await
    });
    (one.await.unwrap(), other.await.unwrap())
}

/// Waits until both calls have arrived. It spins, because waking a task takes longer than a call to a
/// directory in memory, and yields between spins in case both share one thread.
async fn wait_for_both(arrived: &AtomicUsize) {
    arrived.fetch_add(1, Ordering::SeqCst);
    loop {
        for _ in 0..10_000 {
            if arrived.load(Ordering::SeqCst) == 2 {
                return;
            }
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    }
}

/// A way to lose a protected role.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Demote,
    Detach,
    Delete,
}

impl Loss {
    /// Makes the change to a user of acme.
    async fn apply(self, directory: Arc<dyn UserDirectory>, user: User) -> PortResult<()> {
        let scope = writes(&acme());
        let demotion = MembershipChange { role: Some(role("admin")), name: None };
        match self {
            Self::Demote => directory.change_membership(&scope, &user, demotion).await.map(drop),
            Self::Detach => directory.detach(&scope, &user).await,
            Self::Delete => directory.delete(&Caller::operator().changes(), &user).await,
        }
    }
}

pub async fn racing_removals_keep_one_holder(subject: &Subject) {
    subject.create(&globex(), "elsewhere", "owner").await;
    let losses = [Loss::Demote, Loss::Detach, Loss::Delete];
    let pairs = losses.into_iter().flat_map(|one| losses.map(|other| (one, other)));
    // The holder who remains in one round is one of the two of the next.
    let mut kept = subject.create(&acme(), "first", "owner").await;
    for (round, (one, other)) in pairs.cycle().take(3 * ROUNDS).enumerate() {
        // The home of one of the two is here, of the other elsewhere.
        subject.create(&globex(), &format!("ada{round}"), "member").await;
        let ada = subject.attach(&acme(), &format!("ada{round}"), "owner").await;
        let results = race(
            one.apply(Arc::clone(&subject.directory), ada.clone()),
            other.apply(Arc::clone(&subject.directory), kept.clone()),
        )
        .await;
        let ada_stays = results.0.is_err();
        assert_fails!(
            Err::<(), _>(single_failure(results)),
            Conflicts(Conflict::LastProtectedRoleHolder(_))
        );
        let people = subject.users_of(&acme()).await;
        let owners: Vec<_> =
            people.iter().filter(|user| user.role_in(&acme()) == Some(&role("owner"))).collect();
        if ada_stays {
            kept = ada;
        }
        assert_eq!(owners, [&kept], "after {one:?} against {other:?}");
    }
}

pub async fn racing_deletion_by_operator_keeps_one_holder(subject: &Subject) {
    let mut kept = subject.create(&globex(), "first", "owner").await;
    for round in 0..ROUNDS {
        subject.create(&acme(), &format!("ada{round}"), "member").await;
        let ada = subject.attach(&globex(), &format!("ada{round}"), "owner").await;
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let (first, second) = (ada.clone(), kept.clone());
        let results = race(
            async move { directory.0.delete(&Caller::operator().changes(), &first).await },
            async move { directory.1.detach(&writes(&globex()), &second).await },
        )
        .await;
        if results.0.is_err() {
            kept = ada;
        }
        assert_fails!(
            Err::<(), _>(single_failure(results)),
            Conflicts(Conflict::LastProtectedRoleHolder(_))
        );
        assert_eq!(subject.users_of(&globex()).await, [kept.clone()]);
    }
}

pub async fn racing_creations_share_no_address(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let create = |tenant, directory: Arc<dyn UserDirectory>| {
            // Hashing a password takes long enough for the other call to interleave.
            let password = (round % 8 == 0).then(|| valid("correct-horse"));
            let new = NewUser { password, ..new_user(&name, "member") };
            async move { directory.create(&writes(&tenant), new).await }
        };
        let results = race(
            create(acme(), Arc::clone(&subject.directory)),
            create(globex(), Arc::clone(&subject.directory)),
        )
        .await;
        assert_fails!(Err::<(), _>(single_failure(results)), Conflicts(Conflict::EmailTaken));
    }
    let people = (subject.users_of(&acme()).await, subject.users_of(&globex()).await);
    assert_eq!(people.0.len() + people.1.len(), ROUNDS);
}

pub async fn racing_creations_share_no_username(subject: &Subject) {
    for round in 0..ROUNDS {
        let create = |tenant: domain::TenantId, directory: Arc<dyn UserDirectory>| {
            let username = Some(valid(&format!("ada{round}")));
            let password = (round % 8 == 0).then(|| valid("correct-horse"));
            let new = new_user(&format!("{tenant}{round}"), "member");
            let new = NewUser { username, password, ..new };
            async move { directory.create(&writes(&tenant), new).await }
        };
        let results = race(
            create(acme(), Arc::clone(&subject.directory)),
            create(globex(), Arc::clone(&subject.directory)),
        )
        .await;
        assert_fails!(Err::<(), _>(single_failure(results)), Conflicts(Conflict::UsernameTaken));
    }
}

pub async fn racing_creation_and_change_share_no_address(subject: &Subject) {
    for round in 0..ROUNDS {
        let bob = subject.create(&globex(), &format!("bob{round}"), "member").await;
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let password = (round % 8 == 0).then(|| valid("correct-horse"));
        let new = NewUser { password, ..new_user(&format!("ada{round}"), "member") };
        let change =
            AccountChange { email: new.email.clone(), given_name: None, family_name: None };
        let results =
            race(async move { directory.0.create(&writes(&acme()), new).await }, async move {
                directory.1.change_account(&changes(&globex()), &bob, change).await
            })
            .await;
        assert_fails!(Err::<(), _>(single_failure(results)), Conflicts(Conflict::EmailTaken));
    }
}

pub async fn racing_attachments_in_one_tenant_succeed_once(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        // The address has an account in every second round.
        let exists = round % 2 == 0;
        if exists {
            let user = subject.create(&globex(), &name, "member").await;
            subject.vouch(&user).await;
        }
        let attach = |directory: Arc<dyn UserDirectory>| {
            let new_member = new_member(&name, "member");
            async move { directory.attach_or_create(&writes(&acme()), new_member).await }
        };
        let results =
            race(attach(Arc::clone(&subject.directory)), attach(Arc::clone(&subject.directory)))
                .await;
        if let (Ok(attached), _) | (_, Ok(attached)) = &results {
            assert_eq!(attached.created, !exists);
        }
        assert_fails!(Err::<(), _>(single_failure(results)), Conflicts(Conflict::AlreadyAttached));
        let people = subject.users_of(&acme()).await;
        let count = people.iter().filter(|user| user.email.as_str() == address(&name)).count();
        assert_eq!(count, 1);
    }
}

pub async fn racing_attachments_by_two_tenants_create_one_account(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let attach = |tenant, directory: Arc<dyn UserDirectory>| {
            let new_member = new_member(&name, "member");
            async move { directory.attach_or_create(&writes(&tenant), new_member).await.unwrap() }
        };
        let (one, other) = race(
            attach(acme(), Arc::clone(&subject.directory)),
            attach(globex(), Arc::clone(&subject.directory)),
        )
        .await;
        assert!(one.created != other.created, "exactly one creates the account");
        assert_eq!(one.user.id, other.user.id);
        let home = if one.created { acme() } else { globex() };
        let user = subject.current(&one.user.id).await.unwrap();
        assert_eq!(user.home, Some(home));
        assert_eq!(user.memberships.keys().collect::<Vec<_>>(), [&acme(), &globex()]);
    }
}

pub async fn racing_attachment_and_creation_leave_one_account(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let password = (round % 8 == 0).then(|| valid("correct-horse"));
        let new = NewUser { password, ..new_user(&name, "member") };
        let new_member = new_member(&name, "member");
        let (created, attached) =
            race(async move { directory.0.create(&writes(&acme()), new).await }, async move {
                directory.1.attach_or_create(&writes(&globex()), new_member).await.unwrap()
            })
            .await;
        let user = subject.current(&attached.user.id).await.unwrap();
        match created {
            Ok(created) => {
                assert!(!attached.created);
                assert_eq!((&user.id, &user.home), (&created.id, &Some(acme())));
                assert_eq!(user.memberships.len(), 2);
            }
            Err(PortError::Conflict(Conflict::EmailTaken)) => {
                assert!(attached.created);
                assert_eq!((&user.home, user.memberships.len()), (&Some(globex()), 1));
            }
            Err(other) => panic!("the creation failed: {other:?}"),
        }
    }
}

pub async fn racing_attach_and_detach_are_serialized(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let snapshot = subject.create_shared(&globex(), &acme(), &name).await;
        let id = snapshot.id.clone();
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let new_member = new_member(&name, "viewer");
        let (detached, attached) = race(
            async move { directory.0.detach(&writes(&acme()), &snapshot).await },
            async move { directory.1.attach_or_create(&writes(&acme()), new_member).await },
        )
        .await;
        detached.unwrap();
        let user = subject.current(&id).await.unwrap();
        assert_eq!(user.role_in(&globex()), Some(&role("member")));
        match attached {
            Ok(_) => assert_eq!(user.role_in(&acme()), Some(&role("viewer"))),
            Err(PortError::Conflict(Conflict::AlreadyAttached)) => {
                assert_eq!(user.role_in(&acme()), None);
            }
            Err(other) => panic!("attaching failed: {other:?}"),
        }
    }
}

pub async fn racing_changes_by_two_tenants_both_persist(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let snapshot = subject.create_shared(&acme(), &globex(), &name).await;
        let id = snapshot.id.clone();
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let other = snapshot.clone();
        let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Ada")) };
        let detaches = round % 2 == 0;
        let (one, other) = race(
            async move { directory.0.change_membership(&writes(&acme()), &snapshot, change).await },
            async move {
                if detaches {
                    return directory.1.detach(&writes(&globex()), &other).await;
                }
                let change = MembershipChange { role: Some(role("admin")), name: None };
                directory.1.change_membership(&writes(&globex()), &other, change).await.map(drop)
            },
        )
        .await;
        one.unwrap();
        other.unwrap();
        let user = subject.current(&id).await.unwrap();
        assert_eq!(user.role_in(&acme()), Some(&role("viewer")));
        assert_eq!(user.display_name, Some(valid("Ada")));
        let admin = role("admin");
        assert_eq!(user.role_in(&globex()), (!detaches).then_some(&admin));
    }
}

pub async fn racing_attachment_and_password_of_home_leave_pending(subject: &Subject) {
    for round in 0..ROUNDS / 4 {
        let name = format!("ada{round}");
        let snapshot = subject.create(&acme(), &name, "member").await;
        let snapshot = subject.vouch(&snapshot).await;
        let id = snapshot.id.clone();
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let new_member = new_member(&name, "owner");
        let (attached, set) = race(
            async move { directory.0.attach_or_create(&writes(&globex()), new_member).await },
            async move {
                let password = valid("correct-horse");
                directory.1.set_password(&changes(&acme()), &snapshot, password).await
            },
        )
        .await;
        attached.unwrap();
        set.unwrap();
        let user = subject.current(&id).await.unwrap();
        assert_eq!(user.role_in(&globex()), Some(&role("owner")));
        assert_eq!(subject.standing(&globex(), &user).await, Some(Standing::Pending));
        assert_eq!(subject.standing(&acme(), &user).await, Some(Standing::Active));
    }
}

pub async fn racing_leave_and_demotion_keep_one_holder(subject: &Subject) {
    subject.create(&globex(), "elsewhere", "owner").await;
    let mut kept = subject.create(&acme(), "first", "owner").await;
    for round in 0..ROUNDS {
        subject.create(&globex(), &format!("ada{round}"), "member").await;
        let ada = subject.attach(&acme(), &format!("ada{round}"), "owner").await;
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let (leaver, demoted) = (ada.clone(), kept.clone());
        let results = race(
            async move {
                let own = Caller::of([]).without_permissions(&leaver.id).owns();
                directory.0.detach(&leave_scope(&own, &leaver, &acme()).unwrap(), &leaver).await
            },
            Loss::Demote.apply(directory.1, demoted),
        )
        .await;
        if results.0.is_err() {
            kept = ada;
        }
        assert_fails!(
            Err::<(), _>(single_failure(results)),
            Conflicts(Conflict::LastProtectedRoleHolder(_))
        );
        let people = subject.users_of(&acme()).await;
        let owners: Vec<_> =
            people.iter().filter(|user| user.role_in(&acme()) == Some(&role("owner"))).collect();
        assert_eq!(owners.len(), 1);
        assert_eq!(owners[0].id, kept.id);
    }
}
