//! Faults: everything that keeps a request from its answer, on the way to becoming a response.
//!
//! Handlers and extractors give up with a [`Fault`] by `?`; the [`crate::server::lifecycle`] turns it into the
//! error body of the contract that the path belongs to, and logs it, once.
//! What a client may read is in `detail` and `issues`; what only the log keeps is in `cause`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use application::UseCaseError;
use domain::Refusal;
use ports::{Conflict, RejectedValue};

use crate::response::code::Code;

/// Where in the request something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A member of the JSON body.
    Field(Cow<'static, str>),
    /// A query parameter.
    Parameter(Cow<'static, str>),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    /// Where, if it lies in one place.
    pub(crate) place: Option<Place>,
    /// What.
    pub(crate) code: Code,
    /// What, in words for the client.
    pub(crate) detail: Cow<'static, str>,
}

impl Issue {
    /// Something wrong with a member of the body.
    pub(crate) fn field(
        name: impl Into<Cow<'static, str>>,
        code: Code,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { place: Some(Place::Field(name.into())), code, detail: detail.into() }
    }

    /// Something wrong with a query parameter.
    pub(crate) fn parameter(
        name: impl Into<Cow<'static, str>>,
        code: Code,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { place: Some(Place::Parameter(name.into())), code, detail: detail.into() }
    }
}

/// A header that a fault asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extra {
    /// `WWW-Authenticate` (RFC 6750 §3), the value after `Bearer`.
    Challenge(Cow<'static, str>),
    /// `Retry-After` (RFC 9110 §10.2.3), in seconds, rounded up.
    RetryAfter(Duration),
    /// `Allow` (RFC 9110 §10.2.1).
    Allow(String),
}

/// Why a request gets no answer of its own.
#[derive(Debug)]
pub(crate) struct Fault {
    code: Code,
    detail: Cow<'static, str>,
    issues: Vec<Issue>,
    extra: Option<Extra>,
    cause: Option<Box<dyn StdError>>,
}

impl Fault {
    /// A fault that is told by its code and a sentence for the client.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), issues: Vec::new(), extra: None, cause: None }
    }

    /// A fault that lies in these places; the first gives it its code.
    pub(crate) fn at(issues: Vec<Issue>) -> Self {
        match issues.as_slice() {
            [] => Self::new(Code::MalformedRequest, "The request cannot be read."),
            [only] => {
                let detail = match &only.place {
                    Some(Place::Field(name) | Place::Parameter(name)) => {
                        format!("{name} {}.", only.detail).into()
                    }
                    None => only.detail.clone(),
                };
                Self { detail, ..Self::new(only.code, "") }.placed(issues)
            }
            [first, ..] => {
                Self::new(first.code, "Several values are not acceptable.").placed(issues)
            }
        }
    }

    fn placed(mut self, issues: Vec<Issue>) -> Self {
        self.issues = issues;
        self
    }

    /// There is no such user here: one answer for all reasons, so that it betrays none.
    pub(crate) fn user_not_found() -> Self {
        Self::new(Code::UserNotFound, "There is no such user here.")
    }

    /// The password in this member of the body is against the directory's policy.
    pub(crate) fn weak_password(field: &'static str) -> Self {
        let detail = "does not meet the password policy of the directory";
        Self::at(vec![Issue::field(field, Code::WeakPassword, detail)])
    }

    /// Something inside went wrong that the client can do nothing about.
    pub(crate) fn internal(cause: impl Into<Box<dyn StdError>>) -> Self {
        Self::new(Code::InternalError, "The service failed.").because(cause)
    }

    /// With a header.
    #[must_use]
    pub(crate) fn with(mut self, extra: Extra) -> Self {
        self.extra = Some(extra);
        self
    }

    /// With a cause for the log.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Into<Box<dyn StdError>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What went wrong.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// What went wrong, in words for the client.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Where in the request, if that can be said.
    pub(crate) fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The header it asks for.
    pub(crate) fn extra(&self) -> Option<&Extra> {
        self.extra.as_ref()
    }

    /// What the log should keep.
    pub(crate) fn cause(&self) -> Option<&dyn StdError> {
        self.cause.as_deref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

/// A bare status; the edge gives it its body, since only it knows the contract and request id.
impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// How long a client should wait when nobody knows better.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

impl From<UseCaseError> for Fault {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Hidden => Self::user_not_found(),
            UseCaseError::Refused(refusal) => refusal.into(),
            UseCaseError::Conflict(conflict) => conflict.into(),
            UseCaseError::Rejected(value) => value.into(),
            UseCaseError::CurrentPasswordMismatch => Self::at(vec![Issue::field(
                "currentPassword",
                Code::CurrentPasswordMismatch,
                "is not the current password of the user",
            )]),
            UseCaseError::TooManyAttempts { retry_after } => {
                Self::new(Code::TooManyAttempts, "Too many wrong current passwords; wait a while.")
                    .with(Extra::RetryAfter(retry_after.unwrap_or(DEFAULT_RETRY_AFTER)))
            }
            UseCaseError::Unavailable { retry_after, source } => {
                let fault = Self::new(
                    Code::DirectoryUnavailable,
                    "The directory is not available for now.",
                )
                .with(Extra::RetryAfter(retry_after.unwrap_or(DEFAULT_RETRY_AFTER)));
                match source {
                    Some(source) => fault.because(source as Box<dyn StdError>),
                    None => fault,
                }
            }
            UseCaseError::Timeout => directory_timeout().because("the directory was too slow"),
            UseCaseError::Failed { source } => {
                Self::new(Code::DirectoryError, "The directory failed.")
                    .because(source as Box<dyn StdError>)
            }
        }
    }
}

/// The directory did not answer in time; nobody knows whether a change was made.
pub(crate) fn directory_timeout() -> Fault {
    Fault::new(
        Code::DirectoryTimeout,
        "The directory did not answer in time; a change may or may not have been made.",
    )
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let fault = match refusal {
            Refusal::MissingPermission(permission) => {
                let permission = permission.as_str();
                let detail = format!("The token lacks the permission {permission}.");
                // RFC 6750 §3.1
                let challenge = format!("error=\"insufficient_scope\", scope=\"{permission}\"");
                Self::new(Code::InsufficientPermission, detail)
                    .with(Extra::Challenge(challenge.into()))
            }
            Refusal::TenantNotCovered => {
                Self::new(Code::TenantForbidden, "The token does not cover this tenant.")
            }
            Refusal::InsufficientRole => Self::new(
                Code::InsufficientPermission,
                "Your role in the tenant does not allow this.",
            ),
            Refusal::ManagedByAnotherTenant => Self::new(
                Code::ManagedByAnotherTenant,
                "The account is managed by another tenant; only that one can change it.",
            ),
            Refusal::RoleAboveOwn => Self::new(
                Code::InsufficientPermission,
                "The role in question stands above your own in the tenant.",
            ),
            Refusal::AccountBlocked => {
                Self::new(Code::InsufficientPermission, "A blocked account cannot do this.")
            }
        };
        fault.because(refusal)
    }
}

impl From<RejectedValue> for Fault {
    fn from(value: RejectedValue) -> Self {
        let against_the_rules = |field| {
            let detail = "is not acceptable to the directory";
            Self::at(vec![Issue::field(field, Code::ValidationFailed, detail)])
        };
        match value {
            RejectedValue::WeakPassword => Self::weak_password("password"),
            RejectedValue::Email => against_the_rules("email"),
            RejectedValue::Username => against_the_rules("username"),
            // Which of them the directory means, and what the contract calls it, is not known.
            RejectedValue::Name => {
                Self::new(Code::ValidationFailed, "A name is not acceptable to the directory.")
            }
            RejectedValue::Unsupported => Self::new(
                Code::ValidationFailed,
                "The directory cannot do this to an account of this kind.",
            ),
        }
    }
}

impl From<Conflict> for Fault {
    fn from(conflict: Conflict) -> Self {
        Self::at(vec![conflict.into()])
    }
}

impl From<Conflict> for Issue {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::EmailTaken => {
                Self::field("email", Code::EmailTaken, "is the address of another account")
            }
            Conflict::UsernameTaken => {
                Self::field("username", Code::UsernameTaken, "is the username of another account")
            }
            Conflict::AlreadyAttached => Self::field(
                "email",
                Code::AlreadyAttached,
                "is the address of a user who already has a role in the tenant",
            ),
            Conflict::AmbiguousAccount => Self::field(
                "email",
                Code::AmbiguousAccount,
                "is the address of several accounts, so that it names none of them",
            ),
            Conflict::LastProtectedRoleHolder => Self {
                place: None,
                code: Code::LastProtectedRoleHolder,
                detail: "A tenant would lose the last holder of a protected role.".into(),
            },
        }
    }
}
