//! One page, got from Auth0 as a page.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::{Page, Sort, TenantId, UserId, Window};
use ports::PortResult;

use super::merge::Overlay;
use super::{Ask, Found, Index, Order, PAGE, REACH, count};
use crate::recent::Written;

/// How many late writes are asked about; with more of them, walking is no worse.
const WRITES: usize = 50;

/// The places of the list that the window shows.
pub(super) fn range(window: Window) -> Range<u64> {
    let size = u64::from(window.size.get());
    let start = window.number.saturating_mul(size);
    start..start.saturating_add(size)
}

/// The page, if Auth0's pages show it; `first` is the first one in this order, if it is there.
pub(super) async fn get(
    index: &impl Index,
    tenant: &TenantId,
    written: &BTreeMap<UserId, Written>,
    (sort, order): (Sort, Order),
    window: Window,
    first: Option<&Found>,
) -> PortResult<Option<Page>> {
    let Some(overlay) = overlay(index, tenant, written).await? else { return Ok(None) };
    let wanted = range(window);
    let wide = overlay.widened(&wanted);
    if wanted.start >= REACH {
        return past_the_end(index, &overlay, &wanted).await;
    }
    if let Some(first) = first
        && wide.end <= first.rows.len() as u64
    {
        let counted = total(index, first).await?;
        return Ok(counted.map(|counted| overlay.cut(first, counted, sort, &wanted)));
    }
    let Some((page, per_page)) = cover(&wide) else { return Ok(None) };
    let ask = Ask { page, per_page, ..Ask::first(order) };
    let found = index.ask(ask).await?;
    let start = u64::from(page) * u64::from(per_page);
    let rows = found.total.saturating_sub(start).min(u64::from(per_page));
    if found.start != start || found.rows.len() as u64 != rows {
        // Auth0 has made the page smaller than it was asked for, and so another one.
        return Ok(None);
    }
    let counted = total(index, &found).await?;
    Ok(counted.map(|counted| overlay.cut(&found, counted, sort, &wanted)))
}

/// What of the late writes the index does not know yet, unless they are too many to ask.
async fn overlay(
    index: &impl Index,
    tenant: &TenantId,
    written: &BTreeMap<UserId, Written>,
) -> PortResult<Option<Overlay>> {
    if written.is_empty() {
        return Ok(Some(Overlay::default()));
    }
    if written.len() > WRITES {
        return Ok(None);
    }
    let ids: Vec<_> = written.keys().cloned().collect();
    let found = index.ask(Ask { among: Some(&ids), ..Ask::first(Order::BY_TIME) }).await?;
    Ok(found.is_everything().then(|| Overlay::new(tenant, written, found.rows)))
}

/// The exact number behind a total that may be capped, unless it cannot be had.
async fn total(index: &impl Index, found: &Found) -> PortResult<Option<u64>> {
    if found.total < REACH { Ok(Some(found.total)) } else { count::everybody(index).await }
}

/// A page of nobody, if the list ends before it.
async fn past_the_end(
    index: &impl Index,
    overlay: &Overlay,
    wanted: &Range<u64>,
) -> PortResult<Option<Page>> {
    let Some(counted) = count::everybody(index).await? else { return Ok(None) };
    let page = || Page { users: Vec::new(), total: overlay.total(counted) };
    Ok(overlay.ends_before(wanted.start, counted).then(page))
}

/// A page of Auth0's that holds the range, by its number and size.
fn cover(range: &Range<u64>) -> Option<(u32, u32)> {
    if range.end > REACH {
        return None;
    }
    let width = range.end - range.start;
    let holds = |size: &u64| {
        let number = range.start / size;
        range.end <= (number + 1) * size && (number + 1) * size <= REACH
    };
    let size = (width.max(1)..=u64::from(PAGE)).find(holds)?;
    Some((u32::try_from(range.start / size).ok()?, u32::try_from(size).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_covered_by_one_of_its_own_size() {
        for size in 1..=100 {
            for number in 0..1000 / size {
                let range = number * size..(number + 1) * size;
                let expected = (u32::try_from(number).unwrap(), u32::try_from(size).unwrap());
                assert_eq!(cover(&range), Some(expected));
            }
        }
    }

    #[test]
    fn what_covers_a_range_holds_all_of_it_within_reach() {
        let mut covered = 0;
        for start in 0..1000 {
            for width in 1..=100 {
                let range = start..start + width;
                if let Some((page, size)) = cover(&range) {
                    let (page, size) = (u64::from(page), u64::from(size));
                    assert!(page * size <= range.start && range.end <= (page + 1) * size);
                    assert!((page + 1) * size <= 1000 && size <= 100);
                    covered += 1;
                }
            }
        }
        assert!(covered > 80_000, "only {covered} of 100,000 ranges");
    }

    #[test]
    fn what_lies_beyond_reach_is_covered_by_nothing() {
        assert_eq!(cover(&(995..1005)), None);
        assert_eq!(cover(&(0..101)), None);
        assert_eq!(cover(&(u64::MAX - 1..u64::MAX)), None);
    }
}
