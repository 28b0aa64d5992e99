//! What a roster stores.

use std::iter;
use std::sync::Arc;

use domain::{TenantId, User};

/// A user with whatever its owner stores beside it. A clone must be cheap.
pub trait Record: Clone + Send + Sync {
    /// Returns the user.
    fn user(&self) -> &Arc<User>;

    /// Returns tenants that the account is related to besides those of its memberships and its home.
    fn other_tenants(&self) -> impl Iterator<Item = &TenantId>;
}

impl Record for Arc<User> {
    fn user(&self) -> &Arc<User> {
        self
    }

    fn other_tenants(&self) -> impl Iterator<Item = &TenantId> {
        iter::empty()
    }
}

/// Returns the tenants of a record, each once.
pub(crate) fn tenants<R: Record>(record: &R) -> Vec<&TenantId> {
    let user = record.user();
    let mut tenants: Vec<_> = user.memberships.keys().collect();
    for other in user.home.iter().chain(record.other_tenants()) {
        if !tenants.contains(&other) {
            tenants.push(other);
        }
    }
    tenants
}
