//! What lists are made from: an index of one tenant's people.

use domain::{Sort, SortField, Timestamp, User, UserId};
use ports::{BoxError, PortError, PortResult};
use thiserror::Error;

use crate::management::search_query::Span;

/// The most rows that Auth0 puts on a page.
pub(crate) const PAGE: u32 = 100;
/// The most rows that Auth0 pages through, and how far it counts.
pub(crate) const REACH: u64 = 1000;

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
    pub(crate) fn first(order: Order) -> Self {
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
    pub(crate) const BY_TIME: Self = Self { field: OrderField::CreatedAt, descending: false };

    /// The order of a list, if Auth0 knows it.
    pub(crate) fn of(sort: Sort) -> Option<Self> {
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
    pub(crate) fn shown(&self) -> u64 {
        self.rows.len() as u64 + self.unreadable
    }

    /// Whether this first page is all there is.
    pub(crate) fn is_everything(&self) -> bool {
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
