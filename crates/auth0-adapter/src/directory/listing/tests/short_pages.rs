//! Pages of a tenant whose first rows have been inspected for anomalies.

use super::*;

const BY_ID: Sort = Sort { field: SortField::Id, descending: false };
const BY_TIME: Sort = Sort { field: SortField::CreatedAt, descending: false };

/// A directory's memory of one tenant.
#[derive(Default)]
struct Memory {
    anomalies: PagingAnomalies,
    seconds: i64,
}

impl Memory {
    /// Lists a page, and returns it with the sizes of the pages fetched for it.
    async fn page(
        &self,
        fake: &FakeIndex,
        sort: Sort,
        (number, size): (u64, u32),
        written: BTreeMap<UserId, WrittenState>,
    ) -> ((Vec<String>, u64), Vec<u32>) {
        fake.log.lock().unwrap().clear();
        let (scope, scans) = (scope(), ScanCache::new(Duration::ZERO));
        let now = Timestamp::UNIX_EPOCH.plus_millis(self.seconds * 1000);
        let recent_since = now.plus_millis(-60_000);
        let known =
            ListContext { now, recent_since, ..context(&scope, written, &self.anomalies, &scans) };
        let listing = ListQuery { sort, page: window(number, size) };
        let page = list(fake, &known, &listing).await.unwrap();
        let log = fake.log.lock().unwrap();
        let sizes = log.iter().map(|query| {
            let (_, size) = query.split_once("per_page: ").unwrap();
            size.split(' ').next().unwrap().parse().unwrap()
        });
        ((ids(&page.users), page.total), sizes.collect())
    }

    /// Checks that the page is that of the list, and returns the sizes of the pages fetched for it.
    async fn sizes(&self, fake: &FakeIndex, sort: Sort, place: (u64, u32)) -> Vec<u32> {
        let (page, sizes) = self.page(fake, sort, place, BTreeMap::new()).await;
        let listing = ListQuery { sort, page: window(place.0, place.1) };
        assert_eq!(page, expected(&fake.users, &listing), "{sort} {place:?}");
        sizes
    }
}

#[tokio::test]
async fn page_reads_its_own_rows_once_the_first_are_inspected() {
    for count in [50, 100, 101, 500] {
        let (memory, fake) = (Memory::default(), FakeIndex::of(spread(count)));
        assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [100]);
        assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [20]);
        assert_eq!(memory.sizes(&fake, BY_ID, (1, 10)).await, [10]);
        // A neighbour shows whether a tie crosses the end.
        assert_eq!(memory.sizes(&fake, BY_TIME, (0, 20)).await, [100]);
        assert_eq!(memory.sizes(&fake, BY_TIME, (0, 20)).await, [21]);
    }
}

#[tokio::test]
async fn inspection_ends_after_a_minute() {
    let (mut memory, fake) = (Memory::default(), FakeIndex::of(spread(50)));
    memory.sizes(&fake, BY_ID, (0, 20)).await;
    memory.seconds = 59;
    assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [20]);
    memory.seconds = 60;
    assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [100]);
    memory.seconds = 61;
    assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [20]);
}

#[tokio::test]
async fn another_number_of_users_ends_the_inspection() {
    let (memory, fake) = (Memory::default(), FakeIndex::of(spread(50)));
    memory.sizes(&fake, BY_ID, (0, 20)).await;
    let fake = FakeIndex::of(spread(51));
    assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [20, 100]);
    assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [20]);
}

#[tokio::test]
async fn recent_write_inspects_the_first_rows_again() {
    let (memory, fake) = (Memory::default(), FakeIndex::of(spread(50)));
    memory.sizes(&fake, BY_ID, (0, 20)).await;
    let user = fake.users[0].clone();
    let written = [(user.id.clone(), WrittenState::Present(user.into()))];
    let (_, sizes) = memory.page(&fake, BY_ID, (0, 20), written.into()).await;
    assert_eq!(sizes, [100]);
}

#[tokio::test]
async fn tie_across_the_end_is_resolved_and_remembered() {
    let mut users = spread(50);
    for user in &mut users {
        user.created_at = Timestamp::UNIX_EPOCH;
    }
    let (memory, fake) = (Memory::default(), FakeIndex::of(users));
    assert_eq!(memory.sizes(&fake, BY_TIME, (0, 20)).await, [100]);
    assert_eq!(memory.sizes(&fake, BY_TIME, (0, 20)).await, [21, 100]);
    for number in [0, 1, 2] {
        assert_eq!(memory.sizes(&fake, BY_TIME, (number, 20)).await, [100]);
    }
}

#[tokio::test]
async fn clearing_the_anomalies_ends_the_inspection() {
    let (memory, fake) = (Memory::default(), FakeIndex::of(spread(50)));
    memory.sizes(&fake, BY_ID, (0, 20)).await;
    memory.anomalies.clear();
    assert_eq!(memory.sizes(&fake, BY_ID, (0, 20)).await, [100]);
}
