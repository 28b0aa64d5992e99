//! The requests that come in.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::response::code::ErrorCode;
use telemetry::{DURATION_BUCKETS, Label};

/// The template of the path that a request matched, such as `/api/v1/users/{userId}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Route(Arc<str>);

impl Route {
    /// The route with this template.
    pub(crate) fn new(template: &str) -> Self {
        Self(template.into())
    }

    /// What no route matched.
    fn unmatched() -> Self {
        Self::new("unmatched")
    }

    /// The template.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RequestLabels {
    route: Route,
    method: &'static str,
    status: u16,
}

impl EncodeLabelSet for RequestLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("route", self.route.as_str()), ("method", self.method)].encode(encoder)?;
        [("status", self.status)].encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct DurationLabels {
    route: Route,
    status: u16,
}

impl EncodeLabelSet for DurationLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("route", self.route.as_str())].encode(encoder)?;
        [("status", self.status)].encode(encoder)
    }
}

/// Why a request got no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShedReason {
    /// Too many waited already.
    QueueFull,
    /// It waited, but for too long.
    WaitedTooLong,
}

impl ShedReason {
    /// The word for it, in metrics and in the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::WaitedTooLong => "waited_too_long",
        }
    }
}

/// Counts of requests and connections.
#[derive(Debug, Clone)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    errors: Family<Label<1>, Counter>,
    durations: Family<DurationLabels, Histogram, fn() -> Histogram>,
    /// Requests that hold a place.
    pub(crate) in_flight: Gauge,
    /// Requests that wait for one.
    pub(crate) queued: Gauge,
    shed: Family<Label<1>, Counter>,
    /// Requests that nobody waited for any more.
    pub(crate) abandoned: Counter,
    /// Open connections.
    pub(crate) connections: Gauge,
    most_in_flight: Gauge,
    most_queued: Gauge,
    most_connections: Gauge,
}

impl HttpMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests by route template, method and status",
            requests.clone(),
        );
        let errors = Family::<Label<1>, Counter>::default();
        for code in ErrorCode::ALL {
            drop(errors.get_or_create(&Label([("code", code.as_str())])));
        }
        registry.register(
            "http_errors",
            "Requests that were not done, by the code of the error",
            errors.clone(),
        );
        let histogram: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS);
        let durations = Family::new_with_constructor(histogram);
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer, by route template and status",
            Unit::Seconds,
            durations.clone(),
        );
        let [in_flight, queued, connections] = <[Gauge; 3]>::default();
        registry.register(
            "http_requests_in_flight",
            "Requests that are worked on, after their token was verified",
            in_flight.clone(),
        );
        registry.register(
            "http_requests_queued",
            "Requests that wait until there is room for them",
            queued.clone(),
        );
        registry.register("http_connections", "Open connections of clients", connections.clone());
        let abandoned = Counter::default();
        registry.register(
            "http_requests_abandoned",
            "Requests that were dropped before their answer, most of them at a stop",
            abandoned.clone(),
        );
        let shed = Family::<Label<1>, Counter>::default();
        for reason in [ShedReason::QueueFull, ShedReason::WaitedTooLong] {
            drop(shed.get_or_create(&Label([("reason", reason.as_str())])));
        }
        registry.register(
            "http_requests_shed",
            "Requests that were turned away for want of room, by reason",
            shed.clone(),
        );
        let [most_in_flight, most_queued, most_connections] = <[Gauge; 3]>::default();
        for (name, help, gauge) in [
            (
                "http_requests_in_flight_limit",
                "How many requests are worked on at most",
                &most_in_flight,
            ),
            ("http_requests_queued_limit", "How many requests wait at most", &most_queued),
            ("http_connections_limit", "How many connections there are at most", &most_connections),
        ] {
            registry.register(name, help, gauge.clone());
        }
        Self {
            requests,
            errors,
            durations,
            in_flight,
            queued,
            shed,
            abandoned,
            connections,
            most_in_flight,
            most_queued,
            most_connections,
        }
    }

    /// Says how much there may be at most.
    pub(crate) fn limits(&self, in_flight: usize, queued: usize, connections: usize) {
        for (gauge, most) in [
            (&self.most_in_flight, in_flight),
            (&self.most_queued, queued),
            (&self.most_connections, connections),
        ] {
            gauge.set(i64::try_from(most).unwrap_or(i64::MAX));
        }
    }

    /// Counts a request that was not done.
    pub(crate) fn error(&self, code: ErrorCode) {
        self.errors.get_or_create(&Label([("code", code.as_str())])).inc();
    }

    /// Counts one request. What matched no route, or has an unusual method, is counted together,
    /// so that clients cannot make up new time series.
    pub(crate) fn request(
        &self,
        route: Option<&Route>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let route = route.cloned().unwrap_or_else(Route::unmatched);
        let (method, status) = (known_method(method), status.as_u16());
        let labels = DurationLabels { route: route.clone(), status };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { route, method, status }).inc();
    }

    /// Counts a request that got no place.
    pub(crate) fn shed(&self, reason: ShedReason) {
        self.shed.get_or_create(&Label([("reason", reason.as_str())])).inc();
    }
}

/// A method that is no label of a client's own making.
pub(crate) fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
