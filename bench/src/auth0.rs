//! The stand-in for Auth0, as the issuer of tokens and as the directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::http::Http;
use crate::process::{Server, free_address};
use crate::seed::{self, TENANT};

/// The time between two looks at a stand-in that starts.
const POLL: Duration = Duration::from_millis(20);

/// The audience of all tokens of callers.
pub(crate) const AUDIENCE: &str = "usher-bench";
/// The claim that names the tenant.
pub(crate) const TENANT_CLAIM: &str = "https://usher.example/tenant";
/// The credentials of the Management API, which are the stand-in's defaults.
pub(crate) const CLIENT_ID: &str = "usher";
pub(crate) const CLIENT_SECRET: &str = "usher-secret";

/// A running stand-in.
#[derive(Debug)]
pub(crate) struct Auth0 {
    pub(crate) server: Server,
    url: String,
    ca: Option<PathBuf>,
    http: Http,
}

impl Auth0 {
    /// Starts an issuer over plain HTTP, without users.
    pub(crate) fn start_issuer(binary: &Path) -> Self {
        let address = free_address();
        let server = Server::start(command(binary, address), address, "/__sim/health");
        Self { url: server.url(), server, ca: None, http: Http::new() }
    }

    /// Starts a directory with this number of users over TLS, which Auth0's own packages require.
    pub(crate) fn start_directory(binary: &Path, folder: &Path, users: usize) -> Self {
        let (seed, ca) = (folder.join("auth0.jsonl"), folder.join("ca.pem"));
        seed::write_auth0_seed(&seed, users);
        let address = free_address();
        let mut command = command(binary, address);
        command.arg("--tls").arg("--ca-out").arg(&ca).arg("--seed").arg(seed);
        let server = Server::start(command, address, "");
        // Both happen after the listener is bound: first the authority, then the users.
        while !ca.exists() {
            thread::sleep(POLL);
        }
        let http = Http::trusting(&ca);
        let directory = Self { server, url: format!("https://{address}"), ca: Some(ca), http };
        let count =
            || directory.control(Method::GET, "users", String::new()).as_array().map(Vec::len);
        while count() != Some(users) {
            thread::sleep(POLL);
        }
        directory
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the file with the certificate of the authority.
    pub(crate) fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// Returns a token of an administrator's application, which differs for each number.
    pub(crate) fn token(&self, number: usize) -> String {
        self.tokens(number..number + 1).remove(0)
    }

    /// Returns one token for each number.
    pub(crate) fn tokens(&self, numbers: std::ops::Range<usize>) -> Vec<String> {
        let body = |number| {
            json!({
                "user_id": "auth0|000000000000000000000000",
                "audience": [AUDIENCE],
                "client_id": "back-office",
                "scope": "tenant.access:read tenant.access:write",
                "permissions": ["VIEW_USERS_AND_GROUPS", "MODIFY_USERS_AND_GROUPS"],
                "claims": {TENANT_CLAIM: TENANT, "jti": format!("bench-{number}")},
            })
        };
        let url = format!("{}/__sim/tokens", self.url);
        let requests =
            numbers.map(|number| (Method::POST, url.clone(), body(number).to_string())).collect();
        let responses = self.http.send_all(requests, "", 8);
        let token = |response: &crate::http::Response| {
            response.json()["access_token"].as_str().unwrap().to_owned()
        };
        responses.iter().map(token).collect()
    }

    /// Returns a token for the Management API.
    pub(crate) fn management_token(&self) -> String {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "audience": format!("{}/api/v2/", self.url),
        });
        let url = format!("{}/oauth/token", self.url);
        let response = self.http.send(Method::POST, &url, "", body.to_string());
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn set_latency(&self, millis: u32) {
        let switches = json!({"latency_millis": millis});
        self.control(Method::PATCH, "switches", switches.to_string());
    }

    /// Returns the number of calls of a route since the last `clear_calls`.
    pub(crate) fn calls(&self, route: &str) -> u64 {
        self.control(Method::GET, "calls", String::new())[route].as_u64().unwrap_or_default()
    }

    pub(crate) fn clear_calls(&self) {
        self.control(Method::DELETE, "calls", String::new());
    }

    fn control(&self, method: Method, path: &str, body: String) -> Value {
        let response = self.http.send(method, &format!("{}/__sim/{path}", self.url), "", body);
        assert!(response.status < 300, "{path}: {response:?}");
        if response.body.is_empty() { Value::Null } else { response.json() }
    }
}

fn command(binary: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.args(["--listen", &address.to_string()]);
    command
}
