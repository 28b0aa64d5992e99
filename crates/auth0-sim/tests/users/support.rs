//! A stand-in with a client, and assertions on responses.

use std::sync::Arc;

use auth0_sim::{Config, Connection, Control, ManualClock, Sim};
use serde_json::{Value, json};

/// 2026-03-01T09:30:00.123Z
pub(crate) const START: i64 = 1_772_357_400_123;
pub(crate) const START_TEXT: &str = "2026-03-01T09:30:00.123Z";
pub(crate) const CONNECTION: &str = "Username-Password-Authentication";

/// A stand-in with a manual clock, and a client with a Management token.
pub(crate) struct Tenant {
    pub(crate) sim: Sim,
    pub(crate) clock: Arc<ManualClock>,
    http: reqwest::Client,
    token: String,
}

/// Status and body; null if there is no body.
pub(crate) type Reply = (u16, Value);

impl Tenant {
    pub(crate) async fn start() -> Self {
        Self::with(Connection::default()).await
    }

    /// Starts a tenant with one connection.
    pub(crate) async fn with(connection: Connection) -> Self {
        Self::with_config(Config { connections: vec![connection], ..Config::default() }).await
    }

    pub(crate) async fn with_config(config: Config) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let config = Config { clock: Arc::clone(&clock) as _, ..config };
        let sim = Sim::start(config).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut tenant = Self { sim, clock, http, token: String::new() };
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": "usher",
            "client_secret": "usher-secret",
            "audience": format!("{}/api/v2/", tenant.sim.url()),
        });
        let (status, response) =
            tenant.call(reqwest::Method::POST, "/oauth/token", Some(body)).await;
        assert_eq!(status, 200, "{response}");
        response["access_token"].as_str().unwrap().clone_into(&mut tenant.token);
        tenant
    }

    pub(crate) fn control(&self) -> &Control {
        self.sim.control()
    }

    pub(crate) async fn call(
        &self,
        method: reqwest::Method,
        target: &str,
        body: Option<Value>,
    ) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}{target}", self.sim.url()))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = self.http.execute(request.build().unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        (status, body)
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.call(reqwest::Method::GET, target, None).await
    }

    pub(crate) async fn post(&self, body: Value) -> Reply {
        self.call(reqwest::Method::POST, "/api/v2/users", Some(body)).await
    }

    pub(crate) async fn patch(&self, id: &str, body: Value) -> Reply {
        self.call(reqwest::Method::PATCH, &path(id), Some(body)).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Reply {
        self.call(reqwest::Method::DELETE, target, None).await
    }

    /// Requests `GET /api/v2/users` with these parameters.
    pub(crate) async fn list(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&with_query("/api/v2/users", parameters)).await
    }

    /// Returns the sorted ids, without `auth0|`, that a query matches.
    pub(crate) async fn search(&self, q: &str) -> Vec<String> {
        let (status, users) = self.list(&[("q", q), ("sort", "user_id:1")]).await;
        assert_eq!(status, 200, "{users}");
        ids(&users)
    }

    pub(crate) fn seed(&self, user: Value) -> String {
        self.control().seed(user).unwrap()
    }

    /// Returns the status of a login.
    pub(crate) async fn log_in(&self, username: &str, password: &str) -> u16 {
        let body = json!({
            "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
            "realm": CONNECTION,
            "username": username,
            "password": password,
            "client_id": "usher",
            "client_secret": "usher-secret",
        });
        self.call(reqwest::Method::POST, "/oauth/token", Some(body)).await.0
    }
}

pub(crate) fn path(id: &str) -> String {
    format!("/api/v2/users/{}", id.replace('|', "%7C"))
}

pub(crate) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

pub(crate) fn ids(users: &Value) -> Vec<String> {
    let id = |user: &Value| user["user_id"].as_str().unwrap().replace("auth0|", "");
    users.as_array().unwrap().iter().map(id).collect()
}

/// Returns the expected error response of the Management API.
pub(crate) fn error(status: u16, message: &str, code: &str) -> Reply {
    let reason = reqwest::StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
    let mut body = json!({"statusCode": status, "error": reason, "message": message});
    if !code.is_empty() {
        body["errorCode"] = code.into();
    }
    (status, body)
}

#[track_caller]
pub(crate) fn assert_code(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.0, status, "{}", reply.1);
    assert_eq!(reply.1["errorCode"], code, "{}", reply.1);
}
