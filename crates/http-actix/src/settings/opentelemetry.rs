//! Variables of the OpenTelemetry specification that set the export of traces.
//!
//! They override the defaults; the settings file and the `USHER__…` variables override them. An
//! empty variable counts as unset, and so does an invalid one, which is reported
//! ([`OpenTelemetry::ignored`]): platforms set such variables for many programs at once, and the
//! specification asks to ignore values that a program does not know. The telemetry crate applies
//! other variables, such as those of headers.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use config::builder::DefaultState;
use config::{Config, ConfigBuilder};
use telemetry::{Endpoint, OtlpSettings, SampleRatio};

use super::bounds::{at_most, at_most_an_hour, nonzero};
use super::error::{InvalidSettings, SettingsResult};

/// The default timeout for sending a batch of spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// The first of these that is set counts.
const PROTOCOL: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
/// Variables with files of certificates and keys.
const UNSUPPORTED: [&str; 6] = [
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
];
const NUMBER: &str = "must be a non-negative integer";

/// Variables of the OpenTelemetry specification, which `F` returns by name.
pub(super) struct OpenTelemetry<F>(pub(super) F);

impl<F: Fn(&str) -> Option<OsString>> OpenTelemetry<F> {
    /// Returns the keys of `[traces]` that the variables set.
    ///
    /// # Errors
    /// None in practice: the keys are fixed.
    pub(super) fn layer(&self) -> SettingsResult<Config> {
        let endpoint = self.endpoint().unwrap_or_default();
        let endpoint = endpoint.filter(|_| !self.is_disabled() && !self.is_grpc());
        let service_name = self.service_name().unwrap_or_default();
        let sample_ratio = self.sample_ratio().unwrap_or_default();
        Config::builder()
            .set_override_option("traces.otlp_endpoint", endpoint)
            .and_then(|layer| layer.set_override_option("traces.service_name", service_name))
            .and_then(|layer| layer.set_override_option("traces.sample_ratio", sample_ratio))
            .and_then(ConfigBuilder::<DefaultState>::build)
            .map_err(|error| InvalidSettings::Source(error.to_string()))
    }

    /// Returns the timeout for sending a batch of spans, which is also that at shutdown.
    pub(super) fn export_timeout(&self) -> Duration {
        self.timeout().ok().flatten().unwrap_or(EXPORT_TIMEOUT)
    }

    /// Returns the maximum number of spans that wait for the collector.
    pub(super) fn max_queue_size(&self) -> usize {
        self.queue_size().ok().flatten().unwrap_or(OtlpSettings::DEFAULT_MAX_QUEUE_SIZE)
    }

    /// Returns each invalid variable with the reason, without its value.
    pub(super) fn ignored(&self) -> Vec<String> {
        let unsupported = UNSUPPORTED.map(|name| self.unsupported(name));
        let known = [
            self.endpoint().map(drop),
            self.protocol(),
            self.compression(),
            self.exporter().map(drop),
            self.service_name().map(drop),
            self.sample_ratio().map(drop),
            self.timeout().map(drop),
            self.queue_size().map(drop),
        ];
        let errors = known.into_iter().chain(unsupported).filter_map(Result::err);
        errors.map(|error| error.to_string()).collect()
    }

    /// Returns whether the endpoint of the variables takes gRPC, and so no request of Usher's.
    fn is_grpc(&self) -> bool {
        let [traces, general] = PROTOCOL.map(|name| self.word(name).unwrap_or_default());
        traces.or(general).as_deref() == Some("grpc")
    }

    fn protocol(&self) -> SettingsResult<()> {
        for name in PROTOCOL {
            match self.word(name)?.as_deref() {
                None => {}
                Some("http/protobuf") => return Ok(()),
                Some("grpc") => {
                    let reason = "must be http/protobuf, because Usher has no gRPC; the endpoint \
                                  of the variables is not used";
                    return invalid(name, reason);
                }
                Some(_) => return invalid(name, "must be http/protobuf"),
            }
        }
        Ok(())
    }

    fn compression(&self) -> SettingsResult<()> {
        let names = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
        for name in names {
            match self.word(name)?.as_deref() {
                None => {}
                Some("none") => return Ok(()),
                Some(_) => return invalid(name, "must be none"),
            }
        }
        Ok(())
    }

    fn unsupported(&self, name: &str) -> SettingsResult<()> {
        match self.text(name)? {
            None => Ok(()),
            Some(_) => invalid(name, "is not supported; Usher trusts the public root certificates"),
        }
    }

    fn timeout(&self) -> SettingsResult<Option<Duration>> {
        for name in ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"] {
            if let Some(millis) = self.parsed(name, NUMBER)? {
                return at_most_an_hour(name, millis).map(Some);
            }
        }
        Ok(None)
    }

    fn queue_size(&self) -> SettingsResult<Option<usize>> {
        let name = "OTEL_BSP_MAX_QUEUE_SIZE";
        let size = self.parsed(name, NUMBER)?;
        size.map(|size| at_most(name, nonzero(name, size)?, 100_000)).transpose()
    }

    /// Returns whether the variables switch the export off. Any value of `OTEL_SDK_DISABLED` other
    /// than `true` means false, as the specification defines.
    fn is_disabled(&self) -> bool {
        let is_disabled = self.word("OTEL_SDK_DISABLED").unwrap_or_default();
        is_disabled.as_deref() == Some("true") || self.exporter().is_ok_and(|exporter| !exporter)
    }

    /// Returns whether traces have an exporter.
    fn exporter(&self) -> SettingsResult<bool> {
        match self.word("OTEL_TRACES_EXPORTER")?.as_deref() {
            Some("none") => Ok(false),
            None | Some("otlp") => Ok(true),
            Some(_) => invalid("OTEL_TRACES_EXPORTER", "must be otlp or none"),
        }
    }

    fn endpoint(&self) -> SettingsResult<Option<String>> {
        let traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let general = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let (name, endpoint) = match (self.text(traces)?, self.text(general)?) {
            (Some(endpoint), _) => (traces, endpoint),
            (None, Some(base)) => (general, format!("{}/v1/traces", base.trim_end_matches('/'))),
            (None, None) => return Ok(None),
        };
        endpoint.parse::<Endpoint>().map_err(|error| InvalidSettings::value(name, error))?;
        Ok(Some(endpoint))
    }

    fn service_name(&self) -> SettingsResult<Option<String>> {
        let attributes = self.text("OTEL_RESOURCE_ATTRIBUTES")?;
        let name = self.text("OTEL_SERVICE_NAME")?;
        Ok(name.or_else(|| service_name_of(&attributes?)))
    }

    /// Returns the fraction of traces started here that is exported. A `parentbased_` sampler is
    /// the same here, since the caller's `traceparent` decides in any case.
    fn sample_ratio(&self) -> SettingsResult<Option<f64>> {
        let name = "OTEL_TRACES_SAMPLER";
        let Some(sampler) = self.word(name)? else { return Ok(None) };
        match sampler.strip_prefix("parentbased_").unwrap_or(&sampler) {
            "always_on" => Ok(Some(1.0)),
            "always_off" => Ok(Some(0.0)),
            "traceidratio" => {
                let name = "OTEL_TRACES_SAMPLER_ARG";
                let reason = "must be a number from 0 to 1";
                let ratio = self.parsed(name, reason)?.unwrap_or(1.0);
                SampleRatio::try_from(ratio).or_else(|_| invalid(name, reason))?;
                Ok(Some(ratio))
            }
            _ => invalid(
                name,
                "must be always_on, always_off or traceidratio, or one of these after parentbased_",
            ),
        }
    }

    fn parsed<T: FromStr>(&self, name: &str, reason: &str) -> SettingsResult<Option<T>> {
        let value = self.text(name)?.map(|text| text.trim().parse()).transpose();
        value.or_else(|_| invalid(name, reason))
    }

    /// Returns a value without regard to case.
    fn word(&self, name: &str) -> SettingsResult<Option<String>> {
        Ok(self.text(name)?.map(|text| text.trim().to_ascii_lowercase()))
    }

    fn text(&self, name: &str) -> SettingsResult<Option<String>> {
        let value = (self.0)(name).filter(|value| !value.is_empty());
        let text = value.map(OsString::into_string).transpose();
        text.map_err(|_| InvalidSettings::value(name, "must be UTF-8 text"))
    }
}

fn invalid<T>(name: &str, reason: &str) -> SettingsResult<T> {
    Err(InvalidSettings::value(name, reason))
}

fn service_name_of(attributes: &str) -> Option<String> {
    let mut pairs = attributes.split(',').filter_map(|pair| pair.split_once('='));
    let (_, name) = pairs.find(|(key, _)| key.trim() == "service.name")?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
