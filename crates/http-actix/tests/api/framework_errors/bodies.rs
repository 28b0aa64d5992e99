//! Bodies that cannot be read.

use reqwest::Method;
use serde_json::{Value, json};

use super::assert_error;
use crate::support::{Answer, App, AppOptions, Client};

/// Every operation with a body: method, path, and a body that would do.
fn operations() -> [(Method, &'static str, Value); 6] {
    let email = "new@acme.example";
    let user = json!({
        "email": email, "serviceUser": false, "tenantName": "acme", "username": "new",
        "firstName": "New", "lastName": "Name",
    });
    let password = json!({"newPassword": "a-new-password"});
    let passwords = json!({"currentPassword": "mias-password", "newPassword": "a-new-password"});
    [
        (Method::POST, "/api/acme/admin/users", json!({"email": email, "role": "viewer"})),
        (Method::PUT, "/api/acme/admin/users/auth0%7Cmia", json!({"role": "viewer"})),
        (Method::POST, "/api/v1/users", user),
        (
            Method::PUT,
            "/api/v1/users/auth0%7Cmia",
            json!({"email": email, "firstName": "New", "lastName": "Name"}),
        ),
        (Method::PATCH, "/api/v1/users/auth0%7Cmia/change-password", password),
        (Method::PATCH, "/api/v2/users/auth0%7Cmia/change-password", passwords),
    ]
}

async fn send(
    client: &Client<'_>,
    method: &Method,
    path: &str,
    body: impl Into<Vec<u8>>,
) -> Answer {
    client.send(method.clone(), path, Some(("application/json", body.into()))).await
}

/// The member that an error is about, in whichever form.
fn field(answer: &Answer) -> Option<String> {
    let body = answer.json();
    let field = body.pointer("/errors/0/field").or_else(|| body.pointer("/errors/0/meta/field"));
    field.and_then(Value::as_str).map(ToOwned::to_owned)
}

#[tokio::test]
async fn a_body_that_is_no_json_object_cannot_be_read() {
    let app = App::start().await;
    let deep = |open: &str, close: &str| {
        format!("{{\"a\":{}1{}}}", open.repeat(10_000), close.repeat(10_000)).into_bytes()
    };
    let bodies: [Vec<u8>; 24] = [
        b"".into(),
        b" ".into(),
        b"{".into(),
        b"}".into(),
        b"{}}".into(),
        b"{} {}".into(),
        b"{\"email\"}".into(),
        b"{\"email\":}".into(),
        b"{'email':'x'}".into(),
        b"{email:\"x\"}".into(),
        b"{\"a\":1,}".into(),
        b"{\"a\":NaN}".into(),
        b"{/* */}".into(),
        b"\xef\xbb\xbf{}".into(),
        b"[]".into(),
        b"[{}]".into(),
        b"null".into(),
        b"true".into(),
        b"1".into(),
        b"\"{}\"".into(),
        b"email=x&role=y".into(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        "[".repeat(60_000).into(),
    ];
    for (method, path, _) in operations() {
        for body in &bodies {
            let answer = send(&app.operator(), &method, path, body.clone()).await;
            assert_error(path, &answer, "400 malformed_request");
            assert_eq!(field(&answer), None, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn text_that_is_no_unicode_cannot_be_read() {
    let app = App::start().await;
    for (method, path, good) in operations() {
        for text in
            [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\udc00", b"\\ud800\\u0041"]
        {
            for (name, _) in
                good.as_object().unwrap().iter().chain([(&"unknown".to_owned(), &json!(1))])
            {
                let body = [b"{\"", name.as_bytes(), b"\":\"", text, b"\"}"].concat();
                let answer = send(&app.operator(), &method, path, body).await;
                assert_error(path, &answer, "400 malformed_request");
            }
        }
    }
}

#[tokio::test]
async fn a_member_that_is_missing_or_of_the_wrong_type_is_named() {
    let app = App::start().await;
    for (method, path, good) in operations() {
        let names: Vec<_> = good.as_object().unwrap().keys().cloned().collect();
        for name in &names {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(name);
            let answer = send(&app.operator(), &method, path, body.to_string()).await;
            assert_error(path, &answer, "400 malformed_request");
            assert_eq!(field(&answer).as_ref(), Some(name), "{path}");

            let right = &good[name];
            for wrong in [json!(1), json!("true"), json!(true), json!(null), json!([]), json!({})] {
                let is_right = std::mem::discriminant(&wrong) == std::mem::discriminant(right);
                // This one may be null.
                if is_right
                    || (wrong.is_null() && path.contains("/admin/") && method == Method::PUT)
                {
                    continue;
                }
                let mut body = good.clone();
                body[name] = wrong;
                let answer = send(&app.operator(), &method, path, body.to_string()).await;
                assert_error(path, &answer, "400 malformed_request");
                assert_eq!(field(&answer).as_ref(), Some(name), "{path} {body}");
            }
        }
    }
}

#[tokio::test]
async fn a_member_that_stands_there_twice_is_refused() {
    let app = App::start().await;
    for (method, path, good) in operations() {
        for (name, value) in good.as_object().unwrap() {
            let body = good.to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
            let answer = send(&app.operator(), &method, path, body).await;
            assert_error(path, &answer, "400 malformed_request");
            assert_eq!(field(&answer).as_ref(), Some(name), "{path}");
        }
        for twice in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#]
        {
            let answer = send(&app.operator(), &method, path, twice).await;
            assert_error(path, &answer, "400 malformed_request");
        }
    }
}

#[tokio::test]
async fn a_body_past_the_limit_is_not_even_waited_for() {
    let app = App::start().await;
    let token = format!("Bearer {}", app.operator().token().unwrap());
    for (method, path, _) in operations() {
        // As long as is allowed, and not one byte longer.
        let longest = format!("{{{}}}", " ".repeat(65_534));
        let answer = send(&app.operator(), &method, path, longest).await;
        assert_error(path, &answer, "400 malformed_request");
        let longer = format!("{{{}}}", " ".repeat(65_535));
        let answer = send(&app.operator(), &method, path, longer).await;
        assert_error(path, &answer, "413 payload_too_large");

        let head = |header: (&str, &str)| {
            let headers =
                [("Authorization", token.as_str()), ("Content-Type", "application/json"), header];
            app.head(&format!("{method} {path}"), &headers)
        };
        // Announced, and never sent.
        let answer = app.exchange(&head(("Content-Length", "65537")));
        assert_error(path, &answer, "413 payload_too_large");

        // Not announced, and never ended.
        let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
        let chunks = format!("{chunk}{chunk}1\r\n \r\n");
        let request = [head(("Transfer-Encoding", "chunked")), chunks.into_bytes()].concat();
        assert_error(path, &app.exchange(&request), "413 payload_too_large");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let options = AppOptions { http: "request_timeout_ms = 200", ..AppOptions::default() };
    let app = App::start_with(options).await;
    let token = format!("Bearer {}", app.operator().token().unwrap());
    for (method, path, _) in operations() {
        let headers = [
            ("Authorization", token.as_str()),
            ("Content-Type", "application/json"),
            ("Content-Length", "10"),
        ];
        let mut request = app.head(&format!("{method} {path}"), &headers);
        request.extend_from_slice(b"{");
        assert_error(path, &app.exchange(&request), "408 request_timeout");
    }
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json_and_nothing_else() {
    let app = App::start().await;
    for (method, path, good) in operations() {
        let good = good.to_string().into_bytes();
        for media_type in [
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/merge-patch+json",
            "application/problem+json",
            "*/*",
            "json",
        ] {
            let body = Some((media_type, good.clone()));
            let answer = app.operator().send(method.clone(), path, body).await;
            assert_error(path, &answer, "415 unsupported_media_type");
        }
        for encoding in ["gzip", "br", "deflate", "identity, gzip", "x"] {
            let client = app.operator().header("content-encoding", encoding);
            let answer = send(&client, &method, path, good.clone()).await;
            assert_error(path, &answer, "415 unsupported_media_type");
        }
        for media_type in
            ["application/json; charset=utf-8", "Application/JSON", "application/json;"]
        {
            let body = Some((media_type, b"{".to_vec()));
            let client = app.operator().header("content-encoding", "identity");
            let answer = client.send(method.clone(), path, body).await;
            assert_error(path, &answer, "400 malformed_request");
        }
    }
}

#[tokio::test]
async fn who_may_not_call_learns_nothing_about_the_rest_of_the_request() {
    let app = App::start().await;
    for (method, path, _) in operations() {
        let unknown = format!("{path}?unknown=1");
        for path in [path, &unknown] {
            for (client, outcome) in [
                (app.anonymous(), "401 missing_token"),
                (app.bearer("x.y.z"), "401 invalid_token"),
                (app.tenant_with("acme", &[]), "403 insufficient_permission"),
            ] {
                assert_error(path, &send(&client, &method, path, "{").await, outcome);
            }
            // Contract B's new users name their tenant in the body.
            if !path.starts_with("/api/v1/users?") && !path.ends_with("/api/v1/users") {
                let answer = send(&app.member("vera"), &method, path, "{").await;
                assert_error(path, &answer, "403 insufficient_permission");
            }
            if path.contains("/admin/") {
                let answer = send(&app.tenant("globex"), &method, path, "{").await;
                assert_error(path, &answer, "403 tenant_forbidden");
            }
        }
    }
}
