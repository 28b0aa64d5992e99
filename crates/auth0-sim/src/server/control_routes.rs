//! The control routes below `/__sim/`.
//!
//! These requests are not counted, rate limited or subject to faults. They need no credentials,
//! because the stand-in is for tests.

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::config::Connection;
use crate::control::{Control, UserToken, remove_user, seed_exact_user, seed_user};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::mail::links::{self, LinkError};
use crate::oauth::access_token::issue_access_token;
use crate::state::{SharedState, State};
use crate::switches::Switches;
use crate::traffic::faults::Fault;

pub(crate) fn respond(shared: &SharedState, request: &Request) -> Response {
    let path: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    let mut state = shared.lock();
    dispatch(&mut state, request, &path).unwrap_or_else(ApiError::into_response)
}

fn dispatch(state: &mut State, request: &Request, path: &[&str]) -> Result<Response, ApiError> {
    let ok = |body: Value| Ok(Response::json(200, &body));
    let done = || Ok(Response::no_content());
    let is = |method: Method| request.method == method;
    match path {
        ["health"] if is(Method::GET) => ok(json!({"status": "ok"})),
        ["switches"] if is(Method::GET) => ok(to_json(&state.switches)?),
        ["switches"] if is(Method::PATCH) => {
            let Value::Object(mut members) = to_json(&state.switches)? else {
                return Err(bad_request("the switches cannot be serialized"));
            };
            members.extend(body::<Map<String, Value>>(request)?);
            state.switches = serde_json::from_value::<Switches>(members.into())
                .map_err(|error| bad_request(&error.to_string()))?;
            ok(to_json(&state.switches)?)
        }
        ["faults"] if is(Method::POST) => {
            state.faults.add(body::<Fault>(request)?);
            done()
        }
        ["faults"] if is(Method::DELETE) => {
            state.faults.clear();
            done()
        }
        ["faults", "release"] if is(Method::POST) => {
            state.faults.release_held();
            done()
        }
        ["calls"] if is(Method::GET) => ok(to_json(&state.calls.counts())?),
        ["calls"] if is(Method::DELETE) => {
            state.calls.reset();
            done()
        }
        ["requests"] if is(Method::GET) => ok(to_json(&state.calls.requests())?),
        ["mails"] if is(Method::GET) => ok(to_json(&state.outbox.sent())?),
        ["users"] if is(Method::GET) => ok(state.users.all_json().into()),
        ["users"] if is(Method::POST) => {
            let is_exact = request.query("exact") == Some("true");
            let seed = if is_exact { seed_exact_user } else { seed_user };
            let id =
                seed(state, body(request)?).map_err(|error| bad_request(&error.to_string()))?;
            Ok(Response::json(201, &json!({"user_id": id})))
        }
        ["users", id] if is(Method::GET) => {
            state.users.get_json(id).map_or_else(|| Err(not_found()), ok)
        }
        ["users", id] if is(Method::DELETE) => {
            if remove_user(state, id) {
                done()
            } else {
                Err(not_found())
            }
        }
        ["users", id, "verify-email"] if is(Method::POST) => {
            let now = state.now();
            links::verify_email(state, id, now).map_err(|error| link_failure(&error))?;
            done()
        }
        ["users", id, "reset-password"] if is(Method::POST) => {
            let members = body::<Map<String, Value>>(request)?;
            let password = members.get("password").and_then(Value::as_str);
            let password = password.ok_or_else(|| bad_request("`password` must be a string"))?;
            let now = state.now();
            links::reset_password(state, id, password, now)
                .map_err(|error| link_failure(&error))?;
            done()
        }
        ["connections"] if is(Method::POST) => {
            state.set_connection(body::<Connection>(request)?);
            done()
        }
        ["catch-up"] if is(Method::POST) => {
            state.users.catch_up();
            done()
        }
        ["tokens"] if is(Method::POST) => {
            let claims = Control::claims(body::<UserToken>(request)?);
            let token = issue_access_token(state, claims, state.now())?;
            Ok(Response::json(201, &json!({"access_token": token})))
        }
        ["tokens", "revoke"] if is(Method::POST) => {
            state.tokens.revoke_all();
            done()
        }
        ["keys"] if is(Method::GET) => ok(json!(state.keys.ids())),
        ["keys", "rotate"] if is(Method::POST) => {
            state.keys.rotate()?;
            done()
        }
        ["keys", kid] if is(Method::DELETE) => {
            if state.keys.revoke(kid)? {
                done()
            } else {
                Err(not_found())
            }
        }
        ["reset"] if is(Method::POST) => {
            state.reset();
            done()
        }
        _ => Err(not_found()),
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body).map_err(|error| bad_request(&error.to_string()))
}

fn to_json(of: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(of).map_err(|error| bad_request(&error.to_string()))
}

fn bad_request(message: &str) -> ApiError {
    ApiError::bare(400, message)
}

fn link_failure(error: &LinkError) -> ApiError {
    match error {
        LinkError::UnknownUser => not_found(),
        LinkError::Unusable
        | LinkError::NoCredential
        | LinkError::PasswordRefused(_)
        | LinkError::NoRandomness => bad_request(&error.to_string()),
    }
}

fn not_found() -> ApiError {
    ApiError::bare(404, "No such control route or resource.")
}
