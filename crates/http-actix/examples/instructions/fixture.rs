//! The users, tokens and requests, and the two servers.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tempfile::TempDir;
use token_verifier::testing::{SigningKey, TokenClaims};

use crate::callgrind::Callgrind;
use crate::connection::Connection;
use crate::scenario::Scenario;

const USERS: usize = 1000;
const ISSUER: &str = "https://issuer.example/";
const AUDIENCE: &str = "user-management";
/// The last names of the users, in an order other than that of the alphabet.
const LAST_NAMES: [&str; 7] = ["Moreau", "Abbott", "Vance", "Gray", "Owens", "Bell", "Tanaka"];

/// A measured server.
pub(crate) struct Server {
    pub(crate) callgrind: Callgrind,
    address: SocketAddr,
}

impl Server {
    fn start(command: &Command, folder: &Path, name: &str, address: SocketAddr) -> Self {
        let mut callgrind = Callgrind::start(command, folder.join(name));
        while Connection::open(address).is_none() {
            if !callgrind.is_running() {
                let stderr = fs::read_to_string(folder.join(name).with_extension("stderr"));
                panic!("{name} does not start: {}", stderr.unwrap());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { callgrind, address }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).expect("a connection")
    }
}

/// Files and keys that both servers use.
pub(crate) struct Fixture {
    folder: TempDir,
    key: SigningKey,
    key_set: SocketAddr,
    now: i64,
    /// The token of all requests but those with new tokens.
    token: String,
}

impl Fixture {
    /// Writes the files, and serves the key set of the issuer.
    pub(crate) fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::rsa("key-1");
        let keys = json!({"keys": [key.jwk()]}).to_string();
        fs::write(folder.path().join("users.jsonl"), users()).unwrap();
        fs::write(folder.path().join("keys.json"), &keys).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = now.as_secs().cast_signed();
        let token = token(&key, now, 0);
        Self { folder, key, key_set: serve_text(keys), now, token }
    }

    /// Starts the service with its default settings but for the number of workers.
    pub(crate) fn start_usher(&self, program: &Path) -> Server {
        let address = free_address();
        let settings = format!(
            r#"
[http]
listen = "{address}"
workers = 1
public_url = "http://users.example"

[directory.memory]
seed = "users.jsonl"

[[auth.issuers]]
issuer = "{ISSUER}"
jwks_uri = "http://{}/keys"
audience = "{AUDIENCE}"
tenants = {{ claim = "tenants" }}
"#,
            self.key_set
        );
        let file = self.folder.path().join("usher.toml");
        fs::write(&file, settings).unwrap();
        let mut command = Command::new(program);
        command.args(["serve", "--config"]).arg(file);
        Server::start(&command, self.folder.path(), "usher", address)
    }

    /// Starts the bare server.
    pub(crate) fn start_bare_server(&self, program: &Path) -> Server {
        let (address, folder) = (free_address(), self.folder.path());
        let mut command = Command::new(program);
        command.arg(address.to_string());
        command.args([folder.join("users.jsonl"), folder.join("keys.json")]);
        Server::start(&command, folder, "bare", address)
    }

    /// Returns a request. Those with other numbers create other users or have other tokens.
    pub(crate) fn request(&self, scenario: Scenario, number: usize) -> String {
        let user = "/api/acme/admin/users/auth0%7Cuser-0421";
        match scenario {
            Scenario::GetUser => head("GET", user, &self.token) + "\r\n",
            Scenario::ListUsers(sort) => {
                let query = "filter[tenant]=acme&page[size]=20&page[number]=21";
                let path = format!("/api/v1/users?{query}&sort={sort}");
                head("GET", &path, &self.token) + "\r\n"
            }
            Scenario::CreateUser => {
                let body = json!({
                    "email": format!("new-{number:06}@acme.example"),
                    "serviceUser": false,
                    "tenantName": "acme",
                    "username": format!("new-{number:06}"),
                    "firstName": "Jane",
                    "lastName": "Doe",
                });
                let (head, body) = (head("POST", "/api/v1/users", &self.token), body.to_string());
                let length = body.len();
                format!(
                    "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                )
            }
            Scenario::GetUserWithNewToken => {
                head("GET", user, &token(&self.key, self.now, number + 1)) + "\r\n"
            }
        }
    }
}

fn head(method: &str, path: &str, token: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: users.example\r\nAccept: application/json\r\n\
         Authorization: Bearer {token}\r\n"
    )
}

/// Returns the seed: users of two tenants, whose orders by id, time and name differ.
fn users() -> String {
    let mut seed = String::new();
    for number in 0..USERS {
        let last_name = LAST_NAMES[number % LAST_NAMES.len()];
        let (day, hour) = (1 + number * 11 % 28, number % 24);
        let line = json!({
            "id": format!("auth0|user-{number:04}"),
            "email": format!("user-{number:04}@acme.example"),
            "username": format!("user-{number:04}"),
            "firstName": "Jane",
            "lastName": last_name,
            "name": format!("Jane {last_name}"),
            "createdAt": format!("2026-01-{day:02}T{hour:02}:30:00.000Z"),
            "homeTenant": "acme",
            "tenants": {"acme": "viewer"},
        });
        writeln!(seed, "{line}").unwrap();
    }
    seed
}

/// Signs a token with every permission, as long as those of other numbers.
fn token(key: &SigningKey, now: i64, number: usize) -> String {
    let claims = TokenClaims::new(ISSUER, AUDIENCE, now).permissions(&[
        "tenant.access:read",
        "tenant.access:write",
        "VIEW_USERS_AND_GROUPS",
        "MODIFY_USERS_AND_GROUPS",
    ]);
    claims.with("tenants", json!(["acme"])).with("jti", json!(format!("{number:06}"))).sign(key)
}

/// Serves a text for every path, for as long as this process runs.
fn serve_text(text: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        }
    });
    address
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
