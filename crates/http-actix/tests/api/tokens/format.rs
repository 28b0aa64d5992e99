//! Malformed tokens: header, encoding and size.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{
    LIST, NOT_A_JWT, assert_fetches, assert_rejected, header, outcome, signed_token, valid_claims,
};
use crate::support::{App, SigningKey};

const MALFORMED_HEADER: &str = "the header of the token is malformed";

#[tokio::test]
async fn token_of_another_type_is_rejected() {
    let app = App::start().await;
    for typ in ["dpop+jwt", "logout+jwt", "secevent+jwt", "JWE", "id+jwt", ""] {
        let mut header = header();
        header["typ"] = json!(typ);
        let token = signed_token(&header, valid_claims(&app).json());
        assert_rejected(&app, &token, "the token is not an access token").await;
    }
    assert_fetches(&app, 0);
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        let mut header = header();
        header["typ"] = json!(typ);
        let token = signed_token(&header, valid_claims(&app).json());
        assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200", "{typ}");
    }
}

#[tokio::test]
async fn critical_extension_is_rejected() {
    let app = App::start().await;
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!("b64"), Value::Null] {
        let mut header = header();
        header["crit"] = crit;
        header["b64"] = json!(false);
        let reason = "the token needs an extension that is not supported";
        assert_rejected(&app, &signed_token(&header, valid_claims(&app).json()), reason).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn malformed_header_is_rejected() {
    let app = App::start().await;
    let claims = valid_claims(&app).json().to_string();
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
        assert_rejected(&app, &token, MALFORMED_HEADER).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn deeply_nested_or_unusual_headers_grant_nothing() {
    let app = App::start().await;
    let claims = valid_claims(&app).json().to_string();
    let sign = |header: &str| SigningKey::shared().sign_text(header, &claims);
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"alg":"EdDSA","kid":"usual","x":{open}{close}}}"#)
    };
    assert_rejected(&app, &sign(&deep(1000)), MALFORMED_HEADER).await;
    assert_rejected(&app, &sign(&deep(200)), MALFORMED_HEADER).await;
    for kid in ["us\u{fc}al", "\u{ff55}sual", "usual\u{200b}", "usual\u{7f}"] {
        let header = json!({"alg": "EdDSA", "kid": kid});
        assert_rejected(&app, &sign(&header.to_string()), MALFORMED_HEADER).await;
    }
    // An escaped member name equals the plain one.
    let duplicate = r#"{"alg":"EdDSA","\u0061lg":"EdDSA","kid":"usual"}"#;
    assert_rejected(&app, &sign(duplicate), MALFORMED_HEADER).await;
    assert_fetches(&app, 0);
    for unusual in [
        r#"{"\u0061lg":"EdDSA","\u006b\u0069d":"usual"}"#,
        r#"{"alg":"EdDSA","kid":"usual","b64":false}"#,
        r#"{"alg":"EdDSA","kid":"usual","zip":"DEF","enc":"A256GCM"}"#,
        r#"{"alg":"EdDSA","kid":"usual","cty":"JWT"}"#,
        &deep(100),
    ] {
        // These members have no meaning in a JWS without `crit`.
        assert_eq!(outcome(&app, &sign(unusual)).await, "200", "{unusual}");
    }
    // A nested token is not a claims object.
    let inner = sign(r#"{"alg":"EdDSA","kid":"usual"}"#);
    let nested = SigningKey::shared().sign_text(r#"{"alg":"EdDSA","cty":"JWT"}"#, &inner);
    assert_rejected(&app, &nested, "the claims of the token are malformed").await;
}

#[tokio::test]
async fn token_without_three_base64url_parts_is_rejected() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
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
        let response = app.bearer(garbage).get(LIST).await;
        assert_eq!(response.outcome(), "401 invalid_token", "{garbage}");
        assert!(!response.text.contains(garbage.as_str()) || garbage.len() < 8, "{garbage}");
    }
    // Non-zero padding bits: another encoding of the same signature.
    let mut noncanonical = token.clone();
    let last = noncanonical.pop().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    noncanonical.push(alphabet.chars().nth(index + 1).unwrap());
    assert_rejected(&app, &noncanonical, NOT_A_JWT).await;
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn oversized_token_is_rejected() {
    let app = App::start().await;
    let with_padding = |length: usize| {
        let base_length =
            signed_token(&header(), valid_claims(&app).with("x", json!("")).json()).len();
        // Base64 encodes three bytes as four characters.
        let padding = "x".repeat((length - base_length) / 4 * 3);
        signed_token(&header(), valid_claims(&app).with("x", json!(padding)).json())
    };
    let long = with_padding(16_382);
    assert!((16_372..=16_384).contains(&long.len()), "{}", long.len());
    assert_eq!(app.bearer(long).get(LIST).await.outcome(), "200");
    assert_fetches(&app, 1);

    let too_long = "the token is too long";
    let longer = with_padding(16_392);
    assert!((16_385..16_397).contains(&longer.len()), "{}", longer.len());
    assert_rejected(&app, &longer, too_long).await;
    // Up to the size limit of the request head.
    for length in [20_000, 30_000, 32_000] {
        assert_rejected(&app, &with_padding(length), too_long).await;
        assert_rejected(&app, &"a".repeat(length), too_long).await;
        assert_rejected(&app, &"a.".repeat(length / 2), too_long).await;
    }
    assert_fetches(&app, 1);
}
