//! Calls that race: of those that exclude each other, one wins.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{AccountChange, MembershipChange, NewUser, User};
use ports::PortError::{self, Conflict as Conflicts};
use ports::{Conflict, PortResult, UserDirectory};

use crate::caller::{Caller, acme, changes, globex, writes};
use crate::catalogue::role;
use crate::subject::{Subject, address, assert_fails, newcomer, only_failure, recruit, valid};

/// How often each race is run, since one run may be lucky.
const ROUNDS: usize = 48;

/// Runs two calls at the same time, on threads of their own if the runtime has two.
async fn race<A: Send + 'static, B: Send + 'static>(
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let arrived = Arc::new(AtomicUsize::new(0));
    let arrived_too = Arc::clone(&arrived);
    let one = tokio::spawn(async move {
        meet(&arrived).await;
        one.await
    });
    let other = tokio::spawn(async move {
        meet(&arrived_too).await;
        other.await
    });
    (one.await.unwrap(), other.await.unwrap())
}

/// Waits for the other one. It spins, since being woken takes longer than a call to a directory
/// in memory does; between spins it lets go of the thread, in case that both have only one.
async fn meet(arrived: &AtomicUsize) {
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
    /// It, for a user of acme.
    async fn suffer(self, directory: Arc<dyn UserDirectory>, user: User) -> PortResult<()> {
        let scope = writes(&acme());
        let demotion = MembershipChange { role: Some(role("admin")), name: None };
        match self {
            Self::Demote => directory.change_membership(&scope, &user, demotion).await.map(drop),
            Self::Detach => directory.detach(&scope, &user).await,
            Self::Delete => directory.delete(&Caller::operator().changes(), &user).await,
        }
    }
}

pub async fn of_two_last_holders_one_is_kept_however_they_go(subject: &Subject) {
    subject.create(&globex(), "elsewhere", "owner").await;
    let ways = [Loss::Demote, Loss::Detach, Loss::Delete];
    let pairs = ways.into_iter().flat_map(|one| ways.map(|other| (one, other)));
    // The holder who is kept in one round is the last but one of the next.
    let mut kept = subject.create(&acme(), "first", "owner").await;
    for (round, (one, other)) in pairs.cycle().take(3 * ROUNDS).enumerate() {
        // One of the two is at home here, the other one is not.
        subject.create(&globex(), &format!("ada{round}"), "member").await;
        let ada = subject.attach(&acme(), &format!("ada{round}"), "owner").await;
        let results = race(
            one.suffer(Arc::clone(&subject.directory), ada.clone()),
            other.suffer(Arc::clone(&subject.directory), kept.clone()),
        )
        .await;
        let ada_stays = results.0.is_err();
        assert_fails!(
            Err::<(), _>(only_failure(results)),
            Conflicts(Conflict::LastProtectedRoleHolder)
        );
        let people = subject.people_of(&acme()).await;
        let owners: Vec<_> =
            people.iter().filter(|user| user.role_in(&acme()) == Some(&role("owner"))).collect();
        if ada_stays {
            kept = ada;
        }
        assert_eq!(owners, [&kept], "after {one:?} against {other:?}");
    }
}

pub async fn a_tenant_keeps_a_holder_when_the_other_is_deleted_by_another_tenant(
    subject: &Subject,
) {
    let mut kept = subject.create(&globex(), "first", "owner").await;
    for round in 0..ROUNDS {
        subject.create(&acme(), &format!("ada{round}"), "member").await;
        let ada = subject.attach(&globex(), &format!("ada{round}"), "owner").await;
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let (first, second) = (ada.clone(), kept.clone());
        let results =
            race(async move { directory.0.delete(&changes(&acme()), &first).await }, async move {
                directory.1.detach(&writes(&globex()), &second).await
            })
            .await;
        if results.0.is_err() {
            kept = ada;
        }
        assert_fails!(
            Err::<(), _>(only_failure(results)),
            Conflicts(Conflict::LastProtectedRoleHolder)
        );
        assert_eq!(subject.people_of(&globex()).await, [kept.clone()]);
    }
}

pub async fn one_address_is_given_to_one_of_two_creations(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let create = |tenant, directory: Arc<dyn UserDirectory>| {
            // A password takes time to hash: enough for the other to come in between.
            let password = (round % 8 == 0).then(|| valid("correct-horse"));
            let new = NewUser { password, ..newcomer(&name, "member") };
            async move { directory.create(&writes(&tenant), new).await }
        };
        let results = race(
            create(acme(), Arc::clone(&subject.directory)),
            create(globex(), Arc::clone(&subject.directory)),
        )
        .await;
        assert_fails!(Err::<(), _>(only_failure(results)), Conflicts(Conflict::EmailTaken));
    }
    let people = (subject.people_of(&acme()).await, subject.people_of(&globex()).await);
    assert_eq!(people.0.len() + people.1.len(), ROUNDS);
}

pub async fn one_username_is_given_to_one_of_two_creations(subject: &Subject) {
    for round in 0..ROUNDS {
        let create = |tenant: domain::TenantId, directory: Arc<dyn UserDirectory>| {
            let username = Some(valid(&format!("ada{round}")));
            let password = (round % 8 == 0).then(|| valid("correct-horse"));
            let new = newcomer(&format!("{tenant}{round}"), "member");
            let new = NewUser { username, password, ..new };
            async move { directory.create(&writes(&tenant), new).await }
        };
        let results = race(
            create(acme(), Arc::clone(&subject.directory)),
            create(globex(), Arc::clone(&subject.directory)),
        )
        .await;
        assert_fails!(Err::<(), _>(only_failure(results)), Conflicts(Conflict::UsernameTaken));
    }
}

pub async fn one_address_is_given_to_a_creation_or_to_a_change(subject: &Subject) {
    for round in 0..ROUNDS {
        let bob = subject.create(&globex(), &format!("bob{round}"), "member").await;
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let password = (round % 8 == 0).then(|| valid("correct-horse"));
        let new = NewUser { password, ..newcomer(&format!("ada{round}"), "member") };
        let change =
            AccountChange { email: new.email.clone(), given_name: None, family_name: None };
        let results =
            race(async move { directory.0.create(&writes(&acme()), new).await }, async move {
                directory.1.change_account(&changes(&globex()), &bob, change).await
            })
            .await;
        assert_fails!(Err::<(), _>(only_failure(results)), Conflicts(Conflict::EmailTaken));
    }
}

pub async fn of_two_enlistments_of_one_address_in_one_tenant_one_succeeds(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        // Now of somebody who exists, now of nobody yet.
        let exists = round % 2 == 0;
        if exists {
            subject.create(&globex(), &name, "member").await;
        }
        let enlist = |directory: Arc<dyn UserDirectory>| {
            let recruit = recruit(&name, "member");
            async move { directory.attach_or_create(&writes(&acme()), recruit).await }
        };
        let results =
            race(enlist(Arc::clone(&subject.directory)), enlist(Arc::clone(&subject.directory)))
                .await;
        if let (Ok(enlisted), _) | (_, Ok(enlisted)) = &results {
            assert_eq!(enlisted.created, !exists);
        }
        assert_fails!(Err::<(), _>(only_failure(results)), Conflicts(Conflict::AlreadyAttached));
        let people = subject.people_of(&acme()).await;
        let count = people.iter().filter(|user| user.email.as_str() == address(&name)).count();
        assert_eq!(count, 1);
    }
}

pub async fn two_tenants_that_enlist_one_new_address_share_one_account(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let enlist = |tenant, directory: Arc<dyn UserDirectory>| {
            let recruit = recruit(&name, "member");
            async move { directory.attach_or_create(&writes(&tenant), recruit).await.unwrap() }
        };
        let (one, other) = race(
            enlist(acme(), Arc::clone(&subject.directory)),
            enlist(globex(), Arc::clone(&subject.directory)),
        )
        .await;
        assert!(one.created != other.created, "exactly one creates the account");
        assert_eq!(one.user.id, other.user.id);
        let home = if one.created { acme() } else { globex() };
        let user = subject.now(&one.user.id).await.unwrap();
        assert_eq!(user.home, Some(home));
        assert_eq!(user.memberships.keys().collect::<Vec<_>>(), [&acme(), &globex()]);
    }
}

pub async fn an_enlistment_against_a_creation_leaves_one_account(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let password = (round % 8 == 0).then(|| valid("correct-horse"));
        let new = NewUser { password, ..newcomer(&name, "member") };
        let recruit = recruit(&name, "member");
        let (created, enlisted) =
            race(async move { directory.0.create(&writes(&acme()), new).await }, async move {
                directory.1.attach_or_create(&writes(&globex()), recruit).await.unwrap()
            })
            .await;
        let user = subject.now(&enlisted.user.id).await.unwrap();
        match created {
            Ok(created) => {
                assert!(!enlisted.created);
                assert_eq!((&user.id, &user.home), (&created.id, &Some(acme())));
                assert_eq!(user.memberships.len(), 2);
            }
            Err(PortError::Conflict(Conflict::EmailTaken)) => {
                assert!(enlisted.created);
                assert_eq!((&user.home, user.memberships.len()), (&Some(globex()), 1));
            }
            Err(other) => panic!("the creation failed: {other:?}"),
        }
    }
}

pub async fn attaching_against_detaching_happens_in_one_of_the_two_orders(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let seen = subject.share(&globex(), &acme(), &name).await;
        let id = seen.id.clone();
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let recruit = recruit(&name, "viewer");
        let (detached, enlisted) =
            race(async move { directory.0.detach(&writes(&acme()), &seen).await }, async move {
                directory.1.attach_or_create(&writes(&acme()), recruit).await
            })
            .await;
        detached.unwrap();
        let user = subject.now(&id).await.unwrap();
        assert_eq!(user.role_in(&globex()), Some(&role("member")));
        match enlisted {
            Ok(_) => assert_eq!(user.role_in(&acme()), Some(&role("viewer"))),
            Err(PortError::Conflict(Conflict::AlreadyAttached)) => {
                assert_eq!(user.role_in(&acme()), None);
            }
            Err(other) => panic!("the new_member failed: {other:?}"),
        }
    }
}

pub async fn two_tenants_changes_to_one_account_do_not_undo_each_other(subject: &Subject) {
    for round in 0..ROUNDS {
        let name = format!("ada{round}");
        let seen = subject.share(&acme(), &globex(), &name).await;
        let id = seen.id.clone();
        let directory = (Arc::clone(&subject.directory), Arc::clone(&subject.directory));
        let other = seen.clone();
        let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Ada")) };
        let detaches = round % 2 == 0;
        let (one, other) = race(
            async move { directory.0.change_membership(&writes(&acme()), &seen, change).await },
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
        let user = subject.now(&id).await.unwrap();
        assert_eq!(user.role_in(&acme()), Some(&role("viewer")));
        assert_eq!(user.display_name, Some(valid("Ada")));
        let admin = role("admin");
        assert_eq!(user.role_in(&globex()), (!detaches).then_some(&admin));
    }
}
