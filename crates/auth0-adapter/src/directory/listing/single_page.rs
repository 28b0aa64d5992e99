//! One page, got from Auth0 as a page.

use std::ops::Range;

use domain::{Page, PageRequest, Sort, UserId};
use ports::PortResult;

use super::count;
use super::index::{Ask, Found, Index, Order, OrderField, PAGE, REACH, Row};
use super::known::Known;
use super::overlay::Overlay;

/// How many late writes are asked about; with more of them, walking is no worse.
const WRITES: usize = 50;

/// The places of the list that the window shows.
pub(super) fn range(window: PageRequest) -> Range<u64> {
    let size = u64::from(window.size.get());
    let start = window.number.saturating_mul(size);
    start..start.saturating_add(size)
}

/// The page, if Auth0's pages show it; `first` is the first one in this order, if it is there.
pub(super) async fn get(
    index: &impl Index,
    known: &Known<'_>,
    (sort, order): (Sort, Order),
    window: PageRequest,
    first: Option<&Found>,
) -> PortResult<Option<Page>> {
    let written: Vec<_> = known.written.keys().cloned().collect();
    let except = (!written.is_empty()).then_some(&*written);
    let Some(overlay) = overlay(index, known, except).await? else { return Ok(None) };
    let wanted = range(window);
    if wanted.start >= REACH {
        return past_the_end(index, &overlay, except, &wanted).await;
    }
    let inner = overlay.widened(&wanted);
    // The index may have learnt of a write since it showed the first page, or learn of it now: a
    // page is of use only if it holds none of those who were written.
    let first = first.filter(|_| except.is_none());
    let Some(found) = rows(index, order, except, &with_neighbours(&inner, order), first).await?
    else {
        return Ok(None);
    };
    known.oddities.met(known.tenant, &found, order);
    if !known.oddities.allow(known.tenant, order.field) || is_torn(&found, &inner, order.field) {
        return Ok(None);
    }
    let counted = if found.total < REACH {
        Some(found.total)
    } else {
        count::everybody(index, except).await?
    };
    Ok(counted.map(|counted| overlay.cut(&found, counted, sort, &wanted)))
}

/// The range, and one more at each end where rows can tie: whoever ties with a neighbour who is on
/// another page may belong there, since Auth0 has its own order of ties, if it has one.
fn with_neighbours(range: &Range<u64>, order: Order) -> Range<u64> {
    match order.field {
        OrderField::Id => range.clone(),
        OrderField::Email | OrderField::CreatedAt => {
            range.start.saturating_sub(1)..range.end.saturating_add(1).min(REACH).max(range.end)
        }
    }
}

/// Whether rows that tie stand on both sides of an end of the range, or may do so.
fn is_torn(found: &Found, range: &Range<u64>, field: OrderField) -> bool {
    let at = |place: u64| {
        let index = usize::try_from(place.checked_sub(found.start)?).ok()?;
        found.rows.get(index)
    };
    let ends = [range.start, range.end].into_iter();
    let within = ends.filter(|end| (1..found.total).contains(end));
    // Where Auth0 reaches no further, nobody knows who comes next.
    let beyond = range.end >= REACH && found.total >= REACH && field != OrderField::Id;
    let mut torn = within.map(|end| match (at(end - 1), at(end)) {
        (Some(one), Some(other)) => tie(one, other, field),
        // By id there are no ties, and so no neighbours were asked for.
        (Some(_) | None, Some(_) | None) => field != OrderField::Id,
    });
    beyond || torn.any(|torn| torn)
}

fn tie(one: &Row, other: &Row, field: OrderField) -> bool {
    match field {
        OrderField::Id => one.id == other.id,
        OrderField::CreatedAt => one.created_at == other.created_at,
        OrderField::Email => {
            let email = |row: &Row| row.user.as_ref().map(|user| user.email.clone());
            email(one) == email(other)
        }
    }
}

/// Rows that hold the range, if one or two of Auth0's pages show them.
async fn rows(
    index: &impl Index,
    order: Order,
    except: Option<&[UserId]>,
    range: &Range<u64>,
    first: Option<&Found>,
) -> PortResult<Option<Found>> {
    if let Some(first) = first
        && (range.end <= first.rows.len() as u64 || first.is_everything())
    {
        return Ok(Some(first.clone()));
    }
    if let Some((page, per_page)) = cover(range) {
        return exactly(index, order, except, page, per_page).await;
    }
    // The first page, where it is in hand, is the better part of it.
    let middle = match first {
        Some(first) if range.start < first.rows.len() as u64 => first.rows.len() as u64,
        Some(_) | None => range.start + (range.end - range.start) / 2,
    };
    let (Some(left), Some(right)) = (cover(&(range.start..middle)), cover(&(middle..range.end)))
    else {
        return Ok(None);
    };
    let left = match first {
        Some(first) if middle == first.rows.len() as u64 => Some(first.clone()),
        Some(_) | None => exactly(index, order, except, left.0, left.1).await?,
    };
    let Some(left) = left else { return Ok(None) };
    let right = exactly(index, order, except, right.0, right.1).await?;
    Ok(right.and_then(|right| joined(left, right, middle, order.field)))
}

/// The rows of two pages, one before the middle and one from there on, unless they do not fit.
fn joined(left: Found, right: Found, middle: u64, field: OrderField) -> Option<Found> {
    let odd = |found: &Found| found.unreadable > 0;
    if left.total != right.total || odd(&left) || odd(&right) {
        return None;
    }
    let length = |from: u64, to: u64| usize::try_from(to.checked_sub(from)?).ok();
    let mut joined = left;
    joined.rows.truncate(length(joined.start, middle)?);
    let rest = right.rows.into_iter().skip(length(right.start, middle)?);
    if let (Some(one), Some(other)) = (joined.rows.last(), rest.clone().next())
        && tie(one, &other, field)
    {
        return None;
    }
    joined.rows.extend(rest);
    Some(joined)
}

/// This page of Auth0's, if it is given as it is asked for.
async fn exactly(
    index: &impl Index,
    order: Order,
    except: Option<&[UserId]>,
    page: u32,
    per_page: u32,
) -> PortResult<Option<Found>> {
    let found = index.ask(Ask { except, page, per_page, ..Ask::first(order) }).await?;
    let start = u64::from(page) * u64::from(per_page);
    let rows = found.total.saturating_sub(start).min(u64::from(per_page));
    // Otherwise Auth0 has made the page smaller than it was asked for, and so another one.
    Ok((found.start == start && found.shown() == rows).then_some(found))
}

/// Those who were written of late, as they now are, unless they are too many to ask.
async fn overlay(
    index: &impl Index,
    known: &Known<'_>,
    written: Option<&[UserId]>,
) -> PortResult<Option<Overlay>> {
    let Some(ids) = written else { return Ok(Some(Overlay::default())) };
    if ids.len() > WRITES {
        return Ok(None);
    }
    let order = Order::BY_TIME;
    let found = index.ask(Ask { among: Some(ids), ..Ask::first(order) }).await?;
    known.oddities.met(known.tenant, &found, order);
    let everything = found.is_everything();
    Ok(everything.then(|| Overlay::new(known.tenant, &known.written, found.rows)))
}

/// A page of nobody, if the list ends before it.
async fn past_the_end(
    index: &impl Index,
    overlay: &Overlay,
    except: Option<&[UserId]>,
    wanted: &Range<u64>,
) -> PortResult<Option<Page>> {
    let counted = count::everybody(index, except).await?;
    let total = counted.map(|counted| overlay.total(counted));
    Ok(total.filter(|total| wanted.start >= *total).map(|total| Page { users: Vec::new(), total }))
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
