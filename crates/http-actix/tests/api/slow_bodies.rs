//! Callers that lose their rights while their request is on its way.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::matrix;
use crate::support::{App, AppOptions, Client, Gate};

const ADAM: &str = "/api/acme/admin/users/auth0%7Cadam";

/// The changes that administrators can make: method, path template, body.
fn changes() -> Vec<(Method, &'static str, Option<Value>)> {
    let created = json!({
        "email": "later@acme.example", "username": "later", "firstName": "Late", "lastName": "Comer",
        "serviceUser": false, "tenantName": "acme", "password": "laters-password",
    });
    let renamed = json!({"email": "tara@acme.example", "firstName": "Other", "lastName": "Name"});
    let v1 = "/api/v1/users/{userId}/change-password";
    let v2 = "/api/v2/users/{userId}/change-password";
    let passwords = json!({"currentPassword": "taras-password", "newPassword": "new-password"});
    let attached = json!({"email": "later@acme.example", "role": "viewer"});
    vec![
        (Method::POST, "/api/{tenantId}/admin/users", Some(attached)),
        (Method::PUT, "/api/{tenantId}/admin/users/{userId}", Some(json!({"role": "viewer"}))),
        (Method::DELETE, "/api/{tenantId}/admin/users/{userId}", None),
        (Method::POST, "/api/{tenantId}/admin/users/{userId}/invitation", None),
        (Method::POST, "/api/v1/users", Some(created)),
        (Method::PUT, "/api/v1/users/{userId}", Some(renamed)),
        (Method::DELETE, "/api/v1/users/{userId}", None),
        (Method::PATCH, v1, Some(json!({"newPassword": "new-password"}))),
        (Method::PATCH, v2, Some(passwords)),
    ]
}

fn path_of(template: &str) -> String {
    template.replace("{tenantId}", "acme").replace("{userId}", "auth0%7Ctara")
}

/// Starts a service with a user of acme that the changes are about.
async fn start(gate: Option<Arc<Gate>>) -> App {
    let users = r#"{"id":"auth0|tara","email":"tara@acme.example","password":"taras-password","homeTenant":"acme","tenants":{"acme":"member"}}"#;
    App::start_with(AppOptions {
        // However slow the machine is, bodies are in time.
        http: "request_timeout_ms = 120000",
        users: users.to_owned(),
        gate,
        ..AppOptions::default()
    })
    .await
}

async fn detach_adam(app: &App) {
    assert_eq!(app.tenant("acme").delete(ADAM).await.outcome(), "204");
}

/// Sends the head of a request, runs `meanwhile`, sends the body, and returns the status.
async fn with_late_body(
    app: &App,
    client: &Client<'_>,
    (method, path): (&Method, &str),
    body: &Value,
    meanwhile: impl Future<Output = ()>,
) -> u16 {
    let body = body.to_string();
    let token = format!("Bearer {}", client.token().unwrap());
    let head = app.head(
        &format!("{method} {path}"),
        &[
            ("Authorization", &token),
            ("Content-Type", "application/json"),
            ("Content-Length", &body.len().to_string()),
            ("Expect", "100-continue"),
        ],
    );
    let mut stream = TcpStream::connect(app.address).unwrap();
    stream.write_all(&head).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    meanwhile.await;
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn every_change_of_administrators_is_tested() {
    let known: BTreeSet<_> =
        changes().iter().map(|(method, template, _)| format!("{method} {template}")).collect();
    let operations = matrix::operations().0.into_iter().filter(|operation| {
        operation.method != Method::GET
            && !operation.is_for_operators()
            && !operation.is_about_caller()
    });
    assert_eq!(operations.map(|operation| operation.name()).collect::<BTreeSet<_>>(), known);
}

#[tokio::test]
async fn caller_removed_before_the_body_arrives_is_refused() {
    for (method, template, body) in changes() {
        let Some(body) = body else { continue };
        let app = start(None).await;
        let (adam, path) = (app.member("adam"), path_of(template));
        // The caller's rights are known to the service, as after earlier requests.
        assert_eq!(adam.get("/api/acme/admin/users/auth0%7Cmia").await.outcome(), "200");

        let removed = detach_adam(&app);
        let status = with_late_body(&app, &adam, (&method, &path), &body, removed).await;

        assert!([403, 404].contains(&status), "{method} {template}: {status}");
    }
}

#[tokio::test]
async fn late_body_of_an_administrator_is_accepted() {
    for (method, template, body) in changes() {
        let Some(body) = body else { continue };
        let app = start(None).await;
        let (adam, path) = (app.member("adam"), path_of(template));

        let status = with_late_body(&app, &adam, (&method, &path), &body, async {}).await;

        assert!([200, 201].contains(&status), "{method} {template}: {status}");
    }
}

#[tokio::test]
async fn caller_removed_before_the_change_is_refused() {
    for (method, template, body) in changes() {
        let gate = Gate::holding(1);
        let app = start(Some(Arc::clone(&gate))).await;
        let (adam, path) = (app.member("adam"), path_of(template));

        let removed = async {
            gate.wait_for_calls(1).await;
            detach_adam(&app).await;
            gate.release(1);
        };
        let (response, ()) = join(adam.call(method.clone(), &path, body), removed).await;

        let status = response.status.as_u16();
        assert!([403, 404].contains(&status), "{method} {template}: {}", response.outcome());
    }
}
