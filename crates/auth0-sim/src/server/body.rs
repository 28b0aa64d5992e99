//! Bodies of answers: whole, cut short, or without end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

/// What an endless body is made of.
const CHUNK: &[u8] = &[b'a'; 16 * 1024];

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Bytes),
    /// Says it is `length` long, sends `part`, and ends with an error once that is on its way.
    Truncated {
        part: Bytes,
        length: u64,
        is_flushed: bool,
    },
    /// So many bytes of JSON text, without saying beforehand how many.
    Oversized {
        left: u64,
        has_started: bool,
    },
}

impl Default for Body {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl Body {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }

    /// The first half, and the promise of more than there is.
    pub(crate) fn truncated(bytes: &Bytes) -> Self {
        let length = bytes.len().max(2) as u64;
        Self::Truncated { part: bytes.slice(..bytes.len() / 2), length, is_flushed: false }
    }

    pub(crate) fn oversized(bytes: u64) -> Self {
        Self::Oversized { left: bytes, has_started: false }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => frame(std::mem::take(bytes)),
            Self::Truncated { part, .. } if !part.is_empty() => frame(std::mem::take(part)),
            Self::Truncated { is_flushed: is_flushed @ false, .. } => {
                // What has been handed over is written out before this is asked again.
                *is_flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Truncated { .. } => {
                Poll::Ready(Some(Err(io::Error::other("cut short on purpose"))))
            }
            Self::Oversized { left: 0, .. } => Poll::Ready(None),
            Self::Oversized { left, has_started: has_started @ false } => {
                *has_started = true;
                *left -= 1;
                frame(Bytes::from_static(b"\""))
            }
            Self::Oversized { left, .. } => {
                let part = usize::try_from(*left).unwrap_or(usize::MAX).min(CHUNK.len());
                *left -= part as u64;
                frame(Bytes::from_static(CHUNK).slice(..part))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Oversized { left, .. } => *left == 0,
            Self::Truncated { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Truncated { length, .. } => SizeHint::with_exact(*length),
            Self::Oversized { .. } => SizeHint::default(),
        }
    }
}
