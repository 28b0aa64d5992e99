//! Errors of requests, before they are rendered.
//!
//! Handlers and extractors return an [`ApiError`]; [`crate::server::lifecycle`] logs it once and
//! renders it in the error format of the contract that the path belongs to. `detail` and
//! `field_errors` are for the client, `cause` is for the log only.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use application::UseCaseError;
use domain::Refusal;
use ports::{AccountField, Conflict, RejectedValue};

use crate::response::code::ErrorCode;
use crate::response::field_error::FieldError;

/// A response header that an error requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorHeader {
    /// `WWW-Authenticate` (RFC 6750 §3), the value after `Bearer`.
    Challenge(Cow<'static, str>),
    /// `Retry-After` (RFC 9110 §10.2.3), rounded up to seconds.
    RetryAfter(Duration),
    /// `Allow` (RFC 9110 §10.2.1).
    Allow(String),
}

/// An error as the client sees it.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    detail: Cow<'static, str>,
    field_errors: Vec<FieldError>,
    header: Option<ErrorHeader>,
    cause: Option<Box<dyn StdError>>,
}

impl ApiError {
    /// An error with a code and a sentence for the client.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field_errors: Vec::new(), header: None, cause: None }
    }

    /// An error that consists of these field errors; the first one determines the code.
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

    /// An unknown user: the same response for every reason, so that it discloses none.
    pub(crate) fn user_not_found() -> Self {
        Self::new(ErrorCode::UserNotFound, "The user was not found.")
    }

    /// A membership that the caller does not have.
    pub(crate) fn membership_not_found() -> Self {
        Self::new(ErrorCode::NotFound, "The caller has no such membership.")
    }

    /// A password that violates the directory's policy.
    pub(crate) fn weak_password(field: &'static str) -> Self {
        let detail = "does not meet the password policy of the user directory";
        Self::from_fields(vec![FieldError::field(field, ErrorCode::WeakPassword, detail)])
    }

    /// A failure inside the service that the client cannot influence.
    pub(crate) fn internal(cause: impl Into<Box<dyn StdError>>) -> Self {
        Self::new(ErrorCode::InternalError, "An internal error occurred.").with_cause(cause)
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with_header(mut self, header: ErrorHeader) -> Self {
        self.header = Some(header);
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub(crate) fn with_cause(mut self, cause: impl Into<Box<dyn StdError>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Returns the error code.
    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the sentence for the client.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns the errors about single fields.
    pub(crate) fn field_errors(&self) -> &[FieldError] {
        &self.field_errors
    }

    /// Returns the header that the response must have.
    pub(crate) fn header(&self) -> Option<&ErrorHeader> {
        self.header.as_ref()
    }

    /// Returns the cause for the log.
    pub(crate) fn cause(&self) -> Option<&dyn StdError> {
        self.cause.as_deref()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

/// A bare status; the request lifecycle adds the body, because it knows the contract and the
/// request id.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// The value of `Retry-After` if the cause gives none.
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
            .with_header(ErrorHeader::RetryAfter(retry_after.unwrap_or(DEFAULT_RETRY_AFTER))),
            UseCaseError::TooManyInvitations { retry_after } => Self::new(
                ErrorCode::TooManyRequests,
                "Too many invitations; retry after the time in Retry-After.",
            )
            .with_header(ErrorHeader::RetryAfter(retry_after)),
            UseCaseError::Unavailable { retry_after, source } => {
                let api_error = Self::new(
                    ErrorCode::DirectoryUnavailable,
                    "The user directory is unavailable; retry after the time in Retry-After.",
                )
                .with_header(ErrorHeader::RetryAfter(retry_after.unwrap_or(DEFAULT_RETRY_AFTER)));
                match source {
                    Some(source) => api_error.with_cause(source as Box<dyn StdError>),
                    None => api_error,
                }
            }
            UseCaseError::Timeout => directory_timeout().with_cause("the directory was too slow"),
            UseCaseError::Failed { source } => {
                Self::new(ErrorCode::DirectoryError, "The user directory returned an error.")
                    .with_cause(source as Box<dyn StdError>)
            }
        }
    }
}

/// The directory did not respond in time, and the outcome of a change is unknown.
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
                    .with_header(ErrorHeader::Challenge(challenge.into()))
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
            Refusal::AccountBlocked => {
                Self::new(ErrorCode::InsufficientPermission, "The caller's own account is blocked.")
            }
            Refusal::OperatorsOnly => Self::new(
                ErrorCode::InsufficientPermission,
                "Only operators, whose tokens cover every tenant, may do this.",
            ),
            Refusal::SubjectNotAnAccount => Self::new(
                ErrorCode::SubjectNotAnAccount,
                "The subject of the token is not an account of the user directory.",
            ),
        };
        api_error.with_cause(refusal)
    }
}

impl From<RejectedValue> for ApiError {
    fn from(value: RejectedValue) -> Self {
        let rejected = |field| {
            let detail = "is not accepted by the user directory";
            Self::from_fields(vec![FieldError::field(field, ErrorCode::ValidationFailed, detail)])
        };
        match value {
            RejectedValue::WeakPassword => Self::weak_password("password"),
            RejectedValue::Email => rejected("email"),
            RejectedValue::Username => rejected("username"),
            // The directory does not report which name it rejected.
            RejectedValue::Name => Self::new(
                ErrorCode::ValidationFailed,
                "A name is not accepted by the user directory.",
            ),
            RejectedValue::Unsupported(fields) if fields.is_empty() => Self::new(
                ErrorCode::ValidationFailed,
                "The user directory does not support this operation for this kind of account.",
            ),
            RejectedValue::Unsupported(fields) => {
                let error = |field| {
                    let detail = "is managed by another identity provider and cannot be changed";
                    FieldError::field(field_name(field), ErrorCode::ValidationFailed, detail)
                };
                Self::from_fields(fields.into_iter().map(error).collect())
            }
        }
    }
}

/// Returns the member of a body that holds the field.
fn field_name(field: AccountField) -> &'static str {
    match field {
        AccountField::Email => "email",
        AccountField::GivenName => "firstName",
        AccountField::FamilyName => "lastName",
        AccountField::DisplayName => "name",
        AccountField::Password => "newPassword",
    }
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        Self::from_fields(vec![conflict.into()])
    }
}
