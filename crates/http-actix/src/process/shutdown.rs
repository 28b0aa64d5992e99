//! Graceful shutdown.

use std::pin::pin;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use crate::process::signals::ShutdownSignal;
use crate::server::state::AppState;
use crate::settings::HttpSettings;

/// Outcomes of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownOutcome {
    /// All requests and changes have finished, or the servers have dropped them.
    Drained,
    /// A second signal arrived or the timeout expired; the remaining requests must be dropped.
    Aborted,
}

/// Waits for a signal and shuts the public listener down.
///
/// First the service reports not ready but still serves, so that load balancers stop sending
/// requests. Then the listener closes and requests in flight finish, with the changes of clients
/// that have left. A separate listener for
/// health checks serves to the end.
///
/// A second signal, or the shutdown timeout, aborts the rest.
pub(crate) async fn wait_for_shutdown(
    state: &AppState,
    http: &HttpSettings,
    public: ServerHandle,
    stop: impl Stream<Item = ShutdownSignal>,
) -> ShutdownOutcome {
    let mut stop = pin!(stop.chain(futures_util::stream::pending()));
    let signal = stop.next().await.unwrap_or(ShutdownSignal::Immediate);
    #[expect(clippy::disallowed_methods, reason = "measures a duration for the log")]
    let started = Instant::now();
    state.in_flight.stop();
    state.metrics.ready.set(0);
    state.metrics.stopping.set(1);
    let delay = match signal {
        ShutdownSignal::Graceful => http.shutdown_delay,
        ShutdownSignal::Immediate => Duration::ZERO,
    };
    tracing::info!(still_serving_ms = millis(delay), "shutdown started");
    if timeout(delay, stop.next()).await.is_ok() {
        tracing::warn!(cut_off = state.in_flight.work(), "shutdown forced by a second signal");
        return ShutdownOutcome::Aborted;
    }
    let drained = timeout(http.shutdown_timeout, async {
        public.stop(true).await;
        // The changes whose clients have left.
        state.in_flight.wait_until_idle().await;
    });
    match select(pin!(drained), stop.next()).await {
        Either::Left((Ok(()), _)) => {
            tracing::info!(took_ms = millis(started.elapsed()), "shutdown finished");
            ShutdownOutcome::Drained
        }
        Either::Left((Err(_elapsed), _)) => {
            let (took_ms, cut_off) = (millis(started.elapsed()), state.in_flight.work());
            tracing::warn!(took_ms, cut_off, "shutdown timed out");
            ShutdownOutcome::Aborted
        }
        Either::Right(_) => {
            tracing::warn!(cut_off = state.in_flight.work(), "shutdown forced by a second signal");
            ShutdownOutcome::Aborted
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
