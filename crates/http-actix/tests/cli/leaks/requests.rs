//! Valid and invalid requests for every operation of both contracts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use token_verifier::testing::SigningKey;

use super::planted::{
    BASIC, BODY, COOKIE, FIRST_PASSWORD, KEY_ID, NEW_PASSWORD, NOVA, OLAV, ROSA, SEED_PASSWORD,
    WEAK_PASSWORD, WRONG_PASSWORD,
};
use crate::issuer::Issuer;
use crate::support::Service;

const A: &str = "/api/acme/admin/users";
const B: &str = "/api/v1/users";

/// The tokens of a run.
#[derive(Debug)]
pub(crate) struct Tokens {
    operator: String,
    acme: String,
    globex: String,
    rosa: String,
    without_permissions: String,
    invalid: Vec<String>,
    /// A token of an issuer without available keys.
    keyless_issuer: String,
}

impl Tokens {
    pub(crate) fn sign(issuer: &Issuer, key: &SigningKey) -> Self {
        let claims = |folder: &str| {
            let sub = json!(ROSA.email());
            issuer.claims(folder).with("sub", sub).with("email", json!(ROSA.email()))
        };
        let acme = claims("/tenants/acme").sign(key);
        let unsigned = acme.rsplit_once('.').unwrap().0.to_owned();
        let mut header = key.header();
        header.kid = Some(KEY_ID.to_owned());
        let invalid = vec![
            // Forged, expired, wrong audience, wrong issuer, without expiry, malformed, truncated.
            claims("/tenants/acme").sign(&SigningKey::ed25519("one")),
            claims("/tenants/acme").with("exp", json!(1)).sign(key),
            claims("/tenants/acme").with("aud", json!(BODY)).sign(key),
            claims("/tenants/acme").with("iss", json!(BODY)).sign(key),
            claims("/tenants/acme").without("exp").sign(key),
            claims("/tenants/acme").with("exp", json!(BODY)).sign(key),
            claims("/tenants/acme").with("permissions", json!({BODY: BODY})).sign(key),
            key.sign(&header, claims("/tenants/acme").json()),
            key.sign_text(&format!("{{\"alg\":\"{BODY}\"}}"), "{}"),
            key.sign_text("{\"alg\":\"RS256\",\"kid\":\"one\"}", &format!("{{{BODY}")),
            format!("{unsigned}."),
            unsigned,
            BODY.to_owned(),
        ];
        Self {
            operator: claims("/operators").sign(key),
            globex: claims("/tenants/globex").sign(key),
            rosa: issuer.claims("/members").with("sub", json!("auth0|rosa")).sign(key),
            without_permissions: claims("/tenants/acme")
                .permissions(&[])
                .with("scope", json!(BODY))
                .sign(key),
            keyless_issuer: claims("/broken").sign(key),
            acme,
            invalid,
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        let valid = [&self.operator, &self.acme, &self.globex, &self.rosa];
        let rest = [&self.without_permissions, &self.keyless_issuer];
        valid.into_iter().chain(rest).chain(&self.invalid).cloned().collect()
    }
}

/// A response with its headers and body as text.
#[derive(Debug)]
pub(crate) struct RecordedResponse {
    pub(crate) call: String,
    pub(crate) status: u16,
    /// Headers and body.
    pub(crate) text: String,
    code: Option<String>,
}

impl RecordedResponse {
    /// Returns the status, with the error code if present.
    pub(crate) fn outcome(&self) -> String {
        match &self.code {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }
}

/// A caller that records all responses.
struct Caller<'a> {
    service: &'a Service,
    http: reqwest::Client,
    response: Vec<RecordedResponse>,
}

impl<'a> Caller<'a> {
    fn new(service: &'a Service) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { service, http, response: Vec::new() }
    }

    async fn call(&mut self, method: &str, path: &str, token: &str, body: Value) {
        let headers = [("authorization", format!("Bearer {token}"))];
        let text = if body.is_null() { None } else { Some(body.to_string()) };
        self.send(method, path, &headers, text).await;
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Option<String>,
    ) {
        let url = format!("http://{}{path}", self.service.address);
        let mut request = self.http.request(method.parse().unwrap(), url).header("cookie", COOKIE);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        #[expect(clippy::disallowed_methods, reason = "these requests record every header")]
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = format!("{:?}", response.headers());
        let body = response.text().await.unwrap();
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let code = json.get("code").or_else(|| json.pointer("/errors/0/code"));
        let code = code.and_then(Value::as_str).map(str::to_owned);
        let call = format!("{method} {path}: {status}");
        self.response.push(RecordedResponse {
            call,
            status,
            text: format!("{headers}\n{body}"),
            code,
        });
    }
}

fn new_user(password: &str) -> Value {
    json!({
        "email": NOVA.email(), "username": NOVA.username(), "firstName": NOVA.first_name(),
        "lastName": NOVA.last_name(), "serviceUser": false, "tenantName": "acme",
        "password": password,
    })
}

fn change(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

/// Sends valid, rejected, malformed and unauthorized requests for every operation.
pub(crate) async fn send_all_requests(service: &Service, tokens: &Tokens) -> Vec<RecordedResponse> {
    let mut caller = Caller::new(service);
    send_valid_requests(&mut caller, tokens).await;
    send_rejected_requests(&mut caller, tokens).await;
    send_malformed_requests(&mut caller, tokens).await;
    send_unauthorized_requests(&mut caller, tokens).await;
    caller.response
}

async fn send_valid_requests(caller: &mut Caller<'_>, tokens: &Tokens) {
    let acme = &tokens.acme;
    caller.call("GET", A, acme, Value::Null).await;
    caller.call("GET", &format!("{A}?page[size]=1&sort=-email"), acme, Value::Null).await;
    caller.call("GET", &format!("{A}/auth0%7Crosa"), acme, Value::Null).await;
    let sam = json!({"email": "plantsammail@acme.example", "role": "viewer", "name": ROSA.name()});
    caller.call("POST", A, acme, sam).await;
    let put = json!({"role": null, "name": OLAV.name()});
    caller.call("PUT", &format!("{A}/auth0%7Cолав"), acme, put.clone()).await;
    caller.call("PUT", &format!("{A}/auth0%7Colav"), acme, put).await;
    caller.call("GET", &format!("{B}?filter[tenant]=acme"), acme, Value::Null).await;
    caller.call("POST", B, acme, new_user(FIRST_PASSWORD)).await;
    caller.call("GET", &format!("{B}/auth0%7Crosa"), &tokens.operator, Value::Null).await;
    let names = json!({"email": ROSA.email(), "firstName": NOVA.last_name(),
        "lastName": ROSA.last_name()});
    caller.call("PUT", &format!("{B}/auth0%7Crosa"), acme, names).await;
    let v1 = format!("{B}/auth0%7Crosa/change-password");
    caller.call("PATCH", &v1, acme, json!({"newPassword": NEW_PASSWORD})).await;
    let v2 = "/api/v2/users/auth0%7Crosa/change-password";
    caller.call("PATCH", v2, &tokens.rosa, change(NEW_PASSWORD, SEED_PASSWORD)).await;
    caller.call("GET", A, &tokens.rosa, Value::Null).await;
    for path in ["/health/live", "/health/ready", "/metrics", "/openapi.json"] {
        caller.call("GET", path, acme, Value::Null).await;
    }
}

async fn send_rejected_requests(caller: &mut Caller<'_>, tokens: &Tokens) {
    let acme = &tokens.acme;
    let v1 = format!("{B}/auth0%7Crosa/change-password");
    let v2 = "/api/v2/users/auth0%7Crosa/change-password";
    for password in [WEAK_PASSWORD, "", "Plant-ü", &WRONG_PASSWORD.repeat(9)] {
        caller.call("PATCH", &v1, acme, json!({"newPassword": password})).await;
        caller.call("PATCH", v2, &tokens.rosa, change(SEED_PASSWORD, password)).await;
        let mut body = new_user(password);
        body["email"] = json!("plantanother@acme.example");
        body["username"] = json!("plantanother");
        caller.call("POST", B, acme, body).await;
    }
    for _ in 0..11 {
        caller.call("PATCH", v2, acme, change(WRONG_PASSWORD, NEW_PASSWORD)).await;
    }
    caller.call("POST", B, acme, new_user(FIRST_PASSWORD)).await;
    let mut body = new_user(FIRST_PASSWORD);
    body["email"] = json!("plantthird@acme.example");
    caller.call("POST", B, acme, body).await;
    for email in [&ROSA.email(), "Plant-no-address", "plant\r\nmail@acme.example"] {
        let body = json!({"email": email, "role": "viewer", "name": "Plant\r\n\u{1b}[2Jname"});
        caller.call("POST", A, acme, body).await;
        let body = json!({"email": email, "firstName": "Plant\n", "lastName": ""});
        caller.call("PUT", &format!("{B}/auth0%7Colav"), acme, body).await;
    }
    let again = json!({"email": ROSA.email(), "role": "viewer", "name": ROSA.name()});
    caller.call("POST", A, acme, again).await;
    let role = json!({"role": "Plant-Role", "email": "plantrole@acme.example"});
    caller.call("POST", A, acme, role.clone()).await;
    caller.call("PUT", &format!("{A}/auth0%7Crosa"), acme, role).await;
    caller.call("DELETE", &format!("{A}/auth0%7Crosa"), acme, Value::Null).await;
    caller.call("DELETE", &format!("{A}/auth0%7Colav"), acme, Value::Null).await;
    caller.call("DELETE", &format!("{B}/auth0%7Crosa"), acme, Value::Null).await;
    caller.call("DELETE", &format!("{B}/auth0%7Crosa"), &tokens.globex, Value::Null).await;
    for id in ["auth0%7Cnobody", "plantmailrosa@acme.example", "plant%0d%0a%1b[2J", "plant%00"] {
        for path in [A, B] {
            caller.call("GET", &format!("{path}/{id}"), acme, Value::Null).await;
            caller.call("DELETE", &format!("{path}/{id}"), acme, Value::Null).await;
        }
    }
}

async fn send_malformed_requests(caller: &mut Caller<'_>, tokens: &Tokens) {
    let bearer = ("authorization", format!("Bearer {}", tokens.acme));
    for body in [
        format!("{{\"email\":\"{BODY}"),
        format!("{{\"email\":\"{BODY}\",\"email\":\"{BODY}\"}}"),
        format!("{{\"email\":[\"{BODY}\"],\"role\":\"{BODY}\"}}"),
        format!("{{\"password\":{{\"a\":\"{BODY}\"}}}}"),
        format!("{{\"newPassword\":[\"{BODY}\"],\"currentPassword\":1}}"),
        format!("[\"{BODY}\"]"),
        format!("\"{BODY}\""),
        BODY.to_owned(),
        format!("{{\"role\":\"{}\"}}", BODY.repeat(200)),
        "\u{1b}[2J\r\nplant".to_owned(),
    ] {
        for (method, path) in [
            ("POST", A),
            ("PUT", "/api/acme/admin/users/auth0%7Crosa"),
            ("POST", B),
            ("PUT", "/api/v1/users/auth0%7Crosa"),
            ("PATCH", "/api/v1/users/auth0%7Crosa/change-password"),
            ("PATCH", "/api/v2/users/auth0%7Crosa/change-password"),
        ] {
            caller.send(method, path, std::slice::from_ref(&bearer), Some(body.clone())).await;
        }
    }
    let plain = ("content-type", "text/plant".to_owned());
    caller.send("POST", A, &[bearer.clone(), plain], Some(BODY.to_owned())).await;
    for query in ["email=plantquery@acme.example", "sort=plant", "page[size]=plant%0a%1b[2J"] {
        caller.call("GET", &format!("{A}?{query}"), &tokens.acme, Value::Null).await;
        caller
            .call("GET", &format!("{B}?filter[tenant]=acme&{query}"), &tokens.acme, Value::Null)
            .await;
    }
    for path in ["/api/plantmail%40acme.example/admin/users", "/plantmail", "/api/plant%0a/x"] {
        caller.call("GET", path, &tokens.acme, Value::Null).await;
    }
    caller.call("POST", &format!("{A}/plant"), &tokens.acme, Value::Null).await;
    caller.call("PLANT", A, &tokens.acme, Value::Null).await;
    let accept = ("accept", "text/plant".to_owned());
    let agent = ("user-agent", BODY.to_owned());
    let origin = ("origin", "https://plant.example".to_owned());
    let id = ("x-request-id", "Plant Request \"Id\"".to_owned());
    let forwarded = ("x-forwarded-for", "plant".to_owned());
    caller.send("GET", A, &[bearer, accept, agent, origin, id, forwarded], None).await;
}

async fn send_unauthorized_requests(caller: &mut Caller<'_>, tokens: &Tokens) {
    let basic = format!("Basic {}", BASE64_STANDARD.encode(BASIC));
    for path in [A, "/api/v1/users?filter[tenant]=acme"] {
        caller.send("GET", path, &[], None).await;
        caller.send("GET", path, &[("authorization", basic.clone())], None).await;
        let twice = ("authorization", format!("Bearer {}", tokens.acme));
        caller.send("GET", path, &[twice.clone(), twice], None).await;
        for token in &tokens.invalid {
            caller.call("GET", path, token, Value::Null).await;
        }
        for token in [&tokens.globex, &tokens.without_permissions, &tokens.keyless_issuer] {
            caller.call("GET", path, token, Value::Null).await;
        }
        let query = if path.contains('?') { '&' } else { '?' };
        caller.send("GET", &format!("{path}{query}access_token={}", tokens.acme), &[], None).await;
    }
    let v2 = "/api/v2/users/auth0%7Crosa/change-password";
    caller.call("PATCH", v2, &tokens.globex, change(SEED_PASSWORD, NEW_PASSWORD)).await;
    caller.call("DELETE", &format!("{B}/auth0%7Colav"), &tokens.operator, Value::Null).await;
}

/// Reads a user, creates a user, and changes a password with a wrong current one.
pub(crate) async fn send_basic_requests(
    service: &Service,
    tokens: &Tokens,
) -> Vec<RecordedResponse> {
    let mut caller = Caller::new(service);
    caller.call("GET", &format!("{B}/auth0%7Crosa"), &tokens.acme, Value::Null).await;
    let mut body = new_user(FIRST_PASSWORD);
    body["username"] = json!("plantfew");
    caller.call("POST", B, &tokens.acme, body).await;
    let v2 = "/api/v2/users/auth0%7Crosa/change-password";
    caller.call("PATCH", v2, &tokens.rosa, change(WRONG_PASSWORD, NEW_PASSWORD)).await;
    caller.response
}

/// Sends one request for each operation that uses the directory.
pub(crate) async fn send_directory_requests(
    service: &Service,
    tokens: &Tokens,
) -> Vec<RecordedResponse> {
    let mut caller = Caller::new(service);
    let acme = &tokens.acme;
    caller.call("GET", A, acme, Value::Null).await;
    caller.call("GET", A, &tokens.rosa, Value::Null).await;
    caller.call("GET", &format!("{B}/auth0%7Crosa"), acme, Value::Null).await;
    caller.call("POST", B, acme, new_user(FIRST_PASSWORD)).await;
    let body = json!({"email": OLAV.email(), "role": "viewer", "name": OLAV.name()});
    caller.call("POST", A, acme, body).await;
    let body = json!({"email": ROSA.email(), "firstName": ROSA.first_name(), "lastName": "x"});
    caller.call("PUT", &format!("{B}/auth0%7Crosa"), acme, body).await;
    let v2 = "/api/v2/users/auth0%7Crosa/change-password";
    caller.call("PATCH", v2, &tokens.rosa, change(SEED_PASSWORD, NEW_PASSWORD)).await;
    caller.call("PATCH", v2, acme, change(WRONG_PASSWORD, NEW_PASSWORD)).await;
    caller.call("GET", "/health/ready", acme, Value::Null).await;
    caller.response
}
