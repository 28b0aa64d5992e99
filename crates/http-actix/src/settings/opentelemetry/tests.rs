use super::*;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn variables(variables: Variables<'_>) -> OpenTelemetry<impl Fn(&str) -> Option<OsString>> {
    OpenTelemetry(move |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

fn endpoint(settings: Variables<'_>) -> Option<String> {
    variables(settings).layer().unwrap().get("traces.otlp_endpoint").ok()
}

fn service_name(settings: Variables<'_>) -> Option<String> {
    variables(settings).layer().unwrap().get("traces.service_name").ok()
}

fn sample_ratio(settings: Variables<'_>) -> Option<f64> {
    variables(settings).layer().unwrap().get("traces.sample_ratio").ok()
}

#[test]
fn traces_endpoint_overrides_the_general_one() {
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/x");
    assert_eq!(endpoint(&[general]).as_deref(), Some("http://collector:4318/v1/traces"));
    assert_eq!(endpoint(&[general, traces]).as_deref(), Some("http://traces:4318/x"));
    for (disabled, value) in [
        ("OTEL_SDK_DISABLED", "True"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    ] {
        assert_eq!(endpoint(&[(disabled, value), general]), None, "{disabled}");
    }
    for (enabled, value) in [("OTEL_SDK_DISABLED", "false"), ("OTEL_TRACES_EXPORTER", "otlp")] {
        assert!(endpoint(&[(enabled, value), general]).is_some(), "{enabled}");
    }
    assert_eq!(endpoint(&[]), None);
}

#[test]
fn endpoint_for_grpc_is_not_used() {
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "gRPC");
    assert_eq!(endpoint(&[general, grpc]), None);
    let [reason] = &variables(&[general, grpc]).ignored()[..] else { panic!("not reported") };
    assert!(reason.starts_with("OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf"), "{reason}");
    let protobuf = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
    assert!(endpoint(&[general, grpc, protobuf]).is_some());
    assert_eq!(variables(&[general, grpc, protobuf]).ignored(), Vec::<String>::new());
    assert!(endpoint(&[general, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]).is_some());
}

#[test]
fn service_name_overrides_resource_attributes() {
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "team=one, service.name = other");
    assert_eq!(service_name(&[attributes]).as_deref(), Some("other"));
    let name = ("OTEL_SERVICE_NAME", "one");
    assert_eq!(service_name(&[attributes, name]).as_deref(), Some("one"));
    assert_eq!(service_name(&[("OTEL_RESOURCE_ATTRIBUTES", "service.name=")]), None);
}

#[test]
fn samplers_become_ratios() {
    for (sampler, argument, expected) in [
        ("", "0.5", None),
        ("always_on", "", Some(1.0)),
        ("parentbased_always_off", "0.5", Some(0.0)),
        ("traceidratio", "0.25", Some(0.25)),
        ("ParentBased_TraceIdRatio", "0.25", Some(0.25)),
        ("traceidratio", "", Some(1.0)),
    ] {
        let settings = [("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", argument)];
        assert_eq!(sample_ratio(&settings), expected, "{sampler} {argument}");
    }
}

#[test]
fn limits_have_defaults() {
    let limits = |settings: Variables<'_>| {
        let variables = variables(settings);
        (variables.export_timeout().as_millis(), variables.max_queue_size())
    };
    assert_eq!(limits(&[]), (5000, 2048));
    let (general, queue) = (("OTEL_EXPORTER_OTLP_TIMEOUT", "7"), ("OTEL_BSP_MAX_QUEUE_SIZE", "9"));
    assert_eq!(limits(&[general, queue]), (7, 9));
    assert_eq!(limits(&[general, ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "8")]), (8, 2048));
}

#[test]
fn invalid_variable_is_ignored_and_named_without_its_value() {
    let ratio = ("OTEL_TRACES_SAMPLER", "traceidratio");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@collector"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "hunter2:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://hunter2{}"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "hunter2"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "hunter2"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "hunter2.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "hunter2.pem"),
        ("OTEL_TRACES_EXPORTER", "hunter2"),
        ("OTEL_TRACES_SAMPLER", "hunter2"),
        ("OTEL_TRACES_SAMPLER_ARG", "hunter2"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "hunter2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "3600001"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100001"),
    ] {
        let settings = [(name, value), ratio];
        let variables = variables(&settings);
        let [error] = &variables.ignored()[..] else { panic!("{name}={value} was not reported") };
        assert!(error.starts_with(name) && !error.contains("hunter2"), "{error}");
        assert!(variables.layer().unwrap().get::<String>("traces.otlp_endpoint").is_err());
        assert_eq!(variables.export_timeout(), EXPORT_TIMEOUT);
        assert_eq!(variables.max_queue_size(), OtlpSettings::DEFAULT_MAX_QUEUE_SIZE);
    }
}

#[cfg(unix)]
#[test]
fn variable_that_is_not_utf8_is_ignored_and_named() {
    use std::os::unix::ffi::OsStringExt as _;

    let variables = OpenTelemetry(|_: &str| Some(OsString::from_vec(vec![0xff])));
    let errors = variables.ignored();
    assert!(!errors.is_empty() && errors.iter().all(|error| error.ends_with("must be UTF-8 text")));
}
