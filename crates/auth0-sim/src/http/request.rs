//! A request as handlers see it.

use std::net::IpAddr;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::error::ApiError;

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
