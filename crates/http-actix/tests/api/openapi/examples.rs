//! The examples of the document.

use serde_json::Value;

use super::compare::members;
use super::{derived_document, operations};
use crate::support::document::Document;

/// Calls `check` with each example of a request or response, its schema, and where it is.
fn for_each_example(document: &Value, mut check: impl FnMut(&Value, &Value, &str)) {
    for (name, operation) in operations(document) {
        let request = ("request".to_owned(), &operation["requestBody"]);
        let responses = members(&operation["responses"]);
        let responses = responses.map(|(status, response)| (status.clone(), response));
        for (part, body) in std::iter::once(request).chain(responses) {
            for (_, content) in members(&body["content"]) {
                for (example, value) in members(&content["examples"]) {
                    let at = format!("{name} {part} {example}");
                    check(&value["value"], &content["schema"], &at);
                }
            }
        }
    }
}

#[test]
fn examples_match_their_schemas() {
    let document = derived_document();
    let mut count = 0;
    for_each_example(&document, |value, schema, at| {
        Document::current().check_schema(value, schema, at);
        count += 1;
    });
    assert!(count > 50, "{count}");
}

#[test]
fn error_examples_have_the_status_and_code_of_their_response() {
    for (name, operation) in operations(&derived_document()) {
        for (status, response) in members(&operation["responses"]) {
            for (_, content) in members(&response["content"]) {
                for (example, value) in members(&content["examples"]) {
                    if status.as_str() < "400" {
                        continue;
                    }
                    let value = &value["value"];
                    let code = value.get("code").or_else(|| value.pointer("/errors/0/code"));
                    assert_eq!(code.unwrap(), example, "{name} {status}");
                    let codes = response["description"].as_str().unwrap();
                    assert!(codes.split(", ").any(|code| code == example), "{name} {status}");
                    if let Some(stated) = value.get("status") {
                        assert_eq!(stated.to_string(), *status, "{name}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_json_body_of_a_success_has_an_example() {
    for (name, operation) in operations(&derived_document()) {
        let mut bodies = vec![("request", &operation["requestBody"])];
        bodies.extend(
            members(&operation["responses"])
                .filter(|(status, _)| status.starts_with('2'))
                .map(|(status, response)| (status.as_str(), response)),
        );
        for (part, body) in bodies {
            let Some(content) = body["content"].get("application/json") else { continue };
            assert!(members(&content["examples"]).next().is_some(), "{name} {part}");
        }
    }
}

#[test]
fn every_secured_operation_has_an_example_of_an_error() {
    for (name, operation) in operations(&derived_document()) {
        if operation.get("security").is_none() {
            continue;
        }
        let contents = members(&operation["responses"])
            .filter(|(status, _)| status.as_str() >= "400")
            .flat_map(|(_, response)| members(&response["content"]));
        let count: usize = contents.map(|(_, content)| members(&content["examples"]).count()).sum();
        assert!(count > 1, "{name}");
    }
}
