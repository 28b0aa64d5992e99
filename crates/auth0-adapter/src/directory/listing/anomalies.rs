//! Paging anomalies: properties of a tenant's users that make Auth0's pages differ from those of
//! the list.
//!
//! Auth0 sorts ids by their bytes, the list by their lower case; what the list shows can differ from
//! what Auth0 sorts by, such as addresses with capitals and what a tenant does not see; and unreadable
//! rows count for Auth0, but are not on the list. Adjacent pages have to agree, so an anomaly found on one page is recorded for all: the
//! lists of such a tenant are read by a full scan.

use std::collections::HashMap;

use domain::{TenantId, Timestamp, UserId};
use parking_lot::{Mutex, MutexGuard};

use super::index::{IndexField, IndexOrder, IndexPage, IndexRow};

/// The maximum number of recorded tenants. Above it another tenant is removed, whose anomalies are
/// then found again.
const MAX_TENANTS: usize = 10_000;

/// The tenants with known anomalies, and those whose rows have been inspected for them.
#[derive(Debug, Default)]
pub(crate) struct PagingAnomalies {
    known: Mutex<HashMap<TenantId, TenantAnomalies>>,
    inspections: Mutex<HashMap<(TenantId, IndexOrder), Inspection>>,
}

/// An inspection of a tenant's first rows in one order, which are all of many tenants' rows.
#[derive(Debug, Clone, Copy)]
struct Inspection {
    at: Timestamp,
    /// The number of rows in the index; none if short pages do not pay.
    total: Option<u64>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct TenantAnomalies {
    /// An id contains an upper-case letter, or one outside ASCII, which may be one.
    has_upper_case_ids: bool,
    /// A row is unreadable, or not about a member of the tenant.
    has_unreadable_rows: bool,
    /// The fields by which the rows were not in the order of the list.
    unsorted_fields: Vec<IndexField>,
}

impl PagingAnomalies {
    /// Returns whether Auth0's pages by this field are those of the list, as far as is known.
    pub(super) fn allows_paging(&self, tenant: &TenantId, field: IndexField) -> bool {
        self.all().get(tenant).is_none_or(|anomalies| {
            let has_upper_case_ids = field == IndexField::Id && anomalies.has_upper_case_ids;
            !has_upper_case_ids
                && !anomalies.has_unreadable_rows
                && !anomalies.unsorted_fields.contains(&field)
        })
    }

    /// Records the anomalies of some of the tenant's rows, fetched in this order.
    pub(super) fn record(&self, tenant: &TenantId, found: &IndexPage, order: IndexOrder) {
        let mut anomalies = TenantAnomalies::of(found);
        anomalies.unsorted_fields.extend(unsorted_field(&found.rows, order));
        if anomalies != TenantAnomalies::default() {
            let mut all = self.all();
            make_room(&mut all, tenant);
            let known = all.entry(tenant.clone()).or_default();
            known.has_upper_case_ids |= anomalies.has_upper_case_ids;
            known.has_unreadable_rows |= anomalies.has_unreadable_rows;
            known.unsorted_fields.retain(|field| !anomalies.unsorted_fields.contains(field));
            known.unsorted_fields.extend(anomalies.unsorted_fields);
        }
    }

    /// Replaces the anomalies, given all rows of the tenant and the ids of its recent writes.
    pub(super) fn record_all<'a>(
        &self,
        tenant: &TenantId,
        found: &IndexPage,
        written_ids: impl Iterator<Item = &'a UserId>,
    ) {
        let mut anomalies = TenantAnomalies::of(found);
        anomalies.has_upper_case_ids |= written_ids.map(UserId::as_str).any(has_upper_case);
        let mut all = self.all();
        if let Some(known) = all.remove(tenant) {
            anomalies.unsorted_fields.extend(known.unsorted_fields);
        }
        if anomalies != TenantAnomalies::default() {
            make_room(&mut all, tenant);
            all.insert(tenant.clone(), anomalies);
        }
    }

    /// Returns the number of rows in the index, if the first ones in this order have been inspected
    /// after this moment.
    pub(super) fn inspected_total(
        &self,
        tenant: &TenantId,
        order: IndexOrder,
        since: Timestamp,
    ) -> Option<u64> {
        let inspections = self.inspections.lock();
        let inspection = inspections.get(&(tenant.clone(), order))?;
        inspection.total.filter(|_| inspection.at > since)
    }

    /// Records that the first rows have been inspected in a list that began at the first of these
    /// moments. An inspection before the second has expired.
    pub(super) fn record_inspection(
        &self,
        tenant: &TenantId,
        order: IndexOrder,
        first: &IndexPage,
        (at, since): (Timestamp, Timestamp),
    ) {
        let mut inspections = self.inspections.lock();
        if inspections.len() >= MAX_TENANTS {
            inspections.clear();
        }
        let inspection = Inspection { at, total: Some(first.total) };
        let recorded = inspections.entry((tenant.clone(), order)).or_insert(inspection);
        if recorded.total.is_some() || recorded.at <= since {
            *recorded = inspection;
        }
    }

    /// Records that pages of a few rows do not pay in this order, until the next inspection.
    pub(super) fn forbid_short_pages(&self, tenant: &TenantId, order: IndexOrder, at: Timestamp) {
        let inspection = Inspection { at, total: None };
        if let Some(recorded) = self.inspections.lock().get_mut(&(tenant.clone(), order)) {
            *recorded = inspection;
        }
    }

    /// Removes everything, because accounts are mapped differently from now on.
    pub(crate) fn clear(&self) {
        self.all().clear();
        self.inspections.lock().clear();
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TenantId, TenantAnomalies>> {
        self.known.lock()
    }
}

impl TenantAnomalies {
    fn of(found: &IndexPage) -> Self {
        let any = |is_such: fn(&IndexRow) -> bool| found.rows.iter().any(is_such);
        let differs = |field| found.rows.iter().any(|row| row.shown_differently.contains(&field));
        let fields = [IndexField::Email, IndexField::CreatedAt];
        Self {
            has_upper_case_ids: any(|row| has_upper_case(&row.id)),
            has_unreadable_rows: found.unreadable > 0 || any(|row| row.user.is_none()),
            unsorted_fields: fields.into_iter().filter(|field| differs(*field)).collect(),
        }
    }
}

/// Removes another tenant if this one would exceed the limit.
fn make_room(all: &mut HashMap<TenantId, TenantAnomalies>, tenant: &TenantId) {
    if all.len() >= MAX_TENANTS
        && !all.contains_key(tenant)
        && let Some(other) = all.keys().next().cloned()
    {
        all.remove(&other);
    }
}

fn has_upper_case(id: &str) -> bool {
    // Without an early end, which is faster for ids, of which hardly any has one.
    !id.is_ascii() || id.bytes().filter(u8::is_ascii_uppercase).count() > 0
}

/// Returns the field of the order if the rows are not sorted by it. Ties may be in any order, but
/// ids are unique.
fn unsorted_field(
    rows: &[IndexRow],
    IndexOrder { field, descending }: IndexOrder,
) -> Vec<IndexField> {
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
