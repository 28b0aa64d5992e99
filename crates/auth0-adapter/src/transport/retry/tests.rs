use std::time::Duration;

use super::*;
use crate::error::{Garbage, Meaning, Refusal};

#[test]
fn only_what_may_help_and_may_be_repeated_is_sent_again() {
    use Safety::{Once, OnlyIfUnprocessed, Repeatable};
    let limited = Failure::Limited { retry_after: None };
    let status = Failure::Status { status: 500, retry_after: None };
    let timed_out = Failure::TimedOut { cut_short: false };
    for (failure, sends) in [
        (limited, [3, 3, 1]),
        (status, [3, 1, 1]),
        (timed_out, [3, 1, 1]),
        (Failure::SlowSearch, [2, 1, 1]),
        (Garbage::TooLong.into(), [1, 1, 1]),
        (Failure::NoTime, [1, 1, 1]),
        (Failure::Open { retry_after: Duration::ZERO }, [1, 1, 1]),
        (Refusal::new(400, None, Meaning::OperatorsProblem, Vec::new()).into(), [1, 1, 1]),
    ] {
        let by_safety =
            [Repeatable, OnlyIfUnprocessed, Once].map(|safety| most_sends(&failure, safety));
        assert_eq!(by_safety, sends, "{failure}");
    }
}
