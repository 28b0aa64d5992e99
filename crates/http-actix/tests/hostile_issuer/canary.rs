//! Somebody on this machine who is no issuer, and must never hear of anybody.

use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::support::{ALL_PERMISSIONS, SigningKey};
use crate::world::World;

#[tokio::test]
async fn no_token_names_the_place_that_its_keys_come_from() {
    let world = World::start().await;
    let canary = Issuer::start().await;
    canary.publish(&[&SigningKey::shared()]);
    let (url, host) = (canary.name(), canary.name().replace("http://", ""));
    let bad = world.bad.name();

    for issuer in [
        url.clone(),
        format!("{url}/"),
        format!("{url}/keys"),
        format!("{url}#{bad}"),
        format!("{url}?{bad}"),
        format!("{url}/{bad}"),
        format!("{bad}@{host}"),
        format!("{bad}.{host}"),
        format!("http://{host}@{}", bad.replace("http://", "")),
        format!("{bad}/"),
        format!("{bad}/tenants/{url}"),
        format!("{bad}/tenants/..//{host}"),
        format!("{bad}/tenants/acme@{host}"),
        format!("{bad}/tenants/acme/../../"),
        format!("//{host}"),
        host.clone(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let token = world.token_of(&issuer, &SigningKey::shared());
        assert_eq!(world.outcome(&token).await, "401 invalid_token", "{issuer}");
    }
    assert_eq!((canary.knocks(), world.bad.knocks()), (0, 0));

    let attacker = SigningKey::ed25519("usual");
    let certificates = json!([url.clone()]);
    for (name, value) in [
        ("jku", json!(format!("{url}/keys"))),
        ("x5u", json!(format!("{url}/certificate"))),
        ("jwk", attacker.jwk()),
        ("x5c", certificates),
        ("kid", json!(format!("{url}/keys"))),
        ("kid", json!(format!("../../..//{host}/keys"))),
        ("kid", json!("/etc/passwd")),
        ("kid", json!("usual' OR '1'='1")),
        ("kid", json!("usual\u{0}")),
        ("url", json!(url)),
        ("iss", json!(url)),
    ] {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "usual"});
        header[name] = value;
        let claims = world.app.claims(&bad).permissions(&ALL_PERMISSIONS);
        let token = attacker.sign_text(&header.to_string(), &claims.json().to_string());
        assert_eq!(world.outcome(&token).await, "401 invalid_token", "{name}");
    }
    for (name, value) in [
        ("aud", json!([url, "user-management"])),
        ("sub", json!(url)),
        ("jku", json!(url)),
        ("jwks_uri", json!(format!("{url}/keys"))),
        ("_claim_sources", json!({"a": {"endpoint": url}})),
    ] {
        let claims: Value =
            world.app.claims(&bad).permissions(&ALL_PERMISSIONS).with(name, value).json().clone();
        let header = json!({"alg": "EdDSA", "kid": "usual"});
        let token = attacker.sign_text(&header.to_string(), &claims.to_string());
        assert_eq!(world.outcome(&token).await, "401 invalid_token", "{name}");
    }
    assert_eq!(canary.knocks(), 0);
    // All of this came to the two questions that anybody may cause.
    assert!(world.bad.fetches() <= 2);
    world.assert_others_served().await;
}

#[tokio::test]
async fn what_is_no_tenant_leads_nowhere() {
    let world = World::start().await;
    let canary = Issuer::start().await;
    canary.publish(&[&SigningKey::shared()]);
    let port = canary.port();
    let tricks = [
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
    for trick in &tricks {
        for issuer in [
            format!("{}/tenants/{trick}", world.bad.name()),
            format!("http://{trick}.localhost:{}", world.bad.port()),
        ] {
            let token = world.token_of(&issuer, &SigningKey::shared());
            assert_eq!(world.outcome(&token).await, "401 invalid_token", "{issuer:?}");
        }
    }
    assert_eq!((canary.knocks(), world.bad.knocks()), (0, 0));
    // A tenant, even the longest, is asked for where it should be.
    let longest = "a".repeat(63);
    let name = format!("http://{longest}.localhost:{}", world.bad.port());
    let document = name.clone();
    let keys = [SigningKey::shared().jwk()];
    world.bad.script(move |path| {
        if path.ends_with(crate::issuer::KEYS) {
            crate::issuer::key_set(&keys)
        } else {
            crate::issuer::document(&document, "")
        }
    });
    let token = world.token_of(&name, &SigningKey::shared());
    // It covers its own tenant, which is not acme.
    assert_eq!(world.outcome(&token).await, "403 tenant_forbidden");
    assert_eq!(world.bad.fetches(), 1);
    assert_eq!(canary.knocks(), 0);
}
