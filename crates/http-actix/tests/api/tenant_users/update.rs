//! Changing a user's role and name in a tenant.

use serde_json::json;

use super::{ACME, field_errors, user_path};
use crate::support::App;

#[tokio::test]
async fn role_and_name_change_together() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let mia = user_path("acme", "mia");

    let response = acme.put(&mia, json!({"role": "admin", "name": "Mia M."})).await;

    let expected = json!({
        "id": "auth0|mia", "email": "mia@acme.example", "name": "Mia M.", "blocked": false,
        "lastLogin": null, "tenantRole": "admin", "managedHere": true, "status": "active",
    });
    assert_eq!((response.status.as_u16(), response.json()), (200, expected.clone()));
    assert_eq!(acme.get(&mia).await.json(), expected);
}

#[tokio::test]
async fn change_is_visible_on_the_next_list() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    acme.put(&user_path("acme", "adam"), json!({"role": "viewer"})).await;

    assert_eq!(acme.get(ACME).await.json()[0]["tenantRole"], "viewer");
}

#[tokio::test]
async fn null_role_keeps_the_role() {
    let app = App::start().await;

    let body = json!({"role": null, "name": "Another"});
    let response = app.tenant("acme").put(&user_path("acme", "adam"), body).await.json();

    assert_eq!((&response["tenantRole"], &response["name"]), (&json!("admin"), &json!("Another")));
}

#[tokio::test]
async fn missing_role_is_malformed() {
    let app = App::start().await;

    let response =
        app.tenant("acme").put(&user_path("acme", "adam"), json!({"name": "Another"})).await;

    assert_eq!(response.outcome(), "400 malformed_request");
    assert_eq!(field_errors(&response), ["role malformed_request"]);
}

#[tokio::test]
async fn absent_or_null_name_keeps_the_name() {
    let app = App::start().await;

    for body in [json!({"role": "viewer"}), json!({"role": "viewer", "name": null})] {
        let response = app.tenant("acme").put(&user_path("acme", "adam"), body).await;
        assert_eq!(response.json()["name"], "Adam A.");
    }
}

#[tokio::test]
async fn empty_change_returns_the_user() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let before = acme.get(&user_path("acme", "gus")).await.json();

    let response = acme.put(&user_path("acme", "gus"), json!({"role": null, "name": null})).await;

    assert_eq!((response.status.as_u16(), response.json()), (200, before));
}

#[tokio::test]
async fn unknown_role_changes_nothing() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let body = json!({"role": "superhero", "name": "Another"});
    let response = acme.put(&user_path("acme", "adam"), body).await;

    assert_eq!(response.outcome(), "422 unknown_role");
    assert_eq!(acme.get(&user_path("acme", "adam")).await.json()["name"], "Adam A.");
}

#[tokio::test]
async fn home_account_is_renamed_everywhere() {
    let app = App::start().await;

    let body = json!({"role": null, "name": "Adam Anew"});
    app.tenant("acme").put(&user_path("acme", "adam"), body).await;

    let in_globex = app.tenant("globex").get(&user_path("globex", "adam")).await;
    assert_eq!(in_globex.json()["name"], "Adam Anew");
}

#[tokio::test]
async fn guest_is_renamed_in_this_tenant_only() {
    let app = App::start().await;
    let body = json!({"role": null, "name": "Our guest"});

    let in_acme = app.tenant("acme").put(&user_path("acme", "gus"), body).await;

    let in_globex = app.tenant("globex").get(&user_path("globex", "gus")).await;
    let names = (in_acme.json()["name"].clone(), in_globex.json()["name"].clone());
    assert_eq!(names, (json!("Our guest"), json!("Gus G.")));
}

#[tokio::test]
async fn account_without_home_is_renamed_in_this_tenant_only() {
    let app = App::start().await;
    let initech = app.tenant("initech");
    let body = json!({"email": "hal@nowhere.example", "role": "member"});
    assert_eq!(initech.post("/api/initech/admin/users", body).await.status, 201);

    let body = json!({"role": null, "name": "Our Hal"});
    assert_eq!(app.tenant("acme").put(&user_path("acme", "hal"), body).await.status, 200);

    assert_eq!(initech.get(&user_path("initech", "hal")).await.json()["name"], json!(null));
}

#[tokio::test]
async fn guest_name_survives_renaming_at_home() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    globex.put(&user_path("globex", "adam"), json!({"role": null, "name": "The guest"})).await;

    let body = json!({"role": null, "name": "Adam Anew"});
    app.tenant("acme").put(&user_path("acme", "adam"), body).await;

    assert_eq!(globex.get(&user_path("globex", "adam")).await.json()["name"], "The guest");
}

#[tokio::test]
async fn role_change_applies_in_this_tenant_only() {
    let app = App::start().await;

    app.tenant("acme").put(&user_path("acme", "adam"), json!({"role": "member"})).await;

    let in_globex = app.tenant("globex").get(&user_path("globex", "adam")).await;
    assert_eq!(in_globex.json()["tenantRole"], "viewer");
}

#[tokio::test]
async fn user_of_another_tenant_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let body = json!({"role": "member", "name": "Another"});
    let of_other_tenant = acme.put(&user_path("acme", "gina"), body.clone()).await;
    let unknown = acme.put(&user_path("acme", "unknown"), body).await;

    assert_eq!(of_other_tenant.outcome(), "404 user_not_found");
    assert_eq!(of_other_tenant.without_request_id(), unknown.without_request_id());
}
