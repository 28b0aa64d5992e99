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
    Cut {
        part: Bytes,
        length: u64,
        flushed: bool,
    },
    /// So many bytes of JSON text, without saying beforehand how many.
    Endless {
        left: u64,
        begun: bool,
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
    pub(crate) fn cut_short(bytes: &Bytes) -> Self {
        let length = bytes.len().max(2) as u64;
        Self::Cut { part: bytes.slice(..bytes.len() / 2), length, flushed: false }
    }

    pub(crate) fn endless(bytes: u64) -> Self {
        Self::Endless { left: bytes, begun: false }
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
            Self::Cut { part, .. } if !part.is_empty() => frame(std::mem::take(part)),
            Self::Cut { flushed: flushed @ false, .. } => {
                // What has been handed over is written out before this is asked again.
                *flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Cut { .. } => Poll::Ready(Some(Err(io::Error::other("cut short on purpose")))),
            Self::Endless { left: 0, .. } => Poll::Ready(None),
            Self::Endless { left, begun: begun @ false } => {
                *begun = true;
                *left -= 1;
                frame(Bytes::from_static(b"\""))
            }
            Self::Endless { left, .. } => {
                let part = usize::try_from(*left).unwrap_or(usize::MAX).min(CHUNK.len());
                *left -= part as u64;
                frame(Bytes::from_static(CHUNK).slice(..part))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Endless { left, .. } => *left == 0,
            Self::Cut { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Cut { length, .. } => SizeHint::with_exact(*length),
            Self::Endless { .. } => SizeHint::default(),
        }
    }
}
