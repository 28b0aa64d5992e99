//! Kinds of call. Auth0 can refuse, limit or fail each of them independently.

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// Reads one thing by its id, address or name.
    Read,
    /// Searches for users.
    Search,
    /// Creates, changes or deletes a user.
    Write,
    /// Logs in to check a password.
    PasswordCheck,
    /// Requests a token for the Management API.
    Token,
    /// Requests that an e-mail is sent.
    Mail,
}

impl CallKind {
    /// Returns its name in logs and metrics.
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

/// One value for each kind of call.
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
    /// Builds a value for each kind.
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

    /// Returns the value of this kind.
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
