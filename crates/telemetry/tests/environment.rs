//! Variables of the OpenTelemetry specification. They are those of a whole process, and so are set
//! for a child process: a test of this file, started again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::process::Command;
use std::time::Duration;

use telemetry::testing::{Collector, ReceivedSpan};
use telemetry::{OtlpSettings, Traces};
use tokio::runtime::Builder;
use tracing::{info_span, subscriber::with_default};
use tracing_subscriber::layer::SubscriberExt as _;

/// The last argument of a child; the ones before are the endpoint and the service's name.
const CHILD: &str = "export-one-span";

/// Exports one span in a child process with these variables.
fn export(collector: &Collector, service_name: &str, variables: &[(&str, &str)]) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture", &collector.endpoint(), service_name, CHILD]);
    let output = child.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn child() {
    let arguments: Vec<String> = std::env::args().collect();
    let [.., endpoint, service_name, last] = &arguments[..] else { return };
    if last != CHILD {
        return;
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let settings = OtlpSettings {
        endpoint: endpoint.parse().unwrap(),
        service_name: Some(service_name.clone()).filter(|name| name != "-"),
        service_version: "1.2.3".to_owned(),
        sample_ratio: None,
        timeout: Duration::from_secs(20),
        max_queue_size: OtlpSettings::DEFAULT_MAX_QUEUE_SIZE,
    };
    let traces = Traces::start(&settings, runtime.handle()).unwrap();
    with_default(tracing_subscriber::registry().with(traces.layer(&["application"])), || {
        info_span!(target: "application", "list").in_scope(|| ());
    });
    traces.finish();
}

fn only(spans: &[ReceivedSpan]) -> &ReceivedSpan {
    assert_eq!(spans.len(), 1, "{spans:#?}");
    &spans[0]
}

#[test]
fn headers_and_resource_attributes_are_sent() {
    let collector = Collector::start();
    let variables = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2VjcmV0,x-team=usher"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging,service.version=0"),
    ];
    export(&collector, "-", &variables);
    let spans = collector.spans();
    assert_eq!(collector.last_header("authorization").as_deref(), Some("Basic c2VjcmV0"));
    assert_eq!(collector.last_header("x-team").as_deref(), Some("usher"));
    let service = &only(&spans).service;
    assert_eq!(service["deployment.environment.name"], "staging");
    assert_eq!((&*service["service.name"], &*service["service.version"]), ("usher", "1.2.3"));
}

#[test]
fn settings_win_over_the_service_name_variables() {
    let variables =
        [("OTEL_SERVICE_NAME", "one"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")];
    for (setting, variables, expected) in [
        ("-", &variables[..], "one"),
        ("-", &variables[1..], "other"),
        ("-", &[], "usher"),
        ("set", &variables, "set"),
    ] {
        let collector = Collector::start();
        export(&collector, setting, variables);
        assert_eq!(only(&collector.spans()).service["service.name"], expected);
    }
}

#[test]
fn sampler_variable_applies_without_a_ratio() {
    let collector = Collector::start();
    export(&collector, "-", &[("OTEL_TRACES_SAMPLER", "always_off")]);
    assert_eq!(collector.spans(), []);
    let ratio = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "1.0")];
    export(&collector, "-", &ratio);
    assert_eq!(collector.spans().len(), 1);
}
