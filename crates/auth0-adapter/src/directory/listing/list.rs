//! Chooses how to read a list.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{ListQuery, Page, TenantScope, UserId, UserView};
use ports::{PortError, PortResult};

use super::context::ListContext;
use super::index::{IndexOrder, IndexPage, IndexQuery, MAX_PAGE_SIZE, UserIndex};
use super::single_page::Rows;
use super::{full_scan, overlay, single_page};
use crate::directory::recent_writes::WrittenState;

/// The number of rows above which merging and sorting would occupy a thread of the runtime for too
/// long, which has only two.
const MAX_INLINE_ROWS: usize = 1000;

/// Returns the users of the tenant that the query selects.
pub(crate) async fn list(
    index: &impl UserIndex,
    context: &ListContext<'_>,
    listing: &ListQuery,
) -> PortResult<Page> {
    let (tenant, anomalies, scans) = (context.tenant(), context.anomalies, context.scans);
    if let Some(found) = scans.kept(tenant) {
        return select_from_all(context, found, listing).await;
    }
    let as_page = || {
        let context = IndexOrder::of(listing.sort).zip(listing.page);
        context.filter(|(order, _)| anomalies.allows_paging(tenant, order.field))
    };
    if as_page().is_none() && scans.has_scan(tenant) {
        return Box::pin(scan(index, context, None, listing)).await;
    }
    let is_deep = |window| single_page::range(window).end > u64::from(MAX_PAGE_SIZE);
    if let Some((order, window)) = as_page()
        && is_deep(window)
        && let Some(page) =
            single_page::fetch_page(index, context, (listing.sort, order), window, Rows::Any)
                .await?
    {
        return Ok(page.seen_by(context.scope));
    }
    let shallow_page = || as_page().filter(|(_, window)| !is_deep(*window));
    // Once the first rows have been inspected, only those of the page are read.
    if let Some((order, window)) = shallow_page()
        && context.written.is_empty()
        && let Some(total) = anomalies.inspected_total(tenant, order, context.recent_since)
    {
        let page = (listing.sort, order);
        let page = single_page::fetch_page(index, context, page, window, Rows::Exactly { total });
        if let Some(page) = page.await? {
            return Ok(page.seen_by(context.scope));
        }
    }
    // A full scan starts with the first page by creation time.
    let order = shallow_page().map_or(IndexOrder::BY_CREATION, |(order, _)| order);
    let first = index.fetch(IndexQuery::first(order)).await?;
    anomalies.record_inspection(tenant, order, &first, (context.now, context.recent_since));
    if first.is_everything() {
        record_all(context, &first);
        return select_from_all(context, Arc::new(first), listing).await;
    }
    anomalies.record(tenant, &first, order);
    if let Some((order, window)) = shallow_page()
        && let Some(page) = single_page::fetch_page(
            index,
            context,
            (listing.sort, order),
            window,
            Rows::Fetched(&first),
        )
        .await?
    {
        return Ok(page.seen_by(context.scope));
    }
    let by_time = (order == IndexOrder::BY_CREATION).then_some(first);
    Box::pin(scan(index, context, by_time, listing)).await
}

/// Selects the page from a full scan.
async fn scan(
    index: &impl UserIndex,
    context: &ListContext<'_>,
    first: Option<IndexPage>,
    listing: &ListQuery,
) -> PortResult<Page> {
    let scan = full_scan::scan(index, first);
    let found = context.scans.share(context.tenant(), scan).await?;
    record_all(context, &found);
    select_from_all(context, found, listing).await
}

fn record_all(context: &ListContext<'_>, found: &IndexPage) {
    context.anomalies.record_all(context.tenant(), found, context.written.keys());
}

/// Selects the page from all users of the tenant.
async fn select_from_all(
    context: &ListContext<'_>,
    found: Arc<IndexPage>,
    listing: &ListQuery,
) -> PortResult<Page> {
    if found.rows.len() <= MAX_INLINE_ROWS {
        return Ok(select(context.scope, &found, &context.written, listing));
    }
    let (scope, written, listing) = (context.scope.clone(), context.written.clone(), *listing);
    let selection = move || select(&scope, &found, &written, &listing);
    let selected = tokio::task::spawn_blocking(selection).await;
    selected.map_err(|source| PortError::Failed { source: source.into() })
}

/// Sorts by what the tenant sees: what it does not see must not decide the order.
fn select(
    scope: &TenantScope,
    found: &IndexPage,
    written: &BTreeMap<UserId, WrittenState>,
    listing: &ListQuery,
) -> Page {
    let users = overlay::apply_writes(scope.tenant(), &found.rows, written);
    let views: Vec<_> = users.into_iter().filter_map(|user| scope.shared_view(user)).collect();
    let selected = listing.select(&views).into_iter().cloned().map(UserView::into_owned);
    Page { users: selected.collect(), total: views.len() as u64 }
}
