//! What this process wrote of late, laid over what the search says. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use domain::{Listing, Page, Sort, TenantId, User, UserId};

use super::{Found, Row};
use crate::recent::Written;

/// The tenant's people, when the index holds these rows.
pub(super) fn everybody(
    tenant: &TenantId,
    rows: Vec<Row>,
    written: BTreeMap<UserId, Written>,
) -> Vec<User> {
    let users = rows.into_iter().filter_map(|row| row.user);
    let mut people: HashMap<_, _> = users.map(|user| (user.id.clone(), user)).collect();
    for (id, written) in written {
        if people.get(&id).is_some_and(|row| written.is_outdated_by(row)) {
            continue;
        }
        match written {
            Written::Is(user) if user.memberships.contains_key(tenant) => {
                people.insert(id, Arc::unwrap_or_clone(user));
            }
            Written::Is(_) | Written::Gone => {
                people.remove(&id);
            }
        }
    }
    people.into_values().collect()
}

/// The writes that the index does not know yet, laid over a part of it.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Whose rows do not count.
    hidden: BTreeSet<UserId>,
    /// The rows of these that the index shows.
    shown: Vec<User>,
    /// Who stands on the list instead, or besides.
    present: Vec<Arc<User>>,
}

impl Overlay {
    /// The overlay of these writes, when these are the rows of their accounts.
    pub(super) fn new(
        tenant: &TenantId,
        written: &BTreeMap<UserId, Written>,
        rows: Vec<Row>,
    ) -> Self {
        let users = rows.into_iter().filter_map(|row| row.user);
        let mut rows: BTreeMap<_, _> = users.map(|user| (user.id.clone(), user)).collect();
        let mut overlay = Self::default();
        for (id, written) in written {
            let row = rows.remove(id);
            if row.as_ref().is_some_and(|row| written.is_outdated_by(row)) {
                continue;
            }
            overlay.hidden.insert(id.clone());
            overlay.shown.extend(row);
            if let Written::Is(user) = written
                && user.memberships.contains_key(tenant)
            {
                overlay.present.push(Arc::clone(user));
            }
        }
        overlay
    }

    /// The rows of the index among which those of a range of the list are.
    ///
    /// A row can stand earlier on the list by as many as are hidden, and later by as many as are
    /// put in.
    pub(super) fn widened(&self, range: &Range<u64>) -> Range<u64> {
        let earlier = range.start.saturating_sub(self.present.len() as u64);
        earlier..range.end.saturating_add(self.shown.len() as u64)
    }

    /// How long the list is, when the index counts so many.
    pub(super) fn total(&self, counted: u64) -> u64 {
        counted.saturating_sub(self.shown.len() as u64) + self.present.len() as u64
    }

    /// Whether the list surely ends before this place.
    pub(super) fn ends_before(&self, place: u64, counted: u64) -> bool {
        place >= self.total(counted)
    }

    /// A range of the list, cut from rows that hold what [`Overlay::widened`] says.
    pub(super) fn cut(&self, found: &Found, counted: u64, sort: Sort, range: &Range<u64>) -> Page {
        let total = self.total(counted);
        if self.ends_before(range.start, counted) || (found.rows.is_empty() && counted > 0) {
            return Page { users: Vec::new(), total };
        }
        let rows = || found.rows.iter().filter_map(|row| row.user.as_ref());
        let order = Listing { sort, window: None };
        // Hidden rows before the first one in hand make it stand that much earlier.
        let first = rows().next();
        let before = |hidden: &&User| {
            first.is_some_and(|first| order.select([*hidden, first]).first() == Some(hidden))
        };
        let in_hand: BTreeSet<_> = rows().map(|row| &row.id).collect();
        let hidden = self.shown.iter().filter(|row| !in_hand.contains(&row.id)).filter(before);
        let base = found.start.saturating_sub(hidden.count() as u64);

        let kept = rows().filter(|row| !self.hidden.contains(&row.id));
        let merged = order.select(kept.chain(self.present.iter().map(Arc::as_ref)));
        let place = |place: u64| usize::try_from(place - base).unwrap_or(usize::MAX);
        let (start, end) = (place(range.start), place(range.end));
        let users = merged.into_iter().skip(start).take(end - start).cloned().collect();
        Page { users, total }
    }
}
