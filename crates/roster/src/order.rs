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

    /// Returns the order with the tenant's id as it is stored, which compares faster with the ids
    /// that the tenant's accounts share.
    pub(crate) fn with_stored_tenant(self, tenant: &TenantId) -> Self {
        Self { tenant: tenant.clone(), ..self }
    }

    pub(crate) fn field(&self) -> SortField {
        self.field
    }

    pub(crate) fn value<'u>(&self, user: &'u User) -> SortValue<'u> {
        SortValue::of_shown(user, self.field, &self.tenant, self.rules)
    }

    /// Returns the place of a user in the order.
    pub(crate) fn place<'u>(&self, user: &'u User) -> Place<'u> {
        Place { value: self.value(user), user }
    }

    /// Compares by the value, then by id. Different users are never equal.
    pub(crate) fn compare(&self, left: &User, right: &User) -> Ordering {
        self.place(left).cmp(self.place(right))
    }

    /// Whether the user comes before the place.
    pub(crate) fn is_before(&self, user: &User, place: Place<'_>) -> bool {
        self.place(user).cmp(place).is_lt()
    }

    /// Whether two states of one account have the same place.
    pub(crate) fn is_same_place(&self, before: &User, after: &User) -> bool {
        before.id == after.id && self.value(before) == self.value(after)
    }
}

/// The place of a user in an order.
#[derive(Clone, Copy)]
pub(crate) struct Place<'u> {
    value: SortValue<'u>,
    user: &'u User,
}

impl Place<'_> {
    fn cmp(self, other: Self) -> Ordering {
        self.value.cmp(&other.value).then_with(|| id(self.user).cmp(&id(other.user)))
    }
}

fn id(user: &User) -> SortValue<'_> {
    SortValue::of(user, SortField::Id)
}
