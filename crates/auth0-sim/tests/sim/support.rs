//! A tenant and a client for it.

use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Client, Config, Connection, Control, ManualClock, Sim};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The initial time of a tenant's clock: a full minute, 2026-03-02T08:00:00Z.
pub(crate) const START: i64 = 1_772_438_400_000;
pub(crate) const REALM: &str = "Username-Password-Authentication";
pub(crate) const PASSWORD_REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";

/// The deadline for an expected event.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A stand-in, its clock, and a client with a Management token.
pub(crate) struct Tenant {
    pub(crate) sim: Sim,
    pub(crate) clock: Arc<ManualClock>,
    http: reqwest::Client,
    pub(crate) token: String,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the status, and `error` of the body.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }

    /// Returns the status, and `errorCode` of the body.
    pub(crate) fn code(&self) -> (u16, String) {
        (self.status, self.json()["errorCode"].as_str().unwrap_or_default().to_owned())
    }
}

impl Tenant {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a tenant with a changed configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let mut config = Config { clock: Arc::<ManualClock>::clone(&clock), ..Config::default() };
        change(&mut config);
        let sim = Sim::start(config).await.unwrap();
        let http = plain_client().build().unwrap();
        let mut tenant = Self { sim, clock, http, token: String::new() };
        let reply = tenant.request_token(json!({})).await;
        if reply.status == 200 {
            reply.json()["access_token"].as_str().unwrap().clone_into(&mut tenant.token);
        }
        tenant.control().reset_calls();
        tenant
    }

    pub(crate) fn control(&self) -> &Control {
        self.sim.control()
    }

    /// Adds a user with this password. Returns its id.
    pub(crate) fn add_user(&self, email: &str, password: &str) -> String {
        self.control().seed(json!({"email": email, "password": password})).unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sim.url());
        self.http.request(method, url)
    }

    /// Sends a request to the Management API.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(method, path).bearer_auth(&self.token);
        let request = match body {
            None => request,
            Some(body) => request.json(&body),
        };
        send(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str, body: Option<Value>) -> Reply {
        self.call(Method::DELETE, path, body).await
    }

    /// Requests a Management token for the default client. Members in `changes` replace those of
    /// the body; `null` removes a member.
    pub(crate) async fn request_token(&self, changes: Value) -> Reply {
        let discovery = send(self.request(Method::GET, "/.well-known/openid-configuration"));
        let issuer = discovery.await.unwrap().json()["issuer"].as_str().unwrap().to_owned();
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": "usher",
            "client_secret": "usher-secret",
            "audience": format!("{issuer}api/v2/"),
        });
        let request =
            self.request(Method::POST, "/oauth/token").json(&with_changes(body, &changes));
        send(request).await.unwrap()
    }

    /// Logs in from an address. Members in `changes` replace those of the body; `null` removes a
    /// member.
    pub(crate) async fn log_in(
        &self,
        username: &str,
        password: &str,
        ip: &str,
        changes: Value,
    ) -> Reply {
        let body = json!({
            "grant_type": PASSWORD_REALM,
            "client_id": "usher",
            "client_secret": "usher-secret",
            "realm": REALM,
            "username": username,
            "password": password,
        });
        let request = self
            .request(Method::POST, "/oauth/token")
            .header("auth0-forwarded-for", ip)
            .json(&with_changes(body, &changes));
        send(request).await.unwrap()
    }
}

fn with_changes(mut body: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

/// Returns a client with these scopes and otherwise default settings.
pub(crate) fn client(id: &str, scopes: &[&str]) -> Client {
    Client {
        id: id.to_owned(),
        secret: format!("{id}-secret"),
        scopes: scopes.iter().copied().map(str::to_owned).collect(),
        ..Client::default()
    }
}

pub(crate) fn connection(name: &str, change: impl FnOnce(&mut Connection)) -> Connection {
    let mut connection =
        Connection { id: format!("con_{name}"), name: name.to_owned(), ..Connection::default() };
    change(&mut connection);
    connection
}

pub(crate) fn plain_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}

/// Sends a request and reads the response to its end.
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Reply> {
    #[expect(clippy::disallowed_methods, reason = "the only function that sends")]
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Reply { status, headers, text: response.text().await? })
}

/// Sends text over a separate connection and reads until it ends. Returns the bytes and the result
/// of the last read.
pub(crate) async fn exchange(sim: &Sim, request: &str) -> (Vec<u8>, std::io::Result<()>) {
    let address = sim.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let read = tokio::time::timeout(TIMEOUT, read_to_end(&mut stream));
    read.await.expect("the connection did not end in time")
}

async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> (Vec<u8>, std::io::Result<()>) {
    let mut received = Vec::new();
    let ended = stream.read_to_end(&mut received).await;
    (received, ended.map(|_| ()))
}
