//! The OpenAPI document: current, valid, compatible with the published contracts, and served.

mod compare;
mod description;
mod docs_page;
mod examples;
mod injected;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ON_AUTH0;
use crate::support::App;
use compare::{deviations, members, resolve};

/// Returns the document of the current program.
fn derived_document() -> Value {
    serde_json::from_str(&usher_http::openapi::text().unwrap()).unwrap()
}

fn read_doc(name: &str) -> String {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Reads a published contract.
fn read_contract(name: &str) -> Value {
    serde_norway::from_str(&read_doc(&format!("contracts/{name}.yaml"))).unwrap()
}

/// Returns every operation with its name, such as `GET /health/live`.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    members(&document["paths"])
        .flat_map(|(path, item)| {
            let name = move |method: &str| format!("{} {path}", method.to_uppercase());
            members(item).map(move |(method, operation)| (name(method), operation))
        })
        .collect()
}

/// Calls `seen` with every value of the document, at any depth.
fn visit<'a>(value: &'a Value, seen: &mut dyn FnMut(&'a Value)) {
    seen(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit(item, seen)),
        Value::Object(members) => members.values().for_each(|member| visit(member, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn checked_in_document_is_current() {
    let now = usher_http::openapi::text().unwrap();
    assert!(
        read_doc("openapi.json") == now,
        "docs/openapi.json is out of date; if the change is intended, run `make generate`"
    );
}

#[test]
fn document_matches_tenant_users_contract() {
    assert_eq!(deviations(&read_contract("tenant-users"), &derived_document()), [""; 0]);
}

#[test]
fn document_matches_user_management_contract() {
    assert_eq!(deviations(&read_contract("user-management"), &derived_document()), [""; 0]);
}

#[test]
fn every_reference_resolves() {
    let document = derived_document();
    let mut references = 0;
    visit(&document, &mut |value| {
        references += usize::from(value.get("$ref").is_some());
        resolve(&document, value);
    });
    assert!(references > 50, "{references}");
}

#[test]
fn every_used_security_scheme_is_defined() {
    let document = derived_document();
    for (name, operation) in operations(&document) {
        for requirement in operation["security"].as_array().into_iter().flatten() {
            for (scheme, scopes) in members(requirement) {
                let scheme = &document["components"]["securitySchemes"][scheme];
                assert!(scheme.is_object(), "{name}");
                for scope in scopes.as_array().unwrap() {
                    let known = &scheme["flows"]["implicit"]["scopes"];
                    assert!(known.get(scope.as_str().unwrap()).is_some(), "{name}: {scope}");
                }
            }
        }
    }
}

#[test]
fn every_contract_operation_requires_a_token() {
    for (name, operation) in operations(&derived_document()) {
        let in_contract = name.contains(" /api/");
        assert_eq!(operation.get("security").is_some(), in_contract, "{name}");
    }
}

#[test]
fn operation_ids_are_unique() {
    let document = derived_document();
    let operations = operations(&document);
    let ids: BTreeSet<_> = operations
        .iter()
        .map(|(_, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), operations.len());
}

#[test]
fn every_path_parameter_is_declared() {
    for (name, operation) in operations(&derived_document()) {
        let in_path: BTreeSet<_> =
            name.split(['{', '}']).skip(1).step_by(2).map(ToOwned::to_owned).collect();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let declared: BTreeSet<_> = parameters
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(in_path, declared, "{name}");
    }
}

#[test]
fn errors_have_the_format_of_their_contract() {
    for (name, operation) in operations(&derived_document()) {
        let is_contract_b = name.contains(" /api/v1/") || name.contains(" /api/v2/");
        let (media_type, schema) = if is_contract_b {
            ("application/json", "ErrorResponse")
        } else {
            ("application/problem+json", "Problem")
        };
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        let errors =
            members(&operation["responses"]).filter(|(status, _)| status.as_str() >= "400");
        let mut count = 0;
        for (status, response) in errors {
            let contents: Vec<_> = members(&response["content"]).collect();
            let [(content_type, content)] = contents[..] else { panic!("{name} {status}") };
            assert_eq!(
                (content_type.as_str(), &content["schema"]),
                (media_type, &schema),
                "{name}"
            );
            count += 1;
        }
        assert!(count > 0, "{name}");
    }
}

#[test]
fn limited_operations_document_429_and_quota_headers() {
    let names = |response: &Value| -> BTreeSet<String> {
        members(&response["headers"]).map(|(name, _)| name.clone()).collect()
    };
    let fields = ["RateLimit", "RateLimit-Policy"];
    for (name, operation) in operations(&derived_document()) {
        let limited = name.contains(" /api/");
        assert_eq!(operation["responses"].get("429").is_some(), limited, "{name}");
        for (status, response) in members(&operation["responses"]) {
            let declared = names(response);
            let has_quota_headers = limited && (status.starts_with('2') || status == "429");
            assert!(
                fields.iter().all(|field| declared.contains(*field) == has_quota_headers),
                "{name} {status}"
            );
            let has_retry_after = ["429", "503"].contains(&status.as_str());
            assert_eq!(declared.contains("Retry-After"), has_retry_after, "{name} {status}");
        }
    }
}

/// Values of the served document that depend on the settings.
const ROLE_POINTERS: [&str; 2] = [
    "/components/schemas/CreateTenantUser/properties/role",
    "/components/schemas/UpdateTenantUser/properties/role",
];
const PASSWORD_POINTERS: [&str; 3] = [
    "/components/schemas/UserCreateRequest/properties/password",
    "/components/schemas/ChangePasswordRequest/properties/newPassword",
    "/components/schemas/ChangePasswordRequestV2/properties/newPassword",
];

#[tokio::test]
async fn served_document_differs_only_in_configured_values() {
    let app = App::start().await;
    let answer = app.anonymous().get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut served = answer.json();
    let checked_in: Value = serde_json::from_str(&read_doc("openapi.json")).unwrap();
    for pointer in ROLE_POINTERS {
        let role = served.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        let names = role.remove("enum").unwrap();
        let names: Vec<_> = names.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(names, ["owner", "admin", "viewer", "member"], "{pointer}");
    }
    for pointer in PASSWORD_POINTERS {
        let min_length = &checked_in.pointer(pointer).unwrap()["minLength"];
        served.pointer_mut(pointer).unwrap()["minLength"] = min_length.clone();
    }
    assert_eq!(
        served.as_object_mut().unwrap().remove("servers"),
        Some(json!([{"url": "https://usher.example.com"}]))
    );
    assert_eq!(served, checked_in);
}

#[tokio::test]
async fn served_document_states_min_password_length() {
    let app = App::start().await;
    let served = app.anonymous().get("/openapi.json").await.json();
    let min_length = served.pointer(PASSWORD_POINTERS[0]).unwrap()["minLength"].as_u64().unwrap();
    let min_length = usize::try_from(min_length).unwrap();
    let created = async |name: &str, length: usize| {
        let user = json!({
            "email": format!("{name}@acme.example"), "serviceUser": false, "tenantName": "acme",
            "username": name, "firstName": "Nina", "lastName": "Novak",
            "password": "x".repeat(length),
        });
        app.tenant("acme").post("/api/v1/users", user).await.status
    };
    assert_eq!(created("shorter", min_length - 1).await, 422);
    // Usher does not know the policy of an Auth0 connection.
    if !ON_AUTH0 {
        assert_eq!(created("least", min_length).await, 201);
    }
    for pointer in PASSWORD_POINTERS {
        assert_eq!(served.pointer(pointer).unwrap()["minLength"], min_length, "{pointer}");
    }
}
