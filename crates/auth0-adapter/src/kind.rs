//! The kinds of call, each of which Auth0 can refuse, limit or fail to answer by itself.

/// What sort of request it is that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One thing is read, by its id, address or name.
    Read,
    /// Users are searched for.
    Search,
    /// A user is made, changed or deleted.
    Write,
    /// Somebody logs in, to show that they know a password.
    PasswordCheck,
    /// A token for the Management API is asked for.
    Token,
    /// A mail is to be sent.
    Mail,
}

impl Kind {
    /// The word for it in logs and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Write => "write",
            Self::PasswordCheck => "password_check",
            Self::Token => "token",
            Self::Mail => "mail",
        }
    }
}
