//! Response bodies: whole, truncated, or oversized.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

/// The repeated contents of an oversized body.
const CHUNK: &[u8] = &[b'a'; 16 * 1024];

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Bytes),
    /// Announces `length` bytes, sends `part`, and fails after `part` has been flushed.
    Truncated {
        part: Bytes,
        length: u64,
        is_flushed: bool,
    },
    /// The given number of bytes of JSON text, without an announced length.
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

    /// Returns the first half of the bytes, with a length beyond that.
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
                // Pending lets the connection flush `part` before it polls again.
                *is_flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Truncated { .. } => {
                Poll::Ready(Some(Err(io::Error::other("truncated by an injected fault"))))
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
