//! An index in memory that is as awkward as Auth0's: bounded pages, capped totals, unstable ties.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Access, Role, RoleCatalogue, RoleDefinition};

use super::*;

/// What an [`Index`] holds, and how it behaves.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) users: Vec<User>,
    /// No page has more rows than this; the page number then counts pages of this size.
    pub(super) most: u32,
    pub(super) asks: AtomicU64,
    /// What was asked for, for tests that look.
    pub(super) log: Mutex<Vec<String>>,
    /// Whose rows cannot be read.
    pub(super) unreadable: BTreeSet<UserId>,
    /// Whose rows are not even rows.
    pub(super) senseless: BTreeSet<UserId>,
    /// What the index learns between the questions: after so many, what became of whom.
    pub(super) news: Vec<(u64, UserId, Option<User>)>,
}

impl Fake {
    pub(super) fn of(users: Vec<User>) -> Self {
        Self {
            users,
            most: PAGE,
            asks: AtomicU64::new(0),
            log: Mutex::default(),
            unreadable: BTreeSet::new(),
            senseless: BTreeSet::new(),
            news: Vec::new(),
        }
    }

    /// Whom the index holds when it is asked for this time.
    fn held(&self, ask: u64) -> Vec<User> {
        let mut users = self.users.clone();
        for (_, id, user) in self.news.iter().filter(|(after, ..)| *after <= ask) {
            users.retain(|held| held.id != *id);
            users.extend(user.clone());
        }
        users
    }

    pub(super) fn asks(&self) -> u64 {
        self.asks.load(Ordering::SeqCst)
    }
}

impl Index for Fake {
    async fn ask(&self, ask: Ask<'_>) -> PortResult<Found> {
        let count = self.asks.fetch_add(1, Ordering::SeqCst);
        self.log.lock().unwrap().push(format!("{ask:?}"));
        assert!(ask.per_page <= PAGE, "no page may be asked to be that large");
        assert!(
            u64::from(ask.page + 1) * u64::from(ask.per_page) <= REACH,
            "Auth0 refuses pages beyond its reach"
        );
        let held = self.held(count);
        let mut users: Vec<_> = held
            .iter()
            .filter(|user| {
                ask.created.is_none_or(|span| match span {
                    Span::From(from) => from <= user.created_at,
                    Span::After(after) => after < user.created_at,
                    Span::At(at) => at == user.created_at,
                    Span::Before(before) => user.created_at < before,
                    Span::Between(from, before) => {
                        from <= user.created_at && user.created_at < before
                    }
                })
            })
            .filter(|user| ask.among.is_none_or(|ids| ids.contains(&user.id)))
            .filter(|user| ask.except.is_none_or(|ids| !ids.contains(&user.id)))
            .collect();
        // Ties stand in another order each time.
        let salt = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = |user: &&User| {
            user.id.as_str().bytes().fold(salt, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(5)
            })
        };
        users.sort_by_cached_key(hash);
        match ask.order.field {
            OrderField::Id => users.sort_by(|one, other| one.id.cmp(&other.id)),
            OrderField::Email => users.sort_by(|one, other| one.email.cmp(&other.email)),
            OrderField::CreatedAt => users.sort_by_key(|user| user.created_at),
        }
        if ask.order.descending {
            users.reverse();
        }
        let per_page = ask.per_page.min(self.most);
        let start = u64::from(ask.page) * u64::from(per_page);
        let shown = users.iter().skip(usize::try_from(start).unwrap()).take(per_page as usize);
        let shown: Vec<_> = shown.collect();
        let row = |user: &&&User| Row {
            id: user.id.to_string(),
            created_at: user.created_at,
            user: (!self.unreadable.contains(&user.id)).then(|| User::clone(user)),
        };
        let sound = |user: &&&&User| !self.senseless.contains(&user.id);
        let rows: Vec<_> = shown.iter().filter(sound).map(row).collect();
        let unreadable = (shown.len() - rows.len()) as u64;
        let total = (users.len() as u64).min(REACH);
        Ok(Found { rows, start, total, unreadable })
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

/// One of acme's people: told apart from the others by the number, created at that many
/// milliseconds. By id, by address and by name, the numbers come in different orders.
pub(super) fn person(number: u64, created_at: i64) -> User {
    let scrambled = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let id = format!("auth0|{scrambled:016x}").parse().unwrap();
    let email = format!("p{:05}@example.com", scrambled >> 7 & 0xffff_ffff).parse().unwrap();
    let moment = Timestamp::UNIX_EPOCH.plus_millis(created_at);
    User {
        given_name: (!number.is_multiple_of(3))
            .then(|| format!("n{}", number % 7).parse().unwrap()),
        ..User::builder(id, email)
            .family_name(format!("f{number}").parse().unwrap())
            .created_at(moment)
            .updated_at(moment)
            .membership(acme(), role())
            .build()
    }
}
