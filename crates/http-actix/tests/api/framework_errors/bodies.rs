//! Request bodies that are malformed, too large, incomplete or of another media type.

use reqwest::Method;
use serde_json::{Value, json};

use super::assert_error;
use crate::support::{Answer, App, AppOptions, Client};

/// Every operation with a body: method, path and a valid body.
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

/// The member that an error names, in the format of either contract.
fn field(response: &Answer) -> Option<String> {
    let body = response.json();
    let field = body.pointer("/errors/0/field").or_else(|| body.pointer("/errors/0/meta/field"));
    field.and_then(Value::as_str).map(ToOwned::to_owned)
}

#[tokio::test]
async fn body_that_is_not_a_json_object_is_malformed() {
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
            let response = send(&app.operator(), &method, path, body.clone()).await;
            assert_error(path, &response, "400 malformed_request");
            assert_eq!(field(&response), None, "{response:?}");
        }
    }
}

#[tokio::test]
async fn invalid_unicode_in_body_is_malformed() {
    let app = App::start().await;
    for (method, path, valid) in operations() {
        for text in
            [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\udc00", b"\\ud800\\u0041"]
        {
            for (name, _) in
                valid.as_object().unwrap().iter().chain([(&"unknown".to_owned(), &json!(1))])
            {
                let body = [b"{\"", name.as_bytes(), b"\":\"", text, b"\"}"].concat();
                let response = send(&app.operator(), &method, path, body).await;
                assert_error(path, &response, "400 malformed_request");
            }
        }
    }
}

#[tokio::test]
async fn missing_or_mistyped_member_is_reported() {
    let app = App::start().await;
    for (method, path, valid) in operations() {
        let names: Vec<_> = valid.as_object().unwrap().keys().cloned().collect();
        for name in &names {
            let mut body = valid.clone();
            body.as_object_mut().unwrap().remove(name);
            let response = send(&app.operator(), &method, path, body.to_string()).await;
            assert_error(path, &response, "400 malformed_request");
            assert_eq!(field(&response).as_ref(), Some(name), "{path}");

            let expected = &valid[name];
            for mistyped in
                [json!(1), json!("true"), json!(true), json!(null), json!([]), json!({})]
            {
                let has_expected_type =
                    std::mem::discriminant(&mistyped) == std::mem::discriminant(expected);
                // The role of a change may be null.
                if has_expected_type
                    || (mistyped.is_null() && path.contains("/admin/") && method == Method::PUT)
                {
                    continue;
                }
                let mut body = valid.clone();
                body[name] = mistyped;
                let response = send(&app.operator(), &method, path, body.to_string()).await;
                assert_error(path, &response, "400 malformed_request");
                assert_eq!(field(&response).as_ref(), Some(name), "{path} {body}");
            }
        }
    }
}

#[tokio::test]
async fn duplicate_member_is_rejected() {
    let app = App::start().await;
    for (method, path, valid) in operations() {
        for (name, value) in valid.as_object().unwrap() {
            let body = valid.to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
            let response = send(&app.operator(), &method, path, body).await;
            assert_error(path, &response, "400 malformed_request");
            assert_eq!(field(&response).as_ref(), Some(name), "{path}");
        }
        for duplicate in
            [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#]
        {
            let response = send(&app.operator(), &method, path, duplicate).await;
            assert_error(path, &response, "400 malformed_request");
        }
    }
}

#[tokio::test]
async fn oversized_body_is_rejected_before_it_arrives() {
    let app = App::start().await;
    let token = format!("Bearer {}", app.operator().token().unwrap());
    for (method, path, _) in operations() {
        // Exactly as long as allowed, then one byte longer.
        let longest = format!("{{{}}}", " ".repeat(65_534));
        let response = send(&app.operator(), &method, path, longest).await;
        assert_error(path, &response, "400 malformed_request");
        let longer = format!("{{{}}}", " ".repeat(65_535));
        let response = send(&app.operator(), &method, path, longer).await;
        assert_error(path, &response, "413 payload_too_large");

        let head = |header: (&str, &str)| {
            let headers =
                [("Authorization", token.as_str()), ("Content-Type", "application/json"), header];
            app.head(&format!("{method} {path}"), &headers)
        };
        // The length is announced and the body never sent.
        let response = app.exchange(&head(("Content-Length", "65537")));
        assert_error(path, &response, "413 payload_too_large");

        // The length is not announced and the body never ends.
        let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
        let chunks = format!("{chunk}{chunk}1\r\n \r\n");
        let request = [head(("Transfer-Encoding", "chunked")), chunks.into_bytes()].concat();
        assert_error(path, &app.exchange(&request), "413 payload_too_large");
    }
}

#[tokio::test]
async fn incomplete_body_times_out() {
    let options = AppOptions { http: "request_timeout_ms = 1000", ..AppOptions::default() };
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
async fn body_must_be_unencoded_json() {
    let app = App::start().await;
    for (method, path, valid) in operations() {
        let valid = valid.to_string().into_bytes();
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
            let body = Some((media_type, valid.clone()));
            let response = app.operator().send(method.clone(), path, body).await;
            assert_error(path, &response, "415 unsupported_media_type");
        }
        for encoding in ["gzip", "br", "deflate", "identity, gzip", "x"] {
            let client = app.operator().header("content-encoding", encoding);
            let response = send(&client, &method, path, valid.clone()).await;
            assert_error(path, &response, "415 unsupported_media_type");
        }
        for media_type in
            ["application/json; charset=utf-8", "Application/JSON", "application/json;"]
        {
            let body = Some((media_type, b"{".to_vec()));
            let client = app.operator().header("content-encoding", "identity");
            let response = client.send(method.clone(), path, body).await;
            assert_error(path, &response, "400 malformed_request");
        }
    }
}

#[tokio::test]
async fn authorization_errors_precede_body_and_query_errors() {
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
            // Contract B names the tenant of a new user in the body, which is read first.
            if !path.starts_with("/api/v1/users?") && !path.ends_with("/api/v1/users") {
                let response = send(&app.member("vera"), &method, path, "{").await;
                assert_error(path, &response, "403 insufficient_permission");
            }
            if path.contains("/admin/") {
                let response = send(&app.tenant("globex"), &method, path, "{").await;
                assert_error(path, &response, "403 tenant_forbidden");
            }
        }
    }
}
