//! An index in memory with the limitations of Auth0's: bounded pages, capped totals, unstable ties.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::{
    Access, Credentials, Membership, Role, RoleCatalogue, RoleDefinition, TenantId, Timestamp,
    User, UserId,
};
use ports::PortResult;

use super::index::{
    IndexField, IndexPage, IndexQuery, IndexRow, MAX_PAGE_SIZE, MAX_RESULTS, UserIndex,
};
use crate::management::search_query::CreatedRange;

/// A [`UserIndex`] with configurable content and behaviour.
#[derive(Debug)]
pub(super) struct FakeIndex {
    pub(super) users: Vec<User>,
    /// The maximum page size; page numbers then refer to pages of this size.
    pub(super) max_per_page: u32,
    pub(super) fetches: AtomicU64,
    /// The queries, for tests that inspect them.
    pub(super) log: Mutex<Vec<String>>,
    /// The users whose rows are unreadable.
    pub(super) unreadable: BTreeSet<UserId>,
    /// The users whose rows are malformed.
    pub(super) malformed: BTreeSet<UserId>,
    /// Changes of the index between fetches: after so many, the user's new state.
    pub(super) changes: Vec<(u64, UserId, Option<User>)>,
}

impl FakeIndex {
    pub(super) fn of(users: Vec<User>) -> Self {
        Self {
            users,
            max_per_page: MAX_PAGE_SIZE,
            fetches: AtomicU64::new(0),
            log: Mutex::default(),
            unreadable: BTreeSet::new(),
            malformed: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    /// Returns the users held at this fetch.
    fn users_at(&self, fetch: u64) -> Vec<User> {
        let mut users = self.users.clone();
        for (_, id, user) in self.changes.iter().filter(|(after, ..)| *after <= fetch) {
            users.retain(|held| held.id != *id);
            users.extend(user.clone());
        }
        users
    }

    pub(super) fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl UserIndex for FakeIndex {
    async fn fetch(&self, query: IndexQuery<'_>) -> PortResult<IndexPage> {
        let count = self.fetches.fetch_add(1, Ordering::SeqCst);
        self.log.lock().unwrap().push(format!("{query:?}"));
        assert!(query.per_page <= MAX_PAGE_SIZE, "the page is too large");
        assert!(
            u64::from(query.page + 1) * u64::from(query.per_page) <= MAX_RESULTS,
            "the page is beyond the reach"
        );
        let held = self.users_at(count);
        let mut users: Vec<_> = held
            .iter()
            .filter(|user| {
                query.created.is_none_or(|range| match range {
                    CreatedRange::From(from) => from <= user.created_at,
                    CreatedRange::After(after) => after < user.created_at,
                    CreatedRange::At(at) => at == user.created_at,
                    CreatedRange::Before(before) => user.created_at < before,
                    CreatedRange::Between(from, before) => {
                        from <= user.created_at && user.created_at < before
                    }
                })
            })
            .filter(|user| query.only.is_none_or(|ids| ids.contains(&user.id)))
            .filter(|user| query.except.is_none_or(|ids| !ids.contains(&user.id)))
            .collect();
        // Ties are in a different order each time.
        let salt = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = |user: &&User| {
            user.id.as_str().bytes().fold(salt, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(5)
            })
        };
        users.sort_by_cached_key(hash);
        match query.order.field {
            IndexField::Id => users.sort_by(|one, other| one.id.cmp(&other.id)),
            IndexField::Email => users.sort_by(|one, other| one.email.cmp(&other.email)),
            IndexField::CreatedAt => users.sort_by_key(|user| user.created_at),
        }
        if query.order.descending {
            users.reverse();
        }
        let per_page = query.per_page.min(self.max_per_page);
        let start = u64::from(query.page) * u64::from(per_page);
        let page_rows = users.iter().skip(usize::try_from(start).unwrap()).take(per_page as usize);
        let page_rows: Vec<_> = page_rows.collect();
        let row = |user: &&&User| IndexRow {
            id: user.id.to_string(),
            created_at: Some(user.created_at),
            shown_differently: Vec::new(),
            user: (!self.unreadable.contains(&user.id)).then(|| Arc::new(User::clone(user))),
        };
        let is_well_formed = |user: &&&&User| !self.malformed.contains(&user.id);
        let rows: Vec<_> = page_rows.iter().filter(is_well_formed).map(row).collect();
        let unreadable = (page_rows.len() - rows.len()) as u64;
        let total = (users.len() as u64).min(MAX_RESULTS);
        Ok(IndexPage { rows, start, total, unreadable })
    }
}

pub(super) fn role() -> Role {
    let definition = RoleDefinition {
        name: "member".parse().unwrap(),
        access: [Access::Read].into(),
        protected: false,
        default: true,
    };
    RoleCatalogue::new(vec![definition]).unwrap().default_role().clone()
}

pub(super) fn acme() -> TenantId {
    "acme".parse().unwrap()
}

/// A user of acme with this number and creation time in milliseconds. The orders by id, address and
/// name differ from each other.
pub(super) fn numbered_user(number: u64, created_at: i64) -> User {
    let scrambled = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    User {
        id: format!("auth0|{scrambled:016x}").parse().unwrap(),
        email: format!("p{:05}@example.com", scrambled >> 7 & 0xffff_ffff).parse().unwrap(),
        username: None,
        given_name: (!number.is_multiple_of(3))
            .then(|| format!("n{}", number % 7).parse().unwrap()),
        family_name: Some(format!("f{number}").parse().unwrap()),
        display_name: None,
        service_user: false,
        blocked: false,
        created_at: Timestamp::UNIX_EPOCH.plus_millis(created_at),
        updated_at: Some(Timestamp::UNIX_EPOCH.plus_millis(created_at)),
        last_login: None,
        home: None,
        credentials: Credentials::default(),
        memberships: [(acme(), Membership::new(role()))].into(),
    }
}
