//! Rule R4: a tenant keeps a holder of each protected role that it has holders of.
//!
//! Auth0 has no transactions, so the check and the change are kept together by the tenant's lock.
//! Another process of Usher that takes away another holder at the same moment is not kept out.

use std::collections::BTreeSet;

use domain::policy::{LastProtectedRoleHolder, ensure_other_holder, protected_role_lost};
use domain::{Role, TenantId, User, UserId};
use ports::PortResult;

use crate::directory::core::DirectoryCore;
use crate::directory::recent_writes::WrittenState;
use crate::management::params::UserSearch;
use crate::management::search_query::SearchQuery;

/// How many who are said to hold the role are asked after: so many who were written of late, and
/// so many whom the search shows.
const MAX_CANDIDATES: usize = 5;
/// The most rows that Auth0 puts on a page.
const MAX_PAGE_SIZE: u32 = 100;
/// The most rows that Auth0 pages through.
const MAX_RESULTS: u32 = 1000;

impl DirectoryCore {
    /// Rule R4, for a user who is to become `becomes` in the tenant (`None`: nothing). The
    /// tenant's lock must be held.
    ///
    /// It costs nothing unless a protected role is at stake. Then somebody else is looked for who
    /// holds it: among late writes, then by search, page by page, since those who come first may all
    /// be blocked. The search may be behind, so one of those found is read by id, which is never
    /// behind.
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
        // Of those who were written of late, the search knows only if somebody else did it since.
        let is_current =
            |row: &User| written.get(&row.id).is_none_or(|late| late.is_outdated_by(row));
        let query = SearchQuery::role_holders(self.reader.prefix(), tenant, [role.name()]);
        let mut candidates = MAX_CANDIDATES;
        let (mut page, mut per_page) = (0, MAX_PAGE_SIZE);
        while (page + 1) * per_page <= MAX_RESULTS {
            let search = UserSearch { q: query.to_string(), sort: "user_id:1", page, per_page };
            let found = self.management.search(&search).await?;
            let shown = found.users.readable.len() as u64 + found.users.unreadable;
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
                // Fewer than asked for may be all that Auth0 puts on a page.
                per_page = per_page.min(u32::try_from(shown).unwrap_or(MAX_PAGE_SIZE));
            }
            page += 1;
            if shown == 0 || u64::from(page) * u64::from(per_page) >= found.total {
                break;
            }
        }
        Err(LastProtectedRoleHolder.into())
    }

    /// Whether the account is what it is said to be, at this moment.
    async fn confirm_holder(&self, id: &UserId, holds: impl Fn(&User) -> bool) -> PortResult<bool> {
        let found = self.read(id).await?;
        Ok(found.is_some_and(|user| holds(&user)))
    }
}
