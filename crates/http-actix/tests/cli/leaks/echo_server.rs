//! A replacement for Auth0 that echoes every request, with varying statuses and formats.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::planted::{MANAGEMENT_TOKEN, UPSTREAM};

const STATUSES: [u16; 12] = [200, 400, 401, 403, 404, 409, 422, 429, 200, 500, 503, 302];

#[derive(Debug)]
pub(crate) struct EchoServer(MockServer);

impl EchoServer {
    /// Starts the server, which issues Management API tokens if `issues_tokens`.
    pub(crate) async fn start(issues_tokens: bool) -> Self {
        let server = MockServer::start().await;
        let count = Arc::new(AtomicUsize::new(0));
        Mock::given(any())
            .respond_with(move |request: &Request| {
                let count = count.fetch_add(1, Ordering::SeqCst);
                respond(request, issues_tokens, count)
            })
            .mount(&server)
            .await;
        Self(server)
    }

    pub(crate) fn url(&self) -> String {
        self.0.uri()
    }
}

fn respond(request: &Request, issues_tokens: bool, count: usize) -> ResponseTemplate {
    let request_body = String::from_utf8_lossy(&request.body);
    if issues_tokens
        && request.url.path() == "/oauth/token"
        && request_body.contains("client_credentials")
    {
        let token = json!({"access_token": MANAGEMENT_TOKEN, "token_type": "Bearer",
            "expires_in": 86400});
        return ResponseTemplate::new(200).set_body_json(token);
    }
    let echo = format!(
        "{UPSTREAM} {} {} {:?} {request_body}",
        request.method, request.url, request.headers
    );
    let status = STATUSES[count % STATUSES.len()];
    let template = ResponseTemplate::new(status)
        .insert_header("location", request.url.as_str())
        .insert_header("x-echo", "Plant-Upstream-Header-13");
    match count % 3 {
        0 => template.set_body_string(echo),
        1 => template.set_body_json(auth0_error_json(status, &echo)),
        // Truncated JSON.
        _ => {
            let text = auth0_error_json(status, &echo).to_string();
            let end = text.floor_char_boundary(text.len() / 2);
            template.set_body_raw(text[..end].to_owned(), "application/json")
        }
    }
}

fn auth0_error_json(status: u16, echo: &str) -> Value {
    json!({
        "statusCode": status, "error": echo, "error_description": echo, "message": echo,
        "errorCode": echo, "user_id": echo, "email": echo, "users": [{"user_id": echo}],
    })
}
