//! The values by which lists are sorted.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::account::User;
use crate::context::AccountRules;
use crate::id::TenantId;
use crate::timestamp::Timestamp;
use crate::view::Shown;

/// The field that a list is sorted by. A missing username counts as the e-mail address, a missing
/// name as the empty text, as in the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// The account's id.
    Id,
    /// The username.
    Username,
    /// The e-mail address.
    Email,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// When the account was created.
    CreatedAt,
}

impl SortField {
    /// Every field, in the order of the published contract.
    pub const ALL: [Self; 6] =
        [Self::Id, Self::Username, Self::Email, Self::FirstName, Self::LastName, Self::CreatedAt];

    /// Returns the published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::Email => "email",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::CreatedAt => "createdAt",
        }
    }
}

/// The value of the field that a list is sorted by, of one user.
///
/// Text compares by its Unicode lower case, then by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortValue<'a> {
    /// The value of every field but the creation time.
    Text(&'a str),
    /// When the account was created.
    Moment(Timestamp),
}

impl<'a> SortValue<'a> {
    /// Returns the value of the user's field.
    pub fn of(user: &'a User, field: SortField) -> Self {
        match field {
            SortField::Id => Self::Text(user.id.as_str()),
            SortField::Username => Self::Text(user.username_or_email()),
            SortField::Email => Self::Text(user.email.as_str()),
            SortField::FirstName => Self::Text(user.given_name_or_empty()),
            SortField::LastName => Self::Text(user.family_name_or_empty()),
            SortField::CreatedAt => Self::Moment(user.created_at),
        }
    }

    /// Returns the value of the field as the tenant sees the user: that of its
    /// [view](crate::UserView), without making one. An account without a membership there has the
    /// value that it would have with one at home.
    ///
    /// It does not depend on the moment.
    pub fn of_shown(
        user: &'a User,
        field: SortField,
        tenant: &TenantId,
        rules: AccountRules,
    ) -> Self {
        if field == SortField::Id {
            // Every view has the account's own id.
            return Self::of(user, field);
        }
        match Shown::of(user, tenant, rules) {
            Shown::Whole => Self::of(user, field),
            Shown::Entered { email, created_at, .. } => match field {
                SortField::Id => Self::Text(user.id.as_str()),
                SortField::Username | SortField::Email => Self::Text(email.as_str()),
                SortField::FirstName | SortField::LastName => Self::Text(""),
                SortField::CreatedAt => Self::Moment(created_at),
            },
        }
    }
}

/// Returns the lower case of a text, as lists are sorted by it.
pub fn lower_case(text: &str) -> Cow<'_, str> {
    // Most texts are in lower case already and need no copy.
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

fn compare_texts(left: &str, right: &str) -> Ordering {
    compare_lower_case(left, right).then_with(|| left.cmp(right))
}

/// Compares the lower case of texts, without making it where the first difference is in ASCII: the
/// lower case of ASCII does not depend on what follows.
fn compare_lower_case(left: &str, right: &str) -> Ordering {
    for (left_byte, right_byte) in left.bytes().zip(right.bytes()) {
        if left_byte == right_byte && left_byte.is_ascii() {
            // The common beginning, such as that of ids.
            continue;
        }
        if !left_byte.is_ascii() || !right_byte.is_ascii() {
            return lower_case(left).cmp(&lower_case(right));
        }
        match left_byte.to_ascii_lowercase().cmp(&right_byte.to_ascii_lowercase()) {
            Ordering::Equal => {}
            different @ (Ordering::Less | Ordering::Greater) => return different,
        }
    }
    left.len().cmp(&right.len())
}

impl Ord for SortValue<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => compare_texts(left, right),
            (Self::Moment(left), Self::Moment(right)) => left.cmp(right),
            (Self::Text(_), Self::Moment(_)) => Ordering::Less,
            (Self::Moment(_), Self::Text(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for SortValue<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
