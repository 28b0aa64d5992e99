//! What a tenant sees of a pending user.

use ports::Clock as _;
use serde_json::{Value, json};

use super::{NIA_ID, app_with_nia, attach_nia, vouch};
use crate::support::{App, AppOptions};

#[tokio::test]
async fn pending_user_shows_only_what_the_tenant_entered() {
    let app = app_with_nia().await;
    let acme = app.tenant("acme");
    attach_nia(&acme, "viewer").await;
    let since = app.clock.now().to_string();
    let user = acme.get(&format!("/api/acme/admin/users/{NIA_ID}")).await.json();
    assert_eq!(
        user,
        json!({
            "id": "auth0|nia", "email": "nia@globex.example", "name": null, "blocked": false,
            "lastLogin": null, "tenantRole": "viewer", "managedHere": false, "status": "pending",
        })
    );
    let user = acme.get(&format!("/api/v1/users/{NIA_ID}")).await.json();
    assert_eq!(
        user,
        json!({
            "id": "auth0|nia", "email": "nia@globex.example", "serviceUser": false,
            "tenantName": "acme", "createdAt": since, "updatedAt": null,
            "username": "nia@globex.example", "firstName": "", "lastName": "", "lastLogin": null,
            "managedHere": false, "status": "pending",
        })
    );
}

#[tokio::test]
async fn list_shows_pending_users_like_single_reads() {
    let app = app_with_nia().await;
    let acme = app.tenant("acme");
    attach_nia(&acme, "viewer").await;
    let is_nia = |user: &&Value| user["id"] == "auth0|nia";
    for (list, pointer, single) in [
        ("/api/acme/admin/users", "", format!("/api/acme/admin/users/{NIA_ID}")),
        ("/api/v1/users?filter[tenant]=acme", "/data", format!("/api/v1/users/{NIA_ID}")),
    ] {
        let body = acme.get(list).await.json();
        let users = body.pointer(pointer).unwrap().as_array().unwrap();
        let listed = users.iter().find(is_nia).unwrap();
        assert_eq!(*listed, acme.get(&single).await.json(), "{list}");
    }
}

#[tokio::test]
async fn order_of_a_list_tells_nothing_about_pending_users() {
    let order = async |last_name: &str, created: &str| {
        let users = super::NIA.replace("Nomad", last_name).replace("2026-01-10", created);
        let app = App::start_with(AppOptions { users, ..AppOptions::default() }).await;
        let acme = app.tenant("acme");
        attach_nia(&acme, "viewer").await;
        let mut orders = Vec::new();
        for sort in ["lastName", "-lastName", "firstName", "createdAt", "-createdAt", "username"] {
            for page in ["", "&page[size]=2&page[number]=1"] {
                let path = format!("/api/v1/users?filter[tenant]=acme&sort={sort}{page}");
                let body = acme.get(&path).await.json();
                let ids = body["data"].as_array().unwrap().iter().map(|user| user["id"].clone());
                orders.push((path, ids.collect::<Vec<_>>()));
            }
        }
        orders
    };
    assert_eq!(order("Aaa", "2020-01-01").await, order("Zzz", "2026-01-31").await);
}

#[tokio::test]
async fn home_and_operators_see_the_whole_account() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    for client in [app.tenant("globex"), app.operator(), app.tenants(&["acme", "globex"])] {
        let user = client.get(&format!("/api/v1/users/{NIA_ID}")).await.json();
        assert_eq!(
            (&user["tenantName"], &user["lastName"], &user["managedHere"], &user["status"]),
            (&json!("globex"), &json!("Nomad"), &json!(true), &json!("active"))
        );
    }
}

#[tokio::test]
async fn foreign_profile_can_be_hidden() {
    let settings = "[accounts]\nforeign_profile = \"hidden\"\n";
    let options = AppOptions { users: super::NIA.to_owned(), settings, ..AppOptions::default() };
    let app = App::start_with(options).await;
    vouch(&app, NIA_ID, true).await;
    let acme = app.tenant("acme");
    attach_nia(&acme, "viewer").await;
    let user = acme.get(&format!("/api/v1/users/{NIA_ID}")).await.json();
    assert_eq!((&user["status"], &user["lastName"]), (&json!("active"), &json!("")));
    // At home nothing is hidden.
    let user = app.tenant("globex").get(&format!("/api/v1/users/{NIA_ID}")).await.json();
    assert_eq!(user["lastName"], "Nomad");
}

#[tokio::test]
async fn closed_system_gives_every_membership_force() {
    let settings = "[accounts]\nattach = \"any\"\n";
    let options = AppOptions { users: super::NIA.to_owned(), settings, ..AppOptions::default() };
    let app = App::start_with(options).await;
    let answer = attach_nia(&app.tenant("acme"), "viewer").await;
    assert_eq!(answer.json()["status"], "active");
    assert_eq!(app.member("nia").get("/api/acme/admin/users").await.outcome(), "200");
}

#[tokio::test]
async fn responses_to_changes_show_pending_users_like_reads() {
    let app = app_with_nia().await;
    let acme = app.tenant("acme");
    let path = format!("/api/acme/admin/users/{NIA_ID}");
    let attached = attach_nia(&acme, "viewer").await.json();
    assert_eq!(attached, acme.get(&path).await.json());
    let changed = acme.put(&path, json!({"role": "member", "name": "Our Nia"})).await.json();
    assert_eq!(changed, acme.get(&path).await.json());
    assert_eq!((&changed["name"], &changed["lastLogin"]), (&json!("Our Nia"), &Value::Null));
    // What the home and she herself change afterwards stays hidden.
    let shown = acme.get(&format!("/api/v1/users/{NIA_ID}")).await.json();
    let body = json!({"email": "new@globex.example", "firstName": "New", "lastName": "Name"});
    let updated = app.tenant("globex").put(&format!("/api/v1/users/{NIA_ID}"), body).await;
    assert_eq!(updated.outcome(), "200");
    assert_eq!(acme.get(&format!("/api/v1/users/{NIA_ID}")).await.json(), shown);
    // A caller of both tenants sees the whole account, one of two foreign tenants sees neither more.
    let attached = json!({"email": "new@globex.example", "role": "viewer"});
    assert_eq!(app.tenant("initech").post("/api/initech/admin/users", attached).await.status, 201);
    let both = app.tenants(&["acme", "initech"]);
    assert_eq!(both.get(&format!("/api/v1/users/{NIA_ID}")).await.json(), shown);
}
