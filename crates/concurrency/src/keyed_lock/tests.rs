use std::task::{Context, Poll, Waker};

use super::*;

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn key_is_held_by_one_guard_at_a_time() {
    let locks = KeyedLock::default();
    let first = locks.lock_all(["a"]).await;
    let mut second = Box::pin(locks.lock_all(["a"]));
    assert!(poll(second.as_mut()).is_pending());
    let other = locks.lock_all(["b"]).await;
    drop(first);
    let second = second.await;
    assert_eq!(locks.locks().len(), 2);
    drop((second, other));
    assert_eq!(locks.locks().len(), 0);
}

#[tokio::test]
async fn cancelled_wait_releases_its_locks_and_entries() {
    let locks = KeyedLock::default();
    let first = locks.lock_all(["b", "d"]).await;
    let mut second = Box::pin(locks.lock_all(["a", "b", "c"]));
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(locks.locks().len(), 3);
    drop(second);
    assert_eq!(locks.locks().len(), 2);
    drop(locks.lock_all(["a", "c"]).await);
    drop(first);
    assert_eq!(locks.locks().len(), 0);
}

#[tokio::test]
async fn waiters_acquire_in_order_of_arrival() {
    let locks = KeyedLock::default();
    let held = locks.lock_all([1]).await;
    let mut first = Box::pin(locks.lock_all([1]));
    let mut second = Box::pin(locks.lock_all([1]));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    drop(held);
    assert!(poll(second.as_mut()).is_pending());
    let held = first.await;
    assert!(poll(second.as_mut()).is_pending());
    drop(held);
    drop(second.await);
    assert_eq!(locks.locks().len(), 0);
}

#[tokio::test]
async fn repeated_key_is_locked_once() {
    let locks = KeyedLock::default();
    let held = locks.clone().lock_all([1, 1]).await;
    assert_eq!(locks.locks().len(), 1);
    drop(held);
    assert_eq!(locks.locks().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_locked_in_any_order_do_not_deadlock() {
    let locks = KeyedLock::default();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let locks = locks.clone();
            tokio::spawn(async move {
                let mut keys = [3, 2, 1, 4].to_vec();
                keys.rotate_left(number % 4);
                keys.truncate(2 + number % 3);
                let _held = locks.lock_all(keys).await;
                tokio::task::yield_now().await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(locks.locks().len(), 0);
}
