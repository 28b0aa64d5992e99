//! Metrics of incoming requests and connections.

use std::cell::RefCell;
use std::rc::Rc;
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

/// The template of the path that a request matched, such as `/api/v1/users/{userId}`. Cheap to
/// clone; clones share the metrics that were looked up.
#[derive(Debug, Clone)]
pub(crate) struct Route(Rc<RouteMetrics>);

#[derive(Debug)]
struct RouteMetrics {
    template: Arc<str>,
    /// The metrics of the route's responses so far, of few methods and statuses.
    known: RefCell<Vec<RequestMetrics>>,
}

/// The metrics of the requests with one route, method and status.
#[derive(Debug, Clone)]
struct RequestMetrics {
    method: &'static str,
    status: u16,
    count: Counter,
    durations: Histogram,
}

impl RequestMetrics {
    fn record(&self, took: Duration) {
        self.durations.observe(took.as_secs_f64());
        self.count.inc();
    }
}

/// The label of requests that no route matched.
const UNMATCHED: &str = "unmatched";

impl Route {
    /// Returns the route with this template.
    pub(crate) fn new(template: &str) -> Self {
        Self(Rc::new(RouteMetrics { template: template.into(), known: RefCell::default() }))
    }

    /// Returns the template.
    pub(crate) fn as_str(&self) -> &str {
        &self.0.template
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RequestLabels {
    route: Arc<str>,
    method: &'static str,
    status: u16,
}

impl EncodeLabelSet for RequestLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("route", &*self.route), ("method", self.method)].encode(encoder)?;
        [("status", self.status)].encode(encoder)
    }
}

/// The reason why a request was shed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShedReason {
    /// The queue was full.
    QueueFull,
    /// It waited longer than `overload.max_wait_ms`.
    WaitedTooLong,
    /// A full list waited for memory for longer than that.
    ListMemory,
}

impl ShedReason {
    /// Returns the label in metrics and in the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::WaitedTooLong => "waited_too_long",
            Self::ListMemory => "list_memory",
        }
    }
}

/// The reason why a response ended in the middle of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AbortReason {
    /// The rest of a list could not be read.
    Failed,
    /// The client left or did not read, or the service stopped.
    Abandoned,
}

impl AbortReason {
    const ALL: [Self; 2] = [Self::Failed, Self::Abandoned];

    fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Metrics of requests and connections. Cheap to clone; clones share the counts.
#[derive(Debug, Clone)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    errors: Family<Label<1>, Counter>,
    durations: Family<RequestLabels, Histogram, fn() -> Histogram>,
    /// Requests that hold a permit.
    pub(crate) in_flight: Gauge,
    /// Requests that wait for a permit.
    pub(crate) queued: Gauge,
    shed: Family<Label<1>, Counter>,
    /// Requests whose client disconnected before the response.
    pub(crate) abandoned: Counter,
    aborted: Family<Label<1>, Counter>,
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
        registry.register("http_errors", "Failed requests by error code", errors.clone());
        let histogram: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS);
        let durations = Family::new_with_constructor(histogram);
        registry.register_with_unit(
            "http_request_duration",
            "Time from the head of a request to its response, by route template, method and status",
            Unit::Seconds,
            durations.clone(),
        );
        let [in_flight, queued, connections] = <[Gauge; 3]>::default();
        registry.register(
            "http_requests_in_flight",
            "Requests that hold a permit, after their token was verified",
            in_flight.clone(),
        );
        registry.register(
            "http_requests_queued",
            "Requests that wait for a permit",
            queued.clone(),
        );
        registry.register("http_connections", "Open connections of clients", connections.clone());
        let abandoned = Counter::default();
        registry.register(
            "http_requests_abandoned",
            "Requests dropped before their response, most of them during a shutdown",
            abandoned.clone(),
        );
        let aborted = Family::<Label<1>, Counter>::default();
        for reason in AbortReason::ALL {
            drop(aborted.get_or_create(&Label([("reason", reason.as_str())])));
        }
        registry.register(
            "http_responses_aborted",
            "Responses that ended in the middle of a full list, by reason",
            aborted.clone(),
        );
        let shed = Family::<Label<1>, Counter>::default();
        for reason in [ShedReason::QueueFull, ShedReason::WaitedTooLong, ShedReason::ListMemory] {
            drop(shed.get_or_create(&Label([("reason", reason.as_str())])));
        }
        registry.register(
            "http_requests_shed",
            "Requests refused because of overload, by reason",
            shed.clone(),
        );
        let [most_in_flight, most_queued, most_connections] = <[Gauge; 3]>::default();
        for (name, help, gauge) in [
            (
                "http_requests_in_flight_limit",
                "Maximum number of requests that hold a permit",
                &most_in_flight,
            ),
            (
                "http_requests_queued_limit",
                "Maximum number of requests that wait for a permit",
                &most_queued,
            ),
            ("http_connections_limit", "Maximum number of open connections", &most_connections),
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
            aborted,
            connections,
            most_in_flight,
            most_queued,
            most_connections,
        }
    }

    /// Sets the configured limits.
    pub(crate) fn limits(&self, in_flight: usize, queued: usize, connections: usize) {
        for (gauge, most) in [
            (&self.most_in_flight, in_flight),
            (&self.most_queued, queued),
            (&self.most_connections, connections),
        ] {
            gauge.set(i64::try_from(most).unwrap_or(i64::MAX));
        }
    }

    /// Counts a failed request.
    pub(crate) fn error(&self, code: ErrorCode) {
        self.errors.get_or_create(&Label([("code", code.as_str())])).inc();
    }

    /// Counts a request. Requests that matched no route or have an unusual method share one series,
    /// so that clients cannot create new ones.
    pub(crate) fn request(
        &self,
        route: Option<&Route>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, status) = (known_method(method), status.as_u16());
        let Some(Route(route)) = route else {
            return self.look_up(UNMATCHED.into(), method, status).record(took);
        };
        let mut known = route.known.borrow_mut();
        let is_same = |known: &&RequestMetrics| known.status == status && known.method == method;
        if let Some(metrics) = known.iter().find(is_same) {
            metrics.record(took);
        } else {
            let metrics = self.look_up(Arc::clone(&route.template), method, status);
            metrics.record(took);
            known.push(metrics);
        }
    }

    fn look_up(&self, route: Arc<str>, method: &'static str, status: u16) -> RequestMetrics {
        let labels = RequestLabels { route, method, status };
        let count = self.requests.get_or_create_owned(&labels);
        let durations = self.durations.get_or_create_owned(&labels);
        RequestMetrics { method, status, count, durations }
    }

    /// Counts a response that ended in the middle of its body.
    pub(crate) fn aborted(&self, reason: AbortReason) {
        self.aborted.get_or_create(&Label([("reason", reason.as_str())])).inc();
    }

    /// Counts a request that was shed.
    pub(crate) fn shed(&self, reason: ShedReason) {
        self.shed.get_or_create(&Label([("reason", reason.as_str())])).inc();
    }
}

/// Returns the method as a label, of a fixed set of values.
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
