//! Reads one page of a list as a page of the index.

use std::ops::Range;

use domain::{PageRequest, Sort, UserId};
use ports::PortResult;

use super::context::ListContext;
use super::count;
use super::found_page::FoundPage;
use super::index::{
    IndexField, IndexOrder, IndexPage, IndexQuery, IndexRow, MAX_PAGE_SIZE, MAX_RESULTS, UserIndex,
};
use super::overlay::Overlay;

/// The maximum number of recent writes that are looked up; with more, a full scan is no worse.
const MAX_WRITES: usize = 50;
/// The maximum length of their ids together, in bytes, each of which may take three in a URL: Auth0
/// rejects long ones.
const MAX_ID_BYTES: usize = 2000;

/// Returns the places of the list on the page.
pub(super) fn range(window: PageRequest) -> Range<u64> {
    let size = u64::from(window.size.get());
    let start = window.number.saturating_mul(size);
    start..start.saturating_add(size)
}

/// What is known about the rows of the index before a page is fetched.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'a> {
    /// Nothing.
    Any,
    /// The first page in this order has been fetched.
    Fetched(&'a IndexPage),
    /// There were this many rows, the first of which have been inspected for anomalies. With another
    /// number they have to be inspected again.
    Exactly {
        /// The total of the index.
        total: u64,
    },
}

/// Returns the page, if pages of the index contain it.
pub(super) async fn fetch_page(
    index: &impl UserIndex,
    context: &ListContext<'_>,
    (sort, order): (Sort, IndexOrder),
    window: PageRequest,
    rows: Rows<'_>,
) -> PortResult<Option<FoundPage>> {
    let written: Vec<_> = context.written.keys().cloned().collect();
    let except = (!written.is_empty()).then_some(&*written);
    let Some(overlay) = fetch_overlay(index, context, except).await? else { return Ok(None) };
    let wanted = range(window);
    if wanted.start >= MAX_RESULTS {
        return page_past_end(index, &overlay, except, &wanted).await;
    }
    let widened = overlay.widened(&wanted);
    // The index may show a write since the first page was fetched, or from now on: only pages
    // without the written users are consistent.
    let first = match rows {
        Rows::Fetched(first) if except.is_none() => Some(first),
        Rows::Fetched(_) | Rows::Any | Rows::Exactly { .. } => None,
    };
    let Some(found) =
        fetch_rows(index, order, except, &with_neighbours(&widened, order), first).await?
    else {
        return Ok(None);
    };
    if let Rows::Exactly { total } = rows
        && found.total != total
    {
        return Ok(None);
    }
    context.anomalies.record(context.tenant(), &found, order);
    if splits_tie(&found, &widened, order.field) {
        // Later pages may do so, too: the first rows, which show whether these are all, cost one call
        // instead of two.
        context.anomalies.forbid_short_pages(context.tenant(), order, context.now);
        return Ok(None);
    }
    if !context.anomalies.allows_paging(context.tenant(), order.field) {
        return Ok(None);
    }
    let counted = if found.total < MAX_RESULTS {
        Some(found.total)
    } else {
        count::count_users(index, except).await?
    };
    Ok(counted.map(|counted| overlay.cut(&found, counted, sort, &wanted)))
}

/// Returns the range, extended by one row at each end where rows can tie: a row that ties with one
/// outside the range may belong inside, since Auth0's order of ties is undefined.
fn with_neighbours(range: &Range<u64>, order: IndexOrder) -> Range<u64> {
    match order.field {
        IndexField::Id => range.clone(),
        IndexField::Email | IndexField::CreatedAt => {
            range.start.saturating_sub(1)
                ..range.end.saturating_add(1).min(MAX_RESULTS).max(range.end)
        }
    }
}

/// Returns whether an end of the range separates tied rows, or may do so.
fn splits_tie(found: &IndexPage, range: &Range<u64>, field: IndexField) -> bool {
    let at = |position: u64| {
        let index = usize::try_from(position.checked_sub(found.start)?).ok()?;
        found.rows.get(index)
    };
    let ends = [range.start, range.end].into_iter();
    let within = ends.filter(|end| (1..found.total).contains(end));
    // The row after the last reachable one is unknown.
    let beyond = range.end >= MAX_RESULTS && found.total >= MAX_RESULTS && field != IndexField::Id;
    let mut split = within.map(|end| match (at(end - 1), at(end)) {
        (Some(one), Some(other)) => is_tied(one, other, field),
        // Ids do not tie, so no neighbours were fetched.
        (Some(_) | None, Some(_) | None) => field != IndexField::Id,
    });
    beyond || split.any(|split| split)
}

fn is_tied(one: &IndexRow, other: &IndexRow, field: IndexField) -> bool {
    match field {
        IndexField::Id => one.id == other.id,
        IndexField::CreatedAt => one.created_at == other.created_at,
        IndexField::Email => {
            let email = |row: &IndexRow| row.user.clone().map(|user| user.email.clone());
            email(one) == email(other)
        }
    }
}

/// Returns rows that contain the range, if one or two pages of the index do.
async fn fetch_rows(
    index: &impl UserIndex,
    order: IndexOrder,
    except: Option<&[UserId]>,
    range: &Range<u64>,
    first: Option<&IndexPage>,
) -> PortResult<Option<IndexPage>> {
    if let Some(first) = first
        && (range.end <= first.rows.len() as u64 || first.is_everything())
    {
        return Ok(Some(first.clone()));
    }
    if let Some((page, per_page)) = covering_page(range) {
        return fetch_exact(index, order, except, page, per_page).await;
    }
    // If the first page was fetched, it is used as one of the two.
    let middle = match first {
        Some(first) if range.start < first.rows.len() as u64 => first.rows.len() as u64,
        Some(_) | None => range.start + (range.end - range.start) / 2,
    };
    let (Some(left), Some(right)) =
        (covering_page(&(range.start..middle)), covering_page(&(middle..range.end)))
    else {
        return Ok(None);
    };
    let left = match first {
        Some(first) if middle == first.rows.len() as u64 => Some(first.clone()),
        Some(_) | None => fetch_exact(index, order, except, left.0, left.1).await?,
    };
    let Some(left) = left else { return Ok(None) };
    let right = fetch_exact(index, order, except, right.0, right.1).await?;
    Ok(right.and_then(|right| join_pages(left, right, middle, order.field)))
}

/// Joins two pages, one before the middle and one from there on, unless they do not match.
fn join_pages(
    left: IndexPage,
    right: IndexPage,
    middle: u64,
    field: IndexField,
) -> Option<IndexPage> {
    let has_unreadable = |found: &IndexPage| found.unreadable > 0;
    if left.total != right.total || has_unreadable(&left) || has_unreadable(&right) {
        return None;
    }
    let length = |from: u64, to: u64| usize::try_from(to.checked_sub(from)?).ok();
    let mut joined = left;
    joined.rows.truncate(length(joined.start, middle)?);
    let rest = right.rows.into_iter().skip(length(right.start, middle)?);
    if let (Some(one), Some(other)) = (joined.rows.last(), rest.clone().next())
        && is_tied(one, &other, field)
    {
        return None;
    }
    joined.rows.extend(rest);
    Some(joined)
}

/// Returns this page of the index, if it is returned as requested.
async fn fetch_exact(
    index: &impl UserIndex,
    order: IndexOrder,
    except: Option<&[UserId]>,
    page: u32,
    per_page: u32,
) -> PortResult<Option<IndexPage>> {
    let found =
        index.fetch(IndexQuery { except, page, per_page, ..IndexQuery::first(order) }).await?;
    let start = u64::from(page) * u64::from(per_page);
    let rows = found.total.saturating_sub(start).min(u64::from(per_page));
    // Otherwise Auth0 has reduced the page size, and returned a different page.
    Ok((found.start == start && found.row_count() == rows).then_some(found))
}

/// Returns the overlay of the recent writes, unless there are too many to look up.
async fn fetch_overlay(
    index: &impl UserIndex,
    context: &ListContext<'_>,
    written: Option<&[UserId]>,
) -> PortResult<Option<Overlay>> {
    let Some(ids) = written else { return Ok(Some(Overlay::default())) };
    let bytes: usize = ids.iter().map(|id| id.as_str().len()).sum();
    if ids.len() > MAX_WRITES || bytes > MAX_ID_BYTES {
        return Ok(None);
    }
    let order = IndexOrder::BY_CREATION;
    let found = index.fetch(IndexQuery { only: Some(ids), ..IndexQuery::first(order) }).await?;
    context.anomalies.record(context.tenant(), &found, order);
    let everything = found.is_everything();
    Ok(everything.then(|| Overlay::new(context.tenant(), &context.written, &found.rows)))
}

/// Returns an empty page, if the list ends before it.
async fn page_past_end(
    index: &impl UserIndex,
    overlay: &Overlay,
    except: Option<&[UserId]>,
    wanted: &Range<u64>,
) -> PortResult<Option<FoundPage>> {
    let counted = count::count_users(index, except).await?;
    let total = counted.map(|counted| overlay.total(counted));
    Ok(total
        .filter(|total| wanted.start >= *total)
        .map(|total| FoundPage { users: Vec::new(), total }))
}

/// Returns number and size of a page of the index that contains the range.
fn covering_page(range: &Range<u64>) -> Option<(u32, u32)> {
    if range.end > MAX_RESULTS {
        return None;
    }
    let width = range.end - range.start;
    let holds = |size: &u64| {
        let number = range.start / size;
        range.end <= (number + 1) * size && (number + 1) * size <= MAX_RESULTS
    };
    let size = (width.max(1)..=u64::from(MAX_PAGE_SIZE)).find(holds)?;
    Some((u32::try_from(range.start / size).ok()?, u32::try_from(size).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_page_covers_itself() {
        for size in 1..=100 {
            for number in 0..1000 / size {
                let range = number * size..(number + 1) * size;
                let expected = (u32::try_from(number).unwrap(), u32::try_from(size).unwrap());
                assert_eq!(covering_page(&range), Some(expected));
            }
        }
    }

    #[test]
    fn covering_page_holds_the_range_within_reach() {
        let mut covered = 0;
        for start in 0..1000 {
            for width in 1..=100 {
                let range = start..start + width;
                if let Some((page, size)) = covering_page(&range) {
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
    fn range_beyond_reach_has_no_covering_page() {
        assert_eq!(covering_page(&(995..1005)), None);
        assert_eq!(covering_page(&(0..101)), None);
        assert_eq!(covering_page(&(u64::MAX - 1..u64::MAX)), None);
    }
}
