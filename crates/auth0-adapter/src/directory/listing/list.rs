//! The choice of how a list is got.

use domain::{ListQuery, Page};
use ports::PortResult;

use super::index::{Ask, Found, Index, Order, PAGE};
use super::known::Known;
use super::{full_scan, overlay, single_page};

/// Those of the tenant's people that the listing asks for.
pub(crate) async fn list(
    index: &impl Index,
    known: &Known<'_>,
    listing: &ListQuery,
) -> PortResult<Page> {
    let Known { tenant, oddities, .. } = known;
    let paged = || {
        let known = Order::of(listing.sort).zip(listing.page);
        known.filter(|(order, _)| oddities.allow(tenant, order.field))
    };
    let deep = |window| single_page::range(window).end > u64::from(PAGE);
    if let Some((order, window)) = paged()
        && deep(window)
        && let Some(page) =
            single_page::get(index, known, (listing.sort, order), window, None).await?
    {
        return Ok(page);
    }
    let shallow = || paged().filter(|(_, window)| !deep(*window));
    // A walk begins with the first page by time.
    let order = shallow().map_or(Order::BY_TIME, |(order, _)| order);
    let first = index.ask(Ask::first(order)).await?;
    if first.is_everything() {
        return Ok(whole(known, first, listing));
    }
    oddities.met(tenant, &first, order);
    if let Some((order, window)) = shallow()
        && let Some(page) =
            single_page::get(index, known, (listing.sort, order), window, Some(&first)).await?
    {
        return Ok(page);
    }
    let by_time = (order == Order::BY_TIME).then_some(first);
    Ok(whole(known, full_scan::everybody(index, by_time).await?, listing))
}

/// The list, when everybody is in hand.
fn whole(known: &Known<'_>, found: Found, listing: &ListQuery) -> Page {
    known.oddities.met_everybody(known.tenant, &found, known.written.keys());
    let people = overlay::everybody(known.tenant, found.rows, &known.written);
    let selected = listing.select(&people).into_iter().cloned().collect();
    Page { users: selected, total: people.len() as u64 }
}
