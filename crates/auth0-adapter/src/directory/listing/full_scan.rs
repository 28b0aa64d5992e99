//! Everybody, beyond the first 1000 rows: a walk along the time of creation, which never changes.
//!
//! Each step asks for the first page of those created at the last moment seen or later. Those of
//! that moment come twice and are told apart by their ids. Where a whole page is of one moment, the
//! moment is drained by id, and the walk goes on behind it.

use std::collections::HashMap;

use domain::Timestamp;
use ports::PortResult;

use super::index::{Ask, Found, Index, Order, OrderField, PAGE, REACH, Row, Unlistable};
use crate::management::search_query::Span;

/// How many steps a walk may take: some 100,000 people. The deadline ends it earlier, as a rule.
const STEPS: usize = 1000;

/// Everybody whom the index holds, in no order. `first` is the first page by time, if it is there.
pub(super) async fn everybody(index: &impl Index, first: Option<Found>) -> PortResult<Found> {
    let mut seen = Seen::default();
    let mut bound: Option<Timestamp> = None;
    let mut found = match first {
        Some(found) => found,
        None => index.ask(Ask::first(Order::BY_TIME)).await?,
    };
    for _ in 0..STEPS {
        let everything = found.is_everything();
        let Some(last) = in_order(&found, bound)? else {
            return if everything {
                seen.add(found);
                Ok(seen.into_found())
            } else {
                Err(Unlistable::Gap)?
            };
        };
        seen.add(found);
        if everything {
            return Ok(seen.into_found());
        }
        // The bound moves on with each step, whatever Auth0 answers, so the walk comes to an end.
        let created = if bound.is_none_or(|bound| bound < last) {
            bound = Some(last);
            Span::From(last)
        } else {
            let crowd = of_one_moment(index, last).await?;
            seen.rows.extend(crowd.rows);
            seen.unreadable += crowd.unreadable;
            // From here on, nobody of that moment may come any more.
            bound = Some(last.plus_millis(1));
            Span::After(last)
        };
        found = index.ask(Ask { created: Some(created), ..Ask::first(Order::BY_TIME) }).await?;
    }
    Err(Unlistable::Endless)?
}

/// Who has been met.
#[derive(Debug, Default)]
struct Seen {
    rows: HashMap<String, Row>,
    /// How many rows could not even be told apart; met twice, they count twice.
    unreadable: u64,
}

impl Seen {
    fn add(&mut self, found: Found) {
        self.rows.extend(found.rows.into_iter().map(|row| (row.id.clone(), row)));
        self.unreadable += found.unreadable;
    }

    fn into_found(self) -> Found {
        let rows: Vec<_> = self.rows.into_values().collect();
        Found { start: 0, total: rows.len() as u64, unreadable: self.unreadable, rows }
    }
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
async fn of_one_moment(index: &impl Index, moment: Timestamp) -> PortResult<Seen> {
    let mut seen = Seen::default();
    for descending in [false, true] {
        seen.unreadable = 0;
        let order = Order { field: OrderField::Id, descending };
        let mut per_page = PAGE;
        let mut page = 0;
        while u64::from(page + 1) * u64::from(per_page) <= REACH {
            let created = Some(Span::At(moment));
            let ask = Ask { created, page, per_page, ..Ask::first(order) };
            let found = index.ask(ask).await?;
            let rows = u32::try_from(found.shown()).unwrap_or(PAGE);
            if page == 0 {
                // Fewer than asked for may be all that Auth0 puts on a page.
                per_page = per_page.min(rows.max(1));
            }
            if found.start != u64::from(page) * u64::from(per_page)
                || found.rows.iter().any(|row| row.created_at != moment)
            {
                return Err(Unlistable::Disorder)?;
            }
            let met = descending && found.rows.iter().any(|row| seen.rows.contains_key(&row.id));
            let total = found.total;
            seen.add(found);
            // A total below what Auth0 counts to is exact. At or above it, whoever comes from the
            // one end and meets those from the other end has seen everybody.
            let counted = total < REACH && seen.rows.len() as u64 + seen.unreadable >= total;
            if counted || (met && total >= REACH) {
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
