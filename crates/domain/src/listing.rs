//! Lists: a total and stable order, and pages of it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::account::User;
use crate::sort_value::{SortField, SortValue, lower_case};
use crate::text_value::parse_from_str;
use crate::timestamp::Timestamp;
use crate::view::UserView;

/// A field to sort by and a direction. The text form is the field's name, after `-` if descending.
///
/// Ties are broken by ascending id in both directions, so that the order is total. Text compares by
/// its Unicode lower case, then by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: SortField,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { field: SortField::Id, descending: false }
    }
}

/// Why a text is not a [`Sort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "must be one of id, username, email, firstName, lastName and createdAt, after - for descending"
)]
pub struct InvalidSort;

impl FromStr for Sort {
    type Err = InvalidSort;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        SortField::ALL
            .into_iter()
            .find(|field| field.as_str() == name)
            .map(|field| Self { field, descending })
            .ok_or(InvalidSort)
    }
}

parse_from_str!(Sort);

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.descending { "-" } else { "" })?;
        f.write_str(self.field.as_str())
    }
}

/// A request for one page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The page number, from 0.
    pub number: u64,
    /// The number of users per page.
    pub size: std::num::NonZeroU32,
}

impl PageRequest {
    /// Returns the number of the last page of a list of `total` users; an empty list has page 0.
    pub fn last_page(&self, total: u64) -> u64 {
        total.saturating_sub(1) / u64::from(self.size.get())
    }
}

/// The order and the page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListQuery {
    /// The order.
    pub sort: Sort,
    /// One page, or all users.
    pub page: Option<PageRequest>,
}

/// The users of one page as a tenant sees them, and the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The users of the page, in order.
    pub users: Vec<UserView<'static>>,
    /// The number of users on all pages.
    pub total: u64,
}

/// A sort value with its lower case, which is computed once for many comparisons.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Text(std::borrow::Cow<'a, str>, &'a str),
    Moment(Timestamp),
}

impl<'a> Key<'a> {
    fn of(user: &'a User, field: SortField) -> Self {
        match SortValue::of(user, field) {
            SortValue::Text(text) => Self::Text(lower_case(text), text),
            SortValue::Moment(moment) => Self::Moment(moment),
        }
    }
}

impl Sort {
    fn compare(self, left: (&Key<'_>, &User), right: (&Key<'_>, &User)) -> Ordering {
        let by_field = left.0.cmp(right.0);
        let by_field = if self.descending { by_field.reverse() } else { by_field };
        // Ties are rare, so the tie-breaker is computed only then.
        let id = |user| Key::of(user, SortField::Id);
        by_field.then_with(|| id(left.1).cmp(&id(right.1)))
    }
}

impl ListQuery {
    /// Returns the requested page of these users, in the requested order.
    ///
    /// They are users or, for a caller, [views](UserView): what a view hides must not decide an order.
    pub fn select<'a, U: AsRef<User>>(&self, users: impl IntoIterator<Item = &'a U>) -> Vec<&'a U> {
        let compare = |left: &(Key<'_>, &U), right: &(Key<'_>, &U)| {
            self.sort.compare((&left.0, left.1.as_ref()), (&right.0, right.1.as_ref()))
        };
        let mut keyed: Vec<(Key<'a>, &'a U)> =
            users.into_iter().map(|user| (Key::of(user.as_ref(), self.sort.field), user)).collect();
        if let Some(PageRequest { number, size }) = self.page {
            let size = size.get() as usize;
            let start = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(size);
            let end = start.saturating_add(size);
            // Only the page itself has to be sorted.
            if end < keyed.len() {
                keyed.select_nth_unstable_by(end, compare);
                keyed.truncate(end);
            }
            if start > 0 && start < keyed.len() {
                keyed.select_nth_unstable_by(start, compare);
            }
            keyed.drain(..start.min(keyed.len()));
        }
        keyed.sort_unstable_by(compare);
        keyed.into_iter().map(|(_, user)| user).collect()
    }
}
