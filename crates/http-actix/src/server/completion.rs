//! Changes that are made to their end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::rt::System;
use actix_web::web;
use futures_util::FutureExt as _;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::response::api_error::ApiError;
use crate::server::request_context::RequestContext;
use crate::server::state::AppState;

/// Makes a change to its end, even if the client leaves: no change may stay half made, and the
/// request's permit and locks are held as long as the work takes. Otherwise clients that reset
/// their connections could start more changes than there are permits.
///
/// A change that waits for something runs on the thread of the server itself, because a worker's
/// thread ends at a shutdown with its last connection.
pub(crate) async fn run_to_completion<T, F>(
    context: &RequestContext,
    change: impl FnOnce(web::Data<AppState>) -> F,
) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let state = &context.state;
    let counted = CountedChange::start(state.clone());
    let change = change(state.clone()).in_current_span();
    let mut change = Box::pin(context.call.clone().scope(change));
    if let Some(runtime) = state.runtime.get() {
        // Most changes in memory end without waiting. What this one has created, such as a timer,
        // must belong to the thread that goes on with it.
        let _entered = runtime.enter();
        let first_step = || change.as_mut().now_or_never();
        match catch_unwind(AssertUnwindSafe(first_step)) {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => {}
            Err(_panic) => return Err(panicked()),
        }
    }
    let permit = context.held.borrow().permit();
    let (sender, outcome) = oneshot::channel();
    spawn_on_server_thread(async move {
        let _held = (permit, counted);
        // It fails if the client has left.
        let _ = sender.send(change.await);
    });
    outcome.await.map_err(|_| panicked())
}

/// Returns the error about a change that panicked. The panic hook logs the panic.
fn panicked() -> ApiError {
    ApiError::internal("a change panicked")
}

fn spawn_on_server_thread(work: impl Future<Output = ()> + Send + 'static) {
    match System::try_current() {
        Some(system) => drop(system.arbiter().spawn(work)),
        None => drop(actix_web::rt::spawn(work)),
    }
}

/// Counts a change as in flight until it is dropped.
struct CountedChange(web::Data<AppState>);

impl CountedChange {
    fn start(state: web::Data<AppState>) -> Self {
        state.in_flight.start_change();
        Self(state)
    }
}

impl Drop for CountedChange {
    fn drop(&mut self) {
        self.0.in_flight.finish_change();
    }
}
