//! Faults: everything that keeps a request from its answer, on the way to becoming a response.
//!
//! Handlers and extractors give up with a [`ApiError`] by `?`; the [`crate::server::lifecycle`] turns it into the
//! error body of the contract that the path belongs to, and logs it, once.
//! What a client may read is in `detail` and `field_errors`; what only the log keeps is in `cause`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use application::UseCaseError;
use domain::Refusal;
use ports::{Conflict, RejectedValue};

use crate::response::code::ErrorCode;
use crate::response::field_error::FieldError;

/// A header that an error asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorHeader {
    /// `WWW-Authenticate` (RFC 6750 §3), the value after `Bearer`.
    Challenge(Cow<'static, str>),
    /// `Retry-After` (RFC 9110 §10.2.3), in seconds, rounded up.
    RetryAfter(Duration),
    /// `Allow` (RFC 9110 §10.2.1).
    Allow(String),
}

/// Why a request gets no answer of its own.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    detail: Cow<'static, str>,
    field_errors: Vec<FieldError>,
    header: Option<ErrorHeader>,
    cause: Option<Box<dyn StdError>>,
}

impl ApiError {
    /// A error that is told by its code and a sentence for the client.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field_errors: Vec::new(), header: None, cause: None }
    }

    /// An error that consists of these; the first one gives the code.
    pub(crate) fn from_fields(field_errors: Vec<FieldError>) -> Self {
        let (code, detail) = match field_errors.as_slice() {
            [] => (ErrorCode::MalformedRequest, "The request is malformed.".into()),
            [only] => (only.code, only.detail.clone()),
            [first, ..] => {
                (first.code, "Several values are invalid; `errors` lists all of them.".into())
            }
        };
        Self { field_errors, ..Self::new(code, detail) }
    }

    /// There is no such user here: one answer for all reasons, so that it betrays none.
    pub(crate) fn user_not_found() -> Self {
        Self::new(ErrorCode::UserNotFound, "The user was not found.")
    }

    /// The password in this member of the body is against the directory's policy.
    pub(crate) fn weak_password(field: &'static str) -> Self {
        let detail = "does not meet the password policy of the user directory";
        Self::from_fields(vec![FieldError::field(field, ErrorCode::WeakPassword, detail)])
    }

    /// Something inside went wrong that the client can do nothing about.
    pub(crate) fn internal(cause: impl Into<Box<dyn StdError>>) -> Self {
        Self::new(ErrorCode::InternalError, "An internal error occurred.").because(cause)
    }

    /// With a header.
    #[must_use]
    pub(crate) fn with(mut self, header: ErrorHeader) -> Self {
        self.header = Some(header);
        self
    }

    /// With a cause for the log.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Into<Box<dyn StdError>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What went wrong.
    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    /// What went wrong, in words for the client.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Where in the request, if that can be said.
    pub(crate) fn field_errors(&self) -> &[FieldError] {
        &self.field_errors
    }

    /// The header it asks for.
    pub(crate) fn header(&self) -> Option<&ErrorHeader> {
        self.header.as_ref()
    }

    /// What the log should keep.
    pub(crate) fn cause(&self) -> Option<&dyn StdError> {
        self.cause.as_deref()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

/// A bare status; the edge gives it its body, since only it knows the contract and request id.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// How long a client should wait when nobody knows better.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

impl From<UseCaseError> for ApiError {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Hidden => Self::user_not_found(),
            UseCaseError::Refused(refusal) => refusal.into(),
            UseCaseError::Conflict(conflict) => conflict.into(),
            UseCaseError::Rejected(value) => value.into(),
            UseCaseError::CurrentPasswordMismatch => Self::from_fields(vec![FieldError::field(
                "currentPassword",
                ErrorCode::CurrentPasswordMismatch,
                "is not the current password of the user",
            )]),
            UseCaseError::TooManyAttempts { retry_after } => Self::new(
                ErrorCode::TooManyAttempts,
                "Too many attempts with a wrong current password; retry after the time in Retry-After.",
            )
            .with(ErrorHeader::RetryAfter(retry_after.unwrap_or(DEFAULT_RETRY_AFTER))),
            UseCaseError::Unavailable { retry_after, source } => {
                let api_error = Self::new(
                    ErrorCode::DirectoryUnavailable,
                    "The user directory is unavailable; retry after the time in Retry-After.",
                )
                .with(ErrorHeader::RetryAfter(retry_after.unwrap_or(DEFAULT_RETRY_AFTER)));
                match source {
                    Some(source) => api_error.because(source as Box<dyn StdError>),
                    None => api_error,
                }
            }
            UseCaseError::Timeout => directory_timeout().because("the directory was too slow"),
            UseCaseError::Failed { source } => {
                Self::new(ErrorCode::DirectoryError, "The user directory returned an error.")
                    .because(source as Box<dyn StdError>)
            }
        }
    }
}

/// The directory did not answer in time; nobody knows whether a change was made.
pub(crate) fn directory_timeout() -> ApiError {
    ApiError::new(
        ErrorCode::DirectoryTimeout,
        "The user directory did not respond in time; a change may or may not have been made.",
    )
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let api_error = match refusal {
            Refusal::MissingPermission(permission) => {
                let permission = permission.as_str();
                let detail = format!("The token lacks the permission {permission}.");
                // RFC 6750 §3.1
                let challenge = format!("error=\"insufficient_scope\", scope=\"{permission}\"");
                Self::new(ErrorCode::InsufficientPermission, detail)
                    .with(ErrorHeader::Challenge(challenge.into()))
            }
            Refusal::TenantNotCovered => {
                Self::new(ErrorCode::TenantForbidden, "The token does not cover this tenant.")
            }
            Refusal::InsufficientRole => Self::new(
                ErrorCode::InsufficientPermission,
                "The caller's role in the tenant does not allow this operation.",
            ),
            Refusal::ManagedByAnotherTenant => Self::new(
                ErrorCode::ManagedByAnotherTenant,
                "The account is managed by another tenant; only that tenant can change it.",
            ),
            Refusal::RoleAboveOwn => Self::new(
                ErrorCode::InsufficientPermission,
                "The role ranks above the caller's own role in the tenant.",
            ),
            Refusal::AccountBlocked => Self::new(
                ErrorCode::InsufficientPermission,
                "The account is blocked and cannot change its own password.",
            ),
        };
        api_error.because(refusal)
    }
}

impl From<RejectedValue> for ApiError {
    fn from(value: RejectedValue) -> Self {
        let against_the_rules = |field| {
            let detail = "is not accepted by the user directory";
            Self::from_fields(vec![FieldError::field(field, ErrorCode::ValidationFailed, detail)])
        };
        match value {
            RejectedValue::WeakPassword => Self::weak_password("password"),
            RejectedValue::Email => against_the_rules("email"),
            RejectedValue::Username => against_the_rules("username"),
            // Which of them the directory means, and what the contract calls it, is not known.
            RejectedValue::Name => Self::new(
                ErrorCode::ValidationFailed,
                "A name is not accepted by the user directory.",
            ),
            RejectedValue::Unsupported => Self::new(
                ErrorCode::ValidationFailed,
                "The user directory does not support this operation for this kind of account.",
            ),
        }
    }
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        Self::from_fields(vec![conflict.into()])
    }
}
