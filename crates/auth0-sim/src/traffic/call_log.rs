//! The received requests with secrets redacted, and their number for each route.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::request::Request;

/// The maximum number of recorded requests.
const MAX_RECORDED: usize = 10_000;
/// The members of bodies whose values are redacted.
const REDACTED: [&str; 4] = ["password", "client_secret", "client_assertion", "refresh_token"];

/// A received request. `Debug` shows its route only, because the rest is personal data.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The route, as named by [`Control::calls`](crate::Control::calls).
    pub route: String,
    /// Path and query, not decoded.
    pub target: String,
    /// The headers by lower-case name. Of `authorization`, only the scheme is kept.
    pub headers: BTreeMap<String, String>,
    /// The body, if it is JSON or a form. The values of secret members are `[redacted]`.
    pub body: Option<Value>,
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest").field("route", &self.route).finish_non_exhaustive()
    }
}

/// The number of requests of each route, and the last requests.
#[derive(Default)]
pub(crate) struct CallLog {
    counts: BTreeMap<String, u64>,
    requests: VecDeque<RecordedRequest>,
}

impl CallLog {
    pub(crate) fn record(&mut self, route: &str, request: &Request) {
        *self.counts.entry(route.to_owned()).or_default() += 1;
        if self.requests.len() == MAX_RECORDED {
            self.requests.pop_front();
        }
        self.requests.push_back(RecordedRequest {
            method: request.method.to_string(),
            route: route.to_owned(),
            target: request.target.clone(),
            headers: headers(request),
            body: body(request),
        });
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.clone()
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

fn headers(request: &Request) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = if name == "authorization" {
            value.split(' ').next().unwrap_or_default().to_owned()
        } else {
            value.into_owned()
        };
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert(value);
    }
    headers
}

fn body(request: &Request) -> Option<Value> {
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let mut body = if is_form {
        let members = form_urlencoded::parse(&request.body);
        Value::Object(members.map(|(k, v)| (k.into_owned(), v.into_owned().into())).collect())
    } else {
        serde_json::from_slice(&request.body).ok()?
    };
    redact(&mut body);
    Some(body)
}

fn redact(value: &mut Value) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(redact);
    } else if let Value::Object(members) = value {
        redact_members(members);
    }
}

fn redact_members(members: &mut Map<String, Value>) {
    for (name, value) in members {
        if REDACTED.contains(&name.as_str()) {
            *value = "[redacted]".into();
        } else {
            redact(value);
        }
    }
}
