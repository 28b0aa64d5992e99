//! Heads that are too large.

use super::{LISTS, assert_error};
use crate::support::{App, AppOptions};

/// The path with a query that makes it as long as this.
fn as_long(path: &str, bytes: usize) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let start = format!("{path}{separator}x=");
    format!("{start}{}", "y".repeat(bytes - start.len()))
}

#[tokio::test]
async fn a_path_past_the_limit_is_refused_before_anything_else() {
    let app = App::start().await;
    for path in LISTS {
        for client in [app.anonymous(), app.operator()] {
            let answer = client.get(&as_long(path, 8192)).await;
            assert_ne!(answer.status, 414, "{answer:?}");
            for bytes in [8193, 60_000] {
                let answer = client.get(&as_long(path, bytes)).await;
                assert_error(path, &answer, "414 uri_too_long");
            }
        }
    }
    let answer = app.anonymous().get(&as_long("/nothing", 8193)).await;
    assert_error("/nothing", &answer, "414 uri_too_long");
}

#[tokio::test]
async fn header_fields_past_the_limit_are_refused_before_anything_else() {
    let app = App::start().await;
    for path in LISTS {
        // The limit is on all of them together, in as many fields as there may be.
        let usual = app.head(&format!("GET {path}"), &[]);
        let first_line = format!("GET {path} HTTP/1.1\r\n").len();
        let usual = usual.len() - first_line - "\r\n".len();
        for (bytes, refused) in [(32_768, false), (32_769, true), (100_000, true)] {
            let (some, rest) = ("y".repeat(1000), "y".repeat(bytes - usual - 1005 - 5));
            let head = app.head(&format!("GET {path}"), &[("X", &some), ("Y", &rest)]);
            let answer = app.exchange(&head);
            let outcome = if refused { "431 headers_too_large" } else { "401 missing_token" };
            assert_error(path, &answer, outcome);
        }
    }
}

#[tokio::test]
async fn the_limits_on_heads_can_be_set() {
    let http = "max_uri_bytes = 100\nmax_header_bytes = 200";
    let app = App::start_with(AppOptions { http, ..AppOptions::default() }).await;
    for path in LISTS {
        let client = app.anonymous();
        assert_error(path, &client.get(&as_long(path, 100)).await, "401 missing_token");
        assert_error(path, &client.get(&as_long(path, 101)).await, "414 uri_too_long");
        let client = client.header("x", "y".repeat(200));
        assert_error(path, &client.get(path).await, "431 headers_too_large");
    }
}

#[tokio::test]
async fn the_answer_to_many_parameters_is_not_many_times_as_long() {
    let app = App::start().await;
    for path in LISTS {
        let separator = if path.contains('?') { '&' } else { '?' };
        let with = |count: usize| format!("{path}{separator}{}", vec!["a"; count].join("&"));
        let answer = app.operator().get(&with(20)).await;
        assert_error(path, &answer, "400 unknown_parameter");
        let answer = app.operator().get(&with(4000)).await;
        assert_error(path, &answer, "400 malformed_request");
        assert!(answer.text.len() < 500, "{answer:?}");
    }
}
