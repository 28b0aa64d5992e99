//! The errors that the framework makes by itself, each in the form of the path's contract.

mod bodies;
mod cors;
pub(crate) mod directory;
mod heads;
mod negotiation;
mod panics;
mod paths;
mod request_id;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Answer;

/// A path of each contract, under which everything here is tried in both forms.
const LISTS: [&str; 2] = ["/api/acme/admin/users", "/api/v1/users?filter[tenant]=acme"];

/// Every code that is published.
const CODES: &str = "malformed_request unknown_parameter missing_token invalid_token \
    insufficient_permission tenant_forbidden user_not_found already_attached email_taken \
    username_taken ambiguous_account last_protected_role_holder managed_by_another_tenant \
    validation_failed unknown_role weak_password current_password_mismatch too_many_attempts \
    too_many_requests payload_too_large unsupported_media_type directory_error \
    directory_unavailable directory_timeout internal_error not_found method_not_allowed \
    not_acceptable keys_unavailable request_timeout uri_too_long headers_too_large";

/// Holds an answer to be this error, in the form of the contract that the path belongs to.
#[track_caller]
fn assert_error(path: &str, answer: &Answer, outcome: &str) {
    let body = answer.json();
    let id = answer.header("x-request-id").unwrap_or_else(|| panic!("no request id: {answer:?}"));
    let codes = if is_user_management(path) {
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(members(&body), ["errors"].into(), "{path}: {answer:?}");
        let errors = body["errors"].as_array().unwrap();
        for error in errors {
            assert_eq!(members(error), ["code", "detail", "meta"].into(), "{path}: {answer:?}");
            assert!(error["detail"].is_string(), "{path}: {answer:?}");
            assert_eq!(error["meta"]["requestId"], id, "{path}: {answer:?}");
        }
        errors.iter().map(|error| error["code"].clone()).collect()
    } else {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        let mut names = members(&body);
        names.remove("errors");
        let known = ["type", "title", "status", "detail", "code", "requestId"];
        assert_eq!(names, known.into(), "{path}: {answer:?}");
        assert_eq!(body["type"], "about:blank", "{path}: {answer:?}");
        assert_eq!(body["title"], answer.status.canonical_reason().unwrap(), "{path}: {answer:?}");
        assert_eq!(body["status"], answer.status.as_u16(), "{path}: {answer:?}");
        assert!(body["detail"].is_string(), "{path}: {answer:?}");
        assert_eq!(body["requestId"], id, "{path}: {answer:?}");
        let errors = body["errors"].as_array().into_iter().flatten();
        errors.map(|error| error["code"].clone()).chain([body["code"].clone()]).collect::<Vec<_>>()
    };
    for code in codes {
        let published = CODES.split_whitespace().any(|known| code == known);
        assert!(published, "{path}: {code} is not published");
    }
    assert_eq!(answer.outcome(), outcome, "{path}: {answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}: {answer:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}: {answer:?}");
    match answer.status.as_u16() {
        401 => assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer")),
        405 => assert!(answer.header("allow").is_some(), "{path}: {answer:?}"),
        429 | 503 => {
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!(wait > 0, "{path}: {answer:?}");
        }
        _ => {}
    }
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn is_user_management(path: &str) -> bool {
    let version = ["/api/v1", "/api/v2"].into_iter().find_map(|start| path.strip_prefix(start));
    version.is_some_and(|rest| {
        (rest.is_empty() || rest.starts_with(['/', '?']))
            && !(rest == "/admin" || rest.starts_with("/admin/"))
    })
}
