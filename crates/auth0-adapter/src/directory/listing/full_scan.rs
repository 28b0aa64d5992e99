//! Full scan: reads all users beyond the first 1000 rows, in order of their creation time, which
//! never changes.
//!
//! Each step fetches the first page of users created at the last seen moment or later. Users of
//! that moment are fetched twice and recognised by id. If a whole page has one creation time, the
//! users of that moment are read by id, and the scan continues after it.

use std::collections::HashMap;

use domain::Timestamp;
use ports::PortResult;

use super::index::{
    IndexField, IndexOrder, IndexPage, IndexQuery, IndexRow, ListError, MAX_PAGE_SIZE, MAX_RESULTS,
    UserIndex,
};
use crate::management::search_query::CreatedRange;

/// The maximum number of steps, enough for some 100,000 users. The deadline usually ends a scan
/// earlier.
const MAX_STEPS: usize = 1000;

/// Returns all users of the index, in no order. `first` is the first page by creation time, if it
/// was fetched already.
pub(super) async fn scan(
    index: &impl UserIndex,
    first: Option<IndexPage>,
) -> PortResult<IndexPage> {
    let mut seen = ScannedRows::default();
    let mut bound: Option<Timestamp> = None;
    let mut found = match first {
        Some(found) => found,
        None => index.fetch(IndexQuery::first(IndexOrder::BY_CREATION)).await?,
    };
    for _ in 0..MAX_STEPS {
        let everything = found.is_everything();
        let Some(last) = check_order(&found, bound)? else {
            return if everything {
                seen.add(found);
                Ok(seen.into_page())
            } else {
                Err(ListError::MissingRows)?
            };
        };
        seen.add(found);
        if everything {
            return Ok(seen.into_page());
        }
        // The bound advances with each step, whatever Auth0 returns, so the scan ends.
        let created = if bound.is_none_or(|bound| bound < last) {
            bound = Some(last);
            CreatedRange::From(last)
        } else {
            let same_moment = created_at_moment(index, last).await?;
            seen.rows.extend(same_moment.rows);
            seen.unreadable += same_moment.unreadable;
            // From here on, users of that moment must not appear again.
            bound = Some(last.plus_millis(1));
            CreatedRange::After(last)
        };
        found = index
            .fetch(IndexQuery {
                created: Some(created),
                ..IndexQuery::first(IndexOrder::BY_CREATION)
            })
            .await?;
    }
    Err(ListError::TooManyUsers)?
}

/// The rows read so far.
#[derive(Debug, Default)]
struct ScannedRows {
    rows: HashMap<String, IndexRow>,
    /// The number of malformed rows; fetched twice, they count twice.
    unreadable: u64,
}

impl ScannedRows {
    fn add(&mut self, found: IndexPage) {
        self.rows.extend(found.rows.into_iter().map(|row| (row.id.clone(), row)));
        self.unreadable += found.unreadable;
    }

    fn into_page(self) -> IndexPage {
        let rows: Vec<_> = self.rows.into_values().collect();
        IndexPage { start: 0, total: rows.len() as u64, unreadable: self.unreadable, rows }
    }
}

/// Returns the last creation time on the page, if it has rows. None may be before the bound.
fn check_order(
    found: &IndexPage,
    bound: Option<Timestamp>,
) -> Result<Option<Timestamp>, ListError> {
    let moments = || found.rows.iter().filter_map(|row| row.created_at);
    if found.start == 0 && bound.into_iter().chain(moments()).is_sorted() {
        Ok(moments().next_back())
    } else {
        Err(ListError::OutOfOrder)
    }
}

/// Returns all users created at the moment: the first 1000 by id, and if those are not all, the
/// last 1000.
async fn created_at_moment(index: &impl UserIndex, moment: Timestamp) -> PortResult<ScannedRows> {
    let mut seen = ScannedRows::default();
    for descending in [false, true] {
        seen.unreadable = 0;
        let order = IndexOrder { field: IndexField::Id, descending };
        let mut per_page = MAX_PAGE_SIZE;
        let mut page = 0;
        while u64::from(page + 1) * u64::from(per_page) <= MAX_RESULTS {
            let created = Some(CreatedRange::At(moment));
            let query = IndexQuery { created, page, per_page, ..IndexQuery::first(order) };
            let found = index.fetch(query).await?;
            let rows = u32::try_from(found.row_count()).unwrap_or(MAX_PAGE_SIZE);
            if page == 0 {
                // Fewer rows than requested may be the most that Auth0 returns.
                per_page = per_page.min(rows.max(1));
            }
            if found.start != u64::from(page) * u64::from(per_page)
                || found.rows.iter().any(|row| row.created_at != Some(moment))
            {
                return Err(ListError::OutOfOrder)?;
            }
            let overlaps =
                descending && found.rows.iter().any(|row| seen.rows.contains_key(&row.id));
            let total = found.total;
            seen.add(found);
            // A total below the cap is exact. At the cap, all users have been read once the rows
            // from one end overlap those from the other.
            let counted = total < MAX_RESULTS && seen.rows.len() as u64 + seen.unreadable >= total;
            if counted || (overlaps && total >= MAX_RESULTS) {
                return Ok(seen);
            }
            if rows == 0 {
                break;
            }
            page += 1;
        }
    }
    Err(ListError::TooManyAtOneMoment)?
}
