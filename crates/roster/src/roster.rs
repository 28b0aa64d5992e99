//! The accounts with all their indexes.

use std::fmt;
use std::sync::Arc;

use domain::{EmailAddress, RoleAtRisk, TenantId, User, UserId, Username};

use crate::account_index::AccountIndex;
use crate::build::Build;
use crate::handle::Handle;
use crate::handle_list::HandleList;
use crate::index::Index;
use crate::order::ListOrder;
use crate::record::{Record, tenants};
use crate::records::Records;
use crate::snapshot::{AccountSnapshot, ListSnapshot, users};
use crate::sorted_list::{Range, SortedList};
use crate::tenant::{Change, Tenant};

const TENANT_SHARDS: usize = 256;

/// At most this many changes are added to a list while the roster is locked.
const MAX_LAST_CHANGES: usize = 8;

/// Accounts by id, address, username and tenant, and the lists of each tenant.
pub struct Roster<R> {
    records: Records<R>,
    /// Handles of removed records.
    vacant: Vec<Handle>,
    len: usize,
    by_id: AccountIndex,
    by_email: AccountIndex,
    by_username: AccountIndex,
    tenants: Index<Box<Tenant<R>>>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPart {
    /// The users, in the order of the list.
    pub users: Vec<Arc<User>>,
    /// The number of users of the whole list.
    pub total: usize,
}

/// The outcome of [`Roster::finish_build`].
#[derive(Debug)]
pub enum BuildOutcome<R> {
    /// The list is kept from now on; this is its state now.
    Finished(ListSnapshot<R>),
    /// Too much has changed: call [`Build::advance`] and try again.
    Behind(Build<R>),
    /// The build is of another roster: begin a new one.
    Lost,
}

impl<R> Default for Roster<R> {
    fn default() -> Self {
        Self {
            records: Records::default(),
            vacant: Vec::new(),
            len: 0,
            by_id: AccountIndex::by_id(),
            by_email: AccountIndex::by_email(),
            by_username: AccountIndex::by_username(),
            tenants: Index::new(TENANT_SHARDS),
        }
    }
}

impl<R: Record> Roster<R> {
    /// Returns the number of accounts.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no account.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes room for this many more accounts.
    pub fn reserve(&mut self, additional: usize) {
        for index in [&mut self.by_id, &mut self.by_email, &mut self.by_username] {
            index.reserve(additional, &self.records);
        }
    }

    /// Returns the records, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.records.iter()
    }

    /// Returns the accounts as they are now. Takes constant time.
    pub fn accounts(&self) -> AccountSnapshot<R> {
        AccountSnapshot { records: self.records.clone(), len: self.len }
    }

    /// Returns the account with the id.
    pub fn get(&self, account: &UserId) -> Option<&R> {
        self.records.get(self.by_id.find(account.as_str(), &self.records)?)
    }

    /// Returns the account with the e-mail address.
    pub fn by_email(&self, address: &EmailAddress) -> Option<&R> {
        self.records.get(self.by_email.find(address.as_str(), &self.records)?)
    }

    /// Returns the account with the username.
    pub fn by_username(&self, name: &Username) -> Option<&R> {
        self.records.get(self.by_username.find(name.as_str(), &self.records)?)
    }

    fn tenant(&self, id: &TenantId) -> Option<&Tenant<R>> {
        self.tenants.find(id.as_str(), |tenant| tenant.id == *id).map(|tenant| &**tenant)
    }

    fn tenant_mut(&mut self, id: &TenantId) -> Option<&mut Tenant<R>> {
        self.tenants.find_mut(id.as_str(), |tenant| tenant.id == *id).map(|tenant| &mut **tenant)
    }

    /// Returns the id as it is stored, if an account is related to the tenant: accounts that share
    /// it take less memory.
    pub fn stored_tenant(&self, id: &TenantId) -> Option<&TenantId> {
        self.tenant(id).map(|tenant| &tenant.id)
    }

    /// Returns the accounts that have a membership or their home in the tenant, or are otherwise
    /// related to it.
    pub fn related(&self, tenant: &TenantId) -> impl Iterator<Item = &R> {
        let handles = self.tenant(tenant).into_iter().flat_map(Tenant::related);
        handles.filter_map(|handle| self.records.get(handle))
    }

    /// Returns the number of accounts of [`Roster::related`].
    pub fn related_len(&self, tenant: &TenantId) -> usize {
        self.tenant(tenant).map_or(0, Tenant::related_len)
    }

    /// Returns the users who count as holders of the protected role, the user at risk among them.
    pub fn holders<'s>(
        &'s self,
        at_risk: &RoleAtRisk,
    ) -> impl Iterator<Item = &'s User> + use<'s, R> {
        let tenant = self.tenant(at_risk.tenant());
        let handles = tenant.map(|tenant| tenant.holders(at_risk));
        handles
            .into_iter()
            .flatten()
            .filter_map(|handle| self.records.get(handle).map(|record| &**record.user()))
    }

    /// Stores a copy of the record, and returns the one of the account that it replaces. No other account may
    /// have its e-mail address or username.
    pub fn put(&mut self, record: &R) -> Option<R> {
        let found = self.by_id.find(record.user().id.as_str(), &self.records);
        let handle = found
            .or_else(|| self.vacant.pop())
            // Without vacant handles all numbers below are taken.
            .unwrap_or_else(|| Handle::new(self.len));
        self.change(handle, Some(record))
    }

    /// Removes and returns the account.
    pub fn remove(&mut self, account: &UserId) -> Option<R> {
        let handle = self.by_id.find(account.as_str(), &self.records)?;
        let removed = self.change(handle, None);
        self.vacant.push(handle);
        removed
    }

    fn change(&mut self, handle: Handle, after: Option<&R>) -> Option<R> {
        let before = self.records.get(handle).cloned();
        let change = Change { handle, before: before.as_ref(), after };
        let mut touched: Vec<&TenantId> = change.before.map(tenants).unwrap_or_default();
        for tenant in change.after.map(tenants).unwrap_or_default() {
            if !touched.contains(&tenant) {
                touched.push(tenant);
            }
        }

        let Self { records, by_id, by_email, by_username, tenants, len, .. } = self;
        for id in &touched {
            if let Some(tenant) = tenants.find_mut(id.as_str(), |tenant| tenant.id == **id) {
                tenant.begin_change(change, records);
            }
        }
        let users = (change.before.map(user), change.after.map(user));
        let mut indexes = [by_id, by_email, by_username];
        for index in &mut indexes {
            index.begin_change(handle, users.0, users.1);
        }

        records.set(handle, change.after.cloned());
        *len = *len + usize::from(after.is_some()) - usize::from(before.is_some());

        for index in indexes {
            index.end_change(handle, users.0, users.1, records);
        }
        for id in touched {
            if tenants.find(id.as_str(), |tenant| tenant.id == *id).is_none() {
                let tenant = Box::new(Tenant::new(id.clone()));
                tenants.insert(id.as_str(), tenant, |tenant, hash| hash.of(tenant.id.as_str()));
            }
            let tenant = tenants.find_mut(id.as_str(), |tenant| tenant.id == *id);
            let Some(tenant) = tenant else { continue };
            tenant.end_change(change, records);
            if tenant.is_empty() {
                tenants.remove(id.as_str(), |tenant| tenant.id == *id);
            }
        }
        before
    }

    /// Returns a part of the list, if the list has been built. A tenant without accounts needs no
    /// list.
    pub fn list_part(&self, order: &ListOrder, range: Range) -> Option<ListPart> {
        let Some(tenant) = self.tenant(order.tenant()) else {
            return Some(ListPart { users: Vec::new(), total: 0 });
        };
        let list = tenant.list(order)?;
        Some(ListPart { users: users(list, range, &self.records), total: list.len() })
    }

    /// Returns the list as it is now, if it has been built. Takes constant time.
    pub fn snapshot(&self, order: &ListOrder) -> Option<ListSnapshot<R>> {
        let list = match self.tenant(order.tenant()) {
            Some(tenant) => tenant.list(order)?.clone(),
            None => empty(order),
        };
        Some(ListSnapshot { list, records: self.records.clone() })
    }

    /// Begins to build a list: changes are recorded from now on. Takes constant time.
    ///
    /// Call [`Build::advance`] while the roster is not locked, then [`Roster::finish_build`].
    pub fn begin_build(&mut self, order: ListOrder) -> Build<R> {
        let records = self.records.clone();
        let (members, token) = match self.tenant_mut(order.tenant()) {
            Some(tenant) => (tenant.members().clone(), tenant.start_log()),
            None => (HandleList::default(), Arc::default()),
        };
        Build { token, order, members, records, list: None, missed: Vec::new() }
    }

    /// Adds the last changes to a list and keeps it, unless there are too many of them.
    pub fn finish_build(&mut self, mut build: Build<R>) -> BuildOutcome<R> {
        let Build { token, order, .. } = &build;
        let tenant =
            self.tenants.find_mut(order.tenant().as_str(), |tenant| tenant.id == *order.tenant());
        let Some(tenant) = tenant else {
            // Without accounts when the build began, and still.
            let is_unchanged = build.members.len() == 0;
            return if is_unchanged {
                BuildOutcome::Finished(ListSnapshot {
                    list: empty(order),
                    records: self.records.clone(),
                })
            } else {
                BuildOutcome::Lost
            };
        };
        let Some(mut changes) = tenant.take_log(token) else { return BuildOutcome::Lost };
        build.missed.append(&mut changes);
        if build.missed.len() > MAX_LAST_CHANGES || build.list.is_none() {
            return BuildOutcome::Behind(build);
        }
        build.catch_up();
        tenant.end_log(&build.token);
        let Some(list) = build.list else { return BuildOutcome::Lost };
        tenant.keep(list.clone());
        BuildOutcome::Finished(ListSnapshot { list, records: self.records.clone() })
    }
}

fn user<R: Record>(record: &R) -> &User {
    record.user()
}

fn empty(order: &ListOrder) -> SortedList {
    SortedList::from_ordered(order.clone(), &[])
}

/// Omits the accounts.
impl<R> fmt::Debug for Roster<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
