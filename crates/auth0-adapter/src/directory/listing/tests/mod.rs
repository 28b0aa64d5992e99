mod anomalies;
mod recent_writes;
mod short_pages;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use conformance::Caller;
use domain::{ListQuery, Page, PageRequest, Sort, SortField, TenantScope, Timestamp, User, UserId};
use ports::{PortError, PortResult};

use super::anomalies::PagingAnomalies;
use super::context::ListContext;
use super::fake_index::{FakeIndex, acme, numbered_user};
use super::index::{IndexField, IndexOrder, IndexPage, IndexQuery, IndexRow, UserIndex};
use super::list::list;
use super::scan_cache::ScanCache;
use crate::directory::recent_writes::WrittenState;

fn scope() -> TenantScope {
    Caller::of([acme()]).reads(&acme())
}

fn window(number: u64, size: u32) -> Option<PageRequest> {
    NonZeroU32::new(size).map(|size| PageRequest { number, size })
}

fn sorts() -> impl Iterator<Item = Sort> {
    let both = |field| [false, true].map(|descending| Sort { field, descending });
    SortField::ALL.into_iter().flat_map(both)
}

fn ids(users: &[impl AsRef<User>]) -> Vec<String> {
    users.iter().map(|user| user.as_ref().id.to_string()).collect()
}

/// The expected list: all users in their current state, in the order of the domain.
fn expected(users: &[User], listing: &ListQuery) -> (Vec<String>, u64) {
    let selected: Vec<_> = listing.select(users).into_iter().cloned().collect();
    (ids(&selected), users.len() as u64)
}

/// Returns what is known about acme's users.
fn context<'a>(
    scope: &'a TenantScope,
    written: BTreeMap<UserId, WrittenState>,
    anomalies: &'a PagingAnomalies,
    scans: &'a ScanCache,
) -> ListContext<'a> {
    let now = Timestamp::UNIX_EPOCH;
    let recent_since = now.plus_millis(-60_000);
    ListContext { scope, written, anomalies, scans, now, recent_since }
}

/// Lists acme's users, of which only the recent writes are known.
async fn list_of(
    index: &impl UserIndex,
    written: BTreeMap<UserId, WrittenState>,
    listing: &ListQuery,
) -> PortResult<Page> {
    let (anomalies, scans) = (PagingAnomalies::default(), ScanCache::new(Duration::ZERO));
    list(index, &context(&scope(), written, &anomalies, &scans), listing).await
}

async fn listed(fake: &FakeIndex, listing: &ListQuery) -> (Vec<String>, u64) {
    let page = list_of(fake, BTreeMap::new(), listing).await.unwrap();
    (ids(&page.users), page.total)
}

fn spread(count: u64) -> Vec<User> {
    (0..count).map(|number| numbered_user(number, i64::try_from(number).unwrap() * 1000)).collect()
}

/// All sorts, or for long lists some that Auth0 supports and some that it does not.
fn some_sorts(count: u64) -> impl Iterator<Item = Sort> {
    sorts().filter(move |sort| match count {
        0..=250 => true,
        251..=1001 => sort.field == SortField::Email || sort.field == SortField::FirstName,
        _ => sort.field == SortField::Email && sort.descending,
    })
}

/// Numbers of users on both sides of each limit.
const COUNTS: [u64; 10] = [0, 1, 99, 100, 101, 250, 999, 1000, 1001, 2500];

#[tokio::test]
async fn full_lists_are_complete_and_ordered() {
    for count in COUNTS {
        let fake = FakeIndex::of(spread(count));
        for sort in some_sorts(count) {
            let listing = ListQuery { sort, page: None };
            assert_eq!(
                listed(&fake, &listing).await,
                expected(&fake.users, &listing),
                "{count} {sort}"
            );
        }
    }
}

#[tokio::test]
async fn pages_are_cut_from_the_list_order() {
    for count in COUNTS {
        let fake = FakeIndex::of(spread(count));
        for sort in some_sorts(count) {
            for size in [1, 33, 100] {
                let last = count / u64::from(size);
                for number in [0, last / 2, last, last + 1, u64::MAX] {
                    if count > 250 && size < 100 {
                        continue;
                    }
                    let listing = ListQuery { sort, page: window(number, size) };
                    assert_eq!(
                        listed(&fake, &listing).await,
                        expected(&fake.users, &listing),
                        "{count} users by {sort}, page {number} of {size}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn reachable_page_costs_at_most_two_calls() {
    for count in [0, 1, 100, 101, 250, 999] {
        let fake = FakeIndex::of(spread(count));
        for sort in sorts().filter(|sort| IndexOrder::of(*sort).is_some()) {
            for number in (0..=count / 10).step_by(3) {
                let before = fake.fetches();
                listed(&fake, &ListQuery { sort, page: window(number, 10) }).await;
                let cost = fake.fetches() - before;
                let max_per_page = if sort.field == SortField::Id || number < 9 { 1 } else { 2 };
                assert!(
                    (1..=max_per_page).contains(&cost),
                    "{cost}: {count} by {sort}, page {number}"
                );
            }
        }
    }
}

#[tokio::test]
async fn long_list_cost_is_bounded() {
    let fake = FakeIndex::of(spread(2500));
    let cost = async |field, window| {
        let before = fake.fetches();
        let listing = ListQuery { sort: Sort { field, descending: false }, page: window };
        listed(&fake, &listing).await;
        fake.fetches() - before
    };
    // A page within the first 1000, and the count.
    assert_eq!(cost(SortField::Email, window(3, 50)).await, 1 + 5);
    // A full scan, since the page is beyond the reach, or the order is not supported.
    assert!(cost(SortField::Email, window(30, 50)).await <= 26 + 5);
    assert!(cost(SortField::LastName, window(0, 50)).await <= 26);
    assert!(cost(SortField::Id, None).await <= 26);
    // Beyond the end there is nothing to fetch.
    assert_eq!(cost(SortField::Email, window(1_000_000, 50)).await, 5);
}

#[tokio::test]
async fn users_created_at_one_moment_are_all_listed() {
    for (before, same_moment, after) in
        [(0, 100, 0), (0, 101, 5), (40, 150, 3), (250, 1000, 70), (5, 1001, 105), (99, 1999, 1)]
    {
        let mut users = spread(before);
        let moment = i64::try_from(before).unwrap() * 1000;
        users.extend((0..same_moment).map(|number| numbered_user(10_000 + number, moment)));
        let later = moment + 1;
        users.extend((0..after).map(|number| numbered_user(20_000 + number, later)));
        let fake = FakeIndex::of(users);
        for field in [SortField::Id, SortField::LastName, SortField::CreatedAt] {
            let listing = ListQuery { sort: Sort { field, descending: true }, page: None };
            assert_eq!(
                listed(&fake, &listing).await,
                expected(&fake.users, &listing),
                "{same_moment}"
            );
        }
        for field in [SortField::Id, SortField::Email, SortField::FirstName, SortField::CreatedAt] {
            let sort = Sort { field, descending: false };
            let listing = ListQuery { sort, page: window(2, 40) };
            assert_eq!(
                listed(&fake, &listing).await,
                expected(&fake.users, &listing),
                "{same_moment}"
            );
        }
    }
}

/// Auth0 orders ties differently each time; the pages still contain every user once.
#[tokio::test]
async fn tied_users_are_paged_in_list_order() {
    for (count, together) in [(101, 2), (150, 7), (300, 150), (999, 7), (1001, 3)] {
        let mut users = spread(count);
        for user in &mut users {
            let moment = user.created_at.as_unix_millis() / 1000 / together;
            user.created_at = Timestamp::UNIX_EPOCH.plus_millis(moment);
            // Accounts of two connections can share an address.
            if moment % 5 == 0 {
                user.email = format!("twin{moment}@example.com").parse().unwrap();
            }
        }
        let fake = FakeIndex::of(users);
        for (field, descending) in [(SortField::CreatedAt, false), (SortField::CreatedAt, true)]
            .into_iter()
            .chain([(SortField::Email, false)])
        {
            let sort = Sort { field, descending };
            for size in [7, 50, 100] {
                let last = count / u64::from(size);
                let numbers = if size < 50 && count > 300 { last - 3..=last } else { 0..=last };
                for number in numbers {
                    let listing = ListQuery { sort, page: window(number, size) };
                    let (listed, expected) =
                        (listed(&fake, &listing).await, expected(&fake.users, &listing));
                    assert_eq!(listed, expected, "{count} by {sort}, page {number} of {size}");
                }
            }
        }
    }
}

#[tokio::test]
async fn too_many_users_of_one_moment_is_an_error() {
    let fake = FakeIndex::of((0..2100).map(|number| numbered_user(number, 5)).collect());
    let listing = ListQuery::default();
    let result = list_of(&fake, BTreeMap::new(), &listing).await;
    assert!(matches!(result, Err(PortError::Failed { .. })), "{result:?}");
}

#[tokio::test]
async fn smaller_index_pages_do_not_change_lists() {
    for max_per_page in [1, 50, 99] {
        for count in [3, 130] {
            let mut users = spread(count);
            users.extend((0..50).map(|number| numbered_user(5000 + number, 3000)));
            let fake = FakeIndex { max_per_page, ..FakeIndex::of(users) };
            for sort in sorts() {
                for window in [None, window(0, 10), window(1, 100), window(2, 60)] {
                    let listing = ListQuery { sort, page: window };
                    let expected = expected(&fake.users, &listing);
                    assert_eq!(
                        listed(&fake, &listing).await,
                        expected,
                        "{max_per_page} {listing:?}"
                    );
                }
            }
        }
    }
}

/// An index that violates its contract in one way.
#[derive(Debug)]
struct MisbehavingIndex(FakeIndex, fn(&mut IndexPage));

impl UserIndex for MisbehavingIndex {
    async fn fetch(&self, query: IndexQuery<'_>) -> PortResult<IndexPage> {
        let mut found = self.0.fetch(query).await?;
        (self.1)(&mut found);
        Ok(found)
    }
}

#[tokio::test]
async fn contradictory_index_is_an_error() {
    let faults: [fn(&mut IndexPage); 5] = [
        |found| found.rows.reverse(),
        |found| found.rows.clear(),
        |found| found.total = 1000,
        |found| found.start = 100,
        |found| {
            found.rows.truncate(1);
            found.total = 1000;
        },
    ];
    for fault in faults {
        let index = MisbehavingIndex(FakeIndex::of(spread(250)), fault);
        let result = list_of(&index, BTreeMap::new(), &ListQuery::default()).await;
        assert!(matches!(result, Err(PortError::Failed { .. })), "{result:?}");
    }
}
