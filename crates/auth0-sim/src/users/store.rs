//! The people: what is stored about them, and by what it is found.
//!
//! | behaviour | known from |
//! |---|---|
//! | by id and by e-mail immediately consistent, search behind | documented |
//! | 404 `inexistent_user` on GET and PATCH, 204 on DELETE in any case | observed, documented |
//! | lower case for e-mail and username of database connections | documented |
//! | absent, never null; milliseconds; every write and login moves `updated_at` | observed |
//! | the same e-mail, username or id cannot be there twice in one connection | observed |
//! | an e-mail address and a username are looked up in lower case at login | assumed |

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::index::Index;
use super::profile::{self, Profile, has_identity_in, set_or_remove, text};
use super::seed;
use super::user::{User, WriteTime};
use crate::clock::iso_timestamp;
use crate::config::Connection;

/// Everybody.
#[derive(Default)]
pub(crate) struct Users {
    /// In the order of their creation.
    by_number: BTreeMap<u64, User>,
    by_id: HashMap<String, u64>,
    by_email: HashMap<String, BTreeSet<u64>>,
    by_username: HashMap<String, BTreeSet<u64>>,
    index: Index,
    pub(super) created_count: u64,
    search_count: u64,
}

impl Users {
    /// The user with the id.
    pub(crate) fn get(&self, id: &str) -> Option<&User> {
        self.by_id.get(id).and_then(|number| self.by_number.get(number))
    }

    /// Everybody with exactly this e-mail address, in the order of their creation.
    pub(crate) fn find_by_email(&self, email: &str) -> impl Iterator<Item = &User> {
        self.lookup(&self.by_email, email)
    }

    fn lookup<'a>(
        &'a self,
        index: &'a HashMap<String, BTreeSet<u64>>,
        key: &str,
    ) -> impl Iterator<Item = &'a User> {
        index.get(key).into_iter().flatten().filter_map(|number| self.by_number.get(number))
    }

    /// Whether somebody else in the connection has the e-mail address, written as it is stored.
    pub(crate) fn is_email_taken(&self, connection: &str, email: &str, except_id: &str) -> bool {
        self.find_by_email(email)
            .any(|user| user.id() != except_id && has_identity_in(&user.profile, connection))
    }

    /// Whether somebody else in the connection has the username, written as it is stored.
    pub(crate) fn is_username_taken(
        &self,
        connection: &str,
        username: &str,
        except_id: &str,
    ) -> bool {
        self.lookup(&self.by_username, username)
            .any(|user| user.id() != except_id && has_identity_in(&user.profile, connection))
    }

    /// Stores a user, in the place of the one with the same id if there is one.
    pub(crate) fn store(&mut self, user: User, time: WriteTime) {
        let id = user.id().to_owned();
        let number = if let Some(number) = self.by_id.get(&id).copied() {
            self.remove_from_lookups(number);
            number
        } else {
            self.created_count += 1;
            self.by_id.insert(id, self.created_count);
            self.created_count
        };
        for (lookup, key) in [(&mut self.by_email, "email"), (&mut self.by_username, "username")] {
            if let Some(value) = text(&user.profile, key) {
                lookup.entry(value.to_owned()).or_default().insert(number);
            }
        }
        self.index.record(number, Some(Arc::clone(&user.profile)), time.now, time.lag);
        self.by_number.insert(number, user);
    }

    /// Deletes a user; false if there is none.
    pub(crate) fn delete(&mut self, id: &str, time: WriteTime) -> bool {
        let Some(number) = self.by_id.remove(id) else { return false };
        self.remove_from_lookups(number);
        self.by_number.remove(&number);
        self.index.record(number, None, time.now, time.lag);
        true
    }

    /// Takes a user out of the indexes by e-mail and username.
    fn remove_from_lookups(&mut self, number: u64) {
        let Some(user) = self.by_number.get(&number) else { return };
        for (lookup, key) in [(&mut self.by_email, "email"), (&mut self.by_username, "username")] {
            let Some(value) = text(&user.profile, key) else { continue };
            if let Some(numbers) = lookup.get_mut(value) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    lookup.remove(value);
                }
            }
        }
    }

    /// Puts a user there as the Management API shows it, plus `password`; visible in the index at
    /// once.
    pub(crate) fn seed(
        &mut self,
        user: Value,
        connections: &[Connection],
        now: i64,
    ) -> Result<String, String> {
        let user = seed::parse_user(user, connections, self.created_count, now)?;
        let id = user.id().to_owned();
        let (connection, _) = profile::primary_connection(&user.profile);
        if text(&user.profile, "email")
            .is_some_and(|email| self.is_email_taken(connection, email, &id))
        {
            return Err("the e-mail address is taken".to_owned());
        }
        if text(&user.profile, "username")
            .is_some_and(|username| self.is_username_taken(connection, username, &id))
        {
            return Err("the username is taken".to_owned());
        }
        self.store(user, WriteTime { now, lag: 0 });
        Ok(id)
    }

    /// As stored, immediately consistent.
    pub(crate) fn get_json(&self, id: &str) -> Option<Value> {
        self.get(id).map(|user| Value::Object(Profile::clone(&user.profile)))
    }

    /// All, in the order of their creation.
    pub(crate) fn all_json(&self) -> Vec<Value> {
        let profiles = self.by_number.values().map(|user| Profile::clone(&user.profile));
        profiles.map(Value::Object).collect()
    }

    /// Deletes a user from everything at once, the index too; false if there is none.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.delete(id, WriteTime { now: 0, lag: 0 })
    }

    /// The search index holds everything from now on.
    pub(crate) fn catch_up(&mut self) {
        self.index.catch_up();
    }

    /// Everybody whom the search index shows, in the order of their creation.
    pub(crate) fn searchable(&self, now: i64, lag: u64) -> impl Iterator<Item = &Profile> {
        self.index.visible(now, lag)
    }

    /// The number of one more search.
    pub(crate) fn next_search_number(&mut self) -> u64 {
        self.search_count += 1;
        self.search_count
    }

    /// The id of the user with the e-mail address or username in the connection.
    pub(crate) fn find_by_login(&self, connection: &str, identifier: &str) -> Option<String> {
        let identifier = identifier.to_lowercase();
        self.find_by_email(&identifier)
            .chain(self.lookup(&self.by_username, &identifier))
            .find(|user| has_identity_in(&user.profile, connection))
            .map(|user| user.id().to_owned())
    }

    pub(crate) fn check_password(&self, id: &str, password: &str) -> bool {
        self.get(id).is_some_and(|user| user.passwords.matches(password))
    }

    /// A login: moves `last_login`, `logins_count`, `updated_at` and `last_ip`.
    pub(crate) fn record_login(&mut self, id: &str, ip: IpAddr, time: WriteTime) {
        let Some(mut user) = self.get(id).cloned() else { return };
        let profile = Arc::make_mut(&mut user.profile);
        let count = profile.get("logins_count").and_then(Value::as_u64).unwrap_or(0);
        set_or_remove(profile, "logins_count", json!(count + 1));
        set_or_remove(profile, "last_login", json!(iso_timestamp(time.now)));
        set_or_remove(profile, "last_ip", json!(ip.to_string()));
        set_or_remove(profile, "updated_at", json!(iso_timestamp(time.now)));
        self.store(user, time);
    }
}

#[cfg(test)]
mod tests;
