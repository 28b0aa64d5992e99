//! `/api/v2/user-blocks`.

use serde_json::json;

use crate::support::{CONNECTION, Tenant, assert_code};

#[tokio::test]
async fn blocks_are_listed_and_lifted_by_id_or_identifier() {
    for by_id in [true, false] {
        let tenant = Tenant::start().await;
        tenant.control().update_switches(|switches| switches.brute_force_threshold = 2);
        let id =
            tenant.seed(json!({"email": "j@acme.example", "username": "j", "password": "secret1"}));
        let target = if by_id {
            format!("/api/v2/user-blocks/{}", id.replace('|', "%7C"))
        } else {
            "/api/v2/user-blocks?identifier=j%40acme.example".to_owned()
        };
        assert_eq!(tenant.get(&target).await, (200, json!({"blocked_for": []})));
        for _ in 0..2 {
            tenant.log_in("j@acme.example", "wrong").await;
        }
        let blocks =
            json!([{"identifier": "j@acme.example", "ip": "127.0.0.1", "connection": CONNECTION}]);
        assert_eq!(tenant.get(&target).await, (200, json!({ "blocked_for": blocks })));
        assert_eq!(tenant.control().user(&id).unwrap().get("blocked"), None);
        assert_eq!(tenant.delete(&target).await.0, 204);
        assert_eq!(tenant.log_in("j@acme.example", "secret1").await, 200);
    }
    let tenant = Tenant::start().await;
    assert_code(&tenant.get("/api/v2/user-blocks/auth0%7Cx").await, 404, "inexistent_user");
    assert_code(&tenant.get("/api/v2/user-blocks").await, 400, "invalid_query_string");
}
