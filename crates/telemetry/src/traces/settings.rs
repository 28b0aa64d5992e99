//! Settings of the export of traces.

use std::str::FromStr;
use std::time::Duration;

use opentelemetry_http::Request;
use reqwest::Url;
use thiserror::Error;

/// Where traces are sent, and how many of them.
///
/// An option that is `None` leaves the choice to the variable of the OpenTelemetry specification
/// that it names, and then to a default. `OTEL_EXPORTER_OTLP_HEADERS`,
/// `OTEL_EXPORTER_OTLP_TRACES_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_SCHEDULE_DELAY`,
/// `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` and `OTEL_SPAN_…_COUNT_LIMIT` always apply.
#[derive(Debug, Clone)]
pub struct OtlpSettings {
    /// The address to which the collector's clients send traces.
    pub endpoint: Endpoint,
    /// The name of this service; without it `OTEL_SERVICE_NAME`, or else `usher`.
    pub service_name: Option<String>,
    /// The version of this service.
    pub service_version: String,
    /// The share of traces kept of those that begin here; without it `OTEL_TRACES_SAMPLER`, or else
    /// all.
    pub sample_ratio: Option<SampleRatio>,
    /// The longest duration of one request to the collector, and of [`Traces::finish`].
    ///
    /// [`Traces::finish`]: crate::Traces::finish
    pub timeout: Duration,
    /// The number of spans that may wait for the collector; more are dropped.
    pub max_queue_size: usize,
}

impl OtlpSettings {
    /// The default of `max_queue_size`: one or two megabytes of spans.
    pub const DEFAULT_MAX_QUEUE_SIZE: usize = 2048;
}

/// The whole address of a collector's traces, such as `http://otel-collector:4318/v1/traces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Errors of an address for traces. They leave the address out, since it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// It cannot be parsed.
    #[error("must be the address of a collector, such as http://otel-collector:4318/v1/traces")]
    Malformed,
    /// It is neither `http` nor `https`.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// It has a user or a password.
    #[error("must not hold a user name or a password")]
    Credentials,
}

impl Endpoint {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let url: Url = text.parse().map_err(|_| EndpointError::Malformed)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(EndpointError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        // The exporter's parser refuses some hosts, such as `a{b}`.
        if Request::get(url.as_str()).body(()).is_err() {
            return Err(EndpointError::Malformed);
        }
        Ok(Self(url))
    }
}

/// A share of traces, from 0 for none to 1 for all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRatio(f64);

/// The error of a number that is not from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be from 0 to 1")]
pub struct SampleRatioError;

impl SampleRatio {
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for SampleRatio {
    type Error = SampleRatioError;

    fn try_from(ratio: f64) -> Result<Self, SampleRatioError> {
        if (0.0..=1.0).contains(&ratio) { Ok(Self(ratio)) } else { Err(SampleRatioError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_an_http_address_without_credentials() {
        let parse = |text: &str| text.parse::<Endpoint>().map(|_| ());
        assert_eq!(parse("http://otel-collector:4318/v1/traces"), Ok(()));
        assert_eq!(parse("https://collector.example/v1/traces?team=1"), Ok(()));
        for text in [
            "",
            "otel-collector",
            "http://",
            "/v1/traces",
            "http://a{b}/",
            "http://a\"b/",
            "http://a`b/",
        ] {
            assert_eq!(parse(text), Err(EndpointError::Malformed), "{text}");
        }
        assert_eq!(parse("otel-collector:4318"), Err(EndpointError::Scheme));
        assert_eq!(parse("grpc://otel-collector:4317"), Err(EndpointError::Scheme));
        assert_eq!(parse("http://me@collector.example/"), Err(EndpointError::Credentials));
        assert_eq!(parse("http://:it@collector.example/"), Err(EndpointError::Credentials));
    }

    #[test]
    fn sample_ratio_is_from_0_to_1() {
        for ratio in [0.0, 0.25, 1.0] {
            assert!(SampleRatio::try_from(ratio).is_ok(), "{ratio}");
        }
        for ratio in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(SampleRatio::try_from(ratio).is_err(), "{ratio}");
        }
    }
}
