//! Changes that are made to their end.

use std::sync::Arc;

use actix_web::rt::System;
use actix_web::{HttpMessage as _, HttpRequest, web};
use ports::CallContext;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::protection::admission::Permit;
use crate::response::api_error::ApiError;
use crate::server::state::AppState;

/// Makes a change to its end, even if the client leaves: no change may stay half made, and the
/// request's permit and locks are held as long as the work takes. Otherwise clients that reset
/// their connections could start more changes than there are permits.
///
/// The change runs on the thread of the server itself, because a worker's thread ends at a shutdown
/// with its last connection.
pub(crate) async fn run_to_completion<T, F>(
    request: &HttpRequest,
    change: impl FnOnce(web::Data<AppState>) -> F,
) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let state = request
        .app_data::<web::Data<AppState>>()
        .ok_or_else(|| ApiError::internal("the application has no state"))?;
    let permit = request.extensions().get::<Arc<Permit>>().cloned();
    let counted = CountedChange::start(state.clone());
    let change = change(state.clone());
    let (sender, outcome) = oneshot::channel();
    let work = async move {
        let _held = (permit, counted);
        // It fails if the client has left.
        let _ = sender.send(change.await);
    }
    .in_current_span();
    match CallContext::current() {
        Some(call) => spawn_on_server_thread(call.scope(work)),
        None => spawn_on_server_thread(work),
    }
    outcome.await.map_err(|_| ApiError::internal("a change panicked"))
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
