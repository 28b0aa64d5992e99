//! Something in the place of Auth0 that repeats all it hears, in every status and form there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::plant::{MANAGEMENT_TOKEN, UPSTREAM};

const STATUSES: [u16; 12] = [200, 400, 401, 403, 404, 409, 422, 429, 200, 500, 503, 302];

#[derive(Debug)]
pub(crate) struct Hostile(MockServer);

impl Hostile {
    /// It gives tokens out, or not even these.
    pub(crate) async fn start(gives_tokens: bool) -> Self {
        let server = MockServer::start().await;
        let count = Arc::new(AtomicUsize::new(0));
        Mock::given(any())
            .respond_with(move |request: &Request| {
                let count = count.fetch_add(1, Ordering::SeqCst);
                answer(request, gives_tokens, count)
            })
            .mount(&server)
            .await;
        Self(server)
    }

    pub(crate) fn url(&self) -> String {
        self.0.uri()
    }
}

fn answer(request: &Request, gives_tokens: bool, count: usize) -> ResponseTemplate {
    let heard = String::from_utf8_lossy(&request.body);
    if gives_tokens && request.url.path() == "/oauth/token" && heard.contains("client_credentials")
    {
        let token = json!({"access_token": MANAGEMENT_TOKEN, "token_type": "Bearer",
            "expires_in": 86400});
        return ResponseTemplate::new(200).set_body_json(token);
    }
    let echo =
        format!("{UPSTREAM} {} {} {:?} {heard}", request.method, request.url, request.headers);
    let status = STATUSES[count % STATUSES.len()];
    let template = ResponseTemplate::new(status)
        .insert_header("location", request.url.as_str())
        .insert_header("x-echo", "Plant-Upstream-Header-13");
    match count % 3 {
        0 => template.set_body_string(echo),
        1 => template.set_body_json(in_auth0s_form(status, &echo)),
        // Cut off in the middle of a text.
        _ => {
            let text = in_auth0s_form(status, &echo).to_string();
            let end = text.floor_char_boundary(text.len() / 2);
            template.set_body_raw(text[..end].to_owned(), "application/json")
        }
    }
}

fn in_auth0s_form(status: u16, echo: &str) -> Value {
    json!({
        "statusCode": status, "error": echo, "error_description": echo, "message": echo,
        "errorCode": echo, "user_id": echo, "email": echo, "users": [{"user_id": echo}],
    })
}
