//! The table of error codes and their HTTP statuses.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident $text:literal $status:ident;)*) => {
        /// A machine-readable error code, the same in both contracts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum ErrorCode { $($(#[doc = $doc])* $variant,)* }

        impl ErrorCode {
            /// All codes.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the published code.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Returns the sentences about the code in the OpenAPI document.
            fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii(),)* }
            }

            /// Returns the HTTP status of the code (RFC 9110 §15, RFC 6585 §4).
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    /// The request is malformed: the body is not JSON, a member is missing or has the wrong type,
    /// or a query parameter is malformed.
    MalformedRequest "malformed_request" BAD_REQUEST;
    /// The operation does not have this query parameter.
    UnknownParameter "unknown_parameter" BAD_REQUEST;
    /// The request has no bearer token.
    MissingToken "missing_token" UNAUTHORIZED;
    /// The bearer token is not valid.
    InvalidToken "invalid_token" UNAUTHORIZED;
    /// The token or the caller's role does not allow the operation.
    InsufficientPermission "insufficient_permission" FORBIDDEN;
    /// The token does not cover the tenant.
    TenantForbidden "tenant_forbidden" FORBIDDEN;
    /// The account's home tenant is another one.
    ManagedByAnotherTenant "managed_by_another_tenant" FORBIDDEN;
    /// The subject of the token is no account of the directory.
    SubjectNotAnAccount "subject_not_an_account" FORBIDDEN;
    /// The user does not exist or is hidden from the caller.
    UserNotFound "user_not_found" NOT_FOUND;
    /// The path does not exist.
    NotFound "not_found" NOT_FOUND;
    /// The path does not support the method.
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED;
    /// The client does not accept JSON.
    NotAcceptable "not_acceptable" NOT_ACCEPTABLE;
    /// The client sent its request too slowly.
    RequestTimeout "request_timeout" REQUEST_TIMEOUT;
    /// The user already has a role in the tenant.
    AlreadyAttached "already_attached" CONFLICT;
    /// Another account has the e-mail address.
    EmailTaken "email_taken" CONFLICT;
    /// Another account has the username.
    UsernameTaken "username_taken" CONFLICT;
    /// Several accounts have the e-mail address.
    AmbiguousAccount "ambiguous_account" CONFLICT;
    /// A tenant would lose the last holder of a protected role.
    LastProtectedRoleHolder "last_protected_role_holder" CONFLICT;
    /// The account is not attached to the tenant.
    NotAttached "not_attached" CONFLICT;
    /// The directory sends no mail.
    MailUnavailable "mail_unavailable" CONFLICT;
    /// The path and the query are too long.
    UriTooLong "uri_too_long" URI_TOO_LONG;
    /// The header fields are too large.
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE;
    /// The body is too large.
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE;
    /// The content type of the body is not JSON.
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE;
    /// A value is of the right type, but not valid.
    ValidationFailed "validation_failed" UNPROCESSABLE_ENTITY;
    /// The role does not exist.
    UnknownRole "unknown_role" UNPROCESSABLE_ENTITY;
    /// The password violates the directory's policy.
    WeakPassword "weak_password" UNPROCESSABLE_ENTITY;
    /// The given current password is wrong.
    CurrentPasswordMismatch "current_password_mismatch" UNPROCESSABLE_ENTITY;
    /// Too many attempts with a wrong current password.
    TooManyAttempts "too_many_attempts" TOO_MANY_REQUESTS;
    /// The caller exceeded its rate limit.
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS;
    /// The service failed.
    InternalError "internal_error" INTERNAL_SERVER_ERROR;
    /// The directory returned an error.
    DirectoryError "directory_error" BAD_GATEWAY;
    /// The directory is unavailable.
    DirectoryUnavailable "directory_unavailable" SERVICE_UNAVAILABLE;
    /// The keys that verify the token are unavailable.
    KeysUnavailable "keys_unavailable" SERVICE_UNAVAILABLE;
    /// The service is shutting down.
    ShuttingDown "shutting_down" SERVICE_UNAVAILABLE;
    /// The service is overloaded.
    Overloaded "overloaded" SERVICE_UNAVAILABLE;
    /// The directory did not respond in time.
    DirectoryTimeout "directory_timeout" GATEWAY_TIMEOUT;
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The schema lists [`ErrorCode::ALL`].
impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let descriptions: Vec<_> = Self::ALL.iter().map(|code| code.description()).collect();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .description(Some(
                "A machine-readable error code. Later versions may add codes; treat an unknown one by its status.",
            ))
            .extensions(Some(
                ExtensionsBuilder::new().add("x-enum-descriptions", descriptions).build(),
            ))
            .into()
    }
}

impl ToSchema for ErrorCode {
    fn name() -> Cow<'static, str> {
        "ErrorCode".into()
    }
}

impl ErrorCode {
    /// Returns the code of an error of the framework, of which only the status is known.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::InvalidToken,
            StatusCode::FORBIDDEN => Self::InsufficientPermission,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Self::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::URI_TOO_LONG => Self::UriTooLong,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Self::HeadersTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Self::TooManyRequests,
            other if other.is_client_error() => Self::MalformedRequest,
            _ => Self::InternalError,
        }
    }
}
