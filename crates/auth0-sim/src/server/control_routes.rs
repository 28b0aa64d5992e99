//! The same control over HTTP, below `/__sim/`. These requests are neither counted nor limited,
//! and no fault strikes them. They need no credentials: the stand-in is for tests.

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::control::{Control, UserToken, remove, seed};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::oauth::access_token::issue;
use crate::state::{Shared, State};
use crate::switches::Switches;
use crate::traffic::faults::Fault;

pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    let path: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    let mut state = shared.lock();
    carry_out(&mut state, request, &path).unwrap_or_else(ApiError::into_answer)
}

fn carry_out(state: &mut State, request: &Request, path: &[&str]) -> Result<Answer, ApiError> {
    let ok = |body: Value| Ok(Answer::json(200, &body));
    let done = || Ok(Answer::no_content());
    let is = |method: Method| request.method == method;
    match path {
        ["health"] if is(Method::GET) => ok(json!({"status": "ok"})),
        ["switches"] if is(Method::GET) => ok(value(&state.switches)?),
        ["switches"] if is(Method::PATCH) => {
            let Value::Object(mut members) = value(&state.switches)? else {
                return Err(refused("the switches cannot be read"));
            };
            members.extend(body::<Map<String, Value>>(request)?);
            state.switches = serde_json::from_value::<Switches>(members.into())
                .map_err(|error| refused(&error.to_string()))?;
            ok(value(&state.switches)?)
        }
        ["faults"] if is(Method::POST) => {
            state.faults.add(body::<Fault>(request)?);
            done()
        }
        ["faults"] if is(Method::DELETE) => {
            state.faults.clear();
            done()
        }
        ["calls"] if is(Method::GET) => ok(value(&state.calls.counts())?),
        ["calls"] if is(Method::DELETE) => {
            state.calls.reset();
            done()
        }
        ["requests"] if is(Method::GET) => ok(value(&state.calls.requests())?),
        ["mails"] if is(Method::GET) => ok(value(&state.mails.sent())?),
        ["users"] if is(Method::GET) => ok(state.users.all().into()),
        ["users"] if is(Method::POST) => {
            let id = seed(state, body(request)?).map_err(|error| refused(&error.to_string()))?;
            Ok(Answer::json(201, &json!({"user_id": id})))
        }
        ["users", id] if is(Method::GET) => state.users.show(id).map_or_else(|| Err(missing()), ok),
        ["users", id] if is(Method::DELETE) => {
            if remove(state, id) {
                done()
            } else {
                Err(missing())
            }
        }
        ["catch-up"] if is(Method::POST) => {
            state.users.catch_up();
            done()
        }
        ["tokens"] if is(Method::POST) => {
            let claims = Control::claims(body::<UserToken>(request)?);
            let token = issue(state, claims, state.now())?;
            Ok(Answer::json(201, &json!({"access_token": token})))
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
                Err(missing())
            }
        }
        ["reset"] if is(Method::POST) => {
            state.reset();
            done()
        }
        _ => Err(missing()),
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body).map_err(|error| refused(&error.to_string()))
}

fn value(of: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(of).map_err(|error| refused(&error.to_string()))
}

fn refused(why: &str) -> ApiError {
    ApiError::bare(400, why)
}

fn missing() -> ApiError {
    ApiError::bare(404, "There is no such thing under /__sim.")
}
