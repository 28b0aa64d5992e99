//! Rule R4: a tenant keeps a holder of each protected role that it has holders of.
//!
//! Auth0 has no transactions, so the check and the change are kept together by the tenant's lock.
//! Another process of Usher that takes away another holder at the same moment is not kept out.

use std::collections::BTreeSet;

use domain::policy::{LastProtectedRoleHolder, keep_a_holder, role_at_stake};
use domain::{Role, TenantId, User, UserId};
use ports::PortResult;

use crate::directory::Inner;
use crate::management::Search;
use crate::query::Query;
use crate::recent::Written;

/// How many who are said to hold the role are asked after.
const CANDIDATES: usize = 5;

impl Inner {
    /// Rule R4, for a user who is to become `becomes` in the tenant (`None`: nothing). The
    /// tenant's lock must be held.
    ///
    /// It costs nothing unless a protected role is at stake. Then somebody else is looked for who
    /// holds it: among late writes, then by search. The search may be behind, so one of those found
    /// is read by id, which is never behind.
    pub(super) async fn keep_a_holder(
        &self,
        user: &User,
        tenant: &TenantId,
        becomes: Option<&Role>,
    ) -> PortResult<()> {
        let Some(role) = role_at_stake(user, tenant, becomes) else { return Ok(()) };
        let holds =
            |other: &User| other.id != user.id && keep_a_holder(role, tenant, [other]).is_ok();
        let written = self.recent.about(tenant);
        let written_holder = |(id, written): (&UserId, &Written)| match written {
            Written::Is(other) => holds(other).then(|| id.clone()),
            Written::Gone => None,
        };
        let mut asked = BTreeSet::new();
        for id in written.iter().filter_map(written_holder).take(CANDIDATES) {
            if self.confirm(&id, holds).await? {
                return Ok(());
            }
            asked.insert(id);
        }
        let query = Query::holders(&self.reader.prefix, tenant, [role.name()]);
        let search = Search { q: query.to_string(), sort: "created_at:1", page: 0, per_page: 100 };
        let found = self.management.search(&search).await?;
        let found = found.users.into_iter().filter_map(|user| self.reader.read(user));
        // Of those who were written of late, the search knows only if somebody else did it since.
        let news = |row: &User| written.get(&row.id).is_none_or(|late| late.is_outdated_by(row));
        let candidates = found.filter(|row| holds(row) && news(row) && !asked.contains(&row.id));
        for candidate in candidates.take(CANDIDATES.saturating_sub(asked.len())) {
            if self.confirm(&candidate.id, holds).await? {
                return Ok(());
            }
        }
        Err(LastProtectedRoleHolder.into())
    }

    /// Whether the account is what it is said to be, at this moment.
    async fn confirm(&self, id: &UserId, holds: impl Fn(&User) -> bool) -> PortResult<bool> {
        let found = self.read(id).await?;
        Ok(found.is_some_and(|user| holds(&user)))
    }
}
