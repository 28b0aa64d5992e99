use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Everybody wants it still.
const ALL: fn(&u32) -> bool = |_| true;

fn drained(queue: &mut FairQueue<char, u32>, most: usize) -> Vec<(char, u32)> {
    std::iter::from_fn(|| queue.next(|_| most, ALL)).collect()
}

#[test]
fn a_single_wish_waits_for_one_turn_of_a_flood_at_most() {
    let mut queue = FairQueue::default();
    for number in 0..1000 {
        queue.join(&'a', number);
    }
    assert_eq!(queue.next(|_| usize::MAX, ALL), Some(('a', 0)));
    queue.join(&'b', 7);
    assert_eq!(queue.next(|_| usize::MAX, ALL), Some(('b', 7)));
    assert_eq!(queue.next(|_| usize::MAX, ALL), Some(('a', 1)));
}

#[test]
fn who_has_least_comes_first_and_of_equals_who_waited_longest() {
    let mut queue = FairQueue::default();
    queue.take(&'a');
    queue.take(&'a');
    queue.take(&'b');
    for key in ['a', 'b', 'c'] {
        queue.join(&key, 1);
        queue.join(&key, 2);
    }
    let order: String = drained(&mut queue, usize::MAX).iter().map(|(key, _)| key).collect();
    assert_eq!(order, "cbcaba");
}

#[test]
fn short_turns_go_round() {
    let mut queue = FairQueue::default();
    for number in 0..3 {
        for key in ['a', 'b'] {
            queue.join(&key, number);
        }
    }
    let mut order = String::new();
    while let Some((key, _)) = queue.next(|_| usize::MAX, ALL) {
        queue.release(&key);
        order.push(key);
    }
    assert!(order == "ababab" || order == "bababa", "{order}");
}

#[test]
fn nobody_gets_more_than_the_most() {
    let mut queue = FairQueue::default();
    for number in 0..5 {
        queue.join(&'a', number);
    }
    queue.join(&'b', 9);
    let given = drained(&mut queue, 2);
    assert_eq!(given.len(), 3, "{given:?}");
    assert_eq!((queue.held_by(&'a'), queue.held_by(&'b'), queue.waiting()), (2, 1, 3));
    queue.release(&'a');
    assert_eq!(queue.next(|_| 2, ALL), Some(('a', 2)));
}

#[test]
fn whoever_does_not_want_it_any_more_takes_no_turn() {
    let mut queue = FairQueue::default();
    for number in 0..4 {
        queue.join(&'a', number);
    }
    assert_eq!(queue.next(|_| usize::MAX, |number| *number > 1), Some(('a', 2)));
    assert_eq!((queue.held(), queue.waiting()), (1, 1));
    queue.retain(|_| false);
    assert_eq!((queue.held(), queue.waiting()), (1, 0));
}

#[test]
fn the_longest_line_loses_its_last() {
    let mut queue = FairQueue::default();
    for number in 0..3 {
        queue.join(&'a', number);
    }
    queue.join(&'b', 9);
    assert_eq!(queue.evict(&'b'), Some(2));
    assert_eq!(queue.evict(&'a'), None, "who floods goes itself");
    assert_eq!(queue.evict(&'c'), Some(1));
    assert_eq!(queue.waiting(), 2);
}

#[derive(Debug, Clone)]
enum Step {
    Take(u8),
    Join(u8),
    Next,
    Release(u8),
    Evict(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..4_u8;
    prop_oneof![
        key.clone().prop_map(Step::Take),
        key.clone().prop_map(Step::Join),
        Just(Step::Next),
        key.clone().prop_map(Step::Release),
        key.prop_map(Step::Evict),
    ]
}

proptest! {
    /// The counts are what a plain model says, nothing is lost or made up, and idle keys are gone.
    #[test]
    fn the_books_are_right(steps in proptest::collection::vec(step(), 0..200)) {
        let mut queue: FairQueue<u8, ()> = FairQueue::default();
        let (mut waiting, mut held) = (HashMap::<u8, usize>::new(), HashMap::<u8, usize>::new());
        for step in steps {
            match step {
                Step::Take(key) => {
                    queue.take(&key);
                    *held.entry(key).or_default() += 1;
                }
                Step::Join(key) => {
                    queue.join(&key, ());
                    *waiting.entry(key).or_default() += 1;
                }
                Step::Next => {
                    let least = waiting
                        .iter()
                        .filter(|(_, count)| **count > 0)
                        .map(|(key, _)| held.get(key).copied().unwrap_or(0))
                        .min();
                    let next = queue.next(|_| usize::MAX, |()| true);
                    let had = next.map(|(key, ())| {
                        *waiting.get_mut(&key).unwrap() -= 1;
                        let had = held.entry(key).or_default();
                        *had += 1;
                        *had - 1
                    });
                    prop_assert_eq!(had, least, "the one that has least");
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
                        let shorter = queue.lines.iter().map(|(key, line)| (*key, line.waiting.len()));
                        waiting = shorter.collect();
                    }
                }
            }
            prop_assert_eq!(queue.waiting(), waiting.values().sum::<usize>());
            prop_assert_eq!(queue.held(), held.values().sum::<usize>());
            let busy = (0..4_u8).filter(|key| {
                waiting.get(key).copied().unwrap_or(0) + held.get(key).copied().unwrap_or(0) > 0
            });
            prop_assert_eq!(queue.lines.len(), busy.count());
        }
    }
}
