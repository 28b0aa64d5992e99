//! The kinds of call, each of which Auth0 can refuse, limit or fail to answer by itself.

/// What sort of request it is that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
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

impl CallKind {
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
pub(crate) struct PerKind<T> {
    read: T,
    search: T,
    write: T,
    password_check: T,
    token: T,
    mail: T,
}

impl<T> PerKind<T> {
    /// What is made for each of them.
    pub(crate) fn new(make: impl Fn(CallKind) -> T) -> Self {
        Self {
            read: make(CallKind::Read),
            search: make(CallKind::Search),
            write: make(CallKind::Write),
            password_check: make(CallKind::PasswordCheck),
            token: make(CallKind::Token),
            mail: make(CallKind::Mail),
        }
    }

    /// The one of this kind.
    pub(crate) fn get(&self, kind: CallKind) -> &T {
        match kind {
            CallKind::Read => &self.read,
            CallKind::Search => &self.search,
            CallKind::Write => &self.write,
            CallKind::PasswordCheck => &self.password_check,
            CallKind::Token => &self.token,
            CallKind::Mail => &self.mail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_value() {
        let words = PerKind::new(CallKind::as_str);
        for kind in [
            CallKind::Read,
            CallKind::Search,
            CallKind::Write,
            CallKind::PasswordCheck,
            CallKind::Token,
            CallKind::Mail,
        ] {
            assert_eq!(*words.get(kind), kind.as_str());
        }
    }
}
