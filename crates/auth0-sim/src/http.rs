//! A request and an answer as handlers see them, and the two forms of errors.

use std::net::IpAddr;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Map, Value, json};

/// A request whose body has been read.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query as they came.
    pub(crate) target: String,
    /// The path, split at `/` and only then percent-decoded, segment by segment.
    pub(crate) segments: Vec<String>,
    /// The query, decoded, in its order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Who is at the other end of the connection.
    pub(crate) client_ip: IpAddr,
    /// What stands in the place of the route's `{…}`, from left to right.
    pub(crate) params: Vec<String>,
    /// The scopes of the token, once it was looked at.
    pub(crate) granted: Vec<String>,
}

impl Request {
    /// What stands in the place of the route's `{…}`, by its place; "" if there is none.
    pub(crate) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the token carries the scope.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.granted.iter().any(|granted| granted == scope)
    }

    /// The body as a JSON object, or 400 `invalid_body` (wording assumed).
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, ApiError> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => {
                Err(ApiError::invalid_body("Payload validation error: 'Expected type object'."))
            }
            Err(_) => Err(ApiError::invalid_body("Invalid request payload JSON format")),
        }
    }
}

/// An answer before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An answer with a body of any kind.
    pub(crate) fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A refusal, in the form of the Management API or of the token endpoint.
#[derive(Debug, Clone)]
pub(crate) enum ApiError {
    /// `{"statusCode","error","message","errorCode"?}`: `errorCode` is often missing (observed).
    Management { status: u16, message: String, code: Option<&'static str> },
    /// `{"error","error_description"}` and whatever else (RFC 6749 §5.2).
    OAuth { status: u16, error: &'static str, description: String, more: Map<String, Value> },
}

impl ApiError {
    pub(crate) fn new(status: u16, message: impl Into<String>, code: &'static str) -> Self {
        Self::Management { status, message: message.into(), code: Some(code) }
    }

    /// Without an `errorCode`.
    pub(crate) fn bare(status: u16, message: impl Into<String>) -> Self {
        Self::Management { status, message: message.into(), code: None }
    }

    pub(crate) fn oauth(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self::OAuth { status, error, description: description.into(), more: Map::new() }
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

    /// The answer that tells it.
    pub(crate) fn into_answer(self) -> Answer {
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
                Answer::json(status, &body)
            }
            Self::OAuth { status, error, description, more } => {
                let mut body = json!({"error": error, "error_description": description});
                if let Some(members) = body.as_object_mut() {
                    members.extend(more);
                }
                Answer::json(status, &body)
            }
        }
    }
}
