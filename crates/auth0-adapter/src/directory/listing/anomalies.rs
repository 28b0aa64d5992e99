//! What is odd about a tenant's people, so that Auth0's pages of them are not those of the list.
//!
//! Auth0 sorts ids by their bytes, and the list by their lower case; and rows that cannot be read
//! count for Auth0, but are nobody on the list. Pages beside each other have to agree, so what one
//! of them reveals is remembered for the others: such a tenant is walked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{TenantId, UserId};

use super::index::{IndexField, IndexOrder, IndexPage, IndexRow};

/// Of how many tenants it is remembered at most. Beyond it, some tenant is forgotten: what is odd
/// about its people is met again.
const MAX_TENANTS: usize = 10_000;

/// The tenants with odd people, as far as they have been met.
#[derive(Debug, Default)]
pub(crate) struct PagingAnomalies(Mutex<HashMap<TenantId, TenantAnomalies>>);

#[derive(Debug, Default, PartialEq, Eq)]
struct TenantAnomalies {
    /// Somebody has an id with an upper-case letter.
    capitals: bool,
    /// A row cannot be read, or is about none of the tenant's people.
    unreadable: bool,
    /// By these, Auth0's order was not the one of the list, for whatever reason.
    disordered: Vec<IndexField>,
}

impl PagingAnomalies {
    /// Whether Auth0's pages by this field are those of the list, as far as is known.
    pub(super) fn allows_paging(&self, tenant: &TenantId, field: IndexField) -> bool {
        self.all().get(tenant).is_none_or(|anomalies| {
            let capitals = field == IndexField::Id && anomalies.capitals;
            !capitals && !anomalies.unreadable && !anomalies.disordered.contains(&field)
        })
    }

    /// Some of the tenant's people were met, in this order.
    pub(super) fn record(&self, tenant: &TenantId, found: &IndexPage, order: IndexOrder) {
        let anomalies = TenantAnomalies {
            disordered: disordered(&found.rows, order),
            ..TenantAnomalies::of(found)
        };
        if anomalies != TenantAnomalies::default() {
            let mut all = self.all();
            make_room(&mut all, tenant);
            let known = all.entry(tenant.clone()).or_default();
            known.capitals |= anomalies.capitals;
            known.unreadable |= anomalies.unreadable;
            known.disordered.retain(|field| !anomalies.disordered.contains(field));
            known.disordered.extend(anomalies.disordered);
        }
    }

    /// All of the tenant's people were met, these besides: what is not odd among them is not odd
    /// any more.
    pub(super) fn record_all<'a>(
        &self,
        tenant: &TenantId,
        found: &IndexPage,
        besides: impl Iterator<Item = &'a UserId>,
    ) {
        let mut anomalies = TenantAnomalies::of(found);
        anomalies.capitals |= besides.map(UserId::as_str).any(has_capitals);
        let mut all = self.all();
        if let Some(known) = all.remove(tenant) {
            anomalies.disordered = known.disordered;
        }
        if anomalies != TenantAnomalies::default() {
            make_room(&mut all, tenant);
            all.insert(tenant.clone(), anomalies);
        }
    }

    /// Forgets everything: people are read differently from now on.
    pub(crate) fn clear(&self) {
        self.all().clear();
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn all(&self) -> MutexGuard<'_, HashMap<TenantId, TenantAnomalies>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TenantAnomalies {
    fn of(found: &IndexPage) -> Self {
        Self {
            capitals: found.rows.iter().any(|row| has_capitals(&row.id)),
            unreadable: found.unreadable > 0 || found.rows.iter().any(|row| row.user.is_none()),
            disordered: Vec::new(),
        }
    }
}

/// Forgets some other tenant if there would be too many with this one.
fn make_room(all: &mut HashMap<TenantId, TenantAnomalies>, tenant: &TenantId) {
    if all.len() >= MAX_TENANTS
        && !all.contains_key(tenant)
        && let Some(some) = all.keys().next().cloned()
    {
        all.remove(&some);
    }
}

fn has_capitals(id: &str) -> bool {
    id.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The field of the order, unless the rows stand in it. Those that tie may stand in any order, but
/// nobody has the id of another.
fn disordered(rows: &[IndexRow], IndexOrder { field, descending }: IndexOrder) -> Vec<IndexField> {
    let users = rows.iter().filter_map(|row| row.user.as_ref());
    let sorted = users.is_sorted_by(|one, other| {
        let (first, second) = if descending { (other, one) } else { (one, other) };
        match field {
            IndexField::Id => first.id < second.id,
            IndexField::Email => first.email <= second.email,
            IndexField::CreatedAt => first.created_at <= second.created_at,
        }
    });
    if sorted { Vec::new() } else { vec![field] }
}
