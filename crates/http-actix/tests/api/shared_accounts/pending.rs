//! A foreign membership has force only while the account is provably the person's own.

use serde_json::json;

use super::{NIA_ID, app_with_nia, attach_nia, set_password, status_in_acme, vouch};
use crate::support::App;

#[tokio::test]
async fn unverified_account_is_attached_without_force() {
    let app = app_with_nia().await;
    let answer = attach_nia(&app.tenant("acme"), "owner").await;
    assert_eq!(
        (answer.outcome(), answer.json()["status"].clone()),
        ("201".into(), json!("pending"))
    );
    // Her token gives nothing in acme, but still does at home.
    let nia = app.member("nia");
    assert_eq!(nia.get("/api/acme/admin/users").await.outcome(), "403 tenant_forbidden");
    assert_eq!(nia.get("/api/globex/admin/users").await.outcome(), "200");
}

#[tokio::test]
async fn verified_account_is_attached_with_force() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    let answer = attach_nia(&app.tenant("acme"), "viewer").await;
    assert_eq!(
        (answer.outcome(), answer.json()["status"].clone()),
        ("201".into(), json!("active"))
    );
    assert_eq!(app.member("nia").get("/api/acme/admin/users").await.outcome(), "200");
}

#[tokio::test]
async fn account_created_here_is_active_at_once() {
    let app = App::start().await;
    let body = json!({"email": "new@acme.example", "role": "admin"});
    let answer = app.tenant("acme").post("/api/acme/admin/users", body).await;
    let user = answer.json();
    assert_eq!((&user["status"], &user["managedHere"]), (&json!("active"), &json!(true)));
}

#[tokio::test]
async fn pending_membership_becomes_active_with_the_proof() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    vouch(&app, NIA_ID, true).await;
    assert_eq!(status_in_acme(&app).await, "active");
    vouch(&app, NIA_ID, false).await;
    assert_eq!(status_in_acme(&app).await, "pending");
}

#[tokio::test]
async fn attaching_again_confirms_only_the_pending() {
    let app = app_with_nia().await;
    let acme = app.tenant("acme");
    let body = json!({"email": "nia@globex.example", "role": "viewer", "name": "Our Nia"});
    assert_eq!(acme.post("/api/acme/admin/users", body).await.outcome(), "201");
    let again = attach_nia(&acme, "admin").await;
    let user = again.json();
    assert_eq!(again.outcome(), "201");
    assert_eq!((&user["tenantRole"], &user["name"]), (&json!("admin"), &json!("Our Nia")));
    assert_eq!(again.header("location").unwrap().rsplit('/').next().unwrap(), NIA_ID);
    vouch(&app, NIA_ID, true).await;
    assert_eq!(attach_nia(&acme, "viewer").await.outcome(), "409 already_attached");
}

#[tokio::test]
async fn password_set_by_the_home_ends_the_force_elsewhere() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "admin").await;
    set_password(&app.tenant("globex"), "set-by-the-home").await;
    assert_eq!(status_in_acme(&app).await, "pending");
    // Neither the home nor whoever knows the password acts in acme.
    let nia = app.member("nia");
    assert_eq!(nia.get("/api/acme/admin/users").await.outcome(), "403 tenant_forbidden");
    // Changing the password with proof of the current one does not give the force back.
    app.clock.advance(std::time::Duration::from_mins(10));
    let body = json!({"currentPassword": "set-by-the-home", "newPassword": "set-by-the-person"});
    let path = format!("/api/v2/users/{NIA_ID}/change-password");
    assert_eq!(nia.patch(&path, body).await.outcome(), "200");
    assert_eq!(status_in_acme(&app).await, "pending");
    vouch(&app, NIA_ID, true).await;
    assert_eq!(status_in_acme(&app).await, "active");
}

#[tokio::test]
async fn password_set_by_an_operator_keeps_the_force() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "admin").await;
    set_password(&app.operator(), "set-by-operator").await;
    assert_eq!(status_in_acme(&app).await, "active");
    set_password(&app.tenant("globex"), "set-by-the-home").await;
    assert_eq!(status_in_acme(&app).await, "pending");
    set_password(&app.operator(), "set-by-operator").await;
    assert_eq!(status_in_acme(&app).await, "active");
}

#[tokio::test]
async fn password_changed_by_the_person_keeps_the_force() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "admin").await;
    let body = json!({"currentPassword": "nias-password", "newPassword": "another-password"});
    let path = format!("/api/v2/users/{NIA_ID}/change-password");
    assert_eq!(app.member("nia").patch(&path, body).await.outcome(), "200");
    assert_eq!(status_in_acme(&app).await, "active");
}

#[tokio::test]
async fn address_changed_by_the_home_ends_the_force_elsewhere() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "admin").await;
    let body = json!({"email": "evil@globex.example", "firstName": "Nia", "lastName": "Nomad"});
    let path = format!("/api/v1/users/{NIA_ID}");
    assert_eq!(app.tenant("globex").put(&path, body).await.outcome(), "200");
    let user = app.tenant("acme").get(&format!("/api/acme/admin/users/{NIA_ID}")).await.json();
    assert_eq!(user["status"], "pending");
    // Acme still sees the address that it gave.
    assert_eq!(user["email"], "nia@globex.example");
    // Vouching for the new address does not help: it is not the one that acme attached.
    vouch(&app, NIA_ID, true).await;
    assert_eq!(status_in_acme(&app).await, "pending");
}

#[tokio::test]
async fn account_created_with_a_password_stays_pending_elsewhere() {
    let app = App::start().await;
    let body = json!({
        "email": "kim@globex.example", "serviceUser": false, "tenantName": "globex",
        "username": "kim", "firstName": "Kim", "lastName": "K", "password": "known-to-globex",
    });
    let created = app.tenant("globex").post("/api/v1/users", body).await.json();
    assert_eq!(created["status"], "active");
    let body = json!({"email": "kim@globex.example", "role": "owner"});
    let attached = app.tenant("acme").post("/api/acme/admin/users", body).await.json();
    assert_eq!(attached["status"], "pending");
}

#[tokio::test]
async fn pending_user_can_be_changed_and_detached() {
    let app = app_with_nia().await;
    let acme = app.tenant("acme");
    attach_nia(&acme, "owner").await;
    let path = format!("/api/acme/admin/users/{NIA_ID}");
    let changed = acme.put(&path, json!({"role": "viewer", "name": "Our Nia"})).await.json();
    assert_eq!((&changed["tenantRole"], &changed["name"]), (&json!("viewer"), &json!("Our Nia")));
    assert_eq!(acme.delete(&path).await.outcome(), "204");
    assert_eq!(acme.delete(&path).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn pending_role_does_not_protect_its_holder() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "owner").await;
    // R3: the role has no vote, so an admin may remove a pending owner.
    let path = format!("/api/acme/admin/users/{NIA_ID}");
    assert_eq!(app.member("adam").delete(&path).await.outcome(), "204");
}

#[tokio::test]
async fn confirming_needs_the_rights_of_attaching() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    let before = app.tenant("acme").get(&format!("/api/acme/admin/users/{NIA_ID}")).await.json();
    for (caller, role, outcome) in [
        // Her own membership gives her nothing, and neither does her home.
        ("nia", "viewer", "403 tenant_forbidden"),
        ("gina", "viewer", "403 tenant_forbidden"),
        ("vera", "viewer", "403 insufficient_permission"),
        ("adam", "owner", "403 insufficient_permission"),
    ] {
        assert_eq!(attach_nia(&app.member(caller), role).await.outcome(), outcome, "{caller}");
    }
    let after = app.tenant("acme").get(&format!("/api/acme/admin/users/{NIA_ID}")).await.json();
    assert_eq!(after, before);
    assert_eq!(attach_nia(&app.member("adam"), "admin").await.outcome(), "201");
}
