//! What is not a token at all, or not one that Usher reads: header, signature and form.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::{Clock as _, KeyMaterial};
use serde_json::{Value, json};
use wiremock::MockServer;

use super::{LIST, assert_fetches, assert_refused, good, header, issuer_of, signed};
use crate::support::{ALL_PERMISSIONS, App, CLAIM_ISSUER, SigningKey};

fn base64(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

const NOT_A_JWT: &str = "the token is not a signed JWT";
const MALFORMED_HEADER: &str = "the header of the token is malformed";
const ALGORITHM: &str = "the algorithm of the token is not allowed";
const SIGNATURE: &str = "the signature of the token is not valid";

#[tokio::test]
async fn a_good_token_is_let_in_so_that_the_attacks_mean_something() {
    let app = App::start().await;
    let token = signed(&header(), good(&app).json());
    assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn an_unsigned_token_is_refused_however_it_is_spelt() {
    let app = App::start().await;
    let claims = good(&app).json().to_string();
    for none in ["none", "None", "NONE", "nOnE", "none ", " none", "no\u{6e}e", ""] {
        let header = json!({"alg": none, "typ": "JWT", "kid": "usual"}).to_string();
        let message = format!("{}.{}", base64(&header), base64(&claims));
        // Without a signature, with one of nothing, and with one that is right for the message.
        let right = SigningKey::shared().sign_text(&header, &claims);
        for token in [format!("{message}."), format!("{message}.{}", base64("none")), right] {
            assert_refused(&app, &token, ALGORITHM).await;
        }
        assert_refused(&app, &message, NOT_A_JWT).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
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
            let claims = good(&app);
            let secret = EncodingKey::from_secret(&secret);
            let token = jsonwebtoken::encode(&header, claims.json(), &secret).unwrap();
            assert_refused(&app, &token, ALGORITHM).await;
        }
    }
    assert_fetches(&app, 0);
}

/// The bytes of a public key in the forms that somebody may take for a secret.
fn public_bytes(material: &KeyMaterial) -> Vec<Vec<u8>> {
    match material {
        KeyMaterial::Ed25519 { x } => {
            // RFC 8410 §4: the form that a PEM file holds.
            let info = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), x].concat();
            vec![x.clone(), pem(&info), info]
        }
        KeyMaterial::Rsa { n, e } => {
            let mut positive = vec![0];
            positive.extend(n);
            let key = der(0x30, &[der(0x02, &positive), der(0x02, e)].concat());
            // RFC 8017 §A.1: rsaEncryption.
            let algorithm =
                b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00".to_vec();
            let bits = der(0x03, &[vec![0], key.clone()].concat());
            let info = der(0x30, &[algorithm, bits].concat());
            vec![n.clone(), key, pem(&info), info]
        }
        KeyMaterial::Ec { .. } => panic!("no such key here"),
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

fn pem(info: &[u8]) -> Vec<u8> {
    let text = base64::prelude::BASE64_STANDARD.encode(info);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
        .into_bytes()
}

#[tokio::test]
async fn an_algorithm_that_the_issuer_is_not_configured_with_is_refused() {
    let app = App::start().await;
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(CLAIM_ISSUER, vec![rsa.public()]);
    let claims = app.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
    let token = claims.with("tenants", json!(["acme"])).sign(&rsa);
    assert_refused(&app, &token, ALGORITHM).await;
    assert_eq!(app.keys.fetches(CLAIM_ISSUER), 0);
    for other in ["RS384", "PS256", "ES256", "eddsa", "EDDSA", "rs256", "Ed25519", "EdDSA "] {
        let header = json!({"alg": other, "kid": "usual"});
        assert_refused(&app, &signed(&header, good(&app).json()), ALGORITHM).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn a_key_serves_its_own_kind_of_algorithm_only() {
    let app = App::start().await;
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), rsa.public()]);
    let good = good(&app);
    assert_eq!(app.bearer(good.clone().sign(&rsa)).get(LIST).await.outcome(), "200");
    let mismatch = "the key of the token does not fit its algorithm";
    let header = json!({"alg": "RS256", "kid": "usual"});
    assert_refused(&app, &signed(&header, good.json()), mismatch).await;
    let header = json!({"alg": "EdDSA", "kid": "rsa"});
    assert_refused(&app, &signed(&header, good.json()), mismatch).await;
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn keys_that_the_token_brings_along_are_not_looked_at() {
    let app = App::start().await;
    let attacker = SigningKey::ed25519("usual");
    let place = MockServer::start().await;
    let set = json!({"keys": [attacker.jwk()]});
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(wiremock::ResponseTemplate::new(200).set_body_json(set))
        .mount(&place)
        .await;
    let good = good(&app);
    let certificate = base64::prelude::BASE64_STANDARD.encode("a certificate");
    for (name, value) in [
        ("jwk", attacker.jwk()),
        ("jku", json!(format!("{}/keys", place.uri()))),
        ("x5u", json!(format!("{}/certificate", place.uri()))),
        ("x5c", json!([certificate])),
        ("x5t", json!("attacker")),
    ] {
        let mut header = header();
        header[name] = value;
        // Signed by the attacker, with the name of the issuer's key, another, and none.
        let claims = good.json().to_string();
        let token = attacker.sign_text(&header.to_string(), &claims);
        assert_refused(&app, &token, SIGNATURE).await;
        header["kid"] = json!("attacker");
        let token = attacker.sign_text(&header.to_string(), &claims);
        assert_refused(&app, &token, "the key of the token is unknown").await;
        header.as_object_mut().unwrap().remove("kid");
        let token = attacker.sign_text(&header.to_string(), &claims);
        assert_refused(&app, &token, SIGNATURE).await;
        // Signed by the issuer, they do no harm either.
        assert_eq!(app.bearer(signed(&header, good.json())).get(LIST).await.outcome(), "200");
    }
    assert_eq!(place.received_requests().await.unwrap().len(), 0);
    // One to begin with, and one for the unknown key.
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn an_extension_that_must_be_understood_is_not() {
    let app = App::start().await;
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!("b64"), Value::Null] {
        let mut header = header();
        header["crit"] = crit;
        header["b64"] = json!(false);
        let why = "the token needs an extension that is not supported";
        assert_refused(&app, &signed(&header, good(&app).json()), why).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn tokens_for_other_purposes_are_refused() {
    let app = App::start().await;
    for typ in ["dpop+jwt", "logout+jwt", "secevent+jwt", "JWE", "id+jwt", ""] {
        let mut header = header();
        header["typ"] = json!(typ);
        let token = signed(&header, good(&app).json());
        assert_refused(&app, &token, "the token is not an access token").await;
    }
    assert_fetches(&app, 0);
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        let mut header = header();
        header["typ"] = json!(typ);
        let token = signed(&header, good(&app).json());
        assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200", "{typ}");
    }
}

#[tokio::test]
async fn a_header_that_makes_no_sense_is_refused() {
    let app = App::start().await;
    let claims = good(&app).json().to_string();
    let long = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(257));
    for header in [
        r"{}",
        r"[]",
        r"null",
        r#""EdDSA""#,
        r#"{"kid":"usual"}"#,
        r#"{"alg":null,"kid":"usual"}"#,
        r#"{"alg":["EdDSA"],"kid":"usual"}"#,
        r#"{"alg":"EdDSA","kid":1}"#,
        r#"{"alg":"EdDSA","kid":null}"#,
        r#"{"alg":"EdDSA","kid":["usual"]}"#,
        r#"{"alg":"EdDSA","kid":"us\u0000ual"}"#,
        r#"{"alg":"EdDSA","kid":"us\nual"}"#,
        r#"{"alg":"EdDSA","typ":1,"kid":"usual"}"#,
        r#"{"alg":"none","alg":"EdDSA","kid":"usual"}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","kid":"usual"}"#,
        r#"{"alg":"EdDSA","kid":"usual","\u006bid":"other"}"#,
        r#"{"alg":"EdDSA","kid":"usual"} "#.trim_end_matches(['}', ' ']),
        "\u{feff}{\"alg\":\"EdDSA\",\"kid\":\"usual\"}",
        &long,
    ] {
        let token = SigningKey::shared().sign_text(header, &claims);
        assert_refused(&app, &token, MALFORMED_HEADER).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn a_kid_that_looks_like_a_path_or_a_query_finds_no_key() {
    let app = App::start().await;
    for kid in ["../../../../dev/null", "usual/../usual", "' OR '1'='1", "USUAL", " usual", "", "*"]
    {
        let mut header = header();
        header["kid"] = json!(kid);
        let token = signed(&header, good(&app).json());
        assert_refused(&app, &token, "the key of the token is unknown").await;
    }
    // However many there are, they cost one look-up between them.
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn what_was_tampered_with_is_refused() {
    let app = App::start().await;
    let token = signed(&header(), good(&app).json());
    let parts: Vec<&str> = token.split('.').collect();
    let claims = |name: &str, value: Value| base64(good(&app).with(name, value).json().to_string());
    for payload in [
        claims("sub", json!("auth0|olga")),
        claims("exp", json!(app.clock.now().as_unix_seconds() + 86_400)),
        claims("scope", json!("tenant.access:read tenant.access:write everything")),
    ] {
        let token = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert_refused(&app, &token, SIGNATURE).await;
    }
    // The same claims in another order are other bytes.
    let payload = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let spaced = format!(" {}", String::from_utf8(payload).unwrap());
    let token = format!("{}.{}.{}", parts[0], base64(spaced), parts[2]);
    assert_refused(&app, &token, SIGNATURE).await;
    let other = base64(json!({"kid": "usual", "alg": "EdDSA"}).to_string());
    assert_refused(&app, &format!("{other}.{}.{}", parts[1], parts[2]), SIGNATURE).await;

    let signature = BASE64_URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let mut flipped = signature.clone();
    flipped[0] ^= 1;
    let mut longer = signature.clone();
    longer.push(0);
    for bad in [&flipped[..], &longer, &signature[..63], &signature[1..], &[0; 64], &[], &[0xff]] {
        let token = format!("{}.{}.{}", parts[0], parts[1], base64(bad));
        assert_refused(&app, &token, SIGNATURE).await;
    }
    let other = SigningKey::ed25519("usual")
        .sign_text(&header().to_string(), &good(&app).json().to_string());
    assert_refused(&app, &other, SIGNATURE).await;
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn what_has_not_three_parts_of_base64url_is_refused() {
    let app = App::start().await;
    let token = signed(&header(), good(&app).json());
    let parts: Vec<&str> = token.split('.').collect();
    let standard = base64::prelude::BASE64_STANDARD.encode([0xfb; 64]);
    let garbage = [
        "garbage".to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "....".to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{}", parts[2]),
        format!("{token}.."),
        format!("{token}="),
        format!("{token}=="),
        format!("{} .{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{standard}", parts[0], parts[1]),
        format!("{}.{}\u{fc}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}%2e{}", parts[0], parts[1], parts[2]),
        format!("\"{token}\""),
        format!("<{token}>"),
        format!("{token},{token}"),
        format!("{token} {token}"),
        // A JWE has five parts (RFC 7516 §3.1).
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.text.tag".to_owned(),
        // The JSON forms of RFC 7515 §7.2.
        json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string(),
    ];
    for garbage in &garbage {
        let answer = app.bearer(garbage).get(LIST).await;
        assert_eq!(answer.outcome(), "401 invalid_token", "{garbage}");
        assert!(!answer.text.contains(garbage.as_str()) || garbage.len() < 8, "{garbage}");
    }
    // Stray bits at the end of the signature: the same bytes, in another spelling.
    let mut respelt = token.clone();
    let last = respelt.pop().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    respelt.push(alphabet.chars().nth(at + 1).unwrap());
    assert_refused(&app, &respelt, NOT_A_JWT).await;
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn a_token_that_is_too_long_is_not_even_read() {
    let app = App::start().await;
    let with_padding = |length: usize| {
        let bare = signed(&header(), good(&app).with("x", json!("")).json()).len();
        // Three bytes make four characters.
        let padding = "x".repeat((length - bare) / 4 * 3);
        signed(&header(), good(&app).with("x", json!(padding)).json())
    };
    let long = with_padding(8190);
    assert!((8180..=8192).contains(&long.len()), "{}", long.len());
    assert_eq!(app.bearer(long).get(LIST).await.outcome(), "200");
    assert_fetches(&app, 1);

    let too_long = "the token is too long";
    let longer = with_padding(8200);
    assert!((8193..8205).contains(&longer.len()), "{}", longer.len());
    assert_refused(&app, &longer, too_long).await;
    // As long as the server takes a header at all.
    for length in [16_000, 30_000, 32_000] {
        assert_refused(&app, &with_padding(length), too_long).await;
        assert_refused(&app, &"a".repeat(length), too_long).await;
        assert_refused(&app, &"a.".repeat(length / 2), too_long).await;
    }
    assert_fetches(&app, 1);
}
