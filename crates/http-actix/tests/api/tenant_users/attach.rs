//! Attaching an existing or new account to a tenant.

use serde_json::{Value, json};

use super::{ACME, field_errors, location, names, user_path};
use crate::support::{App, AppOptions};

/// Adds a user whose stored role in acme is not in the catalogue.
fn with_unknown_stored_role() -> AppOptions {
    let users = json!({
        "id": "auth0|zoe", "email": "zoe@globex.example", "name": "Zoe Z.",
        "homeTenant": "globex", "tenants": {"acme": "superhero", "globex": "member"},
    });
    AppOptions { users: users.to_string(), ..AppOptions::default() }
}

fn member_names(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn new_user_is_created_and_attached() {
    let app = App::start().await;
    let body = json!({"email": "new@acme.example", "name": "New N.", "role": "viewer"});

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.status, 201);
    let mut user = response.json();
    assert!(user["id"].take().as_str().unwrap().starts_with("auth0|"));
    let expected = json!({
        "id": null, "email": "new@acme.example", "name": "New N.", "blocked": false,
        "lastLogin": null, "tenantRole": "viewer", "managedHere": true, "status": "active",
    });
    assert_eq!(user, expected);
}

#[tokio::test]
async fn existing_account_is_attached() {
    let app = App::start().await;
    let body = json!({"email": "gina@globex.example", "role": "viewer"});

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.status, 201);
    assert_eq!(response.json()["id"], "auth0|gina");
    assert_eq!(response.json()["tenantRole"], "viewer");
}

#[tokio::test]
async fn created_and_attached_responses_have_the_same_shape() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let created = acme.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await;
    let attached = acme.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await;

    assert_eq!(created.status, attached.status);
    assert_eq!(member_names(&created.json()), member_names(&attached.json()));
    let header_names = |response: &crate::support::Answer| {
        let mut names: Vec<_> = response.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(header_names(&created), header_names(&attached));
}

#[tokio::test]
async fn location_of_created_user_resolves() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await;

    assert_eq!(acme.get(&location(&response)).await.json(), response.json());
}

#[tokio::test]
async fn location_of_attached_user_resolves() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await;

    assert_eq!(location(&response), user_path("acme", "ivy"));
    assert_eq!(acme.get(&location(&response)).await.json(), response.json());
}

#[tokio::test]
async fn attached_user_is_on_the_next_list() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    acme.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await;

    let expected = ["adam", "bob", "gus", "hal", "ivy", "mia", "olga", "vera"];
    assert_eq!(names(&acme.get(ACME).await), expected);
}

#[tokio::test]
async fn email_of_new_user_is_stored_in_lower_case() {
    let app = App::start().await;
    let body = json!({"email": "New.Person@ACME.example", "role": "member"});

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.json()["email"], "new.person@acme.example");
}

#[tokio::test]
async fn account_is_found_by_email_in_any_case() {
    let app = App::start().await;
    let body = json!({"email": "IVY@Nowhere.Example", "role": "member"});

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.json()["id"], "auth0|ivy");
}

#[tokio::test]
async fn attached_user_cannot_be_attached_again() {
    let app = App::start().await;

    for email in ["mia@acme.example", "MIA@acme.example", "gus@globex.example"] {
        let body = json!({"email": email, "role": "viewer"});
        let response = app.tenant("acme").post(ACME, body).await;
        assert_eq!(response.outcome(), "409 already_attached", "{email}");
    }
}

#[tokio::test]
async fn refused_attach_changes_nothing() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let before = acme.get(&user_path("acme", "mia")).await.json();

    let body = json!({"email": "mia@acme.example", "name": "Another", "role": "admin"});
    assert_eq!(acme.post(ACME, body).await.outcome(), "409 already_attached");

    assert_eq!(acme.get(&user_path("acme", "mia")).await.json(), before);
}

#[tokio::test]
async fn role_outside_the_catalogue_is_rejected() {
    let app = App::start().await;

    for role in ["superhero", "", "Owner", " owner"] {
        let body = json!({"email": "ivy@nowhere.example", "role": role});
        let response = app.tenant("acme").post(ACME, body).await;
        assert_eq!(response.outcome(), "422 unknown_role", "{role}");
        assert_eq!(field_errors(&response), ["role unknown_role"], "{role}");
    }
    assert_eq!(
        app.tenant("acme").get(&user_path("acme", "ivy")).await.outcome(),
        "404 user_not_found"
    );
}

#[tokio::test]
async fn user_with_unknown_stored_role_is_not_found() {
    let app = App::start_with(with_unknown_stored_role()).await;
    let acme = app.tenant("acme");
    let zoe = user_path("acme", "zoe");

    assert_eq!(acme.get(&zoe).await.outcome(), "404 user_not_found");
    assert_eq!(acme.put(&zoe, json!({"role": "member"})).await.outcome(), "404 user_not_found");
    assert_eq!(acme.delete(&zoe).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn user_with_unknown_stored_role_is_not_listed() {
    let app = App::start_with(with_unknown_stored_role()).await;

    let list = app.tenant("acme").get(ACME).await;

    assert_eq!(names(&list), ["adam", "bob", "gus", "hal", "mia", "olga", "vera"]);
}

#[tokio::test]
async fn user_with_unknown_stored_role_can_be_attached() {
    let app = App::start_with(with_unknown_stored_role()).await;
    let acme = app.tenant("acme");

    let response = acme.post(ACME, json!({"email": "zoe@globex.example", "role": "viewer"})).await;

    assert_eq!(response.status, 201);
    let zoe = acme.get(&user_path("acme", "zoe")).await.json();
    assert_eq!((&zoe["id"], &zoe["tenantRole"]), (&json!("auth0|zoe"), &json!("viewer")));
}

#[tokio::test]
async fn name_of_attached_guest_applies_in_this_tenant_only() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    let before = globex.get(&user_path("globex", "gina")).await.json();
    let body = json!({"email": "gina@globex.example", "name": "The guest", "role": "viewer"});

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.json()["name"], "The guest");
    assert_eq!(globex.get(&user_path("globex", "gina")).await.json(), before);
}

#[tokio::test]
async fn attaching_without_name_keeps_the_account_name() {
    let app = App::start().await;

    for body in [
        json!({"email": "adam@acme.example", "role": "viewer"}),
        json!({"email": "olga@acme.example", "role": "viewer", "name": null}),
    ] {
        let (id, name) = match body["email"].as_str() {
            Some("adam@acme.example") => ("adam", "Adam A."),
            _ => ("olga", "Olga O."),
        };
        // Before that, the name is hidden from the tenant.
        let proof = format!("/api/v1/users/auth0%7C{id}/proof");
        app.operator().put(&proof, json!({"emailVerified": true})).await;
        let response = app.tenant("initech").post("/api/initech/admin/users", body).await;
        assert_eq!(response.json()["name"], name);
    }
}

#[tokio::test]
async fn reattaching_at_home_renames_everywhere() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    assert_eq!(acme.delete(&user_path("acme", "adam")).await.status, 204);
    let body = json!({"email": "adam@acme.example", "name": "Adam Again", "role": "member"});

    assert_eq!(acme.post(ACME, body).await.status, 201);

    let in_globex = app.tenant("globex").get(&user_path("globex", "adam")).await;
    assert_eq!(in_globex.json()["name"], "Adam Again");
}

#[tokio::test]
async fn creating_tenant_becomes_home_tenant() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let created = acme.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();

    let body = json!({"email": "newer@acme.example", "firstName": "New", "lastName": "Er"});
    let changed = acme.put(&format!("/api/v1/users/{id}"), body).await;

    assert_eq!(changed.outcome(), "200");
}

#[tokio::test]
async fn write_scope_does_not_imply_read() {
    let app = App::start().await;
    let writer = app.tenant_with("acme", &["tenant.access:write"]);

    let written = [
        writer.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await,
        writer.put(&user_path("acme", "ivy"), json!({"role": "viewer"})).await,
        writer.delete(&user_path("acme", "ivy")).await,
    ];
    let read = [writer.get(ACME).await, writer.get(&user_path("acme", "mia")).await];

    assert_eq!(written.map(|response| response.outcome()), ["201", "200", "204"]);
    assert_eq!(read.map(|response| response.outcome()), ["403 insufficient_permission"; 2]);
}

#[tokio::test]
async fn read_scope_does_not_imply_write() {
    let app = App::start().await;
    let reader = app.tenant_with("acme", &["tenant.access:read"]);

    let read = [reader.get(ACME).await, reader.get(&user_path("acme", "mia")).await];
    let written = [
        reader.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await,
        reader.put(&user_path("acme", "mia"), json!({"role": "viewer"})).await,
        reader.delete(&user_path("acme", "mia")).await,
    ];

    assert_eq!(read.map(|response| response.outcome()), ["200"; 2]);
    assert_eq!(written.map(|response| response.outcome()), ["403 insufficient_permission"; 3]);
}
