//! The error formats of the Management API and of the Authentication API.

use serde_json::{Map, Value, json};

use super::response::Response;
use crate::crypto::CryptoError;

/// An error response of the Management API or of the Authentication API.
#[derive(Debug, Clone)]
pub(crate) enum ApiError {
    /// `{"statusCode","error","message","errorCode"?}`; `errorCode` is often missing (observed).
    Management { status: u16, message: String, code: Option<&'static str> },
    /// `{"error","error_description"}` and optional further members (RFC 6749 §5.2).
    OAuth { status: u16, error: &'static str, description: String, extra: Map<String, Value> },
}

impl ApiError {
    pub(crate) fn new(status: u16, message: impl Into<String>, code: &'static str) -> Self {
        Self::Management { status, message: message.into(), code: Some(code) }
    }

    /// Returns a Management API error without an `errorCode`.
    pub(crate) fn bare(status: u16, message: impl Into<String>) -> Self {
        Self::Management { status, message: message.into(), code: None }
    }

    pub(crate) fn oauth(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self::OAuth { status, error, description: description.into(), extra: Map::new() }
    }

    pub(crate) fn invalid_body(message: impl Into<String>) -> Self {
        Self::new(400, message, "invalid_body")
    }

    pub(crate) fn invalid_query(message: impl Into<String>) -> Self {
        Self::new(400, message, "invalid_query_string")
    }

    pub(crate) fn invalid_uri(message: impl Into<String>) -> Self {
        Self::new(400, message, "invalid_uri")
    }

    pub(crate) fn inexistent_user() -> Self {
        Self::new(404, "The user does not exist.", "inexistent_user")
    }

    pub(crate) fn insufficient_scope(expected: &[&str]) -> Self {
        let message = format!("Insufficient scope, expected any of: {}", expected.join(","));
        Self::new(403, message, "insufficient_scope")
    }

    /// Returns the response that reports this error.
    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Management { status, message, code } => {
                let reason = hyper::StatusCode::from_u16(status)
                    .ok()
                    .and_then(|status| status.canonical_reason())
                    .unwrap_or("Error");
                let mut body = json!({"statusCode": status, "error": reason, "message": message});
                if let (Some(code), Some(members)) = (code, body.as_object_mut()) {
                    members.insert("errorCode".to_owned(), code.into());
                }
                Response::json(status, &body)
            }
            Self::OAuth { status, error, description, extra } => {
                let mut body = json!({"error": error, "error_description": description});
                if let Some(members) = body.as_object_mut() {
                    members.extend(extra);
                }
                Response::json(status, &body)
            }
        }
    }
}

impl From<CryptoError> for ApiError {
    fn from(_: CryptoError) -> Self {
        Self::oauth(500, "server_error", "The token could not be signed.")
    }
}
