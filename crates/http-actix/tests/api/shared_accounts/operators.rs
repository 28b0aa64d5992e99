//! Homes, proof and the release of a label: for operators.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NIA_ID, app_with_nia, attach_nia, status_in_acme, vouch};
use crate::support::App;

fn home_path() -> String {
    format!("/api/v1/users/{NIA_ID}/home")
}

#[tokio::test]
async fn only_operators_move_homes_vouch_and_release() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    let calls = [
        (Method::PUT, home_path(), Some(json!({"tenantName": "acme"}))),
        (
            Method::PUT,
            format!("/api/v1/users/{NIA_ID}/proof"),
            Some(json!({"emailVerified": true})),
        ),
        (Method::POST, "/api/v1/tenants/acme/release".to_owned(), None),
    ];
    for (method, path, body) in calls {
        for client in [app.tenant("acme"), app.tenants(&["acme", "globex"]), app.member("olga")] {
            let answer = client.call(method.clone(), &path, body.clone()).await;
            assert_eq!(answer.outcome(), "403 insufficient_permission", "{path}");
        }
        // The same for accounts that do not exist, so that it tells nothing.
        let unknown = path.replace(NIA_ID, "auth0%7Cnobody");
        let answer = app.tenant("acme").call(method.clone(), &unknown, body.clone()).await;
        assert_eq!(answer.outcome(), "403 insufficient_permission", "{unknown}");
        let viewer = app.operator_with(&["VIEW_USERS_AND_GROUPS"]);
        let answer = viewer.call(method, &path, body).await;
        assert_eq!(answer.outcome(), "403 insufficient_permission", "{path}");
    }
    assert_eq!(status_in_acme(&app).await, "pending");
}

#[tokio::test]
async fn home_moves_only_to_a_tenant_of_the_account() {
    let app = app_with_nia().await;
    let operator = app.operator();
    let answer = operator.put(&home_path(), json!({"tenantName": "acme"})).await;
    assert_eq!(answer.outcome(), "409 not_attached");
    attach_nia(&app.tenant("acme"), "viewer").await;
    let user = operator.put(&home_path(), json!({"tenantName": "acme"})).await.json();
    assert_eq!((&user["tenantName"], &user["managedHere"]), (&json!("acme"), &json!(true)));
    // The membership at home is active; the one at the former home has no record of its attaching,
    // and so needs no other proof than that nobody set a password.
    assert_eq!(status_in_acme(&app).await, "active");
    let set = json!({"newPassword": "another-password"});
    let path = format!("/api/v1/users/{NIA_ID}/change-password");
    let answer = app.tenant("globex").patch(&path, set.clone()).await;
    assert_eq!(answer.outcome(), "403 managed_by_another_tenant");
    assert_eq!(app.tenant("acme").patch(&path, set).await.outcome(), "200");
}

#[tokio::test]
async fn cleared_home_leaves_the_account_to_operators() {
    let app = app_with_nia().await;
    let answer = app.operator().put(&home_path(), json!({"tenantName": null})).await;
    assert_eq!(answer.outcome(), "200");
    let path = format!("/api/v1/users/{NIA_ID}");
    let answer = app.tenant("globex").delete(&path).await;
    assert_eq!(answer.outcome(), "403 managed_by_another_tenant");
    assert_eq!(app.operator().delete(&path).await.outcome(), "204");
}

#[tokio::test]
async fn malformed_homes_and_proofs_are_rejected() {
    let app = app_with_nia().await;
    let operator = app.operator();
    let proof = format!("/api/v1/users/{NIA_ID}/proof");
    for (path, body, outcome) in [
        (home_path(), json!({}), "400 malformed_request"),
        (home_path(), json!({"tenantName": 1}), "400 malformed_request"),
        (home_path(), json!({"tenantName": "Not A Label"}), "422 validation_failed"),
        (proof.clone(), json!({}), "400 malformed_request"),
        (proof, json!({"emailVerified": null}), "400 malformed_request"),
        (
            "/api/v1/users/auth0%7Cnobody/home".into(),
            json!({"tenantName": null}),
            "404 user_not_found",
        ),
    ] {
        assert_eq!(operator.put(&path, body.clone()).await.outcome(), outcome, "{path} {body}");
    }
}

async fn ids(app: &App, tenant: &str) -> Vec<Value> {
    let body = app.operator().get(&format!("/api/{tenant}/admin/users")).await.json();
    body.as_array().unwrap().iter().map(|user| user["id"].clone()).collect()
}

#[tokio::test]
async fn release_removes_every_trace_of_the_tenant() {
    let app = app_with_nia().await;
    // Her home is globex, but she is not attached there any more.
    attach_nia(&app.tenant("acme"), "viewer").await;
    let path = format!("/api/globex/admin/users/{NIA_ID}");
    assert_eq!(app.tenant("globex").delete(&path).await.outcome(), "204");
    let others = ids(&app, "acme").await;
    let operator = app.operator();
    let mut done = 0;
    loop {
        let answer = operator.post("/api/v1/tenants/globex/release", Value::Null).await.json();
        done += answer["done"].as_u64().unwrap();
        if answer["left"] == 0 {
            break;
        }
        // The stand-in's search shows changes after a while.
        app.clock.advance(std::time::Duration::from_secs(3));
    }
    assert_eq!(done, 4, "gina, gus, adam's membership, nia's home");
    assert_eq!(ids(&app, "globex").await, Vec::<Value>::new());
    assert_eq!(ids(&app, "acme").await, others);
    // Whoever gets the label next manages none of them.
    let path = format!("/api/v1/users/{NIA_ID}");
    let globex = app.tenant("globex");
    assert_eq!(globex.get(&path).await.outcome(), "404 user_not_found");
    let attached = json!({"email": "gina@globex.example", "role": "owner"});
    let user = globex.post("/api/globex/admin/users", attached).await.json();
    assert_eq!((&user["managedHere"], &user["status"]), (&json!(false), &json!("pending")));
    vouch(&app, NIA_ID, true).await;
}
