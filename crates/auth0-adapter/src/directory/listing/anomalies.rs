//! What is odd about a tenant's people, so that Auth0's pages of them are not those of the list.
//!
//! Auth0 sorts ids by their bytes, and the list by their lower case; and rows that cannot be read
//! count for Auth0, but are nobody on the list. Pages beside each other have to agree, so what one
//! of them reveals is remembered for the others: such a tenant is walked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{TenantId, UserId};

use super::index::{Found, Order, OrderField, Row};

/// Of how many tenants it is remembered at most. Beyond it, some tenant is forgotten: what is odd
/// about its people is met again.
const MOST: usize = 10_000;

/// The tenants with odd people, as far as they have been met.
#[derive(Debug, Default)]
pub(crate) struct Oddities(Mutex<HashMap<TenantId, Odd>>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Odd {
    /// Somebody has an id with an upper-case letter.
    capitals: bool,
    /// A row cannot be read, or is about none of the tenant's people.
    unreadable: bool,
    /// By these, Auth0's order was not the one of the list, for whatever reason.
    disordered: Vec<OrderField>,
}

impl Oddities {
    /// Whether Auth0's pages by this field are those of the list, as far as is known.
    pub(super) fn allow(&self, tenant: &TenantId, field: OrderField) -> bool {
        self.all().get(tenant).is_none_or(|odd| {
            let capitals = field == OrderField::Id && odd.capitals;
            !capitals && !odd.unreadable && !odd.disordered.contains(&field)
        })
    }

    /// Some of the tenant's people were met, in this order.
    pub(super) fn met(&self, tenant: &TenantId, found: &Found, order: Order) {
        let odd = Odd { disordered: disordered(&found.rows, order), ..Odd::of(found) };
        if odd != Odd::default() {
            let mut all = self.all();
            make_room(&mut all, tenant);
            let known = all.entry(tenant.clone()).or_default();
            known.capitals |= odd.capitals;
            known.unreadable |= odd.unreadable;
            known.disordered.retain(|field| !odd.disordered.contains(field));
            known.disordered.extend(odd.disordered);
        }
    }

    /// All of the tenant's people were met, these besides: what is not odd among them is not odd
    /// any more.
    pub(super) fn met_everybody<'a>(
        &self,
        tenant: &TenantId,
        found: &Found,
        besides: impl Iterator<Item = &'a UserId>,
    ) {
        let mut odd = Odd::of(found);
        odd.capitals |= besides.map(UserId::as_str).any(has_capitals);
        let mut all = self.all();
        if let Some(known) = all.remove(tenant) {
            odd.disordered = known.disordered;
        }
        if odd != Odd::default() {
            make_room(&mut all, tenant);
            all.insert(tenant.clone(), odd);
        }
    }

    /// Forgets everything: people are read differently from now on.
    pub(crate) fn forget(&self) {
        self.all().clear();
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn all(&self) -> MutexGuard<'_, HashMap<TenantId, Odd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Odd {
    fn of(found: &Found) -> Self {
        Self {
            capitals: found.rows.iter().any(|row| has_capitals(&row.id)),
            unreadable: found.unreadable > 0 || found.rows.iter().any(|row| row.user.is_none()),
            disordered: Vec::new(),
        }
    }
}

/// Forgets some other tenant if there would be too many with this one.
fn make_room(all: &mut HashMap<TenantId, Odd>, tenant: &TenantId) {
    if all.len() >= MOST
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
fn disordered(rows: &[Row], Order { field, descending }: Order) -> Vec<OrderField> {
    let users = rows.iter().filter_map(|row| row.user.as_ref());
    let sorted = users.is_sorted_by(|one, other| {
        let (first, second) = if descending { (other, one) } else { (one, other) };
        match field {
            OrderField::Id => first.id < second.id,
            OrderField::Email => first.email <= second.email,
            OrderField::CreatedAt => first.created_at <= second.created_at,
        }
    });
    if sorted { Vec::new() } else { vec![field] }
}
