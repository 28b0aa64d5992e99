//! The examples of the document: recorded calls of a service in development mode.
//!
//! `make generate` records them; `tests/cli/api_examples` has the calls.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, RefOr};

const RECORDED: &str = include_str!("examples.json");

/// A recorded call.
#[derive(Debug, Deserialize)]
struct Call {
    /// The operation id.
    operation: String,
    /// The name of the example.
    name: String,
    status: u16,
    /// The body of the request, if the call succeeded with one.
    request: Option<Value>,
    /// The body of the response.
    response: Value,
}

/// The recorded calls by operation id.
#[derive(Debug)]
pub(super) struct Examples(BTreeMap<String, Vec<Call>>);

impl Examples {
    /// Returns the recorded calls.
    pub(super) fn read() -> Result<Self, serde_json::Error> {
        let mut by_operation: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        for call in serde_json::from_str::<Vec<Call>>(RECORDED)? {
            by_operation.entry(call.operation.clone()).or_default().push(call);
        }
        Ok(Self(by_operation))
    }

    /// Adds the operation's examples to its request and responses.
    pub(super) fn add_to(&self, operation: &mut Operation) {
        let calls = operation.operation_id.as_ref().and_then(|id| self.0.get(id));
        for call in calls.into_iter().flatten() {
            if let (Some(RefOr::T(body)), Some(request)) =
                (&mut operation.request_body, &call.request)
            {
                add(body.content.values_mut(), &call.name, request);
            }
            let response = operation.responses.responses.get_mut(&call.status.to_string());
            if let Some(RefOr::T(response)) = response {
                add(response.content.values_mut(), &call.name, &call.response);
            }
        }
    }
}

fn add<'a>(contents: impl Iterator<Item = &'a mut RefOr<Content>>, name: &str, value: &Value) {
    for content in contents {
        let RefOr::T(content) = content else { continue };
        let example = ExampleBuilder::new().value(Some(value.clone())).build();
        content.examples.insert(name.to_owned(), RefOr::T(example));
    }
}
