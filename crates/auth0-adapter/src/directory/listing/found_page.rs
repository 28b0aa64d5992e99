//! A page of a list before it is reduced to what the tenant may see.

use std::sync::Arc;

use domain::{Page, TenantScope, User};

/// The users of one page, and the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundPage {
    /// The users of the page, in order.
    pub(crate) users: Vec<Arc<User>>,
    /// The number of users on all pages.
    pub(crate) total: u64,
}

impl FoundPage {
    /// Returns the page as the tenant sees it.
    pub(crate) fn seen_by(self, scope: &TenantScope) -> Page {
        let views = self.users.into_iter().filter_map(|user| scope.into_view(user));
        Page { users: views.collect(), total: self.total }
    }
}
