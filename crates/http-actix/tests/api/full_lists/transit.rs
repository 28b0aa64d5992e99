//! Lists that are being sent: back pressure, other requests, and what ends them.

use std::io::{ErrorKind, Read as _};
use std::net::Shutdown;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;

use super::fixture::{
    ListLog, app_with_endless_lists, batch, directory, endless, read_to_end, request_list,
};
use crate::support::metrics::IN_FLIGHT;
use crate::support::{App, AppOptions};

const ABANDONED: &str = "usher_http_responses_aborted_total{reason=\"abandoned\"}";
const SENT: &str = "usher_http_requests_total{route=\"/api/{tenantId}/admin/users\",\
                    method=\"GET\",status=\"200\"}";

/// More batches than the buffers of a connection hold, even those of a generous kernel.
const MAX_BUFFERED: usize = 2000;

#[tokio::test]
async fn unread_list_is_computed_only_as_far_as_buffers_hold() {
    let (app, log) = app_with_endless_lists("").await;
    let _unread = request_list(&app);
    log.wait_until(|counts| counts.batches > 1).await;
    app.wait_for_metric(SENT, 1).await;
    for _ in 0..100 {
        assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    }
    let counts = log.counts();
    assert!(counts.batches < MAX_BUFFERED && counts.dropped == 0, "{counts:?}");
}

#[tokio::test]
async fn abandoned_list_is_dropped_and_counted() {
    let (app, log) = app_with_endless_lists("").await;
    let connection = request_list(&app);
    app.wait_for_metric(SENT, 1).await;
    assert_eq!((app.metric(IN_FLIGHT).await, app.metric(ABANDONED).await), (1, 0));

    drop(connection);

    log.wait_until(|counts| counts.dropped == 1).await;
    app.wait_for_metric(IN_FLIGHT, 0).await;
    app.wait_for_metric(ABANDONED, 1).await;
    // The framework stops to ask for more as soon as a write fails.
    assert!(log.counts().batches < MAX_BUFFERED, "{:?}", log.counts());
}

#[tokio::test]
async fn unread_list_is_closed_after_the_idle_timeout() {
    let (app, log) = app_with_endless_lists("idle_timeout_ms = 300").await;
    let _unread = request_list(&app);
    log.wait_until(|counts| counts.dropped == 1).await;
}

#[tokio::test]
async fn shutdown_drops_unread_lists() {
    let (app, log) = app_with_endless_lists("shutdown_timeout_ms = 200").await;
    let _unread = request_list(&app);
    app.wait_for_metric(SENT, 1).await;
    let server = app.stop();
    log.wait_until(|counts| counts.dropped == 1).await;
    tokio::task::spawn_blocking(|| server.join().unwrap().unwrap()).await.unwrap();
}

#[tokio::test]
async fn list_in_transit_is_completed_during_shutdown() {
    let (open, gate) = watch::channel(false);
    let (log, gate) = (ListLog::new(), Arc::new(gate));
    let lists = log.clone();
    let directory = directory(move |scope| lists.list(gated(scope, &gate)));
    let app =
        App::start_with(AppOptions { directory: Some(directory), ..AppOptions::default() }).await;
    let mut connection = request_list(&app);
    app.wait_for_metric(SENT, 1).await;
    let server = app.stop();
    open.send_replace(true);
    assert!(read_to_end(&mut connection).ends_with("}]\r\n0\r\n\r\n"));
    tokio::task::spawn_blocking(|| server.join().unwrap().unwrap()).await.unwrap();
    assert_eq!(log.counts().dropped, 1);
}

#[tokio::test]
async fn requests_are_served_while_a_list_is_sent() {
    let (app, log) = app_with_endless_lists("").await;
    let mut connection = request_list(&app);
    let stop = connection.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1024 * 1024];
        loop {
            match connection.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => return assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
    });
    app.wait_for_metric(SENT, 1).await;
    let before = log.counts().batches;
    // There is one worker.
    while log.counts().batches < before + 20 {
        assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    }
    stop.shutdown(Shutdown::Both).unwrap();
    reader.join().unwrap();
    log.wait_until(|counts| counts.dropped == 1).await;
}

#[tokio::test]
async fn list_in_transit_keeps_its_memory_reserved() {
    let (open, gate) = watch::channel(false);
    let (log, gate) = (ListLog::new(), Arc::new(gate));
    let lists = log.clone();
    let directory = directory(move |scope| {
        if scope.tenant().as_str() == "acme" {
            lists.list(gated(scope, &gate)).holding(4 * 1024 * 1024)
        } else {
            lists.list(stream::empty())
        }
    });
    let app = App::start_with(AppOptions {
        settings: "[overload]\nmax_list_bytes = 4194304\nmax_wait_ms = 50\n",
        directory: Some(directory),
        ..AppOptions::default()
    })
    .await;
    let globex = app.tenant("globex");
    let mut connection = request_list(&app);
    app.wait_for_metric(SENT, 1).await;

    let shed = globex.get("/api/globex/admin/users").await;

    assert_eq!(shed.outcome(), "503 overloaded");
    assert_eq!(app.metric("usher_http_requests_shed_total{reason=\"list_memory\"}").await, 1);
    open.send_replace(true);
    assert!(read_to_end(&mut connection).ends_with("}]\r\n0\r\n\r\n"));
    log.wait_until(|counts| counts.dropped == 1).await;
    assert_eq!(globex.get("/api/globex/admin/users").await.text, "[]");
}

/// Returns two batches, of which the second comes once the gate is open.
fn gated(
    scope: &domain::TenantScope,
    gate: &Arc<watch::Receiver<bool>>,
) -> impl futures_util::Stream<Item = ports::PortResult<Vec<domain::UserView<'static>>>>
+ Send
+ 'static
+ use<> {
    let (first, second) = (batch(scope), batch(scope));
    let mut gate = watch::Receiver::clone(gate);
    stream::iter([Ok(first)]).chain(stream::once(async move {
        gate.wait_for(|is_open| *is_open).await.unwrap();
        Ok(second)
    }))
}

#[tokio::test]
async fn unread_list_keeps_its_permit() {
    // More than the socket buffers hold.
    let directory = directory(|scope| ListLog::new().list(endless(scope).take(400)));
    let app =
        App::start_with(AppOptions { directory: Some(directory), ..AppOptions::default() }).await;
    let mut connection = request_list(&app);
    app.wait_for_metric(SENT, 1).await;
    assert_eq!(app.metric(IN_FLIGHT).await, 1);

    let response = read_to_end(&mut connection);

    assert!(response.ends_with("}]\r\n0\r\n\r\n"), "incomplete: {} bytes", response.len());
    app.wait_for_metric(IN_FLIGHT, 0).await;
    assert_eq!(app.metric(ABANDONED).await, 0);
}
