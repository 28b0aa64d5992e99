//! Size limits of the request head: URI, header fields and query parameters.

use super::{LISTS, assert_error};
use crate::support::{App, AppOptions};

/// The path, extended by a query to this length.
fn path_of_length(path: &str, bytes: usize) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let start = format!("{path}{separator}x=");
    format!("{start}{}", "y".repeat(bytes - start.len()))
}

#[tokio::test]
async fn too_long_uri_is_rejected_before_authentication() {
    let app = App::start().await;
    for path in LISTS {
        for client in [app.anonymous(), app.operator()] {
            let response = client.get(&path_of_length(path, 8192)).await;
            assert_ne!(response.status, 414, "{response:?}");
            for bytes in [8193, 60_000] {
                let response = client.get(&path_of_length(path, bytes)).await;
                assert_error(path, &response, "414 uri_too_long");
            }
        }
    }
    let response = app.anonymous().get(&path_of_length("/nothing", 8193)).await;
    assert_error("/nothing", &response, "414 uri_too_long");
}

#[tokio::test]
async fn too_large_headers_are_rejected_before_authentication() {
    let app = App::start().await;
    for path in LISTS {
        // The limit applies to the sum of all fields.
        let base = app.head(&format!("GET {path}"), &[]);
        let first_line = format!("GET {path} HTTP/1.1\r\n").len();
        let base = base.len() - first_line - "\r\n".len();
        for (bytes, refused) in [(32_768, false), (32_769, true), (100_000, true)] {
            let (some, rest) = ("y".repeat(1000), "y".repeat(bytes - base - 1005 - 5));
            let head = app.head(&format!("GET {path}"), &[("X", &some), ("Y", &rest)]);
            let response = app.exchange(&head);
            let outcome = if refused { "431 headers_too_large" } else { "401 missing_token" };
            assert_error(path, &response, outcome);
        }
    }
}

#[tokio::test]
async fn head_size_limits_are_configurable() {
    let http = "max_uri_bytes = 100\nmax_header_bytes = 200";
    let app = App::start_with(AppOptions { http, ..AppOptions::default() }).await;
    for path in LISTS {
        let client = app.anonymous();
        assert_error(path, &client.get(&path_of_length(path, 100)).await, "401 missing_token");
        assert_error(path, &client.get(&path_of_length(path, 101)).await, "414 uri_too_long");
        let client = client.header("x", "y".repeat(200));
        assert_error(path, &client.get(path).await, "431 headers_too_large");
    }
}

#[tokio::test]
async fn error_for_many_parameters_stays_short() {
    let app = App::start().await;
    for path in LISTS {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path_with = |count: usize| format!("{path}{separator}{}", vec!["a"; count].join("&"));
        let response = app.operator().get(&path_with(20)).await;
        assert_error(path, &response, "400 unknown_parameter");
        let response = app.operator().get(&path_with(4000)).await;
        assert_error(path, &response, "400 malformed_request");
        assert!(response.text.len() < 500, "{response:?}");
    }
}
