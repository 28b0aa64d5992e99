//! Changes that are made to their end.

use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest, web};
use ports::CallContext;
use tracing::Instrument as _;

use crate::protection::admission::Permit;
use crate::response::api_error::ApiError;
use crate::server::state::AppState;

/// Makes a change to its end, even if the client leaves: no change may stay half made, and the
/// request's permit and locks are held as long as the work takes. Otherwise clients that reset
/// their connections could start more changes than there are permits.
pub(crate) async fn run_to_completion<T, F>(
    request: &HttpRequest,
    change: impl FnOnce(web::Data<AppState>) -> F,
) -> Result<T, ApiError>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let state = request
        .app_data::<web::Data<AppState>>()
        .ok_or_else(|| ApiError::internal("the application has no state"))?;
    let permit = request.extensions().get::<Arc<Permit>>().cloned();
    let counted = CountedChange::start(state.clone());
    let change = change(state.clone());
    let work = async move {
        let _held = (permit, counted);
        change.await
    }
    .in_current_span();
    let call = CallContext::current();
    let task = actix_web::rt::spawn(async move {
        match call {
            Some(call) => call.scope(work).await,
            None => work.await,
        }
    });
    task.await.map_err(|_| ApiError::internal("a change panicked"))
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
