//! Creating and attaching: one call, one answer.

use serde_json::{Value, json};

use super::{ACME, location, names, user, wrong};
use crate::support::{App, AppOptions};

/// Somebody whose stored role in acme is none of the catalogue.
fn with_a_superhero() -> AppOptions {
    let people = json!({
        "id": "auth0|zoe", "email": "zoe@globex.example", "name": "Zoe Z.",
        "homeTenant": "globex", "tenants": {"acme": "superhero", "globex": "member"},
    });
    AppOptions { users: people.to_string(), ..AppOptions::default() }
}

fn members(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn somebody_new_is_created_and_attached() {
    let app = App::start().await;
    let body = json!({"email": "new@acme.example", "name": "New N.", "role": "viewer"});

    let answer = app.tenant("acme").post(ACME, body).await;

    assert_eq!(answer.status, 201);
    let mut shown = answer.json();
    assert!(shown["id"].take().as_str().unwrap().starts_with("auth0|"));
    let expected = json!({
        "id": null, "email": "new@acme.example", "name": "New N.", "blocked": false,
        "lastLogin": null, "tenantRole": "viewer",
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn somebody_who_has_an_account_is_attached() {
    let app = App::start().await;
    let body = json!({"email": "gina@globex.example", "role": "viewer"});

    let answer = app.tenant("acme").post(ACME, body).await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["id"], "auth0|gina");
    assert_eq!(answer.json()["tenantRole"], "viewer");
}

#[tokio::test]
async fn the_answer_has_the_same_shape_whether_created_or_attached() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let created = acme.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await;
    let attached = acme.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await;

    assert_eq!(created.status, attached.status);
    assert_eq!(members(&created.json()), members(&attached.json()));
    let names = |answer: &crate::support::Answer| {
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&created), names(&attached));
}

#[tokio::test]
async fn the_location_of_somebody_new_can_be_followed() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let answer = acme.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await;

    assert_eq!(acme.get(&location(&answer)).await.json(), answer.json());
}

#[tokio::test]
async fn the_location_of_somebody_attached_can_be_followed() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let answer = acme.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await;

    assert_eq!(location(&answer), user("acme", "ivy"));
    assert_eq!(acme.get(&location(&answer)).await.json(), answer.json());
}

#[tokio::test]
async fn whoever_was_enlisted_is_on_the_next_list() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    acme.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await;

    let expected = ["adam", "bob", "gus", "hal", "ivy", "mia", "olga", "vera"];
    assert_eq!(names(&acme.get(ACME).await), expected);
}

#[tokio::test]
async fn the_address_of_somebody_new_is_kept_in_lower_case() {
    let app = App::start().await;
    let body = json!({"email": "New.Person@ACME.example", "role": "member"});

    let answer = app.tenant("acme").post(ACME, body).await;

    assert_eq!(answer.json()["email"], "new.person@acme.example");
}

#[tokio::test]
async fn an_account_is_found_by_its_address_in_any_case() {
    let app = App::start().await;
    let body = json!({"email": "IVY@Nowhere.Example", "role": "member"});

    let answer = app.tenant("acme").post(ACME, body).await;

    assert_eq!(answer.json()["id"], "auth0|ivy");
}

#[tokio::test]
async fn whoever_is_attached_already_is_not_attached_again() {
    let app = App::start().await;

    for email in ["mia@acme.example", "MIA@acme.example", "gus@globex.example"] {
        let body = json!({"email": email, "role": "viewer"});
        let answer = app.tenant("acme").post(ACME, body).await;
        assert_eq!(answer.outcome(), "409 already_attached", "{email}");
    }
}

#[tokio::test]
async fn a_refused_enlistment_changes_nothing() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let before = acme.get(&user("acme", "mia")).await.json();

    let body = json!({"email": "mia@acme.example", "name": "Another", "role": "admin"});
    assert_eq!(acme.post(ACME, body).await.outcome(), "409 already_attached");

    assert_eq!(acme.get(&user("acme", "mia")).await.json(), before);
}

#[tokio::test]
async fn a_role_outside_the_catalogue_is_unknown() {
    let app = App::start().await;

    for role in ["superhero", "", "Owner", " owner"] {
        let body = json!({"email": "ivy@nowhere.example", "role": role});
        let answer = app.tenant("acme").post(ACME, body).await;
        assert_eq!(answer.outcome(), "422 unknown_role", "{role}");
        assert_eq!(wrong(&answer), ["role unknown_role"], "{role}");
    }
    assert_eq!(app.tenant("acme").get(&user("acme", "ivy")).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn a_stored_role_outside_the_catalogue_is_no_access() {
    let app = App::start_with(with_a_superhero()).await;
    let acme = app.tenant("acme");
    let zoe = user("acme", "zoe");

    assert_eq!(acme.get(&zoe).await.outcome(), "404 user_not_found");
    assert_eq!(acme.put(&zoe, json!({"role": "member"})).await.outcome(), "404 user_not_found");
    assert_eq!(acme.delete(&zoe).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn a_stored_role_outside_the_catalogue_puts_nobody_on_the_list() {
    let app = App::start_with(with_a_superhero()).await;

    let list = app.tenant("acme").get(ACME).await;

    assert_eq!(names(&list), ["adam", "bob", "gus", "hal", "mia", "olga", "vera"]);
}

#[tokio::test]
async fn whoever_has_a_stored_role_outside_the_catalogue_can_be_attached() {
    let app = App::start_with(with_a_superhero()).await;
    let acme = app.tenant("acme");

    let answer = acme.post(ACME, json!({"email": "zoe@globex.example", "role": "viewer"})).await;

    assert_eq!(answer.status, 201);
    let zoe = acme.get(&user("acme", "zoe")).await.json();
    assert_eq!((&zoe["id"], &zoe["tenantRole"]), (&json!("auth0|zoe"), &json!("viewer")));
}

#[tokio::test]
async fn a_stranger_s_name_holds_in_this_tenant_only() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    let before = globex.get(&user("globex", "gina")).await.json();
    let body = json!({"email": "gina@globex.example", "name": "The guest", "role": "viewer"});

    let answer = app.tenant("acme").post(ACME, body).await;

    assert_eq!(answer.json()["name"], "The guest");
    assert_eq!(globex.get(&user("globex", "gina")).await.json(), before);
}

#[tokio::test]
async fn without_a_name_somebody_attached_keeps_the_account_s_own() {
    let app = App::start().await;

    for body in [
        json!({"email": "adam@acme.example", "role": "viewer"}),
        json!({"email": "olga@acme.example", "role": "viewer", "name": null}),
    ] {
        let name = if body["email"] == "adam@acme.example" { "Adam A." } else { "Olga O." };
        let answer = app.tenant("initech").post("/api/initech/admin/users", body).await;
        assert_eq!(answer.json()["name"], name);
    }
}

#[tokio::test]
async fn whoever_comes_back_home_is_renamed_everywhere() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    assert_eq!(acme.delete(&user("acme", "adam")).await.status, 204);
    let body = json!({"email": "adam@acme.example", "name": "Adam Again", "role": "member"});

    assert_eq!(acme.post(ACME, body).await.status, 201);

    let there = app.tenant("globex").get(&user("globex", "adam")).await;
    assert_eq!(there.json()["name"], "Adam Again");
}

#[tokio::test]
async fn whoever_is_created_is_at_home_in_the_tenant() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let created = acme.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();

    let body = json!({"email": "newer@acme.example", "firstName": "New", "lastName": "Er"});
    let changed = acme.put(&format!("/api/v1/users/{id}"), body).await;

    assert_eq!(changed.outcome(), "200");
}

#[tokio::test]
async fn writing_does_not_imply_reading() {
    let app = App::start().await;
    let writer = app.tenant_with("acme", &["tenant.access:write"]);

    let written = [
        writer.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await,
        writer.put(&user("acme", "ivy"), json!({"role": "viewer"})).await,
        writer.delete(&user("acme", "ivy")).await,
    ];
    let read = [writer.get(ACME).await, writer.get(&user("acme", "mia")).await];

    assert_eq!(written.map(|answer| answer.outcome()), ["201", "200", "204"]);
    assert_eq!(read.map(|answer| answer.outcome()), ["403 insufficient_permission"; 2]);
}

#[tokio::test]
async fn reading_does_not_imply_writing() {
    let app = App::start().await;
    let reader = app.tenant_with("acme", &["tenant.access:read"]);

    let read = [reader.get(ACME).await, reader.get(&user("acme", "mia")).await];
    let written = [
        reader.post(ACME, json!({"email": "ivy@nowhere.example", "role": "member"})).await,
        reader.put(&user("acme", "mia"), json!({"role": "viewer"})).await,
        reader.delete(&user("acme", "mia")).await,
    ];

    assert_eq!(read.map(|answer| answer.outcome()), ["200"; 2]);
    assert_eq!(written.map(|answer| answer.outcome()), ["403 insufficient_permission"; 3]);
}
