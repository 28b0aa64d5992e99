//! Recent writes over an index that does not show them, against a model.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::overlay::Overlay;
use super::*;

/// An event after the index was built.
#[derive(Debug, Clone, Copy)]
enum Event {
    Created,
    Renamed,
    Moved,
    Detached,
    Deleted,
    /// Written here, and then by another process, which the index shows.
    Outdated,
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Created),
        Just(Event::Renamed),
        Just(Event::Moved),
        Just(Event::Detached),
        Just(Event::Deleted),
        Just(Event::Outdated),
    ]
}

/// Applies an event to the user of this number: `users` is the actual state, `written` what this
/// process knows.
fn apply(
    event: Event,
    number: u64,
    users: &mut BTreeMap<UserId, User>,
    written: &mut BTreeMap<UserId, WrittenState>,
) {
    let mut user = numbered_user(number, i64::try_from(number).unwrap() * 1000);
    let id = user.id.clone();
    let later = user.updated_at.map(|moment| moment.plus_millis(500));
    match event {
        Event::Created => {
            let mut new =
                numbered_user(100_000 + number, i64::try_from(number).unwrap() * 1000 + 7);
            new.updated_at = later;
            written.insert(new.id.clone(), WrittenState::Present(Arc::new(new.clone())));
            users.insert(new.id.clone(), new);
            return;
        }
        Event::Renamed => user.given_name = Some("Another".parse().unwrap()),
        Event::Moved => {
            user.email = format!("p{:05}@example.com", 99_999 - number).parse().unwrap();
        }
        Event::Detached => {
            user.updated_at = later;
            user.memberships.clear();
            users.remove(&id);
            written.insert(id, WrittenState::Present(Arc::new(user)));
            return;
        }
        Event::Deleted => {
            users.remove(&id);
            written.insert(id, WrittenState::Deleted(user.created_at));
            return;
        }
        Event::Outdated => {
            user.updated_at = user.updated_at.map(|moment| moment.plus_millis(-500));
            user.memberships.clear();
            written.insert(id, WrittenState::Present(Arc::new(user)));
            return;
        }
    }
    user.updated_at = later;
    users.insert(id.clone(), user.clone());
    written.insert(id, WrittenState::Present(Arc::new(user)));
}

/// Returns the actual state and the recent writes after these events. Each user has one event at
/// most.
fn after(
    events_by_user: Vec<(Event, u64)>,
    index: &[User],
) -> (Vec<User>, BTreeMap<UserId, WrittenState>) {
    let mut users: BTreeMap<_, _> =
        index.iter().map(|user| (user.id.clone(), user.clone())).collect();
    let mut written = BTreeMap::new();
    let mut touched = std::collections::BTreeSet::new();
    let count = index.len() as u64;
    for (event, number) in events_by_user {
        let number = number % count.max(1);
        if touched.insert(number) && (count > 0 || matches!(event, Event::Created)) {
            apply(event, number, &mut users, &mut written);
        }
    }
    (users.into_values().collect(), written)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Compares with a model that holds the actual state.
    #[test]
    fn recent_writes_are_listed_before_the_index_has_them(
        count in prop_oneof![Just(0_u64), 1_u64..30, 90_u64..130, 150_u64..300, Just(1003)],
        events_by_user in vec((events(), 0_u64..400), 0..20),
        field in 0..SortField::ALL.len(),
        descending: bool,
        size in prop_oneof![Just(1_u32), Just(10), Just(33), Just(99), Just(100)],
        number in 0_u64..12,
        max_per_page in prop_oneof![4 => Just(100_u32), 1 => Just(50)],
        learned_after in vec(1_u64..4, 20),
    ) {
        let mut fake = FakeIndex { max_per_page, ..FakeIndex::of(spread(count)) };
        let (users, written) = after(events_by_user, &fake.users);
        // The index shows the writes while it is queried.
        let state = |id: &UserId| users.iter().find(|user| user.id == *id).cloned();
        let change = |(after, id): (&u64, &UserId)| (*after, id.clone(), state(id));
        fake.changes = learned_after.iter().zip(written.keys()).map(change).collect();
        let sort = Sort { field: SortField::ALL[field], descending };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for window in [window(number, size), None] {
            fake.fetches = 0.into();
            let listing = ListQuery { sort, page: window };
            let page = list_of(&fake, written.clone(), &listing);
            let page = runtime.block_on(page).unwrap();
            prop_assert_eq!((ids(&page.users), page.total), expected(&users, &listing));
            // Each user is in its current state.
            for user in &page.users {
                prop_assert!(users.contains(user.as_ref()));
            }
        }
    }

    /// With exactly the rows that are said to be needed, for every page.
    #[test]
    fn page_is_cut_from_exactly_the_rows_needed(
        count in 1_u64..25,
        events_by_user in vec((events(), 0_u64..25), 0..8),
        field in prop_oneof![
            Just(SortField::Id), Just(SortField::Email), Just(SortField::CreatedAt)
        ],
        descending: bool,
    ) {
        let index = spread(count);
        let (users, written) = after(events_by_user, &index);
        let row = |user: &User| IndexRow {
            id: user.id.to_string(),
            created_at: Some(user.created_at),
            shown_differently: Vec::new(),
            user: Some(Arc::new(user.clone())),
        };
        let (held, others): (Vec<_>, Vec<_>) =
            index.into_iter().partition(|user| written.contains_key(&user.id));
        let held: Vec<_> = held.iter().map(row).collect();
        let overlay = Overlay::new(&acme(), &written, &held);
        let sort = Sort { field, descending };
        let order = ListQuery { sort, page: None };
        let index: Vec<_> = order.select(&others).into_iter().map(row).collect();
        let list = ids(&order.select(&users).into_iter().cloned().collect::<Vec<_>>());
        for start in 0..=list.len() + 2 {
            for size in 1..=6 {
                let range = start as u64..(start + size) as u64;
                let wide = overlay.widened(&range);
                let clip = |position: u64| usize::try_from(position).unwrap().min(index.len());
                let (from, to) = (clip(wide.start), clip(wide.end));
                let (rows, total) = (index[from..to].to_vec(), index.len() as u64);
                let found = IndexPage { rows, start: wide.start, total, unreadable: 0 };
                let page = overlay.cut(&found, total, sort, &range);
                let expected: Vec<_> = list.iter().skip(start).take(size).cloned().collect();
                prop_assert_eq!(ids(&page.users), expected, "places {:?}", range);
                prop_assert_eq!(page.total, list.len() as u64);
            }
        }
    }
}
