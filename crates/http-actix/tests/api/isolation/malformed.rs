//! Malformed requests are refused before the directory is called.

use reqwest::Method;

use crate::matrix::{Operation, TargetUser, operations};
use crate::support::{Answer, App, Client};

/// A request of an operation on mia of acme.
struct Request<'a> {
    client: Client<'a>,
    method: Method,
    path: String,
    body: Option<(&'static str, Vec<u8>)>,
}

/// The expected status, and a function that makes a request malformed; `None` if not applicable.
type Mutation = (u16, for<'a> fn(&Operation, Request<'a>) -> Option<Request<'a>>);

const MUTATIONS: [Mutation; 9] = [
    (400, |_, request| Some(Request { path: with_query(&request.path, "unknown=1"), ..request })),
    (400, |_, request| {
        let token = format!("Bearer {}", request.client.token().unwrap());
        Some(Request { client: request.client.header("authorization", token), ..request })
    }),
    (406, |operation, request| {
        let answers = operation.method != Method::DELETE;
        answers.then(|| Request { client: request.client.header("accept", "text/html"), ..request })
    }),
    (405, |operation, request| {
        // A method that the path does not have.
        let method =
            if operation.template.ends_with("password") { Method::PUT } else { Method::PATCH };
        Some(Request { method, ..request })
    }),
    (400, |_, request| with_body(request, "application/json", b"{".to_vec())),
    (400, |_, request| with_body(request, "application/json", b"{}".to_vec())),
    (400, |_, request| with_body(request, "application/json", b"[]".to_vec())),
    (415, |_, request| with_body(request, "text/plain", b"{}".to_vec())),
    (413, |_, request| with_body(request, "application/json", vec![b' '; 70_000])),
];

fn with_query(path: &str, query: &str) -> String {
    format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' })
}

/// Replaces the body, if the operation takes one.
fn with_body<'a>(
    request: Request<'a>,
    media_type: &'static str,
    text: Vec<u8>,
) -> Option<Request<'a>> {
    request.body.is_some().then_some(Request { body: Some((media_type, text)), ..request })
}

async fn send(request: Request<'_>) -> Answer {
    let Request { client, method, path, body } = request;
    client.send(method, &path, body).await
}

#[tokio::test]
async fn malformed_request_never_reaches_the_directory() {
    let app = App::start().await;
    let mia = TargetUser::Seeded("mia").identity(None).unwrap();
    let mut call_count = 0;
    for operation in operations().0 {
        for (status, mutate) in MUTATIONS {
            for (client_name, client) in [
                ("tenant", app.tenant("acme")),
                ("operator", app.operator()),
                ("member", app.member("olga")),
            ] {
                let is_member = client_name == "member";
                let (path, body) = operation.request("acme", &mia);
                let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
                let request = Request { client, method: operation.method.clone(), path, body };
                let Some(request) = mutate(&operation, request) else { continue };
                let answer = send(request).await;
                // Some operations refuse a caller of this kind before they read the request.
                let is_refused = if client_name == "operator" {
                    operation.is_about_caller() && operation.method == "DELETE"
                } else {
                    operation.is_for_operators()
                };
                let is_expected = answer.status == status || (is_refused && answer.status == 403);
                assert!(is_expected, "{}: {answer:?}", operation.name());
                let Some(auth0) = app.auth0() else { continue };
                let mut requests = auth0.requests();
                auth0.reset_calls();
                // A member's own account is read first, to authorize the call.
                requests.retain(|one| !one.route.starts_with("POST /oauth/token"));
                requests.retain(|one| {
                    !(is_member && one.target.starts_with("/api/v2/users/auth0%7Colga"))
                });
                assert!(requests.is_empty(), "{} {status}: {requests:?}", operation.name());
                call_count += 1;
            }
        }
    }
    assert!(app.auth0().is_none() || call_count > 150, "only {call_count} calls were made");
}
