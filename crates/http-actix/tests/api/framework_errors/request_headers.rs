//! The request headers `Accept` and `Authorization`.

use super::{LISTS, assert_error};
use crate::support::App;

#[tokio::test]
async fn request_not_accepting_json_gets_json_406() {
    let app = App::start().await;
    for path in LISTS {
        for accept in [
            "text/html",
            "application/problem+json",
            "application/xml, text/*",
            "application/json;q=0",
            "*/*;q=0",
        ] {
            let client = app.operator().header("accept", accept);
            assert_error(path, &client.get(path).await, "406 not_acceptable");
        }
        for accept in ["application/json", "*/*", "application/*", "text/html, */*;q=0.1"] {
            let client = app.operator().header("accept", accept);
            assert_eq!(client.get(path).await.outcome(), "200", "{path}: {accept}");
        }
        let client = app.anonymous().header("accept", "text/html");
        assert_error(path, &client.get(path).await, "401 missing_token");
    }
    for path in ["/nothing", "/api/v1/nothing"] {
        let client = app.anonymous().header("accept", "text/html");
        assert_error(path, &client.get(path).await, "404 not_found");
        let client = app.anonymous().header("accept", "text/html");
        assert_error(path, &client.delete(path).await, "404 not_found");
    }
}

#[tokio::test]
async fn empty_accept_header_is_no_accept_header() {
    let app = App::start().await;
    for path in LISTS {
        for accept in ["", " ", ",", " , ,"] {
            let client = app.operator().header("accept", accept);
            assert_eq!(client.get(path).await.outcome(), "200", "{path}: {accept:?}");
            let client = client.header("accept", "");
            assert_eq!(client.get(path).await.outcome(), "200", "{path}: {accept:?}");
            let client = client.header("accept", "text/html");
            assert_error(path, &client.get(path).await, "406 not_acceptable");
        }
        // A value that cannot be read is not an empty one.
        let client = app.operator().header("accept", "\u{e4}");
        assert_error(path, &client.get(path).await, "406 not_acceptable");
    }
}

#[tokio::test]
async fn accept_header_is_ignored_for_empty_responses() {
    let app = App::start().await;
    let client = app.operator().header("accept", "text/html");
    assert_eq!(client.delete("/api/acme/admin/users/auth0%7Cmia").await.outcome(), "204");
    assert_eq!(client.delete("/api/v1/users/auth0%7Cmia").await.outcome(), "204");
}

#[tokio::test]
async fn second_authorization_header_is_malformed() {
    let app = App::start().await;
    for path in LISTS {
        for second in ["Bearer x", "Basic eDp5", ""] {
            let client = app.operator().header("authorization", second);
            assert_error(path, &client.get(path).await, "400 malformed_request");
        }
        let same = format!("Bearer {}", app.operator().token().unwrap());
        let client = app.operator().header("authorization", same);
        assert_error(path, &client.get(path).await, "400 malformed_request");
    }
}

#[tokio::test]
async fn non_bearer_authorization_is_a_missing_token() {
    let app = App::start().await;
    let token = app.operator().token().unwrap().to_owned();
    for path in LISTS {
        for value in [
            "",
            "Bearer",
            "Basic eDp5",
            "Digest x=y",
            &token,
            &format!("Token {token}"),
            &format!("BearerX {token}"),
            &format!("Bearer{token}"),
        ] {
            let response = app.anonymous().header("authorization", value).get(path).await;
            assert_error(path, &response, "401 missing_token");
            // RFC 6750 §3.1: no error code for a request without a token.
            assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{value}");
        }
        let response = app.bearer("x").get(path).await;
        assert_error(path, &response, "401 invalid_token");
        let challenge = response.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
        // RFC 9110 §11.1: the name of the scheme is case-insensitive.
        let client = app.anonymous().header("authorization", format!("bEARER {token}"));
        assert_eq!(client.get(path).await.outcome(), "200");
    }
}

#[tokio::test]
async fn token_in_query_or_cookie_is_ignored() {
    let app = App::start().await;
    let token = app.operator().token().unwrap().to_owned();
    for path in LISTS {
        let separator = if path.contains('?') { '&' } else { '?' };
        let in_query = format!("{path}{separator}access_token={token}");
        assert_error(path, &app.anonymous().get(&in_query).await, "401 missing_token");
        let response = app.operator().get(&in_query).await;
        assert_error(path, &response, "400 unknown_parameter");
        assert!(!response.text.contains(&token), "{response:?}");
        let client = app.anonymous().header("cookie", format!("access_token={token}"));
        assert_error(path, &client.get(path).await, "401 missing_token");
    }
}

#[tokio::test]
async fn missing_permission_is_named_in_the_challenge() {
    let app = App::start().await;
    let caller = app.tenant_with("acme", &[]);
    for (path, scope) in [
        ("/api/acme/admin/users", "tenant.access:read"),
        ("/api/acme/admin/users/auth0%7Cmia", "tenant.access:read"),
        ("/api/v1/users?filter[tenant]=acme", "VIEW_USERS_AND_GROUPS"),
        ("/api/v1/users/auth0%7Cmia", "VIEW_USERS_AND_GROUPS"),
    ] {
        let response = caller.get(path).await;
        assert_error(path, &response, "403 insufficient_permission");
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        assert_eq!(response.header("www-authenticate"), Some(&*challenge), "{path}");
    }
    for (path, scope) in [
        ("/api/acme/admin/users/auth0%7Cmia", "tenant.access:write"),
        ("/api/v1/users/auth0%7Cmia", "MODIFY_USERS_AND_GROUPS"),
    ] {
        let response = caller.delete(path).await;
        assert_error(path, &response, "403 insufficient_permission");
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        assert_eq!(response.header("www-authenticate"), Some(&*challenge), "{path}");
    }
}
