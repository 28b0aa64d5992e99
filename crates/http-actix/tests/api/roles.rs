//! The role catalogue of contract A: what each role may do, and which roles the caller may give.

use serde_json::{Value, json};

use crate::support::{ALL_PERMISSIONS, App, AppOptions, Client};

const ACME: &str = "/api/acme/admin/roles";
const READ: &str = "tenant.access:read";
const WRITE: &str = "tenant.access:write";

/// Returns the names of the roles that the caller may give in acme.
async fn grantable(client: Client<'_>) -> Vec<String> {
    let answer = client.get(ACME).await;
    assert_eq!(answer.outcome(), "200");
    let roles = answer.json();
    let roles = roles.as_array().unwrap().iter().filter(|role| role["grantable"] == true);
    roles.map(|role| role["name"].as_str().unwrap().to_owned()).collect()
}

/// Returns the names of the roles that the caller can in fact give to a new user of acme.
async fn granted(app: &App, client: &Client<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for role in ["owner", "admin", "viewer", "member"] {
        let user = json!({"email": format!("new-{role}@acme.example"), "role": role});
        let answer = client.post("/api/acme/admin/users", user).await;
        if answer.status == 201 {
            names.push(role.to_owned());
            let id = answer.json()["id"].as_str().unwrap().replace('|', "%7C");
            app.operator().delete(&format!("/api/v1/users/{id}")).await;
        } else {
            assert_eq!(answer.outcome(), "403 insufficient_permission");
        }
    }
    names
}

#[tokio::test]
async fn catalogue_lists_roles_most_powerful_first() {
    let app = App::start().await;

    let answer = app.tenant("acme").get(ACME).await;

    let role = |name: &str, may: &[&str], protected: bool, default: bool| json!({"name": name, "may": may, "protected": protected, "default": default, "grantable": true});
    assert_eq!(answer.outcome(), "200");
    assert_eq!(
        answer.json(),
        Value::Array(vec![
            role("owner", &["read", "write"], true, false),
            role("admin", &["read", "write"], false, false),
            role("viewer", &["read"], false, false),
            role("member", &[], false, true),
        ])
    );
}

#[tokio::test]
async fn catalogue_shows_configured_roles() {
    let settings = r#"
        [[roles]]
        name = "chief"
        may = ["write", "read"]
        protected = true
        default = true
        [[roles]]
        name = "clerk"
        may = ["write"]
        [[roles]]
        name = "auditor"
        protected = true
    "#;
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;

    let roles = app.operator().get(ACME).await.json();

    let role = |name: &str, may: &[&str], protected: bool, default: bool| json!({"name": name, "may": may, "protected": protected, "default": default, "grantable": true});
    assert_eq!(
        roles,
        Value::Array(vec![
            role("chief", &["read", "write"], true, true),
            role("clerk", &["write"], false, false),
            role("auditor", &[], true, false),
        ])
    );
}

#[tokio::test]
async fn least_powerful_role_is_default_without_a_marked_one() {
    let settings = "[[roles]]\nname = \"chief\"\n[[roles]]\nname = \"clerk\"\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;

    let roles = app.operator().get(ACME).await.json();

    assert_eq!((&roles[0]["default"], &roles[1]["default"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn grantable_roles_are_those_that_can_be_granted() {
    let app = App::start().await;
    let all = ["owner", "admin", "viewer", "member"];
    for (name, make, expected) in [
        ("operator", (|app| app.operator()) as fn(&App) -> Client<'_>, &all[..]),
        ("token of the tenant", |app| app.tenant("acme"), &all),
        ("token that lists tenants", |app| app.tenants(&["acme", "globex"]), &all),
        ("owner", |app| app.member("olga"), &all),
        ("admin", |app| app.member("adam"), &all[1..]),
        ("viewer", |app| app.member("vera"), &[]),
        ("owner without write", |app| app.member_with("olga", &[READ]), &[]),
        ("operator without write", |app| app.operator_with(&[READ]), &[]),
        ("tenant without write", |app| app.tenant_with("acme", &[READ]), &[]),
        ("contract B only", |app| app.operator_with(&[READ, "MODIFY_USERS_AND_GROUPS"]), &[]),
    ] {
        assert_eq!(grantable(make(&app)).await, expected, "{name}");
        assert_eq!(granted(&app, &make(&app)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn grantable_follows_the_role_in_the_tenant_of_the_path() {
    let app = App::start().await;
    let adam = app.member("adam");

    let in_globex = adam.get("/api/globex/admin/roles").await;

    assert_eq!(in_globex.outcome(), "200");
    let roles = in_globex.json();
    assert!(roles.as_array().unwrap().iter().all(|role| role["grantable"] == false), "{roles}");
}

#[tokio::test]
async fn lowered_role_makes_fewer_roles_grantable() {
    let app = App::start().await;
    assert_eq!(grantable(app.member("adam")).await, ["admin", "viewer", "member"]);

    let path = "/api/acme/admin/users/auth0%7Cadam";
    app.tenant("acme").put(path, json!({"role": "viewer"})).await;

    assert_eq!(grantable(app.member("adam")).await, [""; 0]);
}

#[tokio::test]
async fn catalogue_requires_read_access_to_the_tenant() {
    let app = App::start().await;
    let without_read: Vec<_> =
        ALL_PERMISSIONS.into_iter().filter(|permission| *permission != READ).collect();
    for (name, client, outcome) in [
        ("no token", app.anonymous(), "401 missing_token"),
        ("write only", app.tenant_with("acme", &[WRITE]), "403 insufficient_permission"),
        ("no read", app.operator_with(&without_read), "403 insufficient_permission"),
        ("another tenant", app.tenant("globex"), "403 tenant_forbidden"),
        ("another tenant's user", app.member("gina"), "403 tenant_forbidden"),
        ("blocked", app.member("bob"), "403 tenant_forbidden"),
        ("role without read", app.member("mia"), "403 insufficient_permission"),
    ] {
        let answer = client.get(ACME).await;
        assert_eq!(answer.outcome(), outcome, "{name}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
    }
    let malformed = app.operator().get("/api/ACME/admin/roles").await;
    assert_eq!(malformed.outcome(), "403 tenant_forbidden");
}

#[tokio::test]
async fn catalogue_has_no_parameters_and_no_other_methods() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let with_parameter = acme.get("/api/acme/admin/roles?sort=name").await;
    let posted = acme.post(ACME, json!({"name": "king"})).await;

    assert_eq!(with_parameter.outcome(), "400 unknown_parameter");
    assert_eq!(posted.outcome(), "405 method_not_allowed");
}
