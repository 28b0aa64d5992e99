//! The last holder of a protected role (R4), of accounts that several tenants rely on.

use serde_json::json;

use super::{NIA_ID, app_with_nia, attach_nia, set_password, vouch};
use crate::support::{App, AppOptions};

const OLGA: &str = "/api/acme/admin/users/auth0%7Colga";

#[tokio::test]
async fn pending_owner_does_not_replace_the_last_one() {
    let app = app_with_nia().await;
    let acme = app.tenant("acme");
    attach_nia(&acme, "owner").await;
    let refused = "409 last_protected_role_holder";
    assert_eq!(acme.delete(OLGA).await.outcome(), refused);
    assert_eq!(acme.put(OLGA, json!({"role": "member"})).await.outcome(), refused);
    vouch(&app, NIA_ID, true).await;
    assert_eq!(acme.delete(OLGA).await.outcome(), "204");
}

#[tokio::test]
async fn home_deletes_an_account_that_is_an_owner_elsewhere() {
    let options = AppOptions {
        users: super::NIA
            .replace("\"globex\":\"admin\"", "\"globex\":\"admin\",\"initech\":\"owner\""),
        ..AppOptions::default()
    };
    let app = App::start_with(options).await;
    let path = format!("/api/v1/users/{NIA_ID}");
    // She is the last owner of initech: nobody becomes undeletable by being attached there.
    let operator = app.operator();
    let answer = operator.delete(&path).await;
    assert_eq!(answer.outcome(), "409 last_protected_role_holder");
    assert!(answer.text.contains("initech"), "an operator is told which tenant: {}", answer.text);
    assert_eq!(app.tenant("globex").delete(&path).await.outcome(), "204");
}

#[tokio::test]
async fn force_lets_only_operators_delete_the_last_owner() {
    let app = App::start().await;
    let path = "/api/v1/users/auth0%7Cgina";
    let forced = format!("{path}?force=true");
    assert_eq!(app.operator().delete(path).await.outcome(), "409 last_protected_role_holder");
    let answer = app.operator().delete(&format!("{path}?force=false")).await;
    assert_eq!(answer.outcome(), "409 last_protected_role_holder");
    let answer = app.operator().delete(&format!("{path}?force=yes")).await;
    assert_eq!(answer.outcome(), "400 malformed_request");
    assert_eq!(app.tenant("globex").delete(&forced).await.outcome(), "403 insufficient_permission");
    assert_eq!(app.operator().delete(&forced).await.outcome(), "204");
}

#[tokio::test]
async fn refusal_at_home_names_no_other_tenant() {
    let options = AppOptions {
        users: super::NIA
            .replace("\"globex\":\"admin\"", "\"globex\":\"owner\",\"initech\":\"owner\""),
        ..AppOptions::default()
    };
    let app = App::start_with(options).await;
    let globex = app.tenant("globex");
    assert_eq!(globex.delete("/api/globex/admin/users/auth0%7Cgina").await.outcome(), "204");
    let answer = globex.delete(&format!("/api/v1/users/{NIA_ID}")).await;
    assert_eq!(answer.outcome(), "409 last_protected_role_holder");
    assert!(!answer.text.contains("initech"), "{}", answer.text);
}

#[tokio::test]
async fn home_can_make_the_last_owner_elsewhere_pending() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    let acme = app.tenant("acme");
    attach_nia(&acme, "owner").await;
    assert_eq!(acme.delete(OLGA).await.outcome(), "204");
    // The power of the home is not limited by what other tenants do.
    set_password(&app.tenant("globex"), "set-by-the-home").await;
    // Acme has no active owner now, and any caller of acme that may write can give the role again.
    let path = format!("/api/acme/admin/users/{NIA_ID}");
    assert_eq!(acme.delete(&path).await.outcome(), "204");
}
