//! Metadata over HTTP: the merge at the first level.

use serde_json::{Value, json};

use crate::support::{Tenant, assert_code};

#[tokio::test]
async fn merge_keeps_other_keys_and_null_deletes() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({
        "email": "jane@acme.example",
        "app_metadata": {"a": {"x": 1, "y": 2}, "b": 1},
        "user_metadata": {"c": 1},
    }));
    let change = json!({"app_metadata": {"a": {"x": 3}, "b": null, "d": 4}});
    let (status, changed) = tenant.patch(&id, change).await;
    assert_eq!(status, 200);
    assert_eq!(changed["app_metadata"], json!({"a": {"x": 3}, "d": 4}));
    assert_eq!(changed["user_metadata"], json!({"c": 1}));
}

#[tokio::test]
async fn empty_object_clears_but_only_user_metadata_remains() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({
        "email": "jane@acme.example", "app_metadata": {"a": 1}, "user_metadata": {"a": 1},
    }));
    let (_, changed) = tenant.patch(&id, json!({"app_metadata": {}, "user_metadata": {}})).await;
    assert_eq!(changed.get("app_metadata"), None);
    assert_eq!(changed.get("user_metadata"), Some(&json!({})));
}

#[tokio::test]
async fn changes_of_different_keys_are_all_kept() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({"email": "jane@acme.example"}));
    let changes = (0..20).map(|key| {
        let mut change = json!({"app_metadata": {}});
        change["app_metadata"][format!("key_{key}")] = json!({"role": key});
        tenant.patch(&id, change)
    });
    for change in changes {
        assert_eq!(change.await.0, 200);
    }
    let stored = tenant.control().user(&id).unwrap();
    assert_eq!(stored["app_metadata"].as_object().unwrap().len(), 20);
}

#[tokio::test]
async fn invalid_metadata_name_changes_nothing() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({"email": "jane@acme.example", "app_metadata": {"a": 1}}));
    for body in [
        json!({"app_metadata": {"b": 1, "email": "x"}}),
        json!({"app_metadata": {"user_id": null}}),
        json!({"app_metadata": {"a.b": 1}}),
        json!({"app_metadata": {"a": {"$b": 1}}}),
        json!({"user_metadata": {"a$": 1}}),
    ] {
        let rejection = tenant.patch(&id, body).await;
        assert_code(&rejection, 400, "invalid_body");
        let message = rejection.1["message"].as_str().unwrap();
        assert!(message.starts_with("Payload validation error: '"), "{message}");
    }
    let stored: Value = tenant.control().user(&id).unwrap();
    assert_eq!((&stored["app_metadata"], stored.get("user_metadata")), (&json!({"a": 1}), None));
}
