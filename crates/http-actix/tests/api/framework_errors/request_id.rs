//! The request id, which every response repeats.

use std::collections::BTreeSet;

use super::assert_error;
use crate::support::App;

const PATHS: [&str; 4] =
    ["/api/acme/admin/users", "/api/v1/users?filter[tenant]=acme", "/nothing", "/health/live"];

#[tokio::test]
async fn valid_request_id_is_kept() {
    let app = App::start().await;
    let longest = "x".repeat(64);
    for path in PATHS {
        for id in ["7", "a-1_B.c", "6f1c2a3e-0000-4000-8000-000000000000", &longest] {
            for client in [app.anonymous(), app.operator()] {
                let response = client.header("x-request-id", id).get(path).await;
                assert_eq!(response.header("x-request-id"), Some(id), "{path}");
                if !response.status.is_success() {
                    assert_error(path, &response, &response.outcome());
                }
            }
        }
    }
}

#[tokio::test]
async fn invalid_request_id_is_replaced() {
    let app = App::start().await;
    let too_long = "x".repeat(65);
    for path in PATHS {
        for id in ["", " ", "a b", "a\tb", "a\"b", "a'b", "<b>", "a/b", "a;b", "é", &too_long] {
            let response = app.anonymous().header("x-request-id", id).get(path).await;
            let generated = response.header("x-request-id").unwrap();
            assert_ne!(generated, id, "{path}");
            assert!(generated.len() > 10, "{path}: {generated}");
            if !response.status.is_success() {
                assert_error(path, &response, &response.outcome());
            }
        }
    }
}

#[tokio::test]
async fn generated_request_ids_are_unique() {
    let app = App::start().await;
    let mut ids = BTreeSet::new();
    for path in PATHS.into_iter().cycle().take(40) {
        let response = app.operator().get(path).await;
        ids.insert(response.header("x-request-id").unwrap().to_owned());
    }
    assert_eq!(ids.len(), 40);
}
