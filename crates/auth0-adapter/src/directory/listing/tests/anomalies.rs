//! Tenants whose index pages differ from those of the list.

use std::collections::BTreeSet;

use proptest::collection::btree_set;
use proptest::prelude::*;

use super::*;

/// A user whose id contains upper-case letters.
fn upper_case_user(number: u64) -> User {
    let mut user = numbered_user(number, i64::try_from(number).unwrap() * 1000);
    user.id = user.id.as_str().replace("auth0|", "Auth0|X").parse().unwrap();
    user
}

/// Reads all pages of acme's list.
async fn pages(
    fake: &FakeIndex,
    anomalies: &PagingAnomalies,
    sort: Sort,
    size: u32,
) -> Vec<(Vec<String>, u64)> {
    let mut pages = Vec::new();
    for number in 0..=fake.users.len() as u64 / u64::from(size) {
        let scans = ScanCache::new(Duration::ZERO);
        let written = BTreeMap::new();
        let scope = scope();
        let known = context(&scope, written, anomalies, &scans);
        let listing = ListQuery { sort, page: window(number, size) };
        let page = list(fake, &known, &listing).await.unwrap();
        pages.push((ids(&page.users), page.total));
    }
    pages
}

const BY_ID: Sort = Sort { field: SortField::Id, descending: false };
const BY_EMAIL: Sort = Sort { field: SortField::Email, descending: false };

#[tokio::test]
async fn upper_case_ids_are_listed_in_list_order() {
    let mut users = spread(150);
    users.extend((0..100).map(|number| upper_case_user(1000 + number)));
    let fake = FakeIndex::of(users);
    let anomalies = PagingAnomalies::default();
    let all_pages: Vec<_> =
        pages(&fake, &anomalies, BY_ID, 20).await.into_iter().flat_map(|(ids, _)| ids).collect();
    let (all_ids, _) = expected(&fake.users, &ListQuery { sort: BY_ID, page: None });
    assert_eq!(all_pages, all_ids);
    // By other fields the index pages are usable: no full scan.
    let before = fake.fetches();
    let number = pages(&fake, &anomalies, BY_EMAIL, 50).await.len() as u64;
    assert!(fake.fetches() - before <= 2 * number);
}

#[tokio::test]
async fn unreadable_row_does_not_shift_pages() {
    for malformed in [false, true] {
        let mut fake = FakeIndex::of(spread(250));
        let mut users = fake.users.clone();
        users.sort_by(|one, other| one.email.cmp(&other.email));
        let ids: BTreeSet<_> = [users.remove(3).id].into();
        *(if malformed { &mut fake.malformed } else { &mut fake.unreadable }) = ids;
        let anomalies = PagingAnomalies::default();
        for (number, page) in pages(&fake, &anomalies, BY_EMAIL, 40).await.into_iter().enumerate() {
            let listing = ListQuery { sort: BY_EMAIL, page: window(number as u64, 40) };
            assert_eq!(page, expected(&users, &listing), "{malformed} {number}");
        }
        // Once the row is readable again, pages are used again after one full scan.
        fake.malformed.clear();
        fake.unreadable.clear();
        pages(&fake, &anomalies, BY_EMAIL, 40).await;
        let before = fake.fetches();
        let number = pages(&fake, &anomalies, BY_EMAIL, 40).await.len() as u64;
        assert!(fake.fetches() - before <= 2 * number);
    }
}

/// An index that sorts by creation time only.
#[derive(Debug)]
struct IgnoresOrder(FakeIndex);

impl UserIndex for IgnoresOrder {
    async fn fetch(&self, query: IndexQuery<'_>) -> PortResult<IndexPage> {
        self.0.fetch(IndexQuery { order: IndexOrder::BY_CREATION, ..query }).await
    }
}

#[tokio::test]
async fn index_pages_out_of_order_are_not_used() {
    let index = IgnoresOrder(FakeIndex::of(spread(250)));
    for sort in [BY_ID, BY_EMAIL] {
        for number in [0, 3] {
            let listing = ListQuery { sort, page: window(number, 40) };
            let page = list_of(&index, BTreeMap::new(), &listing).await.unwrap();
            assert_eq!((ids(&page.users), page.total), expected(&index.0.users, &listing));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// After a full scan has found the anomalies, every page is correct.
    #[test]
    fn anomalies_never_spoil_a_page(
        count in prop_oneof![1_u64..30, 95_u64..130, 150_u64..300, Just(1003)],
        capitals in btree_set(0_u64..40, 0..10),
        unreadable in btree_set(0_usize..300, 0..5),
        malformed in btree_set(0_usize..300, 0..5),
        field in 0..SortField::ALL.len(),
        descending: bool,
        number in 0_u64..12,
        crowded: bool,
    ) {
        let mut users = spread(count);
        users.extend(capitals.into_iter().map(|number| upper_case_user(5000 + number)));
        if crowded {
            for user in users.iter_mut().take(150) {
                user.created_at = Timestamp::UNIX_EPOCH;
            }
        }
        let mut fake = FakeIndex::of(users);
        let id = |number: &usize| fake.users.get(*number).map(|user| user.id.clone());
        let unreadable: BTreeSet<_> = unreadable.iter().filter_map(id).collect();
        let malformed: BTreeSet<_> = malformed.iter().filter_map(id).collect();
        let mut users = fake.users.clone();
        users.retain(|user| !unreadable.contains(&user.id) && !malformed.contains(&user.id));
        (fake.unreadable, fake.malformed) = (unreadable, malformed);
        let anomalies = PagingAnomalies::default();
        let (written, scans) = (BTreeMap::new(), ScanCache::new(Duration::ZERO));
        let scope = scope();
        let known = context(&scope, written, &anomalies, &scans);
        let sort = Sort { field: SortField::ALL[field], descending };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for window in [None, window(number, 33), window(0, 100)] {
            let listing = ListQuery { sort, page: window };
            let page = runtime.block_on(list(&fake, &known, &listing)).unwrap();
            if sort.field == SortField::CreatedAt && crowded && window.is_some() {
                // Users created at one moment may be in any order.
                prop_assert_eq!(page.total, users.len() as u64);
                continue;
            }
            prop_assert_eq!((ids(&page.users), page.total), expected(&users, &listing));
        }
    }
}

#[test]
fn anomalies_of_at_most_10000_tenants_are_kept() {
    let anomalies = PagingAnomalies::default();
    let page = IndexPage { rows: Vec::new(), start: 0, total: 1, unreadable: 1 };
    let tenant = |number: usize| format!("t{number}").parse().unwrap();
    let order = IndexOrder { field: IndexField::Id, descending: false };
    for number in 0..10_005 {
        anomalies.record(&tenant(number), &page, order);
    }
    let known =
        (0..10_005).filter(|number| !anomalies.allows_paging(&tenant(*number), IndexField::Id));
    assert_eq!(known.count(), 10_000);
    anomalies.record_all(&tenant(20_000), &page, std::iter::empty());
    assert!(!anomalies.allows_paging(&tenant(20_000), IndexField::Id));
    anomalies.clear();
    assert!(anomalies.allows_paging(&tenant(20_000), IndexField::Id));
}
