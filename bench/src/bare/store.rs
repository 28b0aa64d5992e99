//! Users in maps, and sorted once.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Deserialize;

/// A line of the seed. The home of all users is their only tenant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) username: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) created_at: String,
    pub(super) updated_at: Option<String>,
    pub(super) last_login: Option<String>,
    pub(super) home_tenant: String,
}

/// The users of the server.
pub(super) struct Store {
    by_id: RwLock<HashMap<String, Arc<User>>>,
    names: RwLock<HashSet<String>>,
    sorted: HashMap<&'static str, Vec<Arc<User>>>,
    pub(super) public_url: &'static str,
}

impl Store {
    /// Loads the users and sorts them in the orders that are measured.
    pub(super) fn load(seed: &Path, public_url: &'static str) -> Self {
        let lines = BufReader::new(File::open(seed).unwrap()).lines();
        let users: Vec<Arc<User>> =
            lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).map(Arc::new).collect();
        let sort = |key: fn(&User) -> &str| {
            let mut users = users.clone();
            users.sort_by_cached_key(|user| {
                (key(user).to_lowercase(), key(user).to_owned(), user.id.clone())
            });
            users
        };
        let names = users.iter().flat_map(|user| [Some(user.email.clone()), user.username.clone()]);
        Self {
            by_id: users
                .iter()
                .map(|user| (user.id.clone(), Arc::clone(user)))
                .collect::<HashMap<_, _>>()
                .into(),
            names: names.flatten().collect::<HashSet<_>>().into(),
            sorted: [
                ("id", sort(|user| &user.id)),
                ("createdAt", sort(|user| &user.created_at)),
                ("lastName", sort(|user| &user.last_name)),
            ]
            .into(),
            public_url,
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<User>> {
        self.by_id.read().get(id).cloned()
    }

    /// Returns all users in an order.
    pub(super) fn sorted(&self, sort: &str) -> Option<&[Arc<User>]> {
        self.sorted.get(sort).map(Vec::as_slice)
    }

    /// Adds a user, unless the e-mail address or the username is taken. The sorted lists stay as
    /// they are.
    pub(super) fn insert(&self, user: &Arc<User>) -> bool {
        let mut names = self.names.write();
        let wanted = [Some(&user.email), user.username.as_ref()];
        if wanted.iter().flatten().any(|name| names.contains(*name)) {
            return false;
        }
        names.extend(wanted.iter().flatten().map(|name| (*name).clone()));
        self.by_id.write().insert(user.id.clone(), Arc::clone(user));
        true
    }
}
