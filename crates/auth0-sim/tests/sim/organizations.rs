//! Organizations, their members, and roles.

use serde_json::{Value, json};

use crate::support::Tenant;

/// Starts a tenant with organization `acme`. Returns the tenant and the organization's id.
async fn tenant_with_organization() -> (Tenant, String) {
    let tenant = Tenant::start().await;
    let body = json!({"name": "acme", "display_name": "Acme", "metadata": {"plan": "gold"}});
    let reply = tenant.post("/api/v2/organizations", body).await;
    assert_eq!(reply.status, 201);
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("org_"));
    (tenant, id)
}

fn add_users(tenant: &Tenant, count: usize) -> Vec<String> {
    (0..count).map(|n| tenant.add_user(&format!("person-{n:02}@acme.example"), "pw")).collect()
}

async fn role(tenant: &Tenant, name: &str) -> String {
    let reply = tenant.post("/api/v2/roles", json!({"name": name})).await;
    assert_eq!(reply.status, 200, "not 201");
    reply.json()["id"].as_str().unwrap().to_owned()
}

async fn add(tenant: &Tenant, organization: &str, users: &[String]) -> u16 {
    let path = format!("/api/v2/organizations/{organization}/members");
    tenant.post(&path, json!({"members": users})).await.status
}

fn ids(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| item["user_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn organization_is_found_by_id_and_name() {
    let (tenant, id) = tenant_with_organization().await;
    let expected = json!({
        "id": id, "name": "acme", "display_name": "Acme", "metadata": {"plan": "gold"},
    });
    for path in [format!("/api/v2/organizations/{id}"), "/api/v2/organizations/name/acme".into()] {
        assert_eq!(tenant.get(&path).await.json(), expected);
    }
    assert_eq!(tenant.get("/api/v2/organizations").await.json(), json!([expected]));
    let with_total = tenant.get("/api/v2/organizations?include_totals=true").await.json();
    let listed = json!({"start": 0, "limit": 50, "total": 1, "organizations": [expected]});
    assert_eq!(with_total, listed, "no `length`");
}

#[tokio::test]
async fn unknown_organization_is_404_without_error_code() {
    let tenant = Tenant::start().await;
    for path in ["", "/members", "/members/auth0%7Ca/roles"] {
        let reply = tenant.get(&format!("/api/v2/organizations/org_none{path}")).await;
        assert_eq!(reply.status, 404);
        assert_eq!(
            reply.json(),
            json!({
                "statusCode": 404,
                "error": "Not Found",
                "message": "No organization found by that id or name",
            })
        );
    }
}

#[tokio::test]
async fn organization_can_be_changed_and_deleted() {
    let (tenant, id) = tenant_with_organization().await;
    let path = format!("/api/v2/organizations/{id}");
    let reply = tenant.patch(&path, json!({"display_name": "Acme Inc."})).await;
    assert_eq!(reply.json()["display_name"], "Acme Inc.");
    assert_eq!(tenant.patch(&path, json!({"members": []})).await.status, 400);
    let taken = tenant.post("/api/v2/organizations", json!({"name": "acme"})).await;
    assert_eq!(taken.status, 409);
    let invalid = tenant.post("/api/v2/organizations", json!({"name": "Acme!"})).await;
    assert_eq!(invalid.code(), (400, "invalid_body".to_owned()));
    assert_eq!(tenant.delete(&path, None).await.status, 204);
    assert_eq!(tenant.get(&path).await.status, 404);
}

#[tokio::test]
async fn member_roles_are_returned_only_on_request() {
    let (tenant, id) = tenant_with_organization().await;
    let users = add_users(&tenant, 1);
    assert_eq!(add(&tenant, &id, &users).await, 204);
    let path = format!("/api/v2/organizations/{id}/members");
    let member = tenant.get(&path).await.json()[0].clone();
    let mut fields: Vec<&String> = member.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["email", "name", "picture", "user_id"]);
    let requested = tenant.get(&format!("{path}?fields=user_id,roles")).await.json();
    assert_eq!(requested, json!([{"user_id": users[0], "roles": []}]));
    let unknown = tenant.get(&format!("{path}?fields=username")).await;
    assert_eq!(unknown.code(), (400, "invalid_query_string".to_owned()));
}

#[tokio::test]
async fn members_are_added_ten_at_once_and_removed_by_body() {
    let (tenant, id) = tenant_with_organization().await;
    let users = add_users(&tenant, 11);
    assert_eq!(add(&tenant, &id, &users).await, 400);
    assert_eq!(add(&tenant, &id, &users[..10]).await, 204);
    assert_eq!(add(&tenant, &id, &users[..1]).await, 204, "adding again succeeds");
    assert_eq!(add(&tenant, &id, &["auth0|nobody".to_owned()]).await, 400);
    let path = format!("/api/v2/organizations/{id}/members");
    assert_eq!(ids(&tenant.get(&path).await.json()).len(), 10);
    let reply = tenant.delete(&path, Some(json!({"members": &users[2..]}))).await;
    assert_eq!(reply.status, 204);
    let mut remaining = ids(&tenant.get(&path).await.json());
    remaining.sort();
    let mut expected = users[..2].to_vec();
    expected.sort();
    assert_eq!(remaining, expected);
}

#[tokio::test]
async fn member_list_lags_after_add_and_remove() {
    let (tenant, id) = tenant_with_organization().await;
    tenant.control().update_switches(|switches| switches.member_lag_millis = 1_000);
    let users = add_users(&tenant, 1);
    let path = format!("/api/v2/organizations/{id}/members");
    let count = async || ids(&tenant.get(&path).await.json()).len();
    add(&tenant, &id, &users).await;
    assert_eq!(count().await, 0);
    tenant.clock.advance(1_000);
    assert_eq!(count().await, 1);
    tenant.delete(&path, Some(json!({"members": users}))).await;
    assert_eq!(count().await, 1);
    tenant.clock.advance(1_000);
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn checkpoint_list_end_follows_switch() {
    let (tenant, id) = tenant_with_organization().await;
    let users = add_users(&tenant, 5);
    for user in &users {
        tenant.clock.advance(10);
        add(&tenant, &id, std::slice::from_ref(user)).await;
    }
    for (quirk, expected) in [(false, vec![2, 2, 1]), (true, vec![2, 2, 1, 0])] {
        tenant.control().update_switches(|switches| switches.members_next_quirk = quirk);
        let (mut members, mut sizes, mut from) = (Vec::new(), Vec::new(), String::new());
        loop {
            let path = format!("/api/v2/organizations/{id}/members?take=2{from}");
            let page = tenant.get(&path).await.json();
            assert!(page.get("total").is_none());
            sizes.push(ids(&page["members"]).len());
            members.extend(ids(&page["members"]));
            let Some(next) = page["next"].as_str() else { break };
            from = format!("&from={}", next.replace('+', "%2B").replace('=', "%3D"));
        }
        assert_eq!(sizes, expected);
        assert_eq!(members, users, "in order of addition");
    }
}

#[tokio::test]
async fn checkpoint_is_valid_for_one_day() {
    let (tenant, id) = tenant_with_organization().await;
    add(&tenant, &id, &add_users(&tenant, 2)).await;
    tenant.control().update_switches(|switches| switches.token_lifetime_seconds = 1_000_000);
    let path = format!("/api/v2/organizations/{id}/members?take=1");
    let page = tenant.get(&path).await.json();
    let next = page["next"].as_str().unwrap().replace('=', "%3D");
    let next = format!("{path}&from={next}");
    tenant.clock.advance(86_399_000);
    assert_eq!(tenant.get(&next).await.status, 200);
    assert_eq!(tenant.get(&format!("{path}&from=bm9uZQ")).await.status, 400);
}

#[tokio::test]
async fn offset_past_thousandth_member_is_rejected() {
    let (tenant, id) = tenant_with_organization().await;
    let path = format!("/api/v2/organizations/{id}/members");
    assert_eq!(tenant.get(&format!("{path}?page=9&per_page=100")).await.status, 200);
    let reply = tenant.get(&format!("{path}?page=10&per_page=100")).await;
    assert_eq!(reply.code(), (400, "invalid_paging".to_owned()));
    assert_eq!(tenant.get(&format!("{path}?per_page=101")).await.status, 400);
}

#[tokio::test]
async fn role_can_be_assigned_before_membership() {
    let (tenant, id) = tenant_with_organization().await;
    let users = add_users(&tenant, 1);
    let editor = role(&tenant, "editor").await;
    let user = users[0].replace('|', "%7C");
    let path = format!("/api/v2/organizations/{id}/members/{user}/roles");
    assert_eq!(tenant.post(&path, json!({"roles": [editor]})).await.status, 204);
    add(&tenant, &id, &users).await;
    let members =
        tenant.get(&format!("/api/v2/organizations/{id}/members?fields=user_id,roles")).await;
    assert_eq!(members.json()[0]["roles"], json!([{"id": editor, "name": "editor"}]));
    assert_eq!(tenant.get(&path).await.json()[0]["id"], editor.as_str());
    assert_eq!(tenant.delete(&path, Some(json!({"roles": [editor]}))).await.status, 204);
    assert_eq!(tenant.get(&path).await.json(), json!([]));
}

#[tokio::test]
async fn fifty_first_role_is_conflict() {
    let (tenant, id) = tenant_with_organization().await;
    let mut roles = Vec::new();
    for n in 0..51 {
        roles.push(role(&tenant, &format!("role {n}")).await);
    }
    let path = format!("/api/v2/organizations/{id}/members/auth0%7Ca/roles");
    assert_eq!(tenant.post(&path, json!({"roles": &roles[..50]})).await.status, 204);
    assert_eq!(tenant.post(&path, json!({"roles": &roles[50..]})).await.status, 409);
    let assigned = tenant.get(&format!("{path}?per_page=100")).await.json();
    assert_eq!(assigned.as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn role_endpoints_have_observed_statuses() {
    let tenant = Tenant::start().await;
    let created = tenant.post("/api/v2/roles", json!({"name": "editor"})).await;
    assert_eq!((created.status, &created.json()["description"]), (200, &Value::Null));
    let path = format!("/api/v2/roles/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(tenant.get(&path).await.json()["description"], "");
    let found = tenant.get("/api/v2/roles?name_filter=EDIT").await.json();
    assert_eq!(found.as_array().unwrap().len(), 1);

    let users = add_users(&tenant, 1);
    let reply = tenant.post(&format!("{path}/users"), json!({"users": users})).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, "{}"));
    assert_eq!(ids(&tenant.get(&format!("{path}/users")).await.json()), users);
    let of_user = format!("/api/v2/users/{}/roles", users[0].replace('|', "%7C"));
    assert_eq!(tenant.get(&of_user).await.json()[0]["name"], "editor");

    let deleted = tenant.delete(&path, None).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (200, "{}"));
    assert_eq!(tenant.get(&of_user).await.json(), json!([]));
    let missing = tenant.get(&path).await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["message"], "The role does not exist.");
    assert!(missing.json().get("errorCode").is_none());
}

#[tokio::test]
async fn organizations_total_is_zero_if_switched() {
    let (tenant, id) = tenant_with_organization().await;
    let users = add_users(&tenant, 1);
    add(&tenant, &id, &users).await;
    let user = users[0].replace('|', "%7C");
    let path = format!("/api/v2/users/{user}/organizations?include_totals=true");
    let total = async || {
        let body = tenant.get(&path).await.json();
        assert_eq!(body["organizations"][0]["id"], id.as_str());
        body["total"].clone()
    };
    assert_eq!(total().await, 1);
    tenant.control().update_switches(|switches| switches.wrong_organizations_total = true);
    assert_eq!(total().await, 0);
}

#[tokio::test]
async fn users_can_be_searched_by_organization() {
    let (tenant, id) = tenant_with_organization().await;
    let users = add_users(&tenant, 3);
    add(&tenant, &id, &users[..2]).await;
    let path = format!("/api/v2/users?search_engine=v3&q=organization_id:%22{id}%22");
    let mut found = ids(&tenant.get(&path).await.json());
    found.sort();
    let mut expected = users[..2].to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn recreated_user_inherits_no_assignments() {
    let (tenant, id) = tenant_with_organization().await;
    let editor = role(&tenant, "editor").await;
    let jane = json!({"user_id": "auth0|jane", "email": "jane@acme.example"});
    for by_control in [false, true] {
        tenant.control().seed(jane.clone()).unwrap();
        assert_eq!(add(&tenant, &id, &["auth0|jane".to_owned()]).await, 204);
        let roles = "/api/v2/users/auth0%7Cjane/roles";
        assert_eq!(tenant.post(roles, json!({"roles": [editor]})).await.status, 204);
        if by_control {
            assert!(tenant.control().remove_user("auth0|jane"));
        } else {
            assert_eq!(tenant.delete("/api/v2/users/auth0%7Cjane", None).await.status, 204);
        }
        tenant.control().seed(jane.clone()).unwrap();
        assert_eq!(tenant.get(roles).await.json(), json!([]));
        let organizations = tenant.get("/api/v2/users/auth0%7Cjane/organizations").await;
        assert_eq!(organizations.json(), json!([]));
        tenant.control().remove_user("auth0|jane");
    }
}
