//! A request as handlers receive it.

use std::net::IpAddr;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::error::ApiError;

/// A request whose body has been read.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query, not decoded.
    pub(crate) target: String,
    /// The path, split at `/` and then percent-decoded segment by segment.
    pub(crate) segments: Vec<String>,
    /// The decoded query parameters, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The address of the client.
    pub(crate) client_ip: IpAddr,
    /// The values of the route's `{…}` segments, from left to right.
    pub(crate) params: Vec<String>,
    /// The scopes of the token, after authorization.
    pub(crate) granted: Vec<String>,
}

impl Request {
    /// Returns the value of a `{…}` segment by its index, or "" if there is none.
    pub(crate) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// Returns the first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns whether the token has the scope.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.granted.iter().any(|granted| granted == scope)
    }

    /// Returns the body as a JSON object, or 400 `invalid_body` (wording assumed).
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
