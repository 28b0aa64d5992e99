//! Operations injected into the document: each is in the matrix, or stops it.

use serde_json::{Value, json};

use super::operation::{Operation, operations_of};
use super::users::UserIdentity;

fn document() -> Value {
    serde_json::from_str(&usher_http::openapi::text().unwrap()).unwrap()
}

/// Reads a document with this secured operation only.
fn inject(path: &str, parameters: &Value, body: Option<Value>) -> Result<Operation, String> {
    let mut document = document();
    let mut operation = json!({"security": [{"bearer": []}], "parameters": parameters});
    if let Some(schema) = body {
        operation["requestBody"] = json!({"content": {"application/json": {"schema": schema}}});
    }
    document["paths"] = json!({path: {"post": operation}});
    let (mut known, mut unknown) = operations_of(&document);
    known.pop().ok_or_else(|| unknown.pop().unwrap())
}

fn request(operation: &Operation) -> (String, Option<Value>) {
    let user = UserIdentity { id: "auth0|jo".to_owned(), email: "jo@globex.example".to_owned() };
    operation.request("globex", &user)
}

#[test]
fn new_operation_is_called_as_documented() {
    let path = "/api/v3/{tenantId}/people/{userId}/blocks";
    let parameters = json!([
        {"name": "tenantId", "in": "path", "required": true},
        {"name": "userId", "in": "path", "required": true},
        {"name": "filter[tenant]", "in": "query", "required": false},
        {"name": "page[size]", "in": "query", "required": false},
    ]);
    let body = json!({"required": ["people"], "properties": {
        "people": {"type": "array", "items": {"properties": {
            "role": {"type": "string", "example": "viewer"},
            "tenantName": {"type": "string", "example": "acme"},
            "serviceUser": {"type": "boolean"},
            "name": {"type": "string"},
        }}},
    }});
    let operation = inject(path, &parameters, Some(body)).unwrap();
    assert!(operation.names_tenant && operation.names_user && operation.user_in_path);
    let (path, body) = request(&operation);
    assert_eq!(path, "/api/v3/globex/people/auth0%7Cjo/blocks?filter[tenant]=globex");
    let created = json!({"role": "viewer", "tenantName": "globex", "serviceUser": false});
    assert_eq!(body, Some(json!({ "people": [created] })));
}

#[test]
fn user_to_create_is_named_by_email() {
    let body = json!({"required": ["email"], "properties": {"email": {"example": "x@y.example"}}});
    let operation = inject("/api/v3/people", &json!([]), Some(body.clone())).unwrap();
    assert!(operation.names_user && !operation.user_in_path);
    assert_eq!(request(&operation).1, Some(json!({"email": "jo@globex.example"})));
    let parameters = json!([{"name": "userId", "in": "path", "required": true}]);
    let operation = inject("/api/v3/people/{userId}", &parameters, Some(body)).unwrap();
    assert_eq!(request(&operation).1, Some(json!({"email": "x@y.example"})));
}

#[test]
fn unknown_parameter_stops_the_matrix() {
    let path = |name: &str| json!([{"name": name, "in": "path", "required": true}]);
    let query = |name: &str| json!([{"name": name, "in": "query", "required": false}]);
    let body = |name: &str| Some(json!({"properties": {name: {"type": "string"}}}));
    for (message, result) in [
        ("orgId: unknown name", inject("/api/v3/{orgId}/users", &path("orgId"), None)),
        ("{orgId}: not declared", inject("/api/v3/{orgId}/users", &json!([]), None)),
        ("filter[user]: unknown name", inject("/api/v3/users", &query("filter[user]"), None)),
        ("userId: User in query", inject("/api/v3/users", &query("userId"), None)),
        ("organization: unknown name", inject("/api/v3/users", &json!([]), body("organization"))),
        (
            "ids: unknown name",
            inject(
                "/api/v3/users",
                &json!([]),
                Some(json!({"properties": {"in": {"properties": {"ids": {}}}}})),
            ),
        ),
        (
            "role: the document has no example",
            inject(
                "/api/v3/users",
                &json!([]),
                Some(json!({"required": ["role"], "properties": {"role": {"type": "string"}}})),
            ),
        ),
    ] {
        let error = result.unwrap_err();
        assert!(error.contains(message), "{error} instead of {message}");
    }
}

#[test]
fn unsecured_operation_stops_the_matrix() {
    let mut document = document();
    let list = &mut document["paths"]["/api/v1/users"]["get"];
    list.as_object_mut().unwrap().remove("security");
    let (_, unknown) = operations_of(&document);
    assert_eq!(unknown, ["GET /api/v1/users: requires no token"]);
}
