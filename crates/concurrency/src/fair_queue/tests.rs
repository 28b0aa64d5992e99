use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Keeps every waiter.
const ANY: fn(&u32) -> bool = |_| true;

fn grant_all(queue: &mut FairQueue<char, u32>, limit: usize) -> Vec<(char, u32)> {
    std::iter::from_fn(|| queue.grant_next(|_| limit, ANY)).collect()
}

#[test]
fn key_with_many_waiters_delays_another_by_one_permit() {
    let mut queue = FairQueue::default();
    for number in 0..1000 {
        queue.enqueue(&'a', number);
    }
    assert_eq!(queue.grant_next(|_| usize::MAX, ANY), Some(('a', 0)));
    queue.enqueue(&'b', 7);
    assert_eq!(queue.grant_next(|_| usize::MAX, ANY), Some(('b', 7)));
    assert_eq!(queue.grant_next(|_| usize::MAX, ANY), Some(('a', 1)));
}

#[test]
fn fewest_permits_win_then_the_longest_wait() {
    let mut queue = FairQueue::default();
    queue.grant(&'a');
    queue.grant(&'a');
    queue.grant(&'b');
    for key in ['a', 'b', 'c'] {
        queue.enqueue(&key, 1);
        queue.enqueue(&key, 2);
    }
    let order: String = grant_all(&mut queue, usize::MAX).iter().map(|(key, _)| key).collect();
    assert_eq!(order, "cbcaba");
}

#[test]
fn short_permits_alternate_between_keys() {
    let mut queue = FairQueue::default();
    for number in 0..3 {
        for key in ['a', 'b'] {
            queue.enqueue(&key, number);
        }
    }
    let mut order = String::new();
    while let Some((key, _)) = queue.grant_next(|_| usize::MAX, ANY) {
        queue.release(&key);
        order.push(key);
    }
    assert!(order == "ababab" || order == "bababa", "{order}");
}

#[test]
fn grant_without_waiting_respects_the_limit() {
    let mut queue = FairQueue::<char, u32>::default();
    assert!(!queue.try_grant(&'a', 0));
    assert!(queue.try_grant(&'a', 2) && queue.try_grant(&'a', 2));
    assert!(!queue.try_grant(&'a', 2));
    assert!(queue.try_grant(&'b', 1));
    assert_eq!((queue.held(), queue.held_by(&'a'), queue.held_by(&'b')), (3, 2, 1));
    queue.release(&'a');
    assert!(queue.try_grant(&'a', 2));
}

#[test]
fn key_never_exceeds_its_limit() {
    let mut queue = FairQueue::default();
    for number in 0..5 {
        queue.enqueue(&'a', number);
    }
    queue.enqueue(&'b', 9);
    let granted = grant_all(&mut queue, 2);
    assert_eq!(granted.len(), 3, "{granted:?}");
    assert_eq!((queue.held_by(&'a'), queue.held_by(&'b'), queue.waiting()), (2, 1, 3));
    queue.release(&'a');
    assert_eq!(queue.grant_next(|_| 2, ANY), Some(('a', 2)));
}

#[test]
fn closed_waiter_gets_no_permit() {
    let mut queue = FairQueue::default();
    for number in 0..4 {
        queue.enqueue(&'a', number);
    }
    assert_eq!(queue.grant_next(|_| usize::MAX, |number| *number > 1), Some(('a', 2)));
    assert_eq!((queue.held(), queue.waiting()), (1, 1));
    queue.retain(|_| false);
    assert_eq!((queue.held(), queue.waiting()), (1, 0));
}

#[test]
fn longest_queue_loses_its_newest_waiter() {
    let mut queue = FairQueue::default();
    for number in 0..3 {
        queue.enqueue(&'a', number);
    }
    queue.enqueue(&'b', 9);
    assert_eq!(queue.evict(&'b'), Some(2));
    assert_eq!(queue.evict(&'a'), None, "no queue is longer");
    assert_eq!(queue.evict(&'c'), Some(1));
    assert_eq!(queue.waiting(), 2);
}

#[derive(Debug, Clone)]
enum Step {
    Grant(u8),
    Enqueue(u8),
    GrantNext,
    Release(u8),
    Evict(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..4_u8;
    prop_oneof![
        key.clone().prop_map(Step::Grant),
        key.clone().prop_map(Step::Enqueue),
        Just(Step::GrantNext),
        key.clone().prop_map(Step::Release),
        key.prop_map(Step::Evict),
    ]
}

proptest! {
    /// Counts agree with a plain model, no waiter is lost, and idle keys are removed.
    #[test]
    fn counts_match_the_model(steps in proptest::collection::vec(step(), 0..200)) {
        let mut queue: FairQueue<u8, ()> = FairQueue::default();
        let (mut waiting, mut held) = (HashMap::<u8, usize>::new(), HashMap::<u8, usize>::new());
        for step in steps {
            match step {
                Step::Grant(key) => {
                    queue.grant(&key);
                    *held.entry(key).or_default() += 1;
                }
                Step::Enqueue(key) => {
                    queue.enqueue(&key, ());
                    *waiting.entry(key).or_default() += 1;
                }
                Step::GrantNext => {
                    let expected = waiting
                        .iter()
                        .filter(|(_, count)| **count > 0)
                        .map(|(key, _)| held.get(key).copied().unwrap_or(0))
                        .min();
                    let next = queue.grant_next(|_| usize::MAX, |()| true);
                    let permits = next.map(|(key, ())| {
                        *waiting.get_mut(&key).unwrap() -= 1;
                        let count = held.entry(key).or_default();
                        *count += 1;
                        *count - 1
                    });
                    prop_assert_eq!(permits, expected, "the key with the fewest permits");
                }
                Step::Release(key) => {
                    queue.release(&key);
                    let count = held.entry(key).or_default();
                    *count = count.saturating_sub(1);
                }
                Step::Evict(key) => {
                    let longest = waiting.values().copied().max().unwrap_or(0);
                    let own = waiting.get(&key).copied().unwrap_or(0);
                    prop_assert_eq!(queue.evict(&key).is_some(), longest > own);
                    if longest > own {
                        let lengths = queue.keys.iter().map(|(key, state)| (*key, state.waiters.len()));
                        waiting = lengths.collect();
                    }
                }
            }
            prop_assert_eq!(queue.waiting(), waiting.values().sum::<usize>());
            prop_assert_eq!(queue.held(), held.values().sum::<usize>());
            let busy = (0..4_u8).filter(|key| {
                waiting.get(key).copied().unwrap_or(0) + held.get(key).copied().unwrap_or(0) > 0
            });
            prop_assert_eq!(queue.keys.len(), busy.count());
        }
    }
}
