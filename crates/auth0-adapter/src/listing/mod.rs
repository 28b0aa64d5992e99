//! Lists of a tenant's people, right in spite of what Auth0's search is.
//!
//! The search shows pages of at most 100 rows among the first 1000, counts no further than 1000,
//! sorts by one field with ties in any order, and lags behind. So a list is got in the cheapest of
//! these ways that answers what was asked:
//!
//! | asked | how | calls |
//! |---|---|---|
//! | anything, of at most 100 people | all of them in one page, put in order here | 1 |
//! | one page, by id, e-mail or time, within the first 1000 | that page, in Auth0's order ([`page`]) | 1, and 1 more if the tenant was written to of late |
//! | the same, of 1000 people or more | that page, and a count ([`count`]) | 2 more for each 1000 people |
//! | anything else | everybody, walked along the time of creation ([`walk`]) | 1 for each 99 people |
//!
//! What this process wrote of late is laid over what the search says ([`merge`]).
//! A list is right or an error, and never cut short.

mod count;
mod index;
mod merge;
mod page;
mod walk;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{Listing, Page, Sort, SortField, TenantId, Timestamp, User, UserId};
use ports::{BoxError, PortError, PortResult};
use thiserror::Error;

use crate::query::Span;
use crate::recent::Written;

pub(crate) use index::Search;

/// The most rows that Auth0 puts on a page.
const PAGE: u32 = 100;
/// The most rows that Auth0 pages through, and how far it counts.
const REACH: u64 = 1000;

/// Something that holds one tenant's people, and can be asked for pages of them.
pub(crate) trait Index: Sync {
    /// One page of those who are asked for.
    fn ask(&self, ask: Ask<'_>) -> impl Future<Output = PortResult<Found>> + Send;
}

/// A question to an [`Index`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Only those created then.
    pub(crate) created: Option<Span>,
    /// Only these.
    pub(crate) among: Option<&'a [UserId]>,
    /// In which order. Ties stand in any order, and in another one each time.
    pub(crate) order: Order,
    /// Which page, from 0. Together with the size it must lie within the [`REACH`].
    pub(crate) page: u32,
    /// How many rows, of which fewer may come.
    pub(crate) per_page: u32,
}

impl Ask<'_> {
    /// The first page of everybody.
    fn first(order: Order) -> Self {
        Self { created: None, among: None, order, page: 0, per_page: PAGE }
    }
}

/// An order that Auth0 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) field: OrderField,
    pub(crate) descending: bool,
}

/// A field that Auth0 can sort by. Usernames and names are not among them: Auth0 has its own idea
/// of where missing ones stand, and of upper and lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderField {
    Id,
    Email,
    CreatedAt,
}

impl Order {
    const BY_TIME: Self = Self { field: OrderField::CreatedAt, descending: false };

    /// The order of a list, if Auth0 knows it.
    fn of(sort: Sort) -> Option<Self> {
        let field = match sort.field {
            SortField::Id => OrderField::Id,
            SortField::Email => OrderField::Email,
            SortField::CreatedAt => OrderField::CreatedAt,
            SortField::Username | SortField::FirstName | SortField::LastName => return None,
        };
        Some(Self { field, descending: sort.descending })
    }
}

/// What an [`Index`] answers.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The rows, in order.
    pub(crate) rows: Vec<Row>,
    /// How many come before them.
    pub(crate) start: u64,
    /// How many there are on all pages; [`REACH`] stands for as many or more.
    pub(crate) total: u64,
}

impl Found {
    /// Whether this first page is all there is.
    fn is_everything(&self) -> bool {
        self.start == 0 && self.total <= self.rows.len() as u64
    }
}

/// One row of an index.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Which account; the text may be one that the domain does not take.
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    /// The account, unless it cannot be read, or does not belong to the tenant after all.
    pub(crate) user: Option<User>,
}

/// Why a list cannot be made: every other answer would be a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Unlistable {
    #[error("the search did not answer in the order that was asked for")]
    Disorder,
    #[error("the search counts people that it does not show")]
    Gap,
    #[error("more accounts were created in one millisecond than can be told apart")]
    Crowd,
    #[error("there are more people than a walk may take steps")]
    Endless,
}

impl From<Unlistable> for PortError {
    fn from(reason: Unlistable) -> Self {
        Self::Failed { source: BoxError::from(reason) }
    }
}

/// Those of the tenant's people that the listing asks for.
///
/// `written` is what this process wrote of late of who is, or was, among them.
pub(crate) async fn list(
    index: &impl Index,
    tenant: &TenantId,
    written: BTreeMap<UserId, Written>,
    listing: &Listing,
) -> PortResult<Page> {
    let known = Order::of(listing.sort);
    let deep = listing.window.is_some_and(|window| page::range(window).end > u64::from(PAGE));
    let page = async |first| match (known, listing.window) {
        (Some(order), Some(window)) => {
            page::get(index, tenant, &written, (listing.sort, order), window, first).await
        }
        (Some(_) | None, Some(_) | None) => Ok(None),
    };
    if deep && let Some(page) = page(None).await? {
        return Ok(page);
    }
    // A walk begins with the first page by time.
    let order = known.filter(|_| !deep && listing.window.is_some()).unwrap_or(Order::BY_TIME);
    let first = index.ask(Ask::first(order)).await?;
    if first.is_everything() {
        return Ok(whole(tenant, first.rows, written, listing));
    }
    if !deep && let Some(page) = page(Some(&first)).await? {
        return Ok(page);
    }
    let everybody = walk::everybody(index, (order == Order::BY_TIME).then_some(first)).await?;
    Ok(whole(tenant, everybody, written, listing))
}

/// The list, when everybody is in hand.
fn whole(
    tenant: &TenantId,
    rows: Vec<Row>,
    written: BTreeMap<UserId, Written>,
    listing: &Listing,
) -> Page {
    let people = merge::everybody(tenant, rows, written);
    let selected = listing.select(&people).into_iter().cloned().collect();
    Page { users: selected, total: people.len() as u64 }
}
