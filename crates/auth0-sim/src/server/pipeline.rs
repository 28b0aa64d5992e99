//! The way of one request, from its head to its answer, and how faults come about.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Method, Response};

use super::body::Body;
use super::control_routes;
use super::routes::{self, Access, Route};
use super::socket::Abort;
use crate::clock::http_date;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::oauth::{access_token, parameters};
use crate::state::{Shared, State};
use crate::traffic::faults::FaultKind;
use crate::traffic::rate_limits;

/// The largest body that is read (documented: 1 MB).
const MAX_BODY: usize = 1024 * 1024;
/// The longest path with query (that there is a limit is documented, where it lies is assumed).
const MAX_TARGET: usize = 16 * 1024;

/// The way of one request. Its steps, in their order: count, record, faults before, latency, rate
/// limit, token, scope, handler, faults after.
pub(crate) async fn serve(
    shared: &Shared,
    abort: &Abort,
    peer: IpAddr,
    request: hyper::Request<Incoming>,
) -> Response<Body> {
    let date = || {
        let state = shared.lock();
        state.now().saturating_add(state.switches.clock_skew_millis)
    };
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        let error = ApiError::bare(413, "Payload content length greater than maximum allowed");
        return send(error.into_answer(), date());
    };
    let body = body.to_bytes();
    let mut request = read(head.method, target, head.headers, body, peer);
    if request.segments.first().is_some_and(|first| first == "__sim") {
        return send(control_routes::answer(shared, &request), date());
    }

    let found = routes::find(&request.method, &request.segments);
    let (route, params) = found.map_or((None, Vec::new()), |(route, params)| (Some(route), params));
    request.params = params;
    let name = name(route, &request);
    let (fault, latency) = {
        let mut state = shared.lock();
        state.calls.record(&name, &request);
        (state.faults.strike(&name), state.switches.latency_millis)
    };
    match &fault {
        Some(FaultKind::Status { status, retry_after }) => {
            return send(faulted(*status, *retry_after, route), date());
        }
        Some(FaultKind::Html { status }) => {
            let page = "<html><head><title>Bad gateway</title></head>\
                        <body><h1>Error</h1><hr>cloudflare</body></html>";
            return send(Answer::raw(*status, "text/html", page), date());
        }
        Some(FaultKind::Delay { millis }) => wait(*millis).await,
        Some(FaultKind::Hang) => return std::future::pending().await,
        Some(FaultKind::ResetBefore) => return abort.reset().await,
        Some(
            FaultKind::HangAfter
            | FaultKind::ResetAfter
            | FaultKind::Malformed
            | FaultKind::Truncated
            | FaultKind::Oversized { .. }
            | FaultKind::EmptyBody,
        )
        | None => {}
    }
    if latency > 0 {
        wait(latency).await;
    }

    let answer = handle(&mut shared.lock(), route, &name, request);
    match fault {
        Some(FaultKind::HangAfter) => std::future::pending().await,
        Some(FaultKind::ResetAfter) => abort.reset().await,
        Some(FaultKind::Malformed) => {
            let garbage = "{\"user_id\": \"auth0|5f7c8ec7c33c6c004bbafe82\", \"email\": }]<!--";
            let answer = spoiled(answer, Bytes::from_static(garbage.as_bytes()));
            send(answer, date())
        }
        Some(FaultKind::EmptyBody) => send(spoiled(answer, Bytes::new()), date()),
        Some(FaultKind::Truncated) => respond(answer, date(), |bytes| Body::cut_short(&bytes)),
        Some(FaultKind::Oversized { bytes }) => {
            respond(spoiled(answer, Bytes::new()), date(), |_| Body::endless(bytes))
        }
        Some(
            FaultKind::Status { .. }
            | FaultKind::Html { .. }
            | FaultKind::Delay { .. }
            | FaultKind::Hang
            | FaultKind::ResetBefore,
        )
        | None => send(answer, date()),
    }
}

/// Rate limit, token, scope, handler.
fn handle(state: &mut State, route: Option<&Route>, name: &str, mut request: Request) -> Answer {
    let now = state.now();
    let management = route.is_none_or(Route::is_management);
    let limit = state.switches.rate_limit.as_ref();
    let standing = limit.and_then(|limit| state.limits.take(limit, name, management, now));
    let retry_after = limit.is_some_and(|limit| limit.retry_after_header);
    let answered = if standing.is_some_and(|standing| !standing.passes) {
        Err(rate_limits::refusal(management))
    } else {
        carry_out(state, route, &mut request, now)
    };
    let mut answer = answered.unwrap_or_else(ApiError::into_answer);
    if let Some(standing) = standing {
        answer = answer
            .with_header("x-ratelimit-limit", standing.limit.to_string())
            .with_header("x-ratelimit-remaining", standing.remaining.to_string())
            .with_header("x-ratelimit-reset", standing.reset.to_string());
        if !standing.passes && retry_after {
            let seconds = (standing.reset - now.div_euclid(1_000)).max(1);
            answer = answer.with_header("retry-after", seconds.to_string());
        }
    }
    answer
}

fn carry_out(
    state: &mut State,
    route: Option<&Route>,
    request: &mut Request,
    now: i64,
) -> Result<Answer, ApiError> {
    let Some(route) = route else { return Err(ApiError::bare(404, "Not Found")) };
    if request.target.len() > MAX_TARGET {
        return Err(ApiError::bare(414, "URI Too Long"));
    }
    if !matches!(route.access, Access::Open) {
        request.granted = access_token::admit(state, request.header("authorization"), now)?;
    }
    route.access.check(request)?;
    (route.handler)(state, request, now)
}

fn read(
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    client_ip: IpAddr,
) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let decode = |segment: &str| {
        percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
    };
    let segments = path.strip_prefix('/').unwrap_or(path).split('/').map(decode).collect();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Request {
        method,
        segments,
        query,
        target,
        headers,
        body,
        client_ip,
        params: Vec::new(),
        granted: Vec::new(),
    }
}

/// What the request is counted as.
fn name(route: Option<&Route>, request: &Request) -> String {
    let Some(route) = route else { return format!("{} (unknown)", request.method) };
    let name = route.name();
    if name != "POST /oauth/token" {
        return name;
    }
    parameters::grant_name(request).map_or(name.clone(), |grant| format!("{name} {grant}"))
}

/// An error as Auth0 would have answered it by itself.
fn faulted(status: u16, retry_after: Option<u64>, route: Option<&Route>) -> Answer {
    let management = route.is_none_or(Route::is_management);
    let error = match (status, management) {
        (429, _) => rate_limits::refusal(management),
        (503, true) => ApiError::bare(503, "Service Unavailable"),
        (_, true) => ApiError::bare(status, "An internal error occurred"),
        (503, false) => ApiError::oauth(503, "temporarily_unavailable", "Service Unavailable"),
        (_, false) => ApiError::oauth(status, "server_error", "An internal error occurred"),
    };
    let answer = error.into_answer();
    match retry_after {
        Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
        None => answer,
    }
}

/// The answer with another body and a status of success.
fn spoiled(answer: Answer, body: Bytes) -> Answer {
    let status = if (200..300).contains(&answer.status) { answer.status } else { 200 };
    // A 204 has no body that could be spoiled.
    let status = if status == 204 && !body.is_empty() { 200 } else { status };
    Answer { status, body, ..answer }
}

fn send(answer: Answer, date: i64) -> Response<Body> {
    respond(answer, date, Body::whole)
}

fn respond(answer: Answer, date: i64, body: impl FnOnce(Bytes) -> Body) -> Response<Body> {
    let mut response = Response::builder().status(answer.status).header("date", http_date(date));
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(body(answer.body)).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "to be slow is what is asked for")]
async fn wait(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
