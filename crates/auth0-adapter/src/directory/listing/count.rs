//! How many people there are, where Auth0 counts no further than 1000.

use domain::{Timestamp, UserId};
use ports::PortResult;

use super::index::{Ask, Index, Order, REACH};
use crate::management::search_query::Span;

/// How many steps of 1000 people are counted before a walk is no worse.
const STEPS: usize = 100;

/// The number of people whom the index holds besides these, unless too many share one moment of
/// creation.
///
/// Each step finds out when the thousandth of the rest was created, and counts those before it.
pub(super) async fn everybody(
    index: &impl Index,
    except: Option<&[UserId]>,
) -> PortResult<Option<u64>> {
    // As little as possible: only the total matters.
    let of = |created| Ask { created, except, per_page: 1, ..Ask::first(Order::BY_TIME) };
    let mut before = 0;
    let mut from: Option<Timestamp> = None;
    for _ in 0..STEPS {
        let last = u32::try_from(REACH - 1).unwrap_or(u32::MAX);
        let rest = Ask { page: last, per_page: 1, ..of(from.map(Span::From)) };
        let found = index.ask(rest).await?;
        if found.total < REACH {
            return Ok(Some(before + found.total));
        }
        let Some(thousandth) = found.rows.first().map(|row| row.created_at) else {
            return Ok(None);
        };
        if found.start != REACH - 1 || from.is_some_and(|from| thousandth <= from) {
            return Ok(None);
        }
        let step = from.map_or(Span::Before(thousandth), |from| Span::Between(from, thousandth));
        let found = index.ask(of(Some(step))).await?;
        if found.total >= REACH {
            return Ok(None);
        }
        before += found.total;
        from = Some(thousandth);
    }
    Ok(None)
}
