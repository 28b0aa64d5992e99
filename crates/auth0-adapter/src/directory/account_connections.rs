//! The database connections of accounts that are not of the configured one.
//!
//! A password is checked and set in the connection that keeps it. Every operation begins with a read
//! of the account, which tells.

use std::collections::{BTreeMap, HashMap};

use domain::UserId;
use parking_lot::Mutex;

/// The maximum number of accounts; above it, those read longest ago are removed.
const CAPACITY: usize = 10_000;

/// What the latest reads have told.
#[derive(Debug, Default)]
pub(crate) struct AccountConnections(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    connections: HashMap<UserId, (String, u64)>,
    by_age: BTreeMap<u64, UserId>,
    next: u64,
}

impl AccountConnections {
    /// Records the connection of an account, or that it has none but the configured one.
    pub(crate) fn record(&self, id: &UserId, connection: Option<&str>) {
        let known = &mut *self.0.lock();
        if let Some((_, age)) = known.connections.remove(id) {
            known.by_age.remove(&age);
        }
        let Some(connection) = connection else { return };
        if known.connections.len() >= CAPACITY
            && let Some((_, oldest)) = known.by_age.pop_first()
        {
            known.connections.remove(&oldest);
        }
        let age = known.next;
        known.next += 1;
        known.connections.insert(id.clone(), (connection.to_owned(), age));
        known.by_age.insert(age, id.clone());
    }

    /// Returns the connection of the account, if it is not of the configured one.
    pub(crate) fn of(&self, id: &UserId) -> Option<String> {
        self.0.lock().connections.get(id).map(|(connection, _)| connection.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_read_counts() {
        let connections = AccountConnections::default();
        let id: UserId = "auth0|ada".parse().unwrap();
        assert_eq!(connections.of(&id), None);
        connections.record(&id, Some("staff"));
        connections.record(&id, Some("partners"));
        assert_eq!(connections.of(&id).as_deref(), Some("partners"));
        connections.record(&id, None);
        assert_eq!(connections.of(&id), None);
    }

    #[test]
    fn oldest_account_is_removed() {
        let connections = AccountConnections::default();
        let id = |number: usize| format!("auth0|{number}").parse::<UserId>().unwrap();
        for number in 0..CAPACITY {
            connections.record(&id(number), Some("staff"));
        }
        connections.record(&id(0), Some("staff"));
        connections.record(&id(CAPACITY), Some("staff"));
        assert!(connections.of(&id(0)).is_some() && connections.of(&id(CAPACITY)).is_some());
        assert_eq!(connections.of(&id(1)), None);
    }
}
