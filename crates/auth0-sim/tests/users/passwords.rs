//! Password changes and their side effects.

use auth0_sim::{Connection, PasswordPolicy};
use serde_json::json;

use crate::support::{CONNECTION, START_TEXT, Tenant, error};

#[tokio::test]
async fn new_password_replaces_old_one() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({"email": "jane@acme.example", "password": "secret1"}));
    assert_eq!(tenant.control().user(&id).unwrap().get("last_password_reset"), None);
    let (status, changed) =
        tenant.patch(&id, json!({"password": "secret2", "connection": CONNECTION})).await;
    assert_eq!((status, &changed["last_password_reset"]), (200, &json!(START_TEXT)));
    assert_eq!((changed.get("password"), changed.get("blocked")), (None, None));
    assert_eq!(tenant.log_in("jane@acme.example", "secret1").await, 403);
    assert_eq!(tenant.log_in("JANE@acme.example", "secret2").await, 200);
}

#[tokio::test]
async fn new_password_lifts_administrator_block() {
    let tenant = Tenant::start().await;
    let id =
        tenant.seed(json!({"email": "j@acme.example", "password": "secret1", "blocked": true}));
    let (_, changed) = tenant.patch(&id, json!({"password": "secret2"})).await;
    assert_eq!(changed["blocked"], false);
    assert_eq!(tenant.log_in("j@acme.example", "secret2").await, 200);
}

#[tokio::test]
async fn new_password_lifts_brute_force_block() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.brute_force_threshold = 3);
    let id = tenant.seed(json!({"email": "j@acme.example", "password": "secret1"}));
    for _ in 0..3 {
        assert_eq!(tenant.log_in("j@acme.example", "wrong").await, 403);
    }
    assert_eq!(tenant.log_in("j@acme.example", "secret1").await, 429);
    tenant.patch(&id, json!({"blocked": false})).await;
    assert_eq!(
        tenant.log_in("j@acme.example", "secret1").await,
        429,
        "the administrator block is separate"
    );
    tenant.patch(&id, json!({"password": "secret2"})).await;
    assert_eq!(tenant.log_in("j@acme.example", "secret2").await, 200);
}

#[tokio::test]
async fn rejected_password_changes_nothing() {
    let tenant = Tenant::with(Connection {
        password_policy: PasswordPolicy::Fair,
        history: 2,
        ..Connection::default()
    })
    .await;
    let id =
        tenant.seed(json!({"email": "j@acme.example", "password": "Secret-1", "blocked": true}));
    let before = tenant.control().user(&id);
    for (password, message) in [
        ("weak", "PasswordStrengthError: Password is too weak"),
        ("Secret-1", "PasswordHistoryError: Password has previously been used"),
    ] {
        let rejection = tenant.patch(&id, json!({"password": password, "name": "x"})).await;
        assert_eq!(rejection, error(400, message, ""));
    }
    assert_eq!(tenant.control().user(&id), before);
    for password in ["Secret-2", "Secret-3", "Secret-1"] {
        assert_eq!(tenant.patch(&id, json!({ "password": password })).await.0, 200, "{password}");
    }
}
