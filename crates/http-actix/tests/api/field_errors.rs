//! Errors about single fields: complete lists, and one sentence in both contracts.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::document::Document;
use crate::support::{Answer, App};

const TENANT_USERS: &str = "/api/acme/admin/users";
const USERS: &str = "/api/v1/users";

/// Every operation with a body.
const OPERATIONS: [(Method, &str); 6] = [
    (Method::POST, TENANT_USERS),
    (Method::PUT, "/api/acme/admin/users/auth0%7Cmia"),
    (Method::POST, USERS),
    (Method::PUT, "/api/v1/users/auth0%7Cmia"),
    (Method::PATCH, "/api/v1/users/auth0%7Cmia/change-password"),
    (Method::PATCH, "/api/v2/users/auth0%7Cmia/change-password"),
];

/// Returns each field or parameter of an error in either format, with its detail.
fn details(answer: &Answer) -> BTreeMap<String, String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap().to_owned();
    let errors = answer.json()["errors"].clone();
    let entries = errors.as_array().unwrap().iter();
    let name = |error: &Value| {
        let names = ["/field", "/meta/field", "/meta/parameter"];
        text(names.iter().find_map(|pointer| error.pointer(pointer)))
    };
    let details: BTreeMap<_, _> =
        entries.map(|error| (name(error), text(error.get("detail")))).collect();
    assert_eq!(details.len(), errors.as_array().unwrap().len(), "repeated fields: {errors}");
    details
}

fn expected<const N: usize>(details: [(&str, &str); N]) -> BTreeMap<String, String> {
    details.map(|(name, detail)| (name.to_owned(), detail.to_owned())).into()
}

/// Returns the documented schema of an operation's body.
fn body_schema(method: &Method, path: &str) -> &'static Value {
    let document = Document::current();
    let operation = document.operation(method, path).unwrap();
    let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref").unwrap();
    document.0.pointer(schema.as_str().unwrap().strip_prefix('#').unwrap()).unwrap()
}

#[tokio::test]
async fn missing_members_are_all_listed() {
    let app = App::start().await;
    for (method, path) in OPERATIONS {
        let answer = app.operator().call(method.clone(), path, Some(json!({}))).await;

        assert_eq!(answer.outcome(), "400 malformed_request", "{method} {path}");
        let required = body_schema(&method, path)["required"].as_array().unwrap();
        let required: BTreeMap<_, _> = required
            .iter()
            .map(|name| name.as_str().unwrap())
            .map(|name| (name.to_owned(), format!("`{name}` is required.")))
            .collect();
        assert_eq!(details(&answer), required, "{method} {path}");
    }
}

#[tokio::test]
async fn members_of_wrong_types_are_all_listed() {
    let app = App::start().await;
    for (method, path) in OPERATIONS {
        let members = body_schema(&method, path)["properties"].as_object().unwrap();
        let body: Map<_, _> = members.keys().map(|name| (name.clone(), json!([1]))).collect();

        let answer = app.operator().call(method.clone(), path, Some(body.into())).await;

        assert_eq!(answer.outcome(), "400 malformed_request", "{method} {path}");
        let wrong: BTreeMap<_, _> = members
            .iter()
            .map(|(name, schema)| {
                let allowed = if schema["type"].is_array() {
                    "a string or null"
                } else if schema["type"] == "boolean" {
                    "true or false"
                } else {
                    "a string"
                };
                (name.clone(), format!("`{name}` must be {allowed}."))
            })
            .collect();
        assert_eq!(details(&answer), wrong, "{method} {path}");
    }
}

#[tokio::test]
async fn malformed_members_are_reported_before_invalid_values() {
    let app = App::start().await;
    let tenant_user = json!({"email": "no address", "name": "", "role": 7});
    let user = json!({
        "email": "no address", "serviceUser": null, "tenantName": "-", "username": "",
        "firstName": "Nina",
    });

    let answer = app.operator().post(TENANT_USERS, tenant_user).await;
    assert_eq!(details(&answer), expected([("role", "`role` must be a string.")]));

    let answer = app.operator().post(USERS, user).await;
    assert_eq!(
        details(&answer),
        expected([
            ("serviceUser", "`serviceUser` must be true or false."),
            ("lastName", "`lastName` is required."),
        ])
    );
}

#[tokio::test]
async fn invalid_values_have_one_sentence_in_both_contracts() {
    let app = App::start().await;
    let email = ("email", "`email` must be an e-mail address.");

    let answer =
        app.operator().post(TENANT_USERS, json!({"email": "no address", "role": "emperor"})).await;
    assert_eq!(answer.outcome(), "422 validation_failed");
    let role = "`role` must be one of: owner, admin, viewer, member.";
    assert_eq!(details(&answer), expected([email, ("role", role)]));
    assert_eq!(answer.json()["detail"], "Several values are invalid; `errors` lists all of them.");

    let user = json!({"email": "no address", "firstName": "", "lastName": ""});
    let answer = app.operator().put("/api/v1/users/auth0%7Cmia", user).await;
    assert_eq!(answer.outcome(), "422 validation_failed");
    assert_eq!(details(&answer), expected([email]));
}

#[tokio::test]
async fn the_only_field_error_is_the_detail_of_the_problem() {
    let app = App::start().await;

    let answer = app.operator().post(TENANT_USERS, json!({"email": "x@acme.example"})).await;

    assert_eq!(answer.json()["detail"], "`role` is required.");
    assert_eq!(details(&answer), expected([("role", "`role` is required.")]));
}

#[tokio::test]
async fn query_errors_are_all_listed_in_both_contracts() {
    let app = App::start().await;
    let query = "page[size]=0&page[number]=-1&sort=age&limit=5&page[size]=1";
    let mut wrong = expected([
        ("limit", "`limit` is not a parameter of this operation."),
        ("page[number]", "`page[number]` must be a whole number from 0."),
        ("page[size]", "`page[size]` must not be repeated."),
        (
            "sort",
            "`sort` must be one of id, username, email, firstName, lastName and createdAt, \
             after - for descending.",
        ),
    ]);

    let answer = app.operator().get(&format!("{TENANT_USERS}?{query}")).await;
    assert_eq!(answer.outcome(), "400 unknown_parameter");
    assert_eq!(details(&answer), wrong);

    let answer = app.operator().get(&format!("{USERS}?{query}")).await;
    assert_eq!(answer.outcome(), "400 unknown_parameter");
    wrong.extend(expected([("filter[tenant]", "`filter[tenant]` is required.")]));
    assert_eq!(details(&answer), wrong);

    let answer = app.operator().get(&format!("{USERS}?filter[tenant]=acme&page[size]=101")).await;
    let size = "`page[size]` must be a whole number from 1 to 100.";
    assert_eq!(details(&answer), expected([("page[size]", size)]));
}
