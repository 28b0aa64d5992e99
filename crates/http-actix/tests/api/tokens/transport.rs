//! The position of the token in a request, and the challenge in the response (RFC 6750).

use reqwest::Method;
use serde_json::json;

use super::{LIST, USERS, assert_fetches, header, signed_token, valid_claims};
use crate::support::App;

#[tokio::test]
async fn request_without_token_gets_plain_challenge() {
    let app = App::start().await;
    for path in [LIST, USERS, "/api/v1/users/auth0%7Colga", "/api/-/admin/users"] {
        let response = app.anonymous().get(path).await;
        assert_eq!(response.outcome(), "401 missing_token", "{path}");
        // RFC 6750 §3.1: no error code for a request without a token.
        assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{path}");
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn bearer_scheme_is_case_insensitive() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let client = app.anonymous().header("authorization", format!("{scheme} {token}"));
        assert_eq!(client.get(LIST).await.outcome(), "200", "{scheme}");
    }
    // RFC 9110 §11.4: one space or more.
    let client = app.anonymous().header("authorization", format!("Bearer   {token}"));
    assert_eq!(client.get(LIST).await.outcome(), "200");
}

#[tokio::test]
async fn other_schemes_are_a_missing_token() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    for value in [
        token.clone(),
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer{token}"),
        format!("Bearer:{token}"),
        format!("Bearer={token}"),
        format!("Bearer,{token}"),
        format!("Basic {token}"),
        format!("DPoP {token}"),
        format!("Token {token}"),
        format!("JWT {token}"),
        format!("Bearer\u{a0}{token}"),
        format!("\u{ff22}earer {token}"),
    ] {
        let response = app.anonymous().header("authorization", value.clone()).get(LIST).await;
        assert_eq!(response.outcome(), "401 missing_token", "{value}");
        assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{value}");
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn token_outside_authorization_header_is_ignored() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    for path in [
        format!("{LIST}?access_token={token}"),
        format!("{LIST}?authorization=Bearer%20{token}"),
        format!("{USERS}&access_token={token}"),
    ] {
        let response = app.anonymous().get(&path).await;
        assert_eq!(response.outcome(), "401 missing_token");
    }
    for (name, value) in [
        ("cookie", format!("access_token={token}; Authorization=Bearer {token}")),
        ("x-authorization", format!("Bearer {token}")),
        ("proxy-authorization", format!("Bearer {token}")),
        ("x-forwarded-authorization", format!("Bearer {token}")),
        ("x-access-token", token.clone()),
    ] {
        let response = app.anonymous().header(name, value).get(LIST).await;
        assert_eq!(response.outcome(), "401 missing_token", "{name}");
    }
    let form = format!("access_token={token}").into_bytes();
    let form = Some(("application/x-www-form-urlencoded", form));
    let response = app.anonymous().send(Method::POST, LIST, form).await;
    assert_eq!(response.outcome(), "401 missing_token");
    let body = json!({"access_token": token, "email": "new@acme.example", "role": "member"});
    let response = app.anonymous().post(LIST, body).await;
    assert_eq!(response.outcome(), "401 missing_token");
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn several_authorization_headers_are_malformed() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    let valid = format!("Bearer {token}");
    for (first, second) in [
        (valid.as_str(), valid.as_str()),
        (&valid, "Bearer garbage"),
        ("Bearer garbage", &valid),
        (&valid, "Basic dXNoZXI6"),
        ("Basic dXNoZXI6", &valid),
        ("", &valid),
    ] {
        for path in [LIST, USERS] {
            let client =
                app.anonymous().header("authorization", first).header("authorization", second);
            assert_eq!(client.get(path).await.outcome(), "400 malformed_request");
        }
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn two_tokens_in_one_header_are_invalid() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    for value in [format!("Bearer {token}, Bearer {token}"), format!("Bearer {token} {token}")] {
        let response = app.anonymous().header("authorization", value).get(LIST).await;
        assert_eq!(response.outcome(), "401 invalid_token");
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn challenge_names_the_required_permission() {
    let app = App::start().await;
    let user = "/api/v1/users/auth0%7Colga";
    let body = || json!({"email": "new@acme.example", "role": "member"});
    for (method, path, permission) in [
        (Method::GET, LIST, "tenant.access:read"),
        (Method::POST, LIST, "tenant.access:write"),
        (Method::GET, USERS, "VIEW_USERS_AND_GROUPS"),
        (Method::GET, user, "VIEW_USERS_AND_GROUPS"),
        (Method::DELETE, user, "MODIFY_USERS_AND_GROUPS"),
    ] {
        // Similar names, none of which is the permission.
        let similar = [
            permission.to_uppercase().replace("_USERS", "_USER"),
            permission.replace(':', "."),
            format!("{permission}s"),
            format!("x{permission}"),
            "tenant.access".to_owned(),
            "tenant.access:*".to_owned(),
            "*".to_owned(),
        ];
        let similar: Vec<&str> =
            similar.iter().map(String::as_str).filter(|name| *name != permission).collect();
        let claims = valid_claims(&app).with("scope", json!(similar.join(" ")));
        let token = signed_token(&header(), claims.with("permissions", json!(similar)).json());
        let body = (method == Method::POST).then(body);
        let response = app.bearer(token).call(method, path, body).await;
        assert_eq!(response.outcome(), "403 insufficient_permission", "{path}");
        let expected = format!("Bearer error=\"insufficient_scope\", scope=\"{permission}\"");
        assert_eq!(response.header("www-authenticate"), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn other_refusals_send_no_challenge() {
    let app = App::start().await;
    let outsider = app.tenant("globex").get(LIST).await;
    assert_eq!(outsider.outcome(), "403 tenant_forbidden");
    assert_eq!(outsider.header("www-authenticate"), None);
    let hidden = app.tenant("globex").get("/api/v1/users/auth0%7Colga").await;
    assert_eq!(hidden.outcome(), "404 user_not_found");
    assert_eq!(hidden.header("www-authenticate"), None);
}

#[tokio::test]
async fn invalid_token_hides_all_other_errors() {
    let app = App::start().await;
    // The token is verified before anything else in the request.
    let client = app.bearer("garbage");
    for (method, path) in [
        (Method::GET, "/api/v1/users"),
        (Method::GET, "/api/v1/users?filter[tenant]=acme&sort=nonsense"),
        (Method::GET, "/api/-not-a-tenant-/admin/users"),
        (Method::GET, "/api/acme/admin/users/auth0%7Cunknown"),
        (Method::DELETE, "/api/acme/admin/users/auth0%7Colga"),
        (Method::DELETE, "/api/v1/users/%00"),
    ] {
        let response = client.call(method.clone(), path, None).await;
        assert_eq!(response.outcome(), "401 invalid_token", "{method} {path}");
    }
    for (media_type, body) in
        [("application/json", "{"), ("text/plain", "x"), ("application/json", &*"x".repeat(70_000))]
    {
        let body = Some((media_type, body.as_bytes().to_vec()));
        let response = client.send(Method::POST, "/api/v1/users", body).await;
        assert_eq!(response.outcome(), "401 invalid_token");
    }
    let response = client.clone().header("accept", "text/html").get(LIST).await;
    assert_eq!(response.outcome(), "401 invalid_token");
}
