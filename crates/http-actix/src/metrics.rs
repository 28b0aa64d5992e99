//! Counts for Prometheus.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The media type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
struct Labels {
    route: Route,
    method: &'static str,
    status: u16,
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("route", self.route.as_str()), ("method", self.method)].encode(encoder)?;
        [("status", self.status)].encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RouteLabel {
    route: Route,
}

impl EncodeLabelSet for RouteLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("route", self.route.as_str())].encode(encoder)
    }
}

/// The counts of one process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    durations: Family<RouteLabel, Histogram, fn() -> Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counts that start at nothing.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("usher");
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests by route template, method and status",
            requests.clone(),
        );
        let buckets: fn() -> Histogram =
            || Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0]);
        let durations = Family::new_with_constructor(buckets);
        registry.register_with_unit(
            "http_request_duration",
            "Time from the first byte of a request's head to its answer, by route template",
            Unit::Seconds,
            durations.clone(),
        );
        Self { registry, requests, durations }
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
        let labels =
            Labels { route: route.clone(), method: known_method(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&RouteLabel { route }).observe(took.as_secs_f64());
    }

    /// All counts in the `OpenMetrics` text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

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
