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

/// Something of each kind.
#[derive(Debug)]
pub(crate) struct OfKind<T> {
    read: T,
    search: T,
    write: T,
    password_check: T,
    token: T,
    mail: T,
}

impl<T> OfKind<T> {
    /// What is made for each of them.
    pub(crate) fn new(make: impl Fn(Kind) -> T) -> Self {
        Self {
            read: make(Kind::Read),
            search: make(Kind::Search),
            write: make(Kind::Write),
            password_check: make(Kind::PasswordCheck),
            token: make(Kind::Token),
            mail: make(Kind::Mail),
        }
    }

    /// The one of this kind.
    pub(crate) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Read => &self.read,
            Kind::Search => &self.search,
            Kind::Write => &self.write,
            Kind::PasswordCheck => &self.password_check,
            Kind::Token => &self.token,
            Kind::Mail => &self.mail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own() {
        let words = OfKind::new(Kind::as_str);
        for kind in
            [Kind::Read, Kind::Search, Kind::Write, Kind::PasswordCheck, Kind::Token, Kind::Mail]
        {
            assert_eq!(*words.of(kind), kind.as_str());
        }
    }
}
