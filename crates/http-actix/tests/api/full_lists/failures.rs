//! Lists that fail before or after their response has begun.

use domain::{TenantScope, UserView};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use ports::{PortError, PortResult};

use super::fixture::{ListLog, batch, directory, read_to_end, request_list};
use crate::support::metrics::IN_FLIGHT;
use crate::support::{App, AppOptions};

/// Details of a failure that only the log may contain.
const SECRET: &str = "https://directory.internal/api?token=4711";

/// The length of a failing list before its failure, in batches.
#[derive(Debug, Clone, Copy)]
enum Begin {
    Nothing,
    /// A single user.
    LessThanAPiece,
    MoreThanAPiece,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Failed,
    Unavailable,
    Panic,
    NoResponse,
}

const ENDS: [(End, &str); 3] = [
    (End::Failed, "502 directory_error"),
    (End::Unavailable, "503 directory_unavailable"),
    (End::Panic, "500 internal_error"),
];

fn batches(
    scope: &TenantScope,
    begin: Begin,
    end: End,
) -> BoxStream<'static, PortResult<Vec<UserView<'static>>>> {
    let mut first_batch = batch(scope);
    match begin {
        Begin::Nothing => first_batch.clear(),
        Begin::LessThanAPiece => first_batch.truncate(1),
        Begin::MoreThanAPiece => {}
    }
    let end = async move {
        match end {
            End::Failed => Err(PortError::Failed { source: SECRET.into() }),
            End::Unavailable => {
                Err(PortError::Unavailable { retry_after: None, source: Some(SECRET.into()) })
            }
            End::Panic => panic!("{SECRET}"),
            End::NoResponse => std::future::pending().await,
        }
    };
    stream::iter([Ok(first_batch)]).chain(stream::once(end)).boxed()
}

async fn app_with_failing_lists(http: &'static str, begin: Begin, end: End) -> (App, ListLog) {
    let log = ListLog::new();
    let lists = log.clone();
    let directory = directory(move |scope| lists.list(batches(scope, begin, end)));
    let options = AppOptions { http, directory: Some(directory), ..AppOptions::default() };
    (App::start_with(options).await, log)
}

#[tokio::test]
async fn failure_before_the_first_piece_is_an_error_response() {
    for begin in [Begin::Nothing, Begin::LessThanAPiece] {
        for (end, outcome) in ENDS {
            let (app, _) = app_with_failing_lists("", begin, end).await;
            let response = app.tenant("acme").get("/api/acme/admin/users").await;
            assert_eq!(response.outcome(), outcome, "{begin:?} {end:?}");
            assert!(!response.text.contains("directory.internal"), "{response:?}");
            assert_eq!(app.metric(FAILED).await, 0);
        }
    }
}

const FAILED: &str = "usher_http_responses_aborted_total{reason=\"failed\"}";

/// Asserts that the connection is closed in the middle of a list, and that this is counted.
async fn assert_list_is_cut_off(http: &'static str, end: End, code: &str) {
    let (app, log) = app_with_failing_lists(http, Begin::MoreThanAPiece, end).await;
    let mut connection = request_list(&app);

    let response = read_to_end(&mut connection);

    assert!(response.starts_with("HTTP/1.1 200"), "{end:?}: {response}");
    // Neither the chunks nor the array are complete.
    assert!(!response.ends_with("0\r\n\r\n") && !response.contains("}]"), "{end:?}");
    assert!(!response.contains("directory.internal"), "{end:?}");
    // All this was before the connection was closed.
    assert_eq!(log.counts().dropped, 1);
    let errors = format!("usher_http_errors_total{{code=\"{code}\"}}");
    let counts = [&errors, FAILED, IN_FLIGHT].map(|name| app.metric_on_new_connection(name));
    assert_eq!(counts, [1, 1, 0], "{end:?}");
}

#[tokio::test]
async fn later_failure_cuts_the_list_off() {
    for (end, outcome) in ENDS {
        let (_, code) = outcome.split_once(' ').unwrap();
        assert_list_is_cut_off("", end, code).await;
    }
}

#[tokio::test]
async fn stalled_list_is_cut_off_after_the_request_timeout() {
    let http = "request_timeout_ms = 2000";
    assert_list_is_cut_off(http, End::NoResponse, "directory_timeout").await;
}

#[tokio::test]
async fn stalled_list_is_not_idle() {
    // The client cannot read what the directory does not have.
    let http = "request_timeout_ms = 2000\nidle_timeout_ms = 300";
    assert_list_is_cut_off(http, End::NoResponse, "directory_timeout").await;
}
