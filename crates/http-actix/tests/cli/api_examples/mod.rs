//! Records the examples of the OpenAPI document from a service in development mode.

mod calls;

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::support::{Response, Sandbox, Service};
use calls::{Call, Caller, calls};

/// Values that differ between runs are replaced by these.
const ADDRESS: &str = "127.0.0.1:8080";
const NEW_ID: &str = "auth0|5f7c8ec7c33c6c004bbafe82";
const NOW: &str = "2026-03-02T09:30:00.000Z";
const REQUEST_ID: &str = "b2f1c7d09e3a4f58";

#[tokio::test]
async fn recorded_examples_are_current() {
    let now = format!("{:#}\n", Value::Array(record().await));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/openapi/examples.json");
    #[expect(clippy::disallowed_methods, reason = "make generate sets the variable")]
    let generate = std::env::var("USHER_GENERATE").is_ok_and(|value| value == "1");
    if generate {
        std::fs::write(path, now).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    assert!(
        recorded == now,
        "src/openapi/examples.json is out of date; if the change is intended, run `make generate`"
    );
}

/// Sends every call and returns the examples.
async fn record() -> Vec<Value> {
    let sandbox = Sandbox::new();
    let started = Timestamp::now();
    let service = sandbox.start_dev();
    let token = sandbox.acme_token();
    let tokens = [
        (Caller::Acme, token.clone()),
        (Caller::Operator, sandbox.operator_token()),
        (Caller::Boris, sandbox.member_token("auth0|demo-boris")),
    ];
    let document = service.get("/openapi.json", &token).await.body;
    let mut examples: Vec<(Key, Value)> = Vec::new();
    for call in calls() {
        let operation = operation(&document, &call);
        let (_, token) = tokens.iter().find(|(caller, _)| *caller == call.caller).unwrap();
        let mut responses = vec![send(&service, &call, token).await];
        if operation.get("security").is_some() {
            responses.push(send(&service, &call, "").await);
        }
        for response in responses {
            if response.body == "" {
                continue;
            }
            let (key, example) = example(operation, &call, response, &|text| {
                replace_varying(text, &service, started)
            });
            // Errors such as `missing_token` recur in later calls.
            if examples.iter().all(|(recorded, _)| *recorded != key) {
                examples.push((key, example));
            }
        }
    }
    examples.into_iter().map(|(_, example)| example).collect()
}

async fn send(service: &Service, call: &Call, token: &str) -> Response {
    let (url, body) = (format!("http://{}{}", service.address, call.path), call.body.clone());
    let authorization = if token.is_empty() { String::new() } else { format!("Bearer {token}") };
    crate::support::fetch(call.method, &url, &authorization, body).await
}

/// What identifies an example: the operation, the status and the name.
type Key = (String, u16, String);

fn example(
    operation: &Value,
    call: &Call,
    response: Response,
    stable: &impl Fn(&str) -> String,
) -> (Key, Value) {
    let succeeded = response.status < 400;
    assert_eq!(
        succeeded,
        !call.name.is_empty() && response.status != 401,
        "{call:?}: {response:?}"
    );
    let name = if succeeded { call.name } else { response.code() }.to_owned();
    let id = operation["operationId"].as_str().unwrap().to_owned();
    let mut example = json!({
        "operation": id,
        "name": name,
        "status": response.status,
        "response": stabilize(response.body, stable),
    });
    if let Some(body) = call.body.as_ref().filter(|_| succeeded) {
        example["request"] = body.clone();
    }
    ((id, response.status, name), example)
}

/// Returns the operation that the document has for the call.
fn operation<'a>(document: &'a Value, call: &Call) -> &'a Value {
    let path: Vec<_> = call.path.split('?').next().unwrap().split('/').collect();
    let matches = |template: &str| {
        let template: Vec<_> = template.split('/').collect();
        template.len() == path.len()
            && template.iter().zip(&path).all(|(part, text)| part == text || part.starts_with('{'))
    };
    let mut paths = document["paths"].as_object().unwrap().iter();
    let (_, operations) = paths.find(|(template, _)| matches(template)).unwrap();
    operations.get(call.method.to_lowercase()).unwrap_or_else(|| panic!("{call:?}"))
}

/// Replaces the texts in a value that differ between runs.
fn stabilize(value: Value, stable: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => stable(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| stabilize(item, stable)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value =
                    if name == "requestId" { REQUEST_ID.into() } else { stabilize(value, stable) };
                (name, value)
            };
            Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn replace_varying(text: &str, service: &Service, started: Timestamp) -> String {
    if text.starts_with("auth0|") && !text.starts_with("auth0|demo-") {
        return NEW_ID.to_owned();
    }
    if text.parse().is_ok_and(|time: Timestamp| time >= started) {
        return NOW.to_owned();
    }
    text.replace(&service.address.to_string(), ADDRESS)
}
