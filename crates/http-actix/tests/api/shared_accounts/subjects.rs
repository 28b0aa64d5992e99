//! Which subjects are accounts: a tenant's own issuer may name any subject.

use serde_json::json;

use super::{NIA_ID, app_with_nia, attach_nia, set_password, status_in_acme, vouch};
use crate::support::{
    App, AppOptions, CLAIM_ISSUER, Client, OPERATOR_ISSUER, SigningKey, TENANT_ISSUER,
};

fn client<'a>(app: &'a App, issuer: &str, subject: &str) -> Client<'a> {
    let claims = app.claims(issuer).with("sub", json!(subject)).with("tenants", json!(["acme"]));
    app.bearer(claims.sign(&SigningKey::shared()))
}

fn issuer(tenant: &str) -> String {
    TENANT_ISSUER.replace("{tenant}", tenant)
}

#[tokio::test]
async fn issuer_of_another_tenant_cannot_try_passwords() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    let body = json!({"currentPassword": "nias-password", "newPassword": "stolen-password"});
    let path = format!("/api/v2/users/{NIA_ID}/change-password");
    // Not by acme's issuer, although she is attached there; not by an issuer of operators.
    for issuer in [issuer("acme"), issuer("initech"), CLAIM_ISSUER.to_owned()] {
        let answer = client(&app, &issuer, "auth0|nia").patch(&path, body.clone()).await;
        assert_eq!(answer.outcome(), "404 user_not_found", "{issuer}");
    }
    let answer = client(&app, OPERATOR_ISSUER, "auth0|nia").patch(&path, body.clone()).await;
    assert_eq!(answer.outcome(), "403 insufficient_permission");
    // Her home's issuer may name her.
    let answer = client(&app, &issuer("globex"), "auth0|nia").patch(&path, body).await;
    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn refused_subject_learns_nothing_about_accounts() {
    let app = app_with_nia().await;
    let body = json!({"currentPassword": "x", "newPassword": "another-password"});
    let mut answers = Vec::new();
    for subject in ["nia", "nobody"] {
        let path = format!("/api/v2/users/auth0%7C{subject}/change-password");
        let client = client(&app, &issuer("acme"), &format!("auth0|{subject}"));
        let answer = client.patch(&path, body.clone()).await;
        answers.push((answer.status, answer.without_request_id()));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn issuer_of_the_home_shows_only_its_own_membership() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    let home = client(&app, &issuer("globex"), "auth0|nia");
    let me = home.get("/api/v1/me").await.json();
    assert_eq!(me["memberships"].as_array().map(Vec::len), Some(1));
    assert_eq!(home.delete("/api/v1/me/memberships/acme").await.outcome(), "404 not_found");
    let foreign = client(&app, &issuer("acme"), "auth0|nia");
    assert_eq!(foreign.get("/api/v1/me").await.json().get("memberships"), None);
    let answer = foreign.delete("/api/v1/me/memberships/acme").await;
    assert_eq!(answer.outcome(), "403 subject_not_an_account");
}

#[tokio::test]
async fn person_with_a_token_of_all_tenants_does_not_close_its_stamp() {
    const STAFF: &str = r#"
[[auth.issuers]]
issuer = "https://staff.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "all"
subjects = "accounts"
"#;
    let options =
        AppOptions { users: super::NIA.to_owned(), settings: STAFF, ..AppOptions::default() };
    let app = App::start_with(options).await;
    app.keys.publish("https://staff.example.com/", vec![SigningKey::shared().public()]);
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "admin").await;
    set_password(&app.tenant("globex"), "set-by-the-home").await;
    // Whoever knows the password can log in as nia. She covers every tenant, but as she changes her
    // own password, she acts as the person, and not as an operator.
    let path = format!("/api/v2/users/{NIA_ID}/change-password");
    let mut current = "set-by-the-home".to_owned();
    for permissions in [&[][..], &["MODIFY_USERS_AND_GROUPS"]] {
        let claims = app.claims("https://staff.example.com/").permissions(permissions);
        let nia = app.bearer(claims.with("sub", json!("auth0|nia")).sign(&SigningKey::shared()));
        let new = format!("{current}-again");
        let body = json!({"currentPassword": current, "newPassword": new});
        assert_eq!(nia.patch(&path, body).await.outcome(), "200");
        assert_eq!(status_in_acme(&app).await, "pending", "{permissions:?}");
        current = new;
    }
}
