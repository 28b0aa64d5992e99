//! The release of a tenant's label: removes its memberships and homes.

use std::collections::BTreeSet;

use domain::{TenantId, TenantScope, User, UserId};
use ports::{PortResult, ReleaseOutcome};
use tokio::time::Instant;

use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::directory::recent_writes::WrittenState;
use crate::management::app_metadata::{AccountMetadata, MetadataPatch};
use crate::management::params::UserSearch;
use crate::management::search_query::SearchQuery;
use crate::management::wire::{self, PatchUserBody};

/// The largest page that Auth0 returns.
const MAX_PAGE_SIZE: u32 = 100;
/// The number of rows that Auth0 pages through.
const MAX_RESULTS: u32 = 1000;

impl DirectoryCore {
    /// Releases at most `limit` accounts, and no more than the deadline allows.
    ///
    /// The accounts are found by search, which lags, so each is read by id before it is changed. An
    /// account that another process has attached a moment ago may be missing: the tenant is released
    /// when two calls in a row, some seconds apart, have done nothing and left nothing.
    pub(crate) async fn release_tenant(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> PortResult<ReleaseOutcome> {
        scope.authorize_release()?;
        let tenant = scope.tenant();
        let stop = Instant::now() + self.deadline / 2;
        let (related, beyond) = self.related_to(tenant).await?;
        let (mut done, mut handled) = (0, 0);
        for id in &related {
            if done >= limit || (done > 0 && Instant::now() >= stop) {
                break;
            }
            match self.release(tenant, id).await {
                Ok(was_related) => done += usize::from(was_related),
                // What is done stays done; a further call continues.
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
            handled += 1;
        }
        let left = (related.len() - handled) as u64 + beyond;
        Ok(ReleaseOutcome { done: done as u64, left })
    }

    /// Removes the membership and the home of one account. Returns whether it had one of them.
    async fn release(&self, tenant: &TenantId, id: &UserId) -> PortResult<bool> {
        let _held = self.lock([LockKey::Account(id.clone())]).await?;
        let Some(found) = self.management.user(id).await? else {
            self.recent_writes.record_read(id, None);
            return Ok(false);
        };
        let prefix = self.reader.prefix();
        if !AccountMetadata::concerns(prefix, tenant, &found.app_metadata) {
            self.record_found(id, found)?;
            return Ok(false);
        }
        let mut metadata = MetadataPatch::default().no_membership(prefix, tenant);
        let before = self.record_found(id, found)?;
        if let Some(User { service_user, .. }) =
            before.as_ref().filter(|user| user.home.as_ref() == Some(tenant))
        {
            metadata = metadata.account(prefix, None, *service_user);
        }
        let patch = PatchUserBody { app_metadata: metadata.into_map(), ..PatchUserBody::default() };
        if let Some(before) = &before {
            self.patch(before, &patch).await?;
        }
        Ok(true)
    }

    /// Returns the accounts that the search, or a recent write, shows with a membership or the home
    /// in the tenant, and the number of further ones.
    async fn related_to(&self, tenant: &TenantId) -> PortResult<(BTreeSet<UserId>, u64)> {
        let prefix = self.reader.prefix();
        let (_, written) = self.recent_writes_of(tenant);
        let is_related = |user: &User| {
            user.memberships.contains_key(tenant) || user.home.as_ref() == Some(tenant)
        };
        let (mut related, mut released) = (BTreeSet::new(), BTreeSet::new());
        for (id, written) in written {
            match written {
                WrittenState::Present(user) if is_related(&user) => related.insert(id),
                WrittenState::Present(_) | WrittenState::Deleted(_) => released.insert(id),
            };
        }
        let q = SearchQuery::related_to(prefix, tenant).to_string();
        let (mut page, mut per_page, mut seen) = (0, MAX_PAGE_SIZE, 0);
        loop {
            let search = UserSearch { q: q.clone(), sort: "user_id:1", page, per_page };
            let found = self.management.search(&search).await?;
            let wire::UserRows { readable, unreadable } = found.users;
            let rows = readable.len() as u64 + unreadable;
            seen += rows;
            let ids = readable.into_iter().filter_map(|row| row.user_id.parse().ok());
            related.extend(ids.filter(|id| !released.contains(id)));
            if page == 0 {
                // Fewer rows than requested may be the most that Auth0 returns.
                per_page = per_page.min(u32::try_from(rows.max(1)).unwrap_or(MAX_PAGE_SIZE));
            }
            page += 1;
            let is_complete = rows == 0 || seen >= found.total;
            if is_complete || (page + 1) * per_page > MAX_RESULTS {
                return Ok((related, found.total.saturating_sub(seen)));
            }
        }
    }
}
