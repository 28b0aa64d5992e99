//! Tokens cannot direct key fetches to a server that is not a trusted issuer.

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::issuer::Issuer;
use crate::support::{ALL_PERMISSIONS, SigningKey};

#[tokio::test]
async fn token_cannot_choose_its_key_source() {
    let fixture = Fixture::start().await;
    let untrusted = Issuer::start().await;
    untrusted.publish(&[&SigningKey::shared()]);
    let (url, authority) = (untrusted.name(), untrusted.name().replace("http://", ""));
    let hostile = fixture.hostile.name();

    for issuer in [
        url.clone(),
        format!("{url}/"),
        format!("{url}/keys"),
        format!("{url}#{hostile}"),
        format!("{url}?{hostile}"),
        format!("{url}/{hostile}"),
        format!("{hostile}@{authority}"),
        format!("{hostile}.{authority}"),
        format!("http://{authority}@{}", hostile.replace("http://", "")),
        format!("{hostile}/"),
        format!("{hostile}/tenants/{url}"),
        format!("{hostile}/tenants/..//{authority}"),
        format!("{hostile}/tenants/acme@{authority}"),
        format!("{hostile}/tenants/acme/../../"),
        format!("//{authority}"),
        authority.clone(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let token = fixture.token_from(&issuer, &SigningKey::shared());
        assert_eq!(fixture.outcome(&token).await, "401 invalid_token", "{issuer}");
    }
    assert_eq!((untrusted.connections(), fixture.hostile.connections()), (0, 0));

    let attacker = SigningKey::ed25519("usual");
    let certificate_chain = json!([url.clone()]);
    for (name, value) in [
        ("jku", json!(format!("{url}/keys"))),
        ("x5u", json!(format!("{url}/certificate"))),
        ("jwk", attacker.jwk()),
        ("x5c", certificate_chain),
        ("kid", json!(format!("{url}/keys"))),
        ("kid", json!(format!("../../..//{authority}/keys"))),
        ("kid", json!("/etc/passwd")),
        ("kid", json!("usual' OR '1'='1")),
        ("kid", json!("usual\u{0}")),
        ("url", json!(url)),
        ("iss", json!(url)),
    ] {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "usual"});
        header[name] = value;
        let claims = fixture.app.claims(&hostile).permissions(&ALL_PERMISSIONS);
        let token = attacker.sign_text(&header.to_string(), &claims.json().to_string());
        assert_eq!(fixture.outcome(&token).await, "401 invalid_token", "{name}");
    }
    for (name, value) in [
        ("aud", json!([url, "user-management"])),
        ("sub", json!(url)),
        ("jku", json!(url)),
        ("jwks_uri", json!(format!("{url}/keys"))),
        ("_claim_sources", json!({"a": {"endpoint": url}})),
    ] {
        let claims: Value = fixture
            .app
            .claims(&hostile)
            .permissions(&ALL_PERMISSIONS)
            .with(name, value)
            .json()
            .clone();
        let header = json!({"alg": "EdDSA", "kid": "usual"});
        let token = attacker.sign_text(&header.to_string(), &claims.to_string());
        assert_eq!(fixture.outcome(&token).await, "401 invalid_token", "{name}");
    }
    assert_eq!(untrusted.connections(), 0);
    // Unknown keys cost two fetches at most.
    assert!(fixture.hostile.fetches() <= 2);
    fixture.assert_other_callers_served().await;
}

#[tokio::test]
async fn invalid_tenant_label_causes_no_request() {
    let fixture = Fixture::start().await;
    let untrusted = Issuer::start().await;
    untrusted.publish(&[&SigningKey::shared()]);
    let port = untrusted.port();
    let invalid_labels = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "acme.evil.example#".to_owned(),
        format!("127.0.0.1:{port}/"),
        format!("127.0.0.1:{port}#"),
        format!("127.0.0.1:{port}?"),
        format!("127.0.0.1:{port}\\"),
        format!("x@127.0.0.1:{port}/"),
        format!("x@127.0.0.1:{port}#"),
        format!("acme:{port}"),
        "x:y@acme".to_owned(),
        "acme%2f".to_owned(),
        "%2e%2e%2f".to_owned(),
        "acme/../globex".to_owned(),
        "acme\\globex".to_owned(),
        "ACME".to_owned(),
        "xn--acme-.".to_owned(),
        "acm\u{e9}".to_owned(),
        "\u{430}cme".to_owned(),
        "acme\u{3002}globex".to_owned(),
        "acme.".to_owned(),
        "acme ".to_owned(),
        "acme\t".to_owned(),
        "acme\r\nHost: evil.example".to_owned(),
        "acme\0".to_owned(),
        "-acme".to_owned(),
        "acme-".to_owned(),
        "a_b".to_owned(),
        "a".repeat(64),
        "{tenant}".to_owned(),
    ];
    for label in &invalid_labels {
        for issuer in [
            format!("{}/tenants/{label}", fixture.hostile.name()),
            format!("http://{label}.localhost:{}", fixture.hostile.port()),
        ] {
            let token = fixture.token_from(&issuer, &SigningKey::shared());
            assert_eq!(fixture.outcome(&token).await, "401 invalid_token", "{issuer:?}");
        }
    }
    assert_eq!((untrusted.connections(), fixture.hostile.connections()), (0, 0));
    // The longest valid tenant label is requested from its own issuer.
    let longest_label = "a".repeat(63);
    let name = format!("http://{longest_label}.localhost:{}", fixture.hostile.port());
    let issuer = name.clone();
    let keys = [SigningKey::shared().jwk()];
    fixture.hostile.respond_with(move |path| {
        if path.ends_with(super::issuer::KEYS) {
            super::issuer::key_set(&keys)
        } else {
            super::issuer::discovery_document(&issuer, "")
        }
    });
    let token = fixture.token_from(&name, &SigningKey::shared());
    // The token covers its own tenant, which is not acme.
    assert_eq!(fixture.outcome(&token).await, "403 tenant_forbidden");
    assert_eq!(fixture.hostile.fetches(), 1);
    assert_eq!(untrusted.connections(), 0);
}
