use std::time::Duration;

use super::*;
use crate::error::{ErrorMeaning, ErrorResponse, MalformedResponse};

#[test]
fn retries_depend_on_error_and_policy() {
    use RetryPolicy::{Always, IfUnprocessed, Never};
    let limited = RequestError::RateLimited { retry_after: None };
    let status = RequestError::ServerError { status: 500, retry_after: None };
    let timed_out = RequestError::TimedOut { cut_short: false };
    for (error, sends) in [
        (limited, [3, 3, 1]),
        (status, [3, 1, 1]),
        (timed_out, [3, 1, 1]),
        (RequestError::SlowSearch, [2, 1, 1]),
        (MalformedResponse::TooLong.into(), [1, 1, 1]),
        (RequestError::DeadlineExceeded, [1, 1, 1]),
        (RequestError::CircuitOpen { retry_after: Duration::ZERO }, [1, 1, 1]),
        (ErrorResponse::new(400, None, ErrorMeaning::Misconfigured, Vec::new()).into(), [1, 1, 1]),
    ] {
        let by_policy =
            [Always, IfUnprocessed, Never].map(|retry_policy| max_sends(&error, retry_policy));
        assert_eq!(by_policy, sends, "{error}");
    }
}
