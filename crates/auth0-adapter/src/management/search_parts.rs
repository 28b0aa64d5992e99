//! Searches in smaller pages, where a page of the requested size is too long to be read: an account
//! may hold a megabyte of metadata.

use crate::error::{MalformedResponse, RequestError};
use crate::management::params::UserSearch;
use crate::management::wire::{Auth0User, UserPage, UserRows};

/// The largest factor by which a page is divided at once.
const MAX_FACTOR: u32 = 10;
/// How many rows of a page may be too long by themselves. With more, the fault is not theirs.
const MAX_LONG_ROWS: u64 = 3;

/// A page that does not borrow from a response.
type OwnedPage = UserPage<Auth0User<'static>>;

/// Returns whether the response exceeded the size that is read.
pub(super) fn is_too_long(error: &RequestError) -> bool {
    matches!(error, RequestError::Malformed(MalformedResponse::TooLong))
}

/// Returns a page that is too long at once, fetched in parts. A row that is too long by itself counts
/// as unreadable.
///
/// The page is shorter than requested where its parts may not fit together: the order of rows with
/// equal sort keys changes from search to search.
pub(super) async fn search_in_parts<F>(
    search: &UserSearch,
    fetch: impl Fn(UserSearch) -> F + Send,
) -> Result<OwnedPage, RequestError>
where
    F: Future<Output = Result<OwnedPage, RequestError>> + Send,
{
    let mut position = search.page * search.per_page;
    let end = position + search.per_page;
    let mut joined = UserPage {
        users: UserRows::default(),
        start: Some(position.into()),
        total: 0,
        part_size: None,
    };
    let mut size = search.per_page;
    let mut is_too_large = true;
    while position < end {
        if is_too_large {
            is_too_large = false;
            if let Some(smaller) = smaller(size) {
                size = smaller;
            } else if size == 1 && joined.users.unreadable < MAX_LONG_ROWS {
                joined.users.unreadable += 1;
                position += 1;
                joined.total = joined.total.max(position.into());
                continue;
            } else if size == 1 {
                return Err(MalformedResponse::TooLong.into());
            } else {
                break;
            }
        }
        let part = UserSearch { page: position / size, per_page: size, ..search.clone() };
        let part = match fetch(part).await {
            Err(error) if is_too_long(&error) => {
                is_too_large = true;
                continue;
            }
            part => part?,
        };
        let is_next = part.start.is_none_or(|start| start == u64::from(position));
        if !is_next || !fit_together(&joined.users.readable, &part.users.readable, search.sort) {
            break;
        }
        let count = part.users.count();
        joined.users.readable.extend(part.users.readable);
        joined.users.unreadable += part.users.unreadable;
        joined.total = part.total;
        joined.part_size = Some(size);
        position += size;
        if count < u64::from(size) || u64::from(position) >= part.total {
            break;
        }
    }
    Ok(joined)
}

/// Returns the next smaller size that divides this one, so that parts begin where others end.
fn smaller(size: u32) -> Option<u32> {
    (2..=MAX_FACTOR).find(|factor| size.is_multiple_of(*factor)).map(|factor| size / factor)
}

/// Returns whether the rows of one search can follow those of another: ties could be in another
/// order there. Ids do not tie.
fn fit_together(before: &[Auth0User<'_>], after: &[Auth0User<'_>], sort: &str) -> bool {
    let (Some(last), Some(next)) = (before.last(), after.first()) else { return true };
    match sort.split(':').next() {
        Some("created_at") => last.created_at != next.created_at,
        Some("email") => last.email != next.email,
        Some(_) | None => true,
    }
}

#[cfg(test)]
mod tests;
