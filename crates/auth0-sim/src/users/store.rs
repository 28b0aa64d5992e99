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
use super::profile::{self, Profile, is_of, put, text};
use super::seed;
use super::user::{Moment, Person};
use crate::clock::iso;
use crate::config::Connection;

/// Everybody.
#[derive(Default)]
pub(crate) struct Users {
    /// In the order of their creation.
    people: BTreeMap<u64, Person>,
    by_id: HashMap<String, u64>,
    by_email: HashMap<String, BTreeSet<u64>>,
    by_username: HashMap<String, BTreeSet<u64>>,
    index: Index,
    pub(super) created: u64,
    searches: u64,
}

impl Users {
    /// The user with the id.
    pub(crate) fn get(&self, id: &str) -> Option<&Person> {
        self.by_id.get(id).and_then(|order| self.people.get(order))
    }

    /// Everybody with exactly this e-mail address, in the order of their creation.
    pub(crate) fn with_email(&self, email: &str) -> impl Iterator<Item = &Person> {
        self.found(&self.by_email, email)
    }

    fn found<'a>(
        &'a self,
        by: &'a HashMap<String, BTreeSet<u64>>,
        key: &str,
    ) -> impl Iterator<Item = &'a Person> {
        by.get(key).into_iter().flatten().filter_map(|order| self.people.get(order))
    }

    /// Whether somebody else in the connection has the e-mail address, written as it is stored.
    pub(crate) fn has_email(&self, connection: &str, email: &str, besides: &str) -> bool {
        self.with_email(email)
            .any(|person| person.id() != besides && is_of(&person.profile, connection))
    }

    /// Whether somebody else in the connection has the username, written as it is stored.
    pub(crate) fn has_username(&self, connection: &str, username: &str, besides: &str) -> bool {
        self.found(&self.by_username, username)
            .any(|person| person.id() != besides && is_of(&person.profile, connection))
    }

    /// Stores a user, in the place of the one with the same id if there is one.
    pub(crate) fn store(&mut self, person: Person, moment: Moment) {
        let id = person.id().to_owned();
        let order = if let Some(order) = self.by_id.get(&id).copied() {
            self.unlist(order);
            order
        } else {
            self.created += 1;
            self.by_id.insert(id, self.created);
            self.created
        };
        for (by, key) in [(&mut self.by_email, "email"), (&mut self.by_username, "username")] {
            if let Some(value) = text(&person.profile, key) {
                by.entry(value.to_owned()).or_default().insert(order);
            }
        }
        self.index.store(order, Some(Arc::clone(&person.profile)), moment.now, moment.lag);
        self.people.insert(order, person);
    }

    /// Deletes a user; false if there is none.
    pub(crate) fn delete(&mut self, id: &str, moment: Moment) -> bool {
        let Some(order) = self.by_id.remove(id) else { return false };
        self.unlist(order);
        self.people.remove(&order);
        self.index.store(order, None, moment.now, moment.lag);
        true
    }

    /// Takes a user out of the indexes by e-mail and username.
    fn unlist(&mut self, order: u64) {
        let Some(person) = self.people.get(&order) else { return };
        for (by, key) in [(&mut self.by_email, "email"), (&mut self.by_username, "username")] {
            let Some(value) = text(&person.profile, key) else { continue };
            if let Some(orders) = by.get_mut(value) {
                orders.remove(&order);
                if orders.is_empty() {
                    by.remove(value);
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
        let person = seed::person(user, connections, self.created, now)?;
        let id = person.id().to_owned();
        let (connection, _) = profile::primary(&person.profile);
        if text(&person.profile, "email")
            .is_some_and(|email| self.has_email(connection, email, &id))
        {
            return Err("the e-mail address is taken".to_owned());
        }
        if text(&person.profile, "username")
            .is_some_and(|username| self.has_username(connection, username, &id))
        {
            return Err("the username is taken".to_owned());
        }
        self.store(person, Moment { now, lag: 0 });
        Ok(id)
    }

    /// As stored, immediately consistent.
    pub(crate) fn show(&self, id: &str) -> Option<Value> {
        self.get(id).map(|person| Value::Object(Profile::clone(&person.profile)))
    }

    /// All, in the order of their creation.
    pub(crate) fn all(&self) -> Vec<Value> {
        let profiles = self.people.values().map(|person| Profile::clone(&person.profile));
        profiles.map(Value::Object).collect()
    }

    /// Deletes a user from everything at once, the index too; false if there is none.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.delete(id, Moment { now: 0, lag: 0 })
    }

    /// The search index holds everything from now on.
    pub(crate) fn catch_up(&mut self) {
        self.index.catch_up();
    }

    /// Everybody whom the search index shows, in the order of their creation.
    pub(crate) fn indexed(&self, now: i64, lag: u64) -> impl Iterator<Item = &Profile> {
        self.index.shown(now, lag)
    }

    /// The number of one more search.
    pub(crate) fn next_search(&mut self) -> u64 {
        self.searches += 1;
        self.searches
    }

    /// The id of the user with the e-mail address or username in the connection.
    pub(crate) fn by_login(&self, connection: &str, identifier: &str) -> Option<String> {
        let identifier = identifier.to_lowercase();
        self.with_email(&identifier)
            .chain(self.found(&self.by_username, &identifier))
            .find(|person| is_of(&person.profile, connection))
            .map(|person| person.id().to_owned())
    }

    pub(crate) fn check_password(&self, id: &str, password: &str) -> bool {
        self.get(id).is_some_and(|person| person.passwords.is(password))
    }

    /// A login: moves `last_login`, `logins_count`, `updated_at` and `last_ip`.
    pub(crate) fn logged_in(&mut self, id: &str, ip: IpAddr, moment: Moment) {
        let Some(mut person) = self.get(id).cloned() else { return };
        let profile = Arc::make_mut(&mut person.profile);
        let count = profile.get("logins_count").and_then(Value::as_u64).unwrap_or(0);
        put(profile, "logins_count", json!(count + 1));
        put(profile, "last_login", json!(iso(moment.now)));
        put(profile, "last_ip", json!(ip.to_string()));
        put(profile, "updated_at", json!(iso(moment.now)));
        self.store(person, moment);
    }
}

#[cfg(test)]
mod tests;
