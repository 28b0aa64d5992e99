//! Lists of a tenant's people, right in spite of what Auth0's search is.
//!
//! The search shows pages of at most 100 rows among the first 1000, counts no further than 1000,
//! sorts by one field with ties in any order, and lags behind. So a list is got in the cheapest of
//! these ways that answers what was asked:
//!
//! | asked | how | calls |
//! |---|---|---|
//! | anything, of at most 100 people | all of them in one page, put in order here | 1 |
//! | one page, by id, e-mail or time, within the first 1000 | that page, in Auth0's order ([`page`]), unless that is not the list's ([`odd`]) | 1, and 1 or 2 more if the tenant was written to of late |
//! | the same, of 1000 people or more | that page, and a count ([`count`]) | 2 more for each 1000 people |
//! | anything else | everybody, walked along the time of creation ([`walk`]) | 1 for each 99 people |
//!
//! What this process wrote of late is laid over what the search says ([`merge`]).
//! A list is right or an error, and never cut short.

mod count;
mod index;
mod merge;
mod odd;
mod page;
mod walk;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{ListQuery, Page, Sort, SortField, TenantId, Timestamp, User, UserId};
use ports::{BoxError, PortError, PortResult};
use thiserror::Error;

use crate::query::Span;
use crate::recent::Written;

pub(crate) use index::Search;
pub(crate) use odd::Oddities;

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
    /// Only others than these.
    pub(crate) except: Option<&'a [UserId]>,
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
        Self { created: None, among: None, except: None, order, page: 0, per_page: PAGE }
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
    /// How many rows stand on the page that are none, since they have no id or no time of creation.
    pub(crate) unreadable: u64,
}

impl Found {
    /// How many rows stand on the page in all.
    fn shown(&self) -> u64 {
        self.rows.len() as u64 + self.unreadable
    }

    /// Whether this first page is all there is.
    fn is_everything(&self) -> bool {
        self.start == 0 && self.total <= self.shown()
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

/// What is known of a tenant's people before they are asked for.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) tenant: &'a TenantId,
    /// What this process wrote of late of who is, or was, among them.
    pub(crate) written: BTreeMap<UserId, Written>,
    /// Which tenants have people of whom Auth0's pages are of no use.
    pub(crate) oddities: &'a Oddities,
}

/// Those of the tenant's people that the listing asks for.
pub(crate) async fn list(
    index: &impl Index,
    known: &Known<'_>,
    listing: &ListQuery,
) -> PortResult<Page> {
    let Known { tenant, oddities, .. } = known;
    let paged = || {
        let known = Order::of(listing.sort).zip(listing.page);
        known.filter(|(order, _)| oddities.allow(tenant, order.field))
    };
    let deep = |window| page::range(window).end > u64::from(PAGE);
    if let Some((order, window)) = paged()
        && deep(window)
        && let Some(page) = page::get(index, known, (listing.sort, order), window, None).await?
    {
        return Ok(page);
    }
    let shallow = || paged().filter(|(_, window)| !deep(*window));
    // A walk begins with the first page by time.
    let order = shallow().map_or(Order::BY_TIME, |(order, _)| order);
    let first = index.ask(Ask::first(order)).await?;
    if first.is_everything() {
        return Ok(whole(known, first, listing));
    }
    oddities.met(tenant, &first, order);
    if let Some((order, window)) = shallow()
        && let Some(page) =
            page::get(index, known, (listing.sort, order), window, Some(&first)).await?
    {
        return Ok(page);
    }
    let by_time = (order == Order::BY_TIME).then_some(first);
    Ok(whole(known, walk::everybody(index, by_time).await?, listing))
}

/// The list, when everybody is in hand.
fn whole(known: &Known<'_>, found: Found, listing: &ListQuery) -> Page {
    known.oddities.met_everybody(known.tenant, &found, known.written.keys());
    let people = merge::everybody(known.tenant, found.rows, &known.written);
    let selected = listing.select(&people).into_iter().cloned().collect();
    Page { users: selected, total: people.len() as u64 }
}
