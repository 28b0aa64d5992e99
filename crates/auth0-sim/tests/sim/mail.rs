//! Password reset mails.

use reqwest::Method;
use serde_json::json;

use crate::support::{REALM, Reply, Tenant, send};

async fn request_reset_mail(tenant: &Tenant, email: &str) -> Reply {
    let body = json!({"client_id": "usher", "email": email, "connection": REALM});
    send(tenant.request(Method::POST, "/dbconnections/change_password").json(&body)).await.unwrap()
}

#[tokio::test]
async fn password_reset_response_hides_whether_user_exists() {
    let tenant = Tenant::start().await;
    let id = tenant.add_user("jane@acme.example", "correct horse");
    let known = request_reset_mail(&tenant, "Jane@acme.example").await;
    let unknown = request_reset_mail(&tenant, "nobody@acme.example").await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(known.status, 200);
    assert!(known.header("content-type").unwrap().starts_with("text/html"));
    let mails = tenant.control().mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].kind.as_str(), mails[0].to.as_str()),
        ("reset_email", "jane@acme.example")
    );
    assert_eq!(mails[0].user_id, id);
    assert!(!format!("{mails:?}").contains("acme.example"));
    assert_eq!(tenant.get("/__sim/mails").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn password_reset_mails_per_address_are_limited() {
    let tenant = Tenant::start().await;
    for _ in 0..10 {
        assert_eq!(request_reset_mail(&tenant, "jane@acme.example").await.status, 200);
    }
    let refused = request_reset_mail(&tenant, "jane@acme.example").await;
    assert_eq!(refused.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(request_reset_mail(&tenant, "joe@acme.example").await.status, 200);
    tenant.clock.advance(60_000);
    assert_eq!(request_reset_mail(&tenant, "jane@acme.example").await.status, 200);
    assert_eq!(request_reset_mail(&tenant, "jane@acme.example").await.status, 429);
}
