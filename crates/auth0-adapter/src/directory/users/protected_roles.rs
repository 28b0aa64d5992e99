//! Rule R4: a tenant keeps a holder of each protected role that has holders.
//!
//! Auth0 has no transactions, so the tenant's lock covers both the check and the change. It does
//! not exclude another process of Usher that removes the other holder at the same moment. After the
//! change, the holder is therefore read once more; if nobody is left, the change is undone. Of two
//! processes, the later one finds what the earlier one did; both may undo.

use std::collections::BTreeSet;

use domain::{Decision, LastProtectedRoleHolder, RoleAtRisk, User, UserId};
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

/// A role that a change takes away, and who else held it when that was decided.
#[derive(Debug)]
pub(super) struct OtherHolder {
    pub(super) at_risk: RoleAtRisk,
    holder: UserId,
}

impl DirectoryCore {
    /// Completes a decision by looking up another holder of each protected role at risk (R4), and
    /// returns these.
    ///
    /// It costs no call if none is at risk. The caller holds the locks of the tenants.
    pub(super) async fn complete<C>(
        &self,
        mut decision: Decision<C>,
    ) -> PortResult<(C, Vec<OtherHolder>)> {
        let mut others = Vec::new();
        loop {
            match decision {
                Decision::Authorized(change) => return Ok((change, others)),
                Decision::Pending(pending) => {
                    let at_risk = pending.role_at_risk().clone();
                    let holder = self.other_holder(&at_risk).await?;
                    decision = pending.resolve(holder.as_ref())?;
                    others.extend(holder.map(|holder| OtherHolder { at_risk, holder: holder.id }));
                }
            }
        }
    }

    /// Checks after a change that each role still has another holder.
    ///
    /// # Errors
    /// `Conflict` with `LastProtectedRoleHolder`, or the error of a call.
    pub(super) async fn confirm_others(&self, others: &[OtherHolder]) -> PortResult<()> {
        for OtherHolder { at_risk, holder } in others {
            let holds = |other: &User| at_risk.is_held_by(other);
            if self.confirm_holder(holder, holds).await?.is_none()
                && self.other_holder(at_risk).await?.is_none()
            {
                let tenant = at_risk.tenant().clone();
                return Err(LastProtectedRoleHolder { tenant }.into());
            }
        }
        Ok(())
    }

    /// Returns another holder of the role, if there is one.
    ///
    /// Looks among recent writes, then searches page by page, since the first holders may all be
    /// blocked. The search may be stale, so a candidate is confirmed by a read by id, which is
    /// immediately consistent.
    async fn other_holder(&self, at_risk: &RoleAtRisk) -> PortResult<Option<User>> {
        let (tenant, role) = (at_risk.tenant(), at_risk.role());
        let holds = |other: &User| at_risk.is_held_by(other);
        let (reader, written) = self.recent_writes_of(tenant);
        let written_holder = |(id, written): (&UserId, &WrittenState)| match written {
            WrittenState::Present(other) => holds(other).then(|| id.clone()),
            WrittenState::Deleted(_) => None,
        };
        let mut checked = BTreeSet::new();
        for id in written.iter().filter_map(written_holder).take(MAX_CANDIDATES) {
            if let Some(holder) = self.confirm_holder(&id, holds).await? {
                return Ok(Some(holder));
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
            let row_count = found.users.count();
            let rows = found.users.readable.into_iter().filter_map(|user| reader.read(user));
            for row in rows.filter(|row| holds(row) && is_current(row)) {
                if candidates == 0 {
                    return Ok(None);
                }
                if checked.insert(row.id.clone()) {
                    candidates -= 1;
                    if let Some(holder) = self.confirm_holder(&row.id, holds).await? {
                        return Ok(Some(holder));
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
        Ok(None)
    }

    /// Reads the account by id and returns it if it holds the role now.
    async fn confirm_holder(
        &self,
        id: &UserId,
        holds: impl Fn(&User) -> bool,
    ) -> PortResult<Option<User>> {
        Ok(self.read(id).await?.filter(|user| holds(user)))
    }
}
