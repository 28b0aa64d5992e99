//! The index of one tenant's users, from which lists are made.

use std::sync::Arc;

use domain::{Sort, SortField, Timestamp, User, UserId};
use ports::{BoxError, PortError, PortResult};
use thiserror::Error;

use crate::management::search_query::CreatedRange;

/// The largest page that Auth0 returns.
pub(crate) const MAX_PAGE_SIZE: u32 = 100;
/// The number of rows that Auth0 pages through, and the cap of its totals.
pub(crate) const MAX_RESULTS: u64 = 1000;

/// An index of one tenant's users that returns pages of them.
pub(crate) trait UserIndex: Sync {
    /// Returns one page of the matching users.
    fn fetch(&self, query: IndexQuery<'_>) -> impl Future<Output = PortResult<IndexPage>> + Send;
}

/// A query to a [`UserIndex`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexQuery<'a> {
    /// Restricts the query to this range of creation times.
    pub(crate) created: Option<CreatedRange>,
    /// Restricts the query to these accounts.
    pub(crate) only: Option<&'a [UserId]>,
    /// Excludes these accounts.
    pub(crate) except: Option<&'a [UserId]>,
    /// The order. Ties are in any order, which changes from query to query.
    pub(crate) order: IndexOrder,
    /// The page, counted from 0. Its last row must lie within [`MAX_RESULTS`].
    pub(crate) page: u32,
    /// The maximum number of rows; fewer may be returned.
    pub(crate) per_page: u32,
}

impl IndexQuery<'_> {
    /// The first page of all users.
    pub(crate) fn first(order: IndexOrder) -> Self {
        Self { created: None, only: None, except: None, order, page: 0, per_page: MAX_PAGE_SIZE }
    }
}

/// An order that Auth0 supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct IndexOrder {
    pub(crate) field: IndexField,
    pub(crate) descending: bool,
}

/// A field that Auth0 can sort by. Usernames and names are not among them, since Auth0 orders
/// missing values and letter case differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum IndexField {
    Id,
    Email,
    CreatedAt,
}

impl IndexOrder {
    pub(crate) const BY_CREATION: Self = Self { field: IndexField::CreatedAt, descending: false };

    /// Returns the order of a list, if Auth0 supports it.
    pub(crate) fn of(sort: Sort) -> Option<Self> {
        let field = match sort.field {
            SortField::Id => IndexField::Id,
            SortField::Email => IndexField::Email,
            SortField::CreatedAt => IndexField::CreatedAt,
            SortField::Username | SortField::FirstName | SortField::LastName => return None,
        };
        Some(Self { field, descending: sort.descending })
    }
}

/// A page that a [`UserIndex`] returns.
#[derive(Debug, Clone)]
pub(crate) struct IndexPage {
    /// The rows, in order.
    pub(crate) rows: Vec<IndexRow>,
    /// The number of rows before them.
    pub(crate) start: u64,
    /// The number of rows on all pages; [`MAX_RESULTS`] means this many or more.
    pub(crate) total: u64,
    /// The number of malformed rows on the page, without an id.
    pub(crate) unreadable: u64,
}

impl IndexPage {
    /// Returns the number of rows on the page, malformed ones included.
    pub(crate) fn row_count(&self) -> u64 {
        self.rows.len() as u64 + self.unreadable
    }

    /// Returns whether this first page holds all rows.
    pub(crate) fn is_everything(&self) -> bool {
        self.start == 0 && self.total <= self.row_count()
    }
}

/// A row of an index.
#[derive(Debug, Clone)]
pub(crate) struct IndexRow {
    /// The account's id; the domain may reject it.
    pub(crate) id: String,
    /// The creation time, if it is readable.
    pub(crate) created_at: Option<Timestamp>,
    /// The fields of which the list shows another value than the one that the index sorts by.
    pub(crate) shown_differently: Vec<IndexField>,
    /// The account, unless it is unreadable or not a member of the tenant.
    pub(crate) user: Option<Arc<User>>,
}

/// Errors that prevent a correct list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum ListError {
    #[error("the search did not return the requested order")]
    OutOfOrder,
    #[error("the search counts users that it does not return")]
    MissingRows,
    #[error("too many accounts were created in the same millisecond")]
    TooManyAtOneMoment,
    #[error("too many users for a full scan")]
    TooManyUsers,
}

impl From<ListError> for PortError {
    fn from(reason: ListError) -> Self {
        Self::Failed { source: BoxError::from(reason) }
    }
}
