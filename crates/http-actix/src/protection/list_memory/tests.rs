use std::pin::pin;

use futures_util::FutureExt;
use prometheus_client::registry::Registry;

use super::*;

const MIB: usize = 1024 * 1024;
const LIMIT: usize = 32 * MIB;
const WAIT: Duration = Duration::from_secs(1);
/// What a list holds; it is the same as a list of unknown size reserves.
const SIZE: usize = LIMIT / UNKNOWN_SHARE;

fn memory() -> ListMemory {
    let settings = ListMemorySettings { limit: LIMIT, wait: WAIT };
    ListMemory::new(settings, HttpMetrics::register(&mut Registry::default()))
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

/// Reserves memory for a list of the tenant, as that tenant.
async fn reserve(memory: &ListMemory, name: &str) -> Result<ListReservation, ShedReason> {
    memory.reserve(QuotaOwner::Tenant(tenant(name)), &tenant(name)).await
}

fn try_reserve(memory: &ListMemory, name: &str) -> Option<ListReservation> {
    reserve(memory, name).now_or_never().map(Result::unwrap)
}

/// Reads a list that holds this many bytes.
fn read(memory: &ListMemory, name: &str, bytes: usize) -> ListReservation {
    let mut reservation = try_reserve(memory, name).unwrap();
    reservation.set_held(bytes);
    reservation
}

fn reserved(memory: &ListMemory) -> usize {
    memory.0.state.lock().reserved
}

#[tokio::test(start_paused = true)]
async fn unread_large_lists_stay_within_the_limit() {
    let memory = memory();
    let mut held = Vec::new();
    for number in 0..64 {
        let name = format!("t{}", number % 8);
        let Some(mut reservation) = try_reserve(&memory, &name) else { continue };
        reservation.set_held(SIZE);
        reservation.shrink_to(MIB);
        assert!(reserved(&memory) <= LIMIT);
        held.push(reservation);
    }
    // The last one was read next to the rests of the others.
    assert_eq!(held.len(), (LIMIT - SIZE) / MIB + 1);
    drop(held);
    assert_eq!(reserved(&memory), 0);
    assert!(memory.0.state.lock().by_owner.is_empty());
}

#[tokio::test(start_paused = true)]
async fn small_lists_reserve_nothing_and_never_wait() {
    let memory = memory();
    drop(read(&memory, "small", SMALL_LIST_BYTES));
    let large = read(&memory, "large", LIMIT);
    let mut waiting = pin!(reserve(&memory, "other"));
    assert!(waiting.as_mut().now_or_never().is_none());

    let small: Vec<_> = (0..100).map(|_| try_reserve(&memory, "small").unwrap()).collect();

    assert_eq!(reserved(&memory), LIMIT);
    drop((large, small));
    assert!(waiting.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn wait_for_memory_is_bounded() {
    let memory = memory();
    let _large = read(&memory, "large", LIMIT);
    let began = tokio::time::Instant::now();

    let outcome = reserve(&memory, "other").await;

    assert_eq!((outcome.unwrap_err(), began.elapsed()), (ShedReason::ListMemory, WAIT));
}

#[tokio::test(start_paused = true)]
async fn waiter_gets_released_memory() {
    let memory = memory();
    let mut large = read(&memory, "large", LIMIT);
    let mut waiting = pin!(reserve(&memory, "other"));
    assert!(waiting.as_mut().now_or_never().is_none());

    large.shrink_to(LIMIT / 4);

    let granted = waiting.now_or_never().unwrap().unwrap();
    assert_eq!(reserved(&memory), LIMIT / 4 + LIMIT / UNKNOWN_SHARE);
    drop((granted, large));
    assert_eq!(reserved(&memory), 0);
}

#[tokio::test(start_paused = true)]
async fn cancelled_waiter_reserves_nothing() {
    let memory = memory();
    let large = read(&memory, "large", LIMIT);
    let mut cancelled = Box::pin(reserve(&memory, "other"));
    assert!((&mut cancelled).now_or_never().is_none());
    // It is handed memory, and is cancelled before it takes it.
    drop(large);
    drop(cancelled);
    assert_eq!(reserved(&memory), 0);
}

#[tokio::test(start_paused = true)]
async fn one_owner_leaves_memory_for_others() {
    let memory = memory();
    let own: Vec<_> = (0..UNKNOWN_SHARE / 4 * 3).map(|_| read(&memory, "a", SIZE)).collect();
    assert!(try_reserve(&memory, "a").is_none());
    // Even while it waits.
    let mut waiting = pin!(reserve(&memory, "a"));
    assert!(waiting.as_mut().now_or_never().is_none());
    let mut other = pin!(reserve(&memory, "b"));
    assert!(other.as_mut().now_or_never().is_some());
    drop(own);
    assert!(waiting.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn list_larger_than_the_limit_is_read_alone() {
    let memory = memory();
    drop(read(&memory, "huge", 2 * LIMIT));
    let small = read(&memory, "other", SIZE);
    assert!(try_reserve(&memory, "huge").is_none());
    drop(small);
    let huge = try_reserve(&memory, "huge").unwrap();
    assert_eq!(reserved(&memory), 2 * LIMIT);
    assert!(try_reserve(&memory, "other").is_none());
    drop(huge);
}

#[tokio::test(start_paused = true)]
async fn large_list_is_not_overtaken_for_ever() {
    let memory = memory();
    drop(read(&memory, "huge", LIMIT));
    let first = read(&memory, "a", SIZE);
    let mut huge = pin!(reserve(&memory, "huge"));
    assert!(huge.as_mut().now_or_never().is_none());
    assert!(try_reserve(&memory, "b").is_none());
    drop(first);
    assert!(huge.now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn known_sizes_are_bounded() {
    let memory = memory();
    for number in 0..MAX_KNOWN_TENANTS + 10 {
        drop(read(&memory, &format!("t{number}"), 1));
    }
    assert_eq!(memory.0.state.lock().sizes.len(), MAX_KNOWN_TENANTS);
}

#[tokio::test(start_paused = true)]
async fn reservation_never_grows_while_a_list_is_sent() {
    let memory = memory();
    let mut list = read(&memory, "a", SIZE);
    list.shrink_to(2 * SIZE);
    assert_eq!(reserved(&memory), SIZE);
    list.shrink_to(SMALL_LIST_BYTES);
    assert_eq!(reserved(&memory), 0);
}
