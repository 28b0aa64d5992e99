//! Errors raised outside the handlers, each in the format of the contract that the path belongs to.

mod bodies;
mod cors;
pub(crate) mod directory;
mod head_limits;
mod panics;
mod paths;
mod request_headers;
mod request_id;
mod upgrade;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Answer;

/// A list path of each contract, so that tests cover both error formats.
const LISTS: [&str; 2] = ["/api/acme/admin/users", "/api/v1/users?filter[tenant]=acme"];

/// Every published error code.
const CODES: &str = "malformed_request unknown_parameter missing_token invalid_token \
    insufficient_permission tenant_forbidden user_not_found already_attached email_taken \
    username_taken ambiguous_account last_protected_role_holder managed_by_another_tenant \
    validation_failed unknown_role weak_password current_password_mismatch too_many_attempts \
    too_many_requests payload_too_large unsupported_media_type directory_error \
    directory_unavailable directory_timeout internal_error not_found method_not_allowed \
    not_acceptable keys_unavailable request_timeout uri_too_long headers_too_large";

/// Asserts that a response is this error, in the format of the contract that the path belongs to.
#[track_caller]
fn assert_error(path: &str, response: &Answer, outcome: &str) {
    let body = response.json();
    let id =
        response.header("x-request-id").unwrap_or_else(|| panic!("no request id: {response:?}"));
    let codes = if is_user_management(path) {
        assert_eq!(response.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(member_names(&body), ["errors"].into(), "{path}: {response:?}");
        let errors = body["errors"].as_array().unwrap();
        for error in errors {
            assert_eq!(
                member_names(error),
                ["code", "detail", "meta"].into(),
                "{path}: {response:?}"
            );
            assert!(error["detail"].is_string(), "{path}: {response:?}");
            assert_eq!(error["meta"]["requestId"], id, "{path}: {response:?}");
        }
        errors.iter().map(|error| error["code"].clone()).collect()
    } else {
        assert_eq!(response.header("content-type"), Some("application/problem+json"), "{path}");
        let mut names = member_names(&body);
        names.remove("errors");
        let known = ["type", "title", "status", "detail", "code", "requestId"];
        assert_eq!(names, known.into(), "{path}: {response:?}");
        assert_eq!(body["type"], "about:blank", "{path}: {response:?}");
        assert_eq!(
            body["title"],
            response.status.canonical_reason().unwrap(),
            "{path}: {response:?}"
        );
        assert_eq!(body["status"], response.status.as_u16(), "{path}: {response:?}");
        assert!(body["detail"].is_string(), "{path}: {response:?}");
        assert_eq!(body["requestId"], id, "{path}: {response:?}");
        let errors = body["errors"].as_array().into_iter().flatten();
        errors.map(|error| error["code"].clone()).chain([body["code"].clone()]).collect::<Vec<_>>()
    };
    for code in codes {
        let published = CODES.split_whitespace().any(|known| code == known);
        assert!(published, "{path}: {code} is not published");
    }
    assert_eq!(response.outcome(), outcome, "{path}: {response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{path}: {response:?}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}: {response:?}");
    match response.status.as_u16() {
        401 => assert!(response.header("www-authenticate").unwrap().starts_with("Bearer")),
        405 => assert!(response.header("allow").is_some(), "{path}: {response:?}"),
        429 | 503 => {
            let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
            assert!(wait > 0, "{path}: {response:?}");
        }
        _ => {}
    }
}

fn member_names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Returns whether the path belongs to contract B.
fn is_user_management(path: &str) -> bool {
    let version = ["/api/v1", "/api/v2"].into_iter().find_map(|start| path.strip_prefix(start));
    version.is_some_and(|rest| {
        (rest.is_empty() || rest.starts_with(['/', '?']))
            && !(rest == "/admin" || rest.starts_with("/admin/"))
    })
}
