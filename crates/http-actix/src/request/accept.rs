//! Content negotiation.

use actix_web::HttpRequest;
use actix_web::http::{Method, header};

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;

/// Rejects a client that does not accept JSON (RFC 9110 §12.5.1), except for DELETE, whose response
/// has no body.
pub(crate) fn check_accept(request: &HttpRequest) -> Result<(), ApiError> {
    let accepts = request.headers().get_all(header::ACCEPT);
    let ranges = accepts.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    // Empty elements of a list do not count (RFC 9110 §5.6.1.2), and without elements there is none.
    let mut ranges = ranges.filter(|range| !range.trim_ascii().is_empty()).peekable();
    if ranges.peek().is_none() || request.method() == Method::DELETE {
        return Ok(());
    }
    if accepts_json(ranges.filter_map(|range| std::str::from_utf8(range).ok())) {
        Ok(())
    } else {
        Err(ApiError::new(
            ErrorCode::NotAcceptable,
            "The response is application/json, which Accept must allow.",
        ))
    }
}

/// Returns whether the client accepts metrics as plain text, but not as `OpenMetrics`.
pub(crate) fn accepts_only_plain_text(request: &HttpRequest) -> bool {
    let accepts_type = |full: &str, group: &str| {
        let values = request.headers().get_all(header::ACCEPT);
        let values = values.filter_map(|value| value.to_str().ok());
        accepts(full, group, values.flat_map(|value| value.split(',')))
    };
    accepts_type("text/plain", "text/*")
        && !accepts_type("application/openmetrics-text", "application/*")
}

fn accepts_json<'a>(ranges: impl Iterator<Item = &'a str>) -> bool {
    accepts("application/json", "application/*", ranges)
}

/// Returns whether the most specific matching range accepts the media type; `q=0` means that it
/// does not.
fn accepts<'a>(full: &str, group: &str, ranges: impl Iterator<Item = &'a str>) -> bool {
    let mut best: Option<(usize, bool)> = None;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let precision = if media.eq_ignore_ascii_case(full) {
            2
        } else if media.eq_ignore_ascii_case(group) {
            1
        } else if media == "*/*" {
            0
        } else {
            continue;
        };
        let is_rejected = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .and_then(|(_, value)| value.trim().parse::<f32>().ok())
            .is_some_and(|quality| quality <= 0.0);
        if best.is_none_or(|(before, _)| precision > before) {
            best = Some((precision, !is_rejected));
        }
    }
    best.is_some_and(|(_, is_accepted)| is_accepted)
}

#[cfg(test)]
mod tests {
    use super::accepts_json;

    #[test]
    fn most_specific_range_decides() {
        for (accept, is_accepted) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("*/*", true),
            ("application/*;q=0.1", true),
            ("text/html, */*;q=0.1", true),
            ("text/html", false),
            ("application/problem+json", false),
            ("application/json;q=0", false),
            ("application/json;q=0, */*", false),
            ("*/*;q=0, application/json", true),
            ("", false),
        ] {
            assert_eq!(accepts_json(accept.split(',')), is_accepted, "{accept}");
        }
    }
}
