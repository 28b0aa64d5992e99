//! Counts users beyond 1000, where Auth0 stops counting.

use domain::{Timestamp, UserId};
use ports::PortResult;

use super::index::{IndexOrder, IndexQuery, MAX_RESULTS, UserIndex};
use crate::management::search_query::CreatedRange;

/// The number of steps of 1000 users above which a full scan is no worse.
const MAX_STEPS: usize = 100;

/// Returns the number of users in the index except these, unless too many share one creation time.
///
/// Each step finds the creation time of the thousandth remaining user, and counts those before it.
pub(super) async fn count_users(
    index: &impl UserIndex,
    except: Option<&[UserId]>,
) -> PortResult<Option<u64>> {
    // One row suffices, since only the total is used.
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
        let Some(thousandth) = found.rows.first().and_then(|row| row.created_at) else {
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
