//! Forged tokens: algorithm, key and signature.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::{Clock as _, KeyMaterial};
use serde_json::{Value, json};
use wiremock::MockServer;

use super::{
    LIST, NOT_A_JWT, assert_fetches, assert_rejected, header, issuer_of, signed_token, valid_claims,
};
use crate::support::{ALL_PERMISSIONS, App, CLAIM_ISSUER, SigningKey};

const ALGORITHM: &str = "the algorithm of the token is not allowed";
const SIGNATURE: &str = "the signature of the token is not valid";

fn base64(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn valid_token_is_accepted() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn unsigned_token_is_rejected_in_any_spelling() {
    let app = App::start().await;
    let claims = valid_claims(&app).json().to_string();
    for none in ["none", "None", "NONE", "nOnE", "none ", " none", "no\u{6e}e", ""] {
        let header = json!({"alg": none, "typ": "JWT", "kid": "usual"}).to_string();
        let message = format!("{}.{}", base64(&header), base64(&claims));
        // With an empty signature, a meaningless one, and a valid one.
        let valid = SigningKey::shared().sign_text(&header, &claims);
        for token in [format!("{message}."), format!("{message}.{}", base64("none")), valid] {
            assert_rejected(&app, &token, ALGORITHM).await;
        }
        assert_rejected(&app, &message, NOT_A_JWT).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn public_key_as_hmac_secret_is_rejected() {
    let app = App::start().await;
    let (ed, rsa) = (SigningKey::shared(), SigningKey::rsa("rsa"));
    app.keys.publish(&issuer_of("acme"), vec![ed.public(), rsa.public()]);
    let mut secrets = Vec::new();
    for key in [&ed, &rsa] {
        secrets.push((key.kid.clone(), key.jwk().to_string().into_bytes()));
        for bytes in public_bytes(&key.public().material) {
            secrets.push((key.kid.clone(), base64(&bytes).into_bytes()));
            secrets.push((key.kid.clone(), bytes));
        }
    }
    for (kid, secret) in secrets {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: kid.clone(), ..Header::new(algorithm) };
            let claims = valid_claims(&app);
            let secret = EncodingKey::from_secret(&secret);
            let token = jsonwebtoken::encode(&header, claims.json(), &secret).unwrap();
            assert_rejected(&app, &token, ALGORITHM).await;
        }
    }
    assert_fetches(&app, 0);
}

/// The encodings of a public key that an attacker could use as an HMAC secret.
fn public_bytes(material: &KeyMaterial) -> Vec<Vec<u8>> {
    match material {
        KeyMaterial::Ed25519 { x } => {
            // RFC 8410 §4: SubjectPublicKeyInfo.
            let key_info =
                [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), x].concat();
            vec![x.clone(), pem(&key_info), key_info]
        }
        KeyMaterial::Rsa { n, e } => {
            let mut positive = vec![0];
            positive.extend(n);
            let key = der(0x30, &[der(0x02, &positive), der(0x02, e)].concat());
            // RFC 8017 §A.1: rsaEncryption.
            let algorithm =
                b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00".to_vec();
            let bits = der(0x03, &[vec![0], key.clone()].concat());
            let key_info = der(0x30, &[algorithm, bits].concat());
            vec![n.clone(), key, pem(&key_info), key_info]
        }
        KeyMaterial::Ec { .. } => panic!("the tests have no EC keys"),
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, short @ ..0x80] => vec![short],
        [0, byte] => vec![0x81, byte],
        [high, low] => vec![0x82, high, low],
    };
    [vec![tag], length, content.to_owned()].concat()
}

fn pem(key_info: &[u8]) -> Vec<u8> {
    let text = base64::prelude::BASE64_STANDARD.encode(key_info);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
        .into_bytes()
}

#[tokio::test]
async fn unconfigured_algorithm_is_rejected() {
    let app = App::start().await;
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(CLAIM_ISSUER, vec![rsa.public()]);
    let claims = app.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
    let token = claims.with("tenants", json!(["acme"])).sign(&rsa);
    assert_rejected(&app, &token, ALGORITHM).await;
    assert_eq!(app.keys.fetches(CLAIM_ISSUER), 0);
    for other in ["RS384", "PS256", "ES256", "eddsa", "EDDSA", "rs256", "ed25519", "EdDSA "] {
        let header = json!({"alg": other, "kid": "usual"});
        assert_rejected(&app, &signed_token(&header, valid_claims(&app).json()), ALGORITHM).await;
    }
    assert_fetches(&app, 0);
}

/// RFC 9864 §2.2.
#[tokio::test]
async fn fully_specified_algorithm_name_is_accepted() {
    let app = App::start().await;
    let header = json!({"alg": "Ed25519", "typ": "application/JWT", "kid": "usual"});
    let token = signed_token(&header, valid_claims(&app).json());
    assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
}

#[tokio::test]
async fn key_type_must_match_the_algorithm() {
    let app = App::start().await;
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), rsa.public()]);
    let valid = valid_claims(&app);
    assert_eq!(app.bearer(valid.clone().sign(&rsa)).get(LIST).await.outcome(), "200");
    let mismatch = "the key of the token does not fit its algorithm";
    let header = json!({"alg": "RS256", "kid": "usual"});
    assert_rejected(&app, &signed_token(&header, valid.json()), mismatch).await;
    let header = json!({"alg": "EdDSA", "kid": "rsa"});
    assert_rejected(&app, &signed_token(&header, valid.json()), mismatch).await;
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn keys_embedded_in_the_token_are_ignored() {
    let app = App::start().await;
    let attacker = SigningKey::ed25519("usual");
    let server = MockServer::start().await;
    let set = json!({"keys": [attacker.jwk()]});
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(wiremock::ResponseTemplate::new(200).set_body_json(set))
        .mount(&server)
        .await;
    let valid = valid_claims(&app);
    let certificate = base64::prelude::BASE64_STANDARD.encode("a certificate");
    for (name, value) in [
        ("jwk", attacker.jwk()),
        ("jku", json!(format!("{}/keys", server.uri()))),
        ("x5u", json!(format!("{}/certificate", server.uri()))),
        ("x5c", json!([certificate])),
        ("x5t", json!("attacker")),
    ] {
        let mut header = header();
        header[name] = value;
        // Signed by the attacker, with the `kid` of the issuer's key, another one, and none.
        let claims = valid.json().to_string();
        let token = attacker.sign_text(&header.to_string(), &claims);
        assert_rejected(&app, &token, SIGNATURE).await;
        header["kid"] = json!("attacker");
        let token = attacker.sign_text(&header.to_string(), &claims);
        assert_rejected(&app, &token, "the key of the token is unknown").await;
        header.as_object_mut().unwrap().remove("kid");
        let token = attacker.sign_text(&header.to_string(), &claims);
        assert_rejected(&app, &token, SIGNATURE).await;
        // Signed by the issuer, the members are ignored.
        assert_eq!(
            app.bearer(signed_token(&header, valid.json())).get(LIST).await.outcome(),
            "200"
        );
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    // The first fetch, and one for the unknown key.
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn kid_with_path_or_query_characters_is_unknown() {
    let app = App::start().await;
    for kid in ["../../../../dev/null", "usual/../usual", "' OR '1'='1", "USUAL", " usual", "", "*"]
    {
        let mut header = header();
        header["kid"] = json!(kid);
        let token = signed_token(&header, valid_claims(&app).json());
        assert_rejected(&app, &token, "the key of the token is unknown").await;
    }
    // The first fetch, and one for all unknown keys together.
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn tampered_token_is_rejected() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    let parts: Vec<&str> = token.split('.').collect();
    let claims =
        |name: &str, value: Value| base64(valid_claims(&app).with(name, value).json().to_string());
    for payload in [
        claims("sub", json!("auth0|olga")),
        claims("exp", json!(app.clock.now().as_unix_seconds() + 86_400)),
        claims("scope", json!("tenant.access:read tenant.access:write everything")),
    ] {
        let token = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert_rejected(&app, &token, SIGNATURE).await;
    }
    // Equal claims and headers in another encoding.
    let payload = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let reencoded = format!(" {}", String::from_utf8(payload).unwrap());
    let token = format!("{}.{}.{}", parts[0], base64(reencoded), parts[2]);
    assert_rejected(&app, &token, SIGNATURE).await;
    let other = base64(json!({"kid": "usual", "alg": "EdDSA"}).to_string());
    assert_rejected(&app, &format!("{other}.{}.{}", parts[1], parts[2]), SIGNATURE).await;

    let signature = BASE64_URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let mut flipped = signature.clone();
    flipped[0] ^= 1;
    let mut longer = signature.clone();
    longer.push(0);
    for bad in [&flipped[..], &longer, &signature[..63], &signature[1..], &[0; 64], &[], &[0xff]] {
        let token = format!("{}.{}.{}", parts[0], parts[1], base64(bad));
        assert_rejected(&app, &token, SIGNATURE).await;
    }
    let other = SigningKey::ed25519("usual")
        .sign_text(&header().to_string(), &valid_claims(&app).json().to_string());
    assert_rejected(&app, &other, SIGNATURE).await;
    assert_fetches(&app, 1);
}
