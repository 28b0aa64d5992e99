//! The one line in the log about each request.
//!
//! It holds no path, no query and no method of a client's own making, which hold whatever clients
//! like: the route is the template that matched, and the tenant a name that could be one. Who
//! called is told by a digest, which is the same for all of a caller's requests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpMessage;
use domain::{CallerKey, TenantId};

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use ports::error_chain;
use telemetry::TraceParent;

/// What becomes known of a request on its way inwards, and is wanted for the line when it has come
/// to its end, also by then if the request itself is lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogFields(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    caller: Cell<Option<CallerKey>>,
    tenant: RefCell<Option<TenantId>>,
    issuer: RefCell<Option<String>>,
}

impl LogFields {
    /// Those of the request. Where the edge is missing, as in tests of a part, nobody reads them.
    pub(crate) fn of(request: &impl HttpMessage) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// This is who calls.
    pub(crate) fn caller(&self, caller: CallerKey) {
        self.0.caller.set(Some(caller));
    }

    /// This is the issuer, as it is configured, of a token that was not accepted.
    pub(crate) fn issuer(&self, issuer: Option<String>) {
        *self.0.issuer.borrow_mut() = issuer;
    }

    /// This is the tenant that it is about.
    pub(crate) fn tenant(&self, tenant: Option<&TenantId>) {
        if let Some(tenant) = tenant {
            *self.0.tenant.borrow_mut() = Some(tenant.clone());
        }
    }
}

/// What the filter of the log knows these lines by.
const TARGET: &str = "usher_http::access";

/// The status of requests that nobody waited for, which is never sent: the number that nginx has
/// made usual for it.
pub(crate) const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What the line says.
#[derive(Debug)]
pub(crate) struct AccessLogEntry<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) trace: TraceParent,
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) api_error: Option<&'a ApiError>,
    pub(crate) log_fields: &'a LogFields,
    pub(crate) took: Duration,
    pub(crate) upstream_calls: u32,
}

/// Writes one event at a level that is known only now; `tracing` wants a constant.
macro_rules! at_level {
    ($level:expr, $($fields:tt)*) => {
        match $level {
            tracing::Level::ERROR => tracing::error!($($fields)*),
            tracing::Level::WARN => tracing::warn!($($fields)*),
            tracing::Level::INFO => tracing::info!($($fields)*),
            tracing::Level::DEBUG => tracing::debug!($($fields)*),
            tracing::Level::TRACE => tracing::trace!($($fields)*),
        }
    };
}

impl AccessLogEntry<'_> {
    /// Writes it.
    pub(crate) fn write(&self) {
        let Self { request_id, method, route, status, upstream_calls, .. } = *self;
        let code = self.api_error.map(|api_error| api_error.code().as_str());
        let abandoned = || {
            let cause =
                "it was dropped before its answer: the service was stopped, or the client was gone";
            (status == CLIENT_CLOSED_REQUEST).then(|| cause.to_owned())
        };
        let cause = self.api_error.and_then(ApiError::cause).map(error_chain).or_else(abandoned);
        let caller = self.log_fields.0.caller.get().map(|caller| caller.to_string());
        let tenant = self.log_fields.0.tenant.borrow();
        let tenant = tenant.as_ref().map(TenantId::as_str);
        let issuer = self.log_fields.0.issuer.borrow();
        let issuer = issuer.as_deref();
        // To the microsecond: more is noise.
        let duration_ms = f64::from(u32::try_from(self.took.as_micros()).unwrap_or(u32::MAX)) / 1e3;
        at_level!(
            self.level(),
            target: TARGET,
            parent: None,
            request_id,
            traceparent = %self.trace,
            method,
            route,
            status,
            code,
            tenant,
            caller,
            issuer,
            duration_ms,
            upstream_calls,
            cause,
            "request"
        );
    }

    fn level(&self) -> tracing::Level {
        // Probes and scrapes come every few seconds. What they learn is logged when it changes.
        if self.route.starts_with("/health/") || self.route == "/metrics" {
            return tracing::Level::DEBUG;
        }
        match self.api_error.map(ApiError::code) {
            // Too much has come, which is no error of the service, and comes in crowds.
            Some(ErrorCode::Overloaded) => tracing::Level::WARN,
            _ if self.status >= 500 => tracing::Level::ERROR,
            _ => tracing::Level::INFO,
        }
    }
}
