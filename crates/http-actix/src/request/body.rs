//! JSON bodies, read strictly and only when a handler asks for them.
//!
//! Reading is a call and no extractor's doing, so that a handler can refuse a caller before it
//! looks at what the caller sent.

use std::fmt;
use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use crate::request::caller::release_permit_while;
use crate::response::api_error::{ApiError, FieldError};
use crate::response::code::ErrorCode;
use crate::server::state::AppState;
use token_verifier::strict_json;

/// A request's body, not read yet.
pub(crate) struct Body {
    request: HttpRequest,
    payload: Payload,
    is_json: bool,
    announced: Option<u64>,
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
        let is_plain = header(header::CONTENT_ENCODING)
            .is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
        let media_type = header(header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .map_or("", str::trim);
        let state = request.app_data::<web::Data<AppState>>();
        ready(match state {
            Some(state) => Ok(Self {
                request: request.clone(),
                payload: payload.take(),
                is_json: is_plain && media_type.eq_ignore_ascii_case("application/json"),
                announced: header(header::CONTENT_LENGTH).and_then(|value| value.parse().ok()),
                limit: state.max_body_bytes,
                time: state.request_timeout / 2,
            }),
            None => Err(ApiError::internal("the application has no state")),
        })
    }
}

impl Body {
    /// The body as a value.
    ///
    /// Members that the value does not have are passed over; a member that stands there twice is
    /// refused, since readers do not agree on which of the two counts (RFC 8259 §4).
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        if !self.is_json {
            let detail = "The body must be application/json, without content encoding.";
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail));
        }
        // Slow senders end before the request as a whole does, so as not to be taken for a slow
        // directory.
        let (request, time) = (self.request.clone(), self.time);
        let bytes = release_permit_while(&request, async move {
            let late =
                || ApiError::new(ErrorCode::RequestTimeout, "The body did not come in time.");
            tokio::time::timeout(time, self.bytes()).await.map_err(|_elapsed| late())?
        });
        parse(&bytes.await?)
    }

    async fn bytes(mut self) -> Result<web::BytesMut, ApiError> {
        let too_large = || {
            let detail = format!("The body may have at most {} bytes.", self.limit);
            ApiError::new(ErrorCode::PayloadTooLarge, detail)
        };
        if self.announced.is_some_and(|length| length > self.limit as u64) {
            return Err(too_large());
        }
        let mut bytes = web::BytesMut::new();
        while let Some(chunk) = self.payload.next().await {
            let chunk = chunk.map_err(|error| {
                ApiError::new(ErrorCode::MalformedRequest, "The body broke off.").because(error)
            })?;
            if bytes.len() + chunk.len() > self.limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Reads a JSON text; the error names the member that cannot be read.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    let value = strict_json::value(text).map_err(|error| unreadable(&error, ""))?;
    // serde would fill a structure from an array too, member by member.
    if !value.is_object() {
        return Err(no_object());
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        unreadable(error.inner(), if path == "." { "" } else { &path })
    })
}

fn unreadable(error: &serde_json::Error, path: &str) -> ApiError {
    if !error.is_data() {
        return ApiError::new(ErrorCode::MalformedRequest, "The body is not JSON.");
    }
    let text = error.to_string();
    // serde knows members only by its messages: "missing field `email`".
    let quoted = |prefix: &str| text.strip_prefix(prefix)?.split('`').next();
    let (field, detail) = if let Some(field) = quoted("missing field `") {
        (join(path, field), "is missing".to_owned())
    } else if let Some(field) = quoted("duplicate member `") {
        (join(path, field), "stands there more than once".to_owned())
    } else if path.is_empty() {
        return no_object();
    } else {
        (path.to_owned(), expected(&text))
    };
    ApiError::at(vec![FieldError::field(field, ErrorCode::MalformedRequest, detail)])
}

fn no_object() -> ApiError {
    ApiError::new(ErrorCode::MalformedRequest, "The body must be a JSON object.")
}

fn join(path: &str, field: &str) -> String {
    let field: String = field.chars().filter(|c| !c.is_control()).take(64).collect();
    if path.is_empty() { field } else { format!("{path}.{field}") }
}

/// "invalid type: integer `1`, expected a string" without what the client sent.
fn expected(text: &str) -> String {
    let wanted = text.rsplit_once("expected ").map(|(_, rest)| rest);
    format!("must be {}", wanted.unwrap_or("of another type"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[expect(dead_code, reason = "only whether it can be read counts")]
        email: String,
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Err(api_error) = parse::<Sample>(&bytes) {
                prop_assert_eq!(api_error.code().as_str(), "malformed_request");
            }
        }

        #[test]
        fn what_was_sent_is_not_said_back(value in "[a-z]{12}", number in 1_000_000_000_u64..) {
            for body in [
                format!("{{\"email\":{number}}}"),
                format!("{{\"email\":[\"{value}\"]}}"),
                format!("[\"{value}\"]"),
                format!("{{\"email\":\"{value}"),
            ] {
                let api_error = parse::<Sample>(body.as_bytes()).unwrap_err();
                let said = format!("{} {:?}", api_error.detail(), api_error.field_errors());
                prop_assert!(!said.contains(&value) && !said.contains(&number.to_string()), "{}", said);
            }
        }
    }
}
