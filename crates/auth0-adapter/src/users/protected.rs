//! Rule R4: a tenant keeps a holder of each protected role that it has holders of.
//!
//! Auth0 has no transactions, so the check and the change are kept together by the tenant's lock.
//! Another process of Usher that takes away another holder at the same moment is not kept out.

use std::collections::BTreeSet;

use domain::{Decision, RoleAtRisk, User, UserId};
use ports::PortResult;

use crate::directory::Inner;
use crate::management::Search;
use crate::query::Query;
use crate::recent::Written;

/// How many who are said to hold the role are asked after: so many who were written of late, and
/// so many whom the search shows.
const CANDIDATES: usize = 5;
/// The most rows that Auth0 puts on a page.
const PAGE: u32 = 100;
/// The most rows that Auth0 pages through.
const REACH: u32 = 1000;

impl Inner {
    /// Completes a decision by looking up another holder of each protected role at risk (R4).
    ///
    /// It costs nothing if none is at risk. The locks of the tenants must be held.
    pub(super) async fn complete<C>(&self, mut decision: Decision<C>) -> PortResult<C> {
        loop {
            match decision {
                Decision::Authorized(change) => return Ok(change),
                Decision::Pending(pending) => {
                    let holder = self.other_holder(pending.role_at_risk()).await?;
                    decision = pending.resolve(holder.as_ref())?;
                }
            }
        }
    }

    /// Returns another holder of the role, if one is found: among recent writes, then by search,
    /// page by page, since the first ones may all be blocked. The search may lag behind, so each
    /// candidate is read by id, which never does.
    async fn other_holder(&self, at_risk: &RoleAtRisk) -> PortResult<Option<User>> {
        let (tenant, role) = (at_risk.tenant(), at_risk.role());
        let holds = |other: &User| at_risk.is_held_by(other);
        let (reader, written) = self.known_of(tenant);
        let written_holder = |(id, written): (&UserId, &Written)| match written {
            Written::Is(other) => holds(other).then(|| id.clone()),
            Written::Gone(_) => None,
        };
        let mut asked = BTreeSet::new();
        for id in written.iter().filter_map(written_holder).take(CANDIDATES) {
            if let Some(holder) = self.confirm(&id, holds).await? {
                return Ok(Some(holder));
            }
            asked.insert(id);
        }
        // Of those who were written of late, the search knows only if somebody else did it since.
        let news = |row: &User| written.get(&row.id).is_none_or(|late| late.is_outdated_by(row));
        let query = Query::holders(self.readers.prefix(), tenant, [role.name()]);
        let mut candidates = CANDIDATES;
        let (mut page, mut per_page) = (0, PAGE);
        while (page + 1) * per_page <= REACH {
            let search = Search { q: query.to_string(), sort: "user_id:1", page, per_page };
            let found = self.management.search(&search).await?;
            let shown = found.users.readable.len() as u64 + found.users.unreadable;
            let rows = found.users.readable.into_iter().filter_map(|user| reader.read(user));
            for row in rows.filter(|row| holds(row) && news(row)) {
                if candidates == 0 {
                    return Ok(None);
                }
                if asked.insert(row.id.clone()) {
                    candidates -= 1;
                    if let Some(holder) = self.confirm(&row.id, holds).await? {
                        return Ok(Some(holder));
                    }
                }
            }
            if page == 0 {
                // Fewer than asked for may be all that Auth0 puts on a page.
                per_page = per_page.min(u32::try_from(shown).unwrap_or(PAGE));
            }
            page += 1;
            if shown == 0 || u64::from(page) * u64::from(per_page) >= found.total {
                break;
            }
        }
        Ok(None)
    }

    /// Reads the account by id and returns it if it holds the role now.
    async fn confirm(
        &self,
        id: &UserId,
        holds: impl Fn(&User) -> bool,
    ) -> PortResult<Option<User>> {
        Ok(self.read(id).await?.filter(|user| holds(user)))
    }
}
