//! Rule R4: a tenant keeps a holder of each protected role that has holders.
//!
//! Auth0 has no transactions, so the tenant's lock covers both the check and the change. It does
//! not exclude another process of Usher that removes another holder at the same moment.

use std::collections::BTreeSet;

use domain::policy::{LastProtectedRoleHolder, ensure_other_holder, protected_role_lost};
use domain::{Role, TenantId, User, UserId};
use ports::PortResult;

use crate::directory::directory_core::DirectoryCore;
use crate::directory::recent_writes::WrittenState;
use crate::management::params::UserSearch;
use crate::management::search_query::SearchQuery;

/// How many supposed holders are confirmed by a read: this many recently written ones, and this
/// many found by search.
const MAX_CANDIDATES: usize = 5;
/// The largest page that Auth0 returns.
const MAX_PAGE_SIZE: u32 = 100;
/// The number of rows that Auth0 pages through.
const MAX_RESULTS: u32 = 1000;

impl DirectoryCore {
    /// Checks rule R4 for a user who gets `new_role` in the tenant (`None`: none). The caller holds
    /// the tenant's lock.
    ///
    /// It costs no call unless a protected role would be lost. Then it looks for another holder:
    /// among recent writes, then by search, page by page, since the first ones may all be blocked.
    /// The search may be stale, so a candidate is confirmed by a read by id, which is immediately
    /// consistent.
    pub(super) async fn ensure_other_holder(
        &self,
        user: &User,
        tenant: &TenantId,
        new_role: Option<&Role>,
    ) -> PortResult<()> {
        let Some(role) = protected_role_lost(user, tenant, new_role) else { return Ok(()) };
        let holds = |other: &User| {
            other.id != user.id && ensure_other_holder(role, tenant, [other]).is_ok()
        };
        let (reader, written) = self.recent_writes_of(tenant);
        let written_holder = |(id, written): (&UserId, &WrittenState)| match written {
            WrittenState::Present(other) => holds(other).then(|| id.clone()),
            WrittenState::Deleted(_) => None,
        };
        let mut checked = BTreeSet::new();
        for id in written.iter().filter_map(written_holder).take(MAX_CANDIDATES) {
            if self.confirm_holder(&id, holds).await? {
                return Ok(());
            }
            checked.insert(id);
        }
        // The index is newer than a recent write only if another process has written since.
        let is_current =
            |row: &User| written.get(&row.id).is_none_or(|recent| recent.is_outdated_by(row));
        let query = SearchQuery::role_holders(self.reader.prefix(), tenant, [role.name()]);
        let mut candidates = MAX_CANDIDATES;
        let (mut page, mut per_page) = (0, MAX_PAGE_SIZE);
        while (page + 1) * per_page <= MAX_RESULTS {
            let search = UserSearch { q: query.to_string(), sort: "user_id:1", page, per_page };
            let found = self.management.search(&search).await?;
            let row_count = found.users.readable.len() as u64 + found.users.unreadable;
            let rows = found.users.readable.into_iter().filter_map(|user| reader.read(user));
            for row in rows.filter(|row| holds(row) && is_current(row)) {
                if candidates == 0 {
                    return Err(LastProtectedRoleHolder.into());
                }
                if checked.insert(row.id.clone()) {
                    candidates -= 1;
                    if self.confirm_holder(&row.id, holds).await? {
                        return Ok(());
                    }
                }
            }
            if page == 0 {
                // Fewer rows than requested may be the most that Auth0 returns.
                per_page = per_page.min(u32::try_from(row_count).unwrap_or(MAX_PAGE_SIZE));
            }
            page += 1;
            if row_count == 0 || u64::from(page) * u64::from(per_page) >= found.total {
                break;
            }
        }
        Err(LastProtectedRoleHolder.into())
    }

    /// Returns whether the account holds the role at this moment.
    async fn confirm_holder(&self, id: &UserId, holds: impl Fn(&User) -> bool) -> PortResult<bool> {
        let found = self.read(id).await?;
        Ok(found.is_some_and(|user| holds(&user)))
    }
}
