//! The decision which requests are traced.

use crate::trace_parent::TraceParent;
use crate::traces::SampleRatio;

/// Decides whether a request is sampled before it has a span, so that requests that are not have
/// none.
///
/// The decision is that of the exporter with the same ratio: a trace that begins here is sampled
/// according to its id (OpenTelemetry's `traceidratio`), and any other as its caller has decided.
#[derive(Debug, Clone, Copy)]
pub struct TraceSampler {
    /// The bound of the 63 bits of an id that decide; `None` samples every trace.
    bound: Option<u64>,
}

impl TraceSampler {
    /// Returns a sampler for this share of the traces that begin here.
    pub fn new(ratio: SampleRatio) -> Self {
        let ratio = ratio.get();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a ratio from 0 to 1, computed as the SDK does"
        )]
        let bound = (ratio < 1.0).then_some((ratio * (1_u64 << 63) as f64) as u64);
        Self { bound }
    }

    /// Returns the position of a request: in the trace of its caller or in a new one.
    pub fn position(&self, caller: Option<TraceParent>) -> TraceParent {
        let Some(caller) = caller else {
            return TraceParent::new_root(|id| {
                let [_, _, _, _, _, _, _, _, low @ ..] = id.to_bytes();
                self.bound.is_none_or(|bound| u64::from_be_bytes(low) >> 1 < bound)
            });
        };
        caller.child()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::SpanKind;
    use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample as _};

    use super::*;

    fn sampler(ratio: f64) -> TraceSampler {
        TraceSampler::new(ratio.try_into().unwrap())
    }

    #[test]
    fn new_traces_are_sampled_as_the_exporter_samples_them() {
        for ratio in [0.0, 0.001, 0.25, 0.5, 0.999, 1.0] {
            let exporter = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
            for _ in 0..1000 {
                let position = sampler(ratio).position(None);
                let outcome = exporter.should_sample(
                    None,
                    position.trace_id(),
                    "request",
                    &SpanKind::Server,
                    &[],
                    &[],
                );
                let is_sampled = outcome.decision == SamplingDecision::RecordAndSample;
                assert_eq!(position.is_sampled(), is_sampled, "{ratio}: {position}");
            }
        }
    }

    #[test]
    fn caller_decides_about_its_trace() {
        for (ratio, flags) in [(0.0, "01"), (1.0, "00")] {
            let caller = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
            let caller: TraceParent = caller.parse().unwrap();
            let position = sampler(ratio).position(Some(caller));
            assert_eq!(position.trace_id(), caller.trace_id());
            assert_eq!(position.is_sampled(), caller.is_sampled());
            assert_ne!(position, caller);
        }
    }
}
