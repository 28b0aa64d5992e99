//! The change that requires the current password.

use serde_json::json;

use super::{MISMATCH, field_errors, has_password, passwords, user_client, v2_path};
use crate::support::App;

#[tokio::test]
async fn user_changes_own_password_without_permission() {
    let app = App::start().await;

    let body = passwords("mias-password", "another-password");
    let response = app.member_with("mia", &[]).patch(&v2_path("mia"), body).await;

    assert_eq!(response.outcome(), "200");
    assert!(has_password(&app, "mia", "another-password").await);
    assert!(!has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn user_changes_own_password_with_tenant_token() {
    let app = App::start().await;

    let body = passwords("mias-password", "another-password");
    let response = user_client(&app, "acme", "mia").patch(&v2_path("mia"), body).await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn guest_changes_own_password_only_as_itself() {
    let app = App::start().await;

    let body = passwords("guss-password", "another-password");
    // The issuer of a tenant that is not his home cannot speak for him.
    let guest = user_client(&app, "acme", "gus").patch(&v2_path("gus"), body.clone()).await;
    let member = app.member_with("gus", &[]).patch(&v2_path("gus"), body).await;

    assert_eq!([guest.outcome(), member.outcome()], ["404 user_not_found", "200"]);
    assert_eq!(member.json()["tenantName"], "globex");
}

#[tokio::test]
async fn subject_outside_the_token_tenant_is_not_found() {
    let app = App::start().await;

    let body = passwords("mias-password", "another-password");
    let response = user_client(&app, "globex", "mia").patch(&v2_path("mia"), body).await;

    assert_eq!(response.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn blocked_user_cannot_change_own_password() {
    let app = App::start().await;
    let body = passwords("bobs-password", "another-password");

    let by_tenant = user_client(&app, "acme", "bob").patch(&v2_path("bob"), body.clone()).await;
    let by_member = app.member_with("bob", &[]).patch(&v2_path("bob"), body).await;

    assert_eq!(by_tenant.outcome(), "403 insufficient_permission");
    assert!(by_member.status.is_client_error());
    assert!(has_password(&app, "bob", "bobs-password").await);
}

#[tokio::test]
async fn user_without_permission_cannot_change_other_passwords() {
    let app = App::start().await;

    let body = passwords("adams-password", "another-password");
    let response = user_client(&app, "acme", "mia").patch(&v2_path("adam"), body).await;

    assert_eq!(response.outcome(), "403 insufficient_permission");
}

#[tokio::test]
async fn modify_permission_allows_change_with_current_password() {
    let app = App::start().await;
    let actor = app.tenant_with("acme", &["MODIFY_USERS_AND_GROUPS"]);

    let response =
        actor.patch(&v2_path("mia"), passwords("mias-password", "another-password")).await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn response_is_the_user_without_password() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response =
        acme.patch(&v2_path("mia"), passwords("mias-password", "another-password")).await;

    assert_eq!(response.json(), acme.get("/api/v1/users/auth0%7Cmia").await.json());
    assert!(!response.text.contains("assword"), "{}", response.text);
}

#[tokio::test]
async fn wrong_current_password_is_reported_and_changes_nothing() {
    let app = App::start().await;

    let body = passwords("mias-passwords", "another-password");
    let response = app.tenant("acme").patch(&v2_path("mia"), body).await;

    assert_eq!(response.outcome(), MISMATCH);
    assert_eq!(field_errors(&response), ["currentPassword current_password_mismatch"]);
    assert!(has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn any_wrong_current_password_is_a_mismatch() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for current in ["", " ", "Mias-Password", "mias-password ", "pässwörd\n", &"p".repeat(5000)] {
        let response = acme.patch(&v2_path("mia"), passwords(current, "another-password")).await;
        assert_eq!(response.outcome(), MISMATCH, "{current}");
    }
}

#[tokio::test]
async fn user_without_password_matches_no_current_password() {
    let app = App::start().await;

    for current in ["", "another-password"] {
        let body = passwords(current, "another-password");
        let response = app.tenant("acme").patch(&v2_path("vera"), body).await;
        assert_eq!(response.outcome(), MISMATCH, "{current}");
    }
}

#[tokio::test]
async fn weak_password_is_reported_and_not_set() {
    let app = App::start().await;

    let response =
        app.tenant("acme").patch(&v2_path("mia"), passwords("mias-password", "seven-7")).await;

    assert_eq!(response.outcome(), "422 weak_password");
    assert_eq!(field_errors(&response), ["newPassword weak_password"]);
    assert!(has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn invalid_new_password_is_reported() {
    let app = App::start().await;

    for new in [String::new(), "p".repeat(73), "ä".repeat(37)] {
        let response =
            app.tenant("acme").patch(&v2_path("mia"), passwords("mias-password", &new)).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{new}");
        assert_eq!(field_errors(&response), ["newPassword validation_failed"], "{new}");
    }
}

#[tokio::test]
async fn both_passwords_must_be_strings() {
    let app = App::start().await;

    for member in ["currentPassword", "newPassword"] {
        let mut absent = passwords("mias-password", "another-password");
        let (mut null, mut number) = (absent.clone(), absent.clone());
        absent.as_object_mut().unwrap().remove(member);
        (null[member], number[member]) = (json!(null), json!(1));
        for body in [absent, null, number] {
            let response = app.tenant("acme").patch(&v2_path("mia"), body.clone()).await;
            assert_eq!(response.outcome(), "400 malformed_request", "{body}");
            assert_eq!(field_errors(&response), [format!("{member} malformed_request")], "{body}");
        }
    }
}

#[tokio::test]
async fn passwords_are_never_echoed() {
    let app = App::start().await;
    let bodies = [
        passwords("s3cret!", "another-password"),
        passwords("mias-password", "s3cret!"),
        passwords("mias-password", "s3cret! s3cret!"),
        json!({"currentPassword": "s3cret!", "newPassword": ["s3cret!"]}),
        json!({"currentPassword": {"s3cret!": 1}, "newPassword": "s3cret!"}),
    ];

    for body in bodies {
        let response = app.tenant("acme").patch(&v2_path("mia"), body).await;
        assert!(response.status.is_client_error());
        assert!(!response.text.contains("s3cret!"), "{}", response.text);
    }
}
