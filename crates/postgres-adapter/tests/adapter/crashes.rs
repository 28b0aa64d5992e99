//! Connections and servers that go away: nothing is half done, and nothing acknowledged is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use conformance::{Caller, ManualClock, acme, catalogue, new_user};
use domain::{AccountRules, Sort};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use ports::{PortError, UserDirectory as _};
use postgres_adapter::PostgresDirectory;
use postgres_testkit::Options;

use crate::world::{World, connect};

/// Returns the addresses of all users of the tenant.
async fn addresses(directory: &PostgresDirectory) -> BTreeSet<String> {
    let scope = Caller::of([acme()]).reads(&acme());
    let list = directory.list_all(&scope, Sort::default()).await.unwrap();
    let users = list.collect().await.unwrap().users;
    users.iter().map(|user| user.email.as_str().to_owned()).collect()
}

/// The addresses of creations by their outcome.
#[derive(Default)]
struct Outcomes {
    acknowledged: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

impl Outcomes {
    fn of_all(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for Self { acknowledged, unknown } in outcomes {
            all.acknowledged.extend(acknowledged);
            all.unknown.extend(unknown);
        }
        all
    }

    /// Asserts that what is stored is what was acknowledged, and nothing else whose outcome is known.
    fn assert_truthful(&self, stored: &BTreeSet<String>) {
        assert!(self.acknowledged.is_subset(stored));
        let mut others = stored.difference(&self.acknowledged);
        assert!(others.all(|address| self.unknown.contains(address)));
    }
}

/// Creates users until told to stop.
async fn create_users(
    directory: Arc<PostgresDirectory>,
    prefix: usize,
    stop: Arc<AtomicBool>,
) -> Outcomes {
    let scope = Caller::of([acme()]).writes(&acme());
    let mut outcomes = Outcomes::default();
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let new = new_user(&format!("user{prefix}x{number}"), "member");
        let address = new.email.as_str().to_owned();
        match directory.create(&scope, new).await {
            Ok(_) => drop(outcomes.acknowledged.insert(address)),
            Err(PortError::Unavailable { .. }) => {}
            Err(PortError::Timeout) => drop(outcomes.unknown.insert(address)),
            Err(error) => unreachable!("{error:?}"),
        }
        number += 1;
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_lose_no_acknowledged_user() {
    let Some(world) = World::new() else { return };
    let directory = world.standard_directory().await;
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4)
        .map(|task| tokio::spawn(create_users(Arc::clone(&directory), task, Arc::clone(&stop))))
        .collect();
    for _ in 0..40 {
        world
            .database
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE usename = 'usher_service' AND datname = current_database() \
                 ORDER BY random() LIMIT 2",
            )
            .unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let outcomes = join_all(tasks).await.into_iter().map(Result::unwrap);
    Outcomes::of_all(outcomes).assert_truthful(&addresses(&directory).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_loses_no_acknowledged_user() {
    let Some(mut cluster) =
        postgres_testkit::dedicated(Options { fsync: true, ..Options::default() })
    else {
        return;
    };
    let database = connect(&cluster.url());
    database.migrate().await.unwrap();
    let directory = Arc::new(PostgresDirectory::new(
        database,
        catalogue(),
        AccountRules::default(),
        Arc::new(ManualClock::new()),
    ));
    directory.prepare().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..2)
        .map(|task| tokio::spawn(create_users(Arc::clone(&directory), task, Arc::clone(&stop))))
        .collect();
    // Wait until something has been acknowledged.
    let scope = Caller::of([acme()]).writes(&acme());
    let mut first = Vec::new();
    for number in 0..20 {
        let new = new_user(&format!("first{number}"), "member");
        first.push(directory.create(&scope, new).await.unwrap().email.as_str().to_owned());
    }
    cluster.kill().unwrap();
    stop.store(true, Ordering::SeqCst);
    let outcomes = join_all(tasks).await.into_iter().map(Result::unwrap);
    let mut outcomes = Outcomes::of_all(outcomes);
    cluster.restart().unwrap();
    outcomes.acknowledged.extend(first);
    outcomes.assert_truthful(&addresses(&directory).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_that_is_given_up_leaves_all_or_nothing() {
    let Some(world) = World::new() else { return };
    let directory = world.standard_directory().await;
    let scope = Caller::of([acme()]).writes(&acme());
    for number in 0..200_usize {
        let create = directory.create(&scope, new_user(&format!("user{number}"), "member"));
        // Given up after so many steps.
        let mut create = Box::pin(create);
        for _ in 0..number % 40 {
            if create.as_mut().now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    // Each account has its membership, and no transaction is left open.
    let halves = "SELECT count(*) FROM usher.account \
                  WHERE NOT EXISTS (SELECT FROM usher.membership WHERE account = account.id)";
    assert_eq!(world.database.query(halves).unwrap()[0][0].as_deref(), Some("0"));
    let open = "SELECT count(*) FROM pg_stat_activity \
                WHERE usename = 'usher_service' AND state LIKE 'idle in transaction%' \
                AND datname = current_database()";
    while world.database.query(open).unwrap()[0][0].as_deref() != Some("0") {
        tokio::task::yield_now().await;
    }
    directory.create(&scope, new_user("last", "member")).await.unwrap();
}
