//! One after the other: changes of one account's password.
//!
//! The current password is checked in one step and the new one set in another. Of two changes at
//! once the second must find the password of the first, or both would succeed by a password that
//! only one of them could have had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};

use domain::UserId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Whose turn it is, by account, within this process.
#[derive(Debug, Default)]
pub(crate) struct Turns(Lock<HashMap<UserId, Arc<Mutex<()>>>>);

/// A turn, which ends when it is dropped; or the wait for one.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    user: &'a UserId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for those who came before.
    pub(crate) async fn take<'a>(&'a self, user: &'a UserId) -> Turn<'a> {
        // There before the wait begins, so that whoever gives it up leaves nothing behind.
        let mut turn = Turn { turns: self, user, held: None };
        let place = Arc::clone(self.lock().entry(user.clone()).or_default());
        turn.held = Some(place.lock_owned().await);
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut places = self.turns.lock();
        // The map alone still knows of it: nobody has a turn, and nobody waits.
        if places.get(self.user).is_some_and(|place| Arc::strong_count(place) == 1) {
            places.remove(self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    fn user(name: &str) -> UserId {
        format!("auth0|{name}").parse().unwrap()
    }

    #[tokio::test]
    async fn a_turn_is_one_s_own_and_leaves_nothing_behind() {
        let (turns, ann, ben) = (Turns::default(), user("ann"), user("ben"));
        let first = turns.take(&ann).await;
        let _other = turns.take(&ben).await;
        let mut second = Box::pin(turns.take(&ann));
        tokio::select! {
            biased;
            _ = &mut second => panic!("it is not over yet"),
            () = ready(()) => {}
        }
        drop(first);
        drop(second.await);
        assert_eq!(turns.lock().keys().collect::<Vec<_>>(), [&ben]);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_nothing_behind() {
        let (turns, ann) = (Turns::default(), user("ann"));
        let first = turns.take(&ann).await;
        tokio::select! {
            biased;
            _ = turns.take(&ann) => panic!("it is not over yet"),
            () = ready(()) => {}
        }
        // The turn is still held, and whoever comes next has to wait for it.
        tokio::select! {
            biased;
            _ = turns.take(&ann) => panic!("it is not over yet"),
            () = ready(()) => {}
        }
        drop(first);
        assert!(turns.lock().is_empty());
    }
}
