//! The user store and its lookups.
//!
//! | behaviour | source |
//! |---|---|
//! | lookups by id and by e-mail are immediately consistent, search lags | documented |
//! | 404 `inexistent_user` on GET and PATCH, 204 on DELETE in any case | observed, documented |
//! | lower case for e-mail and username of database connections | documented |
//! | missing members are absent, never null; times have milliseconds; every write and login updates `updated_at` | observed |
//! | e-mail, username and id are unique in a connection | observed |
//! | logins look up e-mail addresses and usernames in lower case | assumed |

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::identities::{LoginName, find_by_login_name, login_names};
use super::index::Index;
use super::profile::{Profile, set_or_remove, text};
use super::seed;
use super::user::{User, WriteTime};
use crate::clock::iso_timestamp;
use crate::config::Connection;

/// The stored users.
#[derive(Default)]
pub(crate) struct Users {
    /// Users by creation number.
    by_number: BTreeMap<u64, User>,
    by_id: HashMap<String, u64>,
    by_email: HashMap<String, BTreeSet<u64>>,
    by_login_name: HashMap<LoginName, BTreeSet<u64>>,
    index: Index,
    pub(super) created_count: u64,
    search_count: u64,
}

impl Users {
    /// Returns the user with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&User> {
        self.by_id.get(id).and_then(|number| self.by_number.get(number))
    }

    /// Returns all users with exactly this e-mail address, in order of creation.
    pub(crate) fn find_by_email(&self, email: &str) -> impl Iterator<Item = &User> {
        self.users(self.by_email.get(email))
    }

    /// Returns the users with these creation numbers.
    fn users<'a>(&'a self, numbers: Option<&'a BTreeSet<u64>>) -> impl Iterator<Item = &'a User> {
        numbers.into_iter().flatten().filter_map(|number| self.by_number.get(number))
    }

    /// Returns whether another user has the e-mail address in the connection, given in its stored
    /// form.
    pub(crate) fn is_email_taken(&self, connection: &str, email: &str, except_id: &str) -> bool {
        self.is_name_taken(connection, "email", email, except_id)
    }

    /// Returns whether another user has the username in the connection, given in its stored form.
    pub(crate) fn is_username_taken(
        &self,
        connection: &str,
        username: &str,
        except_id: &str,
    ) -> bool {
        self.is_name_taken(connection, "username", username, except_id)
    }

    fn is_name_taken(
        &self,
        connection: &str,
        attribute: &'static str,
        value: &str,
        except_id: &str,
    ) -> bool {
        let (connection, value) = (connection.to_owned(), value.to_owned());
        let name = LoginName { connection, attribute, value };
        self.users(self.by_login_name.get(&name)).any(|user| user.id() != except_id)
    }

    /// Stores a user, replacing the one with the same id if there is one.
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
        if let Some(email) = text(&user.profile, "email") {
            self.by_email.entry(email.to_owned()).or_default().insert(number);
        }
        for name in login_names(&user.profile) {
            self.by_login_name.entry(name).or_default().insert(number);
        }
        self.index.record(number, Some(Arc::clone(&user.profile)), time.now, time.lag);
        self.by_number.insert(number, user);
    }

    /// Deletes a user. Returns false if there is none.
    pub(crate) fn delete(&mut self, id: &str, time: WriteTime) -> bool {
        let Some(number) = self.by_id.remove(id) else { return false };
        self.remove_from_lookups(number);
        self.by_number.remove(&number);
        self.index.record(number, None, time.now, time.lag);
        true
    }

    /// Removes a user from the lookups by e-mail and by login name.
    fn remove_from_lookups(&mut self, number: u64) {
        let Some(user) = self.by_number.get(&number) else { return };
        if let Some(email) = text(&user.profile, "email") {
            remove_number(&mut self.by_email, email, number);
        }
        for name in login_names(&user.profile) {
            remove_number(&mut self.by_login_name, &name, number);
        }
    }

    /// Stores a user in the Management API's format plus `password`. The search index shows it
    /// immediately.
    pub(crate) fn seed(
        &mut self,
        user: Value,
        connections: &[Connection],
        now: i64,
    ) -> Result<String, String> {
        let user = seed::parse_user(user, connections, self.created_count, now)?;
        let id = user.id().to_owned();
        for LoginName { connection, attribute, value } in login_names(&user.profile) {
            let text = match attribute {
                "email" => "the e-mail address is in use",
                "username" => "the username is in use",
                _ => continue,
            };
            if self.is_name_taken(&connection, attribute, &value, &id) {
                return Err(text.to_owned());
            }
        }
        self.store(user, WriteTime { now, lag: 0 });
        Ok(id)
    }

    /// Stores a user exactly as given. Only `password` is taken out. The search index shows it
    /// immediately.
    pub(crate) fn seed_exact(&mut self, user: Value, now: i64) -> Result<String, String> {
        let user = seed::exact_user(user)?;
        let id = user.id().to_owned();
        self.store(user, WriteTime { now, lag: 0 });
        Ok(id)
    }

    /// Returns a user as stored, immediately consistent.
    pub(crate) fn get_json(&self, id: &str) -> Option<Value> {
        self.get(id).map(|user| Value::Object(Profile::clone(&user.profile)))
    }

    /// Returns all users, in order of creation.
    pub(crate) fn all_json(&self) -> Vec<Value> {
        let profiles = self.by_number.values().map(|user| Profile::clone(&user.profile));
        profiles.map(Value::Object).collect()
    }

    /// Deletes a user immediately, also from the search index. Returns false if there is none.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.delete(id, WriteTime { now: 0, lag: 0 })
    }

    /// Brings the search index up to date.
    pub(crate) fn catch_up(&mut self) {
        self.index.catch_up();
    }

    /// Returns all users that the search index shows, in order of creation.
    pub(crate) fn searchable(&self, now: i64, lag: u64) -> impl Iterator<Item = &Profile> {
        self.index.visible(now, lag)
    }

    /// Returns the number of the next search.
    pub(crate) fn next_search_number(&mut self) -> u64 {
        self.search_count += 1;
        self.search_count
    }

    /// Returns the id of the user with this e-mail address or username in the connection, and the
    /// index of the identity that has it.
    pub(crate) fn find_by_login(
        &self,
        connection: &str,
        identifier: &str,
    ) -> Option<(String, usize)> {
        let value = identifier.to_lowercase();
        ["email", "username"].into_iter().find_map(|attribute| {
            let (connection, value) = (connection.to_owned(), value.clone());
            let name = LoginName { connection, attribute, value };
            let user = self.users(self.by_login_name.get(&name)).next()?;
            let index = find_by_login_name(&user.profile, &name)?;
            Some((user.id().to_owned(), index))
        })
    }

    /// Returns whether this is the password of the identity with this index.
    pub(crate) fn check_password(&self, id: &str, index: usize, password: &str) -> bool {
        let passwords = self.get(id).and_then(|user| user.passwords(index));
        passwords.is_some_and(|passwords| passwords.matches(password))
    }

    /// Records a login: updates `last_login`, `logins_count`, `updated_at` and `last_ip`.
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

/// Removes a creation number from a lookup.
fn remove_number<K, Q>(lookup: &mut HashMap<K, BTreeSet<u64>>, key: &Q, number: u64)
where
    K: Borrow<Q> + Eq + Hash,
    Q: Eq + Hash + ?Sized,
{
    if let Some(numbers) = lookup.get_mut(key) {
        numbers.remove(&number);
        if numbers.is_empty() {
            lookup.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
