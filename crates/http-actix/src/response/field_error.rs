//! Errors about one field of the body or one query parameter.

use std::borrow::Cow;

use domain::LastProtectedRoleHolder;
use ports::Conflict;

use crate::response::code::ErrorCode;

/// The predicate of an error about a missing field or parameter.
pub(crate) const REQUIRED: &str = "is required";
/// The predicate of an error about a field or parameter that is given more than once.
pub(crate) const NOT_REPEATED: &str = "must not be repeated";

/// The part of a request that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorSource {
    /// A member of the JSON body.
    Field(Cow<'static, str>),
    /// A query parameter.
    Parameter(Cow<'static, str>),
}

/// One error among those of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// The field or parameter, if the error is about a single one.
    pub(crate) source: Option<ErrorSource>,
    /// The error code.
    pub(crate) code: ErrorCode,
    /// The sentence for the client, the same in both contracts.
    pub(crate) detail: Cow<'static, str>,
}

impl FieldError {
    /// An error about a member of the body; `predicate` completes a sentence about it.
    pub(crate) fn field(
        name: impl Into<Cow<'static, str>>,
        code: ErrorCode,
        predicate: &str,
    ) -> Self {
        let name = name.into();
        let detail = sentence(&name, predicate);
        Self { source: Some(ErrorSource::Field(name)), code, detail }
    }

    /// An error about a query parameter; `predicate` completes a sentence about it.
    pub(crate) fn parameter(
        name: impl Into<Cow<'static, str>>,
        code: ErrorCode,
        predicate: &str,
    ) -> Self {
        let name = name.into();
        let detail = sentence(&name, predicate);
        Self { source: Some(ErrorSource::Parameter(name)), code, detail }
    }

    /// Returns the name of the field or parameter.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.source {
            Some(ErrorSource::Field(name) | ErrorSource::Parameter(name)) => Some(name),
            None => None,
        }
    }
}

fn sentence(name: &str, predicate: &str) -> Cow<'static, str> {
    format!("`{name}` {predicate}.").into()
}

impl From<Conflict> for FieldError {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::EmailTaken => {
                Self::field("email", ErrorCode::EmailTaken, "is in use by another account")
            }
            Conflict::UsernameTaken => {
                Self::field("username", ErrorCode::UsernameTaken, "is in use by another account")
            }
            Conflict::AlreadyAttached => Self::field(
                "email",
                ErrorCode::AlreadyAttached,
                "belongs to a user who already has a role in the tenant",
            ),
            Conflict::AmbiguousAccount => Self::field(
                "email",
                ErrorCode::AmbiguousAccount,
                "belongs to several accounts and does not identify one of them",
            ),
            Conflict::LastProtectedRoleHolder(LastProtectedRoleHolder { tenant }) => Self {
                source: None,
                code: ErrorCode::LastProtectedRoleHolder,
                detail: format!(
                    "The user is the last holder of a protected role in the tenant {tenant}; assign \
                     the role to another user first."
                )
                .into(),
            },
            Conflict::NotAttached => Self::field(
                "tenantName",
                ErrorCode::NotAttached,
                "is not a tenant that the account is attached to",
            ),
            Conflict::MailUnavailable => Self {
                source: None,
                code: ErrorCode::MailUnavailable,
                detail: "The user directory sends no mail.".into(),
            },
        }
    }
}
