//! JSON responses, and serializers for members of views.

use std::cell::Cell;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use domain::Timestamp;
use serde::{Serialize, Serializer};

use crate::response::api_error::ApiError;
use crate::response::json_writer;

/// The largest buffer that a thread keeps for its next response, in bytes.
const MAX_KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Returns a response with this body.
pub(crate) fn response(
    status: StatusCode,
    body: &impl Serialize,
) -> Result<HttpResponse, ApiError> {
    Ok(with_body(status, BoxBody::new(text_of(body)?)))
}

/// Returns the response about something that was created, and now has this URL.
pub(crate) fn created(url: &str, body: &impl Serialize) -> Result<HttpResponse, ApiError> {
    let mut response = response(StatusCode::CREATED, body)?;
    let url = HeaderValue::from_str(url)
        .map_err(|error| ApiError::internal("a URL is no header value").with_cause(error))?;
    response.headers_mut().insert(header::LOCATION, url);
    Ok(response)
}

/// Returns a response with this JSON as its body.
pub(crate) fn with_body(status: StatusCode, body: BoxBody) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, body);
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Renders a list, without a copy of its entries and with no more memory than its text has.
pub(crate) fn list<T: Serialize>(entries: impl Iterator<Item = T>) -> Result<Bytes, ApiError> {
    render(|text| {
        text.push(b'[');
        for (index, entry) in entries.enumerate() {
            if index > 0 {
                text.push(b',');
            }
            json_writer::append(text, &entry)?;
        }
        text.push(b']');
        Ok(())
    })
}

/// Renders a value.
fn text_of(value: &impl Serialize) -> Result<Bytes, ApiError> {
    render(|text| json_writer::append(text, value))
}

/// Renders into a buffer of the thread, and copies the text once its length is known.
fn render(
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
) -> Result<Bytes, ApiError> {
    let mut buffer = BUFFER.take();
    buffer.clear();
    let outcome = write(&mut buffer);
    let text = if buffer.capacity() <= MAX_KEPT_BYTES {
        let text = Bytes::copy_from_slice(&buffer);
        BUFFER.set(buffer);
        text
    } else {
        buffer.shrink_to_fit();
        buffer.into()
    };
    outcome
        .map_err(|error| ApiError::internal("a response cannot be rendered").with_cause(error))?;
    Ok(text)
}

/// Appends an entry of a list to its text.
pub(crate) fn append(text: &mut Vec<u8>, entry: &impl Serialize) -> Result<(), ApiError> {
    json_writer::append(text, entry)
        .map_err(|error| ApiError::internal("a list cannot be rendered").with_cause(error))
}

/// Serializes a moment as its text, or as null.
#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to the member"
)]
pub(crate) fn optional_time<S: Serializer>(
    value: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => time(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Serializes a moment as its text.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the member")]
pub(crate) fn time<S: Serializer>(value: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let text = value.to_rfc3339();
    serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
}
