//! A bare server with the same users, tokens and responses as the service, which
//! `make bench-instructions` compares with it: what the framework, JSON and a map cost by themselves.
//!
//! It has none of what the service is for: no rules, roles, limits, log, traces, metrics, deadlines
//! or validation. A token is verified once and then found in a map.
//!
//! Usage: `bare_server ADDRESS SEED KEY_SET`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark stops on failure"
)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

const AUDIENCE: &str = "user-management";
const SORTS: [&str; 3] = ["id", "createdAt", "lastName"];

/// A line of the seed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeedLine {
    id: String,
    email: String,
    username: String,
    first_name: String,
    last_name: String,
    name: String,
    created_at: String,
}

/// A user of contract B, which is also how it is stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: String,
    email: String,
    service_user: bool,
    tenant_name: &'static str,
    created_at: String,
    updated_at: Option<String>,
    username: String,
    first_name: String,
    last_name: String,
    last_login: Option<String>,
    managed_here: bool,
    status: &'static str,
    #[serde(skip)]
    name: String,
}

/// A user of contract A.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantUser<'a> {
    id: &'a str,
    email: &'a str,
    name: &'a str,
    blocked: bool,
    last_login: Option<&'a str>,
    tenant_role: &'static str,
    managed_here: bool,
    status: &'static str,
}

/// A user to create.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    email: String,
    service_user: bool,
    username: String,
    first_name: String,
    last_name: String,
}

#[derive(Debug, Serialize)]
struct List<'a> {
    links: Links,
    data: Vec<&'a Account>,
}

#[derive(Debug, Serialize)]
struct Links {
    first: Link,
    last: Link,
    next: Link,
    prev: Link,
}

#[derive(Debug, Serialize)]
struct Link {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Totals>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    total_users: usize,
    total_pages: usize,
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    #[serde(rename = "page[number]")]
    number: usize,
    #[serde(rename = "page[size]")]
    size: usize,
    sort: String,
}

#[derive(Debug, Default)]
struct Users {
    by_id: HashMap<String, Arc<Account>>,
    /// For each of [`SORTS`].
    sorted: [Vec<Arc<Account>>; 3],
}

struct State {
    users: RwLock<Users>,
    tokens: RwLock<HashSet<String>>,
    key: DecodingKey,
    validation: Validation,
}

impl State {
    fn load(seed: &str, key_set: &str) -> Self {
        let keys: JwkSet =
            serde_json::from_str(&std::fs::read_to_string(key_set).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[AUDIENCE]);
        let mut users = Users::default();
        for line in std::fs::read_to_string(seed).unwrap().lines() {
            let line: SeedLine = serde_json::from_str(line).unwrap();
            let user = Arc::new(Account {
                id: line.id,
                email: line.email,
                service_user: false,
                tenant_name: "acme",
                created_at: line.created_at,
                updated_at: None,
                username: line.username,
                first_name: line.first_name,
                last_name: line.last_name,
                last_login: None,
                managed_here: true,
                status: "active",
                name: line.name,
            });
            users.by_id.insert(user.id.clone(), Arc::clone(&user));
            users.sorted.iter_mut().for_each(|list| list.push(Arc::clone(&user)));
        }
        let [by_id, by_time, by_name] = &mut users.sorted;
        by_id.sort_by(|a, b| a.id.cmp(&b.id));
        by_time.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
        by_name.sort_by(|a, b| (&a.last_name, &a.id).cmp(&(&b.last_name, &b.id)));
        Self {
            users: RwLock::new(users),
            tokens: RwLock::default(),
            key: DecodingKey::from_jwk(&keys.keys[0]).unwrap(),
            validation,
        }
    }

    /// Returns whether the request has a valid token.
    fn is_authorized(&self, request: &HttpRequest) -> bool {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
            return false;
        };
        if self.tokens.read().contains(token) {
            return true;
        }
        let claims = jsonwebtoken::decode::<serde_json::Value>(token, &self.key, &self.validation);
        claims.is_ok() && self.tokens.write().insert(token.to_owned())
    }
}

async fn get_user(
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> HttpResponse {
    if !state.is_authorized(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let users = state.users.read();
    let Some(user) = users.by_id.get(&*path) else { return HttpResponse::NotFound().finish() };
    HttpResponse::Ok().json(TenantUser {
        id: &user.id,
        email: &user.email,
        name: &user.name,
        blocked: false,
        last_login: None,
        tenant_role: "viewer",
        managed_here: user.managed_here,
        status: user.status,
    })
}

async fn list_users(
    request: HttpRequest,
    state: web::Data<State>,
    query: web::Query<ListQuery>,
) -> HttpResponse {
    if !state.is_authorized(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let ListQuery { number, size, sort } = query.into_inner();
    let Some(index) = SORTS.iter().position(|name| *name == sort) else {
        return HttpResponse::BadRequest().finish();
    };
    let users = state.users.read();
    let sorted = &users.sorted[index];
    let last = sorted.len().div_ceil(size) - 1;
    let link = |page: usize, meta| {
        let path = "http://users.example/api/v1/users?filter%5Btenant%5D=acme";
        let href = format!("{path}&sort={sort}&page%5Bnumber%5D={page}&page%5Bsize%5D={size}");
        Link { href, meta }
    };
    let totals = Totals { total_users: sorted.len(), total_pages: last + 1 };
    let links = Links {
        first: link(0, None),
        last: link(last, Some(totals)),
        next: link(number + 1, None),
        prev: link(number - 1, None),
    };
    let start = number * size;
    let data = sorted[start..start + size].iter().map(|user| &**user).collect();
    HttpResponse::Ok().json(List { links, data })
}

async fn create_user(
    request: HttpRequest,
    state: web::Data<State>,
    body: web::Json<NewAccount>,
) -> HttpResponse {
    if !state.is_authorized(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let new = body.into_inner();
    let mut users = state.users.write();
    let user = Arc::new(Account {
        id: format!("auth0|new-{:016}", users.by_id.len()),
        email: new.email,
        service_user: new.service_user,
        tenant_name: "acme",
        created_at: "2026-03-01T09:30:00.000Z".to_owned(),
        updated_at: Some("2026-03-01T09:30:00.000Z".to_owned()),
        name: new.username.clone(),
        username: new.username,
        first_name: new.first_name,
        last_name: new.last_name,
        last_login: None,
        managed_here: true,
        status: "active",
    });
    users.by_id.insert(user.id.clone(), Arc::clone(&user));
    drop(users);
    let location = format!("http://users.example/api/v1/users/{}", user.id);
    HttpResponse::Created().insert_header(("Location", location)).json(&*user)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, seed, key_set] = &arguments[..] else {
        panic!("arguments: ADDRESS SEED KEY_SET")
    };
    let state = web::Data::new(State::load(seed, key_set));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/api/acme/admin/users/{userId}", web::get().to(get_user))
            .route("/api/v1/users", web::get().to(list_users))
            .route("/api/v1/users", web::post().to(create_user))
    });
    let server = server.workers(1).bind(address).expect("the address");
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}
