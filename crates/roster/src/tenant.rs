//! What a roster keeps for each tenant.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{
    AccountRules, AttachRule, PolicyContext, Role, RoleAtRisk, TenantId, Timestamp, User,
};

use crate::build::{BuildLog, Missed};
use crate::handle::Handle;
use crate::handle_list::HandleList;
use crate::order::ListOrder;
use crate::record::{Record, tenants};
use crate::records::Records;
use crate::sorted_list::SortedList;

/// The accounts that are related to one tenant.
pub(crate) struct Tenant<R> {
    pub(crate) id: TenantId,
    /// The accounts with a membership, by handle.
    members: HandleList,
    /// The accounts without a membership, such as those that are only at home here.
    outsiders: BTreeSet<Handle>,
    /// The lists that have been asked for.
    lists: Vec<SortedList>,
    builds: Vec<BuildLog<R>>,
    holders: Vec<Holders>,
}

/// The lasting holders of a protected role.
struct Holders {
    attach: AttachRule,
    role: Role,
    handles: BTreeSet<Handle>,
}

/// A change of one record. A record that is inserted has no state before; one that is removed has
/// none after.
pub(crate) struct Change<'a, R> {
    pub(crate) handle: Handle,
    pub(crate) before: Option<&'a R>,
    pub(crate) after: Option<&'a R>,
}

impl<R> Clone for Change<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Change<'_, R> {}

impl<R: Record> Change<'_, R> {
    /// Returns the user's states before and after, as far as it is a member.
    fn members(&self, tenant: &TenantId) -> (Option<&User>, Option<&User>) {
        let member = |record: &R| -> bool { record.user().memberships.contains_key(tenant) };
        let before = self.before.filter(|record| member(record));
        let after = self.after.filter(|record| member(record));
        (before.map(|record| &**record.user()), after.map(|record| &**record.user()))
    }
}

impl<R: Record> Tenant<R> {
    pub(crate) fn new(id: TenantId) -> Self {
        Self {
            id,
            members: HandleList::default(),
            outsiders: BTreeSet::new(),
            lists: Vec::new(),
            builds: Vec::new(),
            holders: Vec::new(),
        }
    }

    pub(crate) fn members(&self) -> &HandleList {
        &self.members
    }

    /// Whether nothing is related to the tenant, and nobody builds a list of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.len() == 0 && self.outsiders.is_empty() && self.builds.is_empty()
    }

    pub(crate) fn related_len(&self) -> usize {
        self.members.len() + self.outsiders.len()
    }

    /// Returns the accounts with a membership, and those that are otherwise related.
    pub(crate) fn related(&self) -> impl Iterator<Item = Handle> {
        self.members.iter_from(0).chain(self.outsiders.iter().copied())
    }

    /// Returns the users who count as holders of the role, the user at risk among them.
    pub(crate) fn holders<'s>(
        &'s self,
        at_risk: &RoleAtRisk,
    ) -> impl Iterator<Item = Handle> + use<'s, R> {
        let attach = at_risk.context().rules.attach;
        let holders = self
            .holders
            .iter()
            .find(|holders| holders.attach == attach && holders.role == *at_risk.role());
        holders.into_iter().flat_map(|holders| holders.handles.iter().copied())
    }

    pub(crate) fn list(&self, order: &ListOrder) -> Option<&SortedList> {
        self.lists.iter().find(|list| list.order == *order)
    }

    /// Keeps a list from now on, instead of those by the same field under other rules.
    pub(crate) fn keep(&mut self, mut list: SortedList) {
        list.order = list.order.with_stored_tenant(&self.id);
        self.lists.retain(|other| other.order.field() != list.order.field());
        self.lists.push(list);
    }

    /// Starts recording changes for a list that is built.
    pub(crate) fn start_log(&mut self) -> Arc<()> {
        let log = BuildLog::default();
        let token = Arc::clone(&log.token);
        self.builds.push(log);
        token
    }

    /// Returns the changes recorded since the last call; none if nothing is recorded.
    pub(crate) fn take_log(&mut self, token: &Arc<()>) -> Option<Vec<Missed<R>>> {
        let mut logs = self.builds.iter_mut();
        let log = logs.find(|log| Arc::ptr_eq(&log.token, token))?;
        Some(std::mem::take(&mut log.changes))
    }

    pub(crate) fn end_log(&mut self, token: &Arc<()>) {
        self.builds.retain(|log| !Arc::ptr_eq(&log.token, token));
    }

    /// The first step of a change, in which the records are as before.
    pub(crate) fn begin_change(&mut self, change: Change<'_, R>, records: &Records<R>) {
        let (Some(before), after) = change.members(&self.id) else { return };
        self.lists.retain_mut(|list| {
            after.is_some_and(|after| list.order.is_same_place(before, after))
                // A list that lacked the user would be wrong: it is built again.
                || list.remove(change.handle, before, records)
        });
        for holders in &mut self.holders {
            holders.handles.remove(&change.handle);
        }
    }

    /// The second step of a change, in which the records are as after.
    pub(crate) fn end_change(&mut self, change: Change<'_, R>, records: &Records<R>) {
        let Change { handle, .. } = change;
        let (before, after) = change.members(&self.id);
        if before.is_some() != after.is_some() {
            let position = self.members.partition_point(|other| other < handle);
            if after.is_some() {
                self.members.insert(position, handle);
            } else {
                self.members.remove(position);
            }
        }
        if let Some(after) = after {
            for list in &mut self.lists {
                let is_in_place =
                    before.is_some_and(|before| list.order.is_same_place(before, after));
                if !is_in_place {
                    list.insert(handle, after, records);
                }
            }
            self.insert_holder(handle, after);
        }
        self.holders.retain(|holders| !holders.handles.is_empty());
        let is_outsider = after.is_none()
            && change.after.is_some_and(|record| tenants(record).contains(&&self.id));
        if is_outsider {
            self.outsiders.insert(handle);
        } else {
            self.outsiders.remove(&handle);
        }
        if before.is_some() || after.is_some() {
            self.builds.retain(BuildLog::is_awaited);
            let missed =
                Missed { handle, was_member: before.is_some(), after: change.after.cloned() };
            for log in &mut self.builds {
                log.changes.push(missed.clone());
            }
        }
    }

    fn insert_holder(&mut self, handle: Handle, user: &User) {
        for attach in [AttachRule::Verified, AttachRule::Any] {
            // A lasting membership does not depend on the moment.
            let rules = AccountRules { attach, ..AccountRules::default() };
            let context = PolicyContext::at(Timestamp::UNIX_EPOCH).with_rules(rules);
            let role = user.lasting_role_in(&self.id, &context);
            let Some(role) = role.filter(|role| role.is_protected()) else { continue };
            let mut known = self.holders.iter_mut();
            let is_known =
                |holders: &&mut Holders| holders.attach == attach && holders.role == *role;
            if let Some(holders) = known.find(is_known) {
                holders.handles.insert(handle);
            } else {
                let handles = BTreeSet::from([handle]);
                self.holders.push(Holders { attach, role: role.clone(), handles });
            }
        }
    }
}
