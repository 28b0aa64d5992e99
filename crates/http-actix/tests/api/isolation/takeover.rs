//! Attaching a foreign account gives no control over it.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, App, Client};

const MIA: &str = "auth0%7Cmia";

/// Returns everything that acme, its owner and operators see of mia.
async fn visible_state(app: &App) -> Vec<String> {
    let mut visible_state = Vec::new();
    for path in [
        format!("/api/acme/admin/users/{MIA}"),
        "/api/acme/admin/users".to_owned(),
        "/api/acme/admin/users?page[size]=2&page[number]=1&sort=-email".to_owned(),
        format!("/api/v1/users/{MIA}"),
        "/api/v1/users?filter[tenant]=acme".to_owned(),
        "/api/v1/users?filter[tenant]=acme&sort=lastName".to_owned(),
    ] {
        for client in [app.tenant("acme"), app.member("olga"), app.operator()] {
            let answer = client.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            let body = without_updated_at(&answer.text);
            visible_state.push(format!("{path}\n{:?}\n{body}", answer.header("link")));
        }
    }
    visible_state
}

/// Removes `updatedAt`, which Auth0 changes by itself.
fn without_updated_at(text: &str) -> String {
    let mut parts = text.split("\"updatedAt\":");
    let first = parts.next().unwrap();
    let rest = parts.map(|part| part.split_once(',').unwrap().1);
    [first].into_iter().chain(rest).collect()
}

/// Tries every change to mia that a caller of globex can send once she is attached there.
async fn attempt_all_changes(globex: &Client<'_>) -> Vec<(String, Answer)> {
    let tenant = format!("/api/globex/admin/users/{MIA}");
    let account = format!("/api/v1/users/{MIA}");
    let name = |email: &str| json!({"email": email, "firstName": "Stolen", "lastName": "Name"});
    let new_user = json!({
        "email": "mia@acme.example", "serviceUser": true, "tenantName": "globex", "username": "mia",
        "firstName": "Stolen", "lastName": "Name", "password": "a-stolen-password",
    });
    let stolen = "a-stolen-password";
    let mut answers = Vec::new();
    for (method, path, body) in [
        (Method::GET, tenant.clone(), None),
        (Method::PUT, tenant.clone(), Some(json!({"role": "owner", "name": "Stolen"}))),
        (Method::PUT, tenant.clone(), Some(json!({"role": null, "name": "Stolen Again"}))),
        (
            Method::PUT,
            tenant.clone(),
            Some(json!({
                "role": "admin", "email": "thief@globex.example", "blocked": true, "id": "auth0|x",
                "password": stolen, "homeTenant": "globex", "tenants": {"acme": "owner"},
            })),
        ),
        (
            Method::POST,
            "/api/globex/admin/users".to_owned(),
            Some(json!({"email": "MIA@acme.example", "role": "owner", "name": "Stolen"})),
        ),
        (Method::GET, account.clone(), None),
        (Method::GET, "/api/v1/users?filter[tenant]=globex".to_owned(), None),
        (Method::PUT, account.clone(), Some(name("thief@globex.example"))),
        (Method::PUT, account.clone(), Some(name("mia@acme.example"))),
        (Method::PUT, account.clone(), Some(name("gina@globex.example"))),
        (Method::POST, "/api/v1/users".to_owned(), Some(new_user)),
        (Method::PATCH, format!("{account}/change-password"), Some(json!({"newPassword": stolen}))),
        (
            Method::PATCH,
            format!("/api/v2/users/{MIA}/change-password"),
            Some(json!({"newPassword": stolen, "currentPassword": "a-guess"})),
        ),
        (
            Method::PATCH,
            format!("/api/v2/users/{MIA}/change-password"),
            Some(json!({"newPassword": stolen, "currentPassword": "mias-password"})),
        ),
        (Method::DELETE, account.clone(), None),
        (Method::PUT, format!("/api/acme/admin/users/{MIA}"), Some(json!({"role": "owner"}))),
        (Method::DELETE, format!("/api/acme/admin/users/{MIA}"), None),
        (Method::GET, format!("/api/acme/admin/users/{MIA}"), None),
        (Method::GET, "/api/v1/users?filter[tenant]=acme".to_owned(), None),
        // Last, since it detaches her from globex.
        (Method::DELETE, tenant, None),
        (Method::GET, account.clone(), None),
        (Method::DELETE, account, None),
    ] {
        let answer = globex.call(method.clone(), &path, body).await;
        answers.push((format!("{method} {path}"), answer));
    }
    answers
}

#[tokio::test]
async fn attaching_foreign_account_grants_no_control() {
    for kind in ["tenant token", "gina"] {
        let app = App::start().await;
        let caller = if kind == "gina" { app.member("gina") } else { app.tenant("globex") };
        let before = visible_state(&app).await;

        let attach = json!({"email": "mia@acme.example", "role": "admin", "name": "Our Mia"});
        let attached = caller.post("/api/globex/admin/users", attach).await;
        assert_eq!(attached.status, 201);
        assert_eq!(attached.json()["id"], "auth0|mia");
        assert_eq!(attached.json()["name"], "Our Mia");
        assert_eq!(visible_state(&app).await, before, "{kind}: attaching");

        let mut outcomes = Vec::new();
        for (call, answer) in attempt_all_changes(&caller).await {
            assert!(!answer.text.contains("acme\""), "{call}: {answer:?}");
            outcomes.push(format!("{call}: {}", answer.outcome()));
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(outcomes.join("\n"), @"
            GET /api/globex/admin/users/auth0%7Cmia: 200
            PUT /api/globex/admin/users/auth0%7Cmia: 200
            PUT /api/globex/admin/users/auth0%7Cmia: 200
            PUT /api/globex/admin/users/auth0%7Cmia: 200
            POST /api/globex/admin/users: 201
            GET /api/v1/users/auth0%7Cmia: 200
            GET /api/v1/users?filter[tenant]=globex: 200
            PUT /api/v1/users/auth0%7Cmia: 403 managed_by_another_tenant
            PUT /api/v1/users/auth0%7Cmia: 403 managed_by_another_tenant
            PUT /api/v1/users/auth0%7Cmia: 403 managed_by_another_tenant
            POST /api/v1/users: 409 email_taken
            PATCH /api/v1/users/auth0%7Cmia/change-password: 403 managed_by_another_tenant
            PATCH /api/v2/users/auth0%7Cmia/change-password: 403 managed_by_another_tenant
            PATCH /api/v2/users/auth0%7Cmia/change-password: 403 managed_by_another_tenant
            DELETE /api/v1/users/auth0%7Cmia: 403 managed_by_another_tenant
            PUT /api/acme/admin/users/auth0%7Cmia: 403 tenant_forbidden
            DELETE /api/acme/admin/users/auth0%7Cmia: 403 tenant_forbidden
            GET /api/acme/admin/users/auth0%7Cmia: 403 tenant_forbidden
            GET /api/v1/users?filter[tenant]=acme: 403 tenant_forbidden
            DELETE /api/globex/admin/users/auth0%7Cmia: 204
            GET /api/v1/users/auth0%7Cmia: 404 user_not_found
            DELETE /api/v1/users/auth0%7Cmia: 404 user_not_found
            ");
        }
        assert_eq!(visible_state(&app).await, before, "{kind}: attempting changes");

        // Her password is unchanged.
        let body = json!({"currentPassword": "mias-password", "newPassword": "another-of-mias"});
        let path = format!("/api/v2/users/{MIA}/change-password");
        assert_eq!(app.member("mia").patch(&path, body).await.outcome(), "200");
        assert_eq!(app.tenant("acme").get(&format!("/api/v1/users/{MIA}")).await.outcome(), "200");
    }
}

#[tokio::test]
async fn attaching_reveals_no_more_than_creating() {
    let app = App::start().await;
    let globex = app.tenant("globex");
    let attach_or_create = async |email: &str| {
        let body = json!({"email": email, "role": "member"});
        globex.post("/api/globex/admin/users", body).await
    };
    let attached = attach_or_create("olga@acme.example").await;
    let created = attach_or_create("new@globex.example").await;
    assert_eq!(attached.status, created.status);
    let members = |answer: &Answer| -> Vec<String> {
        answer.json().as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(members(&attached), members(&created));
    let headers = |answer: &Answer| -> Vec<String> {
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(headers(&attached), headers(&created));
}

#[tokio::test]
async fn password_guesses_on_foreign_account_reveal_nothing() {
    let app = App::start().await;
    let path = "/api/v2/users/auth0%7Cgus/change-password";
    let mut bodies = Vec::new();
    for current in ["wrong", "guss-password"].into_iter().cycle().take(30) {
        let body = json!({"currentPassword": current, "newPassword": "a-stolen-password"});
        let answer = app.tenant("acme").patch(path, body).await;
        assert_eq!(answer.outcome(), "403 managed_by_another_tenant");
        bodies.push(answer.without_request_id());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}
