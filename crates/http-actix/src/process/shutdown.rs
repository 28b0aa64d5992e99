//! How a service ends.

use std::pin::pin;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use crate::process::signals::ShutdownSignal;
use crate::server::state::AppState;
use crate::settings::HttpSettings;

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownOutcome {
    /// Everything has come to its end, or was given up by the servers themselves.
    Drained,
    /// Somebody was impatient, or it took too long: what is left is to be dropped.
    Aborted,
}

/// Waits for the word to stop, and stops: first it says that it is not ready, so that no balancer
/// sends more, while everybody is still served; then the listener closes, and what is under way is
/// finished. Who asks how it is is answered to the end, where health has a listener of its own.
///
/// A second word, or the end of the time that is set, cuts off what is left.
pub(crate) async fn wait_for_shutdown(
    state: &AppState,
    http: &HttpSettings,
    public: ServerHandle,
    stop: impl Stream<Item = ShutdownSignal>,
) -> ShutdownOutcome {
    let mut stop = pin!(stop.chain(futures_util::stream::pending()));
    let how = stop.next().await.unwrap_or(ShutdownSignal::Promptly);
    #[expect(clippy::disallowed_methods, reason = "durations are for the log alone")]
    let began = Instant::now();
    state.in_flight.stop();
    state.metrics.ready.set(0);
    state.metrics.stopping.set(1);
    let delay = match how {
        ShutdownSignal::Graceful => http.shutdown_delay,
        ShutdownSignal::Promptly => Duration::ZERO,
    };
    tracing::info!(still_serving_ms = millis(delay), "not ready any more, stopping");
    if timeout(delay, stop.next()).await.is_ok() {
        tracing::warn!(cut_off = state.in_flight.count(), "stopped at once");
        return ShutdownOutcome::Aborted;
    }
    let finished = timeout(http.shutdown_timeout, public.stop(true));
    match select(pin!(finished), stop.next()).await {
        Either::Left((Ok(()), _)) => {
            tracing::info!(took_ms = millis(began.elapsed()), "stopped");
            ShutdownOutcome::Drained
        }
        Either::Left((Err(_elapsed), _)) => {
            let (took_ms, cut_off) = (millis(began.elapsed()), state.in_flight.count());
            tracing::warn!(took_ms, cut_off, "stopped, and dropped what took too long");
            ShutdownOutcome::Aborted
        }
        Either::Right(_) => {
            tracing::warn!(cut_off = state.in_flight.count(), "stopped at once");
            ShutdownOutcome::Aborted
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
