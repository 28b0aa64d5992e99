//! Response bodies that hold their request's permit.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use crate::protection::admission::Permit;

/// The largest part of a body that is passed to the framework at once.
const CHUNK_BYTES: usize = 32 * 1024;

/// A body that is sent in chunks, as fast as the client reads them, and holds its request's permit
/// until the last chunk is passed on.
///
/// A body that is passed on at once would stay in memory while a client does not read it, without a
/// permit; many such clients would exhaust the memory.
#[derive(Debug)]
pub(crate) struct PermitBody {
    body: Content,
    #[expect(dead_code, reason = "it is held for as long as the body lives")]
    held: Held,
}

/// What a request holds until its response is sent.
#[derive(Debug, Default)]
pub(crate) struct Held {
    permit: Option<Arc<Permit>>,
}

impl Held {
    /// Holds a permit.
    pub(crate) fn set_permit(&mut self, permit: Permit) {
        self.permit = Some(Arc::new(permit));
    }

    /// Returns the permit, to hold it longer.
    pub(crate) fn permit(&self) -> Option<Arc<Permit>> {
        self.permit.clone()
    }

    /// Takes the permit away.
    pub(crate) fn take_permit(&mut self) -> Option<Arc<Permit>> {
        self.permit.take()
    }
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Other(BoxBody),
}

impl PermitBody {
    /// Creates a body that holds this.
    pub(crate) fn new(body: impl MessageBody + 'static, held: Held) -> Self {
        let body = match body.try_into_bytes() {
            Ok(bytes) => Content::Whole(bytes),
            Err(body) => Content::Other(body.boxed()),
        };
        Self { body, held }
    }
}

impl MessageBody for PermitBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        match &self.body {
            Content::Whole(bytes) => bytes.size(),
            Content::Other(body) => body.size(),
        }
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match &mut self.body {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => {
                let chunk = bytes.split_to(bytes.len().min(CHUNK_BYTES));
                Poll::Ready(Some(Ok(chunk)))
            }
            Content::Other(body) => Pin::new(body).poll_next(context).map_err(Into::into),
        }
    }
}
