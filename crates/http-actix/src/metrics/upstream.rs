//! Metrics of the calls that adapters send.

use ports::{CircuitState, Quota, RequestOutcome, UpstreamObserver, UpstreamRequest};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use telemetry::{DURATION_BUCKETS, Label};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CallLabels {
    kind: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Outcome {
    Status(u16),
    Word(&'static str),
}

impl EncodeLabelSet for CallLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("kind", self.kind)].encode(encoder)?;
        match self.outcome {
            Outcome::Status(status) => [("outcome", status)].encode(encoder),
            Outcome::Word(word) => [("outcome", word)].encode(encoder),
        }
    }
}

impl From<RequestOutcome> for Outcome {
    fn from(outcome: RequestOutcome) -> Self {
        match outcome {
            RequestOutcome::Status(status) => Self::Status(status),
            RequestOutcome::Unreachable => Self::Word("unreachable"),
            RequestOutcome::Broken => Self::Word("broken"),
            RequestOutcome::TimedOut => Self::Word("timed_out"),
            RequestOutcome::Abandoned => Self::Word("abandoned"),
        }
    }
}

type ByKind<M> = Family<Label<1>, M>;

/// Metrics of upstream calls, recorded by adapters through [`UpstreamObserver`].
#[derive(Debug, Clone)]
pub(crate) struct UpstreamMetrics {
    calls: Family<CallLabels, Counter>,
    durations: Family<Label<1>, Histogram, fn() -> Histogram>,
    retries: ByKind<Counter>,
    rate_limited: ByKind<Counter>,
    limit: ByKind<Gauge>,
    remaining: ByKind<Gauge>,
    waiting: ByKind<Gauge>,
    circuit: Family<Label<2>, Gauge>,
}

impl UpstreamMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS);
        let all = Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(histogram),
            retries: Family::default(),
            rate_limited: Family::default(),
            limit: Family::default(),
            remaining: Family::default(),
            waiting: Family::default(),
            circuit: Family::default(),
        };
        let Self { calls, durations, retries, rate_limited, limit, remaining, waiting, circuit } =
            all.clone();
        registry.register(
            "upstream_calls",
            "Requests to the directory, by kind and outcome: the status of the \
             response, or why there was none",
            calls,
        );
        registry.register_with_unit(
            "upstream_call_duration",
            "Time from a request to the directory to the end of its response, by kind",
            Unit::Seconds,
            durations,
        );
        registry.register(
            "upstream_retries",
            "Retries of requests to the directory, by kind",
            retries,
        );
        registry.register(
            "upstream_rate_limited",
            "Requests that the directory rejected with 429, by kind",
            rate_limited,
        );
        registry.register(
            "upstream_rate_limit",
            "Quota of requests of a kind, as last reported by the directory",
            limit,
        );
        registry.register(
            "upstream_rate_limit_remaining",
            "Remaining quota of a kind, as last reported by the directory",
            remaining,
        );
        registry.register(
            "upstream_waiting",
            "Requests that wait for the quota of the directory, by kind",
            waiting,
        );
        registry.register(
            "upstream_circuit",
            "Whether the circuit breaker of a kind of request is in this state",
            circuit,
        );
        all
    }
}

fn by(kind: &'static str) -> Label<1> {
    Label([("kind", kind)])
}

fn gauged(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl UpstreamObserver for UpstreamMetrics {
    fn record_request(&self, sent: UpstreamRequest) {
        let UpstreamRequest { kind, attempt, outcome, took } = sent;
        self.calls.get_or_create(&CallLabels { kind, outcome: outcome.into() }).inc();
        self.durations.get_or_create(&by(kind)).observe(took.as_secs_f64());
        // Both exist from the first request on, so that a rate of zero differs from a missing series.
        self.retries.get_or_create(&by(kind)).inc_by(u64::from(attempt > 1));
        let limited = outcome == RequestOutcome::Status(429);
        self.rate_limited.get_or_create(&by(kind)).inc_by(u64::from(limited));
    }

    fn record_quota(&self, kind: &'static str, allowance: Quota) {
        self.limit.get_or_create(&by(kind)).set(gauged(allowance.limit));
        self.remaining.get_or_create(&by(kind)).set(gauged(allowance.remaining));
    }

    fn set_waiting(&self, kind: &'static str, calls: usize) {
        self.waiting.get_or_create(&by(kind)).set(i64::try_from(calls).unwrap_or(i64::MAX));
    }

    fn set_circuit(&self, kind: &'static str, now: CircuitState) {
        for (state, word) in [
            (CircuitState::Closed, "closed"),
            (CircuitState::HalfOpen, "half_open"),
            (CircuitState::Open, "open"),
        ] {
            let labels = Label([("kind", kind), ("state", word)]);
            self.circuit.get_or_create(&labels).set(i64::from(state == now));
        }
    }
}
