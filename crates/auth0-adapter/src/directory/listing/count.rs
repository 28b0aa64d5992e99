//! How many people there are, where Auth0 counts no further than 1000.

use domain::{Timestamp, UserId};
use ports::PortResult;

use super::index::{IndexOrder, IndexQuery, MAX_RESULTS, UserIndex};
use crate::management::search_query::CreatedRange;

/// How many steps of 1000 people are counted before a walk is no worse.
const MAX_STEPS: usize = 100;

/// The number of people whom the index holds besides these, unless too many share one moment of
/// creation.
///
/// Each step finds out when the thousandth of the rest was created, and counts those before it.
pub(super) async fn count_users(
    index: &impl UserIndex,
    except: Option<&[UserId]>,
) -> PortResult<Option<u64>> {
    // As little as possible: only the total matters.
    let of = |created| IndexQuery {
        created,
        except,
        per_page: 1,
        ..IndexQuery::first(IndexOrder::BY_CREATION)
    };
    let mut before = 0;
    let mut from: Option<Timestamp> = None;
    for _ in 0..MAX_STEPS {
        let last = u32::try_from(MAX_RESULTS - 1).unwrap_or(u32::MAX);
        let rest = IndexQuery { page: last, per_page: 1, ..of(from.map(CreatedRange::From)) };
        let found = index.fetch(rest).await?;
        if found.total < MAX_RESULTS {
            return Ok(Some(before + found.total));
        }
        let Some(thousandth) = found.rows.first().map(|row| row.created_at) else {
            return Ok(None);
        };
        if found.start != MAX_RESULTS - 1 || from.is_some_and(|from| thousandth <= from) {
            return Ok(None);
        }
        let step = from.map_or(CreatedRange::Before(thousandth), |from| {
            CreatedRange::Between(from, thousandth)
        });
        let found = index.fetch(of(Some(step))).await?;
        if found.total >= MAX_RESULTS {
            return Ok(None);
        }
        before += found.total;
        from = Some(thousandth);
    }
    Ok(None)
}
