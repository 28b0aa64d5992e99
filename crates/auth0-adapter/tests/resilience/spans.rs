//! The trace span of each attempt.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard};

use auth0_sim::FaultKind;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Bench, GET_USER, HIDDEN, Operation};

type Fields = BTreeMap<&'static str, String>;

/// Records the spans of the adapter.
#[derive(Debug, Clone, Default)]
struct Spans(Arc<Mutex<Vec<Fields>>>);

impl Spans {
    fn all(&self) -> MutexGuard<'_, Vec<Fields>> {
        self.0.lock().unwrap()
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("auth0_adapter")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::from([("name", span.metadata().name().to_owned())]);
        span.record(&mut Reading(&mut fields));
        let mut all = self.all();
        all.push(fields);
        Id::from_u64(all.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let index = usize::try_from(span.into_u64()).unwrap() - 1;
        values.record(&mut Reading(&mut self.all()[index]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Reading<'a>(&'a mut Fields);

impl Visit for Reading<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.map(|(name, value)| (name, value.to_owned())).into()
}

#[tokio::test]
async fn each_attempt_has_a_span_without_personal_data() {
    let bench = Bench::new().await;
    bench.add_fault(GET_USER, 1, FaultKind::Status { status: 502, retry_after: None });
    bench.add_fault(GET_USER, 1, FaultKind::ResetBefore);
    let spans = Spans::default();
    let subscriber = tracing::subscriber::set_default(spans.clone());
    bench.find().await.unwrap();
    drop(subscriber);
    let read = [
        ("name", "auth0"),
        ("kind", "read"),
        ("otel.kind", "client"),
        ("http.request.method", "GET"),
        ("url.template", "/api/v2/users/{id}"),
    ];
    let mut expected = [fields(read), fields(read), fields(read)];
    let status = "http.response.status_code";
    let error = ("otel.status_code", "error");
    expected[0].extend(fields([(status, "502"), error, ("error.type", "502")]));
    expected[1].extend(fields([error, ("error.type", "broken")]));
    expected[1].extend(fields([("http.request.resend_count", "1")]));
    expected[2].extend(fields([(status, "200"), ("http.request.resend_count", "2")]));
    assert_eq!(*spans.all(), expected);
}

#[tokio::test]
async fn spans_hold_no_request_or_response_content() {
    let bench = Bench::new().await;
    let spans = Spans::default();
    let subscriber = tracing::subscriber::set_default(spans.clone());
    for operation in Operation::ALL {
        let _ = bench.run(operation).await;
    }
    drop(subscriber);
    let text = format!("{:?}", spans.all());
    assert!(spans.all().len() >= Operation::ALL.len(), "{text}");
    for hidden in HIDDEN.into_iter().chain(["auth0|", "127.0.0.1", "http:"]) {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}
