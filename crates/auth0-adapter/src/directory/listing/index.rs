//! What lists are made from: an index of one tenant's people.

use domain::{Sort, SortField, Timestamp, User, UserId};
use ports::{BoxError, PortError, PortResult};
use thiserror::Error;

use crate::management::search_query::CreatedRange;

/// The most rows that Auth0 puts on a page.
pub(crate) const MAX_PAGE_SIZE: u32 = 100;
/// The most rows that Auth0 pages through, and how far it counts.
pub(crate) const MAX_RESULTS: u64 = 1000;

/// Something that holds one tenant's people, and can be asked for pages of them.
pub(crate) trait UserIndex: Sync {
    /// One page of those who are asked for.
    fn fetch(&self, query: IndexQuery<'_>) -> impl Future<Output = PortResult<IndexPage>> + Send;
}

/// A question to an [`Index`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexQuery<'a> {
    /// Only those created then.
    pub(crate) created: Option<CreatedRange>,
    /// Only these.
    pub(crate) only: Option<&'a [UserId]>,
    /// Only others than these.
    pub(crate) except: Option<&'a [UserId]>,
    /// In which order. Ties stand in any order, and in another one each time.
    pub(crate) order: IndexOrder,
    /// Which page, from 0. Together with the size it must lie within the [`REACH`].
    pub(crate) page: u32,
    /// How many rows, of which fewer may come.
    pub(crate) per_page: u32,
}

impl IndexQuery<'_> {
    /// The first page of everybody.
    pub(crate) fn first(order: IndexOrder) -> Self {
        Self { created: None, only: None, except: None, order, page: 0, per_page: MAX_PAGE_SIZE }
    }
}

/// An order that Auth0 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexOrder {
    pub(crate) field: IndexField,
    pub(crate) descending: bool,
}

/// A field that Auth0 can sort by. Usernames and names are not among them: Auth0 has its own idea
/// of where missing ones stand, and of upper and lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexField {
    Id,
    Email,
    CreatedAt,
}

impl IndexOrder {
    pub(crate) const BY_CREATION: Self = Self { field: IndexField::CreatedAt, descending: false };

    /// The order of a list, if Auth0 knows it.
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

/// What an [`Index`] answers.
#[derive(Debug, Clone)]
pub(crate) struct IndexPage {
    /// The rows, in order.
    pub(crate) rows: Vec<IndexRow>,
    /// How many come before them.
    pub(crate) start: u64,
    /// How many there are on all pages; [`REACH`] stands for as many or more.
    pub(crate) total: u64,
    /// How many rows stand on the page that are none, since they have no id or no time of creation.
    pub(crate) unreadable: u64,
}

impl IndexPage {
    /// How many rows stand on the page in all.
    pub(crate) fn row_count(&self) -> u64 {
        self.rows.len() as u64 + self.unreadable
    }

    /// Whether this first page is all there is.
    pub(crate) fn is_everything(&self) -> bool {
        self.start == 0 && self.total <= self.row_count()
    }
}

/// One row of an index.
#[derive(Debug, Clone)]
pub(crate) struct IndexRow {
    /// Which account; the text may be one that the domain does not take.
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    /// The account, unless it cannot be read, or does not belong to the tenant after all.
    pub(crate) user: Option<User>,
}

/// Why a list cannot be made: every other answer would be a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum ListError {
    #[error("the search did not answer in the order that was asked for")]
    OutOfOrder,
    #[error("the search counts people that it does not show")]
    MissingRows,
    #[error("more accounts were created in one millisecond than can be told apart")]
    TooManyAtOneMoment,
    #[error("there are more people than a walk may take steps")]
    TooManyUsers,
}

impl From<ListError> for PortError {
    fn from(reason: ListError) -> Self {
        Self::Failed { source: BoxError::from(reason) }
    }
}
