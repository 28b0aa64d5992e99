//! Spans as a collector receives them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::collections::BTreeMap;
use std::time::Duration;

use telemetry::testing::{Collector, ReceivedSpan};
use telemetry::{OtlpSettings, TraceParent, Traces, rename_span, set_parent, traceparent_of};
use tokio::runtime::{Builder, Runtime};
use tracing::field::Empty;
use tracing::{Span, info_span, subscriber::with_default};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

const OWN_CRATES: [&str; 2] = ["usher_http", "application"];
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn settings(collector: &Collector) -> OtlpSettings {
    OtlpSettings {
        endpoint: collector.endpoint().parse().unwrap(),
        service_name: Some("usher".to_owned()),
        service_version: "1.2.3".to_owned(),
        sample_ratio: Some(1.0.try_into().unwrap()),
        timeout: Duration::from_secs(20),
        max_queue_size: OtlpSettings::DEFAULT_MAX_QUEUE_SIZE,
    }
}

/// Returns the spans of some work that a collector receives.
fn exported(ratio: f64, work: impl FnOnce()) -> Vec<ReceivedSpan> {
    let (runtime, collector) = (runtime(), Collector::start());
    let settings =
        OtlpSettings { sample_ratio: Some(ratio.try_into().unwrap()), ..settings(&collector) };
    let traces = Traces::start(&settings, runtime.handle()).unwrap();
    // As in the service: next to a layer that takes every event.
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let layers = tracing_subscriber::registry()
        .with(Some(traces.layer(&OWN_CRATES)))
        .with(log.with_filter(tracing_subscriber::filter::LevelFilter::TRACE));
    with_default(layers, work);
    traces.finish();
    collector.spans()
}

fn request_span() -> Span {
    info_span!(target: "usher_http::edge", "request", otel.kind = "server", status = Empty)
}

fn named<'s>(spans: &'s [ReceivedSpan], name: &str) -> &'s ReceivedSpan {
    spans.iter().find(|span| span.name == name).unwrap()
}

fn inbound(flags: &str) -> TraceParent {
    format!("00-{TRACE}-{PARENT}-{flags}").parse().unwrap()
}

#[test]
fn request_span_is_exported_with_its_children() {
    let spans = exported(1.0, || {
        let request = request_span();
        request.in_scope(|| {
            info_span!(target: "application", "enlist", tenant = "acme").in_scope(|| {
                let upstream = info_span!(
                    target: "usher_http::wiring",
                    "POST",
                    otel.kind = "client",
                    otel.status_code = Empty,
                    otel.status_description = Empty,
                );
                upstream.in_scope(|| ());
                upstream.record("otel.status_code", "ERROR");
                upstream.record("otel.status_description", "429");
            });
        });
        request.record("status", 201);
        request.record("otel.status_code", "OK");
    });

    assert_eq!(spans.len(), 3);
    let (request, use_case, upstream) =
        (named(&spans, "request"), named(&spans, "enlist"), named(&spans, "POST"));
    assert_eq!(request.parent_id, None);
    assert_eq!(use_case.parent_id.as_deref(), Some(request.span_id.as_str()));
    assert_eq!(upstream.parent_id.as_deref(), Some(use_case.span_id.as_str()));
    assert!(spans.iter().all(|span| span.trace_id == request.trace_id));
    let kinds = [request, use_case, upstream].map(|span| span.kind);
    assert_eq!(kinds, ["server", "internal", "client"]);
    let statuses = [request, use_case, upstream].map(|span| span.status);
    // A field that the span did not announce cannot be recorded later.
    assert_eq!(statuses, ["unset", "unset", "error"]);
    assert_eq!(upstream.status_message, "429");
    assert!(request.duration >= use_case.duration);
}

#[test]
fn span_has_only_its_own_fields() {
    let spans = exported(1.0, || {
        let request = request_span();
        request.in_scope(|| ());
        request.record("status", 201);
    });
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(spans[0].fields, BTreeMap::from([pair("status", "201")]));
    let service = [pair("service.name", "usher"), pair("service.version", "1.2.3")];
    assert_eq!(spans[0].service, BTreeMap::from(service));
}

#[test]
fn inbound_trace_is_continued() {
    let mut here = None;
    let spans = exported(0.0, || {
        let request = request_span();
        set_parent(&request, inbound("01"));
        here = traceparent_of(&request);
        request.in_scope(|| info_span!(target: "application", "list").in_scope(|| ()));
    });
    let (request, use_case) = (named(&spans, "request"), named(&spans, "list"));
    assert_eq!((request.trace_id.as_str(), use_case.trace_id.as_str()), (TRACE, TRACE));
    assert_eq!(request.parent_id.as_deref(), Some(PARENT));
    assert_eq!(use_case.parent_id.as_deref(), Some(request.span_id.as_str()));
    assert_eq!(here.unwrap().to_string(), format!("00-{TRACE}-{}-01", request.span_id));
}

#[test]
fn unsampled_inbound_trace_is_not_exported() {
    let spans = exported(1.0, || {
        let request = request_span();
        set_parent(&request, inbound("00"));
        request.in_scope(|| info_span!(target: "application", "list").in_scope(|| ()));
        let here = traceparent_of(&request).unwrap();
        assert!(here.to_string().starts_with(&format!("00-{TRACE}-")), "{here}");
        assert!(!here.is_sampled());
    });
    assert_eq!(spans, []);
}

#[test]
fn sample_ratio_zero_exports_nothing() {
    let spans = exported(0.0, || {
        request_span().in_scope(|| ());
        assert!(!traceparent_of(&request_span()).unwrap().is_sampled());
    });
    assert_eq!(spans, []);
}

#[test]
fn spans_of_other_crates_are_not_exported() {
    let spans = exported(1.0, || {
        request_span().in_scope(|| {
            info_span!(target: "hyper::client", "secret-1").in_scope(|| {
                info_span!(target: "applications", "secret-2").in_scope(|| {
                    info_span!(target: "application::users", "list").in_scope(|| ());
                });
            });
            tracing::debug_span!(target: "application", "secret-3").in_scope(|| ());
        });
    });
    assert_eq!(spans.len(), 2);
    let parent = named(&spans, "list").parent_id.as_deref();
    assert_eq!(parent, Some(named(&spans, "request").span_id.as_str()));
}

#[test]
fn events_are_not_exported_with_spans() {
    let spans = exported(1.0, || {
        request_span().in_scope(|| {
            tracing::error!(target: "usher_http::edge", error = "secret", "secret");
            tracing::info!(target: "application", cause = "secret", "secret");
            tracing::warn!(target: "hyper", "secret");
        });
    });
    assert_eq!((spans.len(), spans[0].events_and_links), (1, 0));
    assert!(!format!("{spans:?}").contains("secret"));
    assert_eq!(spans[0].status, "unset");
}

#[test]
fn error_in_a_field_makes_no_event() {
    let error = std::io::Error::other("too bad");
    let spans = exported(1.0, || {
        let cause: &(dyn std::error::Error + 'static) = &error;
        info_span!(target: "application", "list", cause).in_scope(|| ());
    });
    assert_eq!(spans[0].events_and_links, 0);
    assert_eq!(spans[0].fields["cause"], "too bad");
}

#[test]
fn span_can_be_renamed_after_its_children() {
    let spans = exported(1.0, || {
        let request = request_span();
        let _ = traceparent_of(&request);
        request.in_scope(|| info_span!(target: "application", "list").in_scope(|| ()));
        rename_span(&request, "GET /api/v1/users");
    });
    assert_eq!(spans.len(), 2);
    assert_eq!(named(&spans, "GET /api/v1/users").parent_id, None);
}

#[test]
fn span_without_the_layer_has_no_traceparent() {
    with_default(tracing_subscriber::registry(), || {
        let request = request_span();
        set_parent(&request, inbound("01"));
        rename_span(&request, "GET /");
        assert_eq!(traceparent_of(&request), None);
    });
    assert_eq!(traceparent_of(&Span::none()), None);
}

#[test]
fn spans_are_exported_before_shutdown() {
    let (runtime, collector) = (runtime(), Collector::start());
    let traces = Traces::start(&settings(&collector), runtime.handle()).unwrap();
    with_default(tracing_subscriber::registry().with(traces.layer(&OWN_CRATES)), || {
        request_span().in_scope(|| ());
    });
    assert_eq!(collector.wait_for(1).len(), 1);
}
