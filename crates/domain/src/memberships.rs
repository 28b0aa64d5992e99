//! The memberships of one account, by tenant.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::ops::Index;

use crate::id::TenantId;
use crate::membership::Membership;

/// A map from tenants to memberships, in the order of the tenants.
///
/// Most accounts have one membership, which is stored in place; more are in a sorted vector.
#[derive(Clone, Default)]
pub struct Memberships(Entries);

type Entry = (TenantId, Membership);

#[derive(Clone)]
enum Entries {
    Few(Option<Entry>),
    Many(Vec<Entry>),
}

impl Default for Entries {
    fn default() -> Self {
        Self::Few(None)
    }
}

impl Memberships {
    /// Returns a map without memberships.
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> &[Entry] {
        match &self.0 {
            Entries::Few(entry) => entry.as_slice(),
            Entries::Many(entries) => entries,
        }
    }

    fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.0 {
            Entries::Few(entry) => entry.as_mut_slice(),
            Entries::Many(entries) => entries,
        }
    }

    fn position(&self, tenant: &TenantId) -> Result<usize, usize> {
        self.entries().binary_search_by(|(known, _)| known.cmp(tenant))
    }

    /// Returns the membership in the tenant.
    pub fn get(&self, tenant: &TenantId) -> Option<&Membership> {
        self.get_key_value(tenant).map(|(_, membership)| membership)
    }

    /// Returns the membership in the tenant, to be changed.
    pub fn get_mut(&mut self, tenant: &TenantId) -> Option<&mut Membership> {
        let position = self.position(tenant).ok()?;
        self.entries_mut().get_mut(position).map(|(_, membership)| membership)
    }

    /// Returns the membership in the tenant, with the tenant as it is stored.
    pub fn get_key_value(&self, tenant: &TenantId) -> Option<(&TenantId, &Membership)> {
        let position = self.position(tenant).ok()?;
        self.entries().get(position).map(|(tenant, membership)| (tenant, membership))
    }

    /// Returns the membership in the first tenant by name.
    pub fn first_key_value(&self) -> Option<(&TenantId, &Membership)> {
        self.iter().next()
    }

    /// Whether there is a membership in the tenant.
    pub fn contains_key(&self, tenant: &TenantId) -> bool {
        self.position(tenant).is_ok()
    }

    /// Stores the membership in the tenant, and returns the one that it replaces.
    pub fn insert(&mut self, tenant: TenantId, membership: Membership) -> Option<Membership> {
        let position = match self.position(&tenant) {
            Ok(position) => {
                let stored = self.entries_mut().get_mut(position);
                return stored.map(|(_, stored)| mem::replace(stored, membership));
            }
            Err(position) => position,
        };
        let entry = (tenant, membership);
        match &mut self.0 {
            Entries::Few(only @ None) => *only = Some(entry),
            Entries::Few(only @ Some(_)) => {
                let mut entries: Vec<_> = only.take().into_iter().collect();
                entries.insert(position, entry);
                self.0 = Entries::Many(entries);
            }
            Entries::Many(entries) => entries.insert(position, entry),
        }
        None
    }

    /// Removes and returns the membership in the tenant.
    pub fn remove(&mut self, tenant: &TenantId) -> Option<Membership> {
        let position = self.position(tenant).ok()?;
        let (_, removed) = match &mut self.0 {
            Entries::Few(entry) => entry.take()?,
            Entries::Many(entries) => entries.remove(position),
        };
        Some(removed)
    }

    /// Removes the memberships for which the predicate is false.
    pub fn retain(&mut self, mut predicate: impl FnMut(&TenantId, &mut Membership) -> bool) {
        match &mut self.0 {
            Entries::Few(entry) => {
                let mut is_kept = |(tenant, membership): &mut Entry| predicate(tenant, membership);
                drop(entry.take_if(|entry| !is_kept(entry)));
            }
            Entries::Many(entries) => {
                entries.retain_mut(|(tenant, membership)| predicate(tenant, membership));
            }
        }
    }

    /// Removes all memberships.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the number of memberships.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is no membership.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Returns the memberships, by tenant.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.entries().iter())
    }

    /// Returns the tenants, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &TenantId> + Clone {
        self.entries().iter().map(|(tenant, _)| tenant)
    }

    /// Returns the memberships, in the order of their tenants.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Membership> + Clone {
        self.entries().iter().map(|(_, membership)| membership)
    }
}

/// An iterator over memberships, by tenant.
#[derive(Debug, Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, Entry>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a TenantId, &'a Membership);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(tenant, membership)| (tenant, membership))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// An iterator over memberships that are given away, by tenant.
#[derive(Debug)]
pub struct IntoIter(Taken);

#[derive(Debug)]
enum Taken {
    Few(std::option::IntoIter<Entry>),
    Many(std::vec::IntoIter<Entry>),
}

impl Iterator for IntoIter {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        match &mut self.0 {
            Taken::Few(entry) => entry.next(),
            Taken::Many(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Taken::Few(entry) => entry.size_hint(),
            Taken::Many(entries) => entries.size_hint(),
        }
    }
}

impl IntoIterator for Memberships {
    type Item = Entry;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(match self.0 {
            Entries::Few(entry) => Taken::Few(entry.into_iter()),
            Entries::Many(entries) => Taken::Many(entries.into_iter()),
        })
    }
}

impl<'a> IntoIterator for &'a Memberships {
    type Item = (&'a TenantId, &'a Membership);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Of several memberships in one tenant the last is kept.
impl FromIterator<Entry> for Memberships {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut memberships = Self::default();
        memberships.extend(entries);
        memberships
    }
}

impl Extend<Entry> for Memberships {
    fn extend<I: IntoIterator<Item = Entry>>(&mut self, entries: I) {
        for (tenant, membership) in entries {
            self.insert(tenant, membership);
        }
    }
}

impl<const N: usize> From<[Entry; N]> for Memberships {
    fn from(entries: [Entry; N]) -> Self {
        entries.into_iter().collect()
    }
}

impl From<BTreeMap<TenantId, Membership>> for Memberships {
    fn from(entries: BTreeMap<TenantId, Membership>) -> Self {
        entries.into_iter().collect()
    }
}

/// Panics if there is no membership in the tenant.
impl Index<&TenantId> for Memberships {
    type Output = Membership;

    #[expect(clippy::expect_used, reason = "as the index of any map")]
    fn index(&self, tenant: &TenantId) -> &Membership {
        self.get(tenant).expect("a membership in the tenant")
    }
}

impl PartialEq for Memberships {
    fn eq(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }
}

impl Eq for Memberships {}

impl fmt::Debug for Memberships {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}
