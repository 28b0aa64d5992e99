//! Respelled tenants and users: refused, before the directory is called.

use reqwest::Method;
use serde_json::{Value, json};

use super::{operations, send_raw};
use crate::support::{Answer, App, Client};

/// Returns the requests to Auth0 except those for Usher's own token; none in memory.
fn auth0_requests(app: &App) -> Vec<(String, String)> {
    let requests = app.auth0().map(auth0_sim::Control::requests).unwrap_or_default();
    let other_requests =
        requests.into_iter().filter(|one| !one.route.starts_with("POST /oauth/token"));
    other_requests.map(|one| (one.route, one.target)).collect()
}

/// Sends a call that must be refused with 400, 403 or 404.
fn send_refused(app: &App, client: &Client<'_>, call: (&Method, &str, Option<&Value>)) -> Answer {
    let (method, path, body) = call;
    let answer = send_raw(app, client, method, path, body);
    let status = answer.status.as_u16();
    assert!([400, 403, 404].contains(&status), "{method} {path}: {answer:?}");
    assert!(!answer.text.contains("@acme.example"), "{method} {path}: {answer:?}");
    answer
}

/// `acme`, and texts that lenient decoding could take for it.
const SPELLINGS: [&str; 46] = [
    "acme",
    "%61cme",
    "%61%63%6d%65",
    "%61%63%6D%65",
    "ac%6de",
    "ACME",
    "Acme",
    "%41CME",
    "acme.",
    "acme%2e",
    ".acme",
    "acme%00",
    "acme%00globex",
    "globex%00acme",
    "acme%0a",
    "acme%0d%0aHost:%20acme",
    "acme%20",
    "%20acme",
    "+acme",
    "acme%09",
    "acme;tenant=globex",
    "globex;tenant=acme",
    "acme;",
    "acme%3b",
    "acme%2f",
    "%2facme",
    "globex%2f..%2facme",
    "..%2facme",
    "%2e%2e%2facme",
    "%252e%252e%252facme",
    "%2561cme",
    "%252561cme",
    "acme%5c",
    "acme%23",
    "acme%3fx",
    "globex,acme",
    "globex%2cacme",
    "globex&acme",
    // Overlong UTF-8 of two and three bytes for an `a`.
    "%c1%a1cme",
    "%e0%81%a1cme",
    "%ff",
    "%u0061cme",
    // A fullwidth `a`, a Cyrillic one, and a zero-width space.
    "%ef%bd%81cme",
    "%d0%b0cme",
    "acme%e2%80%8b",
    "{tenantId}",
];

#[tokio::test]
async fn respelled_tenant_cannot_bypass_the_token() {
    let app = App::start().await;
    let email = json!({"email": "mia@acme.example", "role": "viewer"});
    let role = json!({"role": "owner", "name": "Stolen"});
    for client in [app.tenant("globex"), app.tenants(&["globex"])] {
        for tenant in SPELLINGS {
            for (method, path, body) in [
                (Method::GET, "", None),
                (Method::POST, "", Some(&email)),
                (Method::GET, "/auth0%7Cmia", None),
                (Method::PUT, "/auth0%7Cmia", Some(&role)),
                (Method::DELETE, "/auth0%7Cmia", None),
            ] {
                let path = format!("/api/{tenant}/admin/users{path}");
                let answer = send_refused(&app, &client, (&method, &path, body));
                assert_eq!(answer.outcome(), "403 tenant_forbidden", "{method} {path}");
            }
            for path in [
                format!("/api/v1/users?filter[tenant]={tenant}"),
                format!("/api/v1/users?filter%5Btenant%5D={tenant}"),
                format!("/api/globex/admin/users?filter[tenant]={tenant}"),
            ] {
                send_refused(&app, &client, (&Method::GET, &path, None));
            }
        }
    }
    assert_eq!(auth0_requests(&app), []);
}

#[tokio::test]
async fn crafted_path_cannot_reach_foreign_tenant() {
    let app = App::start().await;
    for path in [
        "/api/globex/../acme/admin/users",
        "/api/globex/..;/acme/admin/users",
        "/api/globex/%2e%2e/acme/admin/users",
        "/api/globex/.%2e/acme/admin/users",
        "/api/globex/%252e%252e/acme/admin/users",
        "/api/globex%2f..%2facme/admin/users",
        "/api/globex/admin/users/../../../acme/admin/users",
        "/api/globex/admin/users/..%2f..%2f..%2facme%2fadmin%2fusers",
        "/api/globex/admin/users/%2e%2e%2f%2e%2e%2f%2e%2e%2facme%2fadmin%2fusers",
        "/api/globex/admin/users%2f..%2f..%2f..%2facme/admin/users",
        "/api/globex/acme/admin/users",
        "//api/acme/admin/users",
        "/api//acme/admin/users",
        "/api/acme//admin/users",
        "/api/acme/admin//users",
        "/api/acme/./admin/users",
        "/api/acme/admin/users/",
        "/api/acme/admin/users/.",
        "/api/acme/admin/users;tenant=globex",
        "/api;x=1/acme/admin/users",
        "/api/acme%2fadmin/users",
        "/api%2facme/admin/users",
        "/api/acme%5cadmin%5cusers",
        "/API/acme/admin/users",
        "/api/acme/ADMIN/users",
        "/api/acme/admin/users%00",
        "/api/acme/admin/users%20",
        "/api/acme/admin/users%23",
        "/api/acme/admin/users%3f",
        "/api/globex/admin/users?tenantId=acme",
        "/api/globex/admin/users?filter[tenant]=acme",
        "/api/globex/admin/users?filter[tenant]=globex&filter[tenant]=acme",
        "/api/v1/users?filter[tenant]=globex&filter[tenant]=acme",
        "/api/v1/users?filter[tenant]=acme&filter[tenant]=globex",
        "/api/v1/users?filter[tenant]=globex&filter%5btenant%5d=acme",
        "/api/v1/users?filter[tenant]=globex&filter[Tenant]=acme",
        "/api/v1/users?filter[tenant]=globex;filter[tenant]=acme",
        "/api/v1/users?filter[tenant][]=acme",
        "/api/v1/users?filter[tenant]=globex,acme",
        "/api/v1/users?filter[tenant]=globex%20OR%20acme",
        "/api/v1/users?filter[tenant]=*",
        "/api/v1/users?filter[tenant]=",
        "/api/v1/users?filter[tenant]",
        "/api/v1/users",
        "/api/v1//users?filter[tenant]=acme",
        "/api/v1/../acme/admin/users",
        "/api/v1/users/../users?filter[tenant]=acme",
    ] {
        send_refused(&app, &app.tenant("globex"), (&Method::GET, path, None));
    }
    let absolute = format!("http://{}/api/acme/admin/users", app.address);
    send_refused(&app, &app.tenant("globex"), (&Method::GET, &absolute, None));
    assert_eq!(auth0_requests(&app), []);
}

#[tokio::test]
async fn create_body_cannot_name_two_tenants() {
    let app = App::start().await;
    let rest = r#""email":"new@acme.example","serviceUser":false,"username":"new","firstName":"N","lastName":"N""#;
    for tenant in [
        r#""tenantName":"globex","tenantName":"acme""#,
        r#""tenantName":"acme","tenantName":"globex""#,
        r#""tenantName":"globex","tenant\u004eame":"acme""#,
        r#""tenantName":["globex","acme"]"#,
        r#""tenantName":{"globex":"acme"}"#,
        r#""tenantName":null"#,
        r#""tenantName":"acme""#,
        r#""tenantName":"\u0061cme""#,
        r#""tenantName":"ACME""#,
        r#""tenantName":"acme.""#,
        r#""tenantName":" acme""#,
        r#""tenantName":"acme\u0000""#,
        r#""tenantName":"globex,acme""#,
        r#""tenantName":"globex/../acme""#,
        r#""TenantName":"globex""#,
    ] {
        let body = format!("{{{tenant},{rest}}}").into_bytes();
        let globex = app.tenant("globex");
        let answer =
            globex.send(Method::POST, "/api/v1/users", Some(("application/json", body))).await;
        assert!([400, 403, 422].contains(&answer.status.as_u16()), "{tenant}: {answer:?}");
    }
    assert_eq!(auth0_requests(&app), []);
}

#[tokio::test]
async fn respelled_user_id_cannot_reach_foreign_user() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    for id in [
        "auth0%7Cmia",
        "auth0|mia",
        "%61uth0%7cmia",
        "auth0%7Cmia;x=1",
        "auth0%7Cgina;",
        "auth0%7Cmia.",
        "auth0%257Cmia",
        "auth0%25257Cmia",
        "auth0%7Ca%2f..%2fauth0%7Cmia",
        "auth0%7Ca/../auth0%7Cmia",
        "auth0%7Cgina%2f..%2fauth0%7Cmia",
        "..%2fusers-by-email%3femail=mia@acme.example",
        "auth0%7Cgina%2froles",
        "auth0%7Cmia%3ffields=email",
        "auth0%7Cmia%23",
        "auth0%7Cmia%00",
        "auth0%7Cmia%00auth0%7Cgina",
        "auth0%7Cgina%0d%0aX-Evil:%201",
        "auth0%7Cgina%20OR%20user_id:*",
        "auth0%7Cgina,auth0%7Cmia",
        "auth0%7Cmia&auth0%7Cgina",
        "auth0%7C%c1%adia",
        "auth0%c1%bcmia",
        "%2e%2e",
        "%2e",
        "*",
        "auth0%7C*",
        "{userId}",
    ] {
        for (method, before, after, body) in operations() {
            let before = before.replace("/api/acme/", "/api/globex/");
            let path = format!("{before}{id}{after}");
            let answer = send_refused(&app, &globex, (&method, &path, body.as_ref()));
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    for (route, target) in auth0_requests(&app) {
        assert_eq!(route, "GET /api/v2/users/{id}", "{target}");
        let id = target.strip_prefix("/api/v2/users/").unwrap().split('?').next().unwrap();
        assert!(id != "auth0%7Cgina" && !id.contains(['/', '#', ';']), "{target}");
    }
}

#[tokio::test]
async fn header_cannot_switch_tenant() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    let path = "/api/globex/admin/users";
    let baseline = globex.get(path).await;
    assert_eq!(baseline.status, 200);
    for (name, value) in [
        ("x-original-url", "/api/acme/admin/users"),
        ("x-rewrite-url", "/api/acme/admin/users"),
        ("x-forwarded-uri", "/api/acme/admin/users"),
        ("x-forwarded-prefix", "/api/acme"),
        ("x-forwarded-host", "central-manager.acme.pcm.example.com"),
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "POST"),
        ("x-tenant", "acme"),
        ("x-tenant-id", "acme"),
        ("x-organization", "acme"),
        ("x-user-id", "auth0|olga"),
        ("cookie", "tenant=acme"),
    ] {
        assert_eq!(
            globex.clone().header(name, value).get(path).await.comparable_text(),
            baseline.comparable_text(),
            "{name}"
        );
        let other = globex.clone().header(name, value.replace("acme", "globex"));
        let answer = other.get("/api/acme/admin/users").await;
        assert_eq!(answer.outcome(), "403 tenant_forbidden", "{name}");
    }
}
