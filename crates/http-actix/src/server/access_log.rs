//! The access log: one entry per request.
//!
//! An entry contains no path, no query and no unusual method, because clients can write anything
//! into them. It contains the template of the matched route, and only a well-formed tenant name.
//! The caller is identified by a digest that is the same for all of a caller's requests.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use domain::{CallerKey, TenantId};

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use ports::error_chain;
use telemetry::{EntryKind, TraceParent};

/// What is found out about a request for its log entry.
#[derive(Debug, Default)]
pub(crate) struct LogFields(Inner);

#[derive(Debug, Default)]
struct Inner {
    caller: Cell<Option<CallerKey>>,
    tenant: RefCell<Option<TenantId>>,
    issuer: RefCell<Option<String>>,
}

impl LogFields {
    /// Sets the caller.
    pub(crate) fn set_caller(&self, caller: CallerKey) {
        self.0.caller.set(Some(caller));
    }

    /// Sets the configured issuer of a rejected token.
    pub(crate) fn set_issuer(&self, issuer: Option<String>) {
        *self.0.issuer.borrow_mut() = issuer;
    }

    /// Sets the tenant that the request is about.
    pub(crate) fn set_tenant(&self, tenant: Option<&TenantId>) {
        if let Some(tenant) = tenant {
            *self.0.tenant.borrow_mut() = Some(tenant.clone());
        }
    }
}

/// The entries. Log filters select them by the target.
pub(crate) static ACCESS_LOG: EntryKind = EntryKind::new(
    "usher_http::access",
    "request",
    &[
        "request_id",
        "traceparent",
        "method",
        "route",
        "status",
        "code",
        "tenant",
        "caller",
        "issuer",
        "duration_ms",
        "upstream_calls",
        "cause",
    ],
);

/// The status of a request whose client is gone, as in nginx. It is never sent.
pub(crate) const CLIENT_CLOSED_REQUEST: u16 = 499;

const ABANDONED: &str =
    "dropped before its response: the service stopped, or the client disconnected";

/// The contents of an entry.
#[derive(Debug)]
pub(crate) struct AccessLogEntry<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) trace: TraceParent,
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) api_error: Option<&'a ApiError>,
    pub(crate) log_fields: &'a LogFields,
    pub(crate) duration: Duration,
    pub(crate) upstream_calls: u32,
}

impl AccessLogEntry<'_> {
    /// Writes the entry, if the filter of the log selects it.
    pub(crate) fn write(&self) {
        ACCESS_LOG.write(self.level(), |fields| {
            fields.text("request_id", self.request_id);
            let traceparent = self.trace.to_text();
            let traceparent = std::str::from_utf8(&traceparent).unwrap_or_default();
            fields.display("traceparent", traceparent);
            fields.text("method", self.method);
            fields.text("route", self.route);
            fields.number("status", self.status.into());
            if let Some(api_error) = self.api_error {
                fields.text("code", api_error.code().as_str());
            }
            if let Some(tenant) = &*self.log_fields.0.tenant.borrow() {
                fields.text("tenant", tenant.as_str());
            }
            if let Some(caller) = self.log_fields.0.caller.get() {
                fields.hex("caller", caller.prefix());
            }
            if let Some(issuer) = &*self.log_fields.0.issuer.borrow() {
                fields.text("issuer", issuer);
            }
            // Microseconds are precise enough.
            let micros = u32::try_from(self.duration.as_micros()).unwrap_or(u32::MAX);
            fields.thousandths("duration_ms", micros.into());
            fields.number("upstream_calls", self.upstream_calls.into());
            if let Some(cause) = self.api_error.and_then(ApiError::cause) {
                fields.text("cause", &error_chain(cause));
            } else if self.status == CLIENT_CLOSED_REQUEST {
                fields.text("cause", ABANDONED);
            }
        });
    }

    fn level(&self) -> tracing::Level {
        // Probes and scrapes are frequent, and changes of readiness are logged elsewhere.
        if self.route.starts_with("/health/") || self.route == "/metrics" {
            return tracing::Level::DEBUG;
        }
        match self.api_error.map(ApiError::code) {
            // Overload is not a failure of the service, and such entries come in large numbers.
            Some(ErrorCode::Overloaded) => tracing::Level::WARN,
            _ if self.status >= 500 => tracing::Level::ERROR,
            _ => tracing::Level::INFO,
        }
    }
}
