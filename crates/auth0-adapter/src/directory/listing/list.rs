//! Chooses how to read a list.

use domain::ListQuery;
use ports::PortResult;

use super::context::ListContext;
use super::found_page::FoundPage;
use super::index::{IndexOrder, IndexPage, IndexQuery, MAX_PAGE_SIZE, UserIndex};
use super::{full_scan, overlay, single_page};

/// Returns the users of the tenant that the query selects.
pub(crate) async fn list(
    index: &impl UserIndex,
    context: &ListContext<'_>,
    listing: &ListQuery,
) -> PortResult<FoundPage> {
    let ListContext { tenant, anomalies, .. } = context;
    let as_page = || {
        let context = IndexOrder::of(listing.sort).zip(listing.page);
        context.filter(|(order, _)| anomalies.allows_paging(tenant, order.field))
    };
    let is_deep = |window| single_page::range(window).end > u64::from(MAX_PAGE_SIZE);
    if let Some((order, window)) = as_page()
        && is_deep(window)
        && let Some(page) =
            single_page::fetch_page(index, context, (listing.sort, order), window, None).await?
    {
        return Ok(page);
    }
    let shallow_page = || as_page().filter(|(_, window)| !is_deep(*window));
    // A full scan starts with the first page by creation time.
    let order = shallow_page().map_or(IndexOrder::BY_CREATION, |(order, _)| order);
    let first = index.fetch(IndexQuery::first(order)).await?;
    if first.is_everything() {
        return Ok(select_from_all(context, first, listing));
    }
    anomalies.record(tenant, &first, order);
    if let Some((order, window)) = shallow_page()
        && let Some(page) =
            single_page::fetch_page(index, context, (listing.sort, order), window, Some(&first))
                .await?
    {
        return Ok(page);
    }
    let by_time = (order == IndexOrder::BY_CREATION).then_some(first);
    Ok(select_from_all(context, full_scan::scan(index, by_time).await?, listing))
}

/// Selects the page from all users of the tenant.
fn select_from_all(context: &ListContext<'_>, found: IndexPage, listing: &ListQuery) -> FoundPage {
    context.anomalies.record_all(context.tenant, &found, context.written.keys());
    let users = overlay::apply_writes(context.tenant, found.rows, &context.written);
    let selected = listing.select(&users).into_iter().cloned().collect();
    FoundPage { users: selected, total: users.len() as u64 }
}
