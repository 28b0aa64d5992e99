//! Bodies that hold on to what they need until they have gone out.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use crate::protection::admission::Permit;

/// How much of a body is handed over at once.
const PIECE: usize = 32 * 1024;

/// A body that goes out piece by piece, as fast as the client takes it, and keeps its request's
/// permit until the last piece is on its way.
///
/// What is handed over whole would lie about for a client that does not read, and its permit would
/// be free: many such clients would fill the memory.
#[derive(Debug)]
pub(crate) struct PermitBody {
    body: Kind,
    _place: Option<Permit>,
}

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    Other(BoxBody),
}

impl PermitBody {
    /// This body, for which this permit is held.
    pub(crate) fn new(body: impl MessageBody + 'static, permit: Option<Permit>) -> Self {
        let body = match body.try_into_bytes() {
            Ok(bytes) => Kind::Whole(bytes),
            Err(body) => Kind::Other(body.boxed()),
        };
        Self { body, _place: permit }
    }
}

impl MessageBody for PermitBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        match &self.body {
            Kind::Whole(bytes) => bytes.size(),
            Kind::Other(body) => body.size(),
        }
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match &mut self.body {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let piece = bytes.split_to(bytes.len().min(PIECE));
                Poll::Ready(Some(Ok(piece)))
            }
            Kind::Other(body) => Pin::new(body).poll_next(context).map_err(Into::into),
        }
    }
}
