//! How a service ends.

use std::pin::pin;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use crate::process::signals::Stop;
use crate::server::state::Api;
use crate::settings::HttpSettings;

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Everything has come to its end, or was given up by the servers themselves.
    Well,
    /// Somebody was impatient, or it took too long: what is left is to be dropped.
    Cut,
}

/// Waits for the word to stop, and stops: first it says that it is not ready, so that no balancer
/// sends more, while everybody is still served; then the listener closes, and what is under way is
/// finished. Who asks how it is is answered to the end, where health has a listener of its own.
///
/// A second word, or the end of the time that is set, cuts off what is left.
pub(crate) async fn stop_when_told(
    api: &Api,
    http: &HttpSettings,
    public: ServerHandle,
    stop: impl Stream<Item = Stop>,
) -> Stopped {
    let mut stop = pin!(stop.chain(futures_util::stream::pending()));
    let how = stop.next().await.unwrap_or(Stop::Promptly);
    #[expect(clippy::disallowed_methods, reason = "durations are for the log alone")]
    let began = Instant::now();
    api.phase.stop();
    api.metrics.ready.set(0);
    api.metrics.stopping.set(1);
    let delay = match how {
        Stop::Gently => http.shutdown_delay,
        Stop::Promptly => Duration::ZERO,
    };
    tracing::info!(still_serving_ms = millis(delay), "not ready any more, stopping");
    if timeout(delay, stop.next()).await.is_ok() {
        tracing::warn!(cut_off = api.phase.under_way(), "stopped at once");
        return Stopped::Cut;
    }
    let finished = timeout(http.shutdown_timeout, public.stop(true));
    match select(pin!(finished), stop.next()).await {
        Either::Left((Ok(()), _)) => {
            tracing::info!(took_ms = millis(began.elapsed()), "stopped");
            Stopped::Well
        }
        Either::Left((Err(_elapsed), _)) => {
            let (took_ms, cut_off) = (millis(began.elapsed()), api.phase.under_way());
            tracing::warn!(took_ms, cut_off, "stopped, and dropped what took too long");
            Stopped::Cut
        }
        Either::Right(_) => {
            tracing::warn!(cut_off = api.phase.under_way(), "stopped at once");
            Stopped::Cut
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
