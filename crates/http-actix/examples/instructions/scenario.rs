//! The kinds of requests that are counted.

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// One user of contract A, with a token that was seen before.
    GetUser,
    /// A page of contract B from the middle of the list, sorted by this field.
    ListUsers(&'static str),
    /// A user of contract B, without a password.
    CreateUser,
    /// One user, with a token that is seen for the first time.
    GetUserWithNewToken,
}

impl Scenario {
    pub(crate) const ALL: [Self; 6] = [
        Self::GetUser,
        Self::ListUsers("id"),
        Self::ListUsers("createdAt"),
        Self::ListUsers("lastName"),
        Self::CreateUser,
        Self::GetUserWithNewToken,
    ];

    /// Returns the name in the table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::GetUser => "get one user".to_owned(),
            Self::ListUsers(sort) => format!("list 20 users by {sort}"),
            Self::CreateUser => "create a user without a password".to_owned(),
            Self::GetUserWithNewToken => "get one user, first use of the token".to_owned(),
        }
    }

    /// Returns the number of requests in a group.
    pub(crate) fn group_size(self) -> usize {
        if matches!(self, Self::ListUsers(_)) { 20 } else { 50 }
    }

    /// Returns the status of a response.
    pub(crate) fn status(self) -> u16 {
        if self == Self::CreateUser { 201 } else { 200 }
    }

    /// Returns whether both servers respond with the same bytes. Ids of new users are random.
    pub(crate) fn has_comparable_body(self) -> bool {
        self != Self::CreateUser
    }
}
