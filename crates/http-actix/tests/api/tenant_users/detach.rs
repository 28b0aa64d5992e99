//! Detaching a user from a tenant.

use serde_json::json;

use super::{ACME, names, user_path};
use crate::support::App;

#[tokio::test]
async fn detached_user_is_not_found() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.delete(&user_path("acme", "mia")).await;

    assert_eq!((response.status.as_u16(), response.text.as_str()), (204, ""));
    assert_eq!(acme.get(&user_path("acme", "mia")).await.outcome(), "404 user_not_found");
    assert_eq!(names(&acme.get(ACME).await), ["adam", "bob", "gus", "hal", "olga", "vera"]);
}

#[tokio::test]
async fn second_detach_is_not_found() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete(&user_path("acme", "gus")).await;

    let again = acme.delete(&user_path("acme", "gus")).await;

    assert_eq!(again.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn detach_leaves_other_tenants_unchanged() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    let before = globex.get(&user_path("globex", "adam")).await.json();

    assert_eq!(app.tenant("acme").delete(&user_path("acme", "adam")).await.status, 204);

    assert_eq!(globex.get(&user_path("globex", "adam")).await.json(), before);
}

#[tokio::test]
async fn detach_keeps_the_account() {
    let app = App::start().await;

    app.tenant("acme").delete(&user_path("acme", "mia")).await;

    let mia = app.operator().get("/api/v1/users/auth0%7Cmia").await.json();
    let user = (&mia["email"], &mia["tenantName"]);
    assert_eq!(user, (&json!("mia@acme.example"), &json!("")));
}

#[tokio::test]
async fn detached_user_can_be_attached_again() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete(&user_path("acme", "gus")).await;

    let body = json!({"email": "gus@globex.example", "role": "viewer"});
    let response = acme.post(ACME, body).await.json();

    assert_eq!((&response["id"], &response["tenantRole"]), (&json!("auth0|gus"), &json!("viewer")));
}

#[tokio::test]
async fn detach_removes_the_tenant_name() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.put(&user_path("acme", "gus"), json!({"role": null, "name": "Our guest"})).await;
    acme.delete(&user_path("acme", "gus")).await;

    let proof = json!({"emailVerified": true});
    app.operator().put("/api/v1/users/auth0%7Cgus/proof", proof).await;
    let body = json!({"email": "gus@globex.example", "role": "member"});
    let response = acme.post(ACME, body).await;

    assert_eq!(response.json()["name"], "Gus G.");
}

#[tokio::test]
async fn user_of_another_tenant_cannot_be_detached() {
    let app = App::start().await;

    let response = app.tenant("acme").delete(&user_path("acme", "gina")).await;

    assert_eq!(response.outcome(), "404 user_not_found");
    assert_eq!(app.tenant("globex").get(&user_path("globex", "gina")).await.outcome(), "200");
}
