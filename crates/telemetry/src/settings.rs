//! What may be set.

use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;
use thiserror::Error;

/// Where traces go, and how many of them.
#[derive(Debug, Clone)]
pub struct OtlpSettings {
    /// Where the collector takes traces.
    pub endpoint: Endpoint,
    /// What the collector should call this service.
    pub service_name: String,
    /// Which version of it this is.
    pub service_version: String,
    /// How many of the requests are traced about whose tracing nobody has decided yet.
    pub sample_ratio: SampleRatio,
    /// How long the collector may take for one batch, and for all that is left at the end.
    pub timeout: Duration,
}

/// The whole address of a collector's traces, as `http://otel-collector:4318/v1/traces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why an address is none to send traces to. The address is left out: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// It cannot be read.
    #[error("is not the address of a collector, as http://otel-collector:4318/v1/traces")]
    Malformed,
    /// It is neither `http` nor `https`.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// It has a user or a password.
    #[error("must not hold a user name or a password")]
    Credentials,
}

impl Endpoint {
    pub(crate) fn into_url(self) -> Url {
        self.0
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
        Ok(Self(url))
    }
}

/// A share, from 0 for none to 1 for all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRatio(f64);

/// A number that is no share.
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
    fn an_endpoint_is_an_address_for_http_without_credentials() {
        let read = |text: &str| text.parse::<Endpoint>().map(|_| ());
        assert_eq!(read("http://otel-collector:4318/v1/traces"), Ok(()));
        assert_eq!(read("https://collector.example/v1/traces?team=1"), Ok(()));
        for text in ["", "otel-collector", "http://", "/v1/traces"] {
            assert_eq!(read(text), Err(EndpointError::Malformed), "{text}");
        }
        assert_eq!(read("otel-collector:4318"), Err(EndpointError::Scheme));
        assert_eq!(read("grpc://otel-collector:4317"), Err(EndpointError::Scheme));
        assert_eq!(read("http://me@collector.example/"), Err(EndpointError::Credentials));
        assert_eq!(read("http://:it@collector.example/"), Err(EndpointError::Credentials));
    }

    #[test]
    fn a_ratio_is_a_share() {
        for ratio in [0.0, 0.25, 1.0] {
            assert!(SampleRatio::try_from(ratio).is_ok(), "{ratio}");
        }
        for ratio in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(SampleRatio::try_from(ratio).is_err(), "{ratio}");
        }
    }
}
