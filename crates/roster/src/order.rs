//! The order of a tenant's users.

use std::cmp::Ordering;

use domain::{AccountRules, SortField, SortValue, TenantId, User};

/// An ascending order of the users of a tenant: by a field as the tenant sees them under some rules,
/// then by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOrder {
    tenant: TenantId,
    field: SortField,
    rules: AccountRules,
}

impl ListOrder {
    /// Returns the order by this field.
    pub fn new(tenant: TenantId, field: SortField, rules: AccountRules) -> Self {
        // Under all rules a tenant sees the same id.
        let rules = if field == SortField::Id { AccountRules::default() } else { rules };
        Self { tenant, field, rules }
    }

    /// Returns the tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) fn field(&self) -> SortField {
        self.field
    }

    pub(crate) fn value<'u>(&self, user: &'u User) -> SortValue<'u> {
        SortValue::of_shown(user, self.field, &self.tenant, self.rules)
    }

    /// Compares by the value, then by id. Different users are never equal.
    pub(crate) fn compare(&self, left: &User, right: &User) -> Ordering {
        self.value(left).cmp(&self.value(right)).then_with(|| id(left).cmp(&id(right)))
    }

    /// Whether two states of one account have the same place.
    pub(crate) fn is_same_place(&self, before: &User, after: &User) -> bool {
        before.id == after.id && self.value(before) == self.value(after)
    }
}

fn id(user: &User) -> SortValue<'_> {
    SortValue::of(user, SortField::Id)
}
