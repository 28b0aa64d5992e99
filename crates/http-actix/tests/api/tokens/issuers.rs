//! Tokens of issuers that are none of those that are trusted, however much they look like one.
//!
//! Each stranger has a key set of its own that would verify its tokens, if only it were asked for.

use serde_json::json;

use super::{LIST, assert_fetches, assert_refused, good, header, issuer_of, signed};
use crate::support::{
    ALL_PERMISSIONS, App, AppOptions, CLAIM_ISSUER, MEMBER_ISSUER, OPERATOR_ISSUER, SigningKey,
};

const UNTRUSTED: &str = "the issuer of the token is not trusted";

/// Asserts that a token of this issuer is refused without a question to anybody.
async fn assert_untrusted(app: &App, issuer: &str) {
    let stranger = SigningKey::ed25519("usual");
    app.keys.publish(issuer, vec![stranger.public()]);
    let claims = app.claims(issuer).permissions(&ALL_PERMISSIONS).with("tenants", json!(["acme"]));
    assert_refused(app, &claims.sign(&stranger), UNTRUSTED).await;
    // Nor does the key of an issuer that is trusted make it so.
    assert_refused(app, &claims.sign(&SigningKey::shared()), UNTRUSTED).await;
    assert_eq!(app.keys.fetches(issuer), 0, "{issuer:?}");
}

#[tokio::test]
async fn look_alikes_of_a_tenant_s_issuer_are_strangers() {
    let app = App::start().await;
    for issuer in [
        // Another place for the host.
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
        // Case, dots and paths that some would call the same.
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
async fn what_is_no_tenant_fills_no_template() {
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
        // A Cyrillic letter, and a full-width one.
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
async fn look_alikes_of_a_fixed_issuer_are_strangers() {
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
async fn an_issuer_that_is_no_text_is_malformed() {
    let app = App::start().await;
    let malformed = "the claims of the token are malformed";
    for issuer in [json!(null), json!(1), json!([issuer_of("acme")]), json!({"iss": "x"})] {
        let token = signed(&header(), good(&app).with("iss", issuer).json());
        assert_refused(&app, &token, malformed).await;
    }
    assert_fetches(&app, 0);
}

/// The same `kid` means another key at another issuer.
#[tokio::test]
async fn the_key_of_one_issuer_signs_for_no_other() {
    let app = App::start().await;
    let globex = SigningKey::ed25519("usual");
    app.keys.publish(&issuer_of("globex"), vec![globex.public()]);
    let of = |tenant: &str| app.claims(&issuer_of(tenant)).permissions(&ALL_PERMISSIONS);
    let theirs = app.bearer(of("globex").sign(&globex));
    let ours = app.bearer(of("acme").sign(&SigningKey::shared()));
    let signature = "the signature of the token is not valid";

    // Before either key is known, when one is, and when both are.
    assert_refused(&app, &of("acme").sign(&globex), signature).await;
    assert_eq!(theirs.get("/api/globex/admin/users").await.outcome(), "200");
    assert_refused(&app, &of("acme").sign(&globex), signature).await;
    assert_eq!(ours.get(LIST).await.outcome(), "200");
    assert_refused(&app, &of("acme").sign(&globex), signature).await;
    assert_refused(&app, &of("globex").sign(&SigningKey::shared()), signature).await;
    let operators = app.claims(OPERATOR_ISSUER).permissions(&ALL_PERMISSIONS);
    assert_refused(&app, &operators.sign(&globex), signature).await;

    // A good token opens the tenant of its issuer and no other.
    assert_eq!(theirs.get(LIST).await.outcome(), "403 tenant_forbidden");
    assert_eq!(ours.get("/api/globex/admin/users").await.outcome(), "403 tenant_forbidden");
    assert_fetches(&app, 1);
    assert_eq!(app.keys.fetches(&issuer_of("globex")), 1);
}

#[tokio::test]
async fn a_kid_of_another_issuer_is_unknown() {
    let app = App::start().await;
    let globex = SigningKey::ed25519("globex");
    app.keys.publish(&issuer_of("globex"), vec![globex.public()]);
    let of = |tenant: &str| app.claims(&issuer_of(tenant)).permissions(&ALL_PERMISSIONS);
    let theirs = app.bearer(of("globex").sign(&globex));
    assert_eq!(theirs.get("/api/globex/admin/users").await.outcome(), "200");
    assert_refused(&app, &of("acme").sign(&globex), "the key of the token is unknown").await;
    assert_eq!(app.keys.fetches(&issuer_of("globex")), 1);
}

#[tokio::test]
async fn a_tenant_without_an_issuer_of_its_own_is_told_to_come_back() {
    let app = App::start().await;
    let claims = app.claims(&issuer_of("unheard-of")).permissions(&ALL_PERMISSIONS);
    let answer = app.bearer(claims.sign(&SigningKey::shared())).get(LIST).await;
    assert_eq!(answer.outcome(), "503 keys_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("www-authenticate"), None);
}

/// One issuer may serve several audiences, each with another idea of tenants.
#[tokio::test]
async fn the_audience_tells_entries_of_one_issuer_apart() {
    let settings = r#"
[[auth.issuers]]
issuer = "https://login.example.com/"
audience = "back-office"
algorithms = ["EdDSA"]
tenants = "all"
"#;
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    let claims = app.claims(MEMBER_ISSUER).permissions(&ALL_PERMISSIONS);
    let nobody = claims.clone().sign(&SigningKey::shared());
    assert_eq!(app.bearer(nobody).get(LIST).await.outcome(), "403 tenant_forbidden");
    let operator = claims.clone().with("aud", json!("back-office")).sign(&SigningKey::shared());
    assert_eq!(app.bearer(operator).get(LIST).await.outcome(), "200");
    let neither = claims.with("aud", json!("both")).sign(&SigningKey::shared());
    assert_refused(&app, &neither, "the token is for another audience").await;
}
