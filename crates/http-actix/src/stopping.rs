//! How a service ends.

use std::future::pending;
use std::pin::pin;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use crate::api::Api;
use crate::settings::HttpSettings;
use crate::signals::Stop;

/// Waits for the word to stop, and stops: first it says that it is not ready, so that no balancer
/// sends more, while everybody is still served; then the listener closes, and what is under way is
/// finished. Who asks how it is is answered to the end, where health has a listener of its own.
pub(crate) async fn stop_when_told(
    api: &Api,
    http: &HttpSettings,
    (public, admin): (ServerHandle, Option<ServerHandle>),
    stop: impl Stream<Item = Stop>,
) {
    let mut stop = pin!(stop);
    let Some(how) = stop.next().await else { return pending().await };
    #[expect(clippy::disallowed_methods, reason = "durations are for the log alone")]
    let began = Instant::now();
    let abandoned = &api.metrics.http.abandoned;
    let before = abandoned.get();
    api.phase.stop();
    api.metrics.ready.set(0);
    api.metrics.stopping.set(1);
    let delay = match how {
        Stop::Gently => http.shutdown_delay,
        Stop::Promptly => Duration::ZERO,
    };
    tracing::info!(
        still_serving_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        "not ready any more, stopping"
    );
    let mut again = pin!(async {
        match stop.next().await {
            Some(_) => {}
            None => pending().await,
        }
    });
    let impatient = timeout(delay, &mut again).await.is_ok();
    if !impatient {
        let finished = pin!(public.stop(true));
        if let Either::Left(_) = select(finished, again).await {
            let cut_off = abandoned.get() - before;
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            if cut_off == 0 {
                tracing::info!(took_ms, "stopped");
            } else {
                tracing::warn!(took_ms, cut_off, "stopped, and dropped what took too long");
            }
            stop_all(admin).await;
            return;
        }
    }
    tracing::warn!("stopped at once, and dropped what was under way");
    public.stop(false).await;
    stop_all(admin).await;
}

async fn stop_all(admin: Option<ServerHandle>) {
    if let Some(admin) = admin {
        admin.stop(false).await;
    }
}
