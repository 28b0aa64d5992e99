//! Tokens of untrusted issuers, most of which resemble a trusted one.
//!
//! Each untrusted issuer publishes a key set that would verify its tokens if it were fetched.

use std::time::Duration;

use serde_json::json;

use super::{LIST, assert_fetches, assert_rejected, header, issuer_of, signed_token, valid_claims};
use crate::support::{
    ALL_PERMISSIONS, App, AppOptions, CLAIM_ISSUER, MEMBER_ISSUER, OPERATOR_ISSUER, SigningKey,
};

const UNTRUSTED: &str = "the issuer of the token is not trusted";

/// Asserts that tokens of this issuer are rejected without a key fetch.
async fn assert_untrusted(app: &App, issuer: &str) {
    let untrusted_key = SigningKey::ed25519("usual");
    app.keys.publish(issuer, vec![untrusted_key.public()]);
    let claims = app.claims(issuer).permissions(&ALL_PERMISSIONS).with("tenants", json!(["acme"]));
    assert_rejected(app, &claims.sign(&untrusted_key), UNTRUSTED).await;
    // The key of a trusted issuer does not help.
    assert_rejected(app, &claims.sign(&SigningKey::shared()), UNTRUSTED).await;
    assert_eq!(app.keys.fetches(issuer), 0, "{issuer:?}");
}

#[tokio::test]
async fn lookalikes_of_a_tenant_issuer_are_untrusted() {
    let app = App::start().await;
    for issuer in [
        // Other hosts.
        "https://central-manager.acme.pcm.example.com.evil.test",
        "https://evil.test/central-manager.acme.pcm.example.com",
        "https://evil.test/https://central-manager.acme.pcm.example.com",
        "https://evil.test#.pcm.example.com",
        "https://central-manager.evil.test#.pcm.example.com",
        "https://central-manager.evil.test?.pcm.example.com",
        "https://central-manager.evil.test/.pcm.example.com",
        "https://central-manager.evil.test\\.pcm.example.com",
        "https://central-manager.evil.test%2f.pcm.example.com",
        "https://central-manager.evil.test%00.pcm.example.com",
        "https://central-manager.evil.test:443.pcm.example.com",
        "https://central-manager.evil.test\n.pcm.example.com",
        "https://evil-central-manager.acme.pcm.example.com",
        "https://evil.central-manager.acme.pcm.example.com",
        "https://central-managerXacme.pcm.example.com",
        "https://central-manager.acmeXpcm.example.com",
        "https://central-manager.acme.pcm.example.co",
        "https://central-manager.acme.pcm.example.comm",
        "https://central-manager.pcm.example.com",
        // User information.
        "https://evil@central-manager.acme.pcm.example.com",
        "https://evil:secret@central-manager.acme.pcm.example.com",
        "https://@central-manager.acme.pcm.example.com",
        "https://central-manager.acme.pcm.example.com@evil.test",
        "https://central-manager.acme@evil.test/.pcm.example.com",
        // Ports.
        "https://central-manager.acme.pcm.example.com:443",
        "https://central-manager.acme.pcm.example.com:8443",
        "https://central-manager.acme.pcm.example.com:",
        // Schemes.
        "http://central-manager.acme.pcm.example.com",
        "ftp://central-manager.acme.pcm.example.com",
        "//central-manager.acme.pcm.example.com",
        "central-manager.acme.pcm.example.com",
        "https:central-manager.acme.pcm.example.com",
        "https:///central-manager.acme.pcm.example.com",
        "file:///etc/passwd",
        // Spellings that a URL parser may consider equal.
        "HTTPS://central-manager.acme.pcm.example.com",
        "https://Central-Manager.acme.pcm.example.com",
        "https://central-manager.ACME.pcm.example.com",
        "https://central-manager.Acme.pcm.example.com",
        "https://central-manager.acme.pcm.example.com.",
        "https://central-manager.acme..pcm.example.com",
        "https://central-manager.acme.pcm.example.com/",
        "https://central-manager.acme.pcm.example.com/..",
        "https://central-manager.acme.pcm.example.com/.well-known/jwks.json",
        "https://central-manager.acme.pcm.example.com?",
        "https://central-manager.acme.pcm.example.com#",
        " https://central-manager.acme.pcm.example.com",
        "https://central-manager.acme.pcm.example.com ",
        "https://central-manager.acme.pcm.example.com\0",
        "",
    ] {
        assert_untrusted(&app, issuer).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn invalid_tenant_does_not_match_issuer_template() {
    let app = App::start().await;
    let too_long = "a".repeat(64);
    for tenant in [
        "",
        "-acme",
        "acme-",
        "-",
        "acme.globex",
        "acme.evil",
        ".acme",
        "acme.",
        "ACME",
        "a_b",
        "a b",
        "a%2eb",
        "ac\u{200d}me",
        // A Cyrillic and a full-width letter.
        "\u{430}cme",
        "\u{ff41}cme",
        "acm\u{e9}",
        "*",
        "{tenant}",
        "../acme",
        "acme/",
        too_long.as_str(),
    ] {
        assert_untrusted(&app, &issuer_of(tenant)).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn lookalikes_of_a_fixed_issuer_are_untrusted() {
    let app = App::start().await;
    for issuer in [
        "https://operators.example.com",
        "https://operators.example.com//",
        "https://operators.example.com/.",
        "https://operators.example.com/x",
        "https://operators.example.com/?",
        "https://operators.example.com:443/",
        "https://OPERATORS.example.com/",
        "https://operators.example.com./",
        "https://x@operators.example.com/",
        "http://operators.example.com/",
        "https://operators.example.com.evil.test/",
        "https://evil.test/https://operators.example.com/",
        "https://claims.example.com/https://operators.example.com/",
    ] {
        assert_untrusted(&app, issuer).await;
    }
    for trusted in [CLAIM_ISSUER, MEMBER_ISSUER, OPERATOR_ISSUER] {
        assert_eq!(app.keys.fetches(trusted), 0);
    }
}

#[tokio::test]
async fn non_string_issuer_is_malformed() {
    let app = App::start().await;
    let malformed = "the claims of the token are malformed";
    for issuer in [json!(null), json!(1), json!([issuer_of("acme")]), json!({"iss": "x"})] {
        let token = signed_token(&header(), valid_claims(&app).with("iss", issuer).json());
        assert_rejected(&app, &token, malformed).await;
    }
    assert_fetches(&app, 0);
}

/// Two issuers use the same `kid` for different keys.
#[tokio::test]
async fn key_of_one_issuer_cannot_sign_for_another() {
    let app = App::start().await;
    let globex = SigningKey::ed25519("usual");
    app.keys.publish(&issuer_of("globex"), vec![globex.public()]);
    let claims_of = |tenant: &str| app.claims(&issuer_of(tenant)).permissions(&ALL_PERMISSIONS);
    let globex_client = app.bearer(claims_of("globex").sign(&globex));
    let acme_client = app.bearer(claims_of("acme").sign(&SigningKey::shared()));
    let signature = "the signature of the token is not valid";

    // With no key cached, with one cached, and with both.
    assert_rejected(&app, &claims_of("acme").sign(&globex), signature).await;
    assert_eq!(globex_client.get("/api/globex/admin/users").await.outcome(), "200");
    assert_rejected(&app, &claims_of("acme").sign(&globex), signature).await;
    assert_eq!(acme_client.get(LIST).await.outcome(), "200");
    assert_rejected(&app, &claims_of("acme").sign(&globex), signature).await;
    assert_rejected(&app, &claims_of("globex").sign(&SigningKey::shared()), signature).await;
    let operator_claims = app.claims(OPERATOR_ISSUER).permissions(&ALL_PERMISSIONS);
    assert_rejected(&app, &operator_claims.sign(&globex), signature).await;

    // A valid token covers the tenant of its issuer only.
    assert_eq!(globex_client.get(LIST).await.outcome(), "403 tenant_forbidden");
    assert_eq!(acme_client.get("/api/globex/admin/users").await.outcome(), "403 tenant_forbidden");
    assert_fetches(&app, 1);
    assert_eq!(app.keys.fetches(&issuer_of("globex")), 1);
}

#[tokio::test]
async fn kid_of_another_issuer_is_unknown() {
    let app = App::start().await;
    let globex = SigningKey::ed25519("globex");
    app.keys.publish(&issuer_of("globex"), vec![globex.public()]);
    let claims_of = |tenant: &str| app.claims(&issuer_of(tenant)).permissions(&ALL_PERMISSIONS);
    let globex_client = app.bearer(claims_of("globex").sign(&globex));
    assert_eq!(globex_client.get("/api/globex/admin/users").await.outcome(), "200");
    assert_rejected(&app, &claims_of("acme").sign(&globex), "the key of the token is unknown")
        .await;
    assert_eq!(app.keys.fetches(&issuer_of("globex")), 1);
}

#[tokio::test]
async fn issuer_of_a_nonexistent_tenant_is_untrusted() {
    let app = App::start().await;
    let issuer = issuer_of("invented");
    let token = app.claims(&issuer).permissions(&ALL_PERMISSIONS).sign(&SigningKey::shared());
    assert_rejected(&app, &token, UNTRUSTED).await;
    // The tenant is created, and found after the cooldown.
    app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
    app.clock.advance(Duration::from_millis(29_999));
    assert_rejected(&app, &token, UNTRUSTED).await;
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(app.bearer(&token).get("/api/invented/admin/users").await.outcome(), "200");
}

#[tokio::test]
async fn known_tenant_without_keys_is_503_keys_unavailable() {
    let settings = "[auth]\nknown_tenants = [\"unregistered\"]\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    let claims = app.claims(&issuer_of("unregistered")).permissions(&ALL_PERMISSIONS);
    let response = app.bearer(claims.sign(&SigningKey::shared())).get(LIST).await;
    assert_eq!(response.outcome(), "503 keys_unavailable");
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(response.header("www-authenticate"), None);
}

/// Entries of one issuer can differ in audience and in the source of tenants.
#[tokio::test]
async fn audience_selects_between_entries_of_one_issuer() {
    let settings = r#"
[[auth.issuers]]
issuer = "https://login.example.com/"
audience = "back-office"
algorithms = ["EdDSA"]
tenants = "all"
"#;
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    let claims = app.claims(MEMBER_ISSUER).permissions(&ALL_PERMISSIONS);
    let member_token = claims.clone().sign(&SigningKey::shared());
    assert_eq!(app.bearer(member_token).get(LIST).await.outcome(), "403 tenant_forbidden");
    let operator_token =
        claims.clone().with("aud", json!("back-office")).sign(&SigningKey::shared());
    assert_eq!(app.bearer(operator_token).get(LIST).await.outcome(), "200");
    let other_token = claims.with("aud", json!("both")).sign(&SigningKey::shared());
    assert_rejected(&app, &other_token, "the token is for another audience").await;
}
