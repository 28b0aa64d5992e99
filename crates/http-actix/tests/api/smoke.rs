//! Smoke test of the test support: the service starts and authenticates callers.

use crate::support::App;

#[tokio::test]
async fn every_actor_kind_is_authenticated() {
    let app = App::start().await;
    let users = "/api/v1/users?filter[tenant]=acme";
    for actor in [app.tenant("acme"), app.tenants(&["acme"]), app.member("olga"), app.operator()] {
        assert_eq!(actor.get(users).await.outcome(), "200");
    }
    assert_eq!(app.anonymous().get(users).await.outcome(), "401 missing_token");
    assert_eq!(app.tenant("globex").get(users).await.outcome(), "403 tenant_forbidden");
}
