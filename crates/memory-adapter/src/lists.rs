//! Lists of a tenant's users.

use std::num::NonZero;
use std::sync::Arc;

use domain::{Page, PageRequest, Sort, TenantScope, UserView};
use futures_util::stream;
use parking_lot::RwLock;
use ports::{FullList, PortResult};
use roster::{BuildOutcome, ListOrder, ListPart, ListSnapshot, Range};

use crate::directory::MemoryDirectory;
use crate::record::Record;
use crate::state::State;

/// The number of users above which building a list would block an async thread for too long.
const BUILD_INLINE_LIMIT: usize = 1000;
/// The number of users above which only one list is built at a time, on several cores.
const BUILD_ALONE_LIMIT: usize = 50_000;
/// The size of a page above which its users are not fetched while the state is locked.
const LOCKED_PAGE_LIMIT: usize = 256;

impl MemoryDirectory {
    pub(crate) async fn page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page> {
        let order = list_order(scope, sort);
        let len = page.size.get() as usize;
        let start = usize::try_from(page.number).unwrap_or(usize::MAX).saturating_mul(len);
        let range = Range { start, len, descending: sort.descending };
        let part = (len <= LOCKED_PAGE_LIMIT)
            .then(|| self.state.read().roster.list_part(&order, range))
            .flatten();
        let ListPart { users, total } = if let Some(part) = part {
            part
        } else {
            let snapshot = self.list_snapshot(order).await?;
            ListPart { users: snapshot.users(range), total: snapshot.len() }
        };
        let users = users.into_iter().filter_map(|user| scope.into_view(user)).collect();
        Ok(Page { users, total: total as u64 })
    }

    pub(crate) async fn full_list(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList> {
        let snapshot = self.list_snapshot(list_order(scope, sort)).await?;
        let (total, descending) = (snapshot.len(), sort.descending);
        let scope = scope.clone();
        let batches = (0..total).step_by(FullList::BATCH_SIZE).map(move |start| {
            let range = Range { start, len: FullList::BATCH_SIZE, descending };
            let users = snapshot.users(range).into_iter();
            Ok(users.filter_map(|user| scope.into_view(user)).collect::<Vec<UserView<'static>>>())
        });
        Ok(FullList::new(total as u64, stream::iter(batches)))
    }

    /// Returns the list as it is now. It is built if it has not been asked for before.
    async fn list_snapshot(&self, order: ListOrder) -> PortResult<ListSnapshot<Record>> {
        let len = {
            let state = self.state.read();
            if let Some(snapshot) = state.roster.snapshot(&order) {
                return Ok(snapshot);
            }
            state.roster.related_len(order.tenant())
        };
        if len <= BUILD_INLINE_LIMIT {
            return Ok(build(&self.state, &order, NonZero::<usize>::MIN));
        }
        let builds = &self.list_builds;
        let (work, threads) = if len <= BUILD_ALONE_LIMIT {
            (&builds.small, NonZero::<usize>::MIN)
        } else {
            (&builds.large, builds.threads)
        };
        let state = Arc::clone(&self.state);
        work.run(move || build(&state, &order, threads)).await
    }
}

fn list_order(scope: &TenantScope, sort: Sort) -> ListOrder {
    ListOrder::new(scope.tenant().clone(), sort.field, scope.context().rules)
}

/// Builds a list, unless somebody else has built it. The state is locked for moments only.
fn build(
    state: &RwLock<State>,
    order: &ListOrder,
    threads: NonZero<usize>,
) -> ListSnapshot<Record> {
    loop {
        if let Some(snapshot) = state.read().roster.snapshot(order) {
            return snapshot;
        }
        let mut build = state.write().roster.begin_build(order.clone());
        loop {
            build.advance(threads);
            let outcome = state.write().roster.finish_build(build);
            match outcome {
                BuildOutcome::Finished(snapshot) => return snapshot,
                BuildOutcome::Behind(behind) => build = behind,
                BuildOutcome::Lost => break,
            }
        }
    }
}
