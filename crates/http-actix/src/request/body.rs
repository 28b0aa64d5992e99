//! JSON bodies, received and read only when a handler calls for them.
//!
//! Receiving is a method and not an extractor, so that a handler can reject a caller before it
//! receives the body.

use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt as _;

use crate::request::caller::release_permit_while;
use crate::request::json_object::{FromJsonObject, parse};
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::server::request_context::RequestContext;

/// How a request delimits its body (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy)]
enum Framing {
    /// By chunks.
    Chunked,
    /// By its length in bytes; 0 if the request says nothing about a body.
    Length(u64),
}

impl Framing {
    /// The framework has already rejected ambiguous headers, but takes `Upgrade: websocket` for the
    /// start of another protocol: it then ignores `Content-Length` and delivers everything that
    /// arrives on the connection, which it closes after the response.
    fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key(header::TRANSFER_ENCODING) {
            return Self::Chunked;
        }
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        Self::Length(length.and_then(|length| length.trim().parse().ok()).unwrap_or(0))
    }
}

/// The body of a request, not received yet.
pub(crate) struct Body {
    context: Rc<RequestContext>,
    payload: Payload,
    is_json: bool,
    framing: Framing,
    limit: usize,
    time: Duration,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("is_json", &self.is_json).finish_non_exhaustive()
    }
}

impl FromRequest for Body {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_empty = header(header::CONTENT_ENCODING)
            .is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
        let media_type = header(header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .map_or("", str::trim);
        ready(RequestContext::require(request).map(|context| Self {
            payload: payload.take(),
            is_json: is_empty && media_type.eq_ignore_ascii_case("application/json"),
            framing: Framing::of(request.headers()),
            limit: context.state.max_body_bytes,
            time: context.state.request_timeout / 2,
            context,
        }))
    }
}

impl Body {
    /// Receives the body. A body that is not JSON is not received.
    ///
    /// The rights of the caller are resolved after this, because a client can take its time: the
    /// caller may have lost them meanwhile. The body is read after that, so that a caller without
    /// rights learns nothing about what is wrong with it.
    pub(crate) async fn receive(self) -> Result<ReceivedBody, ApiError> {
        if !self.is_json {
            return Ok(ReceivedBody(None));
        }
        // Shorter than the request timeout, so that a slow client is not reported as a slow
        // directory.
        let (context, time) = (Rc::clone(&self.context), self.time);
        let bytes = release_permit_while(&context, async move {
            let timed_out =
                || ApiError::new(ErrorCode::RequestTimeout, "The body was not received in time.");
            tokio::time::timeout(time, self.bytes()).await.map_err(|_elapsed| timed_out())?
        });
        Ok(ReceivedBody(Some(bytes.await?)))
    }

    async fn bytes(mut self) -> Result<web::BytesMut, ApiError> {
        let too_large = || {
            let detail = format!("The body must have at most {} bytes.", self.limit);
            ApiError::new(ErrorCode::PayloadTooLarge, detail)
        };
        let length = match self.framing {
            Framing::Chunked => None,
            Framing::Length(length) => {
                let length = usize::try_from(length).ok().filter(|length| *length <= self.limit);
                Some(length.ok_or_else(too_large)?)
            }
        };
        let is_complete =
            |bytes: &web::BytesMut| length.is_some_and(|length| bytes.len() >= length);
        let mut bytes = web::BytesMut::new();
        while !is_complete(&bytes) {
            let Some(chunk) = self.payload.next().await else { break };
            let chunk = chunk.map_err(|error| {
                ApiError::new(ErrorCode::MalformedRequest, "The body is incomplete.")
                    .with_cause(error)
            })?;
            let wanted = length.map_or(chunk.len(), |length| length - bytes.len());
            let chunk = chunk.slice(..wanted.min(chunk.len()));
            if bytes.len() + chunk.len() > self.limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The body of a request, not read yet; `None` if it is not JSON.
pub(crate) struct ReceivedBody(Option<web::BytesMut>);

impl ReceivedBody {
    /// Reads the body as a JSON object.
    pub(crate) fn json<T: FromJsonObject>(self) -> Result<T, ApiError> {
        let not_json = || {
            let detail = "The body must be application/json without a content encoding.";
            ApiError::new(ErrorCode::UnsupportedMediaType, detail)
        };
        parse(&self.0.ok_or_else(not_json)?)
    }
}

impl fmt::Debug for ReceivedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceivedBody(…)")
    }
}
