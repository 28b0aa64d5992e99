//! Everybody, beyond the first 1000 rows: a walk along the time of creation, which never changes.
//!
//! Each step asks for the first page of those created at the last moment seen or later. Those of
//! that moment come twice and are told apart by their ids. Where a whole page is of one moment, the
//! moment is drained by id, and the walk goes on behind it.

use std::collections::HashMap;

use domain::Timestamp;
use ports::PortResult;

use super::{Ask, Found, Index, Order, OrderField, PAGE, REACH, Row, Unlistable};
use crate::query::Span;

/// How many steps a walk may take: some 100,000 people. The deadline ends it earlier, as a rule.
const STEPS: usize = 1000;

/// Everybody whom the index holds, in no order. `first` is the first page by time, if it is there.
pub(super) async fn everybody(index: &impl Index, first: Option<Found>) -> PortResult<Vec<Row>> {
    let mut seen = HashMap::new();
    let mut bound: Option<Timestamp> = None;
    let mut found = match first {
        Some(found) => found,
        None => index.ask(Ask::first(Order::BY_TIME)).await?,
    };
    for _ in 0..STEPS {
        let everything = found.is_everything();
        let Some(last) = in_order(&found, bound)? else {
            return if everything {
                Ok(seen.into_values().collect())
            } else {
                Err(Unlistable::Gap)?
            };
        };
        seen.extend(found.rows.into_iter().map(|row| (row.id.clone(), row)));
        if everything {
            return Ok(seen.into_values().collect());
        }
        // The bound moves on with each step, whatever Auth0 answers, so the walk comes to an end.
        let created = if bound.is_none_or(|bound| bound < last) {
            bound = Some(last);
            Span::From(last)
        } else {
            seen.extend(of_one_moment(index, last).await?);
            // From here on, nobody of that moment may come any more.
            bound = Some(last.plus_millis(1));
            Span::After(last)
        };
        found = index.ask(Ask { created: Some(created), ..Ask::first(Order::BY_TIME) }).await?;
    }
    Err(Unlistable::Endless)?
}

/// The last moment on the page, if there is anybody; it must not lie before the bound.
fn in_order(found: &Found, bound: Option<Timestamp>) -> Result<Option<Timestamp>, Unlistable> {
    let moments = || found.rows.iter().map(|row| row.created_at);
    if found.start == 0 && bound.into_iter().chain(moments()).is_sorted() {
        Ok(moments().next_back())
    } else {
        Err(Unlistable::Disorder)
    }
}

/// Everybody who was created at the moment: the first 1000 by id, and if that is not all of them,
/// the last 1000.
async fn of_one_moment(index: &impl Index, moment: Timestamp) -> PortResult<HashMap<String, Row>> {
    let mut seen = HashMap::new();
    for descending in [false, true] {
        let order = Order { field: OrderField::Id, descending };
        let mut per_page = PAGE;
        let mut page = 0;
        while u64::from(page + 1) * u64::from(per_page) <= REACH {
            let created = Some(Span::At(moment));
            let found = index.ask(Ask { created, among: None, order, page, per_page }).await?;
            let rows = u32::try_from(found.rows.len()).unwrap_or(PAGE);
            if page == 0 {
                // Fewer than asked for may be all that Auth0 puts on a page.
                per_page = per_page.min(rows.max(1));
            }
            if found.start != u64::from(page) * u64::from(per_page)
                || found.rows.iter().any(|row| row.created_at != moment)
            {
                return Err(Unlistable::Disorder)?;
            }
            let met = descending && found.rows.iter().any(|row| seen.contains_key(&row.id));
            seen.extend(found.rows.into_iter().map(|row| (row.id.clone(), row)));
            // A total below what Auth0 counts to is exact. At or above it, whoever comes from the
            // one end and meets those from the other end has seen everybody.
            let counted = found.total < REACH && seen.len() as u64 >= found.total;
            if counted || (met && found.total >= REACH) {
                return Ok(seen);
            }
            if rows == 0 {
                break;
            }
            page += 1;
        }
    }
    Err(Unlistable::Crowd)?
}
