//! The one table of error codes and their HTTP statuses.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $text:literal $status:ident;)*) => {
        /// What went wrong, in a word that programs can rely on. The same in both contracts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The published word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The HTTP status that it goes with (RFC 9110 §15, RFC 6585 §4).
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be read: not JSON, a member missing or of the wrong type, a malformed
    /// query parameter.
    MalformedRequest "malformed_request" BAD_REQUEST;
    /// The operation has no such query parameter.
    UnknownParameter "unknown_parameter" BAD_REQUEST;
    /// There is no bearer token.
    MissingToken "missing_token" UNAUTHORIZED;
    /// The bearer token is not accepted.
    InvalidToken "invalid_token" UNAUTHORIZED;
    /// The token, or the caller's role, does not allow it.
    InsufficientPermission "insufficient_permission" FORBIDDEN;
    /// The token does not cover the tenant.
    TenantForbidden "tenant_forbidden" FORBIDDEN;
    /// The account is at home in another tenant.
    ManagedByAnotherTenant "managed_by_another_tenant" FORBIDDEN;
    /// There is no such user here.
    UserNotFound "user_not_found" NOT_FOUND;
    /// There is nothing at this path.
    NotFound "not_found" NOT_FOUND;
    /// The path does not have this method.
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED;
    /// The client accepts none of the representations there are.
    NotAcceptable "not_acceptable" NOT_ACCEPTABLE;
    /// The client took too long to send its request.
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
    /// The path and the query are longer than the service takes.
    UriTooLong "uri_too_long" URI_TOO_LONG;
    /// The header fields are larger than the service takes.
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE;
    /// The body is larger than the service takes.
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE;
    /// The body is not JSON by its own account.
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE;
    /// A value is well-formed JSON, but not acceptable.
    ValidationFailed "validation_failed" UNPROCESSABLE_ENTITY;
    /// There is no such role.
    UnknownRole "unknown_role" UNPROCESSABLE_ENTITY;
    /// The password is against the directory's policy.
    WeakPassword "weak_password" UNPROCESSABLE_ENTITY;
    /// What was given as the current password is not it.
    CurrentPasswordMismatch "current_password_mismatch" UNPROCESSABLE_ENTITY;
    /// Too many wrong current passwords.
    TooManyAttempts "too_many_attempts" TOO_MANY_REQUESTS;
    /// Too many requests.
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS;
    /// The service failed by itself.
    InternalError "internal_error" INTERNAL_SERVER_ERROR;
    /// The directory behind the service failed.
    DirectoryError "directory_error" BAD_GATEWAY;
    /// The directory behind the service cannot take the call for now.
    DirectoryUnavailable "directory_unavailable" SERVICE_UNAVAILABLE;
    /// The keys to check the token with cannot be had for now.
    KeysUnavailable "keys_unavailable" SERVICE_UNAVAILABLE;
    /// The service is about to end.
    ShuttingDown "shutting_down" SERVICE_UNAVAILABLE;
    /// There is no room for the request for now.
    Overloaded "overloaded" SERVICE_UNAVAILABLE;
    /// The directory behind the service did not answer in time.
    DirectoryTimeout "directory_timeout" GATEWAY_TIMEOUT;
}

impl ErrorCode {
    /// The code of an error that the framework made by itself, of which only the status is known.
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
