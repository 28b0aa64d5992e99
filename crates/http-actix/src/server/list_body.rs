//! The bodies of full lists, which are rendered piece by piece while they are sent.
//!
//! The framework asks for a piece once the connection has taken most of the one before. So a list of
//! any length takes the memory of a batch and a few pieces, and one that is not read, or whose
//! client is gone, is not computed. After each piece, the other connections of the worker have their
//! turn.
//!
//! The first piece is rendered before the head of the response, so an early failure is an ordinary
//! error. A later one cannot change the status: the connection is closed in the middle of the body,
//! the array stays open, and the failure is logged and counted here.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use std::vec;

use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody as _};
use actix_web::http::{ConnectionType, Version};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use application::UseCaseError;
use domain::UserView;
use futures_util::future::ready;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use ports::{FullList, error_chain};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::metrics::AbortReason;
use crate::protection::idle_connections::ResponseProgress;
use crate::protection::list_memory::ListReservation;
use crate::response::api_error::{ApiError, directory_timeout};
use crate::server::request_context::RequestContext;
use crate::server::request_id::RequestId;
use crate::server::state::AppState;

/// The size at which a piece ends, in bytes: the framework writes as much at once.
const PIECE_BYTES: usize = 32 * 1024;
/// The room for the user at which a piece ends.
const LAST_USER_BYTES: usize = 1024;

/// Returns the body of a response with a full list, as a JSON array. A list that fits into one piece
/// is a whole; a longer one is a stream.
///
/// `append_user` appends a user's JSON to a text.
///
/// # Errors
/// If the list fails before its first piece is complete.
pub(crate) async fn list_body<R>(
    request: &HttpRequest,
    list: FullList,
    mut reservation: ListReservation,
    append_user: R,
) -> Result<BoxBody, ApiError>
where
    R: FnMut(&mut Vec<u8>, &UserView<'_>) -> Result<(), ApiError> + 'static,
{
    reservation.set_held(list.held_bytes());
    let mut pieces = Pieces::new(list, append_user);
    let first = pieces.next().await?;
    if pieces.is_complete {
        return Ok(BoxBody::new(first));
    }
    reservation.shrink_to(pieces.list.held_bytes());
    let context = RequestContext::require(request)?;
    let record = SendRecord::start(&context);
    let mut progress = ResponseProgress::new(request);
    progress.advance(first.len());
    let wait = record.state.request_timeout;
    let rest = ListInTransit { pieces, reservation, progress, wait, record };
    let rest = stream::unfold(Some(rest), |rest| async move { rest?.next().await });
    Ok(BoxBody::new(BodyStream::new(stream::once(ready(Ok(first))).chain(rest))))
}

/// Returns the response with a body that ends when the connection is closed, if it is a stream and
/// the client's version of HTTP has no chunks (RFC 9112 §6.1).
pub(crate) fn set_framing(version: Version, mut response: HttpResponse) -> HttpResponse {
    if version < Version::HTTP_11 && response.body().size() == BodySize::Stream {
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

/// The pieces of a list.
struct Pieces<R> {
    list: FullList,
    batch: vec::IntoIter<UserView<'static>>,
    append_user: R,
    /// What comes before the next user.
    separator: u8,
    is_complete: bool,
}

impl<R> Pieces<R>
where
    R: FnMut(&mut Vec<u8>, &UserView<'_>) -> Result<(), ApiError>,
{
    fn new(list: FullList, append_user: R) -> Self {
        let batch = Vec::new().into_iter();
        Self { list, batch, append_user, separator: b'[', is_complete: false }
    }

    /// Renders the next piece. The last one makes the list complete.
    async fn next(&mut self) -> Result<Bytes, ApiError> {
        let mut text = Vec::with_capacity(PIECE_BYTES + LAST_USER_BYTES);
        loop {
            for user in self.batch.by_ref() {
                text.push(self.separator);
                self.separator = b',';
                (self.append_user)(&mut text, &user)?;
                if text.len() >= PIECE_BYTES {
                    return Ok(text.into());
                }
            }
            let Some(batch) = self.list.next().await else { break };
            self.batch = batch.map_err(UseCaseError::from)?.into_iter();
        }
        if self.separator == b'[' {
            text.push(b'[');
        }
        text.push(b']');
        self.is_complete = true;
        Ok(text.into())
    }
}

/// A list of which a part was sent.
struct ListInTransit<R> {
    pieces: Pieces<R>,
    reservation: ListReservation,
    progress: ResponseProgress,
    /// The maximum time until the directory has the users of a piece.
    wait: Duration,
    record: SendRecord,
}

impl<R> ListInTransit<R>
where
    R: FnMut(&mut Vec<u8>, &UserView<'_>) -> Result<(), ApiError>,
{
    /// Returns the next piece, and the rest of the list if there is one.
    async fn next(mut self) -> Option<(Result<Bytes, ListAborted>, Option<Self>)> {
        // A client that reads fast would never let the others have their turn. Wakers that yield are
        // woken after the runtime has looked for input of other connections.
        yield_now().await;
        let piece = AssertUnwindSafe(self.pieces.next()).catch_unwind();
        let piece = match self.progress.exclude(timeout(self.wait, piece)).await {
            Ok(Ok(piece)) => piece,
            // The panic hook logs the panic.
            Ok(Err(_panic)) => Err(ApiError::internal("a list panicked")),
            Err(_elapsed) => {
                Err(directory_timeout().with_cause("the rest of the list took too long"))
            }
        };
        match piece {
            Ok(piece) if self.pieces.is_complete => {
                self.record.complete();
                Some((Ok(piece), None))
            }
            Ok(piece) => {
                self.reservation.shrink_to(self.pieces.list.held_bytes());
                self.progress.advance(piece.len());
                Some((Ok(piece), Some(self)))
            }
            Err(api_error) => {
                self.record.fail(&api_error);
                Some((Err(ListAborted), None))
            }
        }
    }
}

/// The error that makes the framework close a connection. The framework logs it, so it says nothing.
#[derive(Debug)]
struct ListAborted;

impl fmt::Display for ListAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list was aborted")
    }
}

impl std::error::Error for ListAborted {}

/// The record of one list that is being sent. It counts as a request in flight, and if it is dropped
/// early, it records that the list was abandoned.
struct SendRecord {
    state: web::Data<AppState>,
    id: RequestId,
    has_ended: bool,
}

impl SendRecord {
    fn start(context: &RequestContext) -> Self {
        context.state.in_flight.start_request();
        Self { state: context.state.clone(), id: context.id.clone(), has_ended: false }
    }

    fn complete(&mut self) {
        self.has_ended = true;
    }

    fn fail(&mut self, api_error: &ApiError) {
        self.has_ended = true;
        let metrics = &self.state.metrics.http;
        metrics.error(api_error.code());
        metrics.aborted(AbortReason::Failed);
        let (request_id, code) = (self.id.as_str(), api_error.code().as_str());
        let cause = api_error.cause().map(error_chain);
        tracing::error!(request_id, code, cause, "list failed while it was sent");
    }
}

impl Drop for SendRecord {
    fn drop(&mut self) {
        if !self.has_ended {
            self.state.metrics.http.aborted(AbortReason::Abandoned);
            let request_id = self.id.as_str();
            tracing::info!(request_id, "list abandoned while it was sent");
        }
        self.state.in_flight.finish_request();
    }
}
