//! The people of a stand-in over HTTP: what is created, changed, deleted and found.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assertion is what a test is for"
)]

mod blocks;
mod create;
mod lag;
mod lists;
mod metadata;
mod passwords;
mod patch;
mod reads;
mod search;

use std::sync::Arc;

use auth0_sim::{Config, Connection, Control, ManualClock, Sim};
use serde_json::{Value, json};

/// 2026-03-01T09:30:00.123Z
const NOON: i64 = 1_772_357_400_123;
const NOON_TEXT: &str = "2026-03-01T09:30:00.123Z";
const MAIN: &str = "Username-Password-Authentication";

/// A stand-in whose clock stands still, and a client with a Management token.
struct Tenant {
    sim: Sim,
    clock: Arc<ManualClock>,
    http: reqwest::Client,
    token: String,
}

/// Status and body; null if there is no body.
type Reply = (u16, Value);

impl Tenant {
    async fn start() -> Self {
        Self::with(Connection::default()).await
    }

    /// With one connection.
    async fn with(connection: Connection) -> Self {
        Self::with_config(Config { connections: vec![connection], ..Config::default() }).await
    }

    async fn with_config(config: Config) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let config = Config { clock: Arc::clone(&clock) as _, ..config };
        let sim = Sim::start(config).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut tenant = Self { sim, clock, http, token: String::new() };
        let asked = json!({
            "grant_type": "client_credentials",
            "client_id": "usher",
            "client_secret": "usher-secret",
            "audience": format!("{}/api/v2/", tenant.sim.url()),
        });
        let (status, answer) =
            tenant.call(reqwest::Method::POST, "/oauth/token", Some(asked)).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().clone_into(&mut tenant.token);
        tenant
    }

    fn control(&self) -> &Control {
        self.sim.control()
    }

    async fn call(&self, method: reqwest::Method, target: &str, body: Option<Value>) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}{target}", self.sim.url()))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = self.http.execute(request.build().unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        (status, body)
    }

    async fn get(&self, target: &str) -> Reply {
        self.call(reqwest::Method::GET, target, None).await
    }

    async fn post(&self, body: Value) -> Reply {
        self.call(reqwest::Method::POST, "/api/v2/users", Some(body)).await
    }

    async fn patch(&self, id: &str, body: Value) -> Reply {
        self.call(reqwest::Method::PATCH, &path(id), Some(body)).await
    }

    async fn delete(&self, target: &str) -> Reply {
        self.call(reqwest::Method::DELETE, target, None).await
    }

    /// `GET /api/v2/users` with these parameters.
    async fn list(&self, parameters: &[(&str, &str)]) -> Reply {
        self.get(&with_query("/api/v2/users", parameters)).await
    }

    /// The ids, without `auth0|`, that a query finds, by id.
    async fn found(&self, q: &str) -> Vec<String> {
        let (status, users) = self.list(&[("q", q), ("sort", "user_id:1")]).await;
        assert_eq!(status, 200, "{users}");
        ids(&users)
    }

    fn seed(&self, user: Value) -> String {
        self.control().seed(user).unwrap()
    }

    /// The status of a login.
    async fn log_in(&self, username: &str, password: &str) -> u16 {
        let asked = json!({
            "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
            "realm": MAIN,
            "username": username,
            "password": password,
            "client_id": "usher",
            "client_secret": "usher-secret",
        });
        self.call(reqwest::Method::POST, "/oauth/token", Some(asked)).await.0
    }
}

fn path(id: &str) -> String {
    format!("/api/v2/users/{}", id.replace('|', "%7C"))
}

fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

fn ids(users: &Value) -> Vec<String> {
    let id = |user: &Value| user["user_id"].as_str().unwrap().replace("auth0|", "");
    users.as_array().unwrap().iter().map(id).collect()
}

/// A body of the Management API's errors.
fn error(status: u16, message: &str, code: &str) -> Reply {
    let reason = reqwest::StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
    let mut body = json!({"statusCode": status, "error": reason, "message": message});
    if !code.is_empty() {
        body["errorCode"] = code.into();
    }
    (status, body)
}

#[track_caller]
fn assert_code(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.0, status, "{}", reply.1);
    assert_eq!(reply.1["errorCode"], code, "{}", reply.1);
}
