//! Foreign and unknown users and tenants get byte-identical responses.

use reqwest::Method;
use serde_json::json;

use super::{bad_bodies, operations, send_raw};
use crate::support::{ALL_PERMISSIONS, App, Client, SigningKey, TENANT_ISSUER};

/// Returns callers of every kind that act in acme and not in globex.
fn acme_callers(app: &App) -> Vec<Client<'_>> {
    let issuer = TENANT_ISSUER.replace("{tenant}", "acme");
    let foreign_subject =
        app.claims(&issuer).permissions(&ALL_PERMISSIONS).with("sub", json!("auth0|gina"));
    vec![
        app.tenant("acme"),
        app.tenant_with("acme", &[]),
        app.tenant_with("acme", &["tenant.access:read", "VIEW_USERS_AND_GROUPS"]),
        app.tenant_with("acme", &["tenant.access:write", "MODIFY_USERS_AND_GROUPS"]),
        app.tenants(&["acme", "hooli"]),
        app.tenants(&[]),
        app.member("olga"),
        app.member("vera"),
        app.member("mia"),
        app.member("bob"),
        // A tenant token whose subject the tenant cannot see.
        app.bearer(foreign_subject.sign(&SigningKey::shared())),
        app.bearer("x.y.z"),
        app.anonymous(),
    ]
}

#[tokio::test]
async fn foreign_user_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let mut not_found_calls = 0;
    for client in acme_callers(&app) {
        for (method, before, after, valid_body) in operations() {
            let bodies = match valid_body {
                Some(valid_body) => {
                    [valid_body].into_iter().chain(bad_bodies()).map(Some).collect()
                }
                None => vec![None],
            };
            for query in ["", "?unknown=1"] {
                for body in &bodies {
                    let call = async |user: &str| {
                        let path = format!("{before}{user}{after}{query}");
                        client.call(method.clone(), &path, body.clone()).await
                    };
                    let unknown = call("auth0%7Cnobody").await;
                    // A user of globex, and a user without memberships.
                    for foreign in ["auth0%7Cgina", "auth0%7Civy"] {
                        assert_eq!(
                            call(foreign).await.comparable_text(),
                            unknown.comparable_text(),
                            "{method} {before}{foreign}"
                        );
                    }
                    not_found_calls += usize::from(unknown.outcome() == "404 user_not_found");
                }
            }
        }
    }
    assert!(not_found_calls > 40, "only {not_found_calls} calls reached the user lookup");
}

#[tokio::test]
async fn detached_user_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    assert_eq!(acme.delete("/api/acme/admin/users/auth0%7Cgus").await.outcome(), "204");
    for (method, before, after, body) in operations() {
        let call = async |user: &str| {
            acme.call(method.clone(), &format!("{before}{user}{after}"), body.clone()).await
        };
        let (detached, unknown) = (call("auth0%7Cgus").await, call("auth0%7Cnobody").await);
        assert_eq!(detached.outcome(), "404 user_not_found", "{method} {before}");
        assert_eq!(detached.comparable_text(), unknown.comparable_text(), "{method} {before}");
    }
}

#[tokio::test]
async fn foreign_users_wrong_passwords_are_not_counted() {
    let app = App::start().await;
    let body = json!({"currentPassword": "wrong", "newPassword": "a-new-password"});
    for _ in 0..15 {
        for name in ["gina", "gus", "nobody"] {
            let path = format!("/api/v2/users/auth0%7C{name}/change-password");
            let answer = app.tenant("acme").patch(&path, body.clone()).await;
            assert!(!answer.status.is_success() && answer.status != 429, "{name}: {answer:?}");
            let answer = app.member("mia").patch(&path, body.clone()).await;
            assert_eq!(answer.outcome(), "403 insufficient_permission");
        }
    }
    let right = json!({"currentPassword": "guss-password", "newPassword": "a-new-password"});
    let path = "/api/v2/users/auth0%7Cgus/change-password";
    assert_eq!(app.tenant("globex").patch(path, right).await.outcome(), "200");
}

#[tokio::test]
async fn impossible_user_id_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let too_long = format!("auth0%7C{}", "x".repeat(300));
    let ids = [
        "..%2f",
        "..%2F",
        "%2e%2e%2f",
        "%2E%2E%2F%2E%2E%2F",
        "%252e%252e%252f",
        "..%252fauth0%7Cmia",
        "auth0%7Ca%2F..%2Fx",
        "auth0%7Ca%2F..%2Fauth0%7Cmia",
        "auth0%257Cmia",
        "auth0%25257Cmia",
        "auth0%7Cmia%00",
        "auth0%7Cmia%0a",
        "auth0%7Cmia%0d%0aX-Evil:1",
        "%09auth0%7Cmia",
        "auth0%7Cmia%20",
        "+auth0%7Cmia",
        "auth0%7Cmia%2f",
        "auth0%7Cmia%5c",
        "auth0%7Cmia%3fx=1",
        "auth0%7Cmia%23",
        "auth0%7Cmia%22",
        "auth0%7C%ff",
        "%ff",
        "%c0%ae%c0%ae%2f",
        "%ed%a0%80",
        "auth0%7Cm%C3%ADa",
        "%EF%BC%8E%EF%BC%8E",
        "auth0%7CMIA",
        "AUTH0%7Cmia",
        "auth0%7C*",
        "*",
        "%25",
        "%zz",
        "%",
        "null",
        "undefined",
        "me",
        "auth0",
        "mia",
        &too_long,
    ];
    for client in [app.tenant("acme"), app.member("olga"), app.operator()] {
        for (method, before, after, body) in operations() {
            let call = |user: &str| {
                let path = format!("{before}{user}{after}");
                send_raw(&app, &client, &method, &path, body.as_ref())
            };
            let unknown = call("auth0%7Cnobody");
            assert_eq!(unknown.outcome(), "404 user_not_found", "{method} {before}{after}");
            for id in ids {
                assert_eq!(
                    call(id).comparable_text(),
                    unknown.comparable_text(),
                    "{method} {before}{id}{after}"
                );
            }
        }
    }
    assert_eq!(app.operator().get("/api/acme/admin/users/auth0%7Cmia").await.outcome(), "200");
}

#[tokio::test]
async fn path_traversal_is_rejected_with_404() {
    let app = App::start().await;
    for path in [
        "/api/globex/../acme/admin/users",
        "/api/v1/users/../users",
        "/api/v1/users/auth0%7Cgina/../auth0%7Cmia",
        "/api/v1/users//auth0%7Cmia",
        "//api/v1/users/auth0%7Cmia",
        "/api/v1/users/./auth0%7Cmia",
        "/api/v1/users/auth0%7Cgina%2f..%2fauth0%7Cmia/x",
        "/api%2fv1/users/auth0%7Cmia",
        "/api/v1%2fusers/auth0%7Cmia",
        "/api/v1/users;x=1/auth0%7Cmia",
    ] {
        let answer = send_raw(&app, &app.operator(), &Method::GET, path, None);
        assert_eq!(answer.outcome(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn foreign_tenant_is_indistinguishable_from_missing() {
    let app = App::start().await;
    // The same calls as in acme, but in other tenants and with invalid tenant names.
    let too_long = "x".repeat(64);
    let tenants = [
        "globex",
        "initech",
        "never",
        "ACME",
        "Acme",
        "acme.",
        "acme-",
        "-acme",
        "ac_me",
        "a%20b",
        "acme%00",
        "acme%2f",
        "acme%2fx",
        "..%2facme",
        "%2e%2e%2facme",
        "%252e",
        "acme%0a",
        "%ff",
        "%",
        "*",
        "acme,globex",
        "a%C3%A7me",
        "%D0%B0cme",
        "acme%3f",
        &too_long,
    ];
    for client in acme_callers(&app) {
        for (method, path, body) in [
            (Method::GET, "", None),
            (Method::POST, "", Some(json!({"email": "gina@globex.example", "role": "viewer"}))),
            (Method::POST, "", Some(json!({"email": 1}))),
            (Method::GET, "?page[size]=0", None),
            (Method::GET, "/auth0%7Cgina", None),
            (Method::GET, "/auth0%7Cmia", None),
            (Method::GET, "/..%2f", None),
            (Method::PUT, "/auth0%7Cgina", Some(json!({"role": "viewer"}))),
            (Method::PUT, "/auth0%7Cgina", Some(json!({}))),
            (Method::DELETE, "/auth0%7Cgina", None),
        ] {
            let answers = tenants.map(|tenant| {
                let path = format!("/api/{tenant}/admin/users{path}");
                (tenant, send_raw(&app, &client, &method, &path, body.as_ref()))
            });
            let (_, missing) = &answers[2];
            assert!([401, 403].contains(&missing.status.as_u16()), "{method} {path}: {missing:?}");
            for (tenant, answer) in &answers {
                assert_eq!(
                    answer.comparable_text(),
                    missing.comparable_text(),
                    "{method} {tenant} {path}"
                );
            }
        }
        for query in ["", "&page[size]=1", "&sort=-email"] {
            let call = async |tenant: &str| {
                client.get(&format!("/api/v1/users?filter[tenant]={tenant}{query}")).await
            };
            let missing = call("never").await;
            assert!([401, 403].contains(&missing.status.as_u16()), "{missing:?}");
            assert_eq!(call("globex").await.comparable_text(), missing.comparable_text());
        }
        let create = async |tenant: &str| {
            let body = json!({
                "email": "gina@globex.example", "serviceUser": false, "tenantName": tenant,
                "username": "gina", "firstName": "New", "lastName": "Name",
            });
            client.post("/api/v1/users", body).await
        };
        let missing = create("never").await;
        assert!([401, 403].contains(&missing.status.as_u16()), "{missing:?}");
        assert_eq!(create("globex").await.comparable_text(), missing.comparable_text());
    }
}

#[tokio::test]
async fn operator_cannot_reach_invalid_tenant() {
    let app = App::start().await;
    for tenant in ["ACME", "acme.", "a_b", "%2e%2e", "-"] {
        let path = format!("/api/{tenant}/admin/users");
        let answer = send_raw(&app, &app.operator(), &Method::GET, &path, None);
        let foreign = app.tenant("acme").get("/api/globex/admin/users").await;
        assert_eq!(answer.outcome(), "403 tenant_forbidden", "{path}");
        assert_eq!(answer.without_request_id(), foreign.without_request_id(), "{path}");
    }
}
