//! The steps of a request from its head to its response, including injected faults.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Method};

use super::body::Body;
use super::control_routes;
use super::routes::{self, RequiredScopes, Route};
use super::socket::ResetSignal;
use crate::clock::http_date;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::oauth::{access_token, parameters};
use crate::state::{SharedState, State};
use crate::traffic::faults::FaultKind;
use crate::traffic::rate_limits;

/// The largest accepted body (documented: 1 MB).
const MAX_BODY: usize = 1024 * 1024;
/// The longest accepted path with query (a limit is documented, its value is assumed).
const MAX_TARGET: usize = 16 * 1024;

/// Handles a request. The steps in order: count, record, faults before, latency, rate limit, token,
/// scope, handler, faults after.
pub(crate) async fn handle_request(
    shared: &SharedState,
    reset: &ResetSignal,
    peer: IpAddr,
    request: hyper::Request<Incoming>,
) -> hyper::Response<Body> {
    let date = || {
        let state = shared.lock();
        state.now().saturating_add(state.switches.clock_skew_millis)
    };
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        let error = ApiError::bare(413, "Payload content length greater than maximum allowed");
        return send(error.into_response(), date());
    };
    let body = body.to_bytes();
    let mut request = parse_request(head.method, target, head.headers, body, peer);
    if request.segments.first().is_some_and(|first| first == "__sim") {
        return send(control_routes::respond(shared, &request), date());
    }

    let matched = routes::find(&request.method, &request.segments);
    let (route, params) =
        matched.map_or((None, Vec::new()), |(route, params)| (Some(route), params));
    request.params = params;
    let route_name = route_name(route, &request);
    let (fault, latency, mut releases) = {
        let mut state = shared.lock();
        state.calls.record(&route_name, &request);
        let fault = state.faults.take_due(&route_name);
        (fault, state.switches.latency_millis, state.faults.releases())
    };
    match &fault {
        Some(FaultKind::Status { status, retry_after }) => {
            return send(fault_response(*status, *retry_after, route), date());
        }
        Some(FaultKind::Html { status }) => {
            let page = "<html><head><title>Bad gateway</title></head>\
                        <body><h1>Error</h1><hr>cloudflare</body></html>";
            return send(Response::raw(*status, "text/html", page), date());
        }
        Some(FaultKind::Delay { millis }) => sleep_millis(*millis).await,
        Some(FaultKind::Hold) => {
            let _ = releases.changed().await;
        }
        Some(FaultKind::Hang) => return std::future::pending().await,
        Some(FaultKind::ResetBefore) => return reset.request_reset().await,
        Some(
            FaultKind::HangAfter
            | FaultKind::HoldAfter
            | FaultKind::ResetAfter
            | FaultKind::Malformed
            | FaultKind::Truncated
            | FaultKind::Oversized { .. }
            | FaultKind::EmptyBody,
        )
        | None => {}
    }
    if latency > 0 {
        sleep_millis(latency).await;
    }

    let response = handle(&mut shared.lock(), route, &route_name, request);
    match fault {
        Some(FaultKind::HangAfter) => std::future::pending().await,
        Some(FaultKind::HoldAfter) => {
            let _ = releases.changed().await;
            send(response, date())
        }
        Some(FaultKind::ResetAfter) => reset.request_reset().await,
        Some(FaultKind::Malformed) => {
            let malformed = "{\"user_id\": \"auth0|5f7c8ec7c33c6c004bbafe82\", \"email\": }]<!--";
            let response = with_body(response, Bytes::from_static(malformed.as_bytes()));
            send(response, date())
        }
        Some(FaultKind::EmptyBody) => send(with_body(response, Bytes::new()), date()),
        Some(FaultKind::Truncated) => send_with(response, date(), |bytes| Body::truncated(&bytes)),
        Some(FaultKind::Oversized { bytes }) => {
            send_with(with_body(response, Bytes::new()), date(), |_| Body::oversized(bytes))
        }
        Some(
            FaultKind::Status { .. }
            | FaultKind::Html { .. }
            | FaultKind::Delay { .. }
            | FaultKind::Hold
            | FaultKind::Hang
            | FaultKind::ResetBefore,
        )
        | None => send(response, date()),
    }
}

/// Applies rate limit, token, scope and handler.
fn handle(
    state: &mut State,
    route: Option<&Route>,
    route_name: &str,
    mut request: Request,
) -> Response {
    let now = state.now();
    let is_management = route.is_none_or(Route::is_management);
    let limit = state.switches.rate_limit.as_ref();
    let quota =
        limit.and_then(|limit| state.rate_limiter.take(limit, route_name, is_management, now));
    let retry_after = limit.is_some_and(|limit| limit.retry_after_header);
    let result = if quota.is_some_and(|quota| !quota.is_allowed) {
        Err(rate_limits::too_many_requests(is_management))
    } else {
        run_handler(state, route, &mut request, now)
    };
    let mut response = result.unwrap_or_else(ApiError::into_response);
    if let Some(quota) = quota {
        response = response
            .with_header("x-ratelimit-limit", quota.limit.to_string())
            .with_header("x-ratelimit-remaining", quota.remaining.to_string())
            .with_header("x-ratelimit-reset", quota.reset.to_string());
        if !quota.is_allowed && retry_after {
            let seconds = (quota.reset - now.div_euclid(1_000)).max(1);
            response = response.with_header("retry-after", seconds.to_string());
        }
    }
    response
}

fn run_handler(
    state: &mut State,
    route: Option<&Route>,
    request: &mut Request,
    now: i64,
) -> Result<Response, ApiError> {
    let Some(route) = route else { return Err(ApiError::bare(404, "Not Found")) };
    if request.target.len() > MAX_TARGET {
        return Err(ApiError::bare(414, "URI Too Long"));
    }
    if !matches!(route.required_scopes, RequiredScopes::Public) {
        request.granted = access_token::authorize(state, request.header("authorization"), now)?;
    }
    route.required_scopes.check(request)?;
    (route.handler)(state, request, now)
}

fn parse_request(
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

/// Returns the name under which the request is counted.
fn route_name(route: Option<&Route>, request: &Request) -> String {
    let Some(route) = route else { return format!("{} (unknown)", request.method) };
    let name = route.name();
    if name != "POST /oauth/token" {
        return name;
    }
    parameters::grant_name(request).map_or(name.clone(), |grant| format!("{name} {grant}"))
}

/// Returns an injected error in Auth0's format.
fn fault_response(status: u16, retry_after: Option<u64>, route: Option<&Route>) -> Response {
    let is_management = route.is_none_or(Route::is_management);
    let error = match (status, is_management) {
        (429, _) => rate_limits::too_many_requests(is_management),
        (503, true) => ApiError::bare(503, "Service Unavailable"),
        (_, true) => ApiError::bare(status, "An internal error occurred"),
        (503, false) => ApiError::oauth(503, "temporarily_unavailable", "Service Unavailable"),
        (_, false) => ApiError::oauth(status, "server_error", "An internal error occurred"),
    };
    let response = error.into_response();
    match retry_after {
        Some(seconds) => response.with_header("retry-after", seconds.to_string()),
        None => response,
    }
}

/// Replaces the body of a response and makes its status a success.
fn with_body(response: Response, body: Bytes) -> Response {
    let status = if (200..300).contains(&response.status) { response.status } else { 200 };
    // A 204 response must not have a body.
    let status = if status == 204 && !body.is_empty() { 200 } else { status };
    Response { status, body, ..response }
}

fn send(response: Response, date: i64) -> hyper::Response<Body> {
    send_with(response, date, Body::whole)
}

fn send_with(
    response: Response,
    date: i64,
    body: impl FnOnce(Bytes) -> Body,
) -> hyper::Response<Body> {
    let mut sent =
        hyper::Response::builder().status(response.status).header("date", http_date(date));
    for (name, value) in response.headers {
        sent = sent.header(name, value);
    }
    sent.body(body(response.body)).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a delay was requested")]
async fn sleep_millis(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
